"""A server with two workers whose log is written late, as on a machine with too much to do.

Run with a folder as its argument; it prints its address.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from flask import Flask, Response

from labserver import serving
from labserver.settings import Settings
from labserver.store.log import LogBuffer

TOKEN = "token-of-the-slow-writers"
WORKER = "X-Worker"
LATE = 0.5
"""Seconds that a writing thread is held up."""

# Here, not below: a worker that isn't a fork of this process loads this file by itself.
_insert = LogBuffer._insert
_open = serving._open


def _insert_late(log: LogBuffer, events: Any) -> None:
    if threading.current_thread().name == "log":
        time.sleep(LATE)
    _insert(log, events)


def _open_and_sign(*given: Any) -> Any:
    application, database = _open(*given)
    assert isinstance(application, Flask)
    application.after_request(_sign)
    return application, database


def _sign(response: Response) -> Response:
    response.headers[WORKER] = str(os.getpid())
    return response


LogBuffer._insert = _insert_late  # type: ignore[method-assign]
serving._open = _open_and_sign


def main(folder: Path) -> None:
    """Serve until standard input ends."""
    with serving.reserve("127.0.0.1", 0) as reserved:
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        settings = Settings(url, f"sqlite:///{folder / 'lab.db'}", TOKEN, workers=2)
        serving.prepare(settings)
        serving.serve(
            settings,
            address="127.0.0.1",
            reserved=reserved,
            ready=lambda: print(url, flush=True),
            until_stdin_ends=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
