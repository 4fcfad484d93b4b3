"""Lesson 14: the rush over real HTTP, odd evidence, and right answers in other shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from grantlab.answers import App
from grantlab.apis import RunningApi
from grantlab.exercises import exercises_of
from grantlab.lab import Lab
from grantlab.lessons import lesson_14, rush
from grantlab.lessons.own import own_app, own_server
from grantlab.recording import Recording
from tests.conftest import Lab as Org

EXERCISES = exercises_of("14")


@dataclass(frozen=True)
class Room:
    """What the lesson has when its rush begins, but with every check on."""

    lab: Lab
    busy: Recording
    alone: RunningApi
    asking: RunningApi
    app: App

    def rush(self) -> tuple[str, ...]:
        """Let it run; what the exercise says of it."""
        rush.rush(self.lab, self.busy, self.alone, self.asking, self.app)
        return EXERCISES["cache-right"].judge(self.busy).reasons


@pytest.fixture
def room(lab: Org, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(rush, "CALLS", 3)
    with Lab.connect(lab.url, lab.token) as found:
        sync = own_server(found, "Sync", "sync:read", accessTokenLifetimeMinutes=5)
        transfers = own_server(found, "Transfers", "transfers:read", accessTokenLifetimeMinutes=60)
        busy = Recording()
        alone = found.api("sync", busy, issuer=sync.issuer, audience=sync.audience)
        asking = found.api("transfers", busy, issuer=transfers.issuer, audience=transfers.audience)
        desk = own_app(found, "Desk")
        asking.credentials = (desk.client_id, desk.client_secret)
        asking.introspects = True
        asking.cache.seconds = 60
        yield Room(found, busy, alone, asking, own_app(found, "Bookkeeper"))


def asks_each_time(room: Room) -> None:
    room.asking.cache.on = False


def never_asks(room: Room) -> None:
    room.asking.introspects = False


def believes_for_an_hour(room: Room) -> None:
    room.asking.cache.seconds = 3600


def serves_the_expired(room: Room) -> None:
    room.alone.checks.cache_ends_at_exp = False
    room.alone.cache.seconds = 3600


def keeps_refusals(room: Room) -> None:
    room.alone.checks.cache_holds_no_refusals = False


def fetches_without_limit(room: Room) -> None:
    room.alone.checks.key_fetches_limited = False


@pytest.mark.parametrize(
    ("set_wrongly", "expected"),
    [
        (None, ()),
        (asks_each_time, (lesson_14.ASKS_EACH_TIME,)),
        (never_asks, (lesson_14.NEVER_ASKED, lesson_14.REVOKED_SERVED)),
        (believes_for_an_hour, (lesson_14.REVOKED_SERVED,)),
        (serves_the_expired, (lesson_14.FIXED_HOUR,)),
        (keeps_refusals, (lesson_14.REFUSAL_KEPT,)),
        (fetches_without_limit, (lesson_14.NO_LIMIT,)),
    ],
)
def test_the_rush_shows_each_mistake_of_a_cache_and_none_when_all_is_well(
    room: Room, set_wrongly: Callable[[Room], None] | None, expected: tuple[str, ...]
) -> None:
    if set_wrongly:
        set_wrongly(room)

    assert room.rush() == expected


def test_a_second_rush_is_judged_by_itself(room: Room) -> None:
    room.asking.cache.on = False
    assert room.rush() == (lesson_14.ASKS_EACH_TIME,)

    room.asking.cache.on = True

    assert room.rush() == ()


def test_nothing_is_attempted_before_the_rush() -> None:
    assert EXERCISES["cache-right"].judge(Recording()).status == "not attempted"


def test_a_gate_that_names_every_path_by_hand_passes() -> None:
    def gate(method: str, path: str, scopes: list[str] | None) -> int:
        below = path.removeprefix("/transfers/")
        is_one = path != below and "/" not in below and below != "batch"
        if method == "GET" and (path == "/transfers" or is_one):
            needed = ["transfers:read"]
        elif (method == "POST" and path == "/transfers") or (method == "DELETE" and is_one):
            needed = ["transfers:write"]
        elif (method, path) == ("POST", "/transfers/batch"):
            needed = ["transfers:write", "transfers:bulk"]
        else:
            return 404
        if scopes is None:
            return 401
        return 200 if all(each in scopes for each in needed) else 403

    assert EXERCISES["write-the-gate"].judge(gate).passed


def test_every_fault_of_a_gate_is_said_at_once() -> None:
    outcome = EXERCISES["write-the-gate"].judge(lambda method, path, scopes: 200)

    expected = {
        lesson_14.NO_TOKEN,
        lesson_14.EMPTY_IS_A_TOKEN,
        lesson_14.READS_ONLY,
        lesson_14.SUBSTRING,
        lesson_14.ANY,
        lesson_14.OPEN_END,
    }
    assert set(outcome.reasons) == expected


@pytest.mark.parametrize("exercise", ["write-the-gate", "aud-and-cid", "header-only"])
@pytest.mark.parametrize("odd", ["gate", 200, {}, lambda: 200, lambda *asked: 1 / 0])
def test_odd_evidence_is_not_yet_right(exercise: str, odd: Any) -> None:
    assert EXERCISES[exercise].judge(odd).status == "not yet"


@pytest.mark.parametrize("odd", ["busy", 200, ["rush"]])
def test_what_is_no_rush_is_not_yet_right(odd: Any) -> None:
    assert EXERCISES["cache-right"].judge(odd).status == "not yet"


def test_a_function_that_changes_what_it_is_given_harms_nobody() -> None:
    def for_us(claims: dict[str, Any], audience: str, clients: frozenset[str]) -> bool:
        client, aud = claims.pop("cid", None), claims.pop("aud", None)
        return audience in (aud if isinstance(aud, list) else [aud]) and client in clients

    assert EXERCISES["aud-and-cid"].judge(for_us).passed
    assert EXERCISES["aud-and-cid"].judge(for_us).passed
