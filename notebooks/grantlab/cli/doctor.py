"""What works on this machine, in plain words."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from grantlab import lesson_files
from labserver import state


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `cure` is None when it is well."""

    said: str
    cure: str | None = None


def diagnose() -> list[Finding]:
    """Python, packages, ports, the state folder and the lessons, in this order."""
    return [*_python(), *_packages(), *_ports(), *_state(), *_lessons()]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    well = sys.version_info >= (3, 11)
    yield Finding(f"Python {version}", None if well else "Grantlab needs Python 3.11 or newer.")


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    missing = []
    for line in metadata.requires("grantlab") or ():
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            missing.append(f"{wanted.name} is missing")
            continue
        if version not in wanted.specifier:
            missing.append(f"{wanted.name} is {version}, not {wanted.specifier}")
    cure = "Install Grantlab again (`make lab`, or `pip install .` in its folder)."
    if missing:
        yield Finding(f"Packages: {'; '.join(missing)}", cure)
    else:
        yield Finding("Every package that Grantlab needs is there")


def _ports() -> Iterator[Finding]:
    try:
        with socket.create_server(("127.0.0.1", 0)):
            yield Finding("Ports on this machine can be opened")
    except OSError as fault:
        yield Finding(
            f"No port can be opened at 127.0.0.1 ({fault.strerror})",
            "Look for a firewall or sandbox that forbids programs to listen on this machine.",
        )
        return
    try:
        with socket.create_server(("127.0.0.1", 8080)):
            yield Finding("Port 8080, which `grantlab serve` takes, is free")
    except OSError:
        yield Finding("Port 8080 is taken; `grantlab serve --port 0` takes any free one")


def _state() -> Iterator[Finding]:
    try:
        folder = state.home()
        state.admin_token()
    except state.StateUnusable as fault:
        yield Finding("State folder and admin token", str(fault))
        return
    yield Finding(f"State folder {folder}, with an admin token")
    running = state.running_server()
    yield Finding(f"server.json names {running.address}" if running else "No server is announced")


def _lessons() -> Iterator[Finding]:
    folder = lesson_files.bundled()
    count = len(lesson_files.lessons_in(folder))
    cure = None if count else "Install Grantlab again: the lessons belong to it."
    yield Finding(f"{count} lessons in {folder}", cure)
