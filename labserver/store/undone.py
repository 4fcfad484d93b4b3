"""What a restore has undone: tokens that were issued after the snapshot was taken."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session

from labserver.store.base import Base, OrgOwned
from labserver.store.core import run, table_of, within_org
from labserver.store.kept import keep


class Undone(OrgOwned, Base):
    """A stretch of the org's history that a restore took back.

    Both ends are values of the org's change counter: `since` belongs to it, `until` does not.
    Access and ID tokens aren't stored, so this is what tells those of that stretch.
    """

    __tablename__ = "undone"
    id_prefix: ClassVar[str] = "und"
    managed: ClassVar[bool] = True
    issued: ClassVar[bool] = True

    since: Mapped[int]
    until: Mapped[int]


_TABLE = table_of(Undone)
_ALL = within_org(select(_TABLE.c.since, _TABLE.c.until), Undone)


def is_undone(session: Session, era: int) -> bool:
    """Whether a token of this era was issued in a stretch that a restore took back."""
    stretches = keep(
        session, "undone", lambda: tuple((row.since, row.until) for row in run(session, _ALL))
    )
    return any(since <= era < until for since, until in stretches)
