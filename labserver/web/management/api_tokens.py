"""`/api-tokens`: tokens that act as the user they belong to."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field, model_validator
from sqlalchemy import select

from labserver.store import ledger
from labserver.store.directory import ApiToken, User
from labserver.store.ledger.credentials import IDLE_DAYS
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    Json,
    answer,
    find,
    link,
    page,
    remove,
    session,
    target,
    timestamp,
    url,
)
from labserver.web.management.routes import management

PATH = "/api-tokens"


class TokenDocument(Document):
    """A token as a caller wishes it."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    user_id: str | None = None


class NetworkDocument(Document):
    """From where a token may be used."""

    connection: str
    include: list[str] = []
    exclude: list[str] = []

    @model_validator(mode="after")
    def is_anywhere(self) -> NetworkDocument:
        """The lab has no network zones, so a token that is limited to one could never be used."""
        if self.connection != "ANYWHERE" or self.include or self.exclude:
            raise ValueError("It is ANYWHERE: the lab has no network zones to limit a token to.")
        return self


class NetworkChange(Document):
    """What may be changed about a token."""

    network: NetworkDocument


@management.get(PATH)
def list_tokens() -> Response:
    """The org's API tokens, without their values; who may not see others' sees their own."""
    statement = select(ApiToken)
    if not guard.may("view tokens"):
        own = select(User.pk).where(User.id == guard.caller().id).scalar_subquery()
        statement = statement.where(ApiToken.user_pk == own)
    return page(statement, ApiToken, _document)


@management.post(PATH)
def create_token() -> Response:
    """A token of the caller, or of the user that a super admin names; its value, this once."""
    context = current_context()
    body = read(TokenDocument, json_body())
    caller = guard.caller()
    if body.user_id is None and caller.user is None:
        raise invalid("userId", "An app has no API token of its own: name a user.")
    user_id = body.user_id or caller.id
    if user_id != caller.id:
        guard.must_be_super()
    user = session().scalars(select(User).where(User.id == user_id)).one_or_none()
    if user is None or user.status != "ACTIVE":
        raise invalid("userId", "There is no active user with this id.")
    value = ledger.save_api_token(session(), user_id, body.name, context.now)
    hashed = ledger.digest(value)
    row = session().scalars(select(ApiToken).where(ApiToken.hash == hashed)).one()
    _log("system.api_token.create", "Create an API token", row)
    return answer({**_document(row), "token": value}, 201)


@management.get(f"{PATH}/<token_id>")
def get_token(token_id: str) -> Response:
    """One token, without its value."""
    return answer(_document(_seen_token(token_id)))


@management.put(f"{PATH}/<token_id>")
def replace_token(token_id: str) -> Response:
    """The token may be used from where the body says; nothing else about it changes."""
    row = find(ApiToken, token_id, "ApiToken")
    read(NetworkChange, json_body())
    _log("system.api_token.update", "Update an API token", row)
    return answer(_document(row))


@management.delete(f"{PATH}/current")
def revoke_current() -> Response:
    """The very token that the call came with is over."""
    return _revoke(guard.caller_token())


@management.delete(f"{PATH}/<token_id>")
def revoke_token(token_id: str) -> Response:
    """The token is over."""
    return _revoke(find(ApiToken, token_id, "ApiToken"))


def _seen_token(token_id: str) -> ApiToken:
    """The token. Raises `ApiError` E0000006 for another's, unless the caller may see them all."""
    row = find(ApiToken, token_id, "ApiToken")
    owner = session().scalars(select(User.id).where(User.pk == row.user_pk)).one()
    if owner != guard.caller().id and not guard.may("view tokens"):
        raise ApiError("E0000006")
    return row


def _revoke(row: ApiToken) -> Response:
    _log("system.api_token.revoke", "Revoke an API token", row)
    return remove(row)


def _document(row: ApiToken) -> Json:
    user_id = session().scalars(select(User.id).where(User.pk == row.user_pk)).one()
    path = f"/api/v1{PATH}/{row.id}"
    return {
        "id": row.id,
        "name": row.name,
        "userId": user_id,
        "tokenWindow": f"P{IDLE_DAYS}D",
        "network": {"connection": "ANYWHERE"},
        "clientName": "Okta API",
        "expiresAt": timestamp(row.last_used + IDLE_DAYS * 24 * 3600),
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {
            "self": link(path, "GET", "PUT", "DELETE"),
            "user": {"href": url(f"/api/v1/users/{user_id}"), "hints": {"allow": ["GET"]}},
        },
    }


def _log(event_type: str, message: str, row: ApiToken) -> None:
    current_context().event(event_type, message, targets=(target(row, "Token", row.name),))
