"""Who is signed in, when a page comes, and when it may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    assert_sent_back,
    authorize,
    authorize_parameters,
    claims_of,
    done,
    exchange_code,
    fields_of,
    move_clock,
    register_app,
    set_status,
    sign_in,
    type_password,
)

SIGN_IN_PAGE = "/login/login.htm"


def leads_to_sign_in(answer: httpx.Response) -> bool:
    return answer.status_code in (302, 303) and SIGN_IN_PAGE in answer.headers["Location"]


@pytest.fixture
def signed_in(http: httpx.Client, issuer: Issuer, web: App, cora: Person) -> httpx.Client:
    """A browser in which Cora has signed in."""
    assert authorize(http, issuer, web, cora).code
    return http


def test_nobody_is_signed_in_and_the_page_comes(
    http: httpx.Client, issuer: Issuer, web: App
) -> None:
    answer = authorize(http, issuer, web).response

    assert leads_to_sign_in(answer)
    assert answer.headers["Location"].startswith("/")


def test_the_session_will_do_for_the_next_app(
    signed_in: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    other = register_app(admin, cora)

    assert authorize(signed_in, issuer, other).code


def test_a_person_signs_in_on_the_page_and_the_app_gets_its_code(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, login_hint=cora.login)

    answer = type_password(http, authorized.response, cora)

    assert set(fields_of(answer)) == {"code", "state", "iss"}
    assert fields_of(answer)["state"] == "state-of-the-app"


def test_a_waiting_request_is_answered_once(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    waiting = authorize(http, issuer, web).response
    handle = fields_of(waiting)["request_uri"]
    first = type_password(http, waiting, cora)

    second = http.get(issuer.at("authorize"), params={"client_id": web.id, "request_uri": handle})

    assert "code" in fields_of(first)
    assert second.status_code == 400
    assert "Location" not in second.headers


def test_a_waiting_request_goes_on_in_its_own_browser_alone(
    http: httpx.Client,
    new_browser: Callable[[], httpx.Client],
    issuer: Issuer,
    web: App,
    cora: Person,
) -> None:
    handle = fields_of(authorize(http, issuer, web).response)["request_uri"]
    victim = new_browser()
    assert authorize(victim, issuer, web, cora).code

    answer = victim.get(issuer.at("authorize"), params={"client_id": web.id, "request_uri": handle})

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_waiting_request_is_its_clients_and_its_servers_alone(
    http: httpx.Client, admin: httpx.Client, org: Issuer, custom: Issuer, web: App, cora: Person
) -> None:
    other = register_app(admin, cora)
    handle = fields_of(authorize(http, org, web).response)["request_uri"]

    by_other = http.get(org.at("authorize"), params={"client_id": other.id, "request_uri": handle})
    elsewhere = http.get(
        custom.at("authorize"), params={"client_id": web.id, "request_uri": handle}
    )

    assert by_other.status_code == 400
    assert "does not match the expected value" in by_other.text
    assert elsewhere.status_code == 400
    assert "issued for another authorization server" in elsewhere.text


def test_a_waiting_request_keeps_its_own_parameters(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    waiting = authorize(http, issuer, web).response
    type_password(http, waiting, cora)
    handle = fields_of(authorize(http, issuer, web, prompt="login").response)["request_uri"]

    answer = http.get(
        issuer.at("authorize"),
        params={"client_id": web.id, "request_uri": handle, "prompt": "none", "state": "mine"},
    )

    assert leads_to_sign_in(answer)


# prompt


def test_prompt_none_shows_no_page(http: httpx.Client, issuer: Issuer, web: App) -> None:
    assert_sent_back(
        authorize(http, issuer, web, prompt="none").response,
        "login_required",
        "The client specified not to prompt, but the user is not logged in.",
    )


def test_prompt_none_with_a_session_is_silent(
    signed_in: httpx.Client, issuer: Issuer, web: App
) -> None:
    assert authorize(signed_in, issuer, web, prompt="none").code


def test_prompt_login_asks_again_and_auth_time_moves(
    signed_in: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    before = done(exchange_code(signed_in, issuer, authorize(signed_in, issuer, web)))
    move_clock(admin, 100)
    authorized = authorize(signed_in, issuer, web, prompt="login")
    assert leads_to_sign_in(authorized.response)

    answer = type_password(signed_in, authorized.response, cora)

    after = done(exchange_code(signed_in, issuer, authorized, code=fields_of(answer)["code"]))
    assert (
        claims_of(after["id_token"])["auth_time"]
        >= claims_of(before["id_token"])["auth_time"] + 100
    )


def test_the_session_alone_keeps_auth_time(
    signed_in: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App
) -> None:
    before = done(exchange_code(signed_in, issuer, authorize(signed_in, issuer, web)))
    move_clock(admin, 100)

    after = done(exchange_code(signed_in, issuer, authorize(signed_in, issuer, web)))

    times = [claims_of(each["id_token"])["auth_time"] for each in (before, after)]
    assert times[0] == times[1]


# max_age


@pytest.mark.parametrize(("max_age", "asked"), [("200", False), ("100", True), ("0", True)])
def test_max_age_asks_again_when_the_sign_in_is_older(
    signed_in: httpx.Client,
    admin: httpx.Client,
    issuer: Issuer,
    web: App,
    max_age: str,
    asked: bool,
) -> None:
    move_clock(admin, 100)

    answer = authorize(signed_in, issuer, web, max_age=max_age).response

    assert leads_to_sign_in(answer) is asked


def test_an_elapsed_max_age_and_prompt_none_do_not_go_together(
    signed_in: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App
) -> None:
    move_clock(admin, 100)

    assert_sent_back(
        authorize(signed_in, issuer, web, max_age="50", prompt="none").response,
        "login_required",
        "The client specified not to prompt, but the client app requires re-authentication or MFA.",
    )


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_fresh_sign_in_on_the_page_satisfies_the_request(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, changes: dict[str, Any]
) -> None:
    authorized = authorize(http, issuer, web, **changes)

    answer = type_password(http, authorized.response, cora)

    assert "code" in fields_of(answer)


# sessionToken


def test_a_session_token_signs_in_and_leaves_a_session(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    answer = authorize(http, issuer, web, cora).response

    cookie = answer.headers["Set-Cookie"]
    assert "sid=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert authorize(http, issuer, web, prompt="none").code


def test_a_session_token_works_once(
    http: httpx.Client,
    new_browser: Callable[[], httpx.Client],
    issuer: Issuer,
    web: App,
    cora: Person,
) -> None:
    token = sign_in(http, cora)
    parameters = authorize_parameters(web, "v" * 43, sessionToken=token)
    http.get(issuer.at("authorize"), params=parameters)

    again = new_browser().get(issuer.at("authorize"), params=parameters)

    assert leads_to_sign_in(again)


def test_a_session_token_lives_five_minutes(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = sign_in(http, cora)
    move_clock(admin, 301)

    answer = authorize(http, issuer, web, sessionToken=token, prompt="none").response

    assert_sent_back(answer, "login_required")


@pytest.mark.parametrize("token", ["x", "20111abc"])
def test_a_bad_session_token_is_nobody(
    http: httpx.Client, issuer: Issuer, web: App, token: str
) -> None:
    assert leads_to_sign_in(authorize(http, issuer, web, sessionToken=token).response)
    assert_sent_back(
        authorize(http, issuer, web, sessionToken=token, prompt="none").response,
        "login_required",
    )


def test_a_session_token_counts_and_not_the_browsers_session(
    signed_in: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, tom: Person
) -> None:
    app = register_app(admin, tom)

    authorized = authorize(signed_in, issuer, app, tom)

    claims = claims_of(done(exchange_code(signed_in, issuer, authorized))["id_token"])
    assert claims["sub"] == tom.id


def test_a_bad_session_token_does_not_fall_back_on_the_browsers_session(
    signed_in: httpx.Client, issuer: Issuer, web: App
) -> None:
    assert leads_to_sign_in(authorize(signed_in, issuer, web, sessionToken="x").response)


def test_a_session_token_satisfies_prompt_login(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    assert authorize(http, issuer, web, cora, prompt="login").code


def test_no_token_is_good_as_a_session(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    tokens = done(exchange_code(http, issuer, authorize(http, issuer, web, cora, scope="openid")))
    http.cookies.clear()
    for value in (tokens["access_token"], tokens["id_token"], sign_in(http, cora)):
        answer = http.get(
            issuer.at("authorize"),
            params=authorize_parameters(web, "v" * 43),
            headers={"Cookie": f"sid={value}"},
        )
        assert leads_to_sign_in(answer)


# The session's end


def test_a_session_that_rests_two_hours_is_over(
    signed_in: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App
) -> None:
    move_clock(admin, 7200)

    assert leads_to_sign_in(authorize(signed_in, issuer, web).response)


@pytest.mark.parametrize("operation", ["suspend", "deactivate"])
def test_a_stopped_persons_session_is_over(
    signed_in: httpx.Client,
    admin: httpx.Client,
    issuer: Issuer,
    web: App,
    cora: Person,
    operation: str,
) -> None:
    set_status(admin, cora, operation)

    assert leads_to_sign_in(authorize(signed_in, issuer, web).response)


def test_a_session_is_its_orgs_alone(
    signed_in: httpx.Client, issuer: Issuer, web: App, lab: object, new_lab: Callable[[], object]
) -> None:
    from tests.speaking import find_person, org_server

    other = new_lab()
    headers = {"Authorization": f"SSWS {other.token}"}  # type: ignore[attr-defined]
    with httpx.Client(base_url=other.url, headers=headers, trust_env=False) as admin:  # type: ignore[attr-defined]
        app = register_app(admin, find_person(admin))
    sid = signed_in.cookies["sid"]

    answer = httpx.get(
        org_server(other.url).at("authorize"),  # type: ignore[attr-defined]
        params=authorize_parameters(app, "v" * 43),
        headers={"Cookie": f"sid={sid}"},
        trust_env=False,
    )

    assert leads_to_sign_in(answer)
