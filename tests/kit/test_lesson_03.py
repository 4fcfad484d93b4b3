"""Exercises of lesson 03: every known mistake has its own hint, and no short cut passes."""

from __future__ import annotations

import pytest

from grantlab.exercises import exercises_of
from grantlab.lessons.evidence import basic
from grantlab.lessons.lesson_03 import (
    EMPTY_BASIC,
    ID_NOT_IN_BODY,
    NO_VERIFIER,
    SECRET_IN_BODY,
    VERIFIER,
)
from grantlab.library.authorization_code_pkce import challenge_of
from grantlab.recording import Recording

EXERCISES = exercises_of("03").values()
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


def test_the_challenge_is_the_one_that_the_flow_would_send():
    assert exercises_of("03")["challenge"].judge(challenge_of(VERIFIER)).passed


def test_the_verifier_tells_both_alphabets_apart_and_has_a_legal_length():
    assert {"-", "_"} <= set(challenge_of(VERIFIER))
    assert 43 <= len(VERIFIER) <= 128


CLIENT = "0oa-window"


@pytest.mark.parametrize(
    ("without", "more", "headers", "hints"),
    [
        ("client_id", {}, basic(CLIENT, ""), (EMPTY_BASIC, ID_NOT_IN_BODY)),
        ("", {}, basic(CLIENT, ""), (EMPTY_BASIC,)),
        ("", {"client_secret": "hidden"}, {}, (SECRET_IN_BODY,)),
        ("code_verifier", {}, {}, (NO_VERIFIER,)),
    ],
)
def test_every_fault_of_a_recorded_request_is_named(lab, without, more, headers, hints):
    form = {
        "grant_type": "authorization_code",
        "code": "code-of-the-test",
        "client_id": CLIENT,
        "code_verifier": VERIFIER,
    } | more
    form.pop(without, None)
    recording = Recording(trust_env=False)
    with recording.client("Your app") as spa:
        spa.post(f"{lab.url}/oauth2/default/v1/token", data=form, headers=headers)

    assert exercises_of("03")["fix-the-spa"].judge(recording).reasons == hints


def test_a_good_request_with_a_worn_out_code_is_told_what_the_server_said(lab):
    form = {
        "grant_type": "authorization_code",
        "code": "code-of-the-test",
        "client_id": CLIENT,
        "code_verifier": VERIFIER,
    }
    recording = Recording(trust_env=False)
    with recording.client("Your app") as spa:
        spa.post(f"{lab.url}/oauth2/default/v1/token", data=form)

    (reason,) = exercises_of("03")["fix-the-spa"].judge(recording).reasons
    assert reason.startswith("The server gave no token: ")
