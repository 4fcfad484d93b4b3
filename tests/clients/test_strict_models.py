"""Each document of ours is read by Okta's strict models, and nothing in it gets lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from okta import models
from pydantic import BaseModel

from tests.conftest import Server
from tests.speaking import (
    add_claim,
    add_policy,
    add_rule,
    add_server,
    add_user,
    done,
    find_person,
    register_app,
    set_status,
)

Json = dict[str, Any]

NOT_IN_THE_MODELS = {
    "Application": {
        "._links.clientCredentials": "a link of ours beside the documented ones",
        ".settings.app": "empty for every OIDC app, as in the examples of the API's pages",
        ".settings.oauthClient.jwks.keys[]": "the SDK's own model of a key set drops its keys",
    },
    "AppUser": {"._links.self": "a link of ours beside the documented ones"},
    "AuthorizationServer": {"._links.activate": "the SDK's model knows `deactivate` alone"},
    "OAuth2Scope": {".created": "ours", ".lastUpdated": "ours: it says what If-Match is about"},
    "OAuth2Claim": {".created": "ours", ".lastUpdated": "ours: it says what If-Match is about"},
    "AuthorizationServerPolicyRule": {
        ".conditions.people.users.exclude": "documented, but the SDK's model has `include` alone",
        ".conditions.people.groups.exclude": "documented, but the SDK's model has `include` alone",
    },
    "AuthorizationServerJsonWebKey": {
        ".created": "ours",
        ".lastUpdated": "ours",
        ".expiresAt": "ours: until when the former key is published",
    },
    "ApiToken": {"._links": "the SDK's model calls it `_link`"},
}
"""What the SDK's models leave out of our documents, by kind, and why we send it."""


def different(sent: Any, read: Any, path: str = "") -> Iterator[str]:
    """Where a model lost or changed something of what was sent; a null may be left out."""
    if isinstance(sent, dict) and isinstance(read, dict):
        for name, value in sent.items():
            if name in read:
                yield from different(value, read[name], f"{path}.{name}")
            elif value is not None:
                yield f"{path}.{name}"
    elif isinstance(sent, list) and isinstance(read, list) and len(sent) == len(read):
        for ours, theirs in zip(sent, read, strict=True):
            yield from different(ours, theirs, f"{path}[]")
    elif isinstance(read, datetime):
        if datetime.fromisoformat(sent) != read:
            yield path
    elif sent != read:
        yield path


def told(value: Any) -> Any:
    """What a model holds, by the names of the wire; its own `to_dict` leaves out what it owns."""
    if isinstance(value, list):
        return [told(each) for each in value]
    if isinstance(value, dict):
        return {name: told(each) for name, each in value.items()}
    if not isinstance(value, BaseModel):
        return value
    if hasattr(value, "actual_instance"):
        return told(value.actual_instance)
    fields = type(value).model_fields.items()
    held = {field.alias or name: told(getattr(value, name)) for name, field in fields}
    more = held.pop("additional_properties", {})
    return {name: each for name, each in (held | more).items() if each is not None}


@pytest.fixture(scope="module")
def admin(server: Server, root: httpx.Client) -> Iterator[httpx.Client]:
    """The super admin of an org for this file."""
    made = done(root.post("/api/v1/orgs", json={"subdomain": "strict", "name": "Strict"}))
    headers = {"Authorization": f"SSWS {made['token']}"}
    url = f"{server.url}/orgs/strict"
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        yield client


def listed(admin: httpx.Client, path: str) -> list[Json]:
    """The documents of a list."""
    return list(done(admin.get(f"/api/v1{path}")))


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


SHOWN: dict[str, Callable[[httpx.Client], list[Json]]] = {
    "User": users,
    "Group": lambda admin: listed(admin, "/groups"),
    "Application": apps,
    "AppUser": app_users,
    "ApplicationGroupAssignment": app_groups,
    "OAuth2ScopeConsentGrant": grants,
    "OAuth2ClientSecret": secrets,
    "ListJwk200ResponseInner": jwks,
    "AuthorizationServer": servers,
    "OAuth2Scope": scopes,
    "OAuth2Claim": claims,
    "AuthorizationServerPolicy": policies,
    "AuthorizationServerPolicyRule": rules,
    "AuthorizationServerJsonWebKey": keys,
    "ApiToken": lambda admin: listed(admin, "/api-tokens"),
    "LogEvent": log,
}
"""The SDK's model, and the documents that it must read."""


@pytest.mark.parametrize("kind", SHOWN)
def test_the_sdks_model_reads_all_of_it(admin: httpx.Client, kind: str) -> None:
    documents = SHOWN[kind](admin)

    model = getattr(models, kind)
    lost = {
        path
        for document in documents
        for path in different(document, told(model.from_dict(document)))
    }

    assert documents
    assert lost == set(NOT_IN_THE_MODELS.get(kind, ()))
