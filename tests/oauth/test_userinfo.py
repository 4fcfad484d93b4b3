"""Userinfo: what the granted scopes open about the token's person, and nothing without one."""

from __future__ import annotations

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    add_claim,
    call,
    done,
    move_clock,
    register_app,
    tokens_for,
)

INVALID = 'Bearer error="invalid_token", error_description="The access token is invalid"'
INSUFFICIENT = (
    'Bearer error="insufficient_scope", error_description="The access token must provide access '
    'to at least one of these scopes - profile, email, address or phone"'
)


def ask(http: httpx.Client, issuer: Issuer, header: str | None) -> httpx.Response:
    headers = {} if header is None else {"Authorization": header}
    return http.get(issuer.at("userinfo"), headers=headers)


def assert_challenged(answer: httpx.Response, status: int, challenge: str) -> None:
    assert (answer.status_code, answer.content) == (status, b"")
    assert answer.headers["WWW-Authenticate"] == challenge
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_granted_scopes_decide_what_is_said(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, "openid profile email")["access_token"]

    answer = ask(http, issuer, f"Bearer {token}")

    document = done(answer)
    assert answer.headers["Content-Type"] == "application/json"
    assert document["sub"] == cora.id
    assert document["email"] == cora.login
    assert document["email_verified"] is True
    assert document["name"] == "Cora Lind"
    assert document["given_name"] == "Cora"
    assert document["zoneinfo"] == "Europe/London"
    assert "address" not in document


def test_openid_alone_says_who_and_no_more(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, "openid")["access_token"]

    assert done(ask(http, issuer, f"Bearer {token}")) == {"sub": cora.id}


def test_post_is_as_good_as_get(http: httpx.Client, issuer: Issuer, web: App, cora: Person) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]

    answer = http.post(issuer.at("userinfo"), headers={"Authorization": f"Bearer {token}"})

    assert done(answer) == {"sub": cora.id}


@pytest.mark.parametrize("scheme", ["bearer ", "BEARER ", "Bearer"])
def test_the_case_of_the_scheme_and_a_missing_space_do_not_matter(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, scheme: str
) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]

    assert ask(http, issuer, f"{scheme}{token}").status_code == 200


def test_a_claim_that_is_missing_from_a_thin_id_token_is_said_here(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    add_claim(
        admin,
        "town",
        "user.city",
        claimType="IDENTITY",
        alwaysIncludeInToken=False,
    )
    add_claim(admin, "bank", '"ours"', claimType="IDENTITY")
    from tests.speaking import claims_of

    tokens = tokens_for(http, custom, web, cora)

    inside = claims_of(tokens["id_token"])
    said = done(ask(http, custom, f"Bearer {tokens['access_token']}"))
    assert ("town" in inside, inside["bank"]) == (False, "ours")
    assert (said["town"], said["bank"]) == ("Harbour Town", "ours")


def test_a_custom_claim_cannot_say_that_the_person_is_somebody_else(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    answer = admin.post(
        "/api/v1/authorizationServers/default/claims",
        json={
            "name": "sub",
            "value": '"somebody"',
            "claimType": "IDENTITY",
            "valueType": "EXPRESSION",
        },
    )
    token = tokens_for(http, custom, web, cora)["access_token"]

    assert done(ask(http, custom, f"Bearer {token}"))["sub"] == cora.id
    assert answer.status_code in (201, 400)


def test_without_a_token_the_challenge_names_no_error(http: httpx.Client, issuer: Issuer) -> None:
    assert_challenged(ask(http, issuer, None), 401, "Bearer")


@pytest.mark.parametrize("header", ["Bearer x", "Bearer a.b.c", "Bearer", "Basic YTpi", "Bearer é"])
def test_what_is_no_token_of_this_server_is_invalid(
    http: httpx.Client, issuer: Issuer, header: str
) -> None:
    answer = http.get(issuer.at("userinfo"), headers=[(b"Authorization", header.encode("latin-1"))])

    assert_challenged(answer, 401, INVALID)


def test_a_token_in_the_url_or_the_body_is_not_looked_at(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]

    in_url = http.get(issuer.at("userinfo"), params={"access_token": token})
    in_body = http.post(issuer.at("userinfo"), data={"access_token": token})

    assert_challenged(in_url, 401, "Bearer")
    assert_challenged(in_body, 401, "Bearer")


@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
def test_no_other_kind_of_token_is_good_here(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, kind: str
) -> None:
    value = tokens_for(http, issuer, web, cora, "openid offline_access")[kind]

    assert_challenged(ask(http, issuer, f"Bearer {value}"), 401, INVALID)


def test_a_token_of_another_server_is_invalid(
    http: httpx.Client, org: Issuer, custom: Issuer, web: App, cora: Person
) -> None:
    of_org = tokens_for(http, org, web, cora)["access_token"]
    of_custom = tokens_for(http, custom, web, cora)["access_token"]

    assert_challenged(ask(http, custom, f"Bearer {of_org}"), 401, INVALID)
    assert_challenged(ask(http, org, f"Bearer {of_custom}"), 401, INVALID)


def test_an_expired_token_is_invalid(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora)["access_token"]
    move_clock(admin, 3601)

    assert_challenged(ask(http, issuer, f"Bearer {token}"), 401, INVALID)


def test_a_token_without_openid_is_insufficient(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora, "offline_access")["access_token"]

    assert_challenged(ask(http, issuer, f"Bearer {token}"), 403, INSUFFICIENT)


def test_a_machines_token_is_invalid(http: httpx.Client, custom: Issuer, job: App) -> None:
    token = done(
        call(http, custom, "token", job, grant_type="client_credentials", scope="orders:read")
    )["access_token"]

    assert_challenged(ask(http, custom, f"Bearer {token}"), 401, INVALID)


def test_the_apps_groups_claim_is_said_at_the_org_server_with_the_groups_scope(
    http: httpx.Client, admin: httpx.Client, org: Issuer, cora: Person
) -> None:
    app = register_app(admin, cora)

    token = tokens_for(http, org, app, cora, "openid groups")["access_token"]

    assert "groups" not in done(ask(http, org, f"Bearer {token}"))
