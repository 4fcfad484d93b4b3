"""Desks and token bench in a real browser: by keyboard, accessible, within the screen."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from grantlab.tokens import decode, verify
from grantlab.views import view
from grantlab.views.panel import Panel, page
from grantlab.views.token import token_panel
from tests.kit.desk_samples import Org
from tests.kit.hosting import Host
from tests.kit.views_samples import ACCESS, ISSUER

pytestmark = pytest.mark.browser


def desk() -> Panel:
    return view(Org().desk())


def desk_in_use() -> Panel:
    one = Org().desk()
    one.ask("Bank SPA", "cora", "openid")
    panel = view(one)
    panel._handle_custom_msg({"name": "edit", "value": "0pr1"}, [])
    return panel


def desk_refused() -> Panel:
    panel = view(Org(refuses=True, error="access_denied").desk())
    for act in (
        {"name": "ask", "value": {"client": "0oa1", "user": "", "grant": ""}},
        {"name": "up", "value": "0pr2"},
    ):
        panel._handle_custom_msg(act, [])
    return panel


def desk_without() -> Panel:
    one = Org().desk()
    one.unavailable = "The lab was connected without a token."
    return view(one)


def scopes_in_use() -> Panel:
    one = Org().scopes_desk()
    one.ask("Bank SPA", "cora", "transfers:read")
    panel = view(one)
    panel._handle_custom_msg({"name": "edit", "value": one.claim("department").path}, [])
    return panel


def bench() -> Panel:
    given = {"issuer": ISSUER, "audience": "api://default", "now": 1_700_000_600}
    keys = {"keys": [{"kid": "key-1", "kty": "RSA", "use": "sig"}]}
    check = functools.partial(verify, keys=keys, **given)
    return token_panel(ACCESS, check, api="http://127.0.0.1:9/transfers")


def bench_in_use() -> Panel:
    panel = bench()
    for act in (
        {"name": "clock", "value": "expiry"},
        {"name": "tamper", "value": {"claim": "sub", "value": "mallory", "way": "own"}},
    ):
        panel._handle_custom_msg(act, [])
    return panel


def opaque() -> Panel:
    return token_panel(decode("opaque-to-all"), functools.partial(verify, now=0))


def test_a_request_walks_and_a_rule_is_moved_by_keyboard_alone(host: Host) -> None:
    shown = host(desk())
    shown.get_by_label("Person").focus()
    shown.keyboard.type("cora")
    shown.get_by_label("openid").focus()
    shown.keyboard.press("Space")
    shown.get_by_role("button", name="Walk").focus()
    shown.keyboard.press("Enter")
    shown.get_by_text("“Moving money” decides").wait_for()
    up = shown.get_by_role("button", name="Up: Moving money")

    up.focus()
    shown.keyboard.press("Enter")

    shown.get_by_role("button", name="Undo: Move “Moving money” up").wait_for()
    assert shown.locator("[data-outcome='matched']").count() == 1
    assert shown.get_by_label("Person").input_value() == "00u1"


def test_a_condition_is_edited_in_a_form_that_opens_at_its_row(host: Host) -> None:
    shown = host(desk())
    edit = shown.get_by_role("button", name="Edit: Only reading")
    edit.click()
    form = shown.locator("form.gl-edit")
    form.wait_for()
    assert edit.get_attribute("aria-expanded") == "true"

    form.get_by_label("openid").check()
    form.get_by_label("Access token, minutes").fill("15")
    form.get_by_role("button", name="Save").click()

    shown.get_by_text("Undo: Change “Only reading”: scopes, access_minutes").wait_for()
    assert form.count() == 0


def test_the_clock_is_moved_and_set_and_the_checks_follow(host: Host) -> None:
    shown = host(bench())
    shown.get_by_role("button", name="Verify").click()
    shown.get_by_text("50 min before the token expires").wait_for()

    shown.get_by_role("button", name="1 hour on").click()
    shown.get_by_text("the token expired 10 min ago").wait_for()
    field = shown.get_by_label("Seconds since the epoch")
    field.fill("1700003599")
    field.press("Enter")

    shown.get_by_text("1 s before the token expires").wait_for()
    assert shown.get_by_label("Seconds since the epoch").input_value() == "1700003599"


def test_a_signature_is_forged_in_the_form(host: Host) -> None:
    shown = host(bench())

    shown.get_by_label("Signature:").select_option("none")
    shown.get_by_role("button", name="Tamper").click()

    shown.get_by_text("Its header says that it is not signed").wait_for()
    assert shown.get_by_label("Signature:").input_value() == "none"


@pytest.mark.parametrize(
    ("width", "light"),
    [(1280, True), (1280, False), (760, True), (360, True), (360, False)],
    ids=["wide-light", "wide-dark", "middle", "narrow-light", "narrow-dark"],
)
@pytest.mark.parametrize(
    "panel",
    [desk, desk_in_use, desk_refused, desk_without, scopes_in_use, bench, bench_in_use, opaque],
    ids=lambda each: each.__name__,
)
def test_both_are_accessible_and_fit_the_screen(
    host: Host, panel: Callable[[], Panel], width: int, light: bool
) -> None:
    shown = host(panel(), width, light)
    shown.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

    found = Axe().run(shown, context="#here").response["violations"]

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_scope_is_added_with_a_form_that_is_filled_in(host: Host) -> None:
    org = Org()
    shown = host(view(org.scopes_desk()))

    shown.get_by_role("button", name="Add a scope").click()
    shown.get_by_role("textbox", name="Name").fill("prices:read")
    shown.get_by_label("Consent").select_option("FLEXIBLE")
    shown.get_by_label("named in the metadata").check()
    shown.get_by_role("button", name="Save").press("Enter")

    shown.get_by_text("Add the scope “prices:read”").wait_for()
    posted = json.loads(next(each for each in org.asked if each.method == "POST").content)
    assert posted["name"] == "prices:read"
    assert posted["consent"] == "FLEXIBLE"
    assert posted["metadataPublish"] == "ALL_CLIENTS"


@pytest.mark.parametrize("panel", [desk_in_use, bench_in_use], ids=lambda each: each.__name__)
def test_the_page_without_javascript_shows_the_same(
    chromium: Browser, panel: Callable[[], Panel]
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    shown = context.new_page()
    data, _ = panel()._repr_mimebundle_()

    shown.set_content(f"<main>{data['text/html']}</main>")

    assert page("") in data["text/html"]
    assert shown.locator("button").count() == 0
    assert shown.get_by_text("Moving money").or_(shown.get_by_text("mallory")).first.is_visible()
    context.close()
