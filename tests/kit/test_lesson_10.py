"""Lesson 10: every known mistake has a hint of its own, and no short cut passes."""

from __future__ import annotations

import pytest

from grantlab.exercises import Exercise, ShortCut, WrongAnswer, exercises_of
from grantlab.lessons import lesson_10
from grantlab.lessons.evidence import exchange, recording_of
from grantlab.recording import Recording

EXERCISES = exercises_of("10")
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


def test_the_lesson_has_its_exercises_in_order() -> None:
    assert list(EXERCISES) == [
        "keep-it-quiet",
        "which-refusal",
        "by-hand-assertion",
        "roll-the-key",
    ]


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


def test_nothing_is_attempted_while_the_recordings_are_empty() -> None:
    for name in ("keep-it-quiet", "by-hand-assertion", "roll-the-key"):
        assert EXERCISES[name].judge(Recording()).status == "not attempted"


def test_a_token_by_a_secret_in_the_header_passes_after_a_failed_attempt() -> None:
    failed = lesson_10._with_secret(400, query=True)
    passed = lesson_10._with_secret(200, header=True)

    assert EXERCISES["keep-it-quiet"].judge(recording_of(*failed, *passed)).passed


def test_a_secret_in_header_and_address_is_leaked_all_the_same() -> None:
    twice = lesson_10._with_secret(200, header=True, query=True)

    assert EXERCISES["keep-it-quiet"].judge(twice).reasons == (lesson_10.IN_THE_ADDRESS,)


def test_a_signed_assertion_that_got_a_token_passes() -> None:
    assert EXERCISES["by-hand-assertion"].judge(lesson_10._with_assertion()).passed


def test_what_the_server_says_and_nobody_foresaw_is_passed_on() -> None:
    odd = lesson_10._with_assertion(401, "Something that was never said before.")

    (reason,) = EXERCISES["by-hand-assertion"].judge(odd).reasons

    assert "Something that was never said before." in reason


def test_removing_the_old_key_counts_like_switching_it_off() -> None:
    removed = exchange("DELETE", f"{lesson_10._JWKS}/pks1", 204)
    story = (lesson_10._token("key-1"), lesson_10._NEW, lesson_10._token("key-2"), removed)

    outcome = EXERCISES["roll-the-key"].judge(recording_of(*story, lesson_10._token("key-2")))

    assert outcome.passed
