"""Each document of ours is read by Okta's strict models, and nothing in it gets lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.clients.strictly import OURS, Json, Shown, listed, lost
from tests.speaking import (
    App,
    Person,
    add_claim,
    add_policy,
    add_rule,
    add_scope,
    add_server,
    add_user,
    answer_consent,
    authorize,
    custom_server,
    done,
    find_person,
    register_app,
    set_status,
    sign_in,
    tokens_for,
)

NOT_IN_THE_MODELS = {
    "apps": {
        "._links.clientCredentials": OURS,
        ".settings.app": "empty for every OIDC app, as in the examples of the API's pages",
        ".settings.oauthClient.jwks.keys[]": "the SDK's own model of a key set drops its keys",
    },
    "app_users": {"._links.self": OURS},
    "consents": {"._embedded.scope.name": OURS},
    "refresh_tokens": {
        "._embedded.scopes[].created": OURS,
        "._embedded.scopes[].lastUpdated": OURS,
    },
    "clients_with_tokens": {
        "._links.client": "documented, but not in the SDK's model",
        "._links.tokens.hints": OURS,
        "._links.grants.hints": OURS,
    },
    "servers": {"._links.activate": "the SDK's model knows `deactivate` alone"},
    "scopes": {".created": OURS, ".lastUpdated": OURS},
    "claims": {".created": OURS, ".lastUpdated": OURS},
    "rules": {
        ".conditions.people.users.exclude": "documented, but the SDK's model has `include` alone",
        ".conditions.people.groups.exclude": "documented, but the SDK's model has `include` alone",
    },
    "keys": {".created": OURS, ".lastUpdated": OURS, ".expiresAt": OURS},
    "org_policies": {".settings.factors": "of orgs that enroll factors; the model has its heir"},
    "sessions": {
        "._links.user": "documented, but the SDK's model has `self` alone",
        "._links.refresh": "documented, but the SDK's model has `self` alone",
    },
    "api_tokens": {"._links": "the SDK's model calls it `_link`"},
}
"""What the SDK's models leave out of our documents, by what is shown, and why we send it."""


def users(admin: httpx.Client) -> list[Json]:
    """Users in each status that an administrator can bring about, one with many attributes."""
    for name, move in {"sue": "suspend", "dan": "deactivate", "lea": ""}.items():
        person = add_user(admin, name)
        if move:
            set_status(admin, person, move)
    for _ in range(10):
        wrong = {"username": "lea@bank.example", "password": "wrong"}
        httpx.post(f"{admin.base_url}api/v1/authn", json=wrong, trust_env=False)
    profile = {"firstName": "S", "lastName": "T", "mobilePhone": "+1 555 415 1337"}
    profile |= {"login": "staged@bank.example", "email": "staged@bank.example"}
    profile |= {"department": "Loans", "title": "Clerk", "secondEmail": "second@bank.example"}
    credentials = {"recovery_question": {"question": "Whose?", "answer": "Mine alone"}}
    body = {"profile": profile, "credentials": credentials}
    done(admin.post("/api/v1/users?activate=false", json=body))
    shown = []
    for status in ("STAGED", "ACTIVE", "SUSPENDED", "LOCKED_OUT", "DEPROVISIONED"):
        found = listed(admin, f'/users?filter=status eq "{status}"')
        assert found, status
        shown += found
    return shown


def groups(admin: httpx.Client) -> list[Json]:
    """The world's groups, the built-in one among them."""
    return listed(admin, "/groups")


def api_tokens(admin: httpx.Client) -> list[Json]:
    """The super admin's token."""
    return listed(admin, "/api-tokens")


def apps(admin: httpx.Client) -> list[Json]:
    """Apps of each type, some with keys, with all settings."""
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())):
        register_app(admin, type="service", auth="private_key_jwt", key=key)
    page = "https://app.example"
    pages: dict[str, Any] = {
        f"{name}_uri": page for name in ("client", "logo", "tos", "policy", "initiate_login")
    }
    for type in ("web", "browser", "native", "service"):
        register_app(admin, type=type, profile={"tier": "gold"}, **pages)
    return listed(admin, "/apps")


def app_users(admin: httpx.Client) -> list[Json]:
    """An assignment."""
    return listed(admin, f"/apps/{register_app(admin, find_person(admin)).id}/users")


def app_groups(admin: httpx.Client) -> list[Json]:
    """A group's assignment."""
    app = register_app(admin)
    group = listed(admin, "/groups?q=Staff")[0]["id"]
    done(admin.put(f"/api/v1/apps/{app.id}/groups/{group}", json={"priority": 3}))
    return listed(admin, f"/apps/{app.id}/groups")


def grants(admin: httpx.Client) -> list[Json]:
    """An API scope grant."""
    app = register_app(admin)
    grant = {"scopeId": "okta.users.read", "issuer": str(admin.base_url).rstrip("/")}
    done(admin.post(f"/api/v1/apps/{app.id}/grants", json=grant))
    return listed(admin, f"/apps/{app.id}/grants")


def secrets(admin: httpx.Client) -> list[Json]:
    """A secret that works, and one that doesn't."""
    path = f"/apps/{register_app(admin).id}/credentials/secrets"
    done(admin.post(f"/api/v1{path}", json={"status": "INACTIVE"}))
    return listed(admin, path)


def jwks(admin: httpx.Client) -> list[Json]:
    """A key of each type, as registered without saying its use."""
    shown = []
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())):
        app = register_app(admin, type="service", auth="private_key_jwt", key=key)
        shown += listed(admin, f"/apps/{app.id}/credentials/jwks")
    return shown


def servers(admin: httpx.Client) -> list[Json]:
    """A server that works, and one that doesn't."""
    server = add_server(admin, "Off")
    done(admin.post(f"/api/v1/authorizationServers/{server}/lifecycle/deactivate"))
    return listed(admin, "/authorizationServers")


def scopes(admin: httpx.Client) -> list[Json]:
    """The built-in scopes and one of each consent."""
    server = add_server(admin, "Scopes")
    for consent in ("IMPLICIT", "REQUIRED", "FLEXIBLE"):
        body = {"name": consent.lower(), "consent": consent, "displayName": "D", "description": "d"}
        done(admin.post(f"/api/v1/authorizationServers/{server}/scopes", json=body))
    return listed(admin, f"/authorizationServers/{server}/scopes")


def claims(admin: httpx.Client) -> list[Json]:
    """The built-in claims, an expression and a group filter."""
    server = add_server(admin, "Claims", "claims:read")
    add_claim(
        admin, "department", "user.department", server, conditions={"scopes": ["claims:read"]}
    )
    add_claim(admin, "staff", "S", server, valueType="GROUPS", group_filter_type="STARTS_WITH")
    return listed(admin, f"/authorizationServers/{server}/claims")


def policies(admin: httpx.Client) -> list[Json]:
    """A policy for some clients, and the default one."""
    add_policy(admin, "default", clients=(register_app(admin).id,))
    return listed(admin, "/authorizationServers/default/policies")


def rules(admin: httpx.Client) -> list[Json]:
    """A rule."""
    server = add_server(admin, "Rules")
    policy = add_policy(admin, server)
    add_rule(admin, server, policy)
    return listed(admin, f"/authorizationServers/{server}/policies/{policy}/rules")


def keys(admin: httpx.Client) -> list[Json]:
    """The keys before and after a rotation."""
    path = "/api/v1/authorizationServers/default/credentials"
    before = list(done(admin.get(f"{path}/keys")))
    return before + list(done(admin.post(f"{path}/lifecycle/keyRotate", json={"use": "sig"})))


def log(admin: httpx.Client) -> list[Json]:
    """The log, with at least one event of a client, an admin and nobody."""
    httpx.post(f"{admin.base_url}oauth2/v1/token", data={"client_id": "x"}, trust_env=False)
    add_user(admin, "lou")
    return listed(admin, "/logs?limit=1000")


def origins(admin: httpx.Client) -> list[Json]:
    """A trusted origin that counts, and one that doesn't."""
    for port in (3000, 3001):
        origin = f"http://127.0.0.1:{port}"
        scopes = [{"type": "CORS"}, {"type": "REDIRECT"}]
        body = {"name": origin, "origin": origin, "scopes": scopes}
        made = done(admin.post("/api/v1/trustedOrigins", json=body))
    done(admin.post(f"/api/v1/trustedOrigins/{made['id']}/lifecycle/deactivate"))
    return listed(admin, "/trustedOrigins")


def sessions(admin: httpx.Client) -> list[Json]:
    """Somebody's session."""
    with httpx.Client(base_url=admin.base_url, trust_env=False) as http:
        token = sign_in(http, add_user(admin, "sid"))
    made = done(admin.post("/api/v1/sessions", json={"sessionToken": token}))
    return [made, done(admin.get(f"/api/v1/sessions/{made['id']}"))]


def roles(path: str) -> Callable[[httpx.Client], list[Json]]:
    """The standard roles of somebody, a group or an app."""

    def shown(admin: httpx.Client) -> list[Json]:
        at = path
        if "{user}" in path:
            at = path.format(user=add_user(admin, "rob").id)
        elif "{group}" in path:
            at = path.format(group=listed(admin, "/groups?q=Staff")[0]["id"])
        else:
            key = rsa.generate_private_key(65537, 2048)
            app = register_app(admin, type="service", auth="private_key_jwt", key=key)
            at = path.format(client=app.id)
        for type in ("SUPER_ADMIN", "USER_ADMIN", "APP_ADMIN", "READ_ONLY_ADMIN"):
            done(admin.post(at, json={"type": type}))
        return list(done(admin.get(at)))

    return shown


def refresh_tokens(admin: httpx.Client) -> list[Json]:
    """One person's refresh token, as each of the three lists shows it."""
    app, cora = with_tokens(admin)
    server = f"/authorizationServers/default/clients/{app.id}/tokens"
    return [
        *listed(admin, server),
        *listed(admin, f"{server}?expand=scope"),
        *listed(admin, f"/users/{cora.id}/clients/{app.id}/tokens"),
        *listed(admin, f"/apps/{app.id}/tokens"),
    ]


def clients_with_tokens(admin: httpx.Client) -> list[Json]:
    """The clients that hold refresh tokens, of a server and of a person."""
    cora = with_tokens(admin)[1]
    of_server = listed(admin, "/authorizationServers/default/clients")
    return of_server + listed(admin, f"/users/{cora.id}/clients")


def with_tokens(admin: httpx.Client) -> tuple[App, Person]:
    """An app to which Cora signed in, which holds a refresh token."""
    cora = find_person(admin)
    app = register_app(admin, cora, logo_uri="https://app.example/logo.png")
    url = str(admin.base_url).rstrip("/")
    with httpx.Client(base_url=url, trust_env=False) as http:
        tokens_for(http, custom_server(url), app, cora, "openid offline_access")
    return app, cora


def consents(admin: httpx.Client) -> list[Json]:
    """Somebody's consents, as stored on the consent page."""
    cora = find_person(admin)
    add_scope(admin, "consented", consent="REQUIRED")
    app = register_app(admin, cora, consent_method="REQUIRED")
    url = str(admin.base_url).rstrip("/")
    with httpx.Client(base_url=url, trust_env=False) as http:
        issuer = custom_server(url)
        authorized = authorize(http, issuer, app, cora, scope="openid consented")
        answer_consent(http, authorized.response)
    return [
        *listed(admin, f"/users/{cora.id}/grants"),
        *listed(admin, f"/users/{cora.id}/clients/{app.id}/grants"),
        *listed(admin, f"/users/{cora.id}/grants?expand=scope"),
    ]


POLICY_TYPES = ("OKTA_SIGN_ON", "PASSWORD", "MFA_ENROLL")


def org_policies(admin: httpx.Client) -> list[Json]:
    """The org's policies of each type."""
    return [each for type in POLICY_TYPES for each in listed(admin, f"/policies?type={type}")]


def org_rules(admin: httpx.Client) -> list[Json]:
    """The rules of the org's policies."""
    return [
        rule
        for policy in org_policies(admin)
        for rule in listed(admin, f"/policies/{policy['id']}/rules")
    ]


def owners(admin: httpx.Client) -> list[Json]:
    """A group's owners."""
    group = done(admin.post("/api/v1/groups", json={"profile": {"name": "Owned"}}))["id"]
    owner = {"id": find_person(admin).id, "type": "USER"}
    done(admin.post(f"/api/v1/groups/{group}/owners", json=owner))
    return listed(admin, f"/groups/{group}/owners")


SHOWN: tuple[tuple[str, Shown], ...] = (
    ("User", users),
    ("Group", groups),
    ("GroupOwner", owners),
    ("Application", apps),
    ("AppUser", app_users),
    ("ApplicationGroupAssignment", app_groups),
    ("OAuth2ScopeConsentGrant", grants),
    ("OAuth2ScopeConsentGrant", consents),
    ("OAuth2ClientSecret", secrets),
    ("ListJwk200ResponseInner", jwks),
    ("OAuth2RefreshToken", refresh_tokens),
    ("OAuth2Client", clients_with_tokens),
    ("AuthorizationServer", servers),
    ("OAuth2Scope", scopes),
    ("OAuth2Claim", claims),
    ("AuthorizationServerPolicy", policies),
    ("AuthorizationServerPolicyRule", rules),
    ("AuthorizationServerJsonWebKey", keys),
    ("Policy", org_policies),
    ("PolicyRule", org_rules),
    ("ListGroupAssignedRoles200ResponseInner", roles("/api/v1/users/{user}/roles")),
    ("ListGroupAssignedRoles200ResponseInner", roles("/api/v1/groups/{group}/roles")),
    # The list's own model takes a standard role for a custom one too, and then refuses both.
    ("StandardRole", roles("/oauth2/v1/clients/{client}/roles")),
    ("TrustedOrigin", origins),
    ("Session", sessions),
    ("ApiToken", api_tokens),
    ("LogEvent", log),
)
"""The SDK's model, and the documents that it must read."""


@pytest.mark.parametrize(("kind", "shown"), SHOWN)
def test_the_sdks_model_reads_all_of_it(
    strict_admin: httpx.Client, kind: str, shown: Shown
) -> None:
    documents = shown(strict_admin)

    assert documents
    assert lost(kind, documents) == set(NOT_IN_THE_MODELS.get(shown.__name__, ()))
