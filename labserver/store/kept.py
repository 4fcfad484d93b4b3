"""Values that were loaded, kept until the org's change counter moves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

from sqlalchemy.orm import Session

from labserver.store.core import org_of

Value = TypeVar("Value")

MOST = 4096
"""How many values are kept at most; the one that rested longest goes first."""


class Kept:
    """What this process has loaded, by org and name, with the change counter it belongs to."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, tuple[int, object]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, changes: int) -> tuple[object] | None:
        """The kept value of this change counter, in a tuple; None when there is none."""
        with self._lock:
            found = self._values.get(key)
            if found is None or found[0] != changes:
                return None
            self._values.move_to_end(key)
            return (found[1],)

    def put(self, key: Hashable, changes: int, value: object) -> None:
        """The value is kept; a newer one stays."""
        with self._lock:
            found = self._values.get(key)
            if found is not None and found[0] > changes:
                return
            self._values[key] = (changes, value)
            self._values.move_to_end(key)
            if len(self._values) > MOST:
                self._values.popitem(last=False)


def keep(session: Session, name: Hashable, load: Callable[[], Value]) -> Value:
    """The value under this name, loaded when the org has changed since it was kept.

    The change counter was read before the rows are, so a value is never older than its counter.
    A session that has itself changed something loads anew and keeps nothing: its work may yet be
    rolled back.
    """
    if session.new or session.dirty or session.deleted:
        session.flush()
    if session.info.get("stale"):
        return load()
    org = org_of(session)
    kept: Kept = session.info["database"].kept
    key = (org.pk, name)
    found = kept.get(key, org.changes)
    if found is not None:
        return found[0]  # type: ignore[return-value]
    value = load()
    kept.put(key, org.changes, value)
    return value
