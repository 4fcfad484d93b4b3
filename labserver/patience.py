"""Waits for slow bodies beside the work, so that they keep nobody else from being served."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

IS_WELCOME = "labserver.is_welcome"
"""In the environment of a question: the request comes without its body, and is answered with 204
when the app would take one that is larger than most."""


class Larger(NamedTuple):
    """A call that takes larger bodies than others, of at most so many bytes."""

    method: str
    path: str
    """How the path ends."""
    largest_body: int


class OneAtATime:
    """WSGI middleware for a server with many threads: bodies come in at once, work goes in turn.

    A thread that waits for a slow client holds nothing. Work in turn is faster than work at once
    as long as the interpreter runs one thread at a time. A body that only a `larger` call may have
    is waited for when the app has said that it will take it from this caller, so that nobody else
    fills the memory.
    """

    def __init__(
        self, app: WSGIApplication, largest_body: int, larger: Iterable[Larger] = ()
    ) -> None:
        self.app = app
        self.largest_body = largest_body
        self.larger = tuple(larger)
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The app's answer to the whole body; a part of one is no request."""
        announced = _announced(environ)
        largest = self.largest_body
        if announced is not None and largest < announced <= self._largest_of(environ):
            refused = self._ask_first(environ, start_response)
            if refused is not None:
                return refused
            largest = announced
        if announced is None or 0 < announced <= largest:
            # One byte more than allowed, so that the app below notices that there is too much.
            body = environ["wsgi.input"].read(largest + 1)
            if announced is not None and len(body) < announced:
                start_response("400 Bad Request", [("Content-Type", "text/plain")])
                return [b"The body ended too early.\n"]
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = io.BytesIO(body)
        with self._turn:
            return self.app(environ, start_response)

    def _largest_of(self, environ: WSGIEnvironment) -> int:
        path = environ.get("PATH_INFO", "")
        for method, end, largest in self.larger:
            if environ["REQUEST_METHOD"] == method and path.endswith(end):
                return largest
        return self.largest_body

    def _ask_first(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes] | None:
        """The app's answer to the request without its body; None when it will take the body."""
        started: list[Any] = []

        def note(*status_and_headers: Any) -> Any:
            started[:] = status_and_headers
            return lambda _: None

        question = environ | {
            "wsgi.input": io.BytesIO(),
            "CONTENT_LENGTH": "0",
            IS_WELCOME: True,
        }
        with self._turn:
            said = list(self.app(question, note))
        if started[0].startswith("204"):
            return None
        start_response(*started)
        return said


def _announced(environ: WSGIEnvironment) -> int | None:
    """How many bytes the body has; None when only its end tells (RFC 9112 §7.1)."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    length = environ.get("CONTENT_LENGTH", "")
    return int(length[:20]) if length.isdigit() else 0
