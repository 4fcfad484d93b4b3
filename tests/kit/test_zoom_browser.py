"""The three zoom levels in a real browser: by click, by keyboard, and what can be taken away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from grantlab.answers import Reasons
from grantlab.copying import as_curl, as_python
from grantlab.recording import Exchange, Recording
from grantlab.views.difference import difference
from grantlab.views.inspector import recording_panel
from grantlab.views.panel import Panel
from tests.kit.hosting import HOST, START
from tests.kit.views_samples import code_flow, exchange, hostile

Host = Callable[..., Page]
WALK = Reasons(
    "req-1",
    (
        {
            "displayMessage": "Token request",
            "eventType": "app.oauth2.as.token.grant.access_token",
            "outcome": {"result": "SUCCESS"},
            "debugContext": {
                "debugData": {
                    "reasons": [
                        {"check": "client is known", "result": "passed", "detail": "Bank SPA"},
                        {"check": "policy “A”", "result": "passed", "policyId": "1"},
                        {"check": "rule “R” of policy “A”", "result": "failed",
                         "detail": "Not this grant.", "policyId": "1", "ruleId": "2"},
                        {"check": "rule “S” of policy “A”", "result": "passed", "policyId": "1",
                         "ruleId": "3"},
                    ]
                }
            },
        },
    ),
)  # fmt: skip

pytestmark = pytest.mark.browser


def asked(_: Exchange) -> Reasons:
    return WALK


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


def test_the_keyboard_alone_goes_down_all_levels_and_back(host: Host):
    shown = host(recording_panel(code_flow(), asked))
    shown.get_by_role("group", name="Sequence diagram").focus()

    shown.keyboard.press("ArrowUp")
    expect(shown.locator(".gl-selected")).to_have_attribute("data-value", "6")
    expect(shown.get_by_role("group", name="Sequence diagram")).to_be_focused()
    shown.keyboard.press("ArrowUp")
    shown.keyboard.press("ArrowUp")
    expect(shown.locator(".gl-selected")).to_have_attribute("data-value", "4")
    shown.keyboard.press("Enter")
    expect(shown.get_by_role("group", name="Message 5 of 8")).to_be_focused()
    shown.keyboard.press("Enter")
    expect(shown.get_by_role("group", name="Reasons 5 of 8")).to_be_focused()
    expect(shown.get_by_text("The first rule that matches decides")).to_be_visible()
    shown.keyboard.press("Escape")
    shown.keyboard.press("ArrowRight")
    expect(shown.get_by_role("heading", name="6. Bank SPA → Transfers API")).to_be_visible()
    shown.keyboard.press("Escape")
    expect(shown.get_by_role("group", name="Sequence diagram")).to_be_focused()
    expect(shown.locator(".gl-selected")).to_have_attribute("data-value", "5")


def test_keys_that_a_control_needs_itself_stay_with_it(host: Host):
    shown = host(recording_panel(code_flow(), asked))
    shown.locator(".gl-step").nth(4).click()
    reveal = shown.locator(".gl-secret > summary").first

    reveal.focus()
    shown.keyboard.press("Enter")

    expect(shown.locator(".gl-secret[open]")).to_have_count(1)
    expect(reveal).to_contain_text("Hide code")
    expect(shown.get_by_role("heading", name="5. Bank SPA")).to_be_visible()


def test_the_breadcrumb_says_where_one_is_and_leads_there(host: Host):
    shown = host(recording_panel(code_flow(), asked))
    crumbs = shown.get_by_role("list", name="Zoom")

    expect(crumbs.locator("[aria-current]")).to_have_text("Sequence")
    crumbs.get_by_role("button", name="Message 8 of 8").click()
    expect(crumbs.locator("[aria-current]")).to_have_text("Message 8 of 8")
    shown.get_by_role("list", name="Messages").get_by_role("button").nth(4).click()
    crumbs.get_by_role("button", name="The server's reasons").click()
    expect(shown.locator(".gl-walk .gl-rules .gl-decides")).to_contain_text("rule “S”")
    crumbs.get_by_role("button", name="Sequence").click()
    expect(shown.locator(".gl-picture")).to_be_visible()


def test_a_flow_that_goes_on_is_followed_while_the_reader_stays(host: Host):
    recording = code_flow()
    panel = recording_panel(recording)
    shown = host(panel)
    shown.get_by_role("group", name="Sequence diagram").focus()

    recording.add(exchange())
    shown.evaluate("html => { window.shown = html; window.redraw(); }", panel.html)

    expect(shown.locator(".gl-selected")).to_have_attribute("data-value", "8")
    expect(shown.get_by_role("group", name="Sequence diagram")).to_be_focused()


COVERED = """shown => {
    const [box, head, step] = [".gl-scroll", ".gl-heads", ".gl-selected"].map(
        name => document.querySelector(name).getBoundingClientRect());
    const bar = box.bottom - document.querySelector(".gl-scroll").clientHeight - box.top;
    return [Math.round(head.top - box.top), step.top >= head.bottom - 1,
        step.bottom <= box.bottom - bar + 1];
}"""


@pytest.mark.parametrize("width", [1280, 500])
def test_names_stay_in_sight_and_nothing_lies_on_the_chosen_message(host: Host, width: int):
    recording = Recording()
    for each in list(code_flow()) * 3:
        recording.add(each)
    shown = host(recording_panel(recording, asked), width)
    shown.get_by_role("group", name="Sequence diagram").focus()

    for key in ["ArrowUp"] * 23 + ["ArrowDown"] * 23:
        shown.keyboard.press(key)
        assert shown.evaluate(COVERED) == [0, True, True]


def paste(shown: Page) -> str:
    shown.evaluate(
        "document.body.append(Object.assign(document.createElement('textarea'), {id: 'paste'}))"
    )
    shown.locator("#paste").focus()
    shown.keyboard.press("Control+V")
    return str(shown.locator("#paste").input_value())


@pytest.mark.parametrize(("name", "write"), [("Python", as_python), ("curl", as_curl)])
def test_a_request_is_copied_without_any_permission(host: Host, name: str, write: Any):
    shown = host(recording_panel(code_flow()))
    shown.locator(".gl-step").nth(6).click()

    shown.get_by_role("button", name=f"Copy as {name}").click()

    expect(shown.locator("[data-said]")).to_have_text("Copied.")
    assert paste(shown) == write(list(code_flow())[6])


def test_where_nothing_may_be_copied_the_text_is_selected(host: Host):
    shown = host(recording_panel(code_flow()))
    shown.locator(".gl-step").nth(6).click()
    shown.evaluate("document.execCommand = () => false")

    shown.get_by_role("button", name="Copy as Python").click()

    expect(shown.locator("[data-said]")).to_contain_text("Selected: press Ctrl+C")
    assert shown.evaluate("getSelection().toString()").startswith("import httpx")


def test_what_cannot_be_seen_is_copied_as_it_is_written(host: Host):
    shown = host(recording_panel(hostile()))
    shown.locator(".gl-step").first.click(position={"x": 5, "y": 30}, force=True)
    shown.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

    texts = {
        name: shown.locator(f"[data-text={name}]").text_content() for name in ("python", "curl")
    }

    assert texts == {"python": as_python(hostile()[0]), "curl": as_curl(hostile()[0])}


def test_ticking_the_box_puts_the_real_secrets_into_the_copy(host: Host):
    shown = host(recording_panel(code_flow()))
    shown.locator(".gl-step").nth(6).click()
    shown.get_by_text("See what is copied").click()

    assert "topsecret" not in str(shown.locator("[data-text=python]").text_content())
    shown.get_by_label("with the real secrets in it").check()

    expect(shown.locator("[data-text=python]")).to_contain_text("topsecret")


def at(level: str) -> Callable[[], Panel]:
    def made() -> Panel:
        panel = recording_panel(code_flow(), asked)
        panel._handle_custom_msg({"name": "select", "value": 4}, [])
        panel._handle_custom_msg({"name": "zoom", "value": level}, [])
        return panel

    return made


def beside() -> Panel:
    other = [each for each in code_flow() if each.number != 6]
    drawn = difference(code_flow(), other[:-2] + [exchange(number=6, status=400)])
    return Panel(lambda: drawn, text=lambda: "")


def lost() -> Panel:
    panel = recording_panel(code_flow())
    panel._handle_custom_msg({"name": "reasons", "value": None}, [])
    return panel


@pytest.mark.parametrize(
    ("width", "light"),
    [(1280, True), (1280, False), (360, True), (360, False)],
    ids=["wide light", "wide dark", "narrow light", "narrow dark"],
)
@pytest.mark.parametrize(
    "make",
    [at("sequence"), at("message"), at("reasons"), beside, lost],
    ids=["sequence", "message", "reasons", "difference", "no reasons"],
)
def test_every_level_is_accessible_and_fits_the_screen(
    host: Host, make: Callable[[], Panel], width: int, light: bool
):
    shown = host(make(), width, light)
    shown.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

    found = Axe().run(shown, context="#here").response["violations"]

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_page_without_javascript_shows_messages_reasons_and_copies(chromium: Browser):
    recording = code_flow()
    recording.keep_reasons(recording[4], WALK)
    context = chromium.new_context(java_script_enabled=False)
    shown = context.new_page()
    data, _ = recording_panel(recording)._repr_mimebundle_()

    shown.set_content(f"<main>{data['text/html']}</main>")
    opened = shown.locator(".gl-messages > li").nth(4)
    opened.locator("> details > summary").click()
    opened.get_by_text("The same request as Python and as curl").click()

    expect(opened.get_by_text("The first rule that matches decides")).to_be_visible()
    expect(opened.get_by_text("import httpx")).to_be_visible()
    assert shown.locator("button").count() == 0
    context.close()


def test_a_click_in_a_long_recording_shows_its_effect_at_once(
    host: Host, capsys: pytest.CaptureFixture[str]
):
    recording = Recording()
    for each in list(code_flow()) * 13:
        recording.add(each)
    shown = host(recording_panel(recording, asked))
    measured = """async (press) => {
      const begun = performance.now();
      const drawn = window.redraw;
      const done = new Promise((ready) => (window.redraw = () => {
        drawn();
        requestAnimationFrame(() => setTimeout(() => ready(performance.now() - begun)));
      }));
      document.querySelector(press).dispatchEvent(new MouseEvent("click", { bubbles: true }));
      const took = await done;
      window.redraw = drawn;
      return took;
    }"""

    opened = shown.evaluate(measured, ".gl-step[data-value='52']")
    expect(shown.get_by_role("heading", name="53. Bank SPA")).to_be_visible()
    back = shown.evaluate(measured, ".gl-crumbs button")

    expect(shown.locator(".gl-picture")).to_be_visible()
    with capsys.disabled():
        print(f"\n104 messages: open one {opened:.0f} ms, back to all {back:.0f} ms")
