"""Tables of custom authorization servers, and the signing keys of every server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from labserver.domain.catalog import RESERVED_SCOPES
from labserver.store.base import Base, OrgOwned, Stamped

SUBJECT = "(appuser != null) ? appuser.userName : app.clientId"


class AuthorizationServer(OrgOwned, Stamped, Base):
    """A custom authorization server; the first one's id is `default`."""

    __tablename__ = "authorization_servers"
    id_prefix: ClassVar[str] = "aus"
    managed: ClassVar[bool] = True

    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(String(1024), default="")
    audience: Mapped[str] = mapped_column(String(1024))
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")
    issuer_mode: Mapped[str] = mapped_column(String(20), default="ORG_URL")
    rotation_mode: Mapped[str] = mapped_column(String(10), default="AUTO")
    last_rotated: Mapped[int | None]


Index(
    "uq_authorization_servers_name",
    AuthorizationServer.org_id,
    AuthorizationServer.name,
    unique=True,
)


class Scope(OrgOwned, Stamped, Base):
    """A scope of one custom server, the reserved ones included."""

    __tablename__ = "scopes"
    id_prefix: ClassVar[str] = "scp"
    managed: ClassVar[bool] = True

    server_pk: Mapped[int] = mapped_column(
        ForeignKey("authorization_servers.pk", ondelete="CASCADE")
    )
    name: Mapped[str] = mapped_column(String(255))
    display_name: Mapped[str] = mapped_column(String(255), default="")
    description: Mapped[str] = mapped_column(String(1024), default="")
    system: Mapped[bool] = mapped_column(default=False)
    default: Mapped[bool] = mapped_column(default=False)
    consent: Mapped[str] = mapped_column(String(10), default="IMPLICIT")
    optional: Mapped[bool] = mapped_column(default=False)
    metadata_publish: Mapped[str] = mapped_column(String(20), default="NO_CLIENTS")


Index("uq_scopes_name", Scope.server_pk, Scope.name, unique=True)


class Claim(OrgOwned, Stamped, Base):
    """A claim of one custom server; the system claim `sub` included."""

    __tablename__ = "claims"
    id_prefix: ClassVar[str] = "ocl"
    managed: ClassVar[bool] = True

    server_pk: Mapped[int] = mapped_column(
        ForeignKey("authorization_servers.pk", ondelete="CASCADE")
    )
    name: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")
    claim_type: Mapped[str] = mapped_column(String(10))
    value_type: Mapped[str] = mapped_column(String(12), default="EXPRESSION")
    value: Mapped[str] = mapped_column(Text)
    group_filter_type: Mapped[str | None] = mapped_column(String(12))
    scopes: Mapped[list[str]] = mapped_column(default=list)
    always_in_token: Mapped[bool] = mapped_column(default=True)
    system: Mapped[bool] = mapped_column(default=False)


Index("uq_claims_name", Claim.server_pk, Claim.claim_type, Claim.name, unique=True)


class Policy(OrgOwned, Stamped, Base):
    """An access policy of one custom server. `clients` holds client ids, or `ALL_CLIENTS`."""

    __tablename__ = "policies"
    id_prefix: ClassVar[str] = "00p"
    managed: ClassVar[bool] = True

    server_pk: Mapped[int] = mapped_column(
        ForeignKey("authorization_servers.pk", ondelete="CASCADE")
    )
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(255), default="")
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")
    priority: Mapped[int]
    system: Mapped[bool] = mapped_column(default=False)
    clients: Mapped[list[str]]


Index("ix_policies_server", Policy.server_pk, Policy.priority)


class Rule(OrgOwned, Stamped, Base):
    """A rule of one policy. Groups and users are ids (`EVERYONE` too); lifetimes are minutes."""

    __tablename__ = "rules"
    id_prefix: ClassVar[str] = "0pr"
    managed: ClassVar[bool] = True

    policy_pk: Mapped[int] = mapped_column(ForeignKey("policies.pk", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")
    priority: Mapped[int]
    system: Mapped[bool] = mapped_column(default=False)
    grant_types: Mapped[list[str]]
    scopes: Mapped[list[str]]
    groups: Mapped[list[str]] = mapped_column(default=list)
    users: Mapped[list[str]] = mapped_column(default=list)
    excluded_groups: Mapped[list[str]] = mapped_column(default=list)
    excluded_users: Mapped[list[str]] = mapped_column(default=list)
    access_token_minutes: Mapped[int] = mapped_column(default=60)
    refresh_token_minutes: Mapped[int] = mapped_column(default=0)
    refresh_window_minutes: Mapped[int] = mapped_column(default=10080)


Index("ix_rules_policy", Rule.policy_pk, Rule.priority)


class SigningKey(OrgOwned, Stamped, Base):
    """A private RSA key of one authorization server, as PEM; its id is the `kid`.

    `purpose` is `published`, or `access` for the org server's access token key. `expires` says
    until when an EXPIRED key stays published.
    """

    __tablename__ = "signing_keys"
    managed: ClassVar[bool] = True
    issued: ClassVar[bool] = True

    server_id: Mapped[str] = mapped_column(String(20))
    purpose: Mapped[str] = mapped_column(String(10), default="published")
    status: Mapped[str] = mapped_column(String(10))
    pem: Mapped[str] = mapped_column(Text)
    expires: Mapped[int | None]


# One ACTIVE and one NEXT key of a kind: of two workers that make keys at once, one wins.
Index(
    "uq_signing_keys_slot",
    SigningKey.org_id,
    SigningKey.server_id,
    SigningKey.purpose,
    SigningKey.status,
    unique=True,
    sqlite_where=text("status != 'EXPIRED'"),
)
Index("ix_signing_keys_server", SigningKey.org_id, SigningKey.server_id)


def add_server(
    session: Session, *, name: str, audience: str, description: str = "", id: str | None = None
) -> AuthorizationServer:
    """A custom server with what each one has from birth."""
    server = AuthorizationServer(name=name, audience=audience, description=description)
    if id is not None:
        server.id = id
    session.add(server)
    session.flush()
    session.add_all(model(**values) for model, values in born_with(server.pk))
    return server


def born_with(server_pk: int) -> Iterator[tuple[type[Scope | Claim], dict[str, Any]]]:
    """What each custom server has from birth: reserved scopes and the claim `sub`."""
    for scope in RESERVED_SCOPES.values():
        yield (
            Scope,
            {
                "server_pk": server_pk,
                "name": scope.name,
                "display_name": scope.display_name,
                "description": scope.description,
                "system": True,
                "metadata_publish": "ALL_CLIENTS" if scope.published else "NO_CLIENTS",
            },
        )
    yield (
        Claim,
        {
            "server_pk": server_pk,
            "name": "sub",
            "claim_type": "RESOURCE",
            "value_type": "SYSTEM",
            "value": SUBJECT,
            "system": True,
        },
    )
