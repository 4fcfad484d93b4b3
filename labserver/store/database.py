"""The database: opened, checked and made; sessions that see one org."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, bindparam, event, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker, with_loader_criteria

from labserver.domain import values
from labserver.settings import new_rsa_key
from labserver.store import files
from labserver.store.base import OrgOwned, Stamped
from labserver.store.core import NoOrg
from labserver.store.files import DatabaseUnusable
from labserver.store.kept import Kept
from labserver.store.log import LogBuffer
from labserver.store.orgs import Org
from labserver.store.readers import Readers, ReadingSession
from labserver.store.tallies import Tally

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

__all__ = ["Database", "DatabaseUnusable", "open_database", "raise_changes"]

_FIND_ORG = str(
    select(Org.pk, Org.id, Org.slug, Org.name, Org.changes, Org.clock_offset)
    .where(Org.slug == bindparam("slug"))
    .compile(dialect=sqlite.dialect())
)
_RAISE = update(Org).where(Org.pk == bindparam("own_org")).values(changes=Org.changes + 1)


class Database:
    """One open database.

    `kept` are values that were loaded, `log` the buffer of log events, `secret` the installation's
    own secret (64 hex digits), which signs what only this installation must be able to make.
    """

    def __init__(
        self,
        engine: Engine,
        secret: str,
        make_key: Callable[[], RSAKey],
        clock: Callable[[], float],
        tally: Tally,
    ) -> None:
        self.engine = engine
        self.secret = secret
        self.make_key = make_key
        self.clock = clock
        self.kept = Kept()
        self.log = LogBuffer(engine, clock, tally)
        self.readers = Readers(engine)
        self._sessions = sessionmaker(engine, class_=ReadingSession, expire_on_commit=False)
        event.listen(self._sessions, "do_orm_execute", _stay_inside)
        event.listen(self._sessions, "before_flush", _stamp)
        event.listen(self._sessions, "after_commit", _forget_raise)
        event.listen(self._sessions, "after_rollback", _forget_raise)

    def session(self, org: values.Org) -> Session:
        """A session that sees the rows of this org alone and stamps new ones with it."""
        return self._sessions(info={"org": org, "database": self})

    def every_org(self) -> Session:
        """A session that sees the rows of all orgs: for the sweep and the super admin's list."""
        return self._sessions(info={"every_org": True, "database": self})

    def find_org(self, slug: str, base_url: str) -> values.Org | None:
        """The org as it is now; the root org's slug is empty."""
        reader = self.readers.take()
        # Every request asks this, and the driver alone answers in a fifth of the time.
        driver: Any = reader.connection.driver_connection
        row = driver.execute(_FIND_ORG, (slug,)).fetchone()
        self.readers.give_back(reader)
        if row is None:
            return None
        pk, public_id, slug, name, changes, clock_offset = row
        url = f"{base_url}/orgs/{slug}" if slug else base_url
        return values.Org(pk, public_id, slug, name, url, changes, clock_offset)

    def close(self) -> None:
        """The log is written and all connections are closed."""
        self.log.close()
        self.readers.close()
        self.engine.dispose()


def open_database(
    url: str,
    *,
    make_key: Callable[[], RSAKey] = new_rsa_key,
    clock: Callable[[], float] = time.time,
    tally: Tally | None = None,
) -> Database:
    """The database behind an SQLAlchemy URL, made when it is absent.

    Of several processes that answer from it side by side each needs its own `tally`.
    Raises `DatabaseUnusable`, in one line that names the thing and the cure; the file is then as
    it was before.
    """
    engine, secret = files.open_engine(url)
    return Database(engine, secret, make_key, clock, tally or Tally())


def raise_changes(session: Session) -> None:
    """The org's change counter is raised in this transaction, once.

    Sessions call this by themselves when they write a managed table.
    """
    session.info["stale"] = True
    if session.info.get("raised"):
        return
    org = session.info.get("org")
    if org is None:
        raise NoOrg("Managed rows are written in a session of their org.")
    session.connection().execute(_RAISE, {"own_org": org.pk})
    session.info["raised"] = True


def _forget_raise(session: Session) -> None:
    session.info.pop("raised", None)


def _stay_inside(state: ORMExecuteState) -> None:
    session = state.session
    if session.info.get("every_org"):
        return
    org = session.info.get("org")
    if org is None:
        raise NoOrg("This database session was opened for no org.")
    if not state.is_orm_statement:
        raise NoOrg("Core statements go through labserver.store.core, which adds the org.")
    if state.is_insert:
        raise NoOrg("Add objects to the session instead: it stamps them with the org.")
    managed = any(getattr(mapper.class_, "managed", False) for mapper in state.all_mappers)
    if managed and (state.is_update or state.is_delete):
        raise_changes(session)
    if not state.is_column_load:
        # The variable's name becomes the parameter's in each statement; it must be nobody else's.
        own_org = org.pk
        state.statement = state.statement.options(
            with_loader_criteria(OrgOwned, lambda cls: cls.org_id == own_org, include_aliases=True),
            with_loader_criteria(Org, Org.pk == org.pk, include_aliases=True),
        )


def _stamp(session: Session, _context: Any, _instances: Any) -> None:
    """New rows get the org and their times; a row of another org raises."""
    changed = [row for row in session.dirty if session.is_modified(row)]
    owned = [row for row in (*session.new, *changed, *session.deleted) if isinstance(row, OrgOwned)]
    if not owned:
        return
    org = session.info.get("org")
    if org is None:
        raise NoOrg("Rows are written in a session of their org.")
    now = int(session.info["database"].clock()) + org.clock_offset
    for row in owned:
        if row.org_id is None:
            row.org_id = org.pk
        elif row.org_id != org.pk:
            raise NoOrg("A row of one org was written in a session of another.")
        if isinstance(row, Stamped):
            row.created = row.created or now
            row.updated = now
    if any(row.managed for row in owned):
        raise_changes(session)
