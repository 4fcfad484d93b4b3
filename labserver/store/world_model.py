"""The shape of a world file: the management API's fields, strictly."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from labserver.domain.catalog import API_SCOPES, RESERVED_SCOPES

Name = Annotated[str, Field(min_length=1, max_length=255)]
Minutes = Annotated[int, Field(ge=5, le=1440)]
PROFILE = frozenset(
    {
        "middleName",
        "honorificPrefix",
        "honorificSuffix",
        "title",
        "displayName",
        "nickName",
        "profileUrl",
        "secondEmail",
        "mobilePhone",
        "primaryPhone",
        "streetAddress",
        "city",
        "state",
        "zipCode",
        "countryCode",
        "postalAddress",
        "preferredLanguage",
        "locale",
        "timezone",
        "userType",
        "employeeNumber",
        "costCenter",
        "organization",
        "division",
        "department",
        "managerId",
        "manager",
    }
)
"""The optional base attributes of a user profile."""


class Part(BaseModel):
    """Any part of a world: no unknown field, no value of another type."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=False,
        # A database that has been filled needs no world, so its start makes no validator.
        defer_build=True,
    )


class Included(Part):
    """A condition that names what it covers."""

    include: list[str] = []
    exclude: list[str] = []


class IncludedScopes(Part):
    """The scopes a rule covers."""

    include: list[str] = ["*"]


class GroupProfile(Part):
    """A group's profile."""

    name: Name
    description: str | None = None


class Group(Part):
    """A group."""

    profile: GroupProfile

    @field_validator("profile")
    @classmethod
    def _not_everyone(cls, profile: GroupProfile) -> GroupProfile:
        if profile.name == "Everyone":
            raise ValueError("Everyone is there in every org; remove it")
        return profile


class UserProfile(BaseModel):
    """A user's profile: the required attributes, the known optional ones, no other."""

    model_config = ConfigDict(
        strict=True, extra="allow", frozen=True, alias_generator=to_camel, defer_build=True
    )

    login: Annotated[str, Field(min_length=5, max_length=100)]
    email: Annotated[str, Field(min_length=5, max_length=100)]
    first_name: Annotated[str, Field(min_length=1, max_length=50)]
    last_name: Annotated[str, Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _known(self) -> UserProfile:
        for name, value in (self.model_extra or {}).items():
            if name not in PROFILE:
                raise ValueError(f"a profile has no attribute {name!r}; remove it")
            if value is not None and not isinstance(value, str):
                raise ValueError(f"the attribute {name!r} should be text; put it in quotes")
        return self


class RoleTargets(Part):
    """What a role is limited to."""

    groups: list[str] = []


class Role(Part):
    """An admin role."""

    type: Literal[
        "SUPER_ADMIN",
        "ORG_ADMIN",
        "APP_ADMIN",
        "USER_ADMIN",
        "GROUP_MEMBERSHIP_ADMIN",
        "HELP_DESK_ADMIN",
        "READ_ONLY_ADMIN",
        "REPORT_ADMIN",
        "API_ACCESS_MANAGEMENT_ADMIN",
    ]
    targets: RoleTargets = RoleTargets()


class User(Part):
    """A person, active, with the world's password."""

    profile: UserProfile
    groups: list[str] = []
    roles: list[Role] = []


class OAuthCredentials(Part):
    """How an app authenticates."""

    model_config = ConfigDict(alias_generator=None)

    token_endpoint_auth_method: Literal[
        "none",
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
    ] = "client_secret_basic"
    pkce_required: bool = True
    client_id: Annotated[str, Field(min_length=6, max_length=100)] | None = None
    client_secret: Annotated[str, Field(min_length=14, max_length=100)] | None = None


class Credentials(Part):
    """An app's credentials."""

    oauth_client: OAuthCredentials = Field(default=OAuthCredentials(), alias="oauthClient")


class RefreshTokens(Part):
    """How an app's refresh tokens change."""

    model_config = ConfigDict(alias_generator=None)

    rotation_type: Literal["ROTATE", "STATIC"] = "STATIC"
    leeway: Annotated[int, Field(ge=0, le=60)] = 30


class OAuthSettings(Part):
    """What an app may do at the authorization servers."""

    model_config = ConfigDict(alias_generator=None)

    application_type: Literal["web", "browser", "native", "service"]
    grant_types: Annotated[list[str], Field(min_length=1)]
    response_types: list[str] = []
    redirect_uris: list[str] = []
    post_logout_redirect_uris: list[str] = []
    consent_method: Literal["TRUSTED", "REQUIRED"] = "TRUSTED"
    client_uri: str | None = None
    logo_uri: str | None = None
    refresh_token: RefreshTokens = RefreshTokens()


class AppSettings(Part):
    """An app's settings."""

    oauth_client: OAuthSettings = Field(alias="oauthClient")


class App(Part):
    """An OpenID Connect app; `grants` are the `okta.*` scopes it may ask for."""

    label: Annotated[str, Field(min_length=1, max_length=100)]
    credentials: Credentials = Credentials()
    settings: AppSettings
    profile: dict[str, Any] = {}
    groups: list[str] = []
    users: list[str] = []
    grants: list[str] = []

    @field_validator("grants")
    @classmethod
    def _known_scopes(cls, grants: list[str]) -> list[str]:
        for scope in grants:
            if scope not in API_SCOPES:
                raise ValueError(f"there is no API scope {scope!r}; mend it")
        return grants


class Scope(Part):
    """A scope of a custom server."""

    name: Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$", max_length=255)]
    display_name: str = ""
    description: str = ""
    default: bool = False
    consent: Literal["IMPLICIT", "REQUIRED", "FLEXIBLE"] = "IMPLICIT"
    optional: bool = False
    metadata_publish: Literal["NO_CLIENTS", "ALL_CLIENTS"] = "NO_CLIENTS"

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in RESERVED_SCOPES or name in {"okta", "*"} or name.startswith(("okta.", "okta:")):
            raise ValueError(f"the scope {name!r} is reserved; choose another name")
        return name


class ClaimConditions(Part):
    """When a claim appears."""

    scopes: list[str] = []


class Claim(Part):
    """A claim of a custom server."""

    name: Name
    claim_type: Literal["RESOURCE", "IDENTITY"]
    value_type: Literal["EXPRESSION", "GROUPS"] = "EXPRESSION"
    value: Annotated[str, Field(min_length=1, max_length=1024)]
    group_filter_type: Literal["STARTS_WITH", "EQUALS", "CONTAINS", "REGEX"] | None = Field(
        default=None, alias="group_filter_type"
    )
    always_include_in_token: bool = True
    conditions: ClaimConditions = ClaimConditions()

    @model_validator(mode="after")
    def _has_its_filter(self) -> Claim:
        if (self.value_type == "GROUPS") != (self.group_filter_type is not None):
            raise ValueError("group_filter_type belongs to valueType GROUPS; mend one of them")
        return self


class People(Part):
    """Whom a rule covers."""

    groups: Included = Included(include=["EVERYONE"])
    users: Included = Included()


class RuleConditions(Part):
    """When a rule matches."""

    people: People = People()
    grant_types: Included
    scopes: IncludedScopes = IncludedScopes()


class TokenLifetimes(Part):
    """How long the tokens of a rule live."""

    access_token_lifetime_minutes: Minutes = 60
    refresh_token_lifetime_minutes: Annotated[int, Field(ge=0)] = 0
    refresh_token_window_minutes: Annotated[int, Field(ge=10, le=2_628_000)] = 10080

    @model_validator(mode="after")
    def _in_order(self) -> TokenLifetimes:
        if 0 < self.refresh_token_lifetime_minutes < self.access_token_lifetime_minutes:
            raise ValueError("a refresh token should live at least as long as an access token")
        return self


class RuleActions(Part):
    """What a rule gives."""

    token: TokenLifetimes = TokenLifetimes()


class Rule(Part):
    """A rule of a policy; their order is their priority."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    conditions: RuleConditions
    actions: RuleActions = RuleActions()


class PolicyConditions(Part):
    """Whose requests a policy judges: labels of apps, or ALL_CLIENTS."""

    clients: Included


class Policy(Part):
    """An access policy; their order is their priority."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    description: Annotated[str, Field(min_length=1, max_length=255)]
    conditions: PolicyConditions
    rules: list[Rule] = []


class AuthorizationServer(Part):
    """A custom authorization server."""

    name: Name
    description: str = ""
    audiences: Annotated[list[Name], Field(min_length=1, max_length=1)]
    scopes: list[Scope] = []
    claims: list[Claim] = []
    policies: list[Policy] = []

    @property
    def known_scopes(self) -> list[str]:
        """The names of its scopes, the reserved ones too."""
        return [*RESERVED_SCOPES, *(scope.name for scope in self.scopes)]


class World(Part):
    """What a new org holds beside Everyone, the super admin and the server `default`."""

    password: str | None = None
    groups: list[Group] = []
    users: list[User] = []
    apps: list[App] = []
    authorization_servers: list[AuthorizationServer] = []
