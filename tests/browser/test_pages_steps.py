"""The steps of signing in, and the pages of links, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.conftest import Lab
from tests.speaking import Person, done, find_person
from tests.web.policing import let_enroll, require_factor, set_password_policy

pytestmark = pytest.mark.browser

SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 740}}
NEW = "Brand-new-2026"


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
def cora(admin: httpx.Client) -> Person:
    """Cora, with a question, a phone and a recovery question."""
    found = find_person(admin, "cora")
    factors = f"/api/v1/users/{found.id}/factors"
    for body in (
        {"factorType": "sms", "profile": {"phoneNumber": "+1-555-415-1337"}},
        {
            "factorType": "question",
            "profile": {"question": "disliked_food", "answer": "mayonnaise"},
        },
    ):
        done(admin.post(f"{factors}?activate=true", json=body | {"provider": "OKTA"}))
    question = {"question": "Who keeps the light?", "answer": "Captain Flint"}
    body = {"credentials": {"recovery_question": question}}
    done(admin.post(f"/api/v1/users/{found.id}", json=body))
    return found


def sign_in(page: Page, lab: Lab, person: Person, password: str = "") -> None:
    """The person types name and password."""
    page.goto(f"{lab.url}/login/login.htm")
    page.get_by_label("Username").fill(person.login)
    page.get_by_label("Password").fill(password or person.password)
    page.get_by_role("button", name="Sign in").click()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def is_sound(page: Page, heading: str) -> None:
    """The page's own style is on, it does not scroll sideways, and axe finds nothing."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    page.wait_for_load_state("load")
    assert page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") != "none"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def outbox(admin: httpx.Client, what: str) -> str:
    """The code or the link of the newest message."""
    found: str = done(admin.get("/lab/outbox"))[0][what]
    return found


def activation_link(admin: httpx.Client) -> str:
    """Where a new person activates the account."""
    login = "nina@bank.example"
    profile = {"login": login, "email": login, "firstName": "Nina", "lastName": "New"}
    made = done(admin.post("/api/v1/users?activate=false", json={"profile": profile}))
    path = f"/api/v1/users/{made['id']}/lifecycle/activate?sendEmail=false"
    link: str = done(admin.post(path))["activationUrl"]
    return link


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_step_is_accessible_and_fits(
    new_page: Callable[..., Page],
    lab: Lab,
    admin: httpx.Client,
    cora: Person,
    scheme: str,
    size: str,
) -> None:
    page = new_page(color_scheme=scheme, viewport=SIZES[size])
    require_factor(admin)
    done(admin.post(f"/api/v1/users/{cora.id}/lifecycle/expire_password"))

    sign_in(page, lab, cora)
    is_sound(page, "Verify that it is you")
    press(page, "Send code")
    is_sound(page, "Verify that it is you")
    page.get_by_label("Code").fill("1")
    press(page, "Verify")
    expect(page.get_by_role("alert")).to_contain_text("match our records")
    is_sound(page, "Verify that it is you")
    press(page, "Back")
    page.get_by_role("link", name="Security question").click()
    is_sound(page, "Verify that it is you")
    page.get_by_label("What is the food").fill("mayonnaise")
    press(page, "Verify")
    is_sound(page, "Change your password")
    page.get_by_text("What must it be like?").click()
    is_sound(page, "Change your password")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_a_new_factor_is_accessible_and_fits(
    new_page: Callable[..., Page], lab: Lab, admin: httpx.Client, scheme: str, size: str
) -> None:
    page = new_page(color_scheme=scheme, viewport=SIZES[size])
    for factor in ("okta_question", "okta_otp", "okta_sms", "okta_email"):
        let_enroll(admin, factor, "OPTIONAL")

    sign_in(page, lab, find_person(admin, "cora"))
    is_sound(page, "Set up a second factor")
    for label in ("Text message", "E-mail", "Code from an app"):
        page.get_by_role("link", name=label).click()
        is_sound(page, "Set up a second factor")
    press(page, "Set up")
    is_sound(page, "Type the first code")
    assert page.locator(".qr").evaluate("image => image.naturalWidth") > 100
    secret = page.locator(".secret").inner_text()
    now = int(done(admin.get("/lab/clock"))["now"])
    page.get_by_label("Code").fill(pyotp.TOTP(secret).at(now))
    press(page, "Verify")

    expect(page.get_by_role("heading", name="Hello, Cora")).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_a_link_is_accessible_and_fits(
    new_page: Callable[..., Page],
    lab: Lab,
    admin: httpx.Client,
    cora: Person,
    scheme: str,
    size: str,
) -> None:
    page = new_page(color_scheme=scheme, viewport=SIZES[size])
    welcome = activation_link(admin)
    page.goto(welcome)
    is_sound(page, "Welcome to")
    page.get_by_label("New password", exact=True).fill("short")
    page.get_by_label("New password again").fill("short")
    press(page, "Activate my account")
    is_sound(page, "Welcome to")
    page.goto(f"{lab.url}/welcome/nobody")
    is_sound(page, "This link is over")
    page.goto(f"{lab.url}/login/login.htm")
    page.get_by_role("link", name="Forgot password?").click()
    is_sound(page, "Forgot your password?")
    page.get_by_label("Username").fill(cora.login)
    press(page, "Send me a link")
    is_sound(page, "Look into your mail")
    page.goto(outbox(admin, "link"))
    is_sound(page, "Choose a new password")

    set_password_policy(admin, "lockout", maxAttempts=1, showLockoutFailures=True)
    sign_in(page, lab, cora, "wrong")
    is_sound(page, "Sign in")
    page.get_by_role("link", name="Unlock it").click()
    is_sound(page, "Is your account locked?")
    page.get_by_label("Username").fill(cora.login)
    press(page, "Send me a link")
    is_sound(page, "Look into your mail")
    page.goto(outbox(admin, "link"))
    is_sound(page, "Unlock your account?")
    press(page, "Unlock my account")
    is_sound(page, "Answer your question")
    page.get_by_label("Who keeps the light?").fill("Captain Flint")
    press(page, "Continue")

    expect(page.get_by_role("status")).to_contain_text("Your account is unlocked")


def test_a_factor_and_a_new_password_can_be_given_by_keyboard(
    new_page: Callable[..., Page], lab: Lab, admin: httpx.Client, cora: Person
) -> None:
    page = new_page()
    require_factor(admin)
    done(admin.post(f"/api/v1/users/{cora.id}/lifecycle/expire_password"))
    sign_in(page, lab, cora)
    send = page.get_by_role("button", name="Send code")
    expect(send).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Tab")
        if send.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(outbox(admin, "code"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Password until now")).to_be_focused()
    for value in (cora.password, NEW, NEW):
        page.keyboard.type(value)
        page.keyboard.press("Tab")
    page.get_by_label("New password again").press("Enter")

    expect(page.get_by_role("heading", name="Hello, Cora")).to_be_visible()


def test_the_steps_work_without_scripts(
    new_page: Callable[..., Page], lab: Lab, admin: httpx.Client, cora: Person
) -> None:
    page = new_page(java_script_enabled=False)
    require_factor(admin)

    sign_in(page, lab, cora)
    press(page, "Send code")
    page.get_by_label("Code").fill(outbox(admin, "code"))
    press(page, "Verify")

    expect(page.get_by_role("heading", name="Hello, Cora")).to_be_visible()
