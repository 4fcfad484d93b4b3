"""Tallies of log events: who reads the log waits for other workers, and never for too long."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from labserver.store import tallies
from labserver.store.tallies import Tallies, Tally


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens while a reader waits: the first thing at its first look, and so on."""
    waiting: list[Callable[[], None]] = []

    def look(seconds: float) -> None:
        waiting.pop(0)()

    monkeypatch.setattr(time, "sleep", look)
    return waiting


def test_a_reader_waits_until_every_other_worker_is_done(looks: list[Callable[[], None]]) -> None:
    shared = Tallies(3)
    reader, one, other = (shared.claim() for _ in range(3))
    for tally in (one, one, other):
        tally.added()
    looks += [lambda: one.done(1), lambda: one.done(1), lambda: other.done(1)]

    reader.wait_for_others()

    assert looks == []


def test_a_reader_waits_neither_for_itself_nor_for_what_came_after_it(
    looks: list[Callable[[], None]],
) -> None:
    shared = Tallies(2)
    reader, other = shared.claim(), shared.claim()
    reader.added()
    other.added()
    looks += [lambda: (other.added(), other.done(1))[0]]

    reader.wait_for_others()

    assert looks == []


def test_a_process_that_answers_alone_waits_for_nobody(looks: list[Callable[[], None]]) -> None:
    tally = Tally()
    tally.added()

    tally.wait_for_others()

    assert looks == []


def test_a_worker_that_hangs_is_waited_for_with_patience_that_ends(
    looks: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Tallies(2)
    reader, hanging = shared.claim(), shared.claim()
    hanging.added()
    looks += [lambda: monkeypatch.setattr(time, "monotonic", lambda: float("inf"))]

    reader.wait_for_others()

    assert looks == []


def died(shared: Tallies, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker has claimed a tally, added an event, and ended without writing it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as worker:
        worker.wait()
        with monkeypatch.context() as its_own:
            its_own.setattr(tallies.os, "getpid", lambda: worker.pid)
            shared.claim().added()


def test_nobody_waits_for_a_worker_that_died(
    looks: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Tallies(2)
    died(shared, monkeypatch)
    reader = shared.claim()

    reader.wait_for_others()

    assert looks == []


def test_a_new_worker_takes_the_place_of_one_that_died(
    looks: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Tallies(2)
    reader = shared.claim()
    died(shared, monkeypatch)
    successor = shared.claim()
    successor.added()
    looks += [lambda: successor.done(1)]

    reader.wait_for_others()

    assert looks == []
