"""Attacks by stages, as a view."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from grantlab.storms import Result, Storms
from grantlab.views import view
from grantlab.views.panel import page

STORMS = Storms(
    {
        "nothing": {"No credential": Result(200, True), "Flood": Result(200, True)},
        "OAuth": {"No credential": Result(401, False)},
    }
)


def test_each_attack_has_a_row_and_each_stage_a_column():
    html = view(STORMS).html

    assert html.count("<tr>") == 3
    assert html.count('scope="col"') == 3
    assert "not tried" in html


def test_the_text_twin_says_it_all():
    data, _ = view(STORMS)._repr_mimebundle_()

    text = data["text/plain"]
    assert "No credential:\n  nothing: got in (200)\n  OAuth: stopped (401)" in text


def test_no_name_runs_as_markup():
    evil = "<script>alert(1)</script>"

    assert "<script>" not in view(Storms({evil: {evil: Result(200, True)}})).html


@pytest.mark.browser
@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 360)], ids=["wide and light", "narrow and dark"]
)
def test_it_is_accessible_and_fits_the_screen(chromium: Browser, scheme: str, width: int):
    shown = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    shown.set_content(f"<html lang='en'><title>T</title><main><h1>L</h1><h2>S</h2>"
                      f"<div id='here'>{page(view(STORMS).html)}</div></main>")  # fmt: skip

    found = Axe().run(shown, context="#here").response["violations"]
    fits = shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown.close()

    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert fits
