"""Makes the pictures of the README anew: `python -m tests.browser.screenshot`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.browser.learner import PATIENCE, Learner, bring_to_top, jupyterlab, open_and_run
from tests.conftest import CHROMIUM_FLAGS

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSON = NOTEBOOKS / "lesson.png"
TIMELINE = NOTEBOOKS / "timeline.png"
OUTPUT = ".jp-OutputArea-output"


def main() -> None:
    """The pictures show a flow that was refused, and the lives of tokens after a theft."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("No Chromium on the path: install Debian's package `chromium`.")
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyterlab(Path(folder)) as learner,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        _take_lesson(page, learner)
        _take_timeline(page, learner)
        browser.close()
    for picture in (LESSON, TIMELINE):
        print(f"{picture.name} is made, {picture.stat().st_size // 1000} kB.")


def _take_lesson(page: Page, learner: Learner) -> None:
    open_and_run(page, learner, "03_pkce")
    flow = page.locator(f"{OUTPUT} .gl-flow").first
    flow.get_by_label("Another verifier").check()
    flow.get_by_role("button", name="Run all").click()
    expect(flow.get_by_role("status").first).to_contain_text("invalid_grant", timeout=PATIENCE)
    _take(page, flow.locator(".gl-legend"), LESSON)


def _take_timeline(page: Page, learner: Learner) -> None:
    open_and_run(page, learner, "06_life_of_a_token")
    _take(page, page.locator(f"{OUTPUT} .gl-timeline").last, TIMELINE)


def _take(page: Page, top: Locator, picture: Path) -> None:
    bring_to_top(top)
    # No button that the mouse rests on.
    page.mouse.move(0, 0)
    page.screenshot(path=picture)


if __name__ == "__main__":
    main()
