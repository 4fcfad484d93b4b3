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
from grantlab.lessons import lesson_10, service_calls
from grantlab.lessons.evidence import exchange, recording_of
from grantlab.lessons.own import own_app
from grantlab.lessons.own_service import OwnService, own_service
from grantlab.recording import Recording

EXERCISES = exercises_of("10")


def test_nothing_is_attempted_while_the_recordings_are_empty() -> None:
    for exercise in EXERCISES.values():
        assert exercise.judge(Recording()).status == "not attempted"


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


def test_who_shows_at_the_end_that_the_old_key_is_dead_has_rolled_it_too() -> None:
    token, new, off = lesson_10._token, lesson_10._NEW, lesson_10._OFF
    story = (token("key-1"), new, token("key-2"), off, token("key-1", 401), token("key-2"))

    rolled = EXERCISES["roll-the-key"].judge(recording_of(*story))
    unused = EXERCISES["roll-the-key"].judge(recording_of(token("key-1"), new, off, *story[4:]))

    assert rolled.passed
    assert lesson_10.FAILED_CALL in unused.reasons


def test_a_role_that_was_taken_back_is_not_held_against_anybody() -> None:
    too_much = service_calls._role("SUPER_ADMIN", "ra1")
    back = exchange("DELETE", f"{service_calls._CLIENT}/roles/ra1", 204)
    enough = service_calls._role("READ_ONLY_ADMIN", "ra2")

    story = (service_calls._listed(403), too_much, back, enough, service_calls._listed())

    assert EXERCISES["empty-list"].judge(recording_of(*story)).passed


def test_two_faults_of_one_try_are_both_told() -> None:
    story = (service_calls._more_scopes("okta.users.read"), service_calls._role("ORG_ADMIN"))

    outcome = EXERCISES["empty-list"].judge(recording_of(*story, service_calls._listed(403)))

    assert outcome.reasons == (
        service_calls.MORE_SCOPES,
        service_calls.LARGER,
        service_calls.STILL_REFUSED,
    )


def test_a_program_that_first_failed_and_then_fetched_its_token_passes() -> None:
    assertion = service_calls.made_assertion()
    failed = service_calls._with(service_calls.FETCHES, assertion, 401)
    story = (failed, *service_calls._FETCHES_RIGHT, *service_calls._BRINGS_RIGHT)

    assert EXERCISES["either-or"].judge(recording_of(*story)).passed


def test_the_modes_of_programs_with_other_names_are_not_yet_shown() -> None:
    mine = [service_calls._by("Mine", one) for one in service_calls._FETCHES_RIGHT]

    assert EXERCISES["either-or"].judge(recording_of(*mine)).reasons == (
        service_calls.DID_NOT_FETCH,
        *service_calls.NOT_YET_CALLED.values(),
    )


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
            "client_assertion_type": service_calls.ASSERTION_TYPE,
            "client_assertion": jwt.encode(said, key, algorithm=alg, headers={"kid": kid}),
        }
        recording.client("Job").post(ours["aud"], data=form)

    ask(sound)
    ask(wrong, **signing)

    reasons = EXERCISES["by-hand-assertion"].judge(recording).reasons
    assert reasons == (() if hint is None else (hint,))


GROUPS = f"{service_calls.GROUPS}?limit=10"


def fetched(lab: Lab, service: OwnService, recording: Recording, sender: str) -> str:
    """An access token of the service's, asked for by this sender."""
    form = {"grant_type": "client_credentials", "scope": "okta.groups.read"}
    answer = recording.client(sender).post(service.token_url, data=form | service.proof(lab.now()))
    return str(answer.json()["access_token"])


@pytest.mark.parametrize(
    ("role", "hints"),
    [
        ("", (service_calls.STILL_REFUSED,)),
        ("REPORT_ADMIN", (service_calls.LARGER, service_calls.STILL_REFUSED)),
        ("SUPER_ADMIN", (service_calls.ALL_POWERFUL,)),
        ("USER_ADMIN", (service_calls.LARGER,)),
        ("READ_ONLY_ADMIN", ()),
        ("GROUP_MEMBERSHIP_ADMIN", ()),
    ],
)
def test_what_a_role_really_opens_is_what_the_exercise_says(
    kit_lab: Lab, role: str, hints: tuple[str, ...]
) -> None:
    service, recording = own_service(kit_lab, "Job", "okta.groups.read"), Recording()
    token = fetched(kit_lab, service, Recording(), "Job")
    admin = recording.client("You", base_url=kit_lab.url, headers=kit_lab.admin.headers)
    bearer = {"Authorization": f"Bearer {token}"}
    listing = recording.client("Job", base_url=kit_lab.url, headers=bearer)

    if role:
        admin.post(f"/oauth2/v1/clients/{service.id}/roles", json={"type": role})
    listing.get(GROUPS)

    assert EXERCISES["empty-list"].judge(recording).reasons == hints


def test_both_modes_pass_for_real_and_an_assertion_is_no_access_token(kit_lab: Lab) -> None:
    service = own_service(kit_lab, "Job", "okta.groups.read", role="READ_ONLY_ADMIN")
    recording = Recording()
    brought = fetched(kit_lab, service, Recording(), "Somebody")
    fetching, bringing = (
        recording.client(name, base_url=kit_lab.url)
        for name in (service_calls.FETCHES, service_calls.BRINGS)
    )

    bringing.get(GROUPS, headers={"Authorization": f"Bearer {brought}"})
    own = fetched(kit_lab, service, recording, service_calls.FETCHES)
    assertion = service.proof(kit_lab.now())["client_assertion"]
    fetching.get(GROUPS, headers={"Authorization": f"Bearer {assertion}"})
    mistaken = EXERCISES["either-or"].judge(recording)
    fetching.get(GROUPS, headers={"Authorization": f"Bearer {own}"})

    assert mistaken.reasons == (service_calls.NO_ACCESS_TOKEN,)
    assert EXERCISES["either-or"].judge(recording).passed
