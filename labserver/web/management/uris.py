"""Which addresses an app may register."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_VISIBLE = re.compile(r"[\x21-\x7e]{1,1024}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_ACTIVE_CONTENT = frozenset(
    {"javascript", "data", "vbscript", "file", "blob", "about", "view-source", "ws", "wss", "ftp"}
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def redirect_uri(text: str) -> str:
    """An address that answers may be sent to (RFC 6749 §3.1.2, RFC 8252 §7).

    https, an app's own scheme, or http on loopback. Raises `ValueError` in plain words.
    """
    scheme, host = _absolute(text)
    if scheme == "http" and host not in _LOOPBACK:
        raise ValueError("Over http only loopback is safe: use https, or 127.0.0.1")
    return text


def web_uri(text: str) -> str:
    """An address of a page or picture. Raises `ValueError` in plain words."""
    scheme, _ = _absolute(text)
    if scheme not in ("http", "https"):
        raise ValueError("It must be an https or http address")
    return text


def _absolute(text: str) -> tuple[str, str]:
    """The scheme and host of a sound absolute URI."""
    if not _VISIBLE.fullmatch(text) or "\\" in text:
        raise ValueError("It must be a URI of at most 1,024 visible ASCII characters")
    if "#" in text:
        raise ValueError("It must have no fragment")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("It must be a valid URI") from None
    if ":" not in text or not _SCHEME.fullmatch(text.partition(":")[0]):
        raise ValueError("It must be absolute, with a scheme such as https")
    if parts.scheme in _ACTIVE_CONTENT:
        raise ValueError(f"The scheme {parts.scheme} is not allowed")
    if "@" in parts.netloc:
        raise ValueError("It must name no user")
    if parts.scheme in ("http", "https") and not host:
        raise ValueError("It must name a host")
    if "*" in host:
        raise ValueError("Wildcards are not allowed")
    if not (parts.netloc or parts.path):
        raise ValueError("There must be something behind the scheme")
    return parts.scheme, host
