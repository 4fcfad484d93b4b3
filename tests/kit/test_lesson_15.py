"""Lesson 15: right answers of other shapes, odd evidence, several attempts, and the real doors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from grantlab.apis import RunningApi, RunningGateway
from grantlab.exercises import exercises_of
from grantlab.lab import Lab
from grantlab.lessons import lesson_15
from grantlab.lessons.doors import CALLER, GUESSES, THIEF, knock, through
from grantlab.lessons.evidence import recording_of
from grantlab.recording import Recording
from grantlab.storms import storm

EXERCISES = exercises_of("15")
NOBODY = "http://127.0.0.1:9/nobody"


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab without a server: what these doors ask for needs none."""
    with Lab(NOBODY, None) as found:
        yield found


@pytest.fixture
def api(lab: Lab) -> RunningApi:
    found = lab.api("transfers", issuer=NOBODY, audience="api://transfers")
    found.asks_for = "nothing"
    return found


@pytest.fixture
def door(lab: Lab, api: RunningApi) -> RunningGateway:
    found = lab.gateway(api)
    found.asks_for = "nothing"
    return found


# verb-map


def test_any_names_of_scopes_will_do_when_the_server_knows_them():
    tries = lesson_15._tries(("a", "b", "c"), ("d", "e", "e"))

    assert EXERCISES["verb-map"].judge(tries).passed


def test_a_map_of_dots_is_not_attempted():
    tries = lesson_15._tries((..., ..., ...), (..., ..., ...))

    assert EXERCISES["verb-map"].judge(tries).status == "not attempted"


@pytest.mark.parametrize("evidence", ["loans", 7, {"loans": 1}, []])
def test_a_map_of_another_shape_is_not_yet_right_and_breaks_nothing(evidence):
    assert EXERCISES["verb-map"].judge(evidence).status == "not yet"


@pytest.mark.parametrize("verbs", [{"loans": None}, {"loans": {"GET": 7}}, {"x": {"GET": ...}}])
def test_an_odd_map_is_tried_without_harm(verbs: Any, door: RunningGateway):
    def refused(scope: str) -> httpx.Response:
        return httpx.Response(400, json={"error": "invalid_scope"})

    tries = through(door, verbs, refused)

    assert EXERCISES["verb-map"].judge(tries).status in {"not attempted", "not yet"}


def test_a_scope_that_no_token_can_carry_is_told_by_the_server(door: RunningGateway):
    def refused(scope: str) -> httpx.Response:
        return httpx.Response(400, json={"error": "invalid_scope"})

    tries = through(door, {"loans": {"GET": "loans:read"}}, refused)

    assert tries.unknown == {"loans:read"}
    reasons = EXERCISES["verb-map"].judge(tries).reasons
    assert lesson_15.only_in_the_map("loans:read") in reasons
    assert lesson_15.SWITCHED_OFF in reasons


# edge-cache


def test_a_shorter_life_for_money_is_right_too_when_its_numbers_are():
    choice = lesson_15._choice((600, 354, 600), (10, 360, 10))

    assert EXERCISES["edge-cache"].judge(choice).passed


def test_money_may_be_asked_about_each_time():
    choice = lesson_15._choice((600, 354, 600), (0, 0, 0))

    assert EXERCISES["edge-cache"].judge(choice).passed


def test_a_kept_answer_ends_with_its_token_also_where_calls_are_counted():
    transfers = lesson_15.TRAFFIC["transfers"]

    assert transfers.saved(3600) == transfers.saved(300) == 720 - 12


@pytest.mark.parametrize("odd", [None, "600", float("nan"), -1, True, [600]])
def test_what_is_no_number_of_seconds_is_not_yet_right(odd):
    choice = lesson_15._choice((odd, 354, 600), (15, 480, 15))

    assert EXERCISES["edge-cache"].judge(choice).status == "not yet"


# which-layer


def test_every_wrong_incident_is_told_at_once():
    outcome = EXERCISES["which-layer"].judge(dict.fromkeys("ABCDEFGHIJ", "gateway"))

    assert len(outcome.reasons) == 7


def test_an_answer_for_an_incident_that_is_not_there_is_told():
    outcome = EXERCISES["which-layer"].judge(lesson_15._LAYERS | {"K": "API"})

    assert outcome.reasons == ("There is no incident “K”.",)


# behind-the-back


def test_only_the_last_round_of_knocks_counts_so_that_one_may_try_again():
    open_first = lesson_15._knocks(200, 200, 200)
    then_shut = lesson_15._knocks(403, 403, 200)

    outcome = EXERCISES["behind-the-back"].judge(
        recording_of(lesson_15._PAST, *open_first, *then_shut)
    )

    assert outcome.passed


def test_as_given_nothing_was_attempted():
    given = recording_of(*lesson_15._knocks(200, 200, 200))

    assert EXERCISES["behind-the-back"].judge(given).status == "not attempted"


def judged(api: RunningApi, door: RunningGateway) -> tuple[str, ...]:
    recording = Recording(trust_env=False)
    recording.name(api.base, "Transfers API")
    recording.name(door.base, "Gateway")
    way_in, api.way_in = api.way_in, None
    with recording.client(CALLER) as visitor:
        visitor.get(api.url)
    api.way_in = way_in

    return EXERCISES["behind-the-back"].judge(knock(api, door, "token", recording)).reasons


def test_the_thief_really_knocks_and_the_caller_really_comes_by_the_gateway(api, door):
    recording = Recording(trust_env=False)

    knock(api, door, "token", recording)

    assert [one.sender for one in recording].count(THIEF) == 1 + len(GUESSES)
    assert recording.last.sender == CALLER
    assert recording.last.status == 200


def test_the_gateways_own_secret_keeps_the_thief_out(api, door):
    door.only_way_in = True

    assert judged(api, door) == ()


def test_a_header_that_anybody_can_set_does_not(api, door):
    api.way_in = door.way_in = ("X-From-Gateway", "true")

    assert judged(api, door) == (lesson_15.GUESSED,)


def test_an_api_that_believes_a_callers_word_of_whom_it_is_stands_open(api, door):
    api.asks_for = "gateway"

    assert lesson_15.GUESSED in judged(api, door)


def test_a_secret_that_the_gateway_does_not_bring_shuts_everybody_out(api, door):
    api.way_in = ("X-From-Gateway", "f6q0-a-long-and-random-value")

    assert judged(api, door) == (lesson_15.SHUT_OUT,)


def test_an_api_that_refuses_everybody_is_no_way_in(api, door):
    api.asks_for = "key"

    assert lesson_15.SHUT_OUT in judged(api, door)


def test_an_api_that_was_ended_keeps_out_the_thief_and_everybody_else(api, door):
    recording = Recording(trust_env=False)
    recording.name(api.base, "Transfers API")
    with recording.client(CALLER) as visitor:
        visitor.get(api.url)
    api.stop()

    outcome = EXERCISES["behind-the-back"].judge(knock(api, door, "token", recording))

    assert outcome.reasons == (lesson_15.NO_KNOCK,)


# The storm


def test_every_attack_gets_in_where_nothing_is_asked(api):
    entry = {"to": "City Water", "amount": 1, "on": "2026-03-05"}
    with httpx.Client(trust_env=False) as client:
        found = storm(client, api.base, "transfers", entry, {}, {})

    assert {name for name, one in found.items() if not one.got_in} == set()


def test_a_gateway_with_keys_stops_all_but_the_reader_that_writes(api, door):
    entry = {"to": "City Water", "amount": 1, "on": "2026-03-05"}
    door.asks_for, door.only_way_in, door.calls_a_minute = "key", True, 10
    key = {"X-API-Key": door.keys.issue("Partner")}
    with httpx.Client(trust_env=False) as client:
        found = storm(client, door.base, "transfers", entry, key, key)

    assert [name for name, one in found.items() if one.got_in] == [
        "Writing with what is for reading"
    ]
    assert [one.status for one in found.values()] == [401, 201, 413, 400, 404, 429]
