"""The server under measurement: started as people start it, and its memory."""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests import speaking
from tests.bench.work import Target

METADATA = "/oauth2/default/.well-known/openid-configuration"
LONGEST_START = 60


@dataclass(frozen=True)
class Started:
    """A running server: its port, its admin token, and how long its first answer took (seconds)."""

    port: int
    token: str
    process_id: int
    first_answer: float

    @property
    def url(self) -> str:
        """The root org's issuer."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Memory:
    """Of all the server's processes, in bytes; `proportional` counts shared pages once."""

    processes: int
    resident: int
    proportional: int


@contextmanager
def serving(folder: Path, workers: int | None = None) -> Iterator[Started]:
    """`grantlab serve` on the database in this folder, until the block ends."""
    token = secrets.token_urlsafe(24)
    port = _free_port()
    command = [sys.executable, "-m", "grantlab.cli", "serve", "--port", str(port)]
    command += ["--database", f"sqlite:///{folder / 'lab.db'}"]
    command += ["--workers", str(workers)] if workers else []
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRANTLAB_")}
    environment = kept | {"GRANTLAB_HOME": str(folder), "GRANTLAB_ADMIN_TOKEN": token}
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait_for_metadata(process, port)
        yield Started(port, token, process.pid, time.perf_counter() - begin)
    finally:
        process.terminate()
        process.wait(LONGEST_START)


def prepared(server: Started) -> Target:
    """The root org with an app and a service app of the bench's own, and a person signed in."""
    headers = {"Authorization": f"SSWS {server.token}"}
    with (
        httpx.Client(base_url=server.url, headers=headers, trust_env=False) as admin,
        httpx.Client(base_url=server.url, trust_env=False) as http,
    ):
        person = speaking.find_person(admin)
        label = secrets.token_hex(4)
        app = speaking.register_app(admin, person, label=f"Bench app {label}")
        service = speaking.register_app(admin, type="service", label=f"Bench service {label}")
        scope = f"bench-{label}"
        speaking.add_scope(admin, scope)
        issuer = speaking.custom_server(server.url)
        answer = speaking.authorize(http, issuer, app, person)
        assert answer.code
        return Target(
            root="/oauth2/default",
            app=app.id,
            app_secret=app.secret or "",
            redirect_uri=app.redirect_uri,
            service=service.id,
            service_secret=service.secret or "",
            scope=scope,
            session=answer.response.cookies["sid"],
        )


def memory_of(process_id: int) -> Memory | None:
    """The memory of a process and all below it; None where the system doesn't tell (no /proc)."""
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    family = _with_children(process_id)
    rollups = [Path(f"/proc/{each}/smaps_rollup").read_text() for each in family]
    return Memory(
        len(family),
        sum(_kilobytes("Rss", text) for text in rollups) * 1024,
        sum(_kilobytes("Pss", text) for text in rollups) * 1024,
    )


def cpu_of(process_id: int) -> float | None:
    """Seconds of processor time that a process and all below it took; None without /proc."""
    if not Path("/proc/self/stat").exists():
        return None
    # Behind the name, which is in brackets: user and system time are the 14th and 15th field.
    fields = [
        Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        for each in _with_children(process_id)
    ]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def _with_children(process_id: int) -> list[int]:
    tasks = Path(f"/proc/{process_id}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [process_id, *(each for child in children for each in _with_children(child))]


def _kilobytes(name: str, rollup: str) -> int:
    found = re.search(rf"^{name}: +(\d+) kB", rollup, re.MULTILINE)
    assert found is not None, rollup
    return int(found[1])


def _wait_for_metadata(process: subprocess.Popen[bytes], port: int) -> None:
    """The metadata has been answered once; the port is asked every few milliseconds until then."""
    until = time.monotonic() + LONGEST_START
    request = f"GET {METADATA} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(request)
                if connection.recv(100).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.005)
    raise RuntimeError("The server did not start; the lines above may say why.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
