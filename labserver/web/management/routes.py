"""The blueprint of the management API: who may call is checked before any of its views."""

from __future__ import annotations

from flask import Blueprint, Response, request
from sqlalchemy.exc import IntegrityError

from labserver.web import guard
from labserver.web.context import installation, roll_back
from labserver.web.errors import ApiError, api_error

management = Blueprint("management", __name__, url_prefix="/api/v1")

_CALLS_A_MINUTE = 600


@management.before_request
def guarded() -> None:
    """Only who may do what the URL names gets to a view."""
    if request.method != "OPTIONS":
        guard.admit()


@management.errorhandler(ApiError)
def refused(error: ApiError) -> Response:
    """A refused call has changed nothing."""
    roll_back()
    return api_error(error)


@management.errorhandler(IntegrityError)
def overtaken(_: IntegrityError) -> Response:
    """Another call has just made what this one was about to make."""
    roll_back()
    return api_error(
        ApiError(
            "E0000001",
            summary="Api validation failed: id",
            causes=["id: An object with this field already exists in the current organization"],
        )
    )


@management.after_app_request
def rate_limit_headers(response: Response) -> Response:
    """The product's figures on every answer of the API."""
    if request.path.startswith("/api/"):
        now = int(installation()[0].clock())
        response.headers["X-Rate-Limit-Limit"] = str(_CALLS_A_MINUTE)
        response.headers["X-Rate-Limit-Remaining"] = str(_CALLS_A_MINUTE - 1)
        response.headers["X-Rate-Limit-Reset"] = str(now - now % 60 + 60)
    return response
