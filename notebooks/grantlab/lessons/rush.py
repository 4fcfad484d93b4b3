"""A busy hour at two APIs, for lesson 14: what their caches cost, and whom they let in too long."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jwt

from grantlab.answers import App, LabError
from grantlab.apis import RunningApi
from grantlab.finding import client_for, json_of
from grantlab.lab import Lab
from grantlab.lessons.evidence import exchange, recording_of
from grantlab.recording import Exchange, Recording

CALLS = 50
FORGED = 20
MINUTE = 60

CALLER, FLOOD = "Bookkeeper", "Flood"
NEW_KEY, REVOKED, EXPIRED = "Token of a new key", "Revoked token", "Expired token"


def rush(lab: Lab, recording: Recording, alone: RunningApi, asking: RunningApi, app: App) -> None:
    """Let `app` call two APIs a hundred times, and others with tokens that are none or no more.

    What stood in the recording before is gone. `alone` checks tokens by itself and is first
    called with one of five minutes; `asking` introspects. Fifty calls go to each. Then a flood
    of made-up key ids comes to `alone`, the server replaces its keys, and a token of the new key
    is shown at once and again after a minute. A token is revoked, and shown a minute later. At
    last the first one is shown when it has expired. The lab's clock is moved forward meanwhile.
    LabError when the lab refuses one of these steps.
    """
    recording.clear()
    with client_for(lab.url) as quiet:
        first, second = _token(quiet, alone, app), _token(quiet, asking, app)
        for api, token in ((alone, first), (asking, second)):
            _call(recording, CALLER, api, [token] * CALLS)
        _call(recording, FLOOD, alone, [_forged(first) for _ in range(FORGED)])
        _rotate(lab, alone)
        fresh = _token(quiet, alone, app)
        _call(recording, NEW_KEY, alone, [fresh])
        pair = (app.client_id, app.client_secret)
        quiet.post(f"{asking.issuer}/v1/revoke", data={"token": second}, auth=pair)
        lab.move_clock(MINUTE + 1)
        _call(recording, NEW_KEY, alone, [fresh])
        _call(recording, REVOKED, asking, [second])
        lab.move_clock(5 * MINUTE)
        _call(recording, EXPIRED, alone, [first])


def _token(client: Any, api: RunningApi, app: App) -> str:
    form = {"grant_type": "client_credentials", "scope": api.product.read_scope}
    pair = (app.client_id, app.client_secret)
    answer = json_of(client.post(f"{api.issuer}/v1/token", data=form, auth=pair))
    return str(answer["access_token"])


def _call(recording: Recording, sender: str, api: RunningApi, tokens: list[str]) -> None:
    with recording.client(sender) as client:
        for token in tokens:
            client.get(api.url, headers={"Authorization": f"Bearer {token}"})


def _forged(token: str) -> str:
    """The same claims, signed by nobody who counts, with a key id that nobody has heard of."""
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = secrets.token_urlsafe(12)
    return jwt.encode(claims, secrets.token_hex(32), "HS256", headers={"kid": kid})


def _rotate(lab: Lab, api: RunningApi) -> None:
    """The server signs with a key that it had not shown before."""
    server = api.issuer.rpartition("/")[2]
    path = f"/api/v1/authorizationServers/{server}/credentials/lifecycle/keyRotate"
    for _ in range(2):  # the next key was published already
        answer = lab.admin.post(path, json={"use": "sig"})
        if not answer.is_success:
            raise LabError(f"The server {server} keeps its keys: {answer.status_code}.")


_PHASES = (CALLER, FLOOD, NEW_KEY, REVOKED, EXPIRED)


@dataclass(frozen=True)
class Rush:
    """What happened in a rush: the answers to each caller, and what the APIs asked for."""

    statuses: Mapping[str, Sequence[int | None]]
    questions_at_first: int
    fetches_at_first: int
    fetches_in_flood: int

    @classmethod
    def of(cls, recording: Recording) -> Rush:
        """The rush in a recording, whole or not."""
        statuses: dict[str, list[int | None]] = {name: [] for name in _PHASES}
        asked: dict[str, list[str]] = {name: [] for name in _PHASES}
        waiting: list[str] = []
        for one in recording:
            if one.sender in statuses:
                # What an API asks, it asks before it answers.
                statuses[one.sender].append(one.status)
                asked[one.sender] += waiting
                waiting = []
            else:
                waiting.append(one.path.rpartition("/")[2])
        return cls(
            statuses,
            asked[CALLER].count("introspect"),
            asked[CALLER].count("keys"),
            asked[FLOOD].count("keys"),
        )

    @property
    def is_whole(self) -> bool:
        """It ran from its beginning to its end."""
        wanted = (2 * CALLS, FORGED, 2, 1, 1)
        return tuple(len(self.statuses[name]) for name in _PHASES) == wanted


def rush_that(
    *, questions: int = 1, fetches: int = 1, flood: int = 4, new_key: int = 200,
    revoked: int = 401, expired: int = 401, good: int = 200,
) -> Recording:  # fmt: skip
    """A rush as it might have gone, but for these numbers and answers."""
    alone, asking = "http://127.0.0.1:9001/sync", "http://127.0.0.1:9002/transfers"
    calls = [
        *_asked("keys", fetches), *answered(CALLER, alone, CALLS, good),
        *_asked("introspect", questions), *answered(CALLER, asking, CALLS, good),
        *_asked("keys", flood), *answered(FLOOD, alone, FORGED, 401),
        *answered(NEW_KEY, alone, 1, 401), *_asked("keys", 1),
        *answered(NEW_KEY, alone, 1, new_key), *_asked("introspect", 1),
        *answered(REVOKED, asking, 1, revoked), *answered(EXPIRED, alone, 1, expired),
    ]  # fmt: skip
    return recording_of(*calls)


def _asked(what: str, count: int) -> list[Exchange]:
    url = f"http://127.0.0.1:8080/oauth2/aus1/v1/{what}"
    return [replace(exchange("GET", url, 200), sender="Sync API")] * count


def answered(sender: str, url: str, count: int, status: int) -> list[Exchange]:
    """So many answers of one kind."""
    return [replace(exchange("GET", url, status), sender=sender)] * count
