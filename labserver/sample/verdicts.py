"""What was found out about a token is kept for a while, so that nobody is asked twice."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Hashable
from dataclasses import dataclass

from cachetools import LRUCache

from labserver.sample.issuer import Claims

MOST_VERDICTS = 1000
"""The verdict that was used longest ago makes room: a flood of tokens fills no memory."""


@dataclass(frozen=True)
class Verdict:
    """What a token came to: its claims, or why it was refused. Times are seconds since the epoch.

    `ends` is the time from which it has to be judged anew.
    """

    claims: Claims
    refusal: str | None
    since: float
    ends: float


class Verdicts:
    """A bounded cache of verdicts. Its keys hold a token's hash: what leaks from it opens nothing.

    `on` switches it. `seconds` is the longest life of a verdict. With None a signature's verdict
    lives until the token's `exp`, since a signature stays good. What introspection says may change
    at once, so with None it is not kept at all.
    """

    def __init__(self) -> None:
        self.on = True
        self.seconds: float | None = None
        self._lock = threading.Lock()
        self._kept: LRUCache[Hashable, Verdict] = LRUCache(MOST_VERDICTS)

    def find(self, token: str, settings: Hashable, now: float) -> Verdict | None:
        """The verdict that was reached under the same settings, if it still holds."""
        if not self.on:
            return None
        with self._lock:
            found = self._kept.get(self._key(token, settings))
        return found if found and found.since <= now < found.ends else None

    def keep(self, token: str, settings: Hashable, verdict: Verdict) -> None:
        """`find` gives this verdict until it ends, or until others need its place."""
        if self.on and verdict.since < verdict.ends:
            with self._lock:
                self._kept[self._key(token, settings)] = verdict

    def clear(self) -> None:
        """Each token is judged anew."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)

    def _key(self, token: str, settings: Hashable) -> Hashable:
        return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest(), settings
