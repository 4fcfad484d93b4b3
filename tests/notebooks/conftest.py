"""One lab server for all lessons of a run, as at a workshop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def lab_url() -> Iterator[str]:
    """The address of a server with a movable clock."""
    command = [sys.executable, "-m", "grantlab.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--movable-clock", "--unlisted", "--until-stdin-ends"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[0]
        assert server.stdin is not None
        server.stdin.close()
