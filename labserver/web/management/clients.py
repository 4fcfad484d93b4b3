"""`/oauth2/v1/clients`: the same rows as `/apps`, in the words of registration (RFC 7591)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, request
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from labserver.domain.errors import Refusal
from labserver.store.apps import App, AppKey, AppSecret
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context, roll_back
from labserver.web.errors import ApiError, api_error, not_found, oauth_error
from labserver.web.guard import reads_secrets
from labserver.web.management.app_documents import AppDocument
from labserver.web.management.apps import KIND, forget, make, new_secret, replace
from labserver.web.management.integrations import client_of, installed_service
from labserver.web.management.resources import (
    Json,
    answer,
    etag,
    page,
    session,
    target,
    unchanged,
)
from labserver.web.rates import count_call

clients = Blueprint("clients", __name__, url_prefix="/oauth2/v1/clients")

_PLAIN = (
    *("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri", "redirect_uris"),
    *("post_logout_redirect_uris", "response_types", "application_type", "jwks", "jwks_uri"),
)
"""Members that are called the same among an app's settings."""
_ABOUT_THE_BODY = frozenset({"E0000001", "E0000003", "E0000021", "E0000040"})
_NAMED = re.compile(r"(?:[\w.]+\.)?(\w+): (.+)", re.DOTALL)
_BLANK = "The field can't be left blank."


@clients.before_request
def guarded() -> None:
    """Only who may do what the URL names gets to a view."""
    if request.method != "OPTIONS":
        guard.admit()
        count_call(current_context())


@clients.errorhandler(Refusal)
def refused(refusal: Refusal) -> Response:
    """A refused call has changed nothing."""
    roll_back()
    return oauth_error(refusal)


@clients.errorhandler(ApiError)
def refused_as_the_api_does(error: ApiError) -> Response:
    """What is wrong with a registration is said in OAuth's words, all else in the API's."""
    if request.method in ("POST", "PUT") and error.code in _ABOUT_THE_BODY:
        return refused(_unfit(error.causes[0] if error.causes else error.summary))
    roll_back()
    return api_error(error)


@clients.errorhandler(IntegrityError)
def overtaken(_: IntegrityError) -> Response:
    """Another call has just registered what this one was about to."""
    return refused(_unfit("client_name: A client with this name exists already"))


@clients.get("")
def list_clients() -> Response:
    """The org's clients; `q` is how a name begins."""
    statement = select(App)
    if start := request.args.get("q"):
        statement = statement.where(App.label.istartswith(start, autoescape=True))
    return page(statement, App, document, default=20, most=200)


@clients.post("")
def register_client() -> Response:
    """A client, active at once; nobody is assigned to it yet."""
    body = json_body()
    settings = {"consent_method": "REQUIRED", "grant_types": ["authorization_code"]}
    row = make(_as_app(body, {}, settings), "ACTIVE")
    _log("create", "Register a client", row)
    return _shown(row, 201, secret=True)


@clients.get("/<client_id>")
def get_client(client_id: str) -> Response:
    """One client, without its secret; an installed integration is one too, to be read alone."""
    if (service := installed_service(client_id)) is not None:
        return answer(client_of(service))
    return _shown(the_client(client_id))


@clients.put("/<client_id>")
def replace_client(client_id: str) -> Response:
    """All that a caller may set is as the body says, or as if it were new where it says nothing."""
    row = _editable(client_id)
    body = json_body()
    if body.get("client_id", client_id) != client_id:
        raise _unfit("client_id: It cannot be changed")
    unchanged(document(row))
    replace(row, _as_app(body, _kept(row), _kept_settings(row)))
    if not body.get("jwks"):
        for key in session().scalars(select(AppKey).where(AppKey.app_pk == row.pk)):
            session().delete(key)
    session().flush()
    _log("update", "Replace a client's registration", row)
    return _shown(row, secret=True)


@clients.delete("/<client_id>")
def delete_client(client_id: str) -> Response:
    """The client is gone, active or not."""
    row = _editable(client_id)
    unchanged(document(row))
    _log("delete", "Delete a client", row)
    return forget(row)


@clients.post("/<client_id>/lifecycle/newSecret")
def renew_secret(client_id: str) -> Response:
    """One new secret; the former ones work no more."""
    row = _editable(client_id)
    if not row.auth_method.startswith("client_secret"):
        raise _unfit("token_endpoint_auth_method: The client does not authenticate by secret")
    for secret in session().scalars(select(AppSecret).where(AppSecret.app_pk == row.pk)):
        session().delete(secret)
    session().add(AppSecret(app_pk=row.pk, value=new_secret()))
    session().flush()
    _log("newSecret", "Renew a client secret", row)
    return _shown(row, secret=True)


def the_client(client_id: str) -> App:
    """The app with this client id. Raises `ApiError` E0000007."""
    row = session().scalars(select(App).where(App.client_id == client_id)).one_or_none()
    if row is None:
        raise not_found(client_id, "PublicClientApp")
    return row


def document(row: App) -> Json:
    """The client as registration shows it; the secret is not in it."""
    shown: Json = {
        "client_id": row.client_id,
        "client_id_issued_at": row.created,
        "client_secret_expires_at": 0,
        "client_name": row.label,
        "client_uri": row.client_uri,
        "logo_uri": row.logo_uri,
        "policy_uri": row.policy_uri,
        "tos_uri": row.tos_uri,
        "initiate_login_uri": row.initiate_login_uri,
        "application_type": row.application_type,
        "redirect_uris": row.redirect_uris,
        "post_logout_redirect_uris": row.post_logout_redirect_uris,
        "response_types": row.response_types,
        "grant_types": row.grant_types,
        "token_endpoint_auth_method": row.auth_method,
    }
    keys = select(AppKey.jwk).where(AppKey.app_pk == row.pk).order_by(AppKey.pk)
    if found := session().scalars(keys).all():
        shown["jwks"] = {"keys": list(found)}
    if not row.auth_method.startswith("client_secret"):
        del shown["client_secret_expires_at"]
    return shown


def _shown(row: App, status: int = 200, *, secret: bool = False) -> Response:
    """The client, and its secret where it has just been made or may have changed."""
    plain = document(row)
    held = select(AppSecret.value).where(AppSecret.app_pk == row.pk, AppSecret.status == "ACTIVE")
    newest = session().scalars(held.order_by(AppSecret.pk.desc()).limit(1)).first()
    with_secret = secret and newest is not None and row.auth_method.startswith("client_secret")
    response = answer(plain | {"client_secret": newest} if with_secret else plain, status)
    # A version is that of the client, whoever sees how much of it.
    response.headers["ETag"] = etag(plain)
    return response


def _editable(client_id: str) -> App:
    """The client, whom this caller may act as. Raises `ApiError`."""
    row = the_client(client_id)
    if not reads_secrets(row):
        raise ApiError("E0000006")
    return row


def _kept(row: App) -> Json:
    """What registration has no words for stays as it is."""
    return {
        "name": row.name,
        "profile": row.profile,
        "credentials": {
            "autoKeyRotation": row.more.get("autoKeyRotation", True),
            "pkce_required": row.pkce_required,
        },
    }


def _kept_settings(row: App) -> Json:
    return {
        "application_type": row.application_type,
        "grant_types": ["authorization_code"],
        "consent_method": row.consent_method,
        "issuer_mode": row.more.get("issuerMode", "DYNAMIC"),
        "groups_claim": row.groups_claim,
    }


def _as_app(body: dict[str, Any], kept: Json, settings: Json) -> AppDocument:
    """The registration as an app's document. Raises `Refusal` that names the field."""
    said = {name: body[name] for name in (*_PLAIN, "grant_types") if body.get(name) is not None}
    method = body.get("token_endpoint_auth_method") or "client_secret_basic"
    credential = {**kept.get("credentials", {}), "token_endpoint_auth_method": method}
    if method == "none":
        credential.pop("pkce_required", None)
    app = {
        **kept,
        "label": body.get("client_name"),
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": credential},
        "settings": {"oauthClient": {**settings, **said}},
    }
    try:
        return AppDocument.model_validate(app)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise _unfit(_words([str(part) for part in found["loc"]], found["msg"])) from None


def _words(path: list[str], message: str) -> str:
    """`field: problem`, by the names of registration."""
    message = message.removeprefix("Value error, ")
    names = [part for part in path if not part.isdigit()]
    if not names or names[-1] in ("oauthClient", "oauth_client"):
        return message
    field = "client_name" if names[-1] == "label" else names[-1]
    if field == "client_name" and ("valid string" in message or "at least 1" in message):
        message = _BLANK
    return f"{field}: {message}"


def _unfit(problem: str) -> Refusal:
    """A registration that cannot be (RFC 7591 §3.2.2)."""
    named = _NAMED.fullmatch(problem)
    field, words = (named[1], named[2]) if named else ("body", problem)
    field = "client_name" if field == "label" else field
    error = "invalid_redirect_uri" if field == "redirect_uris" else "invalid_client_metadata"
    return Refusal(error, f"`{field}`: {words}")


def _log(change: str, message: str, row: App) -> None:
    event_type = f"app.oauth2.client.lifecycle.{change}"
    current_context().event(event_type, message, targets=(target(row, KIND, row.label),))
