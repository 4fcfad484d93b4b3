"""The real program, `grantlab serve`, as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

TOKEN = "token-of-the-process-tests"


@dataclass
class Process:
    """A running server: its base URL, and its process."""

    url: str
    child: subprocess.Popen[str]

    def kill(self) -> None:
        """End it and its workers with no chance to tidy up (SIGKILL)."""
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait(10)


@contextmanager
def serve(folder: Path, port: int = 0, workers: int = 2) -> Iterator[Process]:
    """A server on the database in this folder."""
    options = ["--port", str(port), "--workers", str(workers), "--movable-clock"]
    options += ["--database", f"sqlite:///{folder / 'lab.db'}"]
    child = subprocess.Popen(
        [sys.executable, "-m", "grantlab.cli", "serve", *options],
        env=os.environ | {"GRANTLAB_HOME": str(folder), "GRANTLAB_ADMIN_TOKEN": TOKEN},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert child.stdout is not None
        yield Process(child.stdout.readline().split()[0], child)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait(10)
        if child.stdout is not None:
            child.stdout.close()


def clients(url: str) -> tuple[httpx.Client, httpx.Client]:
    """A browser without credentials and the root org's super admin."""
    limits = httpx.Limits(max_connections=None)
    headers = {"Authorization": f"SSWS {TOKEN}"}
    return (
        httpx.Client(base_url=url, trust_env=False, limits=limits, timeout=30),
        httpx.Client(base_url=url, trust_env=False, headers=headers, timeout=30),
    )
