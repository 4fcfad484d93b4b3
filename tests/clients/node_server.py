"""An authorization server that others wrote, run by Node for the tests of one file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "node_modules" / "oidc-provider"


@contextmanager
def node_server(script: str) -> Iterator[str]:
    """The address that a script beside this file prints; the server ends with the block.

    Without Node or its package the tests are left out, under CI they fail.
    """
    if not (shutil.which("node") and PACKAGE.is_dir()):
        missing = "Node and the packages of tests/package.json are missing; `make test` has them."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with subprocess.Popen(
        ["node", str(HERE / script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
