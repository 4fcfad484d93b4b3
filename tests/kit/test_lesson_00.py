"""Exercises of lesson 00: every known mistake has its own hint, and no short cut passes."""

from __future__ import annotations

import pytest

from grantlab.exercises import exercises_of

EXERCISES = exercises_of("00").values()
MISTAKES = [(one, mistake) for one in EXERCISES for mistake in one.wrong_answers]
SHORT_CUTS = [(one, short_cut) for one in EXERCISES for short_cut in one.short_cuts]


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_a_known_mistake_is_not_yet_right_and_gets_its_own_hint(exercise, mistake):
    outcome = exercise.judge(mistake.evidence)

    assert outcome.status == "not yet"
    assert any(mistake.hint in reason for reason in outcome.reasons), outcome.reasons


@pytest.mark.parametrize(("exercise", "short_cut"), SHORT_CUTS)
def test_a_short_cut_does_not_pass(exercise, short_cut):
    assert exercise.judge(short_cut.evidence).status == "not yet", short_cut.why


@pytest.mark.parametrize("exercise", EXERCISES)
def test_each_exercise_has_mistakes_a_short_cut_and_three_hints(exercise):
    assert exercise.wrong_answers
    assert exercise.short_cuts
    assert len(exercise.hints) == 3


@pytest.mark.parametrize("name", ["WWW-Authenticate", "www-authenticate", " Www-Authenticate: "])
def test_capitals_and_a_colon_make_no_other_header(name):
    assert exercises_of("00")["find-the-challenge"].judge(name).passed


@pytest.mark.parametrize("answer", [True, 401.5, "four hundred and one", {"status": 401}])
def test_a_status_that_is_no_whole_number_is_told_so(answer):
    outcome = exercises_of("00")["first-answer"].judge(answer)

    assert outcome.reasons == ("A status code is a whole number, such as 200.",)
