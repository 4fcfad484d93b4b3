"""The decision tree in a real browser: walked by click and by keyboard, read by everybody."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from grantlab.deciding import DecisionTree
from grantlab.views import view
from grantlab.views.panel import Panel
from tests.kit.hosting import Host

pytestmark = pytest.mark.browser


def half_way() -> Panel:
    tree = DecisionTree()
    tree.walk(5, "okta", "nobody", "ours", "covered", "rigid")
    return view(tree)


@pytest.mark.parametrize(
    ("width", "light"),
    [(1280, True), (1280, False), (360, True), (360, False)],
    ids=["wide and light", "wide and dark", "narrow and light", "narrow and dark"],
)
def test_the_tree_is_accessible_and_fits_the_screen(host: Host, width: int, light: bool):
    shown = host(half_way(), width, light)
    shown.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")

    found = Axe().run(shown, context="#here").response["violations"]

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert shown.evaluate(
        """() => Math.min(...[...document.querySelectorAll('#here *')]
        .filter(each => [...each.childNodes].some(one => one.nodeType === 3 && one.data.trim()))
        .map(each => parseFloat(getComputedStyle(each).fontSize))) >= 14"""
    )


def test_a_case_is_walked_by_click(host: Host):
    tree = DecisionTree()
    shown = host(view(tree))

    shown.get_by_role("button", name="8 Log watcher").click()
    shown.get_by_role("button", name="Okta's: people, groups, apps, logs").click()
    shown.get_by_role("button", name="no, it runs by itself").click()
    shown.get_by_role("button", name="in our customers'").click()

    expect(shown.get_by_role("status")).to_contain_text("Each customer sees them")
    assert tree.decided[8] == "integration"


def test_the_keyboard_alone_walks_from_question_to_question(host: Host):
    tree = DecisionTree()
    shown = host(view(tree))
    first = shown.get_by_role("button", name="Okta's: people, groups, apps, logs")

    first.focus()
    shown.keyboard.press("Enter")
    shown.wait_for_function("document.activeElement.dataset.focus === 'person'")
    shown.keyboard.press("Tab")
    shown.keyboard.press("Enter")

    expect(shown.get_by_role("status")).to_contain_text("The code flow with PKCE")
    assert tree.decided[1] == "person's token"
