"""The log is one for all workers: what any of them has answered is in it, however busy they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.web import slow_writers
from tests.web.slow_writers import TOKEN, WORKER

CONNECTIONS = 64
"""The system gives each to a worker by chance; that one gets none of so many does not happen."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two workers that write their events half a second late."""
    folder = tmp_path_factory.mktemp("slow")
    with subprocess.Popen(
        [sys.executable, slow_writers.__file__, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        assert server.stdin is not None
        server.stdin.close()


@pytest.fixture
def workers(url: str) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """The super admin, connected to one worker and to the other."""
    headers = {"Authorization": f"SSWS {TOKEN}"}
    found: dict[str, httpx.Client] = {}
    with ExitStack() as opened:
        for _ in range(CONNECTIONS):
            client = httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30)
            opened.enter_context(client)
            found.setdefault(client.get("/api/v1/org").headers[WORKER], client)
            if len(found) == 2:
                break
        one, other = found.values()
        yield one, other


def test_what_one_worker_has_answered_is_in_the_log_that_another_shows(
    workers: tuple[httpx.Client, httpx.Client],
) -> None:
    one, other = workers
    answered = one.get("/api/v1/users")

    read = other.get(
        "/api/v1/logs",
        params={"filter": f'transaction.id eq "{answered.headers["X-Okta-Request-Id"]}"'},
    )

    assert answered.headers[WORKER] != read.headers[WORKER]
    assert [event["displayMessage"] for event in read.json()] == ["GET /api/v1/users"]
