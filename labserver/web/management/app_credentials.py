"""`/apps/{id}/credentials`: client secrets, at most two, and public keys."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Annotated, Literal, TypeVar

from flask import Response
from pydantic import ConfigDict, Field
from sqlalchemy import select

from labserver.store.apps import App, AppKey, AppSecret
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid
from labserver.web.guard import reads_secrets
from labserver.web.management.apps import KIND, new_secret, the_app
from labserver.web.management.documents import Document, read
from labserver.web.management.jwks import key_document, sound_jwk, standing
from labserver.web.management.resources import (
    Json,
    answer,
    find,
    optional_body,
    remove,
    session,
    set_status,
    target,
    unchanged,
)
from labserver.web.management.routes import management

PATH = "/apps/<app_id>/credentials"
_SWITCH = "lifecycle/<any('activate', 'deactivate'):change>"
_MOST = 2

Credential = TypeVar("Credential", AppSecret, AppKey)


class SecretDocument(Document):
    """A secret as a caller wishes it."""

    model_config = ConfigDict(alias_generator=None)

    client_secret: Annotated[str, Field(pattern=r"^[\x21-\x7e]{14,100}$")] | None = None
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"


@management.get(f"{PATH}/secrets")
def list_secrets(app_id: str) -> Response:
    """The app's secrets."""
    app = the_app(app_id)
    return answer([_secret(app, row) for row in _held(AppSecret, app)])


@management.post(f"{PATH}/secrets")
def create_secret(app_id: str) -> Response:
    """One more secret, so that the old one can go when all use the new one."""
    app = the_app(app_id)
    body = read(SecretDocument, optional_body())
    if not app.auth_method.startswith("client_secret"):
        raise invalid("token_endpoint_auth_method", "The app does not authenticate by secret.")
    if len(_held(AppSecret, app)) >= _MOST:
        raise invalid("client_secret", f"An app has at most {_MOST} secrets; delete one first.")
    row = AppSecret(app_pk=app.pk, value=body.client_secret or new_secret(), status=body.status)
    session().add(row)
    session().flush()
    _log("app.oauth2.client.lifecycle.secret.create", "Create a client secret", app)
    return answer(_secret(app, row), 201)


@management.get(f"{PATH}/secrets/<credential_id>")
def get_secret(app_id: str, credential_id: str) -> Response:
    """One secret."""
    app = the_app(app_id)
    return answer(_secret(app, _the_secret(app, credential_id)))


@management.delete(f"{PATH}/secrets/<credential_id>")
def delete_secret(app_id: str, credential_id: str) -> Response:
    """An inactive secret is gone."""
    app = the_app(app_id)
    row = _the_secret(app, credential_id)
    _must_be_inactive(row)
    unchanged(_secret(app, row))
    _log("app.oauth2.client.lifecycle.secret.delete", "Delete a client secret", app)
    return remove(row)


@management.post(f"{PATH}/secrets/<credential_id>/{_SWITCH}")
def switch_secret(app_id: str, credential_id: str, change: str) -> Response:
    """The secret works, or does not; one active secret stays."""
    app = the_app(app_id)
    row = _the_secret(app, credential_id)
    active = [each for each in _held(AppSecret, app) if each.status == "ACTIVE"]
    if change == "deactivate" and active == [row]:
        raise ApiError("E0000107", causes=["The only active secret stays active."])
    set_status(row, "ACTIVE" if change == "activate" else "INACTIVE")
    session().flush()
    _log(f"app.oauth2.client.lifecycle.secret.{change}", f"{change.capitalize()} a secret", app)
    return answer(_secret(app, row))


@management.get(f"{PATH}/jwks")
def list_jwks(app_id: str) -> Response:
    """The app's public keys."""
    app = the_app(app_id)
    return answer([key_document(app, row) for row in _held(AppKey, app)])


@management.post(f"{PATH}/jwks")
def create_jwk(app_id: str) -> Response:
    """One more key; the body is the key itself."""
    app = the_app(app_id)
    body = json_body()
    status = body.get("status", "ACTIVE")
    if status not in ("ACTIVE", "INACTIVE"):
        raise invalid("status", "It is ACTIVE or INACTIVE.")
    jwk = sound_jwk(body, "jwk")
    if any(row.jwk["kid"] == jwk["kid"] for row in _held(AppKey, app)):
        raise invalid("kid", "The app already has a key with this kid.")
    row = AppKey(app_pk=app.pk, jwk=jwk, status=status)
    session().add(row)
    session().flush()
    _log("app.oauth2.client.lifecycle.jwk.create", "Register a client key", app)
    return answer(key_document(app, row), 201)


@management.get(f"{PATH}/jwks/<credential_id>")
def get_jwk(app_id: str, credential_id: str) -> Response:
    """One key."""
    app = the_app(app_id)
    return answer(key_document(app, _the_key(app, credential_id)))


@management.delete(f"{PATH}/jwks/<credential_id>")
def delete_jwk(app_id: str, credential_id: str) -> Response:
    """An inactive key is gone."""
    app = the_app(app_id)
    row = _the_key(app, credential_id)
    _must_be_inactive(row)
    unchanged(key_document(app, row))
    _log("app.oauth2.client.lifecycle.jwk.delete", "Delete a client key", app)
    return remove(row)


@management.post(f"{PATH}/jwks/<credential_id>/{_SWITCH}")
def switch_jwk(app_id: str, credential_id: str, change: str) -> Response:
    """The key's signatures count, or do not."""
    app = the_app(app_id)
    row = _the_key(app, credential_id)
    set_status(row, "ACTIVE" if change == "activate" else "INACTIVE")
    session().flush()
    _log(f"app.oauth2.client.lifecycle.jwk.{change}", f"{change.capitalize()} a client key", app)
    return answer(key_document(app, row))


def _secret(app: App, row: AppSecret) -> Json:
    hashed = hashlib.sha256(row.value.encode()).digest()[:16]
    path = f"/api/v1/apps/{app.id}/credentials/secrets/{row.id}"
    return {
        "id": row.id,
        "client_secret": row.value if reads_secrets(app) else f"***{row.value[-4:]}",
        "secret_hash": urlsafe_b64encode(hashed).decode().rstrip("="),
        **standing(row, path),
    }


def _held(model: type[Credential], app: App) -> list[Credential]:
    found = select(model).where(model.app_pk == app.pk)
    return list(session().scalars(found.order_by(model.pk)))


def _the_secret(app: App, secret_id: str) -> AppSecret:
    return find(AppSecret, secret_id, "OAuth2ClientSecret", AppSecret.app_pk == app.pk)


def _the_key(app: App, key_id: str) -> AppKey:
    return find(AppKey, key_id, "OAuth2ClientJsonWebKey", AppKey.app_pk == app.pk)


def _must_be_inactive(row: AppSecret | AppKey) -> None:
    if row.status == "ACTIVE":
        raise ApiError("E0000107", causes=["Deactivate it first."])


def _log(event_type: str, message: str, app: App) -> None:
    current_context().event(event_type, message, targets=(target(app, KIND, app.label),))
