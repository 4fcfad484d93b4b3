"""Waits for slow bodies beside the work, so that they keep nobody else from being served."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class OneAtATime:
    """WSGI middleware for a server with many threads: bodies come in at once, work goes in turn.

    A thread that waits for a slow client holds nothing. Work in turn is faster than work at once
    as long as the interpreter runs one thread at a time.
    """

    def __init__(self, app: WSGIApplication, largest_body: int) -> None:
        self.app = app
        self.largest_body = largest_body
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The app's answer to the whole body; a part of one is no request."""
        announced = _announced(environ)
        if announced is None or 0 < announced <= self.largest_body:
            # One byte more than allowed, so that the app below notices that there is too much.
            body = environ["wsgi.input"].read(self.largest_body + 1)
            if announced is not None and len(body) < announced:
                start_response("400 Bad Request", [("Content-Type", "text/plain")])
                return [b"The body ended too early.\n"]
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = io.BytesIO(body)
        with self._turn:
            return self.app(environ, start_response)


def _announced(environ: WSGIEnvironment) -> int | None:
    """How many bytes the body has; None when only its end tells (RFC 9112 §7.1)."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    length = environ.get("CONTENT_LENGTH", "")
    return int(length[:20]) if length.isdigit() else 0
