"""What people's browsers get: a page with the headers that keep it safe."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template

from labserver.web.forms import ensure_browser_cookie

_PLAIN_HOST = re.compile(r"[a-z0-9.-]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})

_LESSONS = {
    "invalid_client": "The server does not know which app is asking, so it has no address that it "
    "could trust with an answer. That is why you read this here and not in the app.",
    "redirect_uri": "The server sends answers only to addresses that were registered before, "
    "compared character by character. Otherwise anybody could put an address of their own into "
    "the link and collect the code.",
    "invalid_form": "Each form of this server is made for one browser and one request. That keeps "
    "other sites from sending it in your name (cross-site request forgery).",
    "": "The server could not answer the app safely, so it stopped here and told you instead.",
}


def page(
    template: str,
    *,
    status: int = 200,
    submits_to: str = "'self'",
    framed_by: str = "'none'",
    nonce: str = "",
    **values: Any,
) -> Response:
    """The rendered template as a response that no script, frame, cache or referrer can abuse.

    `submits_to` and `framed_by` are CSP source lists (CSP Level 3 §6.4); only a script with
    `nonce` runs.
    """
    response = make_response(render_template(template, nonce=nonce, **values), status)
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "base-uri": "'none'",
        "form-action": submits_to,
        "frame-ancestors": framed_by,
    }
    if nonce:
        policy["script-src"] = f"'nonce-{nonce}'"
    response.headers["Content-Security-Policy"] = "; ".join(
        f"{name} {sources}" for name, sources in policy.items()
    )
    if framed_by == "'none'":
        response.headers["X-Frame-Options"] = "DENY"
    ensure_browser_cookie(response)
    return _private(response)


def go(url: str) -> Response:
    """Send the browser on with GET, by 303, so that a form is never submitted twice."""
    response = make_response(redirect(url, 303))
    ensure_browser_cookie(response)
    return _private(response)


def error_page(status: int, error: str, description: str, request_id: str) -> Response:
    """The page for an error that must not go to the app (RFC 6749 §4.1.2.1)."""
    lesson = "redirect_uri" if "redirect_uri" in description else error
    return page(
        "error.html",
        status=status,
        heading=f"{status} {HTTPStatus(status).phrase}",
        error=error,
        description=description,
        request_id=request_id,
        lesson=_LESSONS.get(lesson, _LESSONS[""]),
    )


def form_post_page(redirect_uri: str, fields: Iterable[tuple[str, str]]) -> Response:
    """A page that posts the answer to the app by itself (OAuth 2.0 Form Post Response Mode)."""
    return page(
        "form_post.html",
        submits_to=csp_source(redirect_uri),
        nonce=secrets.token_urlsafe(16),
        redirect_uri=redirect_uri,
        destination=origin(redirect_uri),
        fields=list(fields),
    )


def okta_post_message_page(
    target_origin: str, fields: Iterable[tuple[str, str]], embedders: Iterable[str]
) -> Response:
    """A page that posts the answer to the window that opened or framed it (okta_post_message).

    Only the app's own origin is told. It may frame the page, and so may `embedders`: where the app
    itself is shown inside another site, that site frames both.
    """
    sources = (_exact_source(each) for each in (target_origin, *sorted(embedders)))
    return page(
        "post_message.html",
        framed_by=" ".join(filter(None, sources)) or "'none'",
        nonce=secrets.token_urlsafe(16),
        target_origin=target_origin,
        fields=dict(fields),
    )


def origin(url: str) -> str:
    """The part of an app's address that tells a person where it leads."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def csp_source(url: str) -> str:
    """The CSP sources that a form may lead to when its answer redirects to `url`.

    Chromium applies `form-action` to every redirect that follows a form. An app on this machine
    often sends its user from the callback on to another port, so loopback means any port.
    """
    parts = urlsplit(url)
    if parts.hostname in _LOOPBACK:
        return " ".join(f"{parts.scheme}://{host}:*" for host in sorted(_LOOPBACK))
    if exact := _exact_source(url):
        return exact
    # CSP cannot write IPv6 addresses, and an app's own scheme has no host to write.
    return f"{parts.scheme}:" if _SCHEME.fullmatch(parts.scheme) else "'none'"


def _exact_source(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not _PLAIN_HOST.fullmatch(host):
        return ""
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
