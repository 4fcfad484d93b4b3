"""New rows of an org, collected first and inserted together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from labserver.store.base import Base, OrgOwned, Stamped, new_id
from labserver.store.core import add, org_of, table_of

Row = dict[str, Any]
"""The values of a row, by column."""


class Seedbed:
    """Rows on their way into the session's org.

    Each has its key and its id from the beginning, so that others can name it, and one insert a
    table does for all: an org is made in half the time. The transaction must have written already,
    so that nobody else takes the keys.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._now = int(session.info["database"].clock()) + org_of(session).clock_offset
        self._next: dict[type[OrgOwned], int] = {}
        # What is inserted together must name the same columns.
        self._rows: dict[tuple[type[OrgOwned], frozenset[str]], list[Row]] = {}

    def put(self, model: type[OrgOwned], **values: Any) -> Row:
        """A new row, with key, id and times; columns that aren't named get their defaults."""
        pk = self._next.get(model) or self._first_of(model)
        self._next[model] = pk + 1
        row = {"pk": pk, **values}
        if "id" not in row:
            row["id"] = new_id(model.id_prefix)
        if issubclass(model, Stamped):
            row["created"] = row["updated"] = self._now
        self._rows.setdefault((model, frozenset(row)), []).append(row)
        return row

    def insert(self) -> None:
        """All rows are in the database."""
        order = {table: place for place, table in enumerate(Base.metadata.sorted_tables)}
        for model, columns in sorted(self._rows, key=lambda kind: order[table_of(kind[0])]):
            add(self._session, insert(table_of(model)), self._rows[model, columns])
        self._rows.clear()

    def _first_of(self, model: type[OrgOwned]) -> int:
        highest = self._session.connection().scalar(select(func.max(table_of(model).c.pk)))
        return (highest or 0) + 1
