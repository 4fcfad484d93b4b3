"""Core statements that stay inside one org.

They bypass the session's own listener, so they are made and run here alone: by `loaders`, `keys`,
`ledger` and `signin.passwords`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Table, bindparam
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session
from sqlalchemy.sql import Delete, Insert, Select, Update

from labserver.domain.values import Org
from labserver.store.base import OrgOwned
from labserver.store.readers import ReadingSession

Filtered = TypeVar("Filtered", Select[*tuple[Any, ...]], Update, Delete)


class NoOrg(Exception):  # noqa: N818  (the fact that is wrong)
    """A database session of no org touched what belongs to one, or a session another org's rows."""


def table_of(model: type[OrgOwned]) -> Table:
    """The table behind a mapped class."""
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)
    return table


def within_org(statement: Filtered, *models: type[OrgOwned]) -> Filtered:
    """The statement, limited on each of these tables to the org of the session that runs it."""
    for model in models:
        statement = statement.where(table_of(model).c.org_id == bindparam("own_org"))
    return statement


def org_of(session: Session) -> Org:
    """The org that the session was opened for. Raises `NoOrg` when there is none."""
    org = session.info.get("org")
    if not isinstance(org, Org):
        raise NoOrg("This database session was opened for no org.")
    return org


def run(
    session: Session, statement: Select[*tuple[Any, ...]] | Update | Delete, **values: Any
) -> CursorResult[*tuple[Any, ...]]:
    """The result of a statement that `within_org` made, for the session's org."""
    values["own_org"] = org_of(session).pk
    if statement.is_select and isinstance(session, ReadingSession):
        return session.reader().execute(statement, values)
    return session.connection().execute(statement, values)


def add(
    session: Session, statement: Insert, rows: Mapping[str, Any] | Iterable[Mapping[str, Any]]
) -> CursorResult[*tuple[Any, ...]]:
    """The rows are inserted under the session's org."""
    pk = org_of(session).pk
    if isinstance(rows, Mapping):
        return session.connection().execute(statement, {**rows, "org_id": pk})
    return session.connection().execute(statement, [{**row, "org_id": pk} for row in rows])


def digest(value: str) -> str:
    """How a secret rests in the database: its SHA-256, in hex."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
