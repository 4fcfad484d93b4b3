"""`grantlab` alone: the lab server and JupyterLab, started and stopped together."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn

from grantlab.lesson_files import FIRST_LESSON

SECONDS_TO_STOP = 8.0
JUPYTER_CONFIG = Path(__file__).parent.parent / "jupyter_config"


class LaunchFailed(Exception):
    """The lab can't start; the message is one line that names the thing and the cure."""


class _ToldToStop(Exception):
    """A signal asked for the end."""


def launch(folder: Path, port: int, jupyter_port: int, *, open_browser: bool) -> None:
    """Server and JupyterLab run until one of them ends or a signal comes; then neither runs.

    `port` and `jupyter_port` may be 0 for any free one. Raises LaunchFailed.
    """
    for ending in (signal.SIGINT, signal.SIGTERM, *_hang_up()):
        signal.signal(ending, _stop)
    running: list[subprocess.Popen[str]] = []
    try:
        server = _start_server(port)
        running.append(server)
        address = _address_of(server)
        running.append(_start_jupyter(folder, jupyter_port, address, open_browser=open_browser))
        while all(process.poll() is None for process in running):
            time.sleep(0.3)
    except _ToldToStop:
        pass
    finally:
        for process in reversed(running):
            _end(process)


def _hang_up() -> tuple[signal.Signals, ...]:
    return (signal.SIGHUP,) if sys.platform != "win32" else ()


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise _ToldToStop


def _start_server(port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "grantlab.cli", "serve", "--port", str(port)]
    return subprocess.Popen(
        [*command, "--movable-clock", "--until-stdin-ends"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl+C reaches this program alone, which then ends both in order.
        start_new_session=True,
    )


def _address_of(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    line = server.stdout.readline()
    if not line:
        raise LaunchFailed("the lab server didn't start; the line above says why.")
    return line.split()[0]


def _start_jupyter(
    folder: Path, port: int, address: str, *, open_browser: bool
) -> subprocess.Popen[str]:
    port = port or _free_port()
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
    first = f"/lab/tree/{FIRST_LESSON}" if (folder / FIRST_LESSON).exists() else "/lab"
    config = [str(JUPYTER_CONFIG), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *(f"--ServerApp.root_dir={folder}", f"--LabApp.default_url={first}"),
        *("--ServerApp.log_level=ERROR", "--LabApp.log_level=ERROR"),
        # Looking for extensions would ask the network.
        "--LabApp.extension_manager=readonly",
        *(() if open_browser else ("--no-browser",)),
        *(("--allow-root",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
    ]
    jupyter = subprocess.Popen(
        command,
        # In the environment, as other people on the machine can read a command line.
        env=os.environ
        | {
            "GRANTLAB_URL": address,
            "JUPYTER_TOKEN": token,
            "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, config)),
        },
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    print(f"Lab server: {address}")
    print(f"Lessons:    http://127.0.0.1:{port}{first}?token={token}")
    print("Ctrl+C ends both.", flush=True)
    return jupyter


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
