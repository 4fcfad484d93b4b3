"""A code becomes tokens: once, in time, for its client, server and redirect URI."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.speaking import (
    App,
    Authorized,
    Issuer,
    Person,
    add_policy,
    add_rule,
    add_server,
    assert_refused,
    authorize,
    call,
    claims_of,
    custom_server,
    done,
    exchange_code,
    header_of,
    introspect,
    move_clock,
    refresh,
    register_app,
    set_status,
    sign_in,
    tokens_for,
    unassign,
    verified,
)

DEAD = "The authorization code is invalid or has expired."


def test_a_code_becomes_tokens(http: httpx.Client, issuer: Issuer, web: App, cora: Person) -> None:
    answer = exchange_code(
        http, issuer, authorize(http, issuer, web, cora, scope="openid email offline_access")
    )

    document = done(answer)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert set(document) == {
        "token_type",
        "expires_in",
        "access_token",
        "scope",
        "refresh_token",
        "id_token",
    }
    assert document["token_type"] == "Bearer"
    assert document["expires_in"] == 3600
    assert document["scope"] == "openid email offline_access"


def test_the_authorization_answer_holds_code_state_and_issuer(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora)

    assert authorized.response.status_code == 302
    assert set(authorized.fields) == {"code", "state", "iss"}
    assert authorized.fields["state"] == "state-of-the-app"
    assert authorized.fields["iss"] == issuer.url
    assert authorized.response.headers["Cache-Control"] == "no-store"
    assert authorized.response.headers["Referrer-Policy"] == "no-referrer"
    assert len(authorized.code) >= 22  # 128 bits in base64url


def test_the_id_token_is_proven_by_a_published_key(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, issuer, web, cora, "openid email", nonce="n-1")

    claims = verified(http, issuer, tokens["id_token"], web.id)
    assert claims["sub"] == cora.id
    assert claims["nonce"] == "n-1"
    assert claims["amr"] == ["pwd"]
    assert claims["idp"].startswith("00o")
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["auth_time"] <= claims["iat"]
    assert claims["email"] == cora.login
    assert "at_hash" in claims
    assert not {"scp", "cid", "uid"} & set(claims)


def test_without_nonce_there_is_none_in_the_id_token(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    assert "nonce" not in claims_of(tokens_for(http, issuer, web, cora)["id_token"])


def test_the_access_token_of_a_custom_server_is_proven_by_a_published_key(
    http: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, custom, web, cora, "openid orders:read")

    claims = verified(http, custom, tokens["access_token"], "api://default")
    assert claims["scp"] == ["openid", "orders:read"]
    assert (claims["sub"], claims["uid"], claims["cid"]) == (cora.login, cora.id, web.id)
    assert claims["exp"] - claims["iat"] == tokens["expires_in"]
    assert set(header_of(tokens["access_token"])) == {"alg", "kid"}


def test_the_access_token_of_the_org_server_is_nobodys_to_read(
    http: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, org, web, cora)["access_token"]

    published = {key["kid"] for key in done(http.get(org.at("keys")))["keys"]}
    assert header_of(token)["kid"] not in published
    assert claims_of(token)["aud"] == org.url
    assert introspect(http, org, web, token)["active"]


@pytest.mark.parametrize(
    ("scope", "tokens"),
    [
        ("openid", {"access_token", "id_token"}),
        ("openid offline_access", {"access_token", "id_token", "refresh_token"}),
        ("offline_access", {"access_token", "refresh_token"}),
    ],
)
def test_scopes_decide_which_tokens_come(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, scope: str, tokens: set[str]
) -> None:
    document = tokens_for(http, issuer, web, cora, scope)

    assert {name for name in document if name.endswith("_token")} == tokens


def test_an_app_without_the_refresh_grant_gets_no_refresh_token(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    app = register_app(admin, cora, grant_types=["authorization_code"])

    assert "refresh_token" not in tokens_for(http, issuer, app, cora, "openid offline_access")


def test_an_unknown_code_is_dead(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora)

    answer = exchange_code(http, issuer, authorized, code=authorized.code[:-1] + "!")

    assert_refused(answer, "invalid_grant", DEAD)


@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (301, 400)])
def test_a_code_lives_five_minutes(
    http: httpx.Client,
    admin: httpx.Client,
    issuer: Issuer,
    web: App,
    cora: Person,
    seconds: int,
    status: int,
) -> None:
    authorized = authorize(http, issuer, web, cora)
    move_clock(admin, seconds)

    answer = exchange_code(http, issuer, authorized)

    assert answer.status_code == status
    if status == 400:
        assert_refused(answer, "invalid_grant", DEAD)


def test_a_code_is_for_its_client_alone(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    other = register_app(admin, cora)
    authorized = authorize(http, issuer, web, cora)
    stolen = Authorized(authorized.response, authorized.verifier, other)

    answer = exchange_code(http, issuer, stolen)

    assert_refused(
        answer,
        "invalid_grant",
        "The grant was issued to another client. Please make sure the 'client_id' matches the one "
        "used at the authorize request.",
    )


@pytest.mark.parametrize("uri", [None, "http://127.0.0.1:8765/callback/", "https://evil.example/"])
def test_a_code_is_for_its_redirect_uri_alone(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, uri: str | None
) -> None:
    answer = exchange_code(http, issuer, authorize(http, issuer, web, cora), redirect_uri=uri)

    assert_refused(
        answer,
        "invalid_grant",
        "The 'redirect_uri' does not match the redirection URI used in the authorization request.",
    )


def test_a_code_is_for_its_server_alone(
    http: httpx.Client, org: Issuer, custom: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, org, web, cora)

    answer = exchange_code(http, custom, authorized)

    assert_refused(
        answer, "invalid_request", "The grant was issued for another authorization server."
    )


def test_a_refused_redemption_does_not_use_the_code_up(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora)
    exchange_code(http, issuer, authorized, redirect_uri=None)
    exchange_code(http, issuer, authorized, code_verifier="x" * 43)

    assert exchange_code(http, issuer, authorized).status_code == 200


def test_a_second_use_ends_all_that_the_first_one_gave_and_nothing_else(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    others = tokens_for(http, issuer, web, cora, "openid offline_access")
    authorized = authorize(http, issuer, web, cora, scope="openid offline_access")
    first = done(exchange_code(http, issuer, authorized))

    second = exchange_code(http, issuer, authorized)

    assert_refused(second, "invalid_grant", DEAD)
    assert introspect(http, issuer, web, first["access_token"]) == {"active": False}
    assert introspect(http, issuer, web, first["refresh_token"]) == {"active": False}
    assert refresh(http, issuer, web, first["refresh_token"]).status_code == 400
    assert introspect(http, issuer, web, others["access_token"])["active"]
    assert refresh(http, issuer, web, others["refresh_token"]).status_code == 200


def test_a_used_code_ends_what_it_gave_even_when_its_time_is_over(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora)
    first = done(exchange_code(http, issuer, authorized))
    move_clock(admin, 400)

    exchange_code(http, issuer, authorized)

    assert introspect(http, issuer, web, first["access_token"]) == {"active": False}


def test_another_client_cannot_end_the_tokens_by_using_the_code_again(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    other = register_app(admin, cora)
    authorized = authorize(http, issuer, web, cora)
    first = done(exchange_code(http, issuer, authorized))

    exchange_code(http, issuer, Authorized(authorized.response, authorized.verifier, other))

    assert introspect(http, issuer, web, first["access_token"])["active"]


def test_a_code_is_missing(http: httpx.Client, issuer: Issuer, web: App) -> None:
    answer = call(http, issuer, "token", web, grant_type="authorization_code")

    assert_refused(answer, "invalid_request")


def test_no_other_kind_of_token_is_good_as_a_code(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    tokens = tokens_for(http, issuer, web, cora, "openid offline_access")
    others = [tokens["access_token"], tokens["id_token"], tokens["refresh_token"]]

    answers = [
        call(http, issuer, "token", web, grant_type="authorization_code", code=value)
        for value in [*others, sign_in(http, cora)]
    ]

    assert [answer.json()["error"] for answer in answers] == ["invalid_grant"] * 4


def test_a_person_who_was_suspended_meanwhile_gets_no_tokens(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora)
    set_status(admin, cora, "suspend")

    assert_refused(exchange_code(http, issuer, authorized), "invalid_grant", DEAD)


def test_a_person_who_was_unassigned_meanwhile_gets_no_tokens(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora)
    unassign(admin, web, cora)

    assert_refused(
        exchange_code(http, issuer, authorized),
        "access_denied",
        "User is not assigned to the client application.",
    )


def test_policy_is_decided_at_sign_in_and_not_again_at_the_redemption(
    http: httpx.Client, admin: httpx.Client, web: App, cora: Person, lab: object
) -> None:
    server_id = add_server(admin, "Orders", "orders:read")
    policy_id = add_policy(admin, server_id)
    add_rule(admin, server_id, policy_id, accessTokenLifetimeMinutes=7)
    issuer = custom_server(str(http.base_url).rstrip("/"), server_id)
    authorized = authorize(http, issuer, web, cora, scope="openid orders:read")
    path = f"/api/v1/authorizationServers/{server_id}/policies/{policy_id}"
    done(admin.post(f"{path}/lifecycle/deactivate"))

    tokens = done(exchange_code(http, issuer, authorized))

    claims = claims_of(tokens["access_token"])
    assert tokens["expires_in"] == claims["exp"] - claims["iat"] == 7 * 60


def test_two_sign_ins_of_two_people_stay_apart(
    new_browser: Callable[[], httpx.Client],
    admin: httpx.Client,
    issuer: Issuer,
    cora: Person,
    tom: Person,
) -> None:
    app = register_app(admin, cora, tom)

    hers = tokens_for(new_browser(), issuer, app, cora)
    his = tokens_for(new_browser(), issuer, app, tom)

    assert claims_of(hers["id_token"])["sub"] == cora.id
    assert claims_of(his["id_token"])["sub"] == tom.id
