"""Lesson 06: several attempts in one recording."""

from __future__ import annotations

from grantlab.exercises import exercises_of
from grantlab.lessons import lesson_06
from grantlab.lessons.evidence import recording_of
from grantlab.recording import Recording

EXERCISES = exercises_of("06")


def test_a_recording_without_a_revocation_or_a_change_is_not_attempted() -> None:
    empty = Recording()

    assert EXERCISES["really-gone"].judge(empty).status == "not attempted"
    assert EXERCISES["two-clocks"].judge(empty).status == "not attempted"


def test_only_the_last_revocation_counts_so_that_one_may_try_again() -> None:
    failed = [lesson_06._called(200), lesson_06._revoked(), lesson_06._called(200)]
    passed = [
        lesson_06._called(200),
        lesson_06._revoked(),
        lesson_06._asked({"active": False}),
        lesson_06._called(401),
    ]

    outcome = EXERCISES["really-gone"].judge(recording_of(*failed, *passed))

    assert outcome.passed


def test_the_newest_token_and_the_newest_rule_count() -> None:
    first = [lesson_06._put("aus1", 60, 0, 10080), lesson_06._issued(lesson_06.MONEY, 60)]
    then = [
        lesson_06._put("aus1", 10, 1440, 60),
        lesson_06._issued(lesson_06.MONEY, 10),
        lesson_06._issued(lesson_06.READING, 1440),
    ]

    outcome = EXERCISES["two-clocks"].judge(recording_of(*first, *then))

    assert outcome.passed
