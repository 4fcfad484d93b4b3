"""Which answers a script of another origin may read (Fetch: CORS)."""

from __future__ import annotations

from flask import Flask, Response, make_response, request

ANY_ORIGIN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "X-Okta-Request-Id, WWW-Authenticate"),
)
_HEADERS = "authorization, content-type, dpop, x-okta-user-agent-extended"
_PUBLIC = ("/oauth2/", "/.well-known/")
_NAVIGATIONS = ("/authorize", "/logout")


def install(app: Flask) -> None:
    """Answer the preflights of the endpoints that apps in a browser call."""
    app.before_request(_preflight)


def allow_any_origin(response: Response) -> None:
    """Let every origin read the answer, without credentials."""
    for name, value in ANY_ORIGIN:
        response.headers[name] = value


def _preflight() -> Response | None:
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    path = request.path
    if not asks or not path.startswith(_PUBLIC) or path.endswith(_NAVIGATIONS):
        return None
    response = make_response("", 204)
    allow_any_origin(response)
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
    response.headers["Access-Control-Allow-Headers"] = _HEADERS
    response.headers["Access-Control-Max-Age"] = "600"
    return response
