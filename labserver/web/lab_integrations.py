"""`/lab/integrations`: what the org makes for others, and the catalogue of what all orgs made.

Okta has no public call for the maker's side: there it is a form that people submit for review.
"""

from __future__ import annotations

import re
from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field, field_validator
from sqlalchemy import select

from labserver.domain.catalog import API_SCOPES
from labserver.store.integrations import Declaration, Offer, catalogue
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context, installation
from labserver.web.errors import invalid
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    EXISTS,
    Json,
    answer,
    find,
    link,
    remove,
    session,
    target,
    timestamp,
    unchanged,
)
from labserver.web.management.uris import web_uri

PATH = "/lab/integrations"
KIND = "IntegrationDeclaration"

makers = Blueprint("lab_integrations", __name__)

_TYPE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")


class DeclarationDocument(Document):
    """An integration as its maker declares it: who it is, and all that it will ever ask for.

    Until it is `published` only the maker's own org can install it, to test it.
    """

    type: Annotated[str, Field(max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    description: Annotated[str, Field(max_length=1024)] = ""
    config_guide_url: str | None = None
    scopes: Annotated[list[str], Field(min_length=1, max_length=100)]
    published: bool = True

    @field_validator("type")
    @classmethod
    def is_a_plain_name(cls, type: str) -> str:
        """The type is lower-case words with underscores between (Okta: integration type)."""
        if not _TYPE.fullmatch(type):
            raise ValueError("It is words of a-z and 0-9 with underscores, like my_log_reader")
        return type

    @field_validator("config_guide_url")
    @classmethod
    def leads_to_a_page(cls, url: str | None) -> str | None:
        """The guide is on the web."""
        return url if url is None else web_uri(url)

    @field_validator("scopes")
    @classmethod
    def are_for_services(cls, scopes: list[str]) -> list[str]:
        """Each scope is one of the management API, for a caller that is no person."""
        for scope in scopes:
            if scope not in API_SCOPES or scope.endswith(".self"):
                raise ValueError(f"{scope!r} is no scope of the management API for services")
        return list(dict.fromkeys(scopes))


@makers.get(PATH)
def list_declarations() -> Response:
    """The catalogue: what this org declares, then what other orgs have published."""
    guard.admit()
    rows = list(session().scalars(select(Declaration).order_by(Declaration.pk)))
    own = {row.type for row in rows}
    others = [_offer(offer) for offer in _published() if offer.type not in own]
    return answer([*(document(row) for row in rows), *others])


@makers.post(PATH)
def declare() -> Response:
    """The org offers one more integration."""
    guard.admit()
    body = read(DeclarationDocument, json_body())
    own = select(Declaration.pk).where(Declaration.type == body.type)
    if session().scalars(own).first() is not None or _is_anothers(body.type):
        raise invalid("type", EXISTS)
    row = Declaration(type=body.type)
    _fill(row, body)
    session().add(row)
    session().flush()
    _log("declare", "Declare an API service integration", row)
    return answer(document(row), 201)


@makers.get(f"{PATH}/<declaration_id>")
def get_declaration(declaration_id: str) -> Response:
    """One that this org declares."""
    guard.admit()
    return answer(document(_the_declaration(declaration_id)))


@makers.put(f"{PATH}/<declaration_id>")
def replace_declaration(declaration_id: str) -> Response:
    """All but the type is as the body says; who has installed it keeps what they agreed to."""
    guard.admit()
    row = _the_declaration(declaration_id)
    body = read(DeclarationDocument, json_body())
    unchanged(document(row))
    if body.type != row.type:
        raise invalid("type", "It cannot be changed.")
    if body.published and not row.published and _is_anothers(body.type):
        raise invalid("type", EXISTS)
    _fill(row, body)
    session().flush()
    _log("update", "Change the declaration of an API service integration", row)
    return answer(document(row))


@makers.delete(f"{PATH}/<declaration_id>")
def withdraw(declaration_id: str) -> Response:
    """Nobody can install it any more; where it is installed it stays."""
    guard.admit()
    row = _the_declaration(declaration_id)
    unchanged(document(row))
    _log("withdraw", "Withdraw an API service integration", row)
    return remove(row)


def document(row: Declaration) -> Json:
    """The declaration as its maker sees it."""
    offer = Offer(row.type, row.name, row.description, row.config_guide_url, tuple(row.scopes))
    return {
        "id": row.id,
        **_offer(offer),
        "own": True,
        "published": row.published,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {"self": link(f"{PATH}/{row.id}", "GET", "PUT", "DELETE")},
    }


def _offer(offer: Offer) -> Json:
    """What everybody may know."""
    return {
        "type": offer.type,
        "name": offer.name,
        "description": offer.description,
        "configGuideUrl": offer.config_guide_url,
        "scopes": list(offer.scopes),
        "own": False,
        "published": True,
    }


def _published() -> list[Offer]:
    _, database = installation()
    return catalogue(database)


def _is_anothers(type: str) -> bool:
    """Whether an org has published this type; a draft of one's own is not published."""
    return any(offer.type == type for offer in _published())


def _the_declaration(declaration_id: str) -> Declaration:
    return find(Declaration, declaration_id, KIND)


def _fill(row: Declaration, body: DeclarationDocument) -> None:
    row.name = body.name
    row.description = body.description
    row.config_guide_url = body.config_guide_url
    row.scopes = body.scopes
    row.published = body.published


def _log(change: str, message: str, row: Declaration) -> None:
    current_context().event(
        f"lab.integration.{change}", message, targets=(target(row, KIND, row.name),)
    )
