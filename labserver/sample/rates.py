"""How many calls a caller may make: the counting behind `limits`, by a clock that is passed in."""

from __future__ import annotations

import threading
from collections.abc import Callable

from cachetools import LRUCache
from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

MOST_CALLERS = 10_000


class Counts(Storage):
    """Counts in memory, bounded: whoever sends many names pushes out the oldest ones."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: LRUCache[str, tuple[int, float]] = LRUCache(MOST_CALLERS)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong here: nothing of its own."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """One more, in a window that began with the first; returns how many there are in it."""
        now = self._clock()
        with self._lock:
            count, ends = self._counts.get(key, (0, 0.0))
            # A window that seems to lie far ahead is one of a clock that was set back.
            if not now < ends <= now + expiry:
                count, ends = 0, now + expiry
            self._counts[key] = (count + amount, ends)
        return count + amount

    def get(self, key: str) -> int:
        """How many there are in the window of this key."""
        now = self._clock()
        with self._lock:
            count, ends = self._counts.get(key, (0, 0.0))
        return count if now < ends else 0

    def get_expiry(self, key: str) -> float:
        """When the window of this key ends, in seconds since the epoch."""
        with self._lock:
            return self._counts.get(key, (0, 0.0))[1]

    def check(self) -> bool:
        """It is there."""
        return True

    def reset(self) -> int | None:
        """Nobody has called yet."""
        with self._lock:
            self._counts.clear()
        return None

    def clear(self, key: str) -> None:
        """This one has not called yet."""
        with self._lock:
            self._counts.pop(key, None)


class Rates:
    """Fixed windows of a minute: simple to explain, and known to let two bursts meet at an edge."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts = Counts(clock)
        self._limiter = FixedWindowRateLimiter(self._counts)

    def allow(self, caller: str, calls_a_minute: int) -> bool:
        """One more call of this caller; whether it is within the limit."""
        return self._limiter.hit(RateLimitItemPerMinute(calls_a_minute), caller)

    def wait(self, caller: str, calls_a_minute: int) -> int:
        """Whole seconds until this caller's next window."""
        ends = self._counts.get_expiry(RateLimitItemPerMinute(calls_a_minute).key_for(caller))
        return max(1, round(ends - self._clock()))
