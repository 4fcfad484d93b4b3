"""Lesson 06: every known mistake has a hint of its own, and no short cut passes."""

from __future__ import annotations

import pytest

from grantlab.exercises import Exercise, ShortCut, WrongAnswer, exercises_of
from grantlab.lessons import lesson_06
from grantlab.lessons.evidence import recording_of
from grantlab.recording import Recording

EXERCISES = exercises_of("06")
MISTAKES = [
    pytest.param(one, wrong, id=f"{one.name}-{number}")
    for one in EXERCISES.values()
    for number, wrong in enumerate(one.wrong_answers)
]
SHORT_CUTS = [
    pytest.param(one, cut, id=f"{one.name}: {cut.why}")
    for one in EXERCISES.values()
    for cut in one.short_cuts
]


def test_the_lesson_has_the_exercises_of_the_curriculum() -> None:
    assert list(EXERCISES) == ["read-active", "spot-the-thief", "really-gone", "two-clocks"]


@pytest.mark.parametrize(("exercise", "wrong"), MISTAKES)
def test_a_known_mistake_gets_its_own_hint(exercise: Exercise, wrong: WrongAnswer) -> None:
    outcome = exercise.judge(wrong.evidence)

    assert outcome.status == "not yet"
    assert wrong.hint in outcome.reasons


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=list(EXERCISES))
def test_no_two_mistakes_share_a_hint_and_every_exercise_has_three_and_a_short_cut(
    exercise: Exercise,
) -> None:
    hints = [wrong.hint for wrong in exercise.wrong_answers]

    assert len(set(hints)) == len(hints) >= 3
    assert len(exercise.hints) == 3
    assert exercise.short_cuts


@pytest.mark.parametrize(("exercise", "cut"), SHORT_CUTS)
def test_a_short_cut_does_not_pass(exercise: Exercise, cut: ShortCut) -> None:
    assert exercise.judge(cut.evidence).status == "not yet"


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
