"""Timeline, exercise, overview and server in a real browser: keyboard, both themes, no scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from grantlab import predict
from grantlab.answers import ClockMove
from grantlab.exercises import Exercise
from grantlab.lab import Lab
from grantlab.lessons.lesson_00 import first_answer
from grantlab.overview import LessonProgress, Overview, overview
from grantlab.recording import Exchange
from grantlab.views import view
from grantlab.views.exercise import exercise_panel
from grantlab.views.panel import Panel
from grantlab.views.server import server_panel, unavailable_panel
from grantlab.views.timeline import timeline_panel
from tests.kit.hosting import Host
from tests.kit.test_timeline import START, access, believes, issued, recorded, theft

pytestmark = pytest.mark.browser

METADATA = {
    "issuer": "https://shop.example",
    "token_endpoint": "https://shop.example/token",
    "jwks_uri": "https://shop.example/keys",
}


@pytest.fixture(autouse=True)
def _progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRANTLAB_PROGRESS", str(tmp_path / "progress.json"))


def lives() -> Panel:
    panel = timeline_panel(theft(), believes, [ClockMove(START + 35, 4000)], START + 5000)
    panel._handle_custom_msg({"name": "open", "value": 2}, [])
    return panel


def many() -> list[Exchange]:
    return recorded(*(issued(n, access_token=access(n), refresh_token=f"r{n}") for n in range(4)))


def answered() -> Panel:
    panel = exercise_panel(first_answer)
    panel._handle_custom_msg({"name": "answer", "value": {"answer": "403"}}, [])
    return panel


def way() -> Overview:
    first, *rest = overview().lessons
    begun = LessonProgress(
        first.number,
        first.title,
        first.file,
        first.minutes,
        {"first-answer": "passed", "find-the-challenge": "not yet"},
    )
    return Overview((begun, *rest), "progress.json was set aside.")


def judged() -> Panel:
    exercise = Exercise("x", "Why?", lambda _: ["Not so."], ["Look."], "x = 1")
    return exercise_panel(exercise, evidence=lambda: 1)


def guessed() -> Panel:
    guess = predict("Does it live on?", {"lives": "One token is one token.", "dies": "All go."})
    guess.choose("dies")
    return view(guess)


VIEWS: dict[str, Callable[[], Panel]] = {
    "timeline": lives,
    "many tokens": lambda: timeline_panel(many(), believes),
    "no tokens": lambda: timeline_panel([]),
    "exercise": answered,
    "exercise about a recording": judged,
    "overview": lambda: view(way()),
    "prediction": guessed,
    "server": lambda: server_panel(Lab("https://shop.example", None, metadata=METADATA)),
    "unavailable": lambda: unavailable_panel(ValueError("There is no clock to be moved.")),
}


@pytest.mark.parametrize(
    ("width", "light"),
    [(1280, True), (1280, False), (360, True), (360, False)],
    ids=["wide, light", "wide, dark", "narrow, light", "narrow, dark"],
)
@pytest.mark.parametrize("name", VIEWS)
def test_it_is_accessible_and_fits(host: Host, name: str, width: int, light: bool) -> None:
    shown = host(VIEWS[name](), width, light)
    shown.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

    found: list[Any] = Axe().run(shown, context="#here").response["violations"]

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = shown.evaluate(
        "[...document.querySelectorAll('#here *')].filter(each =>"
        " parseFloat(getComputedStyle(each).fontSize) < 12).map(each => each.outerHTML)"
    )
    assert small == []


def press(shown: Page, name: str) -> None:
    """Go to the button by Tab alone, and press Enter there."""
    wanted = shown.get_by_role("button", name=name, exact=True)
    for _ in range(40):
        if wanted.evaluate("each => each === document.activeElement"):
            shown.keyboard.press("Enter")
            return
        shown.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {name!r}.")


def test_a_moment_of_the_timeline_is_opened_and_closed_by_keyboard(host: Host) -> None:
    shown = host(timeline_panel(theft(), believes))

    press(shown, "Message 3")
    opened = shown.get_by_role("button", name="Message 3")
    expect(opened).to_have_attribute("aria-pressed", "true")
    expect(opened).to_be_focused()
    expect(shown.get_by_role("heading", name="3. Bank SPA → Authorization server")).to_be_visible()
    shown.keyboard.press("Enter")

    expect(opened).to_have_attribute("aria-pressed", "false")


def test_an_answer_is_typed_checked_and_corrected_by_keyboard(host: Host) -> None:
    shown = host(exercise_panel(first_answer))
    field = shown.get_by_label("Your answer")

    field.focus()
    shown.keyboard.type("403")
    shown.keyboard.press("Enter")
    status = shown.locator("[role=status]")
    expect(status).to_contain_text("It has no idea who you are.")
    expect(field).to_be_focused()
    shown.keyboard.press("Control+a")
    shown.keyboard.type("401")
    shown.keyboard.press("Enter")

    expect(status).to_contain_text("passed")


def test_hints_are_opened_one_after_the_other_by_keyboard(host: Host) -> None:
    shown = host(exercise_panel(first_answer))

    for name in ("Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "The solution"):
        expect(shown.get_by_text(name)).to_be_visible()
        shown.get_by_text(name).focus()
        shown.keyboard.press("Enter")

    expect(shown.get_by_text("status = 401")).to_be_visible()


def test_the_timeline_without_scripts_opens_each_message(chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    shown = context.new_page()

    shown.set_content(f"<main>{lives()._repr_mimebundle_()[0]['text/html']}</main>")
    shown.get_by_text("Message 2", exact=True).click()

    assert shown.get_by_role("heading", name="2. Bank SPA → Authorization server").is_visible()
    context.close()
