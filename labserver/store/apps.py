"""Tables of apps: their OAuth settings, credentials, and who may use them."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from labserver.store.base import Base, OrgOwned, Stamped

TOKEN_FAMILY = "tokenFamily"
"""The member of `App.more` that says what the app's own access tokens belong to now."""


class App(OrgOwned, Stamped, Base):
    """An OpenID Connect app, which is an OAuth client (Okta: app, client).

    `client_id` equals `id` unless it was supplied. `more` keeps settings that no decision reads.
    """

    __tablename__ = "apps"
    id_prefix: ClassVar[str] = "0oa"
    managed: ClassVar[bool] = True

    client_id: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(100), default="oidc_client")
    label: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")
    application_type: Mapped[str] = mapped_column(String(10), default="web")
    auth_method: Mapped[str] = mapped_column(String(30), default="client_secret_basic")
    pkce_required: Mapped[bool] = mapped_column(default=True)
    redirect_uris: Mapped[list[str]] = mapped_column(default=list)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(default=list)
    response_types: Mapped[list[str]] = mapped_column(default=list)
    grant_types: Mapped[list[str]] = mapped_column(default=list)
    consent_method: Mapped[str] = mapped_column(String(10), default="TRUSTED")
    rotation_type: Mapped[str] = mapped_column(String(10), default="STATIC")
    refresh_leeway: Mapped[int] = mapped_column(default=30)
    dpop_bound: Mapped[bool] = mapped_column(default=False)
    signing_alg: Mapped[str | None] = mapped_column(String(10))
    jwks_uri: Mapped[str | None]
    client_uri: Mapped[str | None]
    logo_uri: Mapped[str | None]
    policy_uri: Mapped[str | None]
    tos_uri: Mapped[str | None]
    initiate_login_uri: Mapped[str | None]
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)
    groups_claim: Mapped[dict[str, Any] | None]
    more: Mapped[dict[str, Any]] = mapped_column(default=dict)


Index("uq_apps_client_id", App.org_id, App.client_id, unique=True)
Index("uq_apps_label", App.org_id, App.label, unique=True)


class AppSecret(OrgOwned, Stamped, Base):
    """A client secret, readable because the management API shows it again."""

    __tablename__ = "app_secrets"
    id_prefix: ClassVar[str] = "ocs"
    managed: ClassVar[bool] = True

    app_pk: Mapped[int] = mapped_column(ForeignKey("apps.pk", ondelete="CASCADE"))
    value: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")


Index("ix_app_secrets_app", AppSecret.app_pk)


class AppKey(OrgOwned, Stamped, Base):
    """A public key that a client registered, as a JWK."""

    __tablename__ = "app_keys"
    id_prefix: ClassVar[str] = "pks"
    managed: ClassVar[bool] = True

    app_pk: Mapped[int] = mapped_column(ForeignKey("apps.pk", ondelete="CASCADE"))
    jwk: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")


Index("ix_app_keys_app", AppKey.app_pk)


class AppUser(OrgOwned, Stamped, Base):
    """That a user is assigned to an app, with a name and attributes of its own there."""

    __tablename__ = "app_users"
    id_prefix: ClassVar[str] = "0ua"
    managed: ClassVar[bool] = True

    app_pk: Mapped[int] = mapped_column(ForeignKey("apps.pk", ondelete="CASCADE"))
    user_pk: Mapped[int] = mapped_column(ForeignKey("users.pk", ondelete="CASCADE"))
    username: Mapped[str | None] = mapped_column(String(100))
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict)


Index("uq_app_users_app_user", AppUser.app_pk, AppUser.user_pk, unique=True)
Index("ix_app_users_user", AppUser.user_pk)


class AppGroup(OrgOwned, Stamped, Base):
    """That the members of a group are assigned to an app."""

    __tablename__ = "app_groups"
    id_prefix: ClassVar[str] = "0ga"
    managed: ClassVar[bool] = True

    app_pk: Mapped[int] = mapped_column(ForeignKey("apps.pk", ondelete="CASCADE"))
    group_pk: Mapped[int] = mapped_column(ForeignKey("groups.pk", ondelete="CASCADE"))
    priority: Mapped[int] = mapped_column(default=0)


Index("uq_app_groups_app_group", AppGroup.app_pk, AppGroup.group_pk, unique=True)
Index("ix_app_groups_group", AppGroup.group_pk)


class ApiScopeGrant(OrgOwned, Stamped, Base):
    """An app's permission to ask for an `okta.*` scope; the grantor is a user or an app."""

    __tablename__ = "api_scope_grants"
    id_prefix: ClassVar[str] = "oag"
    managed: ClassVar[bool] = True

    app_pk: Mapped[int] = mapped_column(ForeignKey("apps.pk", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(String(100))
    granted_by: Mapped[str | None] = mapped_column(String(20))


Index("uq_api_scope_grants_app_scope", ApiScopeGrant.app_pk, ApiScopeGrant.scope, unique=True)
