"""`/authorizationServers/{id}/associatedServers`: whose subject tokens a server takes."""

from __future__ import annotations

from typing import Annotated

from flask import Response, request
from pydantic import Field
from sqlalchemy import Select, or_, select

from labserver.store.relations import TrustedServer
from labserver.store.servers import AuthorizationServer
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid, not_found
from labserver.web.management.authorization_servers import KIND, PATH, document, the_server
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    answer,
    flag,
    gone,
    page,
    session,
    target,
)
from labserver.web.management.routes import management

TRUSTED = f"{PATH}/<server_id>/associatedServers"


class TrustDocument(Document):
    """The servers to be trusted."""

    trusted: Annotated[list[str], Field(min_length=1, max_length=100)]


@management.get(TRUSTED)
def list_associated_servers(server_id: str) -> Response:
    """The servers that this one trusts; with `trusted=false` the others. `q` as for servers."""
    server = the_server(server_id)
    trusted = AuthorizationServer.pk.in_(_trusted_by(server))
    statement = select(AuthorizationServer).where(AuthorizationServer.pk != server.pk)
    statement = statement.where(trusted if flag("trusted", True) else ~trusted)
    if start := request.args.get("q"):
        named = AuthorizationServer.name.istartswith(start, autoescape=True)
        statement = statement.where(
            or_(named, AuthorizationServer.audience.istartswith(start, autoescape=True))
        )
    return page(statement, AuthorizationServer, document)


@management.post(TRUSTED)
def trust_servers(server_id: str) -> Response:
    """The named servers are trusted too."""
    server = the_server(server_id)
    names = list(dict.fromkeys(read(TrustDocument, json_body()).trusted))
    found = {
        row.id: row
        for row in session().scalars(
            select(AuthorizationServer).where(AuthorizationServer.id.in_(names))
        )
    }
    for name in names:
        if name not in found:
            raise invalid("trusted", f"There is no authorization server {name!r}.")
        if name == server.id:
            raise invalid("trusted", "A server needs no trust in itself.")
    held = set(session().scalars(_trusted_by(server)))
    for name in names:
        if found[name].pk not in held:
            session().add(TrustedServer(server_pk=server.pk, trusted_pk=found[name].pk))
    session().flush()
    _log("oauth2.as.associated", "Trust authorization servers", server)
    return answer([document(found[name]) for name in names])


@management.delete(f"{TRUSTED}/<other_id>")
def distrust_server(server_id: str, other_id: str) -> Response:
    """The server is trusted no more."""
    server, other = the_server(server_id), the_server(other_id)
    pair = (TrustedServer.server_pk == server.pk, TrustedServer.trusted_pk == other.pk)
    row = session().scalars(select(TrustedServer).where(*pair)).one_or_none()
    if row is None:
        raise not_found(other_id, "AssociatedServer")
    session().delete(row)
    session().flush()
    _log("oauth2.as.disassociated", "Trust an authorization server no more", server)
    return gone()


def _trusted_by(server: AuthorizationServer) -> Select[int]:
    return select(TrustedServer.trusted_pk).where(TrustedServer.server_pk == server.pk)


def _log(event_type: str, message: str, row: AuthorizationServer) -> None:
    current_context().event(event_type, message, targets=(target(row, KIND, row.name),))
