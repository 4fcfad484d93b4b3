"""The table of trusted origins, and which of them count for what."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from labserver.store.base import Base, OrgOwned, Stamped
from labserver.store.kept import keep


class TrustedOrigin(OrgOwned, Stamped, Base):
    """Another site that the org trusts; `scopes` say with what: CORS, REDIRECT, IFRAME_EMBED.

    `embeds` are the apps that may be framed, as Okta names them; `*_by` the ids of admins or apps.
    """

    __tablename__ = "trusted_origins"
    id_prefix: ClassVar[str] = "tos"
    managed: ClassVar[bool] = True

    name: Mapped[str] = mapped_column(String(255))
    origin: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(10), default="ACTIVE")
    scopes: Mapped[list[str]]
    embeds: Mapped[list[str]] = mapped_column(default=list)
    created_by: Mapped[str] = mapped_column(String(20), default="")
    updated_by: Mapped[str] = mapped_column(String(20), default="")


Index("uq_trusted_origins_name", TrustedOrigin.org_id, TrustedOrigin.name, unique=True)
Index("uq_trusted_origins_origin", TrustedOrigin.org_id, TrustedOrigin.origin, unique=True)


def origins_trusted_with(session: Session, scope: str) -> frozenset[str]:
    """The active origins that have this scope, as browsers write them: `https://app.example`."""
    return keep(session, ("trusted origins", scope), lambda: _trusted(session, scope))


def _trusted(session: Session, scope: str) -> frozenset[str]:
    rows = session.scalars(select(TrustedOrigin).where(TrustedOrigin.status == "ACTIVE"))
    return frozenset(row.origin for row in rows if scope in row.scopes)
