"""The flow player in a real browser: by keyboard alone, in both themes, and without scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from grantlab.views.flow import flow_panel
from grantlab.views.panel import Panel
from tests.kit.hosting import HOST, START
from tests.kit.test_flow_views import a_flow

Host = Callable[..., Page]

pytestmark = pytest.mark.browser


@pytest.fixture
def host(chromium: Browser) -> Iterator[Host]:
    """Show a panel as a notebook would: its module here, its Python behind it."""
    context = chromium.new_context()

    def show(panel: Panel, width: int = 1280, light: bool = True) -> Page:
        shown = context.new_page()
        shown.set_viewport_size({"width": width, "height": 800})

        def act(message: str) -> None:
            panel._handle_custom_msg(json.loads(message), [])
            shown.evaluate("html => { window.shown = html; window.redraw(); }", panel.html)

        shown.expose_function("act", act)
        theme = ("true", "#fff") if light else ("false", "#111")
        shown.set_content(HOST % (Panel._css, *theme))
        shown.evaluate(START, [Panel._esm, panel.html])
        return shown

    yield show
    context.close()


def press(shown: Page, name: str, key: str = "Enter") -> None:
    """Go to the control by Tab alone, and press the key there."""
    wanted = shown.get_by_label(name) if key == "Space" else shown.get_by_role("button", name=name)
    for _ in range(40):
        if wanted.evaluate("each => each === document.activeElement"):
            shown.keyboard.press(key)
            return
        shown.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {name!r}.")


def test_a_flow_is_predicted_played_done_wrong_and_compared_by_keyboard_alone(host: Host) -> None:
    shown = host(flow_panel(a_flow()))
    status = shown.locator(".gl-flow > [role=status]")

    press(shown, "Next")
    expect(status).to_contain_text("Step 1 of 2 is done.")
    press(shown, "A refusal")
    expect(shown.get_by_role("button", name="A refusal")).to_be_focused()
    expect(shown.get_by_text("Noted. Next lets the run answer.")).to_be_visible()
    shown.keyboard.press("Shift+Tab")
    press(shown, "Next")
    expect(shown.get_by_text("Your prediction was wrong.", exact=True)).to_be_visible()
    press(shown, "Another verifier", "Space")
    expect(status).to_contain_text("Not started")
    expect(shown.get_by_text("A thief has only the code.")).to_be_visible()
    press(shown, "Run all")
    expect(status).to_contain_text("refused")
    press(shown, "Compare with the run before")

    expect(shown.get_by_role("heading", name="What changed")).to_be_visible()


def test_the_code_of_a_step_is_copied(host: Host) -> None:
    flow = a_flow().advance()
    shown = host(flow_panel(flow))

    shown.get_by_role("button", name="Copy", exact=True).first.click()

    expect(shown.get_by_text("Copied.")).to_be_visible()
    # This page may not use the clipboard itself, so the text is selected for the browser to copy.
    assert shown.evaluate("getSelection().toString()") == flow.code(1)


@pytest.mark.parametrize("light", [True, False], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_player_is_accessible_and_fits_the_screen(host: Host, width: int, light: bool) -> None:
    flow = a_flow()
    panel = flow_panel(flow)
    shown = host(panel, width, light)
    # At the question, and after a mistake with the comparison open.
    for act in (flow.advance, lambda: _wrong_and_compared(panel)):
        act()
        shown.evaluate("html => { window.shown = html; window.redraw(); }", panel.html)
        shown.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

        found = Axe().run(shown, context="#here").response["violations"]

        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _wrong_and_compared(panel: Panel) -> None:
    for name, value in (
        ("all", None),
        ("switch", {"name": "wrong", "on": True}),
        ("predict", "tokens"),
        ("all", None),
        ("compare", None),
    ):
        panel._handle_custom_msg({"name": name, "value": value}, [])


def test_without_scripts_there_is_nothing_to_press_and_everything_to_read(
    chromium: Browser,
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    shown = context.new_page()
    data, _ = flow_panel(a_flow().advance())._repr_mimebundle_()

    shown.set_content(f"<main>{data['text/html']}</main>")

    player = shown.locator(".gl-flow")
    expect(player.get_by_role("button")).to_have_count(0)
    expect(player.get_by_role("checkbox")).to_have_count(0)
    expect(player.get_by_text("Another verifier: A thief has only the code.")).to_be_visible()
    expect(player.get_by_text("A refusal")).to_be_visible()
    context.close()
