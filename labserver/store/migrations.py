"""Databases of earlier versions are brought up to date, step by step.

Plain DDL is enough so far: SQLite adds columns by itself, and what is new as a whole table is made
like in a fresh database. A migration library would be loaded for nothing at each start.
"""

from __future__ import annotations

from sqlalchemy import Connection

from labserver.store.base import Base

_TO_2 = (
    # How an org was seeded is told by what it holds.
    "ALTER TABLE orgs ADD COLUMN with_world BOOLEAN NOT NULL DEFAULT 1",
    "ALTER TABLE orgs ADD COLUMN with_passwords BOOLEAN NOT NULL DEFAULT 1",
    """
    UPDATE orgs SET with_world = 0
    WHERE NOT EXISTS (SELECT 1 FROM apps WHERE apps.org_id = orgs.pk)
    """,
    """
    UPDATE orgs SET with_passwords = 0
    WHERE NOT EXISTS (
        SELECT 1 FROM users WHERE users.org_id = orgs.pk AND users.password_hash IS NOT NULL
    )
    """,
    # A role with targets stays limited when the last of them goes.
    "ALTER TABLE role_assignments ADD COLUMN limited BOOLEAN NOT NULL DEFAULT 0",
    """
    UPDATE role_assignments SET limited = 1
    WHERE EXISTS (SELECT 1 FROM role_targets WHERE role_targets.role_pk = role_assignments.pk)
    """,
    "ALTER TABLE role_targets ADD COLUMN app_name VARCHAR(100)",
)
_INDEXES = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


STEPS: dict[int, tuple[str, ...]] = {2: _TO_2}
"""What leads to each version from the one before it, but for new tables and indexes."""


def upgrade(connection: Connection, found: int, wanted: int) -> None:
    """The tables are those of the wanted version; the caller's transaction holds it all."""
    for version in range(found + 1, wanted + 1):
        for statement in STEPS[version]:
            connection.exec_driver_sql(statement)
    Base.metadata.create_all(connection)
    _mend_indexes(connection)
    connection.exec_driver_sql("UPDATE installation SET version = ?", (wanted,))


def _mend_indexes(connection: Connection) -> None:
    """Every table has the indexes of this version, and no others."""
    wanted = {
        index.name: index for table in Base.metadata.tables.values() for index in table.indexes
    }
    had = {name for (name,) in connection.exec_driver_sql(_INDEXES)}
    for name in had - wanted.keys():
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    for name in wanted.keys() - had:
        wanted[name].create(connection)
