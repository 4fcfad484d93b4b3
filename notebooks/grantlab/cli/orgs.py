"""Snapshot, restore and reset of an org, on the database itself; a running server takes part."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from labserver import state

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from labserver.domain.values import Org
    from labserver.store.database import Database

Found = TypeVar("Found")


class OrgsFailed(Exception):
    """It can't be done and nothing has changed; the message is one line with the cure."""


def snapshot(file: Path, database: str | None, slug: str) -> None:
    """The file holds the org, and only its owner can read it. Raises OrgsFailed."""
    from labserver.store import snapshots

    with _opened(database) as opened:
        document = _in_org(opened, slug, snapshots.take)
        _leave_event(opened, slug, "snapshot", "Take a snapshot of the org")
    try:
        state.write_private(file, document.decode())
    except OSError as fault:
        raise OrgsFailed(
            f"The snapshot can't be written to {file} ({fault.strerror}); choose another file."
        ) from fault


def restore(file: Path, database: str | None, slugs: tuple[str, ...]) -> None:
    """Each of the orgs is as in the file. Raises OrgsFailed; the org it names is as it was."""
    from labserver.store import snapshots
    from labserver.store.snapshots import SnapshotRefused

    def put_back(session: Session) -> None:
        snapshots.restore(session, found, time.time())

    try:
        found = snapshots.read(file.read_bytes())
        with _opened(database) as opened:
            for slug in slugs:
                _org(opened, slug)
            for slug in slugs:
                _in_org(opened, slug, put_back)
                _leave_event(opened, slug, "restore", "Restore the org from a snapshot")
    except OSError as fault:
        raise OrgsFailed(f"The snapshot {file} can't be read ({fault.strerror}).") from fault
    except SnapshotRefused as fault:
        raise OrgsFailed(f"{file}: {fault}") from fault


def reset(database: str | None, slug: str, world: Path | None) -> None:
    """The org is as it was first seeded. Raises OrgsFailed."""
    from labserver.settings import Settings
    from labserver.store import snapshots
    from labserver.store.world import WorldError

    # Of the settings only the world counts here; nothing is served.
    settings = Settings(base_url="", database="", admin_token="", world=world)

    def start_again(session: Session) -> None:
        snapshots.reset(session, settings, time.time())

    try:
        with _opened(database) as opened:
            _in_org(opened, slug, start_again)
            _leave_event(opened, slug, "reset", "Reset the org to what it was seeded with")
    except WorldError as fault:
        raise OrgsFailed(str(fault)) from fault


@contextmanager
def _opened(url: str | None) -> Iterator[Database]:
    from labserver.store.database import DatabaseUnusable, open_database

    url = url or state.default_database()
    path = url.removeprefix("sqlite:///")
    if path != url and not Path(path).exists():
        raise OrgsFailed(f"There is no database {path}; `grantlab serve` makes one.")
    try:
        database = open_database(url)
    except DatabaseUnusable as fault:
        raise OrgsFailed(str(fault)) from fault
    try:
        yield database
    finally:
        database.close()


def _org(database: Database, slug: str) -> Org:
    from labserver.store.orgs import list_orgs

    org = database.find_org(slug, "")
    if org is None:
        there = (
            ", ".join(row.slug for row in list_orgs(database) if row.slug) or "the root org only"
        )
        raise OrgsFailed(f"There is no org {slug!r} in this database; there is: {there}.")
    return org


def _in_org(database: Database, slug: str, work: Callable[[Session], Found]) -> Found:
    """What the work answers, done in one transaction of the org."""
    from sqlalchemy.exc import OperationalError

    org = _org(database, slug)
    try:
        with database.session(org) as session:
            found = work(session)
            session.commit()
    except OperationalError as fault:
        raise OrgsFailed(
            f"The database can't be written now ({fault.orig}); try again in a moment."
        ) from None
    return found


def _leave_event(database: Database, slug: str, kind: str, message: str) -> None:
    from labserver.store.log import LogEvent

    org = _org(database, slug)
    published = time.time() + org.clock_offset
    database.log.add(org.pk, LogEvent(f"lab.org.{kind}", message, published=published))
