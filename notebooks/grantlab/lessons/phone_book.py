"""A small web app of lesson 11: whoever is signed in sees the people that Okta lists for it."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from typing import Any

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from grantlab.lab import Lab
from grantlab.recording import Recording

NAME = "Phone book"
COOKIE = "phone_book"

Session = dict[str, str]


class _Silent(WSGIRequestHandler):
    # Its lines would appear under whichever cell runs then.
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class PhoneBook:
    """The app on a thread of this kernel, with a loopback port of its own; `url` is its page.

    `token_for` is what the lesson is about: given the session of whoever asks, it says with which
    access token the app calls Okta. In a `recording` both sides of the app are seen.
    """

    def __init__(self, lab: Lab, recording: Recording, token_for: Callable[[Session], str]) -> None:
        self.token_for = token_for
        self._sessions: dict[str, Session] = {}
        self._okta: httpx.Client = recording.client(NAME, base_url=lab.url)
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Silent)
        base = f"http://127.0.0.1:{self._server.port}"
        self.url = f"{base}/people"
        recording.name(base, NAME)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def signed_in(self, name: str, access_token: str) -> dict[str, str]:
        """The cookie of a browser in which this person has signed in, and given this token."""
        session = secrets.token_urlsafe(24)
        self._sessions[session] = {"name": name, "access_token": access_token}
        return {COOKIE: session}

    def stop(self) -> None:
        """The port is free again."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._okta.close()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one request (PEP 3333)."""
        return self._answer(Request(environ))(environ, start_response)

    def __repr__(self) -> str:
        return f"{NAME} at {self.url}"

    def _answer(self, request: Request) -> Response:
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is None:
            return _json(401, {"message": "Please sign in."})
        if (request.method, request.path) != ("GET", "/people"):
            return _json(404, {"message": "There is nothing here."})
        bearer = {"Authorization": f"Bearer {self.token_for(session)}"}
        found = self._okta.get("/api/v1/users", headers=bearer)
        if not found.is_success:
            return _json(403, {"message": f"{session['name']} may not see this."})
        profiles = [each["profile"] for each in found.json()]
        return _json(200, {"people": [{n: one[n] for n in ("login", "email")} for one in profiles]})


def _json(status: int, document: dict[str, Any]) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")
