"""Okta's management SDK drives the lab unmodified: by API token, private key, access token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from okta import models

from tests.clients.okta_sdk import Failed, Sdk
from tests.speaking import (
    CALLBACK,
    PASSWORD,
    App,
    add_user,
    done,
    org_server,
    public_jwk,
    register_app,
    tokens_for,
)

OAuthClient = dict[str, Any]


SCOPES = [
    f"okta.{resource}.manage"
    for resource in ("users", "groups", "apps", "appGrants", "authorizationServers")
]


def token_mode(lab: Any, admin: httpx.Client, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    """The org's API token."""
    return {"token": lab.token}


def bearer_mode(lab: Any, admin: httpx.Client, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    """An access token that a super admin got by signing in to an app."""
    person = add_user(admin, "superwoman")
    done(admin.post(f"/api/v1/users/{person.id}/roles", json={"type": "SUPER_ADMIN"}))
    app = register_app(admin, person)
    grant_scopes(admin, lab, app)
    with httpx.Client(base_url=lab.url, trust_env=False) as http:
        scope = " ".join(["openid", *SCOPES])
        tokens = tokens_for(http, org_server(lab.url), app, person, scope)
    return {"authorizationMode": "Bearer", "token": tokens["access_token"]}


def private_key_mode(lab: Any, admin: httpx.Client, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    """A service app with a super admin's role; the SDK gets its access tokens by itself."""
    app = register_app(admin, type="service", auth="private_key_jwt", key=key)
    grant_scopes(admin, lab, app)
    role = {"type": "SUPER_ADMIN"}
    done(admin.post(f"/oauth2/v1/clients/{app.id}/roles", json=role))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    named = {"clientId": app.id, "scopes": SCOPES, "privateKey": pem, "kid": "of-the-test"}
    return {"authorizationMode": "PrivateKey", **named}


def grant_scopes(admin: httpx.Client, lab: Any, app: App) -> None:
    for scope in SCOPES:
        body = {"scopeId": scope, "issuer": lab.url}
        done(admin.post(f"/api/v1/apps/{app.id}/grants", json=body))


@pytest.fixture
def over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK is told that plain http is meant."""
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")


@pytest.fixture(params=[token_mode, private_key_mode, bearer_mode])
def sdk(
    request: pytest.FixtureRequest,
    lab: Any,
    admin: httpx.Client,
    private_key: rsa.RSAPrivateKey,
    over_http: None,
) -> Iterator[Sdk]:
    """The SDK as a super admin of the org, in each of its modes."""
    found = Sdk(lab.url, **request.param(lab, admin, private_key))
    yield found
    found.close()


@pytest.fixture
def token_sdk(lab: Any, over_http: None) -> Iterator[Sdk]:
    """The SDK with the org's API token."""
    found = Sdk(lab.url, token=lab.token)
    yield found
    found.close()


def new_user(name: str) -> models.CreateUserRequest:
    return models.CreateUserRequest.from_dict(
        {
            "profile": {
                "firstName": name.title(),
                "lastName": "Tester",
                "login": f"{name}@bank.example",
                "email": f"{name}@bank.example",
            },
            "credentials": {"password": {"value": PASSWORD}},
        }
    )


def new_group(name: str) -> models.AddGroupRequest:
    return models.AddGroupRequest.from_dict({"profile": {"name": name, "description": "Ours"}})


def new_app(type: str, auth: str, key: rsa.RSAPrivateKey) -> models.OpenIdConnectApplication:
    settings: OAuthClient = {"application_type": type, "grant_types": ["client_credentials"]}
    if type != "service":
        settings["grant_types"] = ["authorization_code", "refresh_token"]
        settings["redirect_uris"] = [CALLBACK]
    settings["response_types"] = ["token"] if type == "service" else ["code"]
    if auth == "private_key_jwt":
        # The SDK has one model of keys, for those of answers; it demands an id of a new one too.
        settings["jwks"] = {"keys": [{"id": "ignored", **public_jwk(key, "one")}]}
    return models.OpenIdConnectApplication.from_dict(
        {
            "name": "oidc_client",
            "label": f"Made by the SDK: {type}",
            "signOnMode": "OPENID_CONNECT",
            "credentials": {"oauthClient": {"token_endpoint_auth_method": auth}},
            "settings": {"oauthClient": settings},
        }
    )


def test_a_user_is_made_read_found_changed_and_replaced(sdk: Sdk) -> None:
    made = sdk.create_user(new_user("mona"), activate=True)

    found = sdk.get_user("mona@bank.example")
    listed = sdk.list_users(search='profile.login eq "mona@bank.example"')
    change = models.UpdateUserRequest.from_dict({"profile": {"department": "Loans"}})
    changed = sdk.update_user(made.id, change)
    profile = new_user("mona").profile.to_dict() | {"lastName": "Replaced"}
    replaced = sdk.replace_user(made.id, models.UpdateUserRequest.from_dict({"profile": profile}))

    assert [each.id for each in listed] == [found.id] == [made.id]
    assert made.status == models.UserStatus.ACTIVE
    assert changed.profile.department == "Loans"
    assert (replaced.profile.last_name, replaced.profile.department) == ("Replaced", None)


def test_a_user_goes_through_the_lifecycle_and_is_deleted(sdk: Sdk) -> None:
    user = sdk.create_user(new_user("mona"), activate=False)
    seen = [user.status]

    for move in ("activate", "suspend", "unsuspend", "deactivate"):
        sdk.answer(f"{move}_user", user.id)
        seen.append(sdk.get_user(user.id).status)
    sdk.nothing("delete_user", user.id)
    with pytest.raises(Failed) as gone:
        sdk.get_user(user.id)

    assert seen == ["STAGED", "ACTIVE", "SUSPENDED", "ACTIVE", "DEPROVISIONED"]
    assert (gone.value.status, gone.value.code) == (404, "E0000007")


def test_the_sdk_follows_the_pages_of_450_users(token_sdk: Sdk, admin: httpx.Client) -> None:
    before = len(token_sdk.list_users())
    for number in range(450):
        login = f"user{number:03}@bank.example"
        profile = {"firstName": "U", "lastName": str(number), "login": login, "email": login}
        done(admin.post("/api/v1/users?activate=false", json={"profile": profile}))

    found = token_sdk.every("list_users", 200)
    ours = token_sdk.every("list_users", 70, search='profile.login sw "user"')

    assert len(found) == len({each.id for each in found}) == before + 450
    assert sorted(each.profile.login for each in ours) == [
        f"user{number:03}@bank.example" for number in range(450)
    ]


def test_groups_and_their_members(sdk: Sdk) -> None:
    group = sdk.add_group(new_group("Made by the SDK"))
    user = sdk.create_user(new_user("mona"), activate=True)

    sdk.nothing("assign_user_to_group", group.id, user.id)
    members = sdk.list_group_users(group.id)
    groups = sdk.list_user_groups(user.id)
    sdk.nothing("unassign_user_from_group", group.id, user.id)
    renamed = sdk.replace_group(group.id, new_group("Renamed"))
    read = sdk.get_group(group.id)
    found = sdk.list_groups(q="Renamed")
    sdk.nothing("delete_group", group.id)

    assert [each.id for each in members] == [user.id]
    assert group.id in [each.id for each in groups]
    assert renamed.profile.actual_instance.name == read.profile.actual_instance.name == "Renamed"
    assert [each.id for each in found] == [group.id]


@pytest.mark.parametrize(
    ("type", "auth"),
    [
        ("web", "client_secret_basic"),
        ("browser", "none"),
        ("native", "none"),
        ("service", "private_key_jwt"),
    ],
)
def test_each_type_of_app(sdk: Sdk, type: str, auth: str, private_key: rsa.RSAPrivateKey) -> None:
    made = sdk.create_application(new_app(type, auth, private_key))
    seen = [made.status]

    sdk.answer("deactivate_application", made.id)
    seen.append(sdk.get_application(made.id).status)
    sdk.answer("activate_application", made.id)
    read = sdk.get_application(made.id)
    read.label = "Renamed"
    renamed = sdk.replace_application(made.id, read)
    found = sdk.list_applications(q="Renamed")
    sdk.answer("deactivate_application", made.id)
    sdk.nothing("delete_application", made.id)

    assert seen == ["ACTIVE", "INACTIVE"]
    assert isinstance(read, models.OpenIdConnectApplication)
    assert read.settings.oauth_client.application_type == type
    assert read.credentials.oauth_client.token_endpoint_auth_method == auth
    assert bool(read.credentials.oauth_client.client_secret) == (auth == "client_secret_basic")
    assert renamed.settings.to_dict() == read.settings.to_dict()
    assert [(each.id, each.label) for each in found] == [(made.id, "Renamed")]


def test_an_apps_people_groups_secrets_keys_and_grants(
    sdk: Sdk, lab: Any, private_key: rsa.RSAPrivateKey
) -> None:
    app = sdk.create_application(new_app("web", "client_secret_basic", private_key))
    service = sdk.create_application(new_app("service", "private_key_jwt", private_key))
    user = sdk.create_user(new_user("mona"), activate=True)
    group = sdk.add_group(new_group("Made by the SDK"))

    assigned = sdk.assign_user_to_application(
        app.id, models.AppUserAssignRequest.from_dict({"id": user.id, "scope": "USER"})
    )
    given = sdk.assign_group_to_application(app.id, group.id)
    secret = sdk.create_o_auth2_client_secret(app.id)
    grant = sdk.grant_consent_to_scope(
        service.id,
        models.OAuth2ScopeConsentGrant.from_dict({"scopeId": "okta.users.read", "issuer": lab.url}),
    )
    keys = sdk.list_jwk(service.id)

    assert [each.id for each in sdk.list_application_users(app.id)] == [assigned.id] == [user.id]
    listed = sdk.list_application_group_assignments(app.id)
    assert [each.id for each in listed] == [given.id] == [group.id]
    secrets = sdk.list_o_auth2_client_secrets(app.id)
    assert len(secrets) == 2
    assert secret.id in [each.id for each in secrets]
    assert [each.id for each in sdk.list_scope_consent_grants(service.id)] == [grant.id]
    assert len(keys) == 1
    sdk.nothing("revoke_scope_consent_grant", service.id, grant.id)
    sdk.nothing("unassign_user_from_application", app.id, user.id)
    sdk.nothing("unassign_application_from_group", app.id, group.id)


def test_authorization_servers(sdk: Sdk) -> None:
    body = {"name": "Loans", "description": "Loans API", "audiences": ["api://loans"]}
    made = sdk.create_authorization_server(models.AuthorizationServer.from_dict(body))
    seen = [made.status]

    sdk.nothing("deactivate_authorization_server", made.id)
    seen.append(sdk.get_authorization_server(made.id).status)
    sdk.nothing("activate_authorization_server", made.id)
    changed = models.AuthorizationServer.from_dict(body | {"description": "Changed"})
    replaced = sdk.replace_authorization_server(made.id, changed)
    found = sdk.list_authorization_servers(q="Loans")
    keys = sdk.list_authorization_server_keys(made.id)
    rotated = sdk.rotate_authorization_server_keys(made.id, models.JwkUse.from_dict({"use": "sig"}))
    sdk.nothing("delete_authorization_server", made.id)

    assert seen == ["ACTIVE", "INACTIVE"]
    assert (replaced.audiences, replaced.description) == (["api://loans"], "Changed")
    assert [each.id for each in found] == [made.id]
    assert {each.status for each in keys} == {"ACTIVE", "NEXT"}
    assert {each.status for each in rotated} == {"ACTIVE", "NEXT", "EXPIRED"}


def test_scopes_and_claims(sdk: Sdk) -> None:
    scope = models.OAuth2Scope.from_dict({"name": "loans:read", "consent": "REQUIRED"})
    claim = models.OAuth2Claim.from_dict(
        {
            "name": "department",
            "value": "user.department",
            "valueType": "EXPRESSION",
            "claimType": "RESOURCE",
            "conditions": {"scopes": ["loans:read"]},
        }
    )

    made = sdk.create_o_auth2_scope("default", scope)
    shown = sdk.get_o_auth2_scope("default", made.id)
    shown.description = "Changed"
    replaced = sdk.replace_o_auth2_scope("default", made.id, shown)
    told = sdk.create_o_auth2_claim("default", claim)
    read = sdk.get_o_auth2_claim("default", told.id)
    read.value = "user.title"
    changed = sdk.replace_o_auth2_claim("default", told.id, read)

    assert replaced.description == "Changed"
    assert replaced.consent == "REQUIRED"
    assert changed.value == "user.title"
    assert changed.conditions.scopes == ["loans:read"]
    assert made.id in [each.id for each in sdk.list_o_auth2_scopes("default")]
    assert told.id in [each.id for each in sdk.list_o_auth2_claims("default")]
    sdk.nothing("delete_o_auth2_claim", "default", told.id)
    sdk.nothing("delete_o_auth2_scope", "default", made.id)


def test_policies_and_rules(sdk: Sdk) -> None:
    policy = models.AuthorizationServerPolicy.from_dict(
        {
            "type": "OAUTH_AUTHORIZATION_POLICY",
            "name": "Made by the SDK",
            "description": "Ours",
            "priority": 1,
            "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
        }
    )
    rule = models.AuthorizationServerPolicyRuleRequest.from_dict(
        {
            "type": "RESOURCE_ACCESS",
            "name": "Machines",
            "priority": 1,
            "conditions": {
                "people": {"groups": {"include": ["EVERYONE"]}},
                "grantTypes": {"include": ["client_credentials"]},
                "scopes": {"include": ["*"]},
            },
            "actions": {"token": {"accessTokenLifetimeMinutes": 10}},
        }
    )

    made = sdk.create_authorization_server_policy("default", policy)
    first = sdk.create_authorization_server_policy_rule("default", made.id, rule)
    rule.name = "Renamed"
    renamed = sdk.replace_authorization_server_policy_rule("default", made.id, first.id, rule)
    seen = [first.status]
    one = ("default", made.id, first.id)
    for move in ("deactivate", "activate"):
        sdk.nothing(f"{move}_authorization_server_policy_rule", *one)
        seen.append(sdk.get_authorization_server_policy_rule(*one).status)
    sdk.nothing("deactivate_authorization_server_policy", "default", made.id)
    read = sdk.get_authorization_server_policy("default", made.id)
    read.description = "Changed"
    replaced = sdk.replace_authorization_server_policy("default", made.id, read)

    assert seen == ["ACTIVE", "INACTIVE", "ACTIVE"]
    assert renamed.actions.token.access_token_lifetime_minutes == 10
    assert (read.status, replaced.description) == ("INACTIVE", "Changed")
    assert made.id in [each.id for each in sdk.list_authorization_server_policies("default")]
    rules = sdk.list_authorization_server_policy_rules("default", made.id)
    assert [each.name for each in rules] == ["Renamed"]
    sdk.nothing("delete_authorization_server_policy_rule", *one)
    sdk.nothing("delete_authorization_server_policy", "default", made.id)


def test_the_sdk_tells_a_missing_scope_from_a_missing_role(
    lab: Any, admin: httpx.Client, private_key: rsa.RSAPrivateKey, over_http: None
) -> None:
    options = private_key_mode(lab, admin, private_key) | {"scopes": ["okta.users.manage"]}
    roles = f"/oauth2/v1/clients/{options['clientId']}/roles"
    sdk = Sdk(lab.url, **options)

    with pytest.raises(Failed) as without_scope:
        sdk.list_groups()
    assert sdk.list_users()
    done(admin.delete(f"{roles}/{done(admin.get(roles))[0]['id']}"))
    with pytest.raises(Failed) as without_role:
        sdk.list_users()
    sdk.close()

    assert (without_scope.value.status, without_scope.value.code) == (403, "E0000006")
    assert (without_role.value.status, without_role.value.code) == (403, "E0000006")
    assert "scope" in (without_scope.value.challenge or "")
    assert without_role.value.challenge is None
