"""A small real server on loopback, for tests of what crosses a socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.kit.hosting import Host, hosting

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIGN_IN_PAGE = """<!doctype html><html><head><title>Sign in</title></head><body>
<form action="/login/sign-in" method="post"><input type="hidden" name="ticket" value="park-1">
<label>Username <input name="username" value=""></label>
<label>Password <input name="password" type="password"></label>
<button>Sign in</button></form><p>New here? <a href="/help?a=1&amp;b=2">Ask &lt;us&gt;</a></p>
<script>var hidden = "not text";</script></body></html>"""

CONSENT_PAGE = """<!doctype html><title>Allow access?</title>
<form action="/login/consent" method="post"><input type="hidden" name="ticket" value="park-1">
<input type="checkbox" name="scope" value="sync:read" checked>
<button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Don\u2019t allow</button></form>"""

FORM_POST_PAGE = """<!doctype html><title>Working…</title>
<form method="post" action="http://127.0.0.1:8765/callback">
<input type="hidden" name="code" value="c-0123456789"><input type="hidden" name="state" value="s1">
<noscript><button>Continue</button></noscript></form>"""

CAUGHT = "http://127.0.0.1:8765/callback"


class Lab(BaseHTTPRequestHandler):
    """Just enough pages to walk through: sign in, consent, back to the app."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a page or a redirect by the path."""
        path = self.path.partition("?")[0]
        if path == "/oauth2/v1/authorize":
            self._answer(
                302,
                "",
                ("Location", "/login/login.htm"),
                ("Set-Cookie", "sid=cookie-of-the-lab-1; Path=/"),
            )
        elif path == "/login/login.htm":
            self._answer(200, SIGN_IN_PAGE)
        elif path == "/login/consent":
            self._answer(200, CONSENT_PAGE)
        elif path == "/form-post":
            self._answer(200, FORM_POST_PAGE)
        elif path == "/fragment":
            self._answer(302, "", ("Location", f"{CAUGHT}#access_token=t-0123456789&state=s1"))
        elif path == "/loop":
            self._answer(302, "", ("Location", "/loop"))
        elif path == "/me":
            self._answer(
                200, self.headers.get("Cookie", "no cookie"), ("Content-Type", "text/plain")
            )
        elif path == "/picture":
            self._answer(200, b"\x89PNG\0\xff", ("Content-Type", "image/png"))
        else:
            self._answer(404, "<title>Not found</title>There is nothing here.")

    def do_POST(self) -> None:
        """Take a form and send the browser on."""
        form = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        if self.path == "/login/sign-in" and "password=right" in form:
            self._answer(303, "", ("Location", "/login/consent"))
        elif self.path == "/login/sign-in":
            self._answer(200, SIGN_IN_PAGE.replace("<body>", "<body><p>Unable to sign in</p>"))
        elif self.path == "/login/consent" and "answer=allow" in form:
            self._answer(302, "", ("Location", f"{CAUGHT}?code=c-0123456789&state=s1"))
        elif self.path == "/login/consent":
            self._answer(302, "", ("Location", f"{CAUGHT}?error=access_denied&state=s1"))
        else:
            self._answer(
                200,
                '{"access_token": "t-0123456789", "expires_in": 3600}',
                ("Content-Type", "application/json"),
            )

    def log_message(self, *_: object) -> None:
        """Say nothing: pytest's output belongs to the tests."""

    def _answer(self, status: int, body: str | bytes, *headers: tuple[str, str]) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers or (("Content-Type", "text/html; charset=utf-8"),):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def lab_url() -> Iterator[str]:
    """The address of the small server; it is gone after the test."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Lab) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def host(chromium: Browser) -> Iterator[Host]:
    """Show a panel as a notebook would: its module here, its Python behind it."""
    yield from hosting(chromium)
