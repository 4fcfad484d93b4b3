"""Log events: a bounded buffer, a thread that writes it, and reading them back."""

from __future__ import annotations

import threading
import time
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Index,
    String,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from labserver.domain.reasons import Reason, render
from labserver.store.base import Base, OrgOwned
from labserver.store.orgs import Org
from labserver.store.tallies import Tally

INTERVAL = 0.08
"""Seconds that an event waits in the buffer at most."""
USE_NOTED_EVERY = 600
"""Seconds between two notes that an org is in use."""
FULL = 2000
"""Events in the buffer at which the request that adds one writes them all."""


@dataclass(frozen=True)
class LogEvent:
    """One thing that happened (Okta: LogEvent object). It never holds a secret, code or token.

    `outcome` is SUCCESS, FAILURE or DENY; `published` is in seconds since the epoch.
    """

    event_type: str
    display_message: str
    outcome: str = "SUCCESS"
    reason: str = ""
    actor: Mapping[str, str] | None = None
    client: Mapping[str, str] | None = None
    targets: tuple[Mapping[str, str], ...] = ()
    transaction_id: str = ""
    checks: tuple[Reason, ...] = ()
    published: float = 0.0
    severity: str = ""
    """DEBUG, INFO, WARN or ERROR; empty: INFO for a success and WARN for the rest."""


class LogRow(OrgOwned, Base):
    """A log event as it rests: what is searched for in columns, all of it in `document`."""

    __tablename__ = "log_events"

    published: Mapped[int] = mapped_column(BigInteger)
    """Milliseconds since the epoch."""
    transaction_id: Mapped[str] = mapped_column(String(40))
    event_type: Mapped[str] = mapped_column(String(100))
    outcome: Mapped[str] = mapped_column(String(10))
    severity: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[str | None] = mapped_column(String(100))
    display_message: Mapped[str]
    document: Mapped[dict[str, Any]]


Index("ix_log_events_transaction", LogRow.org_id, LogRow.transaction_id)
Index("ix_log_events_published", LogRow.org_id, LogRow.published)

COLUMNS: Mapping[str, InstrumentedAttribute[Any]] = {
    "uuid": LogRow.id,
    "published": LogRow.published,
    "transaction.id": LogRow.transaction_id,
    "eventType": LogRow.event_type,
    "outcome.result": LogRow.outcome,
    "severity": LogRow.severity,
    "actor.id": LogRow.actor_id,
    "displayMessage": LogRow.display_message,
}
"""The columns behind the attributes that a filter may name; `published` in milliseconds."""


class LogBuffer:
    """Events on their way to the database, written at most 100 ms late by a thread of its own."""

    def __init__(self, engine: Engine, clock: Callable[[], float], tally: Tally) -> None:
        self._engine = engine
        self._tally = tally
        self._clock = clock
        self._used: dict[int, int] = {}
        self._events: list[tuple[int, LogEvent]] = []
        self._adding = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._writer: threading.Thread | None = None
        self._chore: Callable[[], None] | None = None
        self._due = 0.0

    def add(self, org_pk: int, event: LogEvent) -> None:
        """The event will be in the log within 100 ms. Call it when no transaction is open: a full
        buffer is written at once, by the caller."""
        with self._adding:
            self._events.append((org_pk, event))
            self._tally.added()
            waiting = len(self._events)
            if self._writer is None and not self._closed.is_set():
                self._writer = threading.Thread(target=self._write_on, name="log", daemon=True)
                self._writer.start()
        if waiting >= FULL or self._closed.is_set():
            self.flush()
        elif waiting == 1:
            self._wake.set()

    def every_hour(self, chore: Callable[[], None], *, first_after: float = 60.0) -> None:
        """The writing thread also does this, once an hour while events come in.

        The chore must not raise. `first_after` is in seconds.
        """
        self._chore, self._due = chore, time.monotonic() + first_after

    def flush(self) -> None:
        """Every event that was added before is in the database."""
        with self._writing:
            with self._adding:
                events, self._events = self._events, []
            if not events:
                return
            try:
                self._insert(events)
                self._tally.done(len(events))
            except OperationalError:
                # Somebody else holds the database for long; the events wait for the next turn.
                with self._adding:
                    waiting = events + self._events
                    self._events = waiting[-2 * FULL :]
                    self._tally.done(len(waiting) - len(self._events))

    def settle(self) -> None:
        """What any worker has answered before this call is in the log."""
        self.flush()
        self._tally.wait_for_others()

    def close(self) -> None:
        """The events are written and the thread has ended."""
        self._closed.set()
        self._wake.set()
        if self._writer is not None:
            self._writer.join()
        self.flush()

    def _write_on(self) -> None:
        while not self._closed.is_set():
            self._wake.wait()
            self._wake.clear()
            self._closed.wait(INTERVAL)
            self.flush()
            if self._chore is not None and time.monotonic() >= self._due:
                self._due = time.monotonic() + 3600
                self._chore()

    def _insert(self, events: list[tuple[int, LogEvent]]) -> None:
        rows = [_row(org_pk, event) for org_pk, event in events]
        statement = insert(LogRow.__table__)  # type: ignore[arg-type]
        try:
            with self._engine.begin() as connection:
                connection.execute(statement, rows)
                self._note_use(connection, {org_pk for org_pk, _ in events})
        except IntegrityError:
            # An org was deleted meanwhile; its events go with it.
            for row in rows:
                try:
                    with self._engine.begin() as connection:
                        connection.execute(statement, row)
                except IntegrityError:
                    continue

    def _note_use(self, connection: Connection, org_pks: set[int]) -> None:
        """Each request leaves an event, so whose events come is in use."""
        now = int(self._clock())
        for pk in org_pks:
            if now - self._used.get(pk, 0) >= USE_NOTED_EVERY:
                self._used[pk] = now
                connection.execute(update(Org).where(Org.pk == pk).values(last_used=now))


def _row(org_pk: int, event: LogEvent) -> dict[str, Any]:
    severity = event.severity or ("INFO" if event.outcome == "SUCCESS" else "WARN")
    return {
        "org_id": org_pk,
        "id": str(uuid.uuid4()),
        "published": int(event.published * 1000),
        "transaction_id": event.transaction_id,
        "event_type": event.event_type,
        "outcome": event.outcome,
        "severity": severity,
        "actor_id": event.actor["id"] if event.actor else None,
        "display_message": event.display_message,
        "document": {
            "reason": event.reason,
            "actor": dict(event.actor) if event.actor else None,
            "client": dict(event.client) if event.client else None,
            "target": [dict(target) for target in event.targets],
            "reasons": render(event.checks),
        },
    }


@dataclass(frozen=True)
class Page:
    """Some log events in order, and the cursor behind the last one (None: there were none)."""

    events: tuple[LogRow, ...]
    after: str | None
    more: bool


class BadCursor(Exception):  # noqa: N818  (what came in)
    """The cursor is none that a page gave out."""


def read_log(
    session: Session,
    *,
    condition: ColumnElement[bool] | None = None,
    since: int | None = None,
    until: int | None = None,
    q: str | None = None,
    limit: int = 100,
    descending: bool = False,
    after: str | None = None,
) -> Page:
    """The org's events in the order they came, or backwards.

    `condition` is made from `COLUMNS`; `since` (included) and `until` (not included) are in
    milliseconds; each word of `q` is in the event type, the message or the actor.
    Raises `BadCursor`.
    """
    statement = select(LogRow)
    if condition is not None:
        statement = statement.where(condition)
    if since is not None:
        statement = statement.where(LogRow.published >= since)
    if until is not None:
        statement = statement.where(LogRow.published < until)
    for word in (q or "").split():
        text = (
            LogRow.event_type
            + " "
            + LogRow.display_message
            + " "
            + LogRow.document["actor"].as_string()
        )
        statement = statement.where(text.icontains(word, autoescape=True))
    if after is not None:
        place = _place(after)
        statement = statement.where(LogRow.pk < place if descending else LogRow.pk > place)
    statement = statement.order_by(LogRow.pk.desc() if descending else LogRow.pk)
    rows = tuple(session.scalars(statement.limit(limit + 1)))
    shown = rows[:limit]
    return Page(shown, _cursor(shown[-1].pk) if shown else after, len(rows) > limit)


def _cursor(pk: int) -> str:
    return urlsafe_b64encode(f"log:{pk}".encode()).rstrip(b"=").decode()


def _place(cursor: str) -> int:
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
        kind, _, number = text.partition(":")
        if kind == "log" and number.isdigit() and len(number) < 19:
            return int(number)
    except ValueError:
        pass
    raise BadCursor("The cursor is none that a page gave out.")
