"""The start page's last cell in JupyterLab: a way is chosen, and a link opens the next lesson."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.learner import jupyterlab, open_and_run

pytestmark = pytest.mark.browser

CELL = "from grantlab.overview import overview\nfrom grantlab.views import show\n\nshow(overview())"


def test_a_way_is_chosen_and_its_next_lesson_opens_beside_the_start_page(
    chromium: Browser, tmp_path: Path
) -> None:
    with jupyterlab(tmp_path) as learner:
        new = nbformat.v4
        notebook = new.new_notebook(
            cells=[new.new_code_cell(CELL)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, learner.lessons / "start.ipynb")
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        open_and_run(page, learner, "start")
        page.evaluate("window.stillTheSamePage = true")
        view = page.locator(".gl-progress")

        view.get_by_role("button", name="First taste").click()
        expect(view).to_contain_text("First taste: 0 of")
        view.get_by_role("link", name="03 · PKCE and public clients").first.click()

        expect(page.get_by_role("tab", name="03_pkce.ipynb")).to_be_visible()
        assert page.evaluate("window.stillTheSamePage")
        page.close()
