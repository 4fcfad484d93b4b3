"""`/authorizationServers/{id}/claims`."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from flask import Response
from pydantic import Field
from sqlalchemy import select

from labserver.domain import expressions
from labserver.domain.catalog import SERVER_OWNED_CLAIMS
from labserver.domain.patterns import PatternError, check_pattern
from labserver.store.servers import SUBJECT, AuthorizationServer, Claim
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid
from labserver.web.management import scopes
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

_NAME = re.compile(r"[\x21-\x7e]{1,255}")


class Conditions(Document):
    """When the claim appears."""

    scopes: list[str] = []


class ClaimDocument(Document):
    """A claim as a caller describes it."""

    name: str
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    claim_type: Literal["RESOURCE", "IDENTITY"]
    value_type: Literal["EXPRESSION", "GROUPS", "SYSTEM"] = "EXPRESSION"
    value: Annotated[str, Field(min_length=1, max_length=1024)]
    group_filter_type: Annotated[
        Literal["STARTS_WITH", "EQUALS", "CONTAINS", "REGEX"] | None,
        Field(alias="group_filter_type"),
    ] = None
    conditions: Conditions | None = None
    always_include_in_token: bool | None = None


@management.get(f"{PATH}/<server_id>/claims")
def list_claims(server_id: str) -> Response:
    """The server's claims, the predefined `sub` among them."""
    server = the_server(server_id)
    statement = select(Claim).where(Claim.server_pk == server.pk)
    return page(statement, Claim, lambda row: document(server, row))


@management.post(f"{PATH}/<server_id>/claims")
def create_claim(server_id: str) -> Response:
    """A claim of one's own."""
    server = the_server(server_id)
    body = _read(server, None)
    row = Claim(server_pk=server.pk)
    _fill(row, body)
    session().add(row)
    session().flush()
    _log("oauth2.claim.created", "Create a claim", row)
    return answer(document(server, row), 201)


@management.get(f"{PATH}/<server_id>/claims/<claim_id>")
def get_claim(server_id: str, claim_id: str) -> Response:
    """One claim."""
    server = the_server(server_id)
    return answer(document(server, _the_claim(server, claim_id)))


@management.put(f"{PATH}/<server_id>/claims/<claim_id>")
def replace_claim(server_id: str, claim_id: str) -> Response:
    """All that a caller may set is as the body says; of `sub` only the value may change."""
    server = the_server(server_id)
    row = _the_claim(server, claim_id)
    body = _read(server, row)
    unchanged(document(server, row))
    _fill(row, body)
    session().flush()
    _log("oauth2.claim.updated", "Update a claim", row)
    return answer(document(server, row))


@management.delete(f"{PATH}/<server_id>/claims/<claim_id>")
def delete_claim(server_id: str, claim_id: str) -> Response:
    """The claim is gone."""
    server = the_server(server_id)
    row = _the_claim(server, claim_id)
    if row.system:
        raise read_only("Claim")
    unchanged(document(server, row))
    _log("oauth2.claim.deleted", "Delete a claim", row)
    return remove(row)


def document(server: AuthorizationServer, row: Claim) -> Json:
    """The claim as the API shows it."""
    return {
        "id": row.id,
        "name": row.name,
        "status": row.status,
        "claimType": row.claim_type,
        "valueType": row.value_type,
        "value": row.value,
        "group_filter_type": row.group_filter_type,
        "conditions": {"scopes": row.scopes},
        "system": row.system,
        "alwaysIncludeInToken": row.always_in_token,
        "apiResourceId": None,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {"self": link(f"{path_of(server)}/claims/{row.id}", "GET", "PUT", "DELETE")},
    }


def _the_claim(server: AuthorizationServer, claim_id: str) -> Claim:
    return find(Claim, claim_id, "Claim", Claim.server_pk == server.pk)


def _read(server: AuthorizationServer, row: Claim | None) -> ClaimDocument:
    sent = json_body()
    if "groupFilterType" in sent:
        sent = {"group_filter_type": sent["groupFilterType"], **sent}
    body = read(ClaimDocument, sent)
    if row is not None and row.system:
        if (body.name, body.claim_type, body.status) != (row.name, row.claim_type, row.status):
            raise invalid("name", "Only the value of a predefined claim can be changed.")
    elif not _NAME.fullmatch(body.name) or body.name in SERVER_OWNED_CLAIMS:
        raise invalid("name", "The name is reserved or holds other than printable ASCII.")
    elif body.name == "sub" and body.claim_type == "IDENTITY":
        raise invalid("name", "The subject of an ID token is the user.")
    if row is None or (body.name, body.claim_type) != (row.name, row.claim_type):
        same = (Claim.name == body.name, Claim.claim_type == body.claim_type)
        must_be_new("name", Claim.server_pk == server.pk, *same)
    _check_value(body, row)
    if body.conditions:
        scopes.must_exist(server, body.conditions.scopes, "conditions.scopes")
    if body.claim_type == "RESOURCE" and body.always_include_in_token is False:
        raise invalid("alwaysIncludeInToken", "A claim of access tokens is always included.")
    return body


def _check_value(body: ClaimDocument, row: Claim | None) -> None:
    if body.value_type == "SYSTEM":
        if row is None or not row.system or body.value != SUBJECT:
            raise invalid("valueType", "SYSTEM is for predefined claims, which keep their value.")
        return
    if body.value_type == "EXPRESSION":
        try:
            expressions.parse(body.value)
        except expressions.ExpressionError as error:
            raise invalid("value", str(error)) from None
        return
    if body.name == "sub":
        raise invalid("valueType", "A subject is one text, not a list of groups.")
    if body.group_filter_type is None:
        raise invalid("group_filter_type", "A GROUPS claim needs one.")
    if body.group_filter_type == "REGEX":
        try:
            check_pattern(body.value)
        except PatternError as error:
            raise invalid("value", str(error)) from None


def _fill(row: Claim, body: ClaimDocument) -> None:
    row.name = body.name
    row.status = body.status
    row.claim_type = body.claim_type
    row.value_type = body.value_type
    row.value = body.value
    row.group_filter_type = body.group_filter_type if body.value_type == "GROUPS" else None
    row.scopes = body.conditions.scopes if body.conditions else []
    row.always_in_token = body.always_include_in_token is not False


def _log(event_type: str, message: str, row: Claim) -> None:
    current_context().event(event_type, message, targets=(target(row, "Claim", row.name),))
