"""`/authorizationServers/{id}/scopes`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from flask import Response, request
from pydantic import Field, field_validator
from sqlalchemy import select

from labserver.domain.catalog import RESERVED_SCOPES
from labserver.store import ledger
from labserver.store.servers import AuthorizationServer, Claim, Policy, Rule, Scope
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid
from labserver.web.management.authorization_servers import PATH, path_of, the_server
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    Json,
    answer,
    find,
    link,
    must_be_new,
    page,
    read_only,
    remove,
    session,
    target,
    timestamp,
    unchanged,
)
from labserver.web.management.routes import management

# RFC 6749 §3.3: printable ASCII without space, quotation mark and backslash.
_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}")


class ScopeDocument(Document):
    """A scope as a caller describes it."""

    name: str
    display_name: Annotated[str, Field(max_length=255)] | None = None
    description: Annotated[str, Field(max_length=1024)] | None = None
    default: bool = False
    consent: Literal["IMPLICIT", "REQUIRED", "FLEXIBLE"] = "IMPLICIT"
    optional: bool = False
    metadata_publish: Literal["NO_CLIENTS", "ALL_CLIENTS"] = "NO_CLIENTS"

    @field_validator("name")
    @classmethod
    def is_a_scope_name(cls, name: str) -> str:
        """The name is one that Okta allows."""
        if not _NAME.fullmatch(name):
            raise ValueError('It is 1 to 255 printable ASCII characters without space, " and \\')
        if "<" in name and ">" in name:
            raise ValueError("It may contain < or >, but not both")
        return name


@management.get(f"{PATH}/<server_id>/scopes")
def list_scopes(server_id: str) -> Response:
    """The server's scopes, the reserved ones among them; `q` is how a name begins."""
    server = the_server(server_id)
    statement = select(Scope).where(Scope.server_pk == server.pk)
    if start := request.args.get("q"):
        statement = statement.where(Scope.name.istartswith(start, autoescape=True))
    return page(statement, Scope, lambda row: document(server, row))


@management.post(f"{PATH}/<server_id>/scopes")
def create_scope(server_id: str) -> Response:
    """A scope of one's own."""
    server = the_server(server_id)
    body = read(ScopeDocument, json_body())
    _must_be_free(body.name)
    must_be_new("name", Scope.server_pk == server.pk, Scope.name == body.name)
    row = Scope(server_pk=server.pk)
    _fill(row, body)
    session().add(row)
    session().flush()
    _log("oauth2.scope.created", "Create a scope", row)
    return answer(document(server, row), 201)


@management.get(f"{PATH}/<server_id>/scopes/<scope_id>")
def get_scope(server_id: str, scope_id: str) -> Response:
    """One scope."""
    server = the_server(server_id)
    return answer(document(server, _the_scope(server, scope_id)))


@management.put(f"{PATH}/<server_id>/scopes/<scope_id>")
def replace_scope(server_id: str, scope_id: str) -> Response:
    """All that a caller may set is as the body says; a reserved scope keeps its name."""
    server = the_server(server_id)
    row = _the_scope(server, scope_id)
    body = read(ScopeDocument, json_body())
    unchanged(document(server, row))
    if body.name != row.name:
        if row.system:
            raise invalid("name", "A reserved scope keeps its name.")
        _must_be_free(body.name)
        must_be_new("name", Scope.server_pk == server.pk, Scope.name == body.name)
        _rename(server, row.name, [body.name])
    _fill(row, body)
    session().flush()
    _log("oauth2.scope.updated", "Update a scope", row)
    return answer(document(server, row))


@management.delete(f"{PATH}/<server_id>/scopes/<scope_id>")
def delete_scope(server_id: str, scope_id: str) -> Response:
    """The scope is gone, also from the rules and claims that named it."""
    server = the_server(server_id)
    row = _the_scope(server, scope_id)
    if row.system:
        raise read_only("Scope")
    unchanged(document(server, row))
    _log("oauth2.scope.deleted", "Delete a scope", row)
    _rename(server, row.name, [])
    return remove(row)


def document(server: AuthorizationServer, row: Scope) -> Json:
    """The scope as the API shows it."""
    return {
        "id": row.id,
        "name": row.name,
        "displayName": row.display_name or None,
        "description": row.description or None,
        "system": row.system,
        "default": row.default,
        "consent": row.consent,
        "optional": row.optional,
        "metadataPublish": row.metadata_publish,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {"self": link(f"{path_of(server)}/scopes/{row.id}", "GET", "PUT", "DELETE")},
    }


def must_exist(server: AuthorizationServer, names: list[str], field: str) -> None:
    """Raises `ApiError` E0000001 when the server lacks one of the scopes."""
    known = set(session().scalars(select(Scope.name).where(Scope.server_pk == server.pk)))
    for name in names:
        if name not in known:
            raise invalid(field, f"The server has no scope {name!r}.")


def _the_scope(server: AuthorizationServer, scope_id: str) -> Scope:
    return find(Scope, scope_id, "Scope", Scope.server_pk == server.pk)


def _must_be_free(name: str) -> None:
    if name in RESERVED_SCOPES or name in ("okta", "*") or name.startswith(("okta.", "okta:")):
        raise invalid("name", "The name is reserved.")


def _rename(server: AuthorizationServer, name: str, successor: list[str]) -> None:
    """Rules and claims name the scope's successor, or nothing in its place."""
    policies = select(Policy.pk).where(Policy.server_pk == server.pk)
    rules = session().scalars(select(Rule).where(Rule.policy_pk.in_(policies))).all()
    claims = session().scalars(select(Claim).where(Claim.server_pk == server.pk)).all()
    rows: tuple[Rule | Claim, ...] = (*rules, *claims)
    for row in rows:
        if name in row.scopes:
            row.scopes = [each for each in row.scopes if each != name] + successor
            _keep_narrow(row)
    # Nobody has said yes to what takes the name one day.
    ledger.end_consents(session(), server_id=server.id, scope=name)


def _keep_narrow(row: Rule | Claim) -> None:
    # A claim without scopes would be in every token; it had better be in none.
    if isinstance(row, Claim) and not row.scopes:
        row.status = "INACTIVE"


def _fill(row: Scope, body: ScopeDocument) -> None:
    row.name = body.name
    row.display_name = body.display_name or ""
    row.description = body.description or ""
    row.default = body.default
    row.consent = body.consent
    row.optional = body.optional
    row.metadata_publish = body.metadata_publish


def _log(event_type: str, message: str, row: Scope) -> None:
    current_context().event(event_type, message, targets=(target(row, "Scope", row.name),))
