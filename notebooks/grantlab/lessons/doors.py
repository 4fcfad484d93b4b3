"""Trying the doors of lesson 15: who gets through a gateway, and who gets past it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from grantlab.apis import RunningApi, RunningGateway
from grantlab.recording import Recording

METHODS = ("GET", "POST", "DELETE")
THIEF, CALLER = "Thief", "Your app"
GUESSES = (
    "", "0", "1", "true", "True", "yes", "ok", "on", "gateway", "Gateway", "internal", "trusted",
    "secret", "password", "letmein", "changeme", "127.0.0.1", "localhost", "admin", "grantlab",
)  # fmt: skip
"""What a thief tries in a header that might open the API."""
A_NAME = {"X-User": "cora@bank.example", "X-Client": "Bank app"}
"""What a gateway says of a caller, and what a thief can say as well."""

Ask = Callable[[str], httpx.Response]


@dataclass(frozen=True)
class Tries:
    """What came of a verb map: the scopes that no token could carry, and each call's status.

    A call is the scope of its token, the noun and the method. `off` names the checks of the
    gateway that were switched off meanwhile.
    """

    verbs: Mapping[str, Mapping[str, Any]]
    unknown: frozenset[str] = frozenset()
    statuses: Mapping[tuple[str, str, str], int] | None = None
    off: tuple[str, ...] = ()

    def opened(self, scope: str, noun: str, method: str) -> bool:
        """A token with this scope alone came through to the API."""
        status = (self.statuses or {}).get((scope, noun, method), 401)
        return status not in {401, 403, 405, 429} and status < 500


def through(door: RunningGateway, verbs: Mapping[str, Mapping[str, Any]], ask: Ask) -> Tries:
    """Give the gateway a verb map, and call everything with a token of each scope in it.

    `ask` asks the authorization server for a token of one scope.
    """
    lines = {
        noun: {method: scope for method, scope in dict(methods).items() if isinstance(scope, str)}
        for noun, methods in verbs.items()
        if isinstance(methods, Mapping)
    }
    door.verbs = lines
    scopes = sorted({scope for methods in lines.values() for scope in methods.values()})
    answers = {scope: ask(scope) for scope in scopes}
    good = {scope: one.json()["access_token"] for scope, one in answers.items() if one.is_success}
    with httpx.Client(trust_env=False) as client:
        statuses = {
            (scope, noun, method): _call(client, f"{door.base}/{noun}", method, token)
            for scope, token in good.items()
            for noun in lines
            for method in METHODS
        }
    return Tries(verbs, frozenset(answers.keys() - good.keys()), statuses, door.warnings())


def _call(client: httpx.Client, url: str, method: str, token: str) -> int:
    # An entry without members, and one that isn't there: what comes through changes nothing.
    address = f"{url}/none" if method == "DELETE" else url
    body: dict[str, str] | None = {} if method == "POST" else None
    bearer = {"Authorization": f"Bearer {token}"}
    return client.request(method, address, headers=bearer, json=body).status_code


def knock(api: RunningApi, door: RunningGateway, token: str, recording: Recording) -> Recording:
    """Let a thief with a good token try to get past the gateway, then call once through it.

    The thief knows every header by name, and guesses its value. Returns the recording.
    """
    header = api.way_in[0] if api.way_in else "X-From-Gateway"
    bearer = {"Authorization": f"Bearer {token}"}
    # Whoever has ended the API has shut out the thief, and everybody else.
    with recording.client(THIEF, headers=bearer) as thief, suppress(httpx.ConnectError):
        thief.get(api.url)
        for guess in GUESSES:
            thief.get(api.url, headers={**A_NAME, header: guess})
    with recording.client(CALLER, headers=bearer) as caller:
        caller.get(door.url, headers={header: "1"})
    return recording
