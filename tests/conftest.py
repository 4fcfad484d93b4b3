"""A running server for all tests, and an org of its own for each of them."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from argon2 import PasswordHasher
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server

from labserver import Settings, create_app
from labserver.store import hashing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT_TOKEN = "root-token-of-the-tests"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Each client reads all the world's certificate authorities, for calls that speak plain http.
httpx._transports.default.create_ssl_context = functools.cache(httpx.create_ssl_context)
# A fifth of a second for each sign-in is for those who guess. Programs that tests start pay it.
hashing._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(frozen=True)
class Server:
    """The server that all tests share: its root org and its root token."""

    url: str
    token: str


@dataclass(frozen=True)
class Lab:
    """One org, made for one test."""

    url: str
    id: str
    slug: str
    token: str
    root: Server


class _Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


def key_maker() -> Callable[[], RSAKey]:
    """RSA keys out of a small pool, in turn: making one takes a tenth of a second."""
    pool = [RSAKey.generate_key(2048, private=True) for _ in range(8)]
    turns = itertools.cycle(pool)
    lock = threading.Lock()

    def next_key() -> RSAKey:
        with lock:
            return next(turns)

    return next_key


@pytest.fixture(scope="session")
def make_key() -> Callable[[], RSAKey]:
    """The key maker of the run."""
    return key_maker()


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, make_key: Callable[[], RSAKey]
) -> Iterator[Server]:
    """A server on a free loopback port, with a movable clock, on a database of its own."""
    with running(tmp_path_factory.mktemp("server"), make_key) as found:
        yield found


class running:  # noqa: N801  (reads as a sentence: `with running(folder, make_key) as server`)
    """A server that runs for a while on a thread of this process."""

    def __init__(self, folder: Path, make_key: Callable[[], RSAKey], **settings: object) -> None:
        listener = make_server("127.0.0.1", 0, _nothing, threaded=True, request_handler=_Silent)
        self.listener = listener
        prefix = str(settings.get("url_prefix", ""))
        url = f"http://127.0.0.1:{listener.port}{prefix}"
        options = {
            "base_url": url,
            "database": f"sqlite:///{folder / 'lab.db'}",
            "admin_token": ROOT_TOKEN,
            "movable_clock": True,
            "make_key": make_key,
        }
        self.app = create_app(Settings(**(options | settings)))  # type: ignore[arg-type]
        listener.app = self.app
        self.server = Server(url, ROOT_TOKEN)
        self.thread = threading.Thread(target=listener.serve_forever, daemon=True)

    def __enter__(self) -> Server:
        self.thread.start()
        return self.server

    def __exit__(self, *_: object) -> None:
        self.listener.shutdown()
        self.thread.join()
        self.listener.server_close()
        _, database = self.app.extensions["labserver"]
        database.close()


def _nothing(environ: object, start_response: object) -> list[bytes]:
    raise AssertionError("The app is put in before the server starts.")


@pytest.fixture(scope="session")
def root(server: Server) -> Iterator[httpx.Client]:
    """The super admin of the root org."""
    headers = {"Authorization": f"SSWS {server.token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
        yield client


_numbers = itertools.count(1)


@pytest.fixture
def new_lab(server: Server, root: httpx.Client) -> Callable[[], Lab]:
    """Makes orgs, each seeded with the bank."""

    def make() -> Lab:
        slug = f"org-{next(_numbers)}"
        answer = root.post("/api/v1/orgs", json={"subdomain": slug, "name": f"Bank {slug}"})
        assert answer.status_code == 201, answer.text
        document = answer.json()
        return Lab(f"{server.url}/orgs/{slug}", document["id"], slug, document["token"], server)

    return make


@pytest.fixture
def lab(new_lab: Callable[[], Lab]) -> Lab:
    """An org of its own for the test."""
    return new_lab()


@pytest.fixture
def http(lab: Lab) -> Iterator[httpx.Client]:
    """A client without any credential, below the org's URL; it follows no redirect."""
    with httpx.Client(base_url=lab.url, trust_env=False) as client:
        yield client


@pytest.fixture
def admin(lab: Lab) -> Iterator[httpx.Client]:
    """The org's super admin."""
    headers = {"Authorization": f"SSWS {lab.token}"}
    with httpx.Client(base_url=lab.url, headers=headers, trust_env=False) as client:
        yield client


# One module at a time: two sync playwrights cannot run side by side in a thread.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one its tests are left out, under CI they fail."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing = "No Chromium on the path: install Debian's package `chromium`."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    # Loaded for the tests that use it only.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
