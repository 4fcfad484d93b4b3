"""What every table shares: the org it belongs to, its public id, its times."""

from __future__ import annotations

import secrets
import string
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, MetaData, String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

LETTERS = string.ascii_letters + string.digits
ID_LENGTH = 20


def new_id(prefix: str) -> str:
    """A fresh public id of 20 letters and digits that starts with Okta's prefix for its kind."""
    # One draw for all letters: an org begins with more than a hundred ids.
    number, letters = secrets.randbelow(len(LETTERS) ** (ID_LENGTH - len(prefix))), prefix
    while len(letters) < ID_LENGTH:
        number, place = divmod(number, len(LETTERS))
        letters += LETTERS[place]
    return letters


class Base(DeclarativeBase):
    """The root of all tables. JSON columns notice assignment only: give them a new value."""

    metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s"})
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        list[str]: JSON,
        dict[str, Any]: JSON,
        dict[str, Any] | None: JSON(none_as_null=True),
    }


class OrgOwned:
    """A row of one org: integer primary key inside, public `id` unique within the org outside.

    Times are whole seconds since the epoch, by the org's clock. Rows of a `managed` table are what
    the management API changes: writing one raises the org's change counter. Rows of an `issued`
    table were given out in the org's name, such as tokens, sessions and keys: a snapshot doesn't
    take them to another org.
    """

    id_prefix: ClassVar[str] = ""
    managed: ClassVar[bool] = False
    issued: ClassVar[bool] = False

    pk: Mapped[int] = mapped_column(primary_key=True)

    org_id: Mapped[int] = mapped_column(ForeignKey("orgs.pk", ondelete="CASCADE"))
    id: Mapped[str] = mapped_column(String(128))


class Stamped:
    """Adds the times that the management API shows; a flush fills them in."""

    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)


@event.listens_for(OrgOwned, "init", propagate=True)
def _name_at_birth(row: Any, _args: Any, values: dict[str, Any]) -> None:
    # So that a new row's id can be used before it is written.
    if row.id_prefix:
        values.setdefault("id", new_id(row.id_prefix))


@event.listens_for(OrgOwned, "instrument_class", propagate=True)
def _unique_within_the_org(mapper: Any, cls: type[OrgOwned]) -> None:
    table = mapper.local_table
    Index(f"uq_{table.name}_id", table.c.org_id, table.c.id, unique=True)
