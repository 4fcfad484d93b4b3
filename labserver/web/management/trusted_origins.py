"""`/trustedOrigins`: other sites, and what the org trusts them with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from flask import Response, request
from pydantic import Field, field_validator
from sqlalchemy import SQLColumnExpression, or_, select

from labserver.store.origins import TrustedOrigin
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.management import searching
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    Json,
    answer,
    find,
    link,
    must_be_new,
    page,
    remove,
    session,
    set_status,
    switch_link,
    target,
    timestamp,
    unchanged,
)
from labserver.web.management.routes import management

PATH = "/trustedOrigins"
KIND = "TrustedOrigin"

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\]")
_COLUMNS: Mapping[str, SQLColumnExpression[str]] = {
    "id": TrustedOrigin.id,
    "name": TrustedOrigin.name,
    "origin": TrustedOrigin.origin,
    "status": TrustedOrigin.status,
}


class ScopeDocument(Document):
    """One thing that the origin is trusted with.

    CORS: its scripts may read the API with a person's cookies. REDIRECT: browsers may be sent
    there. IFRAME_EMBED: it may frame the answers that are made for frames.
    """

    type: Literal["CORS", "REDIRECT", "IFRAME_EMBED"]
    allowed_okta_apps: list[Literal["OKTA_ENDUSER"]] = []


class OriginDocument(Document):
    """A trusted origin as a caller describes it."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    origin: Annotated[str, Field(max_length=255)]
    scopes: Annotated[list[ScopeDocument], Field(min_length=1, max_length=3)]

    @field_validator("origin")
    @classmethod
    def is_what_a_browser_sends(cls, origin: str) -> str:
        """The origin as browsers write it in their `Origin` header (RFC 6454 §6.2)."""
        try:
            parts = urlsplit(origin)
            port = parts.port
        except ValueError:
            raise ValueError("It must be an address like https://app.example:8443") from None
        host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
        host = host.lower()
        plain = f"{parts.scheme}://{parts.netloc}".lower() == origin.lower()
        if parts.scheme not in _DEFAULT_PORTS or not plain or not _HOST.fullmatch(host):
            raise ValueError("It must be scheme, host and port alone, like https://app.example")
        shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
        return f"{parts.scheme}://{host}{shown}"

    @field_validator("scopes")
    @classmethod
    def name_each_type_once(cls, scopes: list[ScopeDocument]) -> list[ScopeDocument]:
        """Each scope type stands there once."""
        if len({scope.type for scope in scopes}) < len(scopes):
            raise ValueError("Each type may be named once")
        return scopes


@management.get(PATH)
def list_origins() -> Response:
    """The org's trusted origins; `q` is what a name or an origin contains."""
    statement = select(TrustedOrigin).where(*searching.asked(_COLUMNS, {}, names=("filter",)))
    if text := request.args.get("q"):
        named = TrustedOrigin.name.icontains(text, autoescape=True)
        statement = statement.where(
            or_(named, TrustedOrigin.origin.icontains(text, autoescape=True))
        )
    return page(statement, TrustedOrigin, document)


@management.post(PATH)
def create_origin() -> Response:
    """One more origin is trusted from now on."""
    body = read(OriginDocument, json_body())
    must_be_new("name", TrustedOrigin.name == body.name)
    must_be_new("origin", TrustedOrigin.origin == body.origin)
    row = TrustedOrigin(created_by=guard.caller().id)
    _fill(row, body)
    session().add(row)
    session().flush()
    _log("create", "Create a trusted origin", row)
    return answer(document(row))


@management.get(f"{PATH}/<origin_id>")
def get_origin(origin_id: str) -> Response:
    """One trusted origin."""
    return answer(document(_the_origin(origin_id)))


@management.put(f"{PATH}/<origin_id>")
def replace_origin(origin_id: str) -> Response:
    """All that a caller may set is as the body says."""
    row = _the_origin(origin_id)
    body = read(OriginDocument, json_body())
    unchanged(document(row))
    if body.name != row.name:
        must_be_new("name", TrustedOrigin.name == body.name)
    if body.origin != row.origin:
        must_be_new("origin", TrustedOrigin.origin == body.origin)
    _fill(row, body)
    session().flush()
    _log("update", "Update a trusted origin", row)
    return answer(document(row))


@management.delete(f"{PATH}/<origin_id>")
def delete_origin(origin_id: str) -> Response:
    """The origin is trusted no more."""
    row = _the_origin(origin_id)
    unchanged(document(row))
    _log("delete", "Delete a trusted origin", row)
    return remove(row)


@management.post(f"{PATH}/<origin_id>/lifecycle/<any('activate', 'deactivate'):change>")
def switch_origin(origin_id: str, change: str) -> Response:
    """The origin is trusted, or is not for now."""
    row = _the_origin(origin_id)
    set_status(row, "ACTIVE" if change == "activate" else "INACTIVE")
    row.updated_by = guard.caller().id
    session().flush()
    _log(change, f"{change.capitalize()} a trusted origin", row)
    return answer(document(row))


def document(row: TrustedOrigin) -> Json:
    """The trusted origin as the API shows it."""
    path = f"/api/v1{PATH}/{row.id}"
    return {
        "id": row.id,
        "name": row.name,
        "origin": row.origin,
        "status": row.status,
        "scopes": [_scope(row, type) for type in row.scopes],
        "created": timestamp(row.created),
        "createdBy": row.created_by,
        "lastUpdated": timestamp(row.updated),
        "lastUpdatedBy": row.updated_by,
        "_links": {
            "self": link(path, "GET", "PUT", "DELETE"),
            **switch_link(path, row.status),
        },
    }


def _scope(row: TrustedOrigin, type: str) -> Json:
    if type == "IFRAME_EMBED":
        return {"type": type, "allowedOktaApps": row.embeds}
    return {"type": type}


def _the_origin(origin_id: str) -> TrustedOrigin:
    return find(TrustedOrigin, origin_id, KIND)


def _fill(row: TrustedOrigin, body: OriginDocument) -> None:
    row.name = body.name
    row.origin = body.origin
    row.scopes = [scope.type for scope in body.scopes]
    row.embeds = [app for scope in body.scopes for app in dict.fromkeys(scope.allowed_okta_apps)]
    row.updated_by = guard.caller().id


def _log(change: str, message: str, row: TrustedOrigin) -> None:
    current_context().event(
        f"security.trusted_origin.{change}", message, targets=(target(row, KIND, row.name),)
    )
