"""The switchboard in a real browser: fits, is accessible, and switches by keyboard."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe

from grantlab.views import view
from tests.kit.hosting import Host
from tests.kit.test_switchboard import Board

pytestmark = pytest.mark.browser


def unsafe() -> Board:
    board = Board()
    board.checks.audience = board.checks.key_fetches_limited = False
    return board


@pytest.mark.parametrize("make", [Board, unsafe], ids=["safe", "unsafe"])
@pytest.mark.parametrize(
    ("width", "light"),
    [(1280, True), (1280, False), (360, True), (360, False)],
    ids=["wide and light", "wide and dark", "narrow and light", "narrow and dark"],
)
def test_it_is_accessible_and_fits_the_screen(
    host: Host, make: Callable[[], Board], width: int, light: bool
):
    shown = host(view(make()), width, light)

    found = Axe().run(shown, context="#here").response["violations"]

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_switches_a_check_and_the_alarm_is_said(host: Host):
    board = Board()
    shown = host(view(board))
    box = shown.get_by_label("Audience")

    box.focus()
    shown.keyboard.press("Space")

    shown.get_by_role("status").filter(has_text="Not checked: audience").wait_for()
    assert not board.checks.audience
    assert box.evaluate("each => each === document.activeElement")


def test_the_settings_are_a_form(host: Host):
    board = Board()
    shown = host(view(board))

    shown.get_by_label("Asks for").select_option("nothing")
    shown.get_by_label("Seconds at most").fill("60")
    shown.get_by_role("button", name="Set").click()

    shown.wait_for_function("document.querySelector('[name=seconds]').value === '60'")
    assert board.chosen == {"asks_for": "nothing", "seconds": "60"}
