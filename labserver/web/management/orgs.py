"""`/orgs`: child orgs, each an Okta of its own; for the root org's super admin alone."""

from __future__ import annotations

import re
from typing import Annotated, Any

from flask import Response
from pydantic import Field, field_validator

from labserver.store import orgs
from labserver.store.orgs import Org, SubdomainTaken
from labserver.web.bodies import json_body
from labserver.web.context import current_context, installation
from labserver.web.errors import ApiError, invalid, not_found
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    EXISTS,
    Json,
    answer,
    gone,
    limit_of,
    timestamp,
    with_links,
)
from labserver.web.management.routes import management

_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class OrgDocument(Document):
    """A child org as a caller describes it. `temporary` and `world` are the lab's own."""

    subdomain: str
    name: Annotated[str, Field(min_length=1, max_length=255)]
    admin: dict[str, Any] | None = None
    temporary: bool = False
    world: bool = True

    @field_validator("subdomain")
    @classmethod
    def fits_in_a_path(cls, subdomain: str) -> str:
        """The subdomain is one path segment of the org's URL."""
        if not _SUBDOMAIN.fullmatch(subdomain):
            raise ValueError("It is 1 to 63 of a-z, 0-9 and -, with no - at either end")
        return subdomain


@management.post("/orgs")
def create_org() -> Response:
    """An org with its world, and the token of its super admin, shown this once."""
    _at_the_root()
    body = read(OrgDocument, json_body())
    settings, database = installation()
    context = current_context()
    # The new org is made in a transaction of its own; this one must not stand in its way.
    context.session.commit()
    try:
        org, token = orgs.create_org(
            database,
            settings,
            subdomain=body.subdomain,
            name=body.name,
            now=context.now,
            temporary=body.temporary,
            world=body.world,
        )
    except SubdomainTaken:
        raise invalid("subdomain", EXISTS) from None
    context.event("lab.org.create", "Create an org", targets=(_target(org.id, org.name),))
    made = _document(org.id, org.slug, org.name)
    return answer({**made, "token": token, "tokenType": "SSWS"}, 201)


@management.get("/orgs")
def list_orgs() -> Response:
    """All child orgs."""
    _at_the_root()
    _, database = installation()
    shown = answer([_of_row(row) for row in orgs.list_orgs(database) if row.slug])
    return with_links(shown, None, limit_of(200, 200))


@management.delete("/orgs/<org_id>")
def delete_org(org_id: str) -> Response:
    """The org is gone with everything in it; the root org stays."""
    _at_the_root()
    _, database = installation()
    context = current_context()
    context.session.commit()
    if not orgs.delete_org(database, org_id):
        raise not_found(org_id, "Org")
    context.event("lab.org.delete", "Delete an org", targets=(_target(org_id, org_id),))
    return gone()


def _at_the_root() -> None:
    if current_context().org.slug:
        raise ApiError("E0000006", causes=["Orgs are made by the super admin of the root org."])


def _of_row(row: Org) -> Json:
    document = _document(row.id, row.slug, row.name)
    return document | {"created": timestamp(row.created), "temporary": row.temporary}


def _document(public_id: str, slug: str, name: str) -> Json:
    base = installation()[0].base_url
    return {
        "id": public_id,
        "subdomain": slug,
        "name": name,
        "status": "ACTIVE",
        "_links": {
            "organization": {"href": f"{base}/orgs/{slug}"},
            "self": {
                "href": f"{base}/api/v1/orgs/{public_id}",
                "hints": {"allow": ["DELETE"]},
            },
        },
    }


def _target(public_id: str, name: str) -> dict[str, str]:
    return {"id": public_id, "type": "Org", "alternateId": name, "displayName": name}
