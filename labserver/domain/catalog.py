"""What is built in: reserved scopes, the org server's scopes and policy, claim names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from labserver.domain.values import Policy, Rule, Scope

OIDC_SCOPES = frozenset({"openid", "profile", "email", "address", "phone", "groups"})
"""Scopes that speak about a person: they need `openid` and a user."""

_RESERVED = {
    "openid": ("Sign you in", "Signals that a request is an OpenID Connect request"),
    "profile": ("View your profile", "The basic attributes of your profile, such as your name"),
    "email": ("View your e-mail address", "Your e-mail address and whether it was verified"),
    "address": ("View your address", "Your postal address"),
    "phone": ("View your phone number", "Your phone number"),
    "offline_access": ("Stay connected", "Keeps access to your data while you are away"),
    "groups": ("View your groups", "The groups that you belong to"),
    "device_sso": ("Sign in on this device", "Shares a sign-in between apps on this device"),
}

RESERVED_SCOPES: Mapping[str, Scope] = MappingProxyType(
    {
        name: Scope(name, display, description, system=True, published=name != "groups")
        for name, (display, description) in _RESERVED.items()
    }
)
"""The scopes that exist on every authorization server (Okta: reserved scopes)."""

_API_RESOURCES = {
    "users": ("read", "manage", "read.self", "manage.self"),
    "groups": ("read", "manage"),
    "apps": ("read", "manage"),
    "appGrants": ("read", "manage"),
    "authorizationServers": ("read", "manage"),
    "clients": ("read", "manage", "register"),
    "apiTokens": ("read", "manage"),
    "roles": ("read", "manage"),
    "sessions": ("read", "manage"),
    "policies": ("read", "manage"),
    "factors": ("read", "manage"),
    "trustedOrigins": ("read", "manage"),
    "logs": ("read",),
    "oauthIntegrations": ("read", "manage"),
}

API_SCOPES: Mapping[str, Scope] = MappingProxyType(
    {
        name: Scope(
            name, name, f"The management API: {resource}, {operation}", True, needs_api_grant=True
        )
        for resource, operations in _API_RESOURCES.items()
        for operation in operations
        for name in [f"okta.{resource}.{operation}"]
    }
)
"""`okta.*`: scopes of the management API; the app needs an API scope grant for each."""

ORG_SCOPES: Mapping[str, Scope] = MappingProxyType(
    {name: scope for name, scope in RESERVED_SCOPES.items() if name != "device_sso"}
    | {"groups": replace(RESERVED_SCOPES["groups"], published=True)}
    | dict(API_SCOPES)
)
"""All scopes of the org authorization server."""

ORG_POLICY = Policy(
    id="org",
    name="Org authorization server",
    clients=frozenset({"ALL_CLIENTS"}),
    rules=(
        Rule(
            id="org",
            name="Assigned people and service apps",
            grant_types=frozenset({"*"}),
            scopes=frozenset({"*"}),
            refresh_token_minutes=90 * 24 * 60,
            refresh_window_minutes=90 * 24 * 60,
        ),
    ),
)
"""The org server has no policies to configure: one that lets every assigned person through."""

SERVER_OWNED_CLAIMS = frozenset(
    {"iss", "aud", "exp", "iat", "nbf", "jti", "ver", "cid", "uid", "scp", "auth_time"}
    | {"nonce", "amr", "acr", "idp", "at_hash", "c_hash", "cnf", "sid", "azp"}
)
"""Claims that a custom claim never replaces."""
