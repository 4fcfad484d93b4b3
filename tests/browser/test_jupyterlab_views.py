"""Journeys through the main views, in JupyterLab, as a learner makes them.

Each prints how long one click took until its effect was on the screen, and leaves a picture in
`build/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from grantlab.lessons.lesson_03 import CHALLENGE
from tests.browser.learner import (
    FAULTS,
    PATIENCE,
    Learner,
    bring_to_top,
    jupyterlab,
    open_and_run,
    press_until,
    restart_and_run,
    seconds_until_shown,
    take_back_mistakes,
)
from tests.browser.studio import NAME, write_notebook

pytestmark = pytest.mark.browser

OUTPUT = ".jp-OutputArea-output"
PICTURES = Path(__file__).parents[2] / "build"
VIEWS = (
    *("inspector", "flow", "token", "policy", "timeline", "matrix", "meter", "progress", "server"),
    *("exercise", "outcome"),
)

Timed = Callable[[str, Locator, Locator], None]


@pytest.fixture(scope="module")
def learner(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    with jupyterlab(tmp_path_factory.mktemp("views")) as found:
        write_notebook(found.lessons)
        yield found


@pytest.fixture(scope="module")
def notebook(chromium: Browser, learner: Learner) -> Iterator[Page]:
    """The notebook of all views, with all cells run."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    open_and_run(page, learner, NAME)
    yield page
    page.close()


@pytest.fixture
def timed(capsys: pytest.CaptureFixture[str]) -> Timed:
    """Click, and print how long the person waited."""

    def click(what: str, button: Locator, panel: Locator) -> None:
        took = seconds_until_shown(button, panel)
        with capsys.disabled():
            print(f"\n    {what}: {took * 1000:.0f} ms from click to screen")

    return click


def shown(page: Page, kind: str) -> Locator:
    """The outermost view of that kind."""
    return page.locator(f"{OUTPUT} .gl-{kind}").first


def is_sound(page: Page, kind: str) -> None:
    """The view has no fault that axe finds; a picture of it is kept."""
    bring_to_top(shown(page, kind))
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"view-{kind}.png")

    found = Axe().run(page, context=f"{OUTPUT} .gl-{kind}")

    assert found.violations_count == 0, found.generate_report()


def start_again(flow: Locator) -> Locator:
    """The flow stands before its first step, with no mistake; its status line."""
    take_back_mistakes(flow)
    back = flow.get_by_role("button", name="Back to start")
    if back.is_enabled():
        back.click()
    said = flow.get_by_role("status").first
    expect(said).to_contain_text("Not started")
    return said


def test_the_keyboard_alone_leads_from_the_sequence_to_a_message_to_the_servers_reasons(
    notebook: Page, timed: Timed
) -> None:
    recorded = shown(notebook, "inspector")
    recorded.get_by_role("button", name="Sequence", exact=True).click()
    # A learner comes from the cell above the view.
    notebook.locator(".jp-CodeCell").nth(1).locator(".jp-InputPrompt").click()
    notebook.keyboard.press("Escape")

    press_until(notebook, "Tab", recorded.get_by_role("group", name="Sequence diagram"), most=9)
    notebook.keyboard.press("ArrowUp")
    expect(recorded.locator("[aria-live]")).to_contain_text("Message 10:")
    notebook.keyboard.press("Enter")
    expect(recorded.get_by_role("heading", level=3)).to_contain_text("Authorization server")
    expect(recorded.get_by_role("row").filter(has_text="code_verifier")).to_be_visible()
    notebook.keyboard.press("Enter")
    expect(recorded.locator(".gl-reasons .gl-result.gl-passed").first).to_be_visible()
    is_sound(notebook, "inspector")
    notebook.keyboard.press("Escape")
    expect(recorded.get_by_role("group", name="Message 10", exact=True)).to_be_visible()
    notebook.keyboard.press("Escape")

    expect(recorded.get_by_role("group", name="Sequence diagram")).to_be_focused()
    timed("Opening a message", recorded.get_by_role("button", name="Open the message"), recorded)


def test_a_person_predicts_is_told_and_compares_a_wrong_run_with_a_right_one(
    notebook: Page, timed: Timed
) -> None:
    flow = shown(notebook, "flow")
    said, following = start_again(flow), flow.get_by_role("button", name="Next", exact=True)
    timed("A step of a flow", following, flow)
    question = flow.get_by_role("group", name="Predict first")
    for number in range(2, 9):
        if question.count():
            break
        following.click()
        expect(said).to_contain_text(f"Step {number} of ", timeout=PATIENCE)
    guess = question.get_by_role("button").last
    timed("A prediction", guess, flow)
    expect(guess).to_have_attribute("aria-pressed", "true")
    following.click()
    expect(said).to_contain_text("Your prediction was")
    flow.get_by_role("button", name="Run all").click()
    expect(said).to_contain_text("is done", timeout=PATIENCE)

    flow.get_by_label("Another verifier").check()
    expect(said).to_contain_text("Not started")
    flow.get_by_role("button", name="Run all").click()
    expect(said).to_contain_text("invalid_grant", timeout=PATIENCE)
    timed("The comparison", flow.get_by_role("button", name="Compare with the run before"), flow)

    compared = flow.get_by_role("group", name="What changed between two runs")
    expect(compared.get_by_role("status")).to_contain_text("They part at")
    expect(compared).to_contain_text("invalid_grant")
    is_sound(notebook, "flow")


def test_a_token_is_verified_and_a_change_of_it_is_noticed(notebook: Page, timed: Timed) -> None:
    bench = shown(notebook, "token")
    timed("Verifying a token", bench.get_by_role("button", name="Verify").first, bench)
    expect(bench).to_contain_text("Valid: the signature was checked")

    bench.get_by_label("Change").first.select_option("sub")
    bench.get_by_label("to", exact=True).fill("ada@bank.example")
    timed("Tampering", bench.get_by_role("button", name="Tamper").first, bench)

    expect(bench).to_contain_text("nobody signed it")
    expect(bench.locator(".gl-checks > li").filter(has_text="failed")).to_contain_text("signature")
    is_sound(notebook, "token")


def test_a_request_walks_down_the_policies_and_a_new_order_changes_where_it_stops(
    notebook: Page, timed: Timed
) -> None:
    desk = shown(notebook, "policy")
    verdict = desk.get_by_role("status").first
    timed("A walk", desk.get_by_role("button", name="Walk"), desk)
    expect(verdict).to_contain_text("“Only reading” decides")
    row = desk.get_by_role("row").filter(has=notebook.get_by_text("Only reading", exact=True))

    row.get_by_role("button", name=re.compile("Down")).click()

    expect(verdict).not_to_contain_text("“Only reading” decides")
    timed("Undoing", desk.get_by_role("button", name=re.compile("^Undo")), desk)
    expect(verdict).to_contain_text("“Only reading” decides")
    is_sound(notebook, "policy")


def test_a_moment_in_the_life_of_a_token_opens_its_message(notebook: Page, timed: Timed) -> None:
    lives = shown(notebook, "timeline")
    moment = lives.get_by_role("button", name=re.compile("^Message")).first

    timed("A moment of the timeline", moment, lives)

    expect(moment).to_have_attribute("aria-pressed", "true")
    expect(lives.get_by_role("row").filter(has_text="code_verifier")).to_be_visible()
    is_sound(notebook, "timeline")


def test_a_row_of_the_map_is_run_and_the_answer_stands_beside_the_prediction(
    notebook: Page, timed: Timed
) -> None:
    privileges = shown(notebook, "matrix")
    answer = privileges.locator("tr[data-row] .gl-answered").first

    timed("A row of the map", answer.get_by_role("button"), privileges)

    expect(answer.get_by_text("Again")).to_be_visible()
    expect(answer.locator("strong")).to_contain_text("200")
    is_sound(notebook, "matrix")


def test_the_meter_looks_ahead_to_where_the_token_is_over_and_the_password_is_not(
    notebook: Page, timed: Timed
) -> None:
    meter = shown(notebook, "meter")
    timed("A look ahead", meter.get_by_role("button", name="+1 day"), meter)

    expect(meter.get_by_role("status").first).to_contain_text("In 1 day: 1 of 2")
    is_sound(notebook, "meter")


def test_the_way_through_the_lessons_and_what_the_server_offers_are_told(notebook: Page) -> None:
    expect(shown(notebook, "progress")).to_contain_text("The code flow")
    expect(shown(notebook, "server")).to_contain_text("token")
    is_sound(notebook, "progress")
    is_sound(notebook, "server")


def test_an_exercise_goes_from_a_wrong_answer_by_a_hint_to_the_right_one(notebook: Page) -> None:
    expect(shown(notebook, "outcome")).to_contain_text("not yet")
    exercise = shown(notebook, "exercise")
    exercise.get_by_text("Hint 1 of 3").click()
    expect(exercise.get_by_text("Hint 2 of 3")).to_be_visible()

    notebook.locator(".jp-CodeCell .cm-content").filter(has_text='answer = "?"').click()
    notebook.keyboard.press("Control+a")
    # The editor closes brackets and quotes by itself, so nothing may be open.
    notebook.keyboard.insert_text(f'answer = "{CHALLENGE}"\nshow(challenge.check(answer))')
    notebook.keyboard.press("Control+Enter")

    expect(shown(notebook, "outcome")).to_contain_text("passed", timeout=PATIENCE)
    is_sound(notebook, "exercise")
    is_sound(notebook, "outcome")


def test_a_new_kernel_leaves_no_ghosts(notebook: Page) -> None:
    restart_and_run(notebook)

    assert notebook.locator(FAULTS).count() == 0
    assert notebook.get_by_text("Error displaying widget").count() == 0
    outermost = [
        notebook.locator(f"{OUTPUT} .gl-{kind}:not(.gl-view .gl-view)").count() for kind in VIEWS
    ]
    assert outermost == [1] * len(VIEWS)
    flow = shown(notebook, "flow")
    start_again(flow)
    flow.get_by_role("button", name="Next", exact=True).click()
    expect(flow.get_by_role("status").first).to_contain_text("Step 1 of ")
