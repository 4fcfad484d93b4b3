"""Orgs: made, listed, deleted, swept. The root of every row."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from labserver.domain import values
from labserver.store.base import Base, new_id

if TYPE_CHECKING:
    from labserver.settings import Settings
    from labserver.store.database import Database


class Org(Base):
    """An org. `changes` rises with each management write, `clock_offset` is in seconds.

    `last_used` is by the installation's clock, not the org's own, and late by minutes.
    `with_world` and `with_passwords` say how it was seeded, so that a reset does the same.
    """

    __tablename__ = "orgs"
    # A deleted org's key never comes back, so nothing kept under it is taken for another org's.
    __table_args__: dict[str, Any] = {"sqlite_autoincrement": True}

    pk: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(20), unique=True, default=lambda: new_id("00o"))
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    changes: Mapped[int] = mapped_column(default=1)
    clock_offset: Mapped[int] = mapped_column(default=0)
    temporary: Mapped[bool] = mapped_column(default=False)
    created: Mapped[int]
    last_used: Mapped[int]
    with_world: Mapped[bool] = mapped_column(default=True)
    with_passwords: Mapped[bool] = mapped_column(default=True)


class SubdomainTaken(Exception):  # noqa: N818  (what is the case)
    """Another org has this subdomain."""


def create_org(
    database: Database,
    settings: Settings,
    *,
    subdomain: str,
    name: str,
    now: int,
    temporary: bool = False,
    world: bool = True,
    token: str = "",
) -> tuple[values.Org, str]:
    """A new org, seeded, and the value of its super admin's API token (made unless given).

    Without `world` it holds only what every org does. An empty subdomain is the root org's.
    All or nothing. Raises `SubdomainTaken`, and `WorldError` for a bad world file.
    """
    # Seeding needs most of the store and, for the world file, pydantic; finding an org does not.
    from labserver.store.ledger import save_api_token
    from labserver.store.planting import plant
    from labserver.store.world import load_world

    planted = load_world(settings.world) if world else None
    with_passwords = bool(subdomain) or not settings.beyond_loopback
    token = token or f"00{secrets.token_urlsafe(30)}"
    with database.every_org() as session:
        row = Org(
            slug=subdomain,
            name=name,
            temporary=temporary,
            created=now,
            last_used=int(database.clock()),
            with_world=world,
            with_passwords=with_passwords,
        )
        session.add(row)
        try:
            session.flush()
        except IntegrityError:
            raise SubdomainTaken(subdomain) from None
        url = f"{settings.base_url}/orgs/{subdomain}" if subdomain else settings.base_url
        org = values.Org(row.pk, row.id, subdomain, name, url, row.changes)
        session.info["org"] = org
        admin = plant(session, planted, now, passwords=with_passwords)
        save_api_token(session, admin.id, "The lab's own", now, token)
        session.commit()
    found = database.find_org(subdomain, settings.base_url)
    assert found is not None
    return found, token


def list_orgs(database: Database) -> list[Org]:
    """All orgs in the order they were made, the root org first."""
    with database.every_org() as session:
        return list(session.scalars(select(Org).order_by(Org.pk)))


def delete_org(database: Database, org_id: str) -> bool:
    """The org and everything in it are gone; False for an unknown id, or the root org's."""
    with database.every_org() as session:
        result = session.connection().execute(delete(Org).where(Org.id == org_id, Org.slug != ""))
        session.commit()
        return result.rowcount == 1
