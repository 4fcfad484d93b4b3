"""Revocation: a client ends its own tokens, at once; nobody learns anything from it."""

from __future__ import annotations

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    assert_refused,
    call,
    done,
    introspect,
    refresh,
    register_app,
    tokens_for,
)

INACTIVE = {"active": False}
OFFLINE = "openid offline_access"


def test_an_access_token_is_revoked_alone(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, issuer, web, cora, OFFLINE)

    answer = call(http, issuer, "revoke", web, token=tokens["access_token"])

    assert (answer.status_code, answer.content) == (200, b"")
    assert introspect(http, issuer, web, tokens["access_token"]) == INACTIVE
    assert introspect(http, issuer, web, tokens["refresh_token"])["active"]
    assert refresh(http, issuer, web, tokens["refresh_token"]).status_code == 200


def test_a_refresh_token_takes_the_access_tokens_of_its_sign_in_with_it(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    others = tokens_for(http, issuer, web, cora, OFFLINE)
    first = tokens_for(http, issuer, web, cora, OFFLINE)
    second = done(refresh(http, issuer, web, first["refresh_token"]))

    call(http, issuer, "revoke", web, token=first["refresh_token"])

    for token in (first["access_token"], second["access_token"], first["refresh_token"]):
        assert introspect(http, issuer, web, token) == INACTIVE
    assert_refused(
        refresh(http, issuer, web, first["refresh_token"]),
        "invalid_grant",
        "The refresh token is invalid or expired.",
    )
    assert introspect(http, issuer, web, others["access_token"])["active"]


def test_userinfo_stops_with_the_revocation(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    assert http.get(issuer.at("userinfo"), headers=header).status_code == 200

    call(http, issuer, "revoke", web, token=token)

    assert http.get(issuer.at("userinfo"), headers=header).status_code == 401


@pytest.mark.parametrize("token", ["x", "a.b.c", "x" * 3000])
def test_an_unknown_token_is_no_error(
    http: httpx.Client, issuer: Issuer, web: App, token: str
) -> None:
    answer = call(http, issuer, "revoke", web, token=token)

    assert (answer.status_code, answer.content) == (200, b"")


def test_a_second_revocation_is_no_error(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]

    answers = [call(http, issuer, "revoke", web, token=token) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
def test_a_hint_is_only_a_hint(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, hint: str
) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]

    call(http, issuer, "revoke", web, token=token, token_type_hint=hint)

    assert introspect(http, issuer, web, token) == INACTIVE


def test_another_clients_token_is_left_alone(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, issuer, web, cora, OFFLINE)
    other = register_app(admin)

    answers = [
        call(http, issuer, "revoke", other, token=tokens[kind])
        for kind in ("access_token", "refresh_token")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert introspect(http, issuer, web, tokens["access_token"])["active"]
    assert introspect(http, issuer, web, tokens["refresh_token"])["active"]


def test_another_servers_token_is_left_alone(
    http: httpx.Client, org: Issuer, custom: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, org, web, cora, OFFLINE)

    call(http, custom, "revoke", web, token=tokens["refresh_token"])

    assert introspect(http, org, web, tokens["refresh_token"])["active"]


def test_a_public_client_revokes_by_its_name(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person
) -> None:
    tokens = tokens_for(http, issuer, spa, cora, OFFLINE)

    call(http, issuer, "revoke", spa, token=tokens["refresh_token"])

    assert introspect(http, issuer, spa, tokens["access_token"]) == INACTIVE


def test_the_token_is_missing(http: httpx.Client, issuer: Issuer, web: App) -> None:
    answer = call(http, issuer, "revoke", web)

    assert_refused(answer, "invalid_request", "The 'token' parameter is required.")


def test_nobody_revokes_without_being_a_client(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]

    answer = http.post(issuer.at("revoke"), data={"token": token, "client_id": web.id})

    assert_refused(answer, "invalid_client", status=401)
    assert introspect(http, issuer, web, token)["active"]


def test_a_revoked_token_of_one_family_leaves_the_others_of_the_same_person(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    other = register_app(admin, cora)
    kept = tokens_for(http, issuer, other, cora, OFFLINE)
    gone = tokens_for(http, issuer, web, cora, OFFLINE)

    call(http, issuer, "revoke", web, token=gone["refresh_token"])

    assert refresh(http, issuer, other, kept["refresh_token"]).status_code == 200
