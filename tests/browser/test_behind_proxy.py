"""The lab's pages through a notebook server's proxy, below an address such as a hub gives."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from grantlab.lab import App, Lab, Server
from tests.browser.learner import wait_for

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
BASE = "/user/x/"
TOKEN = "the-notebook-servers-own"


@dataclass(frozen=True)
class Hosted:
    """A notebook server's address, and an org on its lab as a kernel beside it finds it."""

    address: str
    lab: Lab

    def page(self, url: str) -> str:
        """Where the person's browser finds a page of the lab."""
        return self.address + self.lab.page_url(url)


@pytest.fixture(scope="module", params=["Binder's start", "the proxy entry"])
def jupyter(
    request: pytest.FixtureRequest, chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A notebook server's address and its lab's state folder.

    The lab is started before Jupyter as on Binder, or by the proxy at the first visit.
    """
    first = ["bash", str(ROOT / "binder" / "start")] if "Binder" in request.param else []
    folder = tmp_path_factory.mktemp("hosted")
    with notebook_server(folder, first) as address:
        wait_for(f"{address}{BASE}api")
        wait_for(f"{address}{BASE}grantlab/healthz", token=TOKEN)
        yield address, folder / "state"


@pytest.fixture
def hosted(jupyter: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    """What a kernel of that notebook server gets: an org on the lab that runs beside it."""
    address, home = jupyter
    monkeypatch.setenv("GRANTLAB_HOME", str(home))
    with Lab.start() as lab:
        yield Hosted(address, lab)


@contextmanager
def notebook_server(folder: Path, first: list[str]) -> Iterator[str]:
    """A Jupyter server with a base URL runs for a while, by the command `first` if there is one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(
        [
            *(*first, sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *(f"--ServerApp.root_dir={folder}", f"--ServerApp.base_url={BASE}"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
            *("--ServerApp.log_level=CRITICAL", "--LabApp.log_level=CRITICAL"),
        ],
        env=os.environ
        | {
            "GRANTLAB_HOME": str(folder / "state"),
            "HOME": str(folder),
            "JUPYTERHUB_SERVICE_PREFIX": BASE,
            "JUPYTER_TOKEN": TOKEN,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        },
        # `start` leaves the lab running beside Jupyter; both end with their group.
        start_new_session=True,
    ) as jupyter:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(jupyter.pid, signal.SIGTERM)


@pytest.fixture
def page(hosted: Hosted, chromium: Browser) -> Iterator[Page]:
    """A page of a person who has signed in to the notebook server."""
    context = chromium.new_context()
    shown = context.new_page()
    shown.goto(f"{hosted.address}{BASE}api/status?token={TOKEN}")
    yield shown
    context.close()


def authorize_url(server: Server, app: App) -> str:
    """Where the app sends the person, as a program beside the lab writes it."""
    wanted = {
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uris[0],
        "response_type": "code",
        "scope": "openid transfers:read",
        "state": "made-by-the-app",
    }
    return f"{server.issuer}/v1/authorize?{urlencode(wanted)}"


def sign_in(page: Page, lab: Lab) -> None:
    cora = lab.person("cora")
    page.get_by_label("Username").fill(cora.login)
    page.get_by_label("Password").fill(cora.password)
    page.get_by_role("button", name="Sign in").click()


def walk_to_the_app(page: Page, hosted: Hosted, server: Server, app: App) -> str:
    """The person signs in, allows, and is sent to the app; the address where they end."""
    page.goto(hosted.page(authorize_url(server, app)))
    sign_in(page, hosted.lab)
    # The app is nowhere; what the browser would bring it is enough to see.
    with page.expect_request(f"{app.redirect_uris[0]}**") as caught:
        page.get_by_role("button", name="Allow", exact=True).click()
    return caught.value.url


def test_signing_in_and_consenting_lead_to_a_code_that_a_kernel_redeems(
    hosted: Hosted, page: Page
) -> None:
    app, server = hosted.lab.app("Bank Web"), hosted.lab.server("Transfers")
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url.split("?")[0]))

    callback = walk_to_the_app(page, hosted, server, app)

    answer = parse_qs(urlsplit(callback).query)
    org = hosted.page(hosted.lab.url)
    assert visited[:2] == [f"{org}/login/login.htm", f"{org}/login/consent"]
    assert (answer["state"], answer["iss"]) == (["made-by-the-app"], [server.issuer])
    redeemed = httpx.post(
        f"{server.issuer}/v1/token",
        auth=(app.client_id, app.client_secret),
        data={
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "redirect_uri": app.redirect_uris[0],
        },
    )
    assert redeemed.json()["scope"] == "openid transfers:read"


def test_every_cookie_of_the_lab_stays_below_its_org(hosted: Hosted, page: Page) -> None:
    before = {(cookie["name"], cookie["path"]) for cookie in page.context.cookies()}

    walk_to_the_app(page, hosted, hosted.lab.server("Transfers"), hosted.lab.app("Bank Web"))

    after = {(cookie["name"], cookie["path"]) for cookie in page.context.cookies()}
    org = urlsplit(hosted.lab.url).path
    assert org.startswith(f"{BASE}grantlab/orgs/")
    assert {path for name, path in after - before if name != "_xsrf"} == {org}


def test_the_pages_wear_their_own_style(hosted: Hosted, page: Page) -> None:
    with page.expect_response("**/*.css") as style:
        page.goto(hosted.page(f"{hosted.lab.url}/login/login.htm"))

    assert style.value.ok
    expect(page.locator("main")).not_to_have_css("max-width", "none")


def test_a_page_url_opens_what_the_kernel_means(hosted: Hosted, page: Page) -> None:
    page.goto(hosted.page(f"{hosted.lab.url}/login/login.htm"))
    sign_in(page, hosted.lab)

    expect(page.get_by_role("heading", name="Hello, Cora")).to_be_visible()
    assert page.url == hosted.page(f"{hosted.lab.url}/app/UserHome")


def test_nothing_of_the_notebook_servers_session_is_in_the_labs_log(
    hosted: Hosted, page: Page
) -> None:
    page.goto(hosted.page(f"{hosted.lab.url}/login/login.htm"))
    sign_in(page, hosted.lab)
    expect(page.get_by_role("heading", name="Hello, Cora")).to_be_visible()
    theirs = [c for c in page.context.cookies() if not c["path"].startswith(f"{BASE}grantlab")]
    assert [cookie["name"] for cookie in theirs if cookie["name"].startswith("username-")]

    log = hosted.lab.admin.get("/api/v1/logs", params={"limit": 1000}).text

    assert "user.session.start" in log
    secrets = [TOKEN, *(part for cookie in theirs for part in (cookie["name"], cookie["value"]))]
    assert [secret for secret in secrets if secret in log] == []
