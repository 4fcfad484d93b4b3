"""The id of each request, by which its reasons are found in the log."""

from __future__ import annotations

import secrets

from flask import g


def request_id() -> str:
    """The id of this request, made by us and never taken from it (Okta: X-Okta-Request-Id)."""
    if "request_id" not in g:
        g.request_id = secrets.token_urlsafe(16)
    value: str = g.request_id
    return value
