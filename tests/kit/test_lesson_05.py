"""Lesson 05: odd functions and recordings, and right answers in other shapes."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from grantlab.exercises import exercises_of
from grantlab.lessons import lesson_05
from grantlab.lessons.evidence import recording_of
from grantlab.lessons.logins import Login, claims_for, faulty, new_login, signed
from grantlab.recording import Recording

EXERCISES = exercises_of("05")


def test_a_function_that_raises_or_was_called_already_is_not_yet() -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("in the learner's own code")

    raised, called = (
        EXERCISES["accept-the-login"].judge(answer) for answer in (broken, {"sub": "00uNia"})
    )

    assert raised.status == "not yet"
    assert "ZeroDivisionError" in raised.reasons[0]
    assert called.reasons == (lesson_05.NO_FUNCTION,)


def test_checks_made_by_hand_without_a_library_s_decode_pass_too() -> None:
    def part(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "==")

    def by_hand(id_token: str, login: Login) -> Any:
        head, payload, signature = id_token.split(".")
        header, claims = json.loads(part(head)), json.loads(part(payload))
        key: RSAPublicKey = login.keys[header["kid"]].key
        key.verify(part(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(), SHA256())
        for_us = (claims["iss"], claims["aud"]) == (login.issuer, login.client_id)
        fresh = claims["nonce"] == login.nonce and claims["exp"] > time.time()
        return claims if header["alg"] == "RS256" and for_us and fresh else False

    assert EXERCISES["accept-the-login"].judge(by_hand).passed


def test_each_faulty_token_has_one_fault_and_the_good_one_none() -> None:
    login, now = new_login(), int(time.time())
    good = claims_for(login, now)

    def claims_in(token: str) -> dict[str, Any]:
        return dict(jwt.decode(token, options={"verify_signature": False}))

    changed = {
        fault: {name for name in good if claims_in(token).get(name) != good[name]}
        for fault, token in faulty(good, now)
    }

    assert claims_in(signed(good)) == good
    assert changed == {
        "forged": set(),
        "other audience": {"aud"},
        "old nonce": {"nonce"},
        "no nonce": {"nonce"},
        "wrong issuer": {"iss"},
        "expired": {"iat", "exp"},
        "access token": {"jti", "aud", "nonce"},
    }


@pytest.mark.parametrize("by", ["id token", "userinfo"])
def test_the_address_may_be_told_by_either(by: str) -> None:
    person = lesson_05._NIA | {"email": lesson_05.ADDRESS}
    told = lesson_05._got(person) if by == "id token" else lesson_05._userinfo(person)
    evidence = lesson_05._found(lesson_05.ADDRESS, lesson_05._sent_off("openid email"), told)

    assert EXERCISES["missing-email"].judge(evidence).passed


def test_a_recording_that_begins_with_the_right_sign_in_passes() -> None:
    person = lesson_05._NIA | {"email": lesson_05.ADDRESS}
    seen = recording_of(lesson_05._sent_off("openid email"), lesson_05._got(person))

    assert EXERCISES["missing-email"].judge({"address": lesson_05.ADDRESS, "seen": seen}).passed


def test_an_address_of_one_s_own_after_the_server_told_another_gets_its_own_words() -> None:
    told = lesson_05._got(lesson_05._NIA | {"email": lesson_05.ADDRESS})
    evidence = lesson_05._found("nia@bank.example", lesson_05._sent_off("openid email"), told)

    assert EXERCISES["missing-email"].judge(evidence).reasons == (lesson_05.ANOTHER,)


@pytest.mark.parametrize(
    "evidence", ["nia@post.example", {"address": "nia@post.example"}, {"seen": Recording()}, 7]
)
def test_evidence_of_another_shape_is_not_yet(evidence: object) -> None:
    assert EXERCISES["missing-email"].judge(evidence).status == "not yet"


def test_an_address_not_given_yet_is_not_attempted() -> None:
    evidence = {"address": ..., "seen": recording_of(lesson_05._sent_off("openid"))}

    assert EXERCISES["missing-email"].judge(evidence).status == "not attempted"


def test_a_case_or_a_word_that_is_none_is_named() -> None:
    chosen = {"A": "SAML", "Z": "OAuth"}

    reasons = EXERCISES["which-one"].judge(chosen).reasons

    assert "There is no case called “Z”." in reasons
    assert "“SAML” is none of the three words." in reasons
    assert "Case B has no answer yet." in reasons
