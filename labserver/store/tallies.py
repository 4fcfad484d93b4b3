"""What the workers of a server tell each other about their log events, in memory they share."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import MutableSequence
from contextlib import suppress
from typing import Any

PATIENCE = 5.0
"""Seconds that a reader of the log waits for the other workers at most."""
_A_LOOK = 0.002
_PID, _ADDED, _DONE = range(3)


class Tallies:
    """One tally a worker, made by the process that starts the workers."""

    def __init__(self, workers: int) -> None:
        # As Granian starts its workers; each way needs its own kind of shared memory.
        method = multiprocessing.get_start_method()
        context = multiprocessing.get_context(method if method in {"fork", "spawn"} else "spawn")
        self._shared: Any = context.Array("q", 3 * workers)

    def claim(self) -> Tally:
        """A tally for this process: a free one, or one whose worker has died."""
        numbers: MutableSequence[int] = self._shared.get_obj()
        with self._shared.get_lock():
            places = range(0, len(numbers), 3)
            place = min(places, key=lambda at: _lives(numbers[at + _PID]))
            numbers[place : place + 3] = [os.getpid(), 0, 0]
        return Tally(numbers, place)


class Tally:
    """How many events one worker has added to its log, and with how many it is done.

    Without numbers to share it is the tally of a process that answers alone.
    """

    def __init__(self, numbers: MutableSequence[int] | None = None, place: int = 0) -> None:
        # Each number has one writer, and whoever sees the one before it only looks again.
        self._numbers = [0, 0, 0] if numbers is None else numbers
        self._place = place

    def added(self) -> None:
        """One more event waits to be written."""
        self._numbers[self._place + _ADDED] += 1

    def done(self, count: int) -> None:
        """So many events wait no longer."""
        self._numbers[self._place + _DONE] += count

    def wait_for_others(self) -> None:
        """The other workers are done with what they have added before this call.

        Nobody waits for a worker that has died, nor longer than `PATIENCE`.
        """
        deadline = time.monotonic() + PATIENCE
        for place in range(0, len(self._numbers), 3):
            pid, added, _ = self._numbers[place : place + 3]
            if place != self._place and _lives(pid):
                self._wait_for(place, pid, added, deadline)

    def _wait_for(self, place: int, pid: int, added: int, deadline: float) -> None:
        while self._numbers[place + _DONE] < added and time.monotonic() < deadline:
            time.sleep(_A_LOOK)
            if self._numbers[place + _PID] != pid or not _lives(pid):
                return


def _lives(pid: int) -> bool:
    if pid == 0 or os.name != "posix":
        # To ask Windows in this way would end the process; a tally there is never taken over.
        return pid != 0
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
