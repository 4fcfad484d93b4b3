"""`/authorizationServers/{id}/credentials`: the signing keys, public halves only."""

from __future__ import annotations

from flask import Response
from sqlalchemy import select

from labserver.domain.values import SigningKey
from labserver.store import keys
from labserver.store.servers import AuthorizationServer
from labserver.store.servers import SigningKey as KeyRow
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, not_found
from labserver.web.management.authorization_servers import PATH, path_of, the_server
from labserver.web.management.resources import (
    Json,
    answer,
    link,
    session,
    timestamp,
)
from labserver.web.management.routes import management

_ORDER = {"ACTIVE": 0, "NEXT": 1, "EXPIRED": 2}


@management.get(f"{PATH}/<server_id>/credentials/keys")
def list_keys(server_id: str) -> Response:
    """The keys that `/keys` publishes, with what each is for."""
    return answer(_documents(the_server(server_id)))


@management.get(f"{PATH}/<server_id>/credentials/keys/<key_id>")
def get_key(server_id: str, key_id: str) -> Response:
    """One of them."""
    for document in _documents(the_server(server_id)):
        if document["kid"] == key_id:
            return answer(document)
    raise not_found(key_id, "JsonWebKey")


@management.post(f"{PATH}/<server_id>/credentials/lifecycle/keyRotate")
def rotate_keys(server_id: str) -> Response:
    """The next key signs from now on; the former one still verifies."""
    server = the_server(server_id)
    if json_body().get("use") != "sig":
        raise ApiError(
            "E0000001",
            summary="Api validation failed: rotateKeys",
            causes=["Invalid value specified for key 'use' parameter."],
        )
    context = current_context()
    keys.rotate(session(), server.id, context.now)
    context.key_rollover(server.id, server.name)
    return answer(_documents(server))


def _documents(server: AuthorizationServer) -> list[Json]:
    ring = current_context().keys_of(server.id, server.name)
    rows = session().scalars(select(KeyRow).where(KeyRow.server_id == server.id))
    times = {row.id: row for row in rows}
    return [
        _document(server, key, times[key.kid])
        for key in sorted(ring.published, key=lambda key: _ORDER[key.status])
    ]


def _document(server: AuthorizationServer, key: SigningKey, row: KeyRow) -> Json:
    public = key.key.as_dict(private=False)
    document: Json = {
        "status": key.status,
        "alg": "RS256",
        "e": public["e"],
        "n": public["n"],
        "kid": key.kid,
        "kty": "RSA",
        "use": "sig",
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {"self": link(f"{path_of(server)}/credentials/keys/{key.kid}")},
    }
    if row.expires is not None:
        document["expiresAt"] = timestamp(row.expires)
    return document
