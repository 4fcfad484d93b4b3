"""The blueprints of the management API: who may call is checked before any of its views."""

from __future__ import annotations

from flask import Blueprint, Response, request
from sqlalchemy.exc import IntegrityError

from labserver.web import guard
from labserver.web.context import current_context, roll_back
from labserver.web.errors import ApiError, api_error
from labserver.web.rates import count_call


def _guarded() -> None:
    """Only who may do what the URL names gets to a view."""
    if request.method != "OPTIONS":
        guard.admit()
        count_call(current_context())


def _refused(error: ApiError) -> Response:
    """A refused call has changed nothing."""
    roll_back()
    return api_error(error)


def _overtaken(_: IntegrityError) -> Response:
    """Another call has just made what this one was about to make."""
    roll_back()
    return api_error(
        ApiError(
            "E0000001",
            summary="Api validation failed: id",
            causes=["id: An object with this field already exists in the current organization"],
        )
    )


def _blueprint(name: str, url_prefix: str | None) -> Blueprint:
    made = Blueprint(name, __name__, url_prefix=url_prefix)
    made.before_request(_guarded)
    made.register_error_handler(ApiError, _refused)
    made.register_error_handler(IntegrityError, _overtaken)
    return made


management = _blueprint("management", "/api/v1")
management_beside = _blueprint("management_beside", None)
"""Calls of the management API outside `/api/v1`: `/oauth2/v1/clients`, `/integrations`."""
