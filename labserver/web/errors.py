"""Errors on the wire: OAuth's JSON, Okta's JSON, and a page for people."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from labserver.domain.errors import Refusal
from labserver.web.error_codes import CODES
from labserver.web.request_id import request_id

_PAGE = "labserver.error_page"
_FOR_PROGRAMS = ("/api/", "/oauth2/", "/.well-known/", "/lab/", "/healthz", "/integrations/")
_BY_STATUS = {404: "E0000008", 405: "E0000022"}


class ApiError(Exception):  # noqa: N818  (the term of the API's error documents)
    """An error of the management API: its code, and causes in plain words (Okta: error codes).

    `challenge` is its `WWW-Authenticate` header (RFC 6750 §3), if it has one.
    """

    def __init__(
        self,
        code: str,
        summary: str | None = None,
        causes: Iterable[str] = (),
        status: int = 0,
        challenge: str = "",
    ) -> None:
        self.code = code
        known_status, known_summary = CODES[code]
        self.status = status or known_status
        self.summary = summary or known_summary
        self.causes = tuple(causes)
        self.challenge = challenge
        super().__init__(f"{code}: {self.summary}")


def invalid(field: str, problem: str) -> ApiError:
    """A 400 that names the field and what would be right."""
    return ApiError(
        "E0000001", summary=f"Api validation failed: {field}", causes=[f"{field}: {problem}"]
    )


def not_found(public_id: str, kind: str) -> ApiError:
    """A 404 that names what was looked for."""
    return ApiError("E0000007", summary=f"Not found: Resource not found: {public_id} ({kind})")


ErrorPage = Callable[[int, str, str, str], Response]


def install(app: Flask, error_page: ErrorPage) -> None:
    """Render every error of the app in the form its reader expects.

    `error_page(status, error, description, request_id)` makes the page for people.
    """
    app.extensions[_PAGE] = error_page
    app.register_error_handler(ApiError, api_error)
    app.register_error_handler(Refusal, oauth_error)
    app.register_error_handler(HTTPException, _http_error)


def api_error(error: ApiError) -> Response:
    """The document of an API error; never an empty body."""
    response = _document(error.status, error.code, error.summary, error.causes)
    if error.challenge:
        response.headers["WWW-Authenticate"] = error.challenge
    return response


def oauth_error(refusal: Refusal) -> Response:
    """The document of a refusal that reached the edge (RFC 6749 §5.2)."""
    response = jsonify(error=refusal.error, error_description=refusal.description)
    response.status_code = refusal.status
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response


def fault() -> Response:
    """The answer to a fault of ours; it tells nothing of it."""
    if request.path.startswith(_FOR_PROGRAMS):
        return _document(500, "E0000009", CODES["E0000009"][1], [])
    return _page(500, "server_error")


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code = _BY_STATUS.get(status, "E0000003" if status == 400 else "E0000021")
    if not request.path.startswith(_FOR_PROGRAMS):
        response = _page(status, code)
    elif status == 413 and request.path.startswith("/oauth2/"):
        response = oauth_error(Refusal("invalid_request", _summary(status, code), status))
    else:
        causes = [str(error.description or "")]
        response = _document(status, code, _summary(status, code), causes)
    for name, value in error.get_headers():
        if name.lower() == "allow":
            response.headers["Allow"] = value
    return response


def _summary(status: int, code: str) -> str:
    if status == 413:
        return "The request body is too large."
    return CODES[code][1]


def _page(status: int, code: str) -> Response:
    words = {404: "There is no page at this address.", 405: "This page takes no such request."}
    error_page: ErrorPage = current_app.extensions[_PAGE]
    return error_page(status, code, words.get(status, "The request failed."), request_id())


def _document(status: int, code: str, summary: str, causes: Iterable[str]) -> Response:
    response = jsonify(
        errorCode=code,
        errorSummary=summary,
        errorLink=code,
        errorId=f"oae{secrets.token_urlsafe(16)}",
        errorCauses=[{"errorSummary": cause} for cause in causes if cause],
    )
    response.status_code = status
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response
