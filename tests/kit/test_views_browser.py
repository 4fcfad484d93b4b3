"""The module of the views in a real browser, with a host as small as can be."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from grantlab.recording import Recording
from grantlab.views import view
from grantlab.views.panel import page
from tests.kit.hosting import Host
from tests.kit.views_samples import ACCESS, code_flow, exchange, flow, hostile

pytestmark = pytest.mark.browser


def test_clicking_an_arrow_of_the_picture_opens_its_message(host: Host):
    shown = host(view(code_flow()))

    shown.locator(".gl-step").nth(2).click()

    shown.get_by_role("heading", name="3. Browser → Authorization server").wait_for()


def test_the_keyboard_reaches_every_message(host: Host):
    shown = host(view(code_flow()))
    shown.get_by_text("The same as a list").click()
    item = shown.locator(".gl-messages button").nth(4)

    item.focus()
    shown.keyboard.press("Enter")

    shown.get_by_role("heading", name="5. Bank SPA → Authorization server").wait_for()
    opened = shown.get_by_role("group", name="Message 5 of 8")
    assert opened.evaluate("each => each === document.activeElement")


def test_a_redraw_takes_no_focus(host: Host):
    panel = view(code_flow())
    shown = host(panel)
    shown.evaluate("document.activeElement.blur()")

    shown.evaluate("html => { window.shown = html; window.redraw(); }", view(code_flow()).html)

    assert shown.evaluate("document.activeElement === document.body")


def test_a_revealed_secret_is_hidden_again_in_the_next_message(host: Host):
    shown = host(view(code_flow()))
    shown.locator(".gl-step").nth(4).click()
    shown.locator(".gl-secret summary").first.click()
    assert shown.locator(".gl-secret[open]").count() == 1

    shown.get_by_role("button", name="Next message").click()

    shown.get_by_role("heading", name="6. Bank SPA → Transfers API").wait_for()
    assert shown.locator(".gl-secret[open]").count() == 0


def test_a_claim_is_tampered_with_in_a_form(host: Host):
    shown = host(view(ACCESS))

    shown.get_by_label("Change").select_option("sub")
    shown.get_by_label("to", exact=True).fill("ada@bank.example")
    shown.get_by_role("button", name="Tamper").click()

    shown.get_by_text("nobody signed it").wait_for()
    assert shown.get_by_role("cell", name="ada@bank.example").count() == 1


def test_no_hostile_value_runs(host: Host):
    shown = host(view(hostile()))
    dialogs: list[Any] = []
    shown.on("dialog", lambda dialog: (dialogs.append(dialog), dialog.dismiss()))

    for index in range(6):
        shown.locator(".gl-step").nth(index).click(position={"x": 5, "y": 30}, force=True)
        shown.wait_for_function(
            "at => document.querySelector(`[data-key='message-${at}']`)", arg=index + 1
        )
        shown.get_by_role("button", name="Sequence").click()

    assert dialogs == []
    assert shown.locator("#here script, #here img").count() == 0


@pytest.mark.parametrize(
    ("width", "light"), [(1280, True), (360, False)], ids=["wide and light", "narrow and dark"]
)
@pytest.mark.parametrize(
    "thing",
    [code_flow(), ACCESS, flow(), Recording(), exchange()],
    ids=["recording", "token", "flow", "empty", "exchange"],
)
def test_views_are_accessible_and_fit_the_screen(host: Host, thing: Any, width: int, light: bool):
    shown = host(view(thing), width, light)
    shown.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

    found = Axe().run(shown, context="#here").response["violations"]

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_without_javascript_opens_each_message(chromium: Browser):
    context = chromium.new_context(java_script_enabled=False)
    shown = context.new_page()
    data, _ = view(code_flow())._repr_mimebundle_()

    shown.set_content(f"<main>{data['text/html']}</main>")
    shown.locator("ol > li > details > summary").nth(4).click()

    opened = shown.locator("ol > li").nth(4)
    assert opened.get_by_text("The one-time voucher").first.is_visible()
    assert page("") in data["text/html"]
    context.close()
