"""The API at a shop's counter: who is staff pays less. The token says so, or the directory."""

from __future__ import annotations

import threading
from typing import Any

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from grantlab import verify
from grantlab.finding import client_for, json_of
from grantlab.lab import Lab
from grantlab.lessons.own import OwnServer, own_server
from grantlab.recording import Recording
from grantlab.tokens import KeySet

NAME = "Counter API"
SCOPE, CLAIM, STAFF = "discount:read", "staff", "Staff"
PERCENT = 20


class _Silent(WSGIRequestHandler):
    # Its lines would appear under whichever cell runs then.
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def own_counter(lab: Lab) -> OwnServer:
    """A server for a counter of one's own; its tokens tell nothing of groups."""
    return own_server(lab, "Counter", SCOPE)


def tell_staff(lab: Lab, server: OwnServer) -> None:
    """From now on the server's access tokens say who is staff, true or false."""
    claim = {
        "name": CLAIM,
        "claimType": "RESOURCE",
        "valueType": "EXPRESSION",
        "value": f'isMemberOfGroupName("{STAFF}")',
    }
    path = f"/api/v1/authorizationServers/{server.id}/claims"
    lab.admin.post(path, json=claim).raise_for_status()


class CounterApi:
    """The API on a thread of this kernel; GET at `url` says the holder's discount in percent.

    It checks the token by itself. Then it believes the claim `staff`, true or false; where the
    token has none, it asks the directory for the person's groups. `look_ups` counts how often.
    """

    def __init__(self, lab: Lab, server: OwnServer, recording: Recording) -> None:
        self.look_ups = 0
        self._lab = lab
        self._of = server
        hooks = recording.hooks(NAME)
        self._keys_client = client_for(server.issuer, event_hooks=hooks)
        metadata = json_of(
            self._keys_client.get(f"{server.issuer}/.well-known/oauth-authorization-server")
        )
        self._keys = KeySet(metadata["jwks_uri"], self._keys_client)
        self._directory: httpx.Client = client_for(
            lab.url, base_url=lab.url, headers=lab.admin.headers, event_hooks=hooks
        )
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Silent)
        self.url = f"http://127.0.0.1:{self._server.port}/discount"
        recording.name(self.url, NAME)
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def stop(self) -> None:
        """The port is free again."""
        self._server.shutdown()
        self._server.server_close()
        self._keys_client.close()
        self._directory.close()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer one call (PEP 3333)."""
        answer = self._answer(Request(environ).headers.get("Authorization", ""))
        return answer(environ, start_response)

    def __repr__(self) -> str:
        return f"{NAME} at {self.url}, {self.look_ups} look-ups"

    def _answer(self, header: str) -> Response:
        scheme, _, token = header.partition(" ")
        verdict = verify(
            token,
            issuer=self._of.issuer,
            audience=self._of.audience,
            keys=self._keys,
            now=self._lab.now(),
        )
        if scheme != "Bearer" or not verdict:
            return _json(401, '{"error": "invalid_token"}', 'Bearer error="invalid_token"')
        if SCOPE not in verdict.claims["scp"]:
            said = f'Bearer error="insufficient_scope", scope="{SCOPE}"'
            return _json(403, '{"error": "insufficient_scope"}', said)
        percent = PERCENT if self._is_staff(verdict.claims) else 0
        return _json(200, f'{{"percent": {percent}}}')

    def _is_staff(self, claims: dict[str, Any]) -> bool:
        if CLAIM in claims:
            return claims[CLAIM] is True
        self.look_ups += 1
        groups = json_of(self._directory.get(f"/api/v1/users/{claims['uid']}/groups"))
        return STAFF in {each["profile"]["name"] for each in groups}


def _json(status: int, body: str, challenge: str = "") -> Response:
    headers = {"WWW-Authenticate": challenge} if challenge else {}
    return Response(body, status, headers, content_type="application/json")
