"""Exercises of all lessons: known mistakes have hints of their own, and no short cut passes."""

from __future__ import annotations

import pytest

from grantlab.exercises import Exercise, exercises_of
from grantlab.judging import judge_exercise
from grantlab.lesson_files import HERE

LESSONS = [path.stem.removeprefix("lesson_") for path in sorted(HERE.glob("lessons/lesson_*.py"))]
EXERCISES = [
    pytest.param(one, id=f"{lesson}-{one.name}")
    for lesson in LESSONS
    for one in exercises_of(lesson).values()
]

CURRICULUM = {
    "00": ["first-answer", "find-the-challenge"],
    "01": ["blast-radius", "three-words", "one-app-out"],
    "02": ["send-the-person-off", "who-sees-what", "redeem-once", "close-the-door"],
    "03": ["challenge", "fix-the-spa", "which-client"],
    "04": ["by-hand", "trust-list", "clock", "hands-off"],
    "05": ["which-one", "accept-the-login", "missing-email"],
    "06": ["read-active", "spot-the-thief", "really-gone", "two-clocks"],
    "07": ["whose-token", "right-endpoint", "one-server-per-product", "never-this"],
    "08": ["split-admin", "unknown-scope", "tell-less", "no-lookup"],
    "09": ["walk", "unexpected-scope", "only-these-clients", "minutes-not-hours", "no-match"],
    "10": ["keep-it-quiet", "by-hand-assertion", "empty-list", "roll-the-key", "either-or"],
    "11": ["sub-group-only", "two-refusals", "act-as"],
    "12": ["decide", "migrate", "enough-and-no-more", "thirty-days"],
    "13": ["map-users", "map-role", "authn-is-different", "prove-excess", "fix-the-list"],
    "14": ["write-the-gate", "aud-and-cid", "cache-right", "header-only"],
    "15": ["verb-map", "edge-cache", "which-layer", "behind-the-back"],
}


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_its_exercises_in_the_order_of_the_curriculum(lesson: str) -> None:
    assert list(exercises_of(lesson)) == CURRICULUM[lesson]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_its_hints_wrong_answers_and_short_cuts_are_sound(exercise: Exercise) -> None:
    assert list(judge_exercise(exercise)) == []
