"""Metadata and keys: documents made once and answered as ready bytes."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from flask import Response, make_response, request

from labserver.domain.values import SigningKey
from labserver.oauth.context import Context

_MINUTES_10 = "public, max-age=600, must-revalidate"


class Document(NamedTuple):
    """A JSON document as bytes, with the tag of its content."""

    body: bytes
    etag: str


def document(content: dict[str, Any]) -> Document:
    """The document of this content."""
    body = json.dumps(content, separators=(",", ":")).encode()
    return Document(body, hashlib.sha256(body).hexdigest()[:32])


def keys(context: Context) -> Document:
    """The key set of the context's server: public members only."""
    return document({"keys": [_public(key) for key in context.keys.published]})


def as_response(found: Document) -> Response:
    """The document over HTTP; 304 when the caller has it (RFC 9110 §13.1.2)."""
    response = make_response(found.body)
    response.content_type = "application/json"
    response.set_etag(found.etag)
    response.headers["Cache-Control"] = _MINUTES_10
    response.make_conditional(request)
    return response


def _public(key: SigningKey) -> dict[str, Any]:
    members = key.key.as_dict(private=False)
    return {
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "kid": key.kid,
        "e": members["e"],
        "n": members["n"],
    }
