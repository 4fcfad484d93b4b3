"""Sign-out asked for by an app: with a genuine ID token, to a registered address."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.speaking import (
    SIGNED_OUT,
    App,
    Issuer,
    Person,
    assert_shown,
    authorize,
    done,
    exchange_code,
    introspect,
    move_clock,
    refresh,
    register_app,
    tokens_for,
)

NOT_REGISTERED = (
    "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app "
    "settings."
)


def sign_out(http: httpx.Client, issuer: Issuer, **parameters: str) -> httpx.Response:
    return http.get(issuer.at("logout"), params=parameters)


def is_signed_in(http: httpx.Client, issuer: Issuer, app: App) -> bool:
    return "code" in authorize(http, issuer, app, prompt="none").fields


@pytest.fixture
def tokens(http: httpx.Client, issuer: Issuer, web: App, cora: Person) -> dict[str, str]:
    """Cora's tokens; she is signed in."""
    return tokens_for(http, issuer, web, cora, "openid offline_access")


def test_the_session_ends_and_the_browser_goes_to_the_app_with_the_state(
    http: httpx.Client, issuer: Issuer, web: App, tokens: dict[str, str]
) -> None:
    answer = sign_out(
        http,
        issuer,
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri=SIGNED_OUT,
        state="s &?",
    )

    assert answer.status_code in (302, 303)
    assert answer.headers["Location"] == f"{SIGNED_OUT}?state=s+%26%3F"
    assert not is_signed_in(http, issuer, web)


def test_without_an_address_the_browser_goes_to_the_sign_in_page(
    http: httpx.Client, issuer: Issuer, web: App, tokens: dict[str, str]
) -> None:
    answer = sign_out(http, issuer, id_token_hint=tokens["id_token"])

    assert "/login/login.htm" in answer.headers["Location"]
    assert not is_signed_in(http, issuer, web)


def test_a_form_is_as_good_as_a_link(
    http: httpx.Client, issuer: Issuer, web: App, tokens: dict[str, str]
) -> None:
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT}

    answer = http.post(issuer.at("logout"), data=form)

    assert answer.headers["Location"] == SIGNED_OUT
    assert not is_signed_in(http, issuer, web)


def test_tokens_survive_the_sign_out(
    http: httpx.Client, issuer: Issuer, web: App, tokens: dict[str, str]
) -> None:
    sign_out(http, issuer, id_token_hint=tokens["id_token"])

    assert introspect(http, issuer, web, tokens["access_token"])["active"]
    assert refresh(http, issuer, web, tokens["refresh_token"]).status_code == 200


def test_an_expired_id_token_will_do(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, tokens: dict[str, str]
) -> None:
    move_clock(admin, 3601)

    answer = sign_out(
        http, issuer, id_token_hint=tokens["id_token"], post_logout_redirect_uri=SIGNED_OUT
    )

    assert answer.headers["Location"] == SIGNED_OUT
    assert not is_signed_in(http, issuer, web)


def test_without_a_session_the_browser_goes_to_the_app_all_the_same(
    new_browser: Callable[[], httpx.Client], issuer: Issuer, tokens: dict[str, str]
) -> None:
    answer = sign_out(
        new_browser(),
        issuer,
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri=SIGNED_OUT,
    )

    assert answer.headers["Location"] == SIGNED_OUT


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        f"{SIGNED_OUT}/",
        f"{SIGNED_OUT}?a=b",
        "http://127.0.0.1:8765/callback",
        "//evil.example",
    ],
)
def test_an_address_that_is_not_registered_is_shown_and_nobody_is_signed_out(
    http: httpx.Client, issuer: Issuer, web: App, tokens: dict[str, str], uri: str
) -> None:
    answer = sign_out(http, issuer, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)

    assert_shown(answer, "invalid_request", NOT_REGISTERED)
    assert is_signed_in(http, issuer, web)


def test_the_address_must_be_one_of_the_id_tokens_own_client(
    http: httpx.Client,
    admin: httpx.Client,
    issuer: Issuer,
    cora: Person,
    tokens: dict[str, str],
) -> None:
    other = register_app(admin, cora, post_logout_redirect_uris=["http://127.0.0.1:8765/elsewhere"])
    assert other

    answer = sign_out(
        http,
        issuer,
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri="http://127.0.0.1:8765/elsewhere",
    )

    assert_shown(answer, "invalid_request", NOT_REGISTERED)


@pytest.mark.parametrize("hint", [None, "x", "a.b.c", "access_token", "refresh_token"])
def test_only_a_genuine_id_token_signs_out(
    http: httpx.Client, issuer: Issuer, web: App, tokens: dict[str, str], hint: str | None
) -> None:
    parameters = {} if hint is None else {"id_token_hint": tokens.get(hint, hint)}

    answer = sign_out(http, issuer, **parameters)

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert is_signed_in(http, issuer, web)


def test_an_id_token_of_another_server_does_not_sign_out(
    http: httpx.Client, org: Issuer, custom: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, org, web, cora)["id_token"]

    assert sign_out(http, custom, id_token_hint=token).status_code == 400
    assert is_signed_in(http, custom, web)


def test_another_persons_id_token_does_not_sign_this_one_out(
    http: httpx.Client,
    new_browser: Callable[[], httpx.Client],
    admin: httpx.Client,
    issuer: Issuer,
    cora: Person,
    tom: Person,
) -> None:
    app = register_app(admin, cora, tom)
    his = new_browser()
    token = done(exchange_code(his, issuer, authorize(his, issuer, app, tom)))["id_token"]
    assert authorize(http, issuer, app, cora).code

    answer = sign_out(http, issuer, id_token_hint=token)

    assert_shown(
        answer,
        "id_token_does_not_match_session",
        "The ID token subject does not match the current session's user.",
    )
    assert is_signed_in(http, issuer, app)
