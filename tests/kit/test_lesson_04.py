"""Lesson 04: its samples, and functions that a learner may write."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest

from grantlab.exercises import exercises_of
from grantlab.lessons import lesson_04

EXERCISES = exercises_of("04")


@pytest.mark.parametrize("name", ["by-hand", "clock", "hands-off"])
def test_a_function_that_raises_or_was_called_already_is_not_yet(name: str) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("in the learner's own code")

    raised, called = (EXERCISES[name].judge(answer) for answer in (broken, {"sub": "cora"}))

    assert raised.status == "not yet"
    assert called.reasons == (lesson_04.NO_FUNCTION,)


def test_the_samples_of_by_hand_have_one_difficulty_each() -> None:
    parts = [
        lesson_04._sample(payload).split(".")[1]
        for payload in (lesson_04.PLAIN, lesson_04.UNEVEN, lesson_04.URL_SAFE)
    ]

    assert [len(part) % 4 for part in parts] == [0, 2, 0]
    assert ["-" in part or "_" in part for part in parts] == [False, False, True]
    assert base64.b64decode(parts[0])


def test_the_order_of_issuer_audience_and_time_is_free() -> None:
    steps = list(lesson_04.RIGHT_VALUES.items())
    other = [*steps[:2], *reversed(steps[2:5]), steps[5]]

    assert EXERCISES["trust-list"].judge(other).passed


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This computer's local time is many hours away from UTC."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="local time is fixed on this system")
@pytest.mark.usefixtures("far_east")
def test_the_clock_exercise_is_the_same_in_every_time_zone() -> None:
    exercise = EXERCISES["clock"]

    def right(claims: Any, now: float) -> bool:
        return bool(claims.get("nbf", now) <= now + 30 and claims.get("exp", 0) > now - 30)

    assert exercise.judge(right).passed
    assert lesson_04.OWN_CLOCK in exercise.judge(lesson_04._by_local_time).reasons
