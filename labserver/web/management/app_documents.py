"""The document of an app: what a caller may say, and what the API shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from sqlalchemy import select

from labserver.store.apps import App, AppKey, AppSecret
from labserver.web.guard import reads_secrets
from labserver.web.management import uris
from labserver.web.management.documents import Document
from labserver.web.management.jwks import key_document
from labserver.web.management.resources import Json, link, session, switch_link, timestamp

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SAML_BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer"

GrantType = Literal[
    "authorization_code",
    "implicit",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
]
ALLOWED_GRANTS: dict[str, frozenset[str]] = {
    "web": frozenset(
        {"authorization_code", "implicit", "refresh_token", "client_credentials"}
        | {TOKEN_EXCHANGE, JWT_BEARER, SAML_BEARER}
    ),
    "browser": frozenset({"authorization_code", "implicit", "refresh_token"}),
    "native": frozenset(
        {"authorization_code", "implicit", "password", "refresh_token", DEVICE_CODE}
    ),
    "service": frozenset({"client_credentials", TOKEN_EXCHANGE}),
}
"""Grants that each application type may have (Okta: application_type)."""

RedirectUri = Annotated[str, AfterValidator(uris.redirect_uri)]
WebUri = Annotated[str, AfterValidator(uris.web_uri)]


class OAuthDocument(Document):
    """A part of the document whose members are spelled as in OAuth."""

    model_config = ConfigDict(alias_generator=None)


class Credential(OAuthDocument):
    """How the client authenticates."""

    auto_key_rotation: Annotated[bool, Field(alias="autoKeyRotation")] = True
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{6,100}$")] | None = None
    client_secret: Annotated[str, Field(pattern=r"^[\x21-\x7e]{14,100}$")] | None = None
    token_endpoint_auth_method: Literal[
        "none",
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
    ] = "client_secret_basic"
    pkce_required: bool | None = None


class Credentials(Document):
    """The credentials of the app."""

    oauth_client: Credential = Credential()


class KeySet(Document):
    """A JSON Web Key Set."""

    keys: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=50)]


class RefreshSettings(OAuthDocument):
    """What happens to a refresh token that is used."""

    rotation_type: Literal["STATIC", "ROTATE"] = "STATIC"
    leeway: Annotated[int, Field(ge=0, le=60)] = 30


class GroupsClaim(OAuthDocument):
    """The org server's groups claim of this app."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "groups"
    filter_type: Literal["STARTS_WITH", "EQUALS", "CONTAINS", "REGEX"]
    value: Annotated[str, Field(max_length=1024)]


class Settings(OAuthDocument):
    """The OAuth settings of the app."""

    client_uri: WebUri | None = None
    logo_uri: WebUri | None = None
    policy_uri: WebUri | None = None
    tos_uri: WebUri | None = None
    initiate_login_uri: WebUri | None = None
    redirect_uris: Annotated[list[RedirectUri], Field(max_length=100)] | None = None
    post_logout_redirect_uris: Annotated[list[RedirectUri], Field(max_length=100)] | None = None
    response_types: list[Literal["code", "token", "id_token"]] | None = None
    grant_types: Annotated[list[GrantType], Field(min_length=1)]
    application_type: Literal["web", "native", "browser", "service"] = "web"
    consent_method: Literal["TRUSTED", "REQUIRED"] = "TRUSTED"
    issuer_mode: Literal["ORG_URL", "CUSTOM_URL", "DYNAMIC"] = "DYNAMIC"
    refresh_token: RefreshSettings | None = None
    dpop_bound_access_tokens: bool = False
    groups_claim: GroupsClaim | None = None
    jwks: KeySet | None = None
    jwks_uri: str | None = None

    @model_validator(mode="after")
    def fits_together(self) -> Settings:
        """Grants fit the application type; response types and redirect URIs fit the grants."""
        grants: set[str] = set(self.grant_types)
        if unfit := sorted(grants - ALLOWED_GRANTS[self.application_type]):
            raise ValueError(f"grant_types: a {self.application_type} app cannot use {unfit[0]}")
        if self.jwks_uri is not None:
            raise ValueError("jwks_uri: the server fetches nothing; register the keys in jwks")
        if self.dpop_bound_access_tokens:
            raise ValueError("dpop_bound_access_tokens: this server issues bearer tokens only")
        if {"authorization_code", "implicit"} & grants and not self.redirect_uris:
            raise ValueError("redirect_uris: the grants need at least one")
        if self.application_type == "service" and self.redirect_uris:
            raise ValueError("redirect_uris: a service app signs nobody in and has none")
        self.response_types = self.response_types or _response_types(grants)
        _agree(set(self.response_types), grants)
        return self


class AppSettings(Document):
    """The settings of the app."""

    oauth_client: Settings


class AppDocument(Document):
    """An app as a caller describes it."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = "oidc_client"
    label: Annotated[str, Field(min_length=1, max_length=100)]
    sign_on_mode: Literal["OPENID_CONNECT"]
    credentials: Credentials = Credentials()
    settings: AppSettings
    profile: dict[str, Any] | None = None

    @model_validator(mode="after")
    def authenticates_soundly(self) -> AppDocument:
        """A client without authentication needs PKCE, and gets no tokens of its own."""
        client, settings = self.credentials.oauth_client, self.settings.oauth_client
        if client.token_endpoint_auth_method != "none":
            return self
        if client.pkce_required is False:
            raise ValueError("pkce_required: it must be true when no secret or key is used")
        if {"client_credentials", TOKEN_EXCHANGE} & set(settings.grant_types):
            raise ValueError("token_endpoint_auth_method: the grants need a confidential client")
        return self

    @property
    def pkce_required(self) -> bool:
        """Whether PKCE is demanded: for apps on a device or in a browser, unless said."""
        client = self.credentials.oauth_client
        if client.pkce_required is not None:
            return client.pkce_required
        kind = self.settings.oauth_client.application_type
        return client.token_endpoint_auth_method == "none" or kind in ("browser", "native")


def document(row: App) -> Json:
    """The app as the API shows it."""
    path = f"/api/v1/apps/{row.id}"
    return {
        "id": row.id,
        "name": row.name,
        "label": row.label,
        "status": row.status,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
        "visibility": {
            "autoSubmitToolbar": False,
            "hide": {"iOS": True, "web": True},
            "appLinks": {"oidc_client_link": True},
        },
        "features": [],
        "signOnMode": "OPENID_CONNECT",
        "credentials": {
            "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
            "signing": {},
            "oauthClient": _credential(row),
        },
        "settings": {"app": {}, "oauthClient": _settings(row)},
        "profile": row.profile,
        "_links": {
            "self": link(path, "GET", "PUT", "DELETE"),
            "appLinks": [],
            "logo": [],
            "users": link(f"{path}/users"),
            "groups": link(f"{path}/groups"),
            **switch_link(path, row.status),
            "clientCredentials": link(f"{path}/credentials/secrets", "GET", "POST"),
        },
    }


def _credential(row: App) -> Json:
    credential: Json = {
        "autoKeyRotation": row.more.get("autoKeyRotation", True),
        "client_id": row.client_id,
        "token_endpoint_auth_method": row.auth_method,
        "pkce_required": row.pkce_required or row.auth_method == "none",
    }
    if row.auth_method.startswith("client_secret") and reads_secrets(row):
        active = select(AppSecret.value).where(
            AppSecret.app_pk == row.pk, AppSecret.status == "ACTIVE"
        )
        secret = session().scalars(active.order_by(AppSecret.pk.desc()).limit(1)).first()
        if secret is not None:
            credential["client_secret"] = secret
    return credential


def _settings(row: App) -> Json:
    settings: Json = {
        "client_uri": row.client_uri,
        "logo_uri": row.logo_uri,
        "policy_uri": row.policy_uri,
        "tos_uri": row.tos_uri,
        "initiate_login_uri": row.initiate_login_uri,
        "redirect_uris": row.redirect_uris,
        "post_logout_redirect_uris": row.post_logout_redirect_uris,
        "response_types": row.response_types,
        "grant_types": row.grant_types,
        "application_type": row.application_type,
        "consent_method": row.consent_method,
        "issuer_mode": row.more.get("issuerMode", "DYNAMIC"),
        "refresh_token": {"rotation_type": _rotation(row), "leeway": row.refresh_leeway},
        "idp_initiated_login": {"mode": "DISABLED", "default_scope": []},
        "wildcard_redirect": "DISABLED",
        "dpop_bound_access_tokens": row.dpop_bound,
    }
    if row.groups_claim:
        settings["groups_claim"] = row.groups_claim
    keys = select(AppKey).where(AppKey.app_pk == row.pk).order_by(AppKey.pk)
    if found := session().scalars(keys).all():
        settings["jwks"] = {"keys": [key_document(row, key) for key in found]}
    return settings


def _rotation(row: App) -> str:
    return "ROTATE" if row.application_type == "browser" else row.rotation_type


def _response_types(grants: set[str]) -> list[Literal["code", "token", "id_token"]]:
    found: list[Literal["code", "token", "id_token"]] = []
    if "authorization_code" in grants:
        found.append("code")
    if "implicit" in grants:
        found += ["token", "id_token"]
    elif "client_credentials" in grants:
        found.append("token")
    return found


def _agree(response_types: set[str], grants: set[str]) -> None:
    """Each response type has its grant, and each grant its response type."""
    if ("code" in response_types) != ("authorization_code" in grants):
        raise ValueError("response_types: code goes with the grant authorization_code")
    if "id_token" in response_types and "implicit" not in grants:
        raise ValueError("response_types: id_token goes with the grant implicit")
    if "token" in response_types and not {"implicit", "client_credentials"} & grants:
        raise ValueError("response_types: token goes with implicit or client_credentials")
    if "implicit" in grants and not {"token", "id_token"} & response_types:
        raise ValueError("response_types: the grant implicit needs token or id_token")
