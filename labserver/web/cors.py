"""Which answers a script of another origin may read (Fetch: CORS)."""

from __future__ import annotations

from flask import Flask, Response, make_response, request

from labserver.store.origins import origins_trusted_with
from labserver.web.context import current_context
from labserver.web.errors import ApiError

ANY_ORIGIN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "X-Okta-Request-Id, WWW-Authenticate"),
)
_HEADERS = "authorization, content-type, dpop, x-okta-user-agent-extended"
_PUBLIC = ("/oauth2/", "/.well-known/")
_NAVIGATIONS = ("/authorize", "/logout")
_FOR_TRUSTED = ("/api/v1/", "/integrations/", "/oauth2/v1/clients")
"""What people's cookies and administrators' tokens open: for trusted origins only."""
_READABLE = (
    "ETag, Link, WWW-Authenticate, X-Okta-Request-Id, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, "
    "X-Rate-Limit-Reset"
)


def install(app: Flask) -> None:
    """Answer preflights, and let trusted origins read what is for them."""
    app.before_request(_preflight)
    app.after_request(_for_trusted_origins)


def allow_any_origin(response: Response) -> None:
    """Let every origin read the answer, without credentials."""
    for name, value in ANY_ORIGIN:
        response.headers[name] = value


def _preflight() -> Response | None:
    """The answer to a preflight, before anybody asks who calls."""
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    path = request.path
    if path.startswith(_FOR_TRUSTED):
        # What such an origin may do is said when it is trusted; else the browser stops here.
        response = make_response("", 204)
        if _is_trusted():
            _allow(response, "GET, POST, PUT, DELETE, OPTIONS", f"{_HEADERS}, if-match")
        return response
    if not path.startswith(_PUBLIC) or path.endswith(_NAVIGATIONS):
        return None
    response = make_response("", 204)
    allow_any_origin(response)
    _allow(response, "GET, POST, OPTIONS", _HEADERS)
    return response


def _allow(response: Response, methods: str, headers: str) -> None:
    response.headers["Access-Control-Allow-Methods"] = methods
    response.headers["Access-Control-Allow-Headers"] = headers
    response.headers["Access-Control-Max-Age"] = "600"


def _for_trusted_origins(response: Response) -> Response:
    """A trusted origin may read the answer, credentials and all; nobody else may."""
    if not request.path.startswith(_FOR_TRUSTED):
        return response
    response.vary.add("Origin")
    if _is_trusted():
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = _READABLE
    return response


def _is_trusted() -> bool:
    """Whether the request comes from an active trusted origin with the scope CORS."""
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    try:
        context = current_context()
    except ApiError:  # an org that does not exist trusts nobody
        return False
    return origin in origins_trusted_with(context.session, "CORS")
