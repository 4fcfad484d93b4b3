"""The real program under bad guests: one for all tests, and raw sockets to speak with it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from tests.oauth.serving import Process, clients, serve

Guests = Callable[[int, bytes], list[socket.socket]]


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """`grantlab serve` with two workers."""
    with serve(tmp_path_factory.mktemp("process")) as found:
        yield found


@pytest.fixture
def visitor(process: Process) -> Iterator[httpx.Client]:
    """Somebody who wants to be served meanwhile, and doesn't wait for long."""
    with httpx.Client(base_url=process.url, trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def root_admin(process: Process) -> Iterator[httpx.Client]:
    """The root org's super admin at the program."""
    browser, admin = clients(process.url)
    with browser, admin:
        yield admin


@pytest.fixture
def guests(process: Process) -> Iterator[Guests]:
    """Opens so many connections that send these bytes and then stay silent."""
    address = urlsplit(process.url)
    with ExitStack() as opened:

        def come(number: int, sent: bytes) -> list[socket.socket]:
            arrived = []
            for _ in range(number):
                guest = socket.create_connection((address.hostname, address.port), 10)
                arrived.append(opened.enter_context(guest))
                guest.sendall(sent)
            return arrived

        yield come
