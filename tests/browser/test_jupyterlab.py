"""A learner's journey through JupyterLab: lesson 03, its flow player, and both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.learner import (
    FAULTS,
    PROMPTS,
    Learner,
    bring_to_top,
    choose_theme,
    jupyterlab,
    open_and_run,
    take_back_mistakes,
    walk,
)

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "build"
STEPS = 8


@pytest.fixture(scope="module")
def learner(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Learner]:  # Chromium first: without one, nothing needs to start.
    with jupyterlab(tmp_path_factory.mktemp("learner")) as found:
        yield found


@pytest.fixture(scope="module")
def lesson(chromium: Browser, learner: Learner) -> Iterator[Page]:
    """Lesson 03 with all cells run. Each test begins its own play in it."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    open_and_run(page, learner, "03_pkce")
    yield page
    page.close()


@pytest.fixture
def flow(lesson: Page) -> Locator:
    """The flow player of the lesson, with no mistake chosen."""
    player = lesson.locator(".jp-OutputArea-output .gl-flow")
    take_back_mistakes(player)
    return player


def test_run_all_runs_every_cell_of_the_lesson_without_a_fault(lesson: Page) -> None:
    prompts = lesson.locator(PROMPTS).all_text_contents()

    assert prompts == [f"[{number}]:" for number in range(1, len(prompts) + 1)]
    assert lesson.locator(FAULTS).count() == 0


def test_clicking_next_walks_the_whole_flow(flow: Locator) -> None:
    said = walk(flow)

    assert [each.split(".")[0] for each in said] == [
        f"Step {number} of {STEPS} is done" for number in range(1, STEPS + 1)
    ]
    expect(flow.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    expect(flow.locator(".gl-picture .gl-step").last).to_contain_text("200 OK")


def test_a_message_opens_by_mouse(flow: Locator) -> None:
    walk(flow)

    flow.locator(".gl-step", has_text="/v1/token").click()

    opened = flow.locator(".gl-message")
    expect(opened.get_by_role("heading", level=3)).to_contain_text("Authorization server")
    expect(opened.get_by_role("row").filter(has_text="code_verifier")).to_be_visible()


def test_a_mistake_made_on_purpose_is_refused_and_the_server_says_why(flow: Locator) -> None:
    flow.get_by_label("Another verifier").check()
    expect(flow.get_by_role("status").first).to_contain_text("Not started")

    flow.get_by_role("button", name="Run all").click()
    expect(flow.get_by_role("status").first).to_contain_text("invalid_grant")
    flow.get_by_role("button", name="Ask for the server's reasons").click()

    expect(flow.locator(".gl-reasons")).to_contain_text("PKCE verifier fits the challenge")
    expect(flow.locator(".gl-reasons .gl-failed").first).to_be_visible()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_the_outputs_are_accessible_in_both_themes(lesson: Page, flow: Locator, theme: str) -> None:
    choose_theme(lesson, theme)
    walk(flow)
    bring_to_top(flow)

    found = Axe().run(lesson, context=".jp-OutputArea-output")

    PICTURES.mkdir(exist_ok=True)
    name = theme.lower().replace(" ", "-")
    lesson.screenshot(path=PICTURES / f"{name}-player.png")
    bring_to_top(flow.locator(".gl-sequence"))
    lesson.screenshot(path=PICTURES / f"{name}-messages.png")
    assert found.violations_count == 0, found.generate_report()
