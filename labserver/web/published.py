"""Metadata and keys: documents made once, and answered as ready bytes before any routing."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response, make_response, request

from labserver.domain.values import Org, SigningKey
from labserver.oauth.context import Context
from labserver.settings import Settings
from labserver.store.database import Database
from labserver.store.log import LogEvent
from labserver.web.cors import ANY_ORIGIN
from labserver.web.org_prefix import ORG

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MADE_ANEW_AFTER = 600
"""Seconds after which a document is made again though nothing changed: keys end with time."""

_DOCUMENT = re.compile(
    r"/oauth2(?:/[^/]+)?/v1/keys"
    r"|(?:/oauth2/[^/]+)?/\.well-known/(?:openid-configuration|oauth-authorization-server)"
    r"|/\.well-known/(?:openid-configuration|oauth-authorization-server)/oauth2/[^/]+"
)
_CACHED = f"public, max-age={MADE_ANEW_AFTER}, must-revalidate"


class Document(NamedTuple):
    """A JSON document as bytes, with the tag of its content and the time it was made."""

    body: bytes
    etag: str
    made: int


class Published:
    """WSGI middleware, behind `OrgPrefix`: answers a published document that is ready.

    The first request for a document, and each after a change in the org, goes on to the view,
    which makes it ready with `publish`.
    """

    def __init__(self, app: WSGIApplication, settings: Settings, database: Database) -> None:
        self.app = app
        self.settings = settings
        self.database = database

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The document's bytes, or whatever the app below answers."""
        path = environ["PATH_INFO"]
        plain = environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING")
        if not plain or not _DOCUMENT.fullmatch(path):
            return self.app(environ, start_response)
        org = self.database.find_org(environ[ORG], self.settings.base_url)
        now = self.settings.clock()
        found = org and self.database.kept.get(_key(org, path), org.changes)
        if not org or not found:
            return self.app(environ, start_response)
        document = found[0]
        assert isinstance(document, Document)
        if now + org.clock_offset - document.made >= MADE_ANEW_AFTER:
            return self.app(environ, start_response)
        request_id = secrets.token_urlsafe(16)
        self.database.log.add(
            org.pk,
            LogEvent(
                "lab.request",
                f"GET {path}",
                transaction_id=request_id,
                published=now + org.clock_offset,
            ),
        )
        return _answer(document, environ, start_response, request_id)


def publish(context: Context, content: dict[str, Any]) -> Response:
    """The document as the response to the current request, and ready for those to come."""
    body = json.dumps(content, separators=(",", ":")).encode()
    document = Document(body, hashlib.sha256(body).hexdigest()[:32], context.now)
    if not request.query_string:
        database: Database = context.session.info["database"]
        database.kept.put(_key(context.org, request.path), context.org.changes, document)
    response = make_response(document.body)
    for name, value in _headers(document):
        response.headers[name] = value
    response.make_conditional(request)
    return response


def keys(context: Context) -> dict[str, Any]:
    """The key set of the context's server: public members only (RFC 7517 §5)."""
    return {"keys": [_public(key) for key in context.keys.published]}


def _answer(
    document: Document, environ: WSGIEnvironment, start_response: StartResponse, request_id: str
) -> list[bytes]:
    headers = [*_headers(document), *ANY_ORIGIN, ("X-Okta-Request-Id", request_id)]
    if document.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", headers)
        return [b""]
    start_response("200 OK", [*headers, ("Content-Length", str(len(document.body)))])
    return [document.body]


def _headers(document: Document) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("ETag", f'"{document.etag}"'),
        ("Cache-Control", _CACHED),
    ]


def _key(org: Org, path: str) -> tuple[int, str, str]:
    return org.pk, "published", path


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
