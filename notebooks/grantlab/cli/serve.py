"""From the options of `grantlab serve` to a running server."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal
from urllib.parse import urlsplit

from labserver import serving, state
from labserver.settings import Settings

PREFIX = re.compile(r"(/[A-Za-z0-9._~@%+-]+)+")

_HOW_TO_TRUST = """\
Lessons and kit on this machine trust {url} by themselves. For others, its CA is {ca}
  curl:     curl --cacert {ca} {url}/healthz
  httpx:    httpx.Client(verify=ssl.create_default_context(cafile="{ca}"))
  browsers: in the settings, import that file as an authority for websites. Remove it there when
            you are done with the lab: whoever has ca-key.pem beside it could pose as any site."""


class ServeFailed(Exception):
    """The server can't run; the message is one line that names the thing and the cure."""


@dataclass(frozen=True)
class Options:
    """What the command line and the environment say; see `grantlab serve --help`."""

    host: str
    port: int
    database: str | None
    world: Path | None
    base_url: str | None
    url_prefix: str | None
    workers: int | None
    tls: bool
    behind_proxy: bool
    movable_clock: bool
    rate_limits: Literal["off", "okta"]
    lifetime_code: int
    lifetime_session: int
    lifetime_session_token: int
    unlisted: bool
    until_stdin_ends: bool


def serve_with(options: Options) -> None:
    """Serve until told to stop. Raises ServeFailed with one line when that isn't possible."""
    # Until the server has its own handlers, a signal ends the program just as quietly.
    signal.signal(signal.SIGTERM, _leave)
    try:
        address = serving.resolve(options.host)
        with contextlib.closing(serving.reserve(address, options.port)) as reserved:
            settings = _settings(options, address, reserved.getsockname()[1])
            _prepare(settings)
            certificate, key, ca = _certificate() if options.tls else (None, None, None)
            running = state.RunningServer(settings.base_url, os.getpid(), str(ca) if ca else None)
            try:
                serving.serve(
                    settings,
                    address=address,
                    reserved=reserved,
                    certificate=certificate,
                    key=key,
                    ready=lambda: _say_ready(running, listed=not options.unlisted),
                    until_stdin_ends=options.until_stdin_ends,
                )
            finally:
                state.withdraw(running)
    except (serving.CannotServe, state.StateUnusable) as fault:
        raise ServeFailed(str(fault)) from fault


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _settings(options: Options, address: str, port: int) -> Settings:
    base_url, prefix = _addresses(options, port)
    return Settings(
        base_url=base_url,
        url_prefix=prefix,
        database=options.database or state.default_database(),
        admin_token=state.admin_token(),
        world=options.world,
        behind_proxy=options.behind_proxy,
        movable_clock=options.movable_clock,
        rate_limits=options.rate_limits,
        lifetime_code=options.lifetime_code,
        lifetime_session=options.lifetime_session,
        lifetime_session_token=options.lifetime_session_token,
        workers=_workers(options.workers),
        beyond_loopback=not serving.is_loopback(address),
    )


def _addresses(options: Options, port: int) -> tuple[str, str]:
    """The base URL and the URL prefix, each from the other where only one is given."""
    base = (options.base_url or "").rstrip("/")
    parts = urlsplit(base)
    if base and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise ServeFailed(f"--base-url {base!r} is not a URL; write it like https://login.example.")
    if parts.query or parts.fragment or parts.username is not None:
        raise ServeFailed("--base-url has more than scheme, host, port and path; leave that out.")
    given = options.url_prefix
    prefix = parts.path if given is None else f"/{given.strip('/')}".rstrip("/")
    if prefix and not PREFIX.fullmatch(prefix):
        raise ServeFailed(f"--url-prefix {prefix!r} is not a path; write it like /lab.")
    if base and parts.path != prefix:
        raise ServeFailed(
            f"--base-url {base} and --url-prefix {prefix or '/'} disagree; "
            "the base URL ends with the prefix."
        )
    if options.tls and base and parts.scheme != "https":
        raise ServeFailed("--tls speaks https, so --base-url must begin with https://.")
    own = serving.public_base_url(options.host, port, prefix, tls=options.tls)
    return base or own, prefix


def _prepare(settings: Settings) -> None:
    from labserver.store.database import DatabaseUnusable
    from labserver.store.world import WorldError

    try:
        serving.prepare(settings)
    except (DatabaseUnusable, WorldError) as fault:
        raise ServeFailed(str(fault)) from fault


def _workers(asked: int | None) -> int:
    # Granian serves from one process on Windows.
    return (asked or 2) if os.name == "posix" else 1


def _certificate() -> tuple[Path, Path, Path]:
    from labserver.certificates import certificate_for_localhost

    return certificate_for_localhost(state.home())


def _say_ready(running: state.RunningServer, *, listed: bool) -> None:
    if listed:
        state.announce(running)
    named = "GRANTLAB_ADMIN_TOKEN" in os.environ
    token = "GRANTLAB_ADMIN_TOKEN" if named else str(state.home() / "admin-token")
    print(f"{running.address} is ready; the admin's token is in {token}", flush=True)
    if running.ca is not None:
        print(_HOW_TO_TRUST.format(ca=running.ca, url=running.address), file=sys.stderr, flush=True)
