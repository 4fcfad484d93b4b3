"""Errors on the wire: OAuth's JSON, Okta's JSON, and a page for people."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from flask import Flask, Response, current_app, jsonify, request
from werkzeug.exceptions import HTTPException

from labserver.domain.errors import Refusal
from labserver.web.request_id import request_id

CODES: dict[str, tuple[int, str]] = {
    "E0000001": (400, "Api validation failed: {0}"),
    "E0000003": (400, "The request body was not well-formed."),
    "E0000004": (401, "Authentication failed"),
    "E0000005": (403, "Invalid session"),
    "E0000006": (403, "You do not have permission to perform the requested action"),
    "E0000007": (404, "Not found: {0}"),
    "E0000008": (404, "The requested path was not found"),
    "E0000009": (500, "Internal Server Error"),
    "E0000011": (401, "Invalid token provided"),
    "E0000014": (403, "Update of credentials failed"),
    "E0000016": (403, "Activation failed because the user is already active"),
    "E0000021": (400, "Bad request. Accept and/or Content-Type headers are likely not supported."),
    "E0000022": (405, "The endpoint does not support the provided HTTP method"),
    "E0000028": (400, "The request is missing a required parameter."),
    "E0000029": (400, "Invalid paging request."),
    "E0000031": (400, "Invalid search criteria."),
    "E0000032": (403, "Unlock is not allowed for this user."),
    "E0000033": (
        400,
        "Bad request. Can't specify a search query and filter in the same request.",
    ),
    "E0000038": (403, "This operation is not allowed in the user's current status."),
    "E0000040": (
        400,
        "Application label must not be the same as an existing application label.",
    ),
    "E0000047": (429, "API call exceeded rate limit due to too many requests."),
    "E0000056": (403, "Delete application forbidden."),
    "E0000062": (409, "The specified user is already assigned to the application."),
    "E0000107": (403, "The entity is not in the expected state for the requested transition."),
    "E0000111": (403, "Cannot modify the {0} object because it is read-only."),
    "E0000124": (
        400,
        "Could not create user. To create a user and expire their password immediately, "
        "a password must be specified",
    ),
    "E0000125": (
        400,
        "Could not create user. To create a user and expire their password immediately, "
        '"activate" must be true',
    ),
    "invalid_client": (400, "Invalid value for 'client_id' parameter."),
    "E0000231": (412, "ETag value doesn't match."),
    "E0000242": (400, "ETag syntax is invalid."),
}
"""Okta's error catalogue, as far as the server uses it: code, status and summary."""

_PAGE = "labserver.error_page"
_FOR_PROGRAMS = ("/api/", "/oauth2/", "/.well-known/", "/lab/", "/healthz")
_BY_STATUS = {404: "E0000008", 405: "E0000022"}


class ApiError(Exception):  # noqa: N818  (the term of the API's error documents)
    """An error of the management API: its code, and causes in plain words (Okta: error codes)."""

    def __init__(
        self, code: str, summary: str | None = None, causes: Iterable[str] = (), status: int = 0
    ) -> None:
        self.code = code
        known_status, known_summary = CODES[code]
        self.status = status or known_status
        self.summary = summary or known_summary
        self.causes = tuple(causes)
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
    return _document(error.status, error.code, error.summary, error.causes)


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
