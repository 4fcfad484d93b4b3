"""Makes the picture of the README anew: `python -m tests.browser.screenshot`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.learner import bring_to_top, jupyterlab, open_and_run, walk
from tests.conftest import CHROMIUM_FLAGS

PICTURE = Path(__file__).parents[2] / "notebooks" / "lesson.png"


def main() -> None:
    """The picture shows lesson 03 as it is, with the flow player at the end of its flow."""
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
        open_and_run(page, learner, "03_pkce")
        flow = page.locator(".jp-OutputArea-output .gl-flow")
        walk(flow)
        bring_to_top(flow.locator(".gl-steps > li").nth(-2))
        # No button that the mouse rests on.
        page.mouse.move(0, 0)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"{PICTURE} is made, {PICTURE.stat().st_size // 1000} kB.")


if __name__ == "__main__":
    main()
