"""Three lessons in JupyterLab, as a learner goes through them: predict, err, ask, get it right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from grantlab.exercises import Exercise
from grantlab.lessons import lesson_03, lesson_09, lesson_13
from tests.browser.learner import Learner, Lesson, jupyterlab, open_lesson

pytestmark = pytest.mark.browser

OUTPUT = ".jp-OutputArea-output"


@pytest.fixture(scope="module")
def learner(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learner]:
    with jupyterlab(tmp_path_factory.mktemp("course")) as found:
        yield found


@pytest.fixture
def opened(chromium: Browser, learner: Learner) -> Iterator[Callable[[str], Lesson]]:
    """Opens a lesson in a page of its own."""
    pages: list[Page] = []

    def open_(name: str) -> Lesson:
        pages.append(chromium.new_page(viewport={"width": 1280, "height": 900}))
        return open_lesson(pages[-1], learner, name)

    yield open_
    for page in pages:
        page.close()


def view_in(cell: Locator, kind: str) -> Locator:
    """The view that the cell shows."""
    return cell.locator(f"{OUTPUT} .gl-{kind}").first


def predict(lesson: Lesson, choice: str, first: str, ask: str, answer: str) -> Locator:
    """All cells from the first one have run, and a choice was pressed when its question came.

    `ask` and `answer` are the cells that show the question and what the run said, which is given.
    """
    lesson.run(first, ask)
    asked = view_in(lesson.cell(ask), "prediction")
    # Before the words stands the sign of a choice.
    chosen = asked.get_by_role("button", name=re.compile(f"^.?{choice}:"))
    chosen.click()
    expect(chosen).to_have_attribute("aria-pressed", "true")
    expect(asked.get_by_role("status")).to_contain_text("Noted")
    lesson.run_the_rest(lesson.after(ask))
    return view_in(lesson.cell(answer), "prediction")


def solve(lesson: Lesson, exercise: Exercise, name: str, wrong: str, reason: str) -> None:
    """A wrong answer was told why, a hint was read, and the right answer passed.

    `name` is what the cells of the exercise are called, behind `ask-` and `try-`.
    """
    tried = lesson.cell(f"try-{name}")
    expect(view_in(tried, "outcome")).to_contain_text("not attempted")

    lesson.write_and_run(f"try-{name}", wrong)
    expect(view_in(tried, "outcome")).to_contain_text("not yet")
    expect(view_in(tried, "outcome")).to_contain_text(reason)

    question = view_in(lesson.cell(f"ask-{name}"), "exercise")
    hint = question.get_by_text(exercise.hints[0][:20])
    expect(hint).to_be_hidden()
    question.get_by_text("Hint 1 of 3").click()
    expect(hint).to_be_visible()

    lesson.write_and_run(f"try-{name}", exercise.solution)
    expect(view_in(tried, "outcome")).to_contain_text("passed")
    expect(question).to_contain_text("passed")


def test_lesson_03_a_thief_without_the_verifier_and_the_challenge_by_hand(
    opened: Callable[[str], Lesson],
) -> None:
    lesson = opened("03_pkce")

    answered = predict(lesson, "a token", "setup", "my-guess", "use-the-stolen-code")
    expect(answered).to_contain_text("Your prediction was wrong")
    expect(answered).to_contain_text("The run says: nothing")

    in_hex = "my_challenge = hashlib.sha256(VERIFIER.encode()).hexdigest()"
    wrong = f"{in_hex}\nshow(challenge.check(my_challenge))"
    solve(lesson, lesson_03.challenge, "challenge", wrong, "hexadecimal digits")


def test_lesson_09_another_order_of_rules_and_which_of_them_decides(
    opened: Callable[[str], Lesson],
) -> None:
    lesson = opened("09_policies_and_rules")

    lesson.run("setup", "the-desk")
    desk = view_in(lesson.cell("the-desk"), "policy")
    verdict = desk.get_by_role("status").first
    expect(verdict).to_contain_text("“Looking” decides")
    row = desk.get_by_role("row").filter(has=lesson.page.get_by_text("Looking", exact=True)).first
    row.get_by_role("button", name=re.compile("Down")).click()
    expect(verdict).to_contain_text("“Customers pay” decides")
    desk.get_by_role("button", name=re.compile("^Undo")).click()
    expect(verdict).to_contain_text("“Looking” decides")

    first = lesson.after("the-desk")
    answered = predict(lesson, "granted", first, "my-guess", "the-bookkeeper-asks")
    expect(answered).to_contain_text("Your prediction was right")

    best_match = lesson_09.walk.solution.replace('"Staff"', '"Looking"')
    reason = "Nobody looks for a best match"
    solve(lesson, lesson_09.walk, "walk", best_match, reason)


def test_lesson_13_a_row_of_the_map_is_tried_and_the_list_is_mended(
    opened: Callable[[str], Lesson],
) -> None:
    lesson = opened("13_least_privilege")

    answered = predict(lesson, "sign-in", "setup", "my-guess", "knock-without-anything")
    expect(answered).to_contain_text("Your prediction was right")

    row = view_in(lesson.cell("the-map"), "matrix").locator("tr[data-row] .gl-answered").first
    row.get_by_role("button").click()
    expect(row.get_by_text("Again")).to_be_visible()
    expect(row.locator("strong")).to_contain_text(re.compile("[2-5][0-9][0-9]"))

    needs = lesson_13.authn_is_different.solution
    wrong = needs.replace('"they need": "no credential"', '"they need": "an API token"')
    reason = "The call without any credential was let in"
    solve(lesson, lesson_13.authn_is_different, "authn", wrong, reason)
