"""`/api/v1/authn`: a password becomes a session token, and nothing tells why it did not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import (
    Person,
    add_user,
    authorize,
    custom_server,
    events_of,
    fields_of,
    find_person,
    move_clock,
    org_server,
    register_app,
    set_status,
)


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


def attempt(http: httpx.Client, login: str, password: str) -> httpx.Response:
    return http.post("/api/v1/authn", json={"username": login, "password": password})


def test_the_right_password_gives_a_session_token_and_the_person(
    http: httpx.Client, cora: Person
) -> None:
    answer = attempt(http, cora.login, cora.password)

    document = answer.json()
    assert answer.status_code == 200
    assert set(document) == {"expiresAt", "status", "sessionToken", "_embedded"}
    assert document["status"] == "SUCCESS"
    user = document["_embedded"]["user"]
    assert user["id"] == cora.id
    assert user["passwordChanged"].endswith("Z")
    assert set(user["profile"]) == {"login", "firstName", "lastName", "locale", "timeZone"}
    assert "no-store" in answer.headers["Cache-Control"]


def test_options_and_context_that_sdks_send_change_nothing(
    http: httpx.Client, cora: Person
) -> None:
    body = {
        "username": cora.login,
        "password": cora.password,
        "options": {"multiOptionalFactorEnroll": True, "warnBeforePasswordExpired": True},
        "context": {"deviceToken": "a-device"},
    }

    answer = http.post("/api/v1/authn", json=body)

    assert answer.json()["status"] == "SUCCESS"


@pytest.mark.parametrize("make_issuer", [org_server, custom_server])
def test_a_session_token_signs_in_at_authorize_once(
    http: httpx.Client,
    admin: httpx.Client,
    lab: Lab,
    cora: Person,
    make_issuer: Callable[[str], Any],
) -> None:
    app = register_app(admin, cora)
    token = attempt(http, cora.login, cora.password).json()["sessionToken"]
    issuer = make_issuer(lab.url)

    first = authorize(http, issuer, app, prompt="none", sessionToken=token)
    http.cookies.clear()
    again = authorize(http, issuer, app, prompt="none", sessionToken=token)

    assert "code" in first.fields
    assert again.fields["error"] == "login_required"


def test_a_session_token_lives_five_minutes(
    http: httpx.Client, admin: httpx.Client, lab: Lab, cora: Person
) -> None:
    app = register_app(admin, cora)
    token = attempt(http, cora.login, cora.password).json()["sessionToken"]
    move_clock(admin, 301)

    late = authorize(http, org_server(lab.url), app, prompt="none", sessionToken=token)

    assert fields_of(late.response)["error"] == "login_required"


@pytest.mark.parametrize("why", ["wrong", "unknown", "suspended", "deactivated", "locked"])
def test_every_refusal_looks_the_same(http: httpx.Client, admin: httpx.Client, why: str) -> None:
    nora = add_user(admin, "nora")
    login, password = nora.login, nora.password
    if why == "wrong":
        password = "wrong"
    elif why == "unknown":
        login = "nobody@bank.example"
    elif why == "locked":
        for _ in range(10):
            attempt(http, login, "wrong")
    else:
        set_status(admin, nora, {"suspended": "suspend", "deactivated": "deactivate"}[why])

    answer = attempt(http, login, password)

    document = answer.json()
    assert answer.status_code == 401
    assert document.pop("errorId").startswith("oae")
    assert document == {
        "errorCode": "E0000004",
        "errorSummary": "Authentication failed",
        "errorLink": "E0000004",
        "errorCauses": [],
    }


def test_the_tenth_failure_locks_and_leaves_an_event(
    http: httpx.Client, admin: httpx.Client
) -> None:
    nora = add_user(admin, "nora")
    answers = [attempt(http, nora.login, "wrong") for _ in range(10)]

    assert [e["eventType"] for e in events_of(admin, answers[8])] == ["user.session.start"]
    assert {e["eventType"] for e in events_of(admin, answers[9])} == {
        "user.session.start",
        "user.account.lock",
    }


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"username": "cora@bank.example"}, 400, "E0000001"),
        ({"password": "x"}, 400, "E0000001"),
        ({"username": "", "password": "x"}, 400, "E0000001"),
        ({}, 400, "E0000001"),
        ({"username": ["cora"], "password": "x"}, 400, "E0000003"),
        ({"username": "cora", "password": 1}, 400, "E0000003"),
        ([], 400, "E0000003"),
        ({"stateToken": "00unknown"}, 401, "E0000011"),
        ({"token": "unknown"}, 401, "E0000011"),
    ],
)
def test_a_body_that_says_too_little_is_refused_with_its_code(
    http: httpx.Client, body: Any, status: int, code: str
) -> None:
    answer = http.post("/api/v1/authn", json=body)

    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)


def test_a_huge_password_is_wrong_and_cheap(http: httpx.Client, cora: Person) -> None:
    answer = attempt(http, cora.login, cora.password + "x" * 500_000)

    assert answer.status_code == 401
