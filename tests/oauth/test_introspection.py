"""Introspection: all about a token that holds here and now, and nothing about any other."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    assert_refused,
    call,
    claims_of,
    done,
    introspect,
    move_clock,
    refresh,
    register_app,
    set_status,
    sign_in,
    tokens_for,
)

INACTIVE = {"active": False}
OFFLINE = "openid email offline_access"


def test_an_access_token_that_holds(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["access_token"]

    found = introspect(http, issuer, web, token)

    claims = claims_of(token)
    assert found == {
        "active": True,
        "token_type": "Bearer",
        "scope": OFFLINE,
        "client_id": web.id,
        "username": cora.login,
        "sub": cora.login,
        "uid": cora.id,
    } | {name: claims[name] for name in ("exp", "iat", "aud", "iss", "jti", "auth_time")}


def test_a_refresh_token_that_holds(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]

    found = introspect(http, issuer, web, token)

    assert isinstance(found.pop("exp"), int)
    assert found == {
        "active": True,
        "token_type": "Bearer",
        "scope": OFFLINE,
        "client_id": web.id,
        "username": cora.login,
        "sub": cora.login,
    }


def test_an_id_token_that_holds(http: httpx.Client, issuer: Issuer, web: App, cora: Person) -> None:
    token = tokens_for(http, issuer, web, cora)["id_token"]

    found = introspect(http, issuer, web, token)

    assert (found["active"], found["username"]) == (True, cora.login)
    assert found["sub"] == cora.id
    assert found["aud"] == web.id


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "nonsense"])
def test_a_hint_is_only_a_hint(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, hint: str
) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]

    answer = call(http, issuer, "introspect", web, token=token, token_type_hint=hint)

    assert answer.status_code == 200
    assert answer.json()["active"]


@pytest.mark.parametrize(
    "token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJqdGkiOiJBVC54In0.", "x" * 5000]
)
def test_junk_is_inactive_and_nothing_else(
    http: httpx.Client, issuer: Issuer, web: App, token: str
) -> None:
    assert introspect(http, issuer, web, token) == INACTIVE


def test_a_token_with_another_signature_is_inactive(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    head, body, signature = tokens_for(http, issuer, web, cora)["access_token"].split(".")
    other = ("A" if signature[0] != "A" else "B") + signature[1:]

    assert introspect(http, issuer, web, f"{head}.{body}.{other}") == INACTIVE


def test_tokens_of_another_server_are_inactive(
    http: httpx.Client, org: Issuer, custom: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, org, web, cora, OFFLINE)

    for kind in ("access_token", "id_token", "refresh_token"):
        assert introspect(http, custom, web, tokens[kind]) == INACTIVE


def test_tokens_end_with_their_time(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, issuer, web, cora, OFFLINE)
    move_clock(admin, 3601)

    assert introspect(http, issuer, web, tokens["access_token"]) == INACTIVE
    assert introspect(http, issuer, web, tokens["id_token"]) == INACTIVE
    assert introspect(http, issuer, web, tokens["refresh_token"])["active"]


def test_a_rotated_refresh_token_is_inactive(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person
) -> None:
    first = tokens_for(http, issuer, spa, cora, OFFLINE)["refresh_token"]
    second = done(refresh(http, issuer, spa, first))["refresh_token"]

    assert introspect(http, issuer, spa, first) == INACTIVE
    assert introspect(http, issuer, spa, second)["active"]


def test_codes_session_tokens_and_api_tokens_are_inactive(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, lab: object, admin: httpx.Client
) -> None:
    api_token = admin.headers["Authorization"].removeprefix("SSWS ")

    for value in (sign_in(http, cora), api_token, str(web.secret)):
        assert introspect(http, issuer, web, value) == INACTIVE


def test_any_confidential_client_may_ask_about_access_and_id_tokens(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, issuer, web, cora, OFFLINE)
    other = register_app(admin)

    assert introspect(http, issuer, other, tokens["access_token"])["client_id"] == web.id
    assert introspect(http, issuer, other, tokens["id_token"])["active"]


def test_a_refresh_token_is_shown_to_its_own_client_alone(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, OFFLINE)["refresh_token"]

    assert introspect(http, issuer, register_app(admin), token) == INACTIVE


def test_a_public_client_sees_its_own_tokens_alone(
    http: httpx.Client,
    new_browser: Callable[[], httpx.Client],
    issuer: Issuer,
    web: App,
    spa: App,
    cora: Person,
) -> None:
    own = tokens_for(http, issuer, spa, cora)["access_token"]
    other = tokens_for(new_browser(), issuer, web, cora)["access_token"]

    assert introspect(http, issuer, spa, own)["active"]
    assert introspect(http, issuer, spa, other) == INACTIVE


def test_the_token_is_missing(http: httpx.Client, issuer: Issuer, web: App) -> None:
    answer = call(http, issuer, "introspect", web)

    assert_refused(answer, "invalid_request", "The 'token' parameter is required.")


def test_nobody_asks_without_being_a_client(http: httpx.Client, issuer: Issuer, web: App) -> None:
    nobody = http.post(issuer.at("introspect"), data={"token": "x"})
    impostor = http.post(issuer.at("introspect"), data={"token": "x"}, auth=(web.id, "wrong"))

    assert_refused(nobody, "invalid_client", "No client credentials found.", 401)
    assert_refused(impostor, "invalid_client", status=401)


def test_the_client_is_asked_for_before_the_token(http: httpx.Client, issuer: Issuer) -> None:
    assert_refused(http.post(issuer.at("introspect")), "invalid_client", status=401)


@pytest.mark.parametrize(("operation", "access"), [("suspend", True), ("deactivate", False)])
def test_a_stopped_persons_refresh_tokens_end_and_with_deactivation_all_tokens(
    http: httpx.Client,
    admin: httpx.Client,
    issuer: Issuer,
    web: App,
    cora: Person,
    operation: str,
    access: bool,
) -> None:
    tokens = tokens_for(http, issuer, web, cora, OFFLINE)

    set_status(admin, cora, operation)

    assert introspect(http, issuer, web, tokens["refresh_token"]) == INACTIVE
    assert introspect(http, issuer, web, tokens["access_token"])["active"] is access


def test_a_deactivated_apps_tokens_are_inactive(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, issuer, web, cora, OFFLINE)
    other = register_app(admin)

    done(admin.post(f"/api/v1/apps/{web.id}/lifecycle/deactivate"))

    assert introspect(http, issuer, other, tokens["access_token"]) == INACTIVE
