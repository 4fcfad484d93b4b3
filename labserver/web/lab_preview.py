"""`/lab/preview`: what a request for tokens would get, without making it (Okta: token preview)."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy import select

from labserver.domain import values
from labserver.domain.reasons import Step, render
from labserver.oauth.previewing import GRANT_TYPES, OF_PEOPLE, Outcome, preview_request
from labserver.store import loaders
from labserver.store.apps import App
from labserver.store.servers import AuthorizationServer
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context, roll_back
from labserver.web.errors import invalid, not_found
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import Json, answer, find_person

previewing = Blueprint("lab_preview", __name__)


class PreviewDocument(Document):
    """The request to preview. Without a server it is the org's, without scopes the default ones."""

    authorization_server_id: str = values.ORG_SERVER
    client_id: str
    user_id: str | None = None
    grant_type: str
    scopes: list[str] = []


@previewing.post("/lab/preview")
def preview_tokens() -> Response:
    """The claims that would be issued, or the refusal, and every step that leads there."""
    guard.admit()
    # Nothing will be written, so nobody has to wait for the database.
    roll_back()
    wanted = read(PreviewDocument, json_body())
    if wanted.grant_type not in GRANT_TYPES:
        raise invalid("grantType", f"It is one of {', '.join(GRANT_TYPES)}.")
    if (wanted.user_id is not None) != (wanted.grant_type in OF_PEOPLE):
        needs = "needs a person" if wanted.user_id is None else "has no person"
        raise invalid("userId", f"The grant type {wanted.grant_type} {needs}.")
    context = current_context()
    context.reasons.clear()
    context.server_id = _server_id(wanted.authorization_server_id)
    client = _client(wanted.client_id)
    user = None
    if wanted.user_id is not None:
        user = loaders.load_user(context.session, find_person(wanted.user_id).id)
    scope = " ".join(wanted.scopes) or None
    outcome = preview_request(context, client, user, wanted.grant_type, scope)
    return answer(_document(outcome))


def _server_id(wanted: str) -> str:
    """The id of an active server. Raises `ApiError`."""
    session = current_context().session
    if loaders.load_server(session, wanted) is None:
        known = select(AuthorizationServer.pk).where(AuthorizationServer.id == wanted)
        if session.scalar(known) is None:
            raise not_found(wanted, "AuthorizationServer")
        raise invalid("authorizationServerId", "This server is inactive: it issues nothing.")
    return wanted


def _client(wanted: str) -> values.Client:
    """The active client of this id. Raises `ApiError`."""
    session = current_context().session
    client = loaders.load_client(session, wanted)
    if client is None:
        if session.scalar(select(App.pk).where(App.client_id == wanted)) is None:
            raise not_found(wanted, "Client")
        raise invalid("clientId", "This client is inactive: it gets nothing.")
    return client


def _document(outcome: Outcome) -> Json:
    found, refusal = outcome.preview, outcome.refusal
    error = None
    if refusal is not None:
        error = {"error": refusal.error, "error_description": refusal.description}
        if outcome.fault:
            error["detail"] = outcome.fault
    return {
        "decision": _decision(outcome),
        "trace": render(outcome.trace),
        "scopes": list(outcome.scopes),
        "consentNeeded": list(outcome.consent),
        "accessToken": found.access_token if found else None,
        "idToken": found.id_token if found else None,
        "refreshToken": bool(found and outcome.with_refresh_token),
        "expiresIn": found.expires_in if found else None,
        "error": error,
    }


def _decision(outcome: Outcome) -> Json | None:
    """The rule that lets the request through, with the lifetimes that it gives, in minutes."""
    rule = outcome.rule
    if rule is None:
        return None
    steps = [reason for reason in outcome.trace if isinstance(reason, Step)]
    return {
        "policyId": steps[-1].policy_id,
        "policyName": steps[-1].policy_name,
        "ruleId": rule.id,
        "ruleName": rule.name,
        "accessTokenLifetimeMinutes": rule.access_token_minutes,
        "refreshTokenLifetimeMinutes": rule.refresh_token_minutes,
        "refreshTokenWindowMinutes": rule.refresh_window_minutes,
    }
