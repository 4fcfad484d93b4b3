"""Finding a lab server, or starting one, and getting an org of one's own in it."""

from __future__ import annotations

import os
import re
import secrets
import ssl
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any
from urllib.parse import urlsplit

import httpx

from grantlab.answers import LabError as LabError
from labserver import state

Metadata = dict[str, Any]

PATIENCE = 10.0
SECONDS_TO_STOP = 8.0


@dataclass(frozen=True)
class Org:
    """An org to work in, its API token, and what is to be done when the work is over.

    `metadata` is that of another server than a lab; None for an org of a lab.
    """

    url: str
    token: str | None
    ends: tuple[Callable[[], None], ...] = ()
    metadata: Metadata | None = None


def first_lab() -> Org:
    """A fresh org on the first lab that answers.

    Tried in order: `GRANTLAB_URL`, the state folder's `server.json`, a server of this
    notebook's own. Where the first names another server with metadata, it is that one. Raises
    LabError when none can be had.
    """
    named = os.environ.get("GRANTLAB_URL", "").rstrip("/")
    if named and _answers(named):
        return lab_at(named)
    if named and (other := _other_server(named)):
        return other
    running = state.running_server()
    if running and _answers(running.address):
        return _fresh_org(running.address, _token())
    child = _Child()
    return _fresh_org(child.address, _token(), child.stop)


def lab_at(issuer: str, token: str | None = None) -> Org:
    """The org that the address names, else a fresh one there; see `Lab.connect`.

    Where no lab answers but an authorization server with metadata, it is that server. The token
    then is the one given, never this machine's own.
    """
    issuer = issuer.rstrip("/")
    if not _answers(issuer):
        metadata = metadata_at(issuer)
        return Org(str(metadata["issuer"]), token, metadata=metadata)
    token = token or _token(only_named=not _is_local(issuer))
    if token is None or "/orgs/" in urlsplit(issuer).path:
        return Org(issuer, token)
    return _fresh_org(issuer, token)


def _other_server(issuer: str) -> Org | None:
    try:
        metadata = metadata_at(issuer)
    except LabError:
        if "GRANTLAB_CLIENT_ID" in os.environ or "GRANTLAB_PUBLIC_CLIENT_ID" in os.environ:
            # Who has registered apps there doesn't mean a lab that runs somewhere else.
            raise
        return None
    return Org(str(metadata["issuer"]), None, metadata=metadata)


def metadata_at(issuer: str) -> Metadata:
    """The metadata of an authorization server (RFC 8414 §3, OpenID Connect Discovery §4).

    Raises LabError when nobody has any there, or it names another issuer than was asked for.
    """
    tried = f"No lab answers at {issuer}, and no authorization server with metadata"
    found = None
    try:
        with client_for_others(issuer) as client:
            for url in _addresses_of_metadata(issuer):
                answer = client.get(url, headers={"Accept": "application/json"})
                if found := _document_in(answer):
                    break
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
        words = str(fault) or type(fault).__name__
        raise LabError(f"{tried} ({words}); start a lab with `grantlab serve`.") from fault
    if found is None:
        raise LabError(f"{tried}; start a lab with `grantlab serve`.")
    # RFC 8414 §3.3. A slash at the end is what people lose or add.
    if str(found.get("issuer")).rstrip("/") != issuer:
        raise LabError(
            f"The metadata at {issuer} is another issuer's, {found.get('issuer')}: "
            "connect to that one, if it is the one you mean."
        )
    return found


def _addresses_of_metadata(issuer: str) -> tuple[str, ...]:
    # RFC 8414 puts the well-known path before the issuer's, OpenID Connect and Okta after it.
    parts = urlsplit(issuer)
    inserted = parts._replace(path=f"/.well-known/oauth-authorization-server{parts.path}").geturl()
    appended = (
        f"{issuer}/.well-known/{name}"
        for name in ("openid-configuration", "oauth-authorization-server")
    )
    return tuple(dict.fromkeys((inserted, *appended)))


def _document_in(answer: httpx.Response) -> Metadata | None:
    with suppress(ValueError):
        document = answer.json() if answer.status_code == 200 else None
        if isinstance(document, dict) and "issuer" in document:
            return document
    return None


def local_trust() -> ssl.SSLContext | None:
    """What trusts servers that the CA of this machine's labs vouches for; None without a CA."""
    file = state.certificate_authority()
    return None if file is None else _trust(str(file), file.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _trust(file: str, _changed: int) -> ssl.SSLContext | None:
    context = httpx.create_ssl_context()
    try:
        context.load_verify_locations(cafile=file)
    except (OSError, ssl.SSLError):
        # Then nothing is trusted by it, and the server says what is wrong with the file.
        return None
    return context


def usual_trust(*, trust_env: bool = True) -> ssl.SSLContext:
    """What httpx trusts when nothing else is said. Read once: each client would do it anew, which
    takes longer than most of what it then asks."""
    named = (os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    return _usual_trust(*(named if trust_env else (None, None)))


@lru_cache(maxsize=4)
def _usual_trust(file: str | None, folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=bool(file or folder))


def local_transports(**options: Any) -> dict[str, httpx.HTTPTransport]:
    """httpx mounts by which a client trusts the labs of this machine, and nobody else the more.

    Empty when no lab has spoken https yet; `options` are those of `httpx.HTTPTransport`.
    """
    trust = local_trust()
    if trust is None:
        return {}
    return {
        f"https://{host}": httpx.HTTPTransport(verify=trust, **options)
        for host in ("localhost", "127.0.0.1", "[::1]")
    }


def client_for(url: str, **options: Any) -> httpx.Client:
    """A client for a lab, which trusts the CA of this machine's own labs."""
    # The lab is on this machine or named outright: a proxy of the environment has no part in it.
    options.setdefault("trust_env", False)
    trust = local_trust() if url.startswith("https:") and _is_local(url) else None
    trust = trust or usual_trust(trust_env=options["trust_env"])
    return httpx.Client(timeout=PATIENCE, verify=trust, **options)


def client_for_others(url: str, **options: Any) -> httpx.Client:
    """A client for a server elsewhere, which may be reached through the environment's proxy."""
    return client_for(url, trust_env=not _is_local(url), **options)


def lasting_org(name: str) -> Org:
    """A new org of this name on the running lab, which stays until somebody deletes it.

    Raises LabError when no lab runs, or there is an org of that name.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    subdomain = re.sub(r"[^a-z0-9]+", "-", plain)[:63].strip("-")
    if not subdomain:
        raise LabError(f"{name!r} has no letter or digit that an address could have.")
    named = os.environ.get("GRANTLAB_URL", "").split("/orgs/")[0].rstrip("/")
    announced = state.running_server()
    root = next((url for url in (named, announced and announced.address) if url), None)
    if root is None or not _answers(root):
        raise LabError("No lab is running; start one with `grantlab serve`.")
    headers = {"Authorization": f"SSWS {_token(only_named=not _is_local(root))}"}
    with client_for(root, headers=headers) as client:
        asked = {"subdomain": subdomain, "name": name}
        made = json_of(client.post(f"{root}/api/v1/orgs", json=asked))
    return Org(f"{root}/orgs/{subdomain}", made["token"])


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
            answer = client.get(f"{root}/healthz")
        return answer.status_code == 200 and {"status", "version"} <= answer.json().keys()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError):
        # Others may have a page at that address, too.
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
