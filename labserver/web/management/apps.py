"""`/apps`: OpenID Connect apps, which are OAuth clients."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from flask import Response, jsonify, request
from sqlalchemy import SQLColumnExpression, case, literal, or_, select

from labserver.store import ledger
from labserver.store.apps import TOKEN_FAMILY, App, AppKey, AppSecret
from labserver.store.directory import User
from labserver.store.integrations import Integration
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid
from labserver.web.management import searching
from labserver.web.management.app_documents import AppDocument, document
from labserver.web.management.assignment_documents import app_user_document, is_assigned
from labserver.web.management.documents import read
from labserver.web.management.jwks import sound_jwk
from labserver.web.management.resources import (
    EXISTS,
    Json,
    answer,
    etag,
    find,
    find_person,
    flag,
    must_be_new,
    page,
    remove,
    session,
    set_status,
    target,
    unchanged,
)
from labserver.web.management.routes import management

PATH = "/apps"
KIND = "AppInstance"

_COLUMNS: Mapping[str, SQLColumnExpression[str]] = {
    "id": App.id,
    "status": App.status,
    "name": App.name,
    "label": App.label,
}


@management.get(PATH)
def list_apps() -> Response:
    """The org's apps; `q` is how a name or label begins.

    With `expand=user/…` each app shows that user in it, and a filter may name them as `user.id`.
    """
    user = _expanded()
    columns = dict(_COLUMNS)
    if user is not None:
        columns["user.id"] = case((is_assigned(user), literal(user.id)))
    statement = select(App).where(*searching.asked(columns, {}, names=("filter",)))
    if start := request.args.get("q"):
        named = App.name.istartswith(start, autoescape=True)
        statement = statement.where(or_(named, App.label.istartswith(start, autoescape=True)))
    return page(statement, App, lambda row: _with_user(row, user))


@management.post(PATH)
def create_app() -> Response:
    """An app, with a secret when it authenticates by one."""
    body = read(AppDocument, json_body())
    row = make(body, "ACTIVE" if flag("activate", True) else "INACTIVE")
    return answer(document(row))


@management.get(f"{PATH}/<app_id>")
def get_app(app_id: str) -> Response:
    """One app, its newest secret with it; with `expand=user/…` also that user in it."""
    row = the_app(app_id)
    response = answer(_with_user(row, _expanded()))
    # A version is that of the app, whatever is shown beside it.
    response.headers["ETag"] = etag(document(row))
    return response


@management.put(f"{PATH}/<app_id>")
def replace_app(app_id: str) -> Response:
    """All that a caller may set is as the body says; type and client id stay."""
    row = the_app(app_id)
    body = read(AppDocument, json_body())
    unchanged(document(row))
    replace(row, body)
    return answer(document(row))


@management.delete(f"{PATH}/<app_id>")
def delete_app(app_id: str) -> Response:
    """An inactive app is gone with its credentials, assignments and grants."""
    row = the_app(app_id)
    if row.status == "ACTIVE":
        raise ApiError("E0000056", causes=["Deactivate the application first."])
    unchanged(document(row))
    return forget(row)


@management.post(f"{PATH}/<app_id>/lifecycle/<any('activate', 'deactivate'):change>")
def switch_app(app_id: str, change: str) -> Response:
    """The app may get tokens, or gets none and those that it has are over."""
    row = the_app(app_id)
    changed = set_status(row, "ACTIVE" if change == "activate" else "INACTIVE")
    session().flush()
    if changed and change == "deactivate":
        _end_tokens(row)
    _log(f"application.lifecycle.{change}", f"{change.capitalize()} an application", row)
    return jsonify({})


def the_app(app_id: str) -> App:
    """The app with this id. Raises `ApiError` E0000007."""
    return find(App, app_id, KIND)


def _expanded() -> User | None:
    """The user whom `expand` names. Raises `ApiError`."""
    wanted = request.args.get("expand")
    if wanted is None:
        return None
    kind, _, name = wanted.partition("/")
    if kind != "user" or not name:
        raise invalid("expand", "It is user/ and a user's id.")
    return find_person(name)


def _with_user(row: App, user: User | None) -> Json:
    """The app, and the user in it when asked for."""
    shown = document(row)
    found = app_user_document(row, user) if user is not None else None
    return shown | {"_embedded": {"user": found}} if found is not None else shown


def make(body: AppDocument, status: str) -> App:
    """A new app as described, with its credentials. Raises `ApiError`."""
    _label_is_free(body.label)
    row = App(status=status)
    credential = body.credentials.oauth_client
    row.client_id = credential.client_id or row.id
    for taken in (App.client_id, Integration.id):
        must_be_new("credentials.oauthClient.client_id", taken == row.client_id)
    _fill(row, body)
    session().add(row)
    session().flush()
    _set_secret(row, credential.client_secret)
    _set_keys(row, body)
    _log("application.lifecycle.create", "Create an application", row)
    return row


def replace(row: App, body: AppDocument) -> None:
    """The app is as described. Raises `ApiError` where type or client id would change."""
    if body.label != row.label:
        _label_is_free(body.label)
    credential = body.credentials.oauth_client
    if body.settings.oauth_client.application_type != row.application_type:
        raise invalid("settings.oauthClient.application_type", "It cannot be changed.")
    if credential.client_id not in (None, row.client_id):
        raise invalid("credentials.oauthClient.client_id", "It cannot be changed.")
    _fill(row, body)
    session().flush()
    _set_secret(row, credential.client_secret)
    _set_keys(row, body)
    _log("application.lifecycle.update", "Update an application", row)


def forget(row: App) -> Response:
    """The app is gone with its credentials, assignments, grants and tokens."""
    _end_tokens(row)
    # Another app may get the same client id one day, and nobody has agreed to that one.
    ledger.end_consents(session(), client_id=row.client_id)
    _log("application.lifecycle.delete", "Delete an application", row)
    return remove(row)


def _end_tokens(row: App) -> None:
    """All codes and tokens of the app are over, and stay so when it is active again."""
    now = current_context().now
    ledger.revoke_client(session(), row.client_id, now)
    ledger.revoke_family(session(), row.more.get(TOKEN_FAMILY, row.id), now)
    row.more = row.more | {TOKEN_FAMILY: ledger.new_family_id()}
    session().flush()


def _label_is_free(label: str) -> None:
    if session().scalars(select(App.pk).where(App.label == label)).first() is not None:
        raise ApiError("E0000040", causes=[f"label: {EXISTS}"])


def _fill(row: App, body: AppDocument) -> None:
    credential, settings = body.credentials.oauth_client, body.settings.oauth_client
    row.name = body.name
    row.label = body.label
    row.auth_method = credential.token_endpoint_auth_method
    row.pkce_required = body.pkce_required
    row.application_type = settings.application_type
    row.redirect_uris = list(dict.fromkeys(settings.redirect_uris or []))
    row.post_logout_redirect_uris = list(dict.fromkeys(settings.post_logout_redirect_uris or []))
    row.response_types = list(dict.fromkeys(settings.response_types or []))
    row.grant_types = list(dict.fromkeys(settings.grant_types))
    row.consent_method = settings.consent_method
    if settings.refresh_token:
        row.rotation_type = settings.refresh_token.rotation_type
        row.refresh_leeway = settings.refresh_token.leeway
    for name in ("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri"):
        setattr(row, name, getattr(settings, name))
    row.groups_claim = settings.groups_claim.model_dump() if settings.groups_claim else None
    row.profile = body.profile or {}
    row.more = (row.more or {}) | {
        "autoKeyRotation": credential.auto_key_rotation,
        "issuerMode": settings.issuer_mode,
    }


def _set_secret(row: App, wanted: str | None) -> None:
    """An app that authenticates by secret has one; a new one takes the place of the old."""
    if not row.auth_method.startswith("client_secret"):
        return
    held = session().scalars(
        select(AppSecret).where(AppSecret.app_pk == row.pk).order_by(AppSecret.pk)
    )
    secrets_held = held.all()
    if wanted is None and secrets_held:
        return
    if any(secret.value == wanted and secret.status == "ACTIVE" for secret in secrets_held):
        return
    for secret in secrets_held:
        session().delete(secret)
    session().add(AppSecret(app_pk=row.pk, value=wanted or new_secret()))
    session().flush()


def new_secret() -> str:
    """A client secret with 240 bits of randomness."""
    return secrets.token_urlsafe(30)


def _set_keys(row: App, body: AppDocument) -> None:
    """The registered keys are those of the body's key set, if it has one."""
    settings = body.settings.oauth_client
    if settings.jwks is None:
        return
    wanted = [sound_jwk(jwk, "settings.oauthClient.jwks.keys") for jwk in settings.jwks.keys]
    if len({jwk["kid"] for jwk in wanted}) < len(wanted):
        raise invalid("settings.oauthClient.jwks.keys", "Each key needs a kid of its own.")
    rows = session().scalars(select(AppKey).where(AppKey.app_pk == row.pk))
    held = {key.jwk["kid"]: key for key in rows}
    for kid, key in held.items():
        if all(jwk["kid"] != kid for jwk in wanted):
            session().delete(key)
    for jwk in wanted:
        known = held.get(jwk["kid"])
        if known is None:
            session().add(AppKey(app_pk=row.pk, jwk=jwk))
        elif known.jwk != jwk:
            known.jwk = jwk
    session().flush()


def _log(event_type: str, message: str, row: App) -> None:
    current_context().event(event_type, message, targets=(target(row, KIND, row.label),))
