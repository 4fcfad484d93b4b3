"""The pages in a real browser: a whole sign-in and consent, by mouse and by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import Lab, running
from tests.speaking import (
    App,
    Issuer,
    Person,
    add_scope,
    authorize_parameters,
    change_app,
    custom_server,
    find_person,
    org_server,
    register_app,
)

pytestmark = pytest.mark.browser

SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 740}}


class Callback(BaseHTTPRequestHandler):
    """The app: it takes its answer, by GET or POST, and sends the person on to its home page."""

    received: list[dict[str, str]]

    def do_GET(self) -> None:  # noqa: N802  (the name that http.server calls)
        """A query arrives, or the home page is opened."""
        url = urlsplit(self.path)
        if url.path == "/callback":
            self._take(url.query)
        else:
            self._say(200, "<title>The app</title><h1>Welcome back</h1>")

    def do_POST(self) -> None:  # noqa: N802
        """A form arrives."""
        self._take(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _take(self, fields: str) -> None:
        self.received.append(dict(parse_qsl(fields)))
        self.send_response(303)
        self.send_header("Location", f"http://localhost:{self.server.server_port}/home")  # type: ignore[attr-defined]
        self.end_headers()

    def _say(self, status: int, html: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(html.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class Site:
    """The app's address and what it has received."""

    def __init__(self, port: int, received: list[dict[str, str]]) -> None:
        self.callback = f"http://127.0.0.1:{port}/callback"
        self.received = received


@pytest.fixture
def site() -> Iterator[Site]:
    received: list[dict[str, str]] = []
    handler = type("CallbackOfOneTest", (Callback,), {"received": received})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(server.server_port, received)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


@pytest.fixture
def app(admin: httpx.Client, cora: Person, site: Site) -> App:
    found = register_app(admin, cora, label="Holiday Planner", consent_method="REQUIRED")
    change_app(admin, found, redirect_uris=[site.callback])
    return found


@pytest.fixture
def custom(lab: Lab, admin: httpx.Client) -> Issuer:
    add_scope(admin, "trips:read", consent="REQUIRED", displayName="See your trips")
    add_scope(admin, "trips:write", consent="REQUIRED", optional=True)
    return custom_server(lab.url)


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages, each in a browser profile of its own."""
    opened: list[BrowserContext] = []

    def make(**options: object) -> Page:
        opened.append(chromium.new_context(**options))  # type: ignore[arg-type]
        return opened[-1].new_page()

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


def address(issuer: Issuer, app: App, site: Site, **changes: str) -> str:
    """Where the app sends the browser."""
    given = {"scope": "openid trips:read trips:write", "redirect_uri": site.callback} | changes
    return f"{issuer.at('authorize')}?{urlencode(authorize_parameters(app, 'v' * 43, **given))}"


def sign_in(page: Page, person: Person) -> None:
    page.get_by_label("Username").fill(person.login)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Sign in").click()


def test_sign_in_and_consent_lead_to_the_app_and_on_to_its_home_page(
    page: Page, custom: Issuer, app: App, site: Site, cora: Person
) -> None:
    page.goto(address(custom, app, site))
    sign_in(page, cora)
    page.get_by_label("trips:write").uncheck()
    page.get_by_role("button", name="Allow", exact=True).click()

    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    (answer,) = site.received
    assert set(answer) == {"code", "state", "iss"}


def test_the_whole_way_works_without_scripts(
    new_page: Callable[..., Page], custom: Issuer, app: App, site: Site, cora: Person
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(address(custom, app, site, response_mode="form_post"))
    sign_in(page, cora)
    page.get_by_role("button", name="Don't allow").click()
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert site.received[0]["error"] == "access_denied"


def test_form_post_needs_no_click(
    page: Page, custom: Issuer, app: App, site: Site, cora: Person
) -> None:
    page.goto(address(custom, app, site, scope="openid", response_mode="form_post"))
    sign_in(page, cora)

    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert "code" in site.received[0]


def test_everything_can_be_done_by_keyboard(
    page: Page, custom: Issuer, app: App, site: Site, cora: Person
) -> None:
    page.goto(address(custom, app, site))
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type(cora.login)
    page.keyboard.press("Tab")
    page.keyboard.type(cora.password)
    page.keyboard.press("Enter")
    allow = page.get_by_role("button", name="Allow", exact=True)
    expect(allow).to_be_visible()
    for _ in range(10):
        page.keyboard.press("Tab")
        if allow.evaluate("button => button === document.activeElement"):
            break
    outline = allow.evaluate("button => getComputedStyle(button).outlineStyle")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert outline == "solid"


def test_a_posted_message_reaches_the_window_that_opened_the_page(
    page: Page, lab: Lab, app: App, site: Site, cora: Person
) -> None:
    page.goto(f"{lab.url}/login/login.htm")
    sign_in(page, cora)
    page.goto(site.callback.replace("/callback", "/home"))
    popup = address(
        org_server(lab.url), app, site, scope="openid", response_mode="okta_post_message"
    )

    message = page.evaluate(
        """address => new Promise(answer => {
            addEventListener("message", event => answer([event.origin, event.data]))
            open(address)
        })""",
        popup,
    )

    origin, data = message
    assert lab.url.startswith(origin)
    assert set(data) == {"code", "state", "iss"}


def test_a_page_of_the_lab_cannot_be_framed(page: Page, lab: Lab, site: Site) -> None:
    page.goto(site.callback.replace("/callback", "/home"))
    page.evaluate(
        """address => new Promise(loaded => {
            const frame = document.createElement("iframe")
            frame.onload = loaded
            frame.src = address
            document.body.append(frame)
        })""",
        f"{lab.url}/login/login.htm",
    )

    assert page.frames[1].get_by_label("Username").count() == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits(
    new_page: Callable[..., Page],
    custom: Issuer,
    lab: Lab,
    app: App,
    site: Site,
    cora: Person,
    scheme: str,
    size: str,
) -> None:
    page = new_page(color_scheme=scheme, viewport=SIZES[size])
    page.goto(f"{lab.url}/oauth2/v1/authorize?client_id=nobody")
    _is_sound(page, "400 Bad Request")
    page.goto(address(custom, app, site))
    _is_sound(page, "Sign in")
    page.get_by_label("Username").fill(cora.login)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Unable to sign in")
    _is_sound(page, "Sign in")
    sign_in(page, cora)
    _is_sound(page, "Holiday Planner asks for access")
    page.goto(f"{lab.url}/app/UserHome")
    _is_sound(page, "Hello, Cora")
    page.goto(f"{lab.url}/login/signout")
    _is_sound(page, "Sign out?")


def _is_sound(page: Page, heading: str) -> None:
    """The page's own style is on, it does not scroll sideways, and axe finds nothing."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    page.wait_for_load_state("load")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_signing_out_is_two_clicks_from_home(page: Page, lab: Lab, cora: Person) -> None:
    page.goto(f"{lab.url}/login/login.htm")
    sign_in(page, cora)
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("status")).to_contain_text("You are signed out")
    page.goto(f"{lab.url}/app/UserHome")
    expect(page.get_by_label("Password")).to_be_visible()


def test_the_pages_work_below_a_prefix(
    page: Page, tmp_path: Path, make_key: Callable[[], RSAKey]
) -> None:
    cora = Person("", "cora@bank.example")
    with running(tmp_path, make_key, url_prefix="/user/x/grantlab") as server:
        page.goto(f"{server.url}/login/login.htm")
        sign_in(page, cora)

        expect(page.get_by_role("heading", name="Hello, Cora")).to_be_visible()
        assert page.url == f"{server.url}/app/UserHome"
        paths = {cookie["path"] for cookie in page.context.cookies()}
        assert paths == {"/user/x/grantlab"}
