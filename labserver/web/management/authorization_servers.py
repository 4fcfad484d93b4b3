"""`/authorizationServers`: the custom ones; the org server has nothing to edit."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from flask import Response, request
from pydantic import Field, field_validator
from sqlalchemy import or_, select

from labserver.store import ledger, servers
from labserver.store.keys import ROTATES_EVERY
from labserver.store.servers import AuthorizationServer, SigningKey
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    Json,
    answer,
    find,
    gone,
    link,
    must_be_new,
    page,
    read_only,
    remove,
    session,
    set_status,
    switch_link,
    target,
    timestamp,
    unchanged,
    url,
)
from labserver.web.management.routes import management

PATH = "/authorizationServers"
KIND = "AuthorizationServer"


class Signing(Document):
    """How the keys rotate."""

    rotation_mode: Literal["AUTO", "MANUAL"] | None = None


class Credentials(Document):
    """The part of the credentials that a caller may set."""

    signing: Signing = Signing()


class ServerDocument(Document):
    """An authorization server as a caller describes it."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    description: Annotated[str, Field(max_length=1024)] | None = None
    audiences: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=1024)]],
        Field(min_length=1, max_length=1),
    ]
    issuer_mode: Literal["ORG_URL", "CUSTOM_URL", "DYNAMIC"] = "ORG_URL"
    credentials: Credentials = Credentials()

    @field_validator("audiences")
    @classmethod
    def are_uris_when_they_look_like_one(cls, audiences: list[str]) -> list[str]:
        """An audience with a colon is a URI (Okta: audiences)."""
        for audience in audiences:
            if any(char.isspace() for char in audience):
                raise ValueError("The audience has no spaces")
            if ":" in audience and not _is_uri(audience):
                raise ValueError("An audience with a colon must be a valid URI")
        return audiences


@management.get(PATH)
def list_servers() -> Response:
    """The org's custom servers; `q` is how a name or an audience begins."""
    statement = select(AuthorizationServer)
    if start := request.args.get("q"):
        statement = statement.where(
            or_(
                AuthorizationServer.name.istartswith(start, autoescape=True),
                AuthorizationServer.audience.istartswith(start, autoescape=True),
            )
        )
    return page(statement, AuthorizationServer, document)


@management.post(PATH)
def create_server() -> Response:
    """A server with its reserved scopes and the claim `sub`, and no policy yet."""
    body = read(ServerDocument, json_body())
    must_be_new("name", AuthorizationServer.name == body.name)
    row = servers.add_server(session(), name=body.name, audience=body.audiences[0])
    _fill(row, body)
    session().flush()
    _log("oauth2.as.created", "Create an authorization server", row)
    return answer(document(row, with_key=True), 201)


@management.get(f"{PATH}/<server_id>")
def get_server(server_id: str) -> Response:
    """One server."""
    return answer(document(the_server(server_id), with_key=True))


@management.put(f"{PATH}/<server_id>")
def replace_server(server_id: str) -> Response:
    """All that a caller may set is as the body says."""
    row = the_server(server_id)
    body = read(ServerDocument, json_body())
    unchanged(document(row, with_key=True))
    if body.name != row.name:
        must_be_new("name", AuthorizationServer.name == body.name)
    _fill(row, body)
    session().flush()
    _log("oauth2.as.updated", "Update an authorization server", row)
    return answer(document(row, with_key=True))


@management.delete(f"{PATH}/<server_id>")
def delete_server(server_id: str) -> Response:
    """The server is gone with its scopes, claims, policies and keys; `default` stays."""
    row = the_server(server_id)
    if row.id == "default":
        raise read_only(
            KIND, "The default authorization server cannot be deleted; deactivate it instead."
        )
    unchanged(document(row, with_key=True))
    _log("oauth2.as.deleted", "Delete an authorization server", row)
    ledger.end_held(session(), ledger.Whose(server_id=row.id), current_context().now)
    ledger.end_consents(session(), server_id=row.id)
    for key in session().scalars(select(SigningKey).where(SigningKey.server_id == row.id)):
        session().delete(key)
    return remove(row)


@management.post(f"{PATH}/<server_id>/lifecycle/<any('activate', 'deactivate'):change>")
def switch_server(server_id: str, change: str) -> Response:
    """The server serves its endpoints, or does not."""
    row = the_server(server_id)
    set_status(row, "ACTIVE" if change == "activate" else "INACTIVE")
    session().flush()
    _log(f"oauth2.as.{change}d", f"{change.capitalize()} an authorization server", row)
    return gone()


def the_server(server_id: str) -> AuthorizationServer:
    """The custom server with this id. Raises `ApiError` E0000007."""
    return find(AuthorizationServer, server_id, KIND)


def path_of(row: AuthorizationServer) -> str:
    """The path of the server's document below the org."""
    return f"/api/v1{PATH}/{row.id}"


def document(row: AuthorizationServer, with_key: bool = False) -> Json:
    """The server as the API shows it.

    Making keys takes a tenth of a second each, so a list names only those that exist.
    """
    path, issuer = path_of(row), url(f"/oauth2/{row.id}")
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "audiences": [row.audience],
        "issuer": issuer,
        "issuerMode": row.issuer_mode,
        "status": row.status,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "credentials": {"signing": _signing(row, with_key)},
        "accessTokenEncryptedResponseAlgorithm": None,
        "_links": {
            "scopes": link(f"{path}/scopes"),
            "claims": link(f"{path}/claims"),
            "policies": link(f"{path}/policies"),
            "self": link(path, "GET", "DELETE", "PUT"),
            "metadata": [
                {"name": name, **link(f"/oauth2/{row.id}/.well-known/{name}")}
                for name in ("oauth-authorization-server", "openid-configuration")
            ],
            "rotateKey": link(f"{path}/credentials/lifecycle/keyRotate", "POST"),
            **switch_link(path, row.status),
        },
    }


def _signing(row: AuthorizationServer, with_key: bool) -> Json:
    signing: Json = {"rotationMode": row.rotation_mode, "use": "sig"}
    if with_key:
        signing["kid"] = current_context().keys_of(row.id, row.name).id_token_key.kid
    elif kid := session().scalar(
        select(SigningKey.id).where(SigningKey.server_id == row.id, SigningKey.status == "ACTIVE")
    ):
        signing["kid"] = kid
    last = row.last_rotated or row.created
    signing["lastRotated"] = timestamp(last)
    if row.rotation_mode == "AUTO":
        signing["nextRotation"] = timestamp(last + ROTATES_EVERY)
    return signing


def _fill(row: AuthorizationServer, body: ServerDocument) -> None:
    row.name = body.name
    row.description = body.description or ""
    row.audience = body.audiences[0]
    row.issuer_mode = body.issuer_mode
    row.rotation_mode = body.credentials.signing.rotation_mode or row.rotation_mode or "AUTO"


def _log(event_type: str, message: str, row: AuthorizationServer) -> None:
    current_context().event(event_type, message, targets=(target(row, KIND, row.name),))


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)
