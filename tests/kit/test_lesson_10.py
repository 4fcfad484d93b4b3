"""Lesson 10: several attempts in one recording, and mistakes that are really made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from grantlab import Lab
from grantlab.exercises import exercises_of
from grantlab.lessons import lesson_10
from grantlab.lessons.evidence import exchange, recording_of
from grantlab.lessons.own import own_app
from grantlab.recording import Recording

EXERCISES = exercises_of("10")


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


KEY, OTHER_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))


@pytest.fixture
def kit_lab(lab: Any) -> Iterator[Lab]:
    """The kit in the org of the test."""
    with Lab(lab.url, lab.token) as found:
        yield found


@pytest.mark.parametrize(
    ("changes", "signing", "hint"),
    [
        ({"aud": "https://elsewhere.example/token"}, {}, lesson_10.WRONG_AUDIENCE),
        ({"exp": -60}, {}, lesson_10.EXPIRED),
        ({"exp": 7200}, {}, lesson_10.TOO_FAR),
        ({"exp": None}, {}, lesson_10.NO_EXP),
        ({"sub": "somebody-else"}, {}, lesson_10.NOT_ITSELF),
        ({"iss": "nobody", "sub": "nobody"}, {}, lesson_10.UNKNOWN_ISSUER),
        ({"jti": "of-the-first-request"}, {}, lesson_10.USED_TWICE),
        ({"jti": None}, {}, lesson_10.NO_JTI),
        ({}, {"kid": "key-9"}, lesson_10.WRONG_KID),
        ({}, {"key": "a secret of thirty-two bytes or more", "alg": "HS256"}, lesson_10.SHARED_KEY),
        ({}, {"key": OTHER_KEY}, lesson_10.WRONG_KEY),
        ({}, {}, None),
    ],
)
def test_a_mistake_that_is_really_made_gets_its_hint(
    kit_lab: Lab, changes: dict[str, Any], signing: dict[str, Any], hint: str | None
) -> None:
    public = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "key-1"}
    app = own_app(kit_lab, "Job", auth="private_key_jwt", jwks={"keys": [public]})
    grant = {"scopeId": "okta.groups.read", "issuer": kit_lab.url}
    kit_lab.admin.post(f"/api/v1/apps/{app.id}/grants", json=grant).raise_for_status()
    recording, now = Recording(), int(kit_lab.now())
    ours = {"iss": app.client_id, "sub": app.client_id, "aud": f"{kit_lab.url}/oauth2/v1/token"}
    sound = ours | {"exp": now + 300, "jti": "of-the-first-request"}
    if isinstance(changes.get("exp"), int):
        changes = changes | {"exp": now + changes["exp"]}
    wrong = sound | {"jti": "of-the-second-request"} | changes

    def ask(claims: dict[str, Any], key: Any = KEY, kid: str = "key-1", alg: str = "ES256") -> None:
        said = {name: value for name, value in claims.items() if value is not None}
        form = {
            "grant_type": "client_credentials",
            "scope": "okta.groups.read",
            "client_assertion_type": lesson_10.ASSERTION_TYPE,
            "client_assertion": jwt.encode(said, key, algorithm=alg, headers={"kid": kid}),
        }
        recording.client("Job").post(ours["aud"], data=form)

    ask(sound)
    ask(wrong, **signing)

    reasons = EXERCISES["by-hand-assertion"].judge(recording).reasons
    assert reasons == (() if hint is None else (hint,))
