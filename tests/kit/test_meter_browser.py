"""The meter's slider for time in a real browser: by keyboard, by button, and for everybody."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.kit.hosting import Host
from tests.kit.test_map_browser import the_meter

pytestmark = pytest.mark.browser


def test_arrow_keys_move_through_time_and_the_slider_keeps_the_focus(host: Host) -> None:
    shown = host(the_meter())
    slider = shown.get_by_role("slider", name="Look ahead in time")

    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")

    shown.get_by_role("status").filter(has_text="In 3 minutes:").wait_for()
    assert slider.evaluate("each => each === document.activeElement")
    assert slider.get_attribute("aria-valuetext") == "in 3 minutes"
    assert slider.input_value() == "3"


def test_the_far_end_is_a_year_and_only_what_has_an_end_is_over(host: Host) -> None:
    shown = host(the_meter())

    shown.get_by_role("slider").press("End")

    shown.get_by_role("status").filter(has_text="In 1 year: 2 of 3 still work").wait_for()


def test_a_button_takes_the_slider_along(host: Host) -> None:
    shown = host(the_meter())
    slider = shown.get_by_role("slider")
    slider.press("ArrowRight")
    shown.get_by_role("status").filter(has_text="In 1 minute:").wait_for()

    shown.get_by_role("button", name="now").click()

    shown.get_by_role("status").filter(has_text="Now:").wait_for()
    assert slider.input_value() == "0"


@pytest.mark.parametrize("light", [True, False], ids=["light", "dark"])
def test_the_meter_with_its_slider_is_clean_for_axe_also_on_a_phone(
    host: Host, light: bool
) -> None:
    shown = host(the_meter(), width=360, light=light)

    found = Axe().run(shown)

    assert not found.response["violations"], found.generate_report()
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
