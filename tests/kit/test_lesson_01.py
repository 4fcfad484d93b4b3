"""Lesson 01: several attempts in one recording, odd evidence, right answers in other shapes."""

from __future__ import annotations

from typing import Any

import pytest

from grantlab.exercises import exercises_of
from grantlab.lessons import lesson_01
from grantlab.lessons.evidence import recording_of
from grantlab.lessons.lesson_01 import SCREEN, STOCK
from grantlab.recording import Recording

EXERCISES = exercises_of("01")
CUT = lesson_01._did("DELETE", "/users/00urosa/clients/0oascreen/tokens")
NEW_PASSWORD = lesson_01._did("POST", "/users/00urosa/credentials/change_password", 200)


def calls(screen: int, stock: int) -> tuple[Any, ...]:
    return lesson_01._read(SCREEN, screen), lesson_01._read(STOCK, stock)


def test_two_calls_and_no_cut_are_not_attempted() -> None:
    outcome = EXERCISES["one-app-out"].judge(recording_of(*calls(200, 200)))

    assert outcome.status == "not attempted"
    assert EXERCISES["one-app-out"].judge(Recording()).status == "not attempted"


@pytest.mark.parametrize(
    "cut",
    [
        CUT,
        lesson_01._did("DELETE", "/users/00urosa/clients/0oascreen/tokens/oar1"),
        lesson_01._revoked("the-refresh-token-of-the-screen"),
    ],
    ids=["all tokens of the app", "one of them", "its refresh token, revoked"],
)
def test_every_way_to_take_back_what_one_app_has_passes(cut: Any) -> None:
    assert EXERCISES["one-app-out"].judge(lesson_01._story(cut)).passed


def test_after_what_was_in_vain_one_may_try_again() -> None:
    first = (*calls(200, 200), NEW_PASSWORD, *calls(200, 200))

    assert lesson_01.NEW_PASSWORD in EXERCISES["one-app-out"].judge(recording_of(*first)).reasons
    assert EXERCISES["one-app-out"].judge(recording_of(*first, CUT, *calls(401, 200))).passed


def test_a_refused_cut_is_no_cut() -> None:
    refused = lesson_01._did("DELETE", "/users/00urosa/clients/0oascreen/tokens", 404)

    outcome = EXERCISES["one-app-out"].judge(lesson_01._story(refused))

    assert outcome.reasons == (lesson_01.NOTHING_TAKEN_BACK,)


@pytest.mark.parametrize(
    ("method", "path", "hint"),
    [
        ("POST", "/users/00urosa/lifecycle/deactivate", lesson_01.PERSON_GONE),
        ("POST", "/users/00urosa/lifecycle/suspend", lesson_01.PERSON_GONE),
        ("DELETE", "/users/00urosa/sessions", lesson_01.PERSON_GONE),
        ("DELETE", "/apps/0oascreen", lesson_01.APP_FOR_ALL),
        ("DELETE", "/apps/0oascreen/tokens", lesson_01.APP_FOR_ALL),
        (
            "DELETE",
            "/authorizationServers/aus1/clients/0oascreen/tokens",
            lesson_01.APP_FOR_ALL,
        ),
        ("POST", "/users/00urosa/lifecycle/reset_password", lesson_01.NEW_PASSWORD),
    ],
)
def test_each_remedy_that_hits_too_much_or_nothing_has_its_own_words(
    method: str, path: str, hint: str
) -> None:
    outcome = EXERCISES["one-app-out"].judge(lesson_01._story(lesson_01._did(method, path, 200)))

    assert outcome.reasons == (hint,)


def test_everything_wrong_with_a_cut_is_said_at_once() -> None:
    story = lesson_01._story(NEW_PASSWORD, screen=200, stock=401)

    reasons = EXERCISES["one-app-out"].judge(story).reasons

    expected = {lesson_01.NEW_PASSWORD, lesson_01.STILL_READS, lesson_01.STOCK_OUT}
    assert set(reasons) == expected


def test_every_wrong_field_of_the_table_is_said_and_none_twice() -> None:
    table = {
        **lesson_01._RADIUS,
        "key": {
            "read": False,
            "change prices": False,
            "change her password": False,
            "until": "never",
        },
    }

    reasons = EXERCISES["blast-radius"].judge(table).reasons

    assert reasons == (lesson_01.AS_ITS_MAKER, "“never” is none of the ends in the question.")


@pytest.mark.parametrize(
    ("exercise", "odd"),
    [
        ("blast-radius", {"token": "nothing"}),
        ("blast-radius", {"token": {"read": 1}, "cookie": {}}),
        ("blast-radius", ["password"]),
        ("blast-radius", {"password": {"until": ["it expires"]}}),
        ("three-words", {"A": ["authentication"], 9: "authorization"}),
        ("three-words", "authentication"),
        ("one-app-out", "revoked"),
        ("one-app-out", 200),
    ],
)
def test_odd_evidence_is_not_yet_right(exercise: str, odd: Any) -> None:
    assert EXERCISES[exercise].judge(odd).status == "not yet"
