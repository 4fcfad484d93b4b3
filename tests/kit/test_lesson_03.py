"""Lesson 03: the challenge, and requests that a real server was sent."""

from __future__ import annotations

import pytest

from grantlab.exercises import exercises_of
from grantlab.lessons.evidence import basic
from grantlab.lessons.lesson_03 import (
    EMPTY_BASIC,
    ID_NOT_IN_BODY,
    NO_VERIFIER,
    OTHER_ALPHABET,
    PADDED,
    SECRET_IN_BODY,
    VERIFIER,
)
from grantlab.library.authorization_code_pkce import challenge_of
from grantlab.recording import Recording


def test_the_challenge_is_the_one_that_the_flow_would_send():
    assert exercises_of("03")["challenge"].judge(challenge_of(VERIFIER)).passed


def test_padded_ordinary_base64_is_told_both_faults():
    answer = challenge_of(VERIFIER).replace("-", "+").replace("_", "/") + "="

    assert exercises_of("03")["challenge"].judge(answer).reasons == (OTHER_ALPHABET, PADDED)


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
