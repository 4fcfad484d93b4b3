"""Client credentials: a service asks in its own name, at either kind of server by its rules."""

from __future__ import annotations

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.speaking import (
    App,
    Issuer,
    Person,
    add_policy,
    add_rule,
    add_scope,
    add_server,
    assert_refused,
    call,
    claims_of,
    custom_server,
    done,
    introspect,
    register_app,
    verified,
)

POLICY_FAILED = "Policy evaluation failed for this request, please check the policy configurations."


def ask(http: httpx.Client, issuer: Issuer, app: App, scope: str | None) -> httpx.Response:
    return call(http, issuer, "token", app, grant_type="client_credentials", scope=scope)


@pytest.fixture
def directory_job(admin: httpx.Client, private_key: rsa.RSAPrivateKey) -> App:
    """A service app with a key, to which `okta.users.read` was granted."""
    app = register_app(admin, type="service", auth="private_key_jwt", key=private_key)
    grant_scope(admin, app, "okta.users.read")
    return app


def grant_scope(admin: httpx.Client, app: App, scope: str) -> None:
    issuer = str(admin.base_url).rstrip("/")
    body = {"scopeId": scope, "issuer": issuer}
    done(admin.post(f"/api/v1/apps/{app.id}/grants", json=body))


def test_a_service_gets_an_access_token_and_nothing_else(
    http: httpx.Client, custom: Issuer, job: App
) -> None:
    answer = ask(http, custom, job, "orders:read")

    document = done(answer)
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert set(document) == {"token_type", "expires_in", "access_token", "scope"}
    assert document["scope"] == "orders:read"


def test_a_machine_token_has_no_person_in_it(http: httpx.Client, custom: Issuer, job: App) -> None:
    token = done(ask(http, custom, job, "orders:read"))["access_token"]

    claims = verified(http, custom, token, "api://default")
    assert claims["sub"] == claims["cid"] == job.id
    assert claims["scp"] == ["orders:read"]
    assert not {"uid", "auth_time"} & set(claims)
    assert introspect(http, custom, job, token)["client_id"] == job.id


def test_the_rules_lifetime_is_the_tokens(
    http: httpx.Client, admin: httpx.Client, job: App
) -> None:
    server_id = add_server(admin, "Orders", "orders:read")
    policy_id = add_policy(admin, server_id)
    add_rule(admin, server_id, policy_id, accessTokenLifetimeMinutes=30)
    issuer = custom_server(str(http.base_url).rstrip("/"), server_id)

    document = done(ask(http, issuer, job, "orders:read"))

    claims = claims_of(document["access_token"])
    assert document["expires_in"] == claims["exp"] - claims["iat"] == 1800
    assert claims["aud"] == "api://orders"


def test_without_scope_the_default_ones_are_granted(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, job: App
) -> None:
    add_scope(admin, "orders:list", default=True)

    assert done(ask(http, custom, job, None))["scope"] == "orders:list"


def test_without_scope_and_default_ones_nothing_is_granted(
    http: httpx.Client, custom: Issuer, job: App
) -> None:
    assert_refused(
        ask(http, custom, job, None),
        "invalid_scope",
        "The authorization server resource does not have any configured default scopes, 'scope' "
        "must be provided.",
    )


@pytest.mark.parametrize("scope", ["openid", "orders:read profile", "offline_access"])
def test_a_machine_gets_no_scope_about_people(
    http: httpx.Client, custom: Issuer, job: App, scope: str
) -> None:
    assert_refused(
        ask(http, custom, job, scope),
        "invalid_scope",
        "Cannot request 'openid' scopes using client credentials.",
    )


def test_an_unknown_scope_is_refused_as_such(http: httpx.Client, custom: Issuer, job: App) -> None:
    assert_refused(
        ask(http, custom, job, "orders:read orders:delete"),
        "invalid_scope",
        "One or more scopes are not configured for the authorization server resource.",
    )


def test_a_scope_that_needs_consent_is_not_for_machines(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, job: App
) -> None:
    add_scope(admin, "x", consent="REQUIRED")

    assert_refused(
        ask(http, custom, job, "x"),
        "consent_required",
        "The following scopes require user consent and cannot be granted for the client "
        "credentials grant type: [x].",
    )


def test_without_any_policy_everything_is_denied(
    http: httpx.Client, admin: httpx.Client, job: App
) -> None:
    server_id = add_server(admin, "Orders", "orders:read")
    issuer = custom_server(str(http.base_url).rstrip("/"), server_id)

    assert_refused(ask(http, issuer, job, "orders:read"), "access_denied", POLICY_FAILED)


@pytest.mark.parametrize(
    ("scope", "description"),
    [
        (
            "a b",
            "Some of the requested scopes were denied by the policy. Denied scopes: [b].",
        ),
        ("b", "Policy evaluation succeeded, but all the requested scopes were rejected."),
    ],
)
def test_a_rule_that_lacks_scopes_says_so(
    http: httpx.Client, admin: httpx.Client, job: App, scope: str, description: str
) -> None:
    server_id = add_server(admin, "Orders", "a", "b")
    add_rule(admin, server_id, add_policy(admin, server_id), scopes=("a",))
    issuer = custom_server(str(http.base_url).rstrip("/"), server_id)

    assert_refused(ask(http, issuer, job, scope), "access_denied", description)


def test_a_public_client_has_no_client_credentials(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, spa: App
) -> None:
    assert_refused(ask(http, custom, spa, "orders:read"), "unauthorized_client")


def test_an_app_without_the_grant_is_told_which_it_has(
    http: httpx.Client, custom: Issuer, web: App
) -> None:
    assert_refused(
        ask(http, custom, web, "orders:read"),
        "unauthorized_client",
        "The client is not authorized to use the provided grant type. "
        "Configured grant types: [authorization_code, refresh_token].",
    )


# The org server


def test_the_org_server_gives_a_service_with_a_key_the_scopes_it_was_granted(
    http: httpx.Client, org: Issuer, directory_job: App
) -> None:
    document = done(ask(http, org, directory_job, "okta.users.read"))

    claims = claims_of(document["access_token"])
    assert document["scope"] == "okta.users.read"
    assert claims["aud"] == claims["iss"] == org.url
    assert claims["sub"] == claims["cid"] == directory_job.id


def test_the_org_server_takes_keys_only(http: httpx.Client, org: Issuer, job: App) -> None:
    assert_refused(
        ask(http, org, job, "okta.users.read"),
        "invalid_client",
        "Client Credentials requests to the Org Authorization Server must use the private_key_jwt "
        "token_endpoint_auth_method.",
        401,
    )


def test_the_org_server_takes_service_apps_only(
    http: httpx.Client, admin: httpx.Client, org: Issuer, cora: Person
) -> None:
    app = register_app(
        admin,
        cora,
        grant_types=["authorization_code", "client_credentials"],
        response_types=["code", "token"],
    )

    assert_refused(
        ask(http, org, app, "okta.users.read"),
        "invalid_client",
        "Only clients with 'application_type' of 'service' may use the client_credentials "
        "'grant_type' with the Org Authorization Server.",
        401,
    )


@pytest.mark.parametrize(
    ("scope", "error", "description"),
    [
        (None, "invalid_scope", "No scopes were requested."),
        (
            "okta.groups.read",
            "consent_required",
            "You are not allowed any of the requested scopes.",
        ),
        ("okta.users.read okta.groups.read", "invalid_scope", None),
        (
            "okta.users.read.self",
            "client_credentials_self_scope_requested",
            "The 'client_credentials' grant type may not request .self scopes.",
        ),
        (
            "openid",
            "invalid_scope",
            "Cannot request 'openid' scopes using client credentials.",
        ),
        ("orders:read", "invalid_scope", None),
    ],
)
def test_the_org_server_refuses_what_was_not_granted(
    http: httpx.Client,
    org: Issuer,
    directory_job: App,
    scope: str | None,
    error: str,
    description: str | None,
) -> None:
    assert_refused(ask(http, org, directory_job, scope), error, description)


def test_a_custom_server_takes_a_service_with_a_key_too(
    http: httpx.Client, custom: Issuer, directory_job: App
) -> None:
    assert done(ask(http, custom, directory_job, "orders:read"))["scope"] == "orders:read"
