"""Every state of `/api/v1/authn` with every operation: what the table forbids is refused, E0000079.

And what goes wrong around a step: bodies, methods, tokens of other kinds and of other orgs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from labserver.domain.authn import LEADS, PATHS, Operation, Status
from tests.conftest import Lab
from tests.speaking import PASSWORD, Person, authorize, done, move_clock, org_server, register_app
from tests.web.signing_in import (
    ANSWER,
    AUTHN,
    PHONE,
    add_person,
    begin,
    code_of,
    give_factor,
    let_enroll,
    link_token,
    password_rules,
    require_factor,
    step,
)

FACTOR = "ufsNobody"
WITH_TOKEN: tuple[Status, ...] = tuple(status for status, legal in LEADS.items() if "show" in legal)
STEPS: tuple[Operation, ...] = tuple(
    operation
    for operation in PATHS
    if any(operation in LEADS[status] for status in WITH_TOKEN) and operation != "show"
)
URLS = [path.format(factor_id=FACTOR, factor_type="SMS") for path in PATHS.values()]
BODY = {
    "oldPassword": PASSWORD,
    "newPassword": "Another-Sesame-27",
    "answer": ANSWER,
    "passCode": "123456",
    "factorType": "sms",
    "provider": "OKTA",
    "profile": {"phoneNumber": PHONE},
}
"""A body that has all that any step reads."""


def reach(http: httpx.Client, admin: httpx.Client, status: Status) -> str:
    """The state token of a transaction in this status."""
    return REACH[status](http, admin)


def _recovery(http: httpx.Client, admin: httpx.Client, *, question: bool) -> str:
    person = add_person(admin, question=question)
    done(step(http, "/recovery/password", username=person.login, factorType="EMAIL"))
    opened = done(step(http, "/recovery/token", recoveryToken=link_token(admin)))
    return str(opened["stateToken"])


def _recovery_challenge(http: httpx.Client, admin: httpx.Client) -> str:
    person = add_person(admin)
    asked = step(http, "/recovery/password", username=person.login, factorType="SMS")
    return str(done(asked)["stateToken"])


def _mfa_required(http: httpx.Client, admin: httpx.Client) -> str:
    person = add_person(admin)
    require_factor(admin)
    give_factor(admin, person, "sms")
    return str(begin(http, person)["stateToken"])


def _mfa_challenge(http: httpx.Client, admin: httpx.Client) -> str:
    state = _mfa_required(http, admin)
    factor = done(step(http, stateToken=state))["_embedded"]["factors"][0]["id"]
    done(step(http, f"/factors/{factor}/verify", stateToken=state))
    return state


def _mfa_enroll(http: httpx.Client, admin: httpx.Client) -> str:
    let_enroll(admin, "REQUIRED", "sms")
    return str(begin(http, add_person(admin))["stateToken"])


def _mfa_enroll_activate(http: httpx.Client, admin: httpx.Client) -> str:
    state = _mfa_enroll(http, admin)
    body = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": PHONE}}
    done(step(http, "/factors", stateToken=state, **body))
    return state


def _password_expired(http: httpx.Client, admin: httpx.Client) -> str:
    person = add_person(admin)
    done(admin.post(f"/api/v1/users/{person.id}/lifecycle/expire_password"))
    return str(begin(http, person)["stateToken"])


def _password_warn(http: httpx.Client, admin: httpx.Client) -> str:
    person = add_person(admin)
    password_rules(admin, "age", maxAgeDays=30, expireWarnDays=5)
    move_clock(admin, 27 * 24 * 3600)
    return str(begin(http, person, options={"warnBeforePasswordExpired": True})["stateToken"])


REACH: dict[Status, Callable[[httpx.Client, httpx.Client], str]] = {
    "RECOVERY": lambda http, admin: _recovery(http, admin, question=True),
    "RECOVERY_CHALLENGE": _recovery_challenge,
    "PASSWORD_RESET": lambda http, admin: _recovery(http, admin, question=False),
    "MFA_REQUIRED": _mfa_required,
    "MFA_CHALLENGE": _mfa_challenge,
    "MFA_ENROLL": _mfa_enroll,
    "MFA_ENROLL_ACTIVATE": _mfa_enroll_activate,
    "PASSWORD_EXPIRED": _password_expired,
    "PASSWORD_WARN": _password_warn,
}


@pytest.mark.parametrize("status", WITH_TOKEN)
def test_what_the_table_forbids_in_a_state_is_refused_and_changes_nothing(
    http: httpx.Client, admin: httpx.Client, status: Status
) -> None:
    state = reach(http, admin, status)
    answers = {}

    for operation in STEPS:
        if operation not in LEADS[status]:
            path = PATHS[operation].format(factor_id=FACTOR, factor_type="SMS")
            answer = http.post(path, json={"stateToken": state} | BODY)
            answers[operation] = code_of(answer)

    assert set(answers.values()) == {(403, "E0000079")}, answers
    assert done(step(http, stateToken=state))["status"] == status


@pytest.mark.parametrize("status", WITH_TOKEN)
def test_every_state_can_be_cancelled(
    http: httpx.Client, admin: httpx.Client, status: Status
) -> None:
    state = reach(http, admin, status)

    cancelled = step(http, "/cancel", stateToken=state)

    assert done(cancelled) == {"relayState": None}
    assert code_of(step(http, stateToken=state)) == (401, "E0000011")


@pytest.mark.parametrize("status", WITH_TOKEN)
def test_every_state_ends_with_its_time(
    http: httpx.Client, admin: httpx.Client, status: Status
) -> None:
    state = reach(http, admin, status)
    move_clock(admin, 301)

    for operation in STEPS:
        path = PATHS[operation].format(factor_id=FACTOR, factor_type="SMS")
        answer = http.post(path, json={"stateToken": state} | BODY)

        assert code_of(answer) == (401, "E0000011")


@pytest.mark.parametrize("status", WITH_TOKEN)
def test_the_links_of_a_state_lead_to_operations_that_exist(
    http: httpx.Client, admin: httpx.Client, status: Status, lab: Lab
) -> None:
    state = reach(http, admin, status)
    links = done(step(http, stateToken=state))["_links"]
    resends = links.pop("resend", [])

    for link in [*links.values(), *resends]:
        assert link["href"].startswith(f"{lab.url}{AUTHN}/")
        assert link["hints"] == {"allow": ["POST"]}
        answer = http.post(link["href"], json={})
        assert code_of(answer) == (400, "E0000001")


def test_a_body_that_is_no_json_object_is_refused(http: httpx.Client) -> None:
    for url in URLS:
        as_form = http.post(url, data={"stateToken": "x"})
        broken = http.post(url, content="{", headers={"Content-Type": "application/json"})
        a_list = http.post(url, json=["stateToken"])
        with_get = http.get(url)

        assert code_of(as_form) == (400, "E0000021")
        assert code_of(broken) == code_of(a_list) == (400, "E0000003")
        assert code_of(with_get) == (405, "E0000022")


@pytest.mark.parametrize("odd", [7, True, [], {}, 1.5, "", None, "x" * 30_000])
def test_odd_values_are_refused_and_never_a_fault(http: httpx.Client, odd: object) -> None:
    names = [*BODY, "stateToken", "username", "password", "token", "recoveryToken"]
    names += ["relayState", "options", "context", "revokeSessions"]

    codes = {code_of(http.post(url, json=dict.fromkeys(names, odd))) for url in URLS}

    assert codes <= {(400, "E0000001"), (400, "E0000003"), (401, "E0000011")}


def test_an_unknown_path_below_is_not_found(http: httpx.Client) -> None:
    assert code_of(step(http, "/nowhere", stateToken="x")) == (404, "E0000008")


def test_no_kind_of_token_passes_for_another(
    http: httpx.Client, admin: httpx.Client, lab: Lab
) -> None:
    person = add_person(admin, "otto", question=False)
    session_token = begin(http, person)["sessionToken"]
    asked = step(admin, "/recovery/password", username=person.login)
    recovery_token = done(asked)["recoveryToken"]
    state_token = reach(http, admin, "MFA_REQUIRED")
    app = register_app(admin, person)

    for name, path, values in (
        ("stateToken", "", (session_token, recovery_token, lab.token)),
        ("token", "", (session_token, recovery_token, state_token)),
        ("recoveryToken", "/recovery/token", (session_token, state_token, lab.token)),
    ):
        for value in values:
            assert code_of(step(http, path, **{name: value})) == (401, "E0000011")
    for value in (state_token, recovery_token):
        late = authorize(http, org_server(lab.url), app, prompt="none", sessionToken=value)
        assert late.fields["error"] == "login_required"
        headers = {"Authorization": f"SSWS {value}"}
        assert http.get("/api/v1/users/me", headers=headers).status_code == 401


def test_the_tokens_of_one_org_are_nothing_in_another(
    http: httpx.Client, admin: httpx.Client, new_lab: Callable[[], Lab]
) -> None:
    state = reach(http, admin, "RECOVERY")
    person = add_person(admin, "otto")
    asked = step(admin, "/recovery/password", username=person.login)
    recovery_token = done(asked)["recoveryToken"]

    with httpx.Client(base_url=new_lab().url, trust_env=False) as stranger:
        for operation in STEPS:
            path = PATHS[operation].format(factor_id=FACTOR, factor_type="SMS")
            answer = stranger.post(path, json={"stateToken": state} | BODY)
            assert code_of(answer) == (401, "E0000011")
        answer = step(stranger, "/recovery/token", recoveryToken=recovery_token)
        assert code_of(answer) == (401, "E0000011")

    assert done(step(http, stateToken=state))["status"] == "RECOVERY"
    assert done(step(http, "/recovery/token", recoveryToken=recovery_token))


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/recovery/password", {"factorType": "EMAIL"}, "username"),
        ("/recovery/password", {"username": "x"}, "factorType"),
        ("/recovery/password", {"username": "x", "factorType": "PIGEON"}, "factorType"),
        ("/recovery/unlock", {"username": "x"}, "factorType"),
        (
            "/recovery/unlock",
            {"username": "x", "factorType": "SMS", "relayState": "x" * 2049},
            "relayState",
        ),
        ("/recovery/token", {}, "recoveryToken"),
        ("/skip", {}, "stateToken"),
    ],
)
def test_a_missing_or_wrong_field_is_named(
    http: httpx.Client, path: str, body: dict[str, Any], field: str
) -> None:
    answer = step(http, path, **body)

    assert code_of(answer) == (400, "E0000001")
    assert answer.json()["errorSummary"] == f"Api validation failed: {field}"


def test_no_answer_is_kept_by_a_cache_and_no_secret_is_in_the_log(
    http: httpx.Client, admin: httpx.Client
) -> None:
    person = Person("", "otto@bank.example")
    add_person(admin, "otto", question=False)
    asked = done(step(admin, "/recovery/password", username=person.login))
    opened = step(http, "/recovery/token", recoveryToken=asked["recoveryToken"])
    refused = step(http, "/skip", stateToken=done(opened)["stateToken"])

    log = admin.get("/api/v1/logs").text

    for answer in (opened, refused):
        assert "no-store" in answer.headers["Cache-Control"]
    for secret in (asked["recoveryToken"], opened.json()["stateToken"]):
        assert secret not in log
