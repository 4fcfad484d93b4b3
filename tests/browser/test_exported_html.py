"""A lesson that ran, exported as a page, and opened where no kernel is.

GitHub, nbviewer and VS Code without widgets show the same `text/html` of each output.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Page, expect

from tests.browser.studio import NAME, write_notebook

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "build"
OUTPUT = ".jp-OutputArea-output"
KINDS = ("sequence", "flow", "token", "policy", "exercise", "outcome")


@pytest.fixture(scope="module")
def exported(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebook of all views, run once, as one page.

    As `jupyter nbconvert --execute --ExecutePreprocessor.store_widget_state=False --to html`
    makes it, and as JupyterLab exports it. With the state of widgets kept, nbconvert prefers
    widgets, and these need a script from the network.
    """
    folder = tmp_path_factory.mktemp("exported")
    write_notebook(folder)
    notebook = nbformat.read(folder / f"{NAME}.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRANTLAB_HOME", str(folder / "state"))
        here = {"metadata": {"path": str(folder)}}
        NotebookClient(notebook, timeout=60, resources=here, store_widget_state=False).execute()
    exporter = HTMLExporter()  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(notebook)
    page = folder / "exported.html"
    page.write_text(html, encoding="utf-8")
    return page


@pytest.fixture
def page(chromium: Browser, exported: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The exported page in a browser that reaches no network."""
    width = getattr(request, "param", 1280)
    context = chromium.new_context(viewport={"width": width, "height": 900}, offline=True)
    shown = context.new_page()
    shown.goto(exported.as_uri())
    yield shown
    context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_view_is_there_without_a_kernel(page: Page, kind: str) -> None:
    view = page.locator(f"{OUTPUT} .gl-{kind}").first

    expect(view).to_be_visible()
    expect(view.get_by_role("heading").first).to_be_visible()


def test_a_message_opens_to_its_parts_and_their_meaning(page: Page) -> None:
    item = page.locator(f"{OUTPUT} .gl-sequence").first.locator("ol > li > details").nth(9)
    item.locator("summary").first.click()

    expect(item.get_by_role("heading", level=3).first).to_contain_text("Authorization server")
    expect(item.get_by_text("The one-time voucher").first).to_be_visible()


def test_columns_are_as_wide_as_their_words(page: Page) -> None:
    # What nbconvert says of all tables made the columns of a timeline run into each other.
    lives = page.locator(f"{OUTPUT} .gl-timeline table").first

    assert lives.evaluate("each => getComputedStyle(each).tableLayout") == "auto"


def test_no_control_is_left_that_nobody_would_answer(page: Page) -> None:
    dead = page.locator(f"{OUTPUT} :is(button, input, select)[data-send]:visible")
    forms = page.locator(f"{OUTPUT} form[data-send]:visible")

    assert [each.inner_text() for each in dead.all()] == []
    assert forms.count() == 0


@pytest.mark.parametrize("page", [1280, 360], ids=["wide", "narrow"], indirect=True)
def test_the_page_is_accessible_and_nothing_sticks_out(page: Page) -> None:
    PICTURES.mkdir(exist_ok=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=PICTURES / f"exported-{width}.png", full_page=True)

    found = Axe().run(page, context=OUTPUT)

    assert found.violations_count == 0, found.generate_report()
    wide = f"""width => [...document.querySelectorAll("{OUTPUT} .gl-view")]
        .filter(each => each.getBoundingClientRect().right > width)
        .map(each => each.className)"""
    assert page.evaluate(wide, width) == []


def test_the_look_is_the_same_as_in_the_widgets(page: Page) -> None:
    looks = {
        (kind, what): page.locator(f"{OUTPUT} .gl-{kind} {what}").first.evaluate(
            "each => { const s = getComputedStyle(each); return [s.fontSize, s.backgroundColor] }"
        )
        for kind, what in (("token", "td"), ("token", "td code"), ("policy", "dd"))
    }

    nothing = "rgba(0, 0, 0, 0)"
    assert looks == {
        ("token", "td"): ["16px", nothing],
        ("token", "td code"): ["14.4px", nothing],
        ("policy", "dd"): ["16px", nothing],
    }
