"""The database file: found whole and writable, or made; the engine that works on it."""

from __future__ import annotations

import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, String, create_engine, event, insert, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.pool import QueuePool

from labserver.store import (
    apps,
    directory,
    factors,
    integrations,
    issued,
    log,
    orgs,
    origins,
    policies,
    recovery,
    roles,
    servers,
    transactions,
    undone,
)
from labserver.store.base import Base

VERSION = 2
_WAIT = 20.0
"""Seconds that a writer waits for another one."""
_TABLES = (
    apps,
    directory,
    factors,
    integrations,
    issued,
    log,
    orgs,
    origins,
    policies,
    recovery,
    roles,
    servers,
    transactions,
    undone,
)
_TABLE_NAMES = "SELECT name FROM sqlite_master WHERE type = 'table'"


class DatabaseUnusable(Exception):  # noqa: N818  (what is the case)
    """The database can't be used; the message is one line that names it and the cure."""


class Installation(Base):
    """The one row that says which schema this is, and the installation's own secret."""

    __tablename__ = "installation"

    pk: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    secret: Mapped[str] = mapped_column(String(64))


def open_engine(url: str) -> tuple[Engine, str]:
    """An engine on a sound database of this version, and the installation's secret.

    Raises `DatabaseUnusable`.
    """
    path = _path(url)
    if path.exists():
        _look_at(path)
    else:
        _make_file(path)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=-1,
        pool_use_lifo=True,
        # A fault is logged with its statement, but not with the secrets in it.
        hide_parameters=True,
        # The driver begins a transaction at the first write, and reads run outside one. So nobody
        # ever has to turn a read lock into a write lock, which SQLite refuses.
        connect_args={
            "isolation_level": "IMMEDIATE",
            "timeout": _WAIT,
            "check_same_thread": False,
            "cached_statements": 512,
        },
    )
    event.listen(engine, "connect", _tune)
    try:
        return engine, _installed(engine, path)
    except (DBAPIError, sqlite3.Error) as fault:
        engine.dispose()
        words = str(getattr(fault, "orig", fault)).splitlines()[0]
        raise DatabaseUnusable(
            f"The database {path} can't be used ({words}); mend it or choose another file."
        ) from None
    except DatabaseUnusable:
        engine.dispose()
        raise


def _path(url: str) -> Path:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseUnusable(
            f"{url!r} is no database URL; write it like sqlite:///lab.db."
        ) from None
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise DatabaseUnusable(
            f"The database scheme {parsed.drivername!r} is unknown; write sqlite:///lab.db."
        )
    if not parsed.database or parsed.database == ":memory:" or parsed.query:
        raise DatabaseUnusable(
            "The database must be a file that the workers share; write sqlite:///lab.db."
        )
    if "\0" in parsed.database:
        raise DatabaseUnusable("No file's name has a NUL in it; write it like sqlite:///lab.db.")
    path = Path(parsed.database)
    try:
        path.exists()  # raises where nobody may look
        found = path.parent.is_dir()
    except OSError as fault:
        raise DatabaseUnusable(
            f"The database {path} can't be reached ({fault.strerror}); choose another file."
        ) from None
    if not found:
        raise DatabaseUnusable(
            f"The folder of the database {path} does not exist; make it or choose another."
        )
    return path


def _make_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as fault:
        raise DatabaseUnusable(
            f"The database {path} can't be made ({fault.strerror}); "
            "choose a folder that you may write."
        ) from None


def _look_at(path: Path) -> None:
    """The file is a whole SQLite database, or empty, and may be written."""
    if not path.is_file():
        raise DatabaseUnusable(f"The database {path} is not a file; choose another name.")
    for right, word in ((os.R_OK, "read"), (os.W_OK, "written")):
        if not os.access(path, right) or not os.access(path.parent, right):
            raise DatabaseUnusable(
                f"The database {path} can't be {word}; mend the permissions of it and its folder."
            )
    try:
        with path.open("rb") as opened:
            start = opened.read(16)
    except OSError as fault:
        raise DatabaseUnusable(
            f"The database {path} can't be read ({fault.strerror}); mend it or choose another."
        ) from None
    if start and start != b"SQLite format 3\0":
        raise DatabaseUnusable(f"{path} is not a database of grantlab; choose another file.")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT)
    try:
        _look_inside(connection, path)
    except sqlite3.DatabaseError as fault:
        raise _damaged(path, str(fault)) from None
    finally:
        connection.close()


def _look_inside(connection: sqlite3.Connection, path: Path) -> None:
    """The database is whole, and ours, with every table of this version; or there is nothing yet.

    Nothing has been opened for writing so far: other programs' databases stay as they are.
    """
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise _damaged(path, found)
    tables = {name for (name,) in connection.execute(_TABLE_NAMES)}
    if not tables:
        return
    if "installation" not in tables:
        raise DatabaseUnusable(f"{path} is not a database of grantlab; choose another file.")
    (version,) = connection.execute("SELECT version FROM installation").fetchone() or (None,)
    if version not in range(1, VERSION + 1):
        raise DatabaseUnusable(
            f"The database {path} is of another version of grantlab ({version}, not {VERSION}); "
            "use that version or choose another file."
        )
    if version == VERSION and (missing := sorted(Base.metadata.tables.keys() - tables)):
        raise _damaged(path, f"it lacks the table {missing[0]}")


def _damaged(path: Path, what: str) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The database {path} is damaged ({what.splitlines()[0]}); "
        "restore a copy of it or choose another file."
    )


def _tune(connection: Any, _record: Any) -> None:
    # Before the first transaction; NORMAL syncs at checkpoints, so a power cut may lose the last
    # commits but a crash of the program loses none.
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "cache_size = -16000",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _installed(engine: Engine, path: Path) -> str:
    """The installation's secret; the tables are made when the file is empty, or brought up to date.

    Raises `DatabaseUnusable` when that fails; the file is then as it was before.
    """
    with engine.connect() as connection:
        # Finds out now whether it can be written. And of two servers that start at once, the
        # second waits here and then finds the tables.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if connection.exec_driver_sql(_TABLE_NAMES).first() is None:
            Base.metadata.create_all(connection)
            connection.execute(
                insert(Installation).values(version=VERSION, secret=secrets.token_hex(32))
            )
        found = connection.execute(select(Installation.version)).scalar_one()
        if found != VERSION:
            _bring_up_to_date(connection, found, path)
        secret = connection.execute(select(Installation.secret)).scalar_one()
        connection.commit()
    return secret


def _bring_up_to_date(connection: Connection, found: int, path: Path) -> None:
    # Needed once in a database's life.
    from labserver.store.migrations import upgrade

    try:
        upgrade(connection, found, VERSION)
    except DBAPIError as fault:
        raise DatabaseUnusable(
            f"The database {path} can't be brought from version {found} to {VERSION} "
            f"({fault.orig}) and stays as it was; use that version of grantlab, or another file."
        ) from None
