"""Takes the URL prefix and `/orgs/<slug>` off the path, so that the app below serves one org."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ORG = "labserver.org"
"""The environment's name for the slug of the request's org; empty for the root org."""

_ORG = re.compile(r"/orgs/([a-z0-9][a-z0-9-]{0,62})(?=/|$)")
_INSERTED = re.compile(r"(/\.well-known/(?:oauth-authorization-server|openid-configuration))(/.+)")


class OrgPrefix:
    """WSGI middleware: what it takes off the path it adds to the script name.

    It also looks behind `/.well-known/…`, where RFC 8414 §3.1 inserts the document's name in
    front of an issuer's path.
    """

    def __init__(self, app: WSGIApplication, url_prefix: str = "") -> None:
        self.app = app
        self.url_prefix = url_prefix

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request in its org, or say that there is nothing outside the prefix."""
        path = environ.get("PATH_INFO", "")
        inserted = _INSERTED.fullmatch(path)
        document, rest = (inserted[1], inserted[2]) if inserted else ("", path)
        if not _below(self.url_prefix, rest):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"The lab is below " + self.url_prefix.encode() + b"/\n"]
        rest = rest[len(self.url_prefix) :]
        script_name = self.url_prefix
        slug = ""
        if org := _ORG.match(rest):
            slug = org[1]
            script_name += org[0]
            rest = rest[org.end() :]
        environ[ORG] = slug
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + script_name
        environ["PATH_INFO"] = document + rest or "/"
        return self.app(environ, start_response)


def _below(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
