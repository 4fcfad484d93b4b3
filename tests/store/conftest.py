"""A database of its own for each test, with two orgs in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from joserfc.jwk import RSAKey

from labserver.domain.values import Org
from labserver.settings import Settings
from labserver.store import orgs
from labserver.store.database import Database, open_database

NOW = 1_800_000_000
URL = "http://127.0.0.1:8080"
Answer = TypeVar("Answer")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(URL, f"sqlite:///{tmp_path / 'lab.db'}", "root-token", clock=lambda: NOW)


@pytest.fixture
def database(settings: Settings, make_key: Callable[[], RSAKey]) -> Iterator[Database]:
    opened = open_database(settings.database, make_key=make_key, clock=settings.clock)
    yield opened
    opened.close()


@pytest.fixture
def org(database: Database, settings: Settings) -> Org:
    """The org that a test is about, with the bank in it."""
    return orgs.create_org(database, settings, subdomain="ada", name="Ada's", now=NOW)[0]


@pytest.fixture
def other(database: Database, settings: Settings) -> Org:
    """Its neighbour, with a bank too."""
    return orgs.create_org(database, settings, subdomain="bob", name="Bob's", now=NOW)[0]


@pytest.fixture
def at_once() -> Callable[[int, Callable[[], Answer]], list[Answer]]:
    """Runs the same work on many threads, all let go at the same moment."""

    def run(count: int, work: Callable[[], Answer]) -> list[Answer]:
        gate = threading.Barrier(count)

        def wait_and_work() -> Answer:
            gate.wait()
            return work()

        with ThreadPoolExecutor(count) as pool:
            return [
                started.result() for started in [pool.submit(wait_and_work) for _ in range(count)]
            ]

    return run
