"""Runs the server for real: its port, its workers, its signals, its first and last words.

Granian, because it was the faster one: at 16 connections, with two workers on two cores, a client
credentials request took 1.3 to 1.5 ms of processor time, and 1.6 to 1.8 with gunicorn (gthread).
"""

from __future__ import annotations

import gc
import http.client
import ipaddress
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from labserver.patience import OneAtATime
from labserver.settings import Settings

if TYPE_CHECKING:
    from flask import Flask
    from granian.server.mp import MPServer

    from labserver.store.database import Database
    from labserver.store.tallies import Tallies, Tally

SECONDS_TO_STOP = 4

# Standard output has one line, the address: programs that start a server read it.
_TO_STDERR = {
    "class": "logging.StreamHandler",
    "formatter": "generic",
    "stream": "ext://sys.stderr",
}
MOST_SLOW_CLIENTS = 512
"""How many clients may keep one worker waiting for their bodies while it serves others."""


class CannotServe(Exception):
    """The server can't start; the message is one line that names the thing and the cure."""


def resolve(host: str) -> str:
    """The IP address to listen at for a host name or address.

    Raises CannotServe for a name that this machine doesn't know.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as fault:
        raise CannotServe(
            f"The host {host!r} is not an address of this machine; try --host 127.0.0.1."
        ) from fault
    # `localhost` may name IPv6 first, and most clients try 127.0.0.1.
    return str(sorted(found, key=lambda entry: entry[0] != socket.AF_INET)[0][4][0])


def is_loopback(address: str) -> bool:
    """Whether only programs on this machine reach the IP address."""
    return ipaddress.ip_address(address).is_loopback


def reserve(address: str, port: int) -> socket.socket:
    """A socket that keeps the port for this process; port 0 becomes any free one.

    Raises CannotServe when somebody has the port, or may not have it.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        # Workers share the port by SO_REUSEPORT, which would also let a second server slip in
        # beside a running one. A socket without it finds out first.
        with _bound(family, address, port, shared=False) as probe:
            port = probe.getsockname()[1]
        return _bound(family, address, port, shared=True)
    except PermissionError as fault:
        raise CannotServe(
            f"Port {port} needs more rights than you have; choose one above 1023 with --port."
        ) from fault
    except OSError as fault:
        raise CannotServe(
            f"Port {port} at {address} can't be had ({fault.strerror}); "
            "stop the program that has it, or choose another with --port (0: any free one)."
        ) from fault


def _bound(family: socket.AddressFamily, address: str, port: int, *, shared: bool) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared and hasattr(socket, "SO_REUSEPORT"):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((address, port))
    except BaseException:
        bound.close()
        raise
    return bound


def public_base_url(host: str, port: int, url_prefix: str, *, tls: bool) -> str:
    """The root of every issuer when nobody has named one."""
    name = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host
    if tls:
        name = "localhost"
    literal = f"[{name}]" if ":" in name else name
    return f"{'https' if tls else 'http'}://{literal}:{port}{url_prefix}"


def serve(
    settings: Settings,
    *,
    address: str,
    reserved: socket.socket,
    certificate: Path | None = None,
    key: Path | None = None,
    ready: Callable[[], None] = lambda: None,
    until_stdin_ends: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT, then return; `ready` is called at the first good answer.

    `reserved` comes from `reserve()`. With `until_stdin_ends` the server also stops when its
    standard input does, so that it can't outlive the program that started it.
    Raises CannotServe when the workers don't stay alive.
    """
    port = reserved.getsockname()[1]
    from labserver.store.tallies import Tallies

    tallies = Tallies(settings.workers)
    server = _granian(settings, address, port, certificate, key)
    stopping = threading.Event()

    def watch() -> None:
        if _answers(address, port, settings.url_prefix, stopping, tls=certificate is not None):
            ready()

    server.on_startup(lambda: _start_thread(watch))
    if until_stdin_ends:
        server.on_startup(lambda: _start_thread(_stop_at_end_of_stdin))
    server.on_shutdown(stopping.set)
    if sys.platform != "linux":
        # There Granian binds in this process, and the port can't be held twice.
        reserved.close()
    try:
        server.serve(target_loader=partial(_application, settings, tallies), wrap_loader=False)
    except SystemExit as end:
        if end.code:
            raise CannotServe(
                "The server's workers ended by themselves; the lines above say why."
            ) from None
    finally:
        stopping.set()
        reserved.close()


def _granian(
    settings: Settings,
    address: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
) -> MPServer:
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server.mp import MPServer

    return MPServer(
        "labserver",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        # For clients that send their bodies slowly; the work itself goes in turn (`OneAtATime`).
        blocking_threads=MOST_SLOW_CLIENTS,
        http=HTTPModes.http1,
        websockets=False,
        # URLs carry codes and session tokens, so there is no access log at all.
        log_access=False,
        # Its warnings are about many threads, which are meant.
        log_level=LogLevels.error,
        log_dictconfig={"handlers": {"console": _TO_STDERR, "access": _TO_STDERR}},
        respawn_failed_workers=True,
        workers_kill_timeout=SECONDS_TO_STOP,
        ssl_cert=certificate,
        ssl_key=key,
    )


def prepare(settings: Settings) -> None:
    """The database is there, whole, of this version and seeded, and the code is loaded.

    Done once before the workers start: they find a ready database and share the loaded code.
    Raises DatabaseUnusable or WorldError.
    """
    # Each worker builds an app of its own; the code for it is loaded here, for all of them.
    import labserver.app  # noqa: F401
    from labserver.store import seed
    from labserver.store.database import open_database

    database = open_database(settings.database, make_key=settings.make_key, clock=settings.clock)
    try:
        seed.prepare(database, settings)
    finally:
        # A connection must not be taken along into another process.
        database.close()


def _application(settings: Settings, tallies: Tallies) -> Flask:
    """A worker's own application; the worker ends with the process that started it."""
    from multiprocessing.util import Finalize

    # A worker begins with its parent's handlers, which would swallow a stop until it serves.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _start_thread(_end_with_the_parent)
    application, database = _open(settings, tallies.claim())
    # What is loaded by now stays for good. Looking through it for garbage would hold a request up
    # for 75 ms now and then.
    gc.freeze()
    # Log events wait in memory for a moment, also when the worker is told to stop.
    Finalize(None, database.close, exitpriority=1)
    in_turn = OneAtATime(
        application.wsgi_app, application.config["MAX_CONTENT_LENGTH"], application.config["LARGER"]
    )
    application.wsgi_app = in_turn  # type: ignore[method-assign]
    return application


def _open(settings: Settings, tally: Tally) -> tuple[Flask, Database]:
    from labserver.app import create_app
    from labserver.store.database import open_database

    database = open_database(
        settings.database, make_key=settings.make_key, clock=settings.clock, tally=tally
    )
    try:
        return create_app(settings, database), database
    except BaseException:
        database.close()
        raise


def _end_with_the_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _stop_at_end_of_stdin() -> None:
    with suppress(OSError, ValueError):
        while os.read(0, 1024):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def _start_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _answers(
    address: str, port: int, url_prefix: str, stopping: threading.Event, *, tls: bool
) -> bool:
    """Wait until `/healthz` answers 200; False when the server stops before it does."""
    peer = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    while not stopping.wait(0.02):
        if _is_healthy(peer, port, f"{url_prefix}/healthz", tls=tls):
            return True
    return False


def _is_healthy(peer: str, port: int, path: str, *, tls: bool) -> bool:
    # It is our own certificate on our own port; who asks is this same process.
    connection: http.client.HTTPConnection = (
        http.client.HTTPSConnection(peer, port, timeout=5, context=ssl._create_unverified_context())
        if tls
        else http.client.HTTPConnection(peer, port, timeout=5)
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
