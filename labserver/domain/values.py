"""The frozen values that decisions are made from: plain data, no rows, no requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from joserfc.jwk import ECKey, RSAKey

ORG_SERVER = "org"
"""The id under which the org authorization server's things are stored; URLs have none."""

Consent = Literal["IMPLICIT", "REQUIRED", "FLEXIBLE"]


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope of one authorization server (Okta: Scope object)."""

    name: str
    display_name: str = ""
    description: str = ""
    system: bool = False
    default: bool = False
    consent: Consent = "IMPLICIT"
    optional: bool = False
    published: bool = False
    """Whether the metadata names it (`metadataPublish: ALL_CLIENTS`)."""
    needs_api_grant: bool = False
    """Whether the app must hold an API scope grant for it (`okta.*` at the org server)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of one authorization server (Okta: Custom claim object)."""

    id: str
    name: str
    claim_type: Literal["RESOURCE", "IDENTITY"]
    value_type: Literal["EXPRESSION", "GROUPS", "SYSTEM"]
    value: str
    group_filter_type: Literal["STARTS_WITH", "EQUALS", "CONTAINS", "REGEX"] | None = None
    scopes: frozenset[str] = frozenset()
    """The claim appears when one of these is granted; empty: always."""
    always_in_token: bool = True
    system: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of an access policy (Okta: RESOURCE_ACCESS rule). Active rules only."""

    id: str
    name: str
    grant_types: frozenset[str]
    scopes: frozenset[str]
    """Scope names, or `*` for every scope of the server."""
    groups: frozenset[str] = frozenset({"EVERYONE"})
    users: frozenset[str] = frozenset()
    excluded_groups: frozenset[str] = frozenset()
    excluded_users: frozenset[str] = frozenset()
    access_token_minutes: int = 60
    refresh_token_minutes: int = 0
    """Absolute life of a refresh token; 0 is unlimited."""
    refresh_window_minutes: int = 10080
    """A refresh token that rests longer than this is over."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One access policy (Okta: OAUTH_AUTHORIZATION_POLICY), with its active rules by priority."""

    id: str
    name: str
    clients: frozenset[str]
    """Client ids, or `ALL_CLIENTS`."""
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One RSA key of an authorization server, as an object that is ready to sign."""

    kid: str
    key: RSAKey
    status: Literal["ACTIVE", "NEXT", "EXPIRED"]


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one authorization server."""

    published: tuple[SigningKey, ...]
    """What `/keys` shows: active, next, and expired ones whose tokens may still live."""
    id_token_key: SigningKey
    access_token_key: SigningKey
    """One of `published` at a custom server; at the org server a key that is never published."""
    next_rotation: int | None = None
    """When they rotate by themselves, in seconds since the epoch; None: only when asked."""


@dataclass(frozen=True)
class AuthorizationServer:
    """An authorization server, org or custom: the same type with other contents."""

    id: str
    """`aus…`, `default`, or `ORG_SERVER`."""
    name: str
    issuer: str
    endpoint_root: str
    """Absolute URL in front of `/authorize`, `/token`, …: `{issuer}/v1` or `{org}/oauth2/v1`."""
    audience: str
    scopes: Mapping[str, Scope]
    claims: tuple[Claim, ...] = ()
    """Active claims only."""
    policies: tuple[Policy, ...] = ()
    """Active policies by priority, with their active rules by priority."""
    service_client_auth: frozenset[str] | None = None
    """Client authentication methods for client credentials; None: whatever the client has."""
    service_app_types: frozenset[str] | None = None
    """Application types that may use client credentials; None: any confidential client."""
    fat_id_token_with_code: bool = False
    """Whether the ID token of a redeemed code carries all claims of the granted scopes."""
    takes_integrations: bool = False
    """Whether installed integrations get tokens here (Okta: API service integrations)."""
    event_prefix: str = "app.oauth2.as"
    """How log event types of this server begin."""
    access_token_type: str | None = None
    """The `typ` in the header of access tokens; None: no such member."""
    without_scope: str = (
        "The authorization server resource does not have any configured default scopes, "
        "'scope' must be provided."
    )
    """What is said to a request without scopes when no scope is a default one."""


ClientAuthMethod = Literal[
    "none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"
]
ApplicationType = Literal["web", "browser", "native", "service"]


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key that a client registered."""

    kid: str | None
    key: RSAKey | ECKey
    alg: str | None = None


@dataclass(frozen=True)
class Client:
    """Who asks for tokens (OAuth: client; Okta: app). Active clients only."""

    id: str
    name: str
    application_type: ApplicationType
    auth_method: ClientAuthMethod
    secrets: tuple[str, ...] = ()
    """Active secrets, newest first."""
    keys: tuple[ClientKey, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    response_types: frozenset[str] = frozenset()
    grant_types: frozenset[str] = frozenset()
    pkce_required: bool = True
    consent_method: Literal["TRUSTED", "REQUIRED"] = "TRUSTED"
    rotates_refresh_tokens: bool = False
    refresh_leeway: int = 30
    """Seconds during which the previous refresh token still works after rotation."""
    api_scopes: frozenset[str] = frozenset()
    """`okta.*` scopes that were granted to the app."""
    groups_claim: Mapping[str, str] | None = None
    """The org server's groups claim filter of this app: name, filter type, value."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    signing_alg: str | None = None
    """The one algorithm that client assertions of this app may use, where it is configured."""
    logo_uri: str | None = None
    token_family: str | None = None
    """What its access tokens without a sign-in of their own belong to: they end together."""
    integration: bool = False
    """Whether it was installed from the catalogue (Okta: API service integration).

    Its secret counts at the org server, and in the management API its scopes are all it needs.
    """

    @property
    def confidential(self) -> bool:
        """Whether the client can keep a credential (RFC 6749 §2.1)."""
        return self.auth_method != "none"


@dataclass(frozen=True, slots=True)
class Group:
    """A group as tokens and rules see it."""

    id: str
    name: str


@dataclass(frozen=True)
class User:
    """A person of the org."""

    id: str
    login: str
    status: str
    profile: Mapping[str, Any]
    """Okta's profile attributes by their API names: `firstName`, `email`, `department`, …"""
    groups: tuple[Group, ...] = ()
    updated: int = 0
    """Seconds since the epoch."""

    @property
    def may_sign_in(self) -> bool:
        """Whether tokens may be issued for this person (Okta user status)."""
        return self.status == "ACTIVE"

    @cached_property
    def group_ids(self) -> frozenset[str]:
        """The ids of the person's groups."""
        return frozenset(group.id for group in self.groups)


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What a policy judges: who asks, how, and for what."""

    client_id: str
    grant_type: str
    scopes: frozenset[str]
    user: User | None = None


@dataclass(frozen=True, slots=True)
class Org:
    """The tenant whose rows a database session sees."""

    pk: int
    id: str
    """`00o…`"""
    slug: str
    """Empty for the root org."""
    name: str
    url: str
    """The org's absolute base URL, no trailing slash: the org server's issuer."""
    changes: int
    """The change counter: raised by each management write, checked by every cache."""
    clock_offset: int = 0
    """Seconds by which this org's clock was moved forward."""
