"""The database file: found whole and writable, or made; the engine that works on it."""

from __future__ import annotations

import os
import secrets
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, String, create_engine, event, insert, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.pool import QueuePool

from labserver.store import apps, directory, issued, log, orgs, servers
from labserver.store.base import Base

VERSION = 1
_WAIT = 20.0
"""Seconds that a writer waits for another one."""
_TABLES = (apps, directory, issued, log, orgs, servers)


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
    path = Path(parsed.database)
    if not path.parent.is_dir():
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
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as fault:
        found = str(fault)
    finally:
        connection.close()
    if found != "ok":
        raise DatabaseUnusable(
            f"The database {path} is damaged ({found.splitlines()[0]}); "
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
    """The installation's secret; the tables are made when the file is empty."""
    with engine.connect() as connection:
        # Finds out now whether it can be written. And of two servers that start at once, the
        # second waits here and then finds the tables.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        tables = _tables(connection)
        if not tables:
            Base.metadata.create_all(connection)
            connection.execute(
                insert(Installation).values(version=VERSION, secret=secrets.token_hex(32))
            )
        elif "installation" not in tables:
            raise DatabaseUnusable(f"{path} is not a database of grantlab; choose another file.")
        version, secret = connection.execute(
            select(Installation.version, Installation.secret)
        ).one()
        connection.commit()
    if version != VERSION:
        raise DatabaseUnusable(
            f"The database {path} is of another version of grantlab ({version}, not {VERSION}); "
            "use that version or choose another file."
        )
    return str(secret)


def _tables(connection: Any) -> set[str]:
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}
