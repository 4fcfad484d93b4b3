"""What each call of the API must say of its form: that JSON is welcome, how long its body is."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.exceptions import LengthRequired

from labserver.web.context import current_context
from labserver.web.errors import ApiError

_WELCOME = frozenset({"application/json", "application/*", "*/*"})
_PICTURES = "qr"


def install(app: Flask) -> None:
    """Calls that no JSON could answer, and bodies of unknown length, get no further."""
    app.before_request(_negotiate)


def _negotiate() -> None:
    if not request.path.startswith("/api/v1/") or request.blueprint == _PICTURES:
        return
    # Parameters don't matter: SDKs send `application/json; okta-version=1.0.0` and the like.
    names = (name for name, weight in request.accept_mimetypes if weight)
    accepted = {name.partition(";")[0].strip().lower() for name in names}
    if request.headers.get("Accept", "").strip() and not accepted & _WELCOME:
        current_context().note("Accept", "failed", "The caller takes no JSON.")
        raise ApiError("E0000122")
    if request.method in ("POST", "PUT") and "Transfer-Encoding" in request.headers:
        current_context().note("Content-Length", "failed", "The body's length is not said.")
        raise LengthRequired("Send the body whole, with its Content-Length.")
