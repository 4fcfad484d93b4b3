"""Forms that only the browser they were made for can submit, each for one request."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Literal, TypedDict

from flask import Request, Response, g, request
from itsdangerous import Signer

from labserver.web.context import installation

COOKIE = "browser"
FIELD = "form_token"
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


class CookieAttributes(TypedDict):
    """The attributes of `Response.set_cookie` that all our cookies share."""

    path: str
    httponly: bool
    samesite: Literal["Lax"]
    secure: bool


def browser_cookie(request: Request) -> str:
    """The random value that tells this browser from others; made now if it has none yet.

    A new value reaches the browser when the response passes `ensure_browser_cookie`.
    """
    if known := _sent_cookie(request):
        return known
    if "browser_cookie" not in g:
        g.browser_cookie = secrets.token_urlsafe(32)
    value: str = g.browser_cookie
    return value


def ensure_browser_cookie(response: Response) -> None:
    """Give the browser its value, if one was made while answering this request."""
    if "browser_cookie" in g:
        response.set_cookie(COOKIE, g.browser_cookie, **cookie_attributes())


def form_token(handle: str) -> str:
    """The token that lets this browser submit the form for `handle`, and nothing else."""
    return _signer().get_signature(_bound_to(browser_cookie(request), handle)).decode("ascii")


def check_form_token(handle: str) -> bool:
    """Whether the submitted form was made for this browser and for `handle`."""
    known = _sent_cookie(request)
    if known is None:
        return False
    token = request.form.get(FIELD, "").encode("ascii", "replace")
    return _signer().verify_signature(_bound_to(known, handle), token)


def came_from(fingerprint: str | None) -> bool:
    """Whether this browser is the one whose value has this SHA-256 (hex)."""
    known = _sent_cookie(request)
    if known is None or fingerprint is None:
        return False
    return secrets.compare_digest(hashlib.sha256(known.encode()).hexdigest(), fingerprint)


def cookie_attributes() -> CookieAttributes:
    """What every cookie of the lab says: for this org's pages only, out of reach of scripts."""
    settings, _ = installation()
    return {
        "path": request.script_root or "/",
        "httponly": True,
        "samesite": "Lax",
        "secure": settings.secure,
    }


def _sent_cookie(request: Request) -> str | None:
    value = request.cookies.get(COOKIE, "")
    return value if _VALUE.fullmatch(value) else None


def _bound_to(browser: str, handle: str) -> bytes:
    return f"{browser} {handle}".encode()


def _signer() -> Signer:
    _, database = installation()
    return Signer(
        database.secret,
        salt="labserver.forms",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
    )
