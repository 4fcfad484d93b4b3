"""`okta.*` scopes at the org server: the app's grants decide, all or none; roles come later."""

from __future__ import annotations

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.speaking import (
    App,
    Issuer,
    Person,
    assert_refused,
    assert_sent_back,
    assertion,
    authorize,
    call,
    claims_of,
    done,
    exchange_code,
    refresh,
    register_app,
    tokens_for,
)

NONE_GRANTED = "You are not allowed any of the requested scopes."
SOME_GRANTED = (
    "The app has not been granted all of the requested scopes. Not granted: [okta.groups.read]."
)


def grant(admin: httpx.Client, app: App, *scopes: str) -> None:
    for scope in scopes:
        body = {"scopeId": scope, "issuer": str(admin.base_url).rstrip("/")}
        done(admin.post(f"/api/v1/apps/{app.id}/grants", json=body))


def ask(http: httpx.Client, org: Issuer, app: App, scope: str) -> httpx.Response:
    return call(http, org, "token", app, grant_type="client_credentials", scope=scope)


@pytest.fixture
def job(admin: httpx.Client, private_key: rsa.RSAPrivateKey) -> App:
    """A service app with a key and no grants."""
    return register_app(admin, type="service", auth="private_key_jwt", key=private_key)


# People


def test_without_any_grant_authorize_sends_the_refusal_back(
    http: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    answer = authorize(http, org, web, cora, scope="openid okta.users.read").response

    assert_sent_back(answer, "invalid_scope", NONE_GRANTED)


def test_with_some_of_the_grants_authorize_gives_nothing_either(
    http: httpx.Client, admin: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    grant(admin, web, "okta.users.read")

    scope = "openid okta.users.read okta.groups.read"
    answer = authorize(http, org, web, cora, scope=scope).response

    assert_sent_back(answer, "invalid_scope", SOME_GRANTED)


def test_manage_that_was_granted_is_not_read_that_was_granted(
    http: httpx.Client, admin: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    grant(admin, web, "okta.users.manage")

    answer = authorize(http, org, web, cora, scope="openid okta.users.read").response

    assert_sent_back(answer, "invalid_scope", NONE_GRANTED)


@pytest.mark.parametrize("type", ["web", "browser", "native"])
def test_what_was_granted_to_the_app_comes_back_for_anybody_who_signs_in(
    http: httpx.Client, admin: httpx.Client, org: Issuer, cora: Person, type: str
) -> None:
    app = register_app(admin, cora, type=type)
    grant(admin, app, "okta.users.read", "okta.users.manage")

    tokens = tokens_for(http, org, app, cora, "openid okta.users.read okta.users.manage")

    claims = claims_of(tokens["access_token"])
    assert claims["scp"] == ["openid", "okta.users.read", "okta.users.manage"]
    assert (claims["sub"], claims["uid"], claims["cid"]) == (cora.login, cora.id, app.id)
    assert claims["aud"] == claims["iss"] == org.url
    assert tokens["expires_in"] == 3600


def test_a_person_needs_no_openid_for_the_management_api(
    http: httpx.Client, admin: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    grant(admin, web, "okta.users.read.self")

    tokens = tokens_for(http, org, web, cora, "okta.users.read.self")

    assert "id_token" not in tokens
    assert tokens["scope"] == "okta.users.read.self"


def test_a_refresh_carries_the_scopes_on(
    http: httpx.Client, admin: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    grant(admin, web, "okta.users.read")
    tokens = tokens_for(http, org, web, cora, "offline_access okta.users.read")

    again = done(refresh(http, org, web, tokens["refresh_token"]))

    assert claims_of(again["access_token"])["scp"] == ["offline_access", "okta.users.read"]


def test_a_custom_server_knows_no_scopes_of_the_management_api(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    grant(admin, web, "okta.users.read")

    answer = authorize(http, custom, web, cora, scope="openid okta.users.read").response

    assert_sent_back(
        answer,
        "invalid_scope",
        "One or more scopes are not configured for the authorization server resource.",
    )


# Services


def test_a_service_without_any_grant_is_told_that_consent_lacks(
    http: httpx.Client, org: Issuer, job: App
) -> None:
    assert_refused(ask(http, org, job, "okta.users.read"), "consent_required", NONE_GRANTED)


def test_a_service_with_some_of_the_grants_gets_nothing(
    http: httpx.Client, admin: httpx.Client, org: Issuer, job: App
) -> None:
    grant(admin, job, "okta.users.read")

    answer = ask(http, org, job, "okta.users.read okta.groups.read")

    assert_refused(answer, "invalid_scope", SOME_GRANTED)


def test_a_service_without_any_role_gets_its_token_all_the_same(
    http: httpx.Client, admin: httpx.Client, org: Issuer, job: App
) -> None:
    grant(admin, job, "okta.users.manage")

    document = done(ask(http, org, job, "okta.users.manage"))

    assert document["scope"] == "okta.users.manage"
    assert claims_of(document["access_token"])["sub"] == job.id


def test_a_service_has_no_record_of_its_own(
    http: httpx.Client, admin: httpx.Client, org: Issuer, job: App
) -> None:
    grant(admin, job, "okta.users.read.self")

    answer = ask(http, org, job, "okta.users.read.self")

    assert_refused(
        answer,
        "client_credentials_self_scope_requested",
        "The 'client_credentials' grant type may not request .self scopes.",
    )


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post", "client_secret_jwt"])
def test_a_secret_is_not_enough_at_the_org_server(
    http: httpx.Client, admin: httpx.Client, org: Issuer, auth: str
) -> None:
    app = register_app(admin, type="service", auth=auth)
    grant(admin, app, "okta.users.read")

    assert_refused(
        ask(http, org, app, "okta.users.read"),
        "invalid_client",
        "Client Credentials requests to the Org Authorization Server must use the "
        "private_key_jwt token_endpoint_auth_method.",
        401,
    )


def test_only_a_service_app_asks_for_itself_at_the_org_server(
    http: httpx.Client, admin: httpx.Client, org: Issuer, private_key: rsa.RSAPrivateKey
) -> None:
    app = register_app(
        admin,
        auth="private_key_jwt",
        key=private_key,
        grant_types=["authorization_code", "client_credentials"],
        response_types=["code", "token"],
    )
    grant(admin, app, "okta.users.read")

    assert_refused(
        ask(http, org, app, "okta.users.read"),
        "invalid_client",
        "Only clients with 'application_type' of 'service' may use the "
        "client_credentials 'grant_type' with the Org Authorization Server.",
        401,
    )


def test_a_person_in_the_assertion_does_not_make_the_service_that_person(
    http: httpx.Client, admin: httpx.Client, org: Issuer, job: App, cora: Person
) -> None:
    grant(admin, job, "okta.users.read")
    form = {"grant_type": "client_credentials", "scope": "okta.users.read"}
    forged = assertion(job, org.at("token"), sub=cora.id)

    answer = http.post(org.at("token"), data=form | forged)

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


def test_a_grant_that_was_withdrawn_since_stops_the_code(
    http: httpx.Client, admin: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    grant(admin, web, "okta.users.read")
    authorized = authorize(http, org, web, cora, scope="openid okta.users.read")
    (held,) = done(admin.get(f"/api/v1/apps/{web.id}/grants"))

    done(admin.delete(f"/api/v1/apps/{web.id}/grants/{held['id']}"))

    assert_refused(exchange_code(http, org, authorized), "invalid_scope", NONE_GRANTED)


def test_a_grant_that_was_withdrawn_since_stops_the_refresh(
    http: httpx.Client, admin: httpx.Client, org: Issuer, web: App, cora: Person
) -> None:
    grant(admin, web, "okta.users.read")
    tokens = tokens_for(http, org, web, cora, "openid offline_access okta.users.read")
    (held,) = done(admin.get(f"/api/v1/apps/{web.id}/grants"))

    done(admin.delete(f"/api/v1/apps/{web.id}/grants/{held['id']}"))

    answer = refresh(http, org, web, tokens["refresh_token"])
    fewer = refresh(http, org, web, tokens["refresh_token"], scope="openid offline_access")
    assert_refused(answer, "invalid_scope", NONE_GRANTED)
    assert "okta.users.read" not in done(fewer)["scope"]
