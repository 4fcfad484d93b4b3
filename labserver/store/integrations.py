"""API service integrations: what orgs declare for all, and what each org has installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from labserver.domain import values
from labserver.store.base import Base, OrgOwned, Stamped

if TYPE_CHECKING:
    from labserver.store.database import Database


class Declaration(OrgOwned, Stamped, Base):
    """An integration that this org makes; once `published`, all orgs may install it.

    No two orgs publish the same `type`; should a copied org hold one again, the older counts.
    """

    __tablename__ = "integration_declarations"
    id_prefix: ClassVar[str] = "oin"
    managed: ClassVar[bool] = True

    type: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(1024), default="")
    config_guide_url: Mapped[str | None] = mapped_column(String(1024))
    scopes: Mapped[list[str]]
    published: Mapped[bool]


Index("uq_integration_declarations_type", Declaration.org_id, Declaration.type, unique=True)
Index("ix_integration_declarations_type", Declaration.type)


class Integration(OrgOwned, Stamped, Base):
    """An integration that this org has installed; its id is the client id.

    It is no app: nobody edits its scopes, its way to authenticate, or gives it a role. It keeps
    what was declared when it was installed, whatever its maker does later.
    """

    __tablename__ = "integrations"
    id_prefix: ClassVar[str] = "0oa"
    managed: ClassVar[bool] = True

    type: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(100))
    config_guide_url: Mapped[str | None] = mapped_column(String(1024))
    scopes: Mapped[list[str]]
    created_by: Mapped[str] = mapped_column(String(20), default="")


Index("uq_integrations_type", Integration.org_id, Integration.type, unique=True)


class IntegrationSecret(OrgOwned, Stamped, Base):
    """One of an integration's client secrets, at most two."""

    __tablename__ = "integration_secrets"
    id_prefix: ClassVar[str] = "ocs"
    managed: ClassVar[bool] = True

    integration_pk: Mapped[int] = mapped_column(ForeignKey("integrations.pk", ondelete="CASCADE"))
    value: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")


Index("ix_integration_secrets_integration", IntegrationSecret.integration_pk)


@dataclass(frozen=True, slots=True)
class Offer:
    """What everybody may know of a declared integration (Okta: integration catalogue)."""

    type: str
    name: str
    description: str
    config_guide_url: str | None
    scopes: tuple[str, ...]


def catalogue(database: Database) -> list[Offer]:
    """What the orgs of the installation have published, in the order it was declared.

    The one place where an org reads what others wrote: these five columns, no row.
    """
    facts = (
        Declaration.type,
        Declaration.name,
        Declaration.description,
        Declaration.config_guide_url,
        Declaration.scopes,
    )
    wanted = select(*facts).where(Declaration.published).order_by(Declaration.pk)
    offers: dict[str, Offer] = {}
    with database.every_org() as session:
        for type, name, description, guide, scopes in session.execute(wanted):
            offers.setdefault(type, Offer(type, name, description, guide, tuple(scopes)))
    return list(offers.values())


def integration_client(session: Session, client_id: str) -> values.Client | None:
    """The client that an installed integration is, None when no integration has this id."""
    row = session.scalars(select(Integration).where(Integration.id == client_id)).one_or_none()
    if row is None:
        return None
    secrets = select(IntegrationSecret.value).where(
        IntegrationSecret.integration_pk == row.pk, IntegrationSecret.status == "ACTIVE"
    )
    return values.Client(
        id=row.id,
        name=row.name,
        application_type="service",
        auth_method="client_secret_basic",
        secrets=tuple(session.scalars(secrets.order_by(IntegrationSecret.pk.desc()))),
        response_types=frozenset({"token"}),
        grant_types=frozenset({"client_credentials"}),
        api_scopes=frozenset(row.scopes),
        integration=True,
    )
