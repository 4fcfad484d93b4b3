"""A hosted notebook as Binder starts it: the lab's pages through the notebook server's proxy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser

from grantlab.lab import Lab

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
PREFIX = "/user/x/"
TOKEN = "the-notebook-server's"
SECONDS_TO_START = 60


@dataclass(frozen=True)
class Hosted:
    """A notebook server's address, and the state folder of the lab beside it."""

    address: str
    home: Path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def wait_for(url: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        try:
            httpx.get(url, params={"token": TOKEN}).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail(f"Nothing answers at {url}.")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """A notebook server with a base URL, started by `binder/start`."""
    home = tmp_path_factory.mktemp("hosted")
    port = free_port()
    tools = str(Path(sys.executable).parent)
    with subprocess.Popen(
        [
            *("bash", str(ROOT / "binder" / "start"), sys.executable, "-m", "jupyterlab"),
            *("--no-browser", "--allow-root", f"--ServerApp.root_dir={home}"),
            *(f"--ServerApp.base_url={PREFIX}", f"--ServerApp.port={port}"),
            *("--ServerApp.log_level=CRITICAL", "--LabApp.log_level=CRITICAL"),
        ],
        env=os.environ
        | {
            "GRANTLAB_HOME": str(home / "state"),
            "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
            "JUPYTER_TOKEN": TOKEN,
            "PATH": os.pathsep.join([tools, os.environ["PATH"]]),
        },
        # The lab is a background program of the same script, and ends with its whole group.
        start_new_session=True,
    ) as started:
        address = f"http://127.0.0.1:{port}{PREFIX}"
        try:
            wait_for(f"{address}api")
            wait_for(f"{address}grantlab/healthz")
            yield Hosted(address, home / "state")
        finally:
            os.killpg(started.pid, 15)


@pytest.fixture
def lab(notebook: Hosted, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """What a kernel of that notebook server gets: an org on the lab that `start` has started."""
    monkeypatch.setenv("GRANTLAB_HOME", str(notebook.home))
    with Lab.start() as found:
        yield found


def test_a_person_signs_in_and_consents_below_the_notebook_servers_address(
    notebook, lab, chromium: Browser
):
    app, person, transfers = lab.app("Bank Web"), lab.person("cora"), lab.server("Transfers")
    asked = {
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uris[0],
        "response_type": "code",
        "scope": "openid transfers:read",
        "state": "of-this-test",
    }
    path = lab.page_url(f"{transfers.issuer}/v1/authorize?{urlencode(asked)}")
    context = chromium.new_context()
    page = context.new_page()
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(urlsplit(frame.url).path))

    page.goto(f"{notebook.address}api/status?token={TOKEN}")
    page.goto(f"{notebook.address.removesuffix(PREFIX)}{path}")
    page.get_by_label("Username").fill(person.login)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()
    # The app lives elsewhere; what the browser brings it is enough to see.
    with page.expect_request(f"{app.redirect_uris[0]}**") as caught:
        page.get_by_role("button", name="Allow", exact=True).click()

    answer = parse_qs(urlsplit(caught.value.url).query)
    assert answer["state"] == ["of-this-test"]
    org = f"{PREFIX}grantlab/orgs/{lab.url.rpartition('/')[2]}"
    assert visited[1:3] == [f"{org}/login/login.htm", f"{org}/login/consent"]
    assert {c["path"] for c in context.cookies() if c["name"] != "_xsrf"} >= {org}
    tokens = httpx.post(
        f"{transfers.issuer}/v1/token",
        auth=(app.client_id, app.client_secret),
        data={
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "redirect_uri": app.redirect_uris[0],
        },
    )
    assert tokens.json()["scope"] == "openid transfers:read"
    context.close()
