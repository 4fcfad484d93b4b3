"""Finding a lab server, or starting one, and getting an org of one's own in it."""

from __future__ import annotations

import os
import secrets
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from labserver import state

PATIENCE = 10.0
SECONDS_TO_STOP = 8.0


class LabError(Exception):
    """The lab can't do what was asked; the message is one line with the cure."""


@dataclass(frozen=True)
class Org:
    """An org to work in, its API token, and what is to be done when the work is over."""

    url: str
    token: str | None
    ends: tuple[Callable[[], None], ...] = ()


def first_lab() -> Org:
    """A fresh org on the first lab that answers.

    Tried in order: `GRANTLAB_URL`, the state folder's `server.json`, a server of this
    notebook's own. Raises LabError when none can be had.
    """
    named = os.environ.get("GRANTLAB_URL", "").rstrip("/")
    if named and _answers(named):
        return lab_at(named)
    running = state.running_server()
    if running and _answers(running.address):
        return _fresh_org(running.address, _token())
    child = _Child()
    return _fresh_org(child.address, _token(), child.stop)


def lab_at(issuer: str, token: str | None = None) -> Org:
    """The org that the address names, else a fresh one there; see `Lab.connect`."""
    issuer = issuer.rstrip("/")
    if not _answers(issuer):
        raise LabError(f"No lab answers at {issuer}; start one with `grantlab serve`.")
    token = token or _token(only_named=not _is_local(issuer))
    if token is None or "/orgs/" in urlsplit(issuer).path:
        return Org(issuer, token)
    return _fresh_org(issuer, token)


def client_for(url: str, **options: Any) -> httpx.Client:
    """A client for a lab, which trusts the CA of this machine's own server."""
    trust: ssl.SSLContext | bool = True
    if url.startswith("https:"):
        running = state.running_server()
        if running and running.ca and url.startswith(running.address):
            trust = ssl.create_default_context(cafile=running.ca)
    # The lab is on this machine or named outright: a proxy of the environment has no part in it.
    return httpx.Client(trust_env=False, timeout=PATIENCE, verify=trust, **options)


def json_of(answer: httpx.Response) -> Any:
    """What a call of the lab was answered. `LabError` says what was refused, and why."""
    if answer.is_success:
        return answer.json()
    request = answer.request
    with suppress(ValueError, KeyError, TypeError):
        error = answer.json()
        causes = "; ".join(cause["errorSummary"] for cause in error.get("errorCauses", []))
        said = f"{error['errorCode']} {error['errorSummary']}" + (f" ({causes})" if causes else "")
        raise LabError(f"{request.method} {request.url.path}: {answer.status_code} {said}")
    raise LabError(f"{request.method} {request.url.path}: {answer.status_code}")


def _answers(url: str) -> bool:
    # /healthz belongs to the server, not to an org of it.
    root = url.split("/orgs/")[0]
    try:
        with client_for(root) as client:
            return client.get(f"{root}/healthz").status_code == 200
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _is_local(url: str) -> bool:
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def _token(*, only_named: bool = False) -> str | None:
    # The state folder's token is this machine's secret; it never goes to another one.
    if only_named and "GRANTLAB_ADMIN_TOKEN" not in os.environ:
        return None
    try:
        return state.admin_token()
    except state.StateUnusable as fault:
        raise LabError(str(fault)) from fault


def _fresh_org(root: str, token: str | None, *ends: Callable[[], None]) -> Org:
    name = f"lesson-{secrets.token_hex(5)}"
    asked = {"subdomain": name, "name": f"Lesson {name[-4:]}", "temporary": True}
    headers = {"Authorization": f"SSWS {token}"}
    try:
        with client_for(root, headers=headers) as client:
            org = json_of(client.post(f"{root}/api/v1/orgs", json=asked))
    except BaseException:
        for end in ends:
            end()
        raise

    def give_back() -> None:
        with suppress(httpx.HTTPError), client_for(root, headers=headers) as client:
            client.delete(f"{root}/api/v1/orgs/{org['id']}")

    return Org(f"{root}/orgs/{org['subdomain']}", org["token"], (give_back, *ends))


class _Child:
    """A server of this kernel's own; it ends when the kernel does, however that comes about."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "grantlab.cli", "serve", "--port", "0", "--workers", "1"]
        with tempfile.TemporaryFile() as errors:
            self._process = subprocess.Popen(
                [*command, "--movable-clock", "--unlisted", "--until-stdin-ends"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                # The kernel's interrupt button is for the cell, not for the server.
                start_new_session=True,
            )
            line = self._output.readline().decode()
            if not line:
                self.stop()
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip() or "It said nothing."
                raise LabError(f"The lab server didn't start. {said.splitlines()[-1]}")
        self.address = line.split()[0]

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def stop(self) -> None:
        """The server has ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
