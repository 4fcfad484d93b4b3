"""Progress: a file that is never lost, that can be carried, and the overview of all lessons."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab import progress
from grantlab.exercises import Exercise
from grantlab.lesson_files import bundled, lessons_in
from grantlab.opening import folder_in_jupyter
from grantlab.overview import LessonProgress, Overview, choose_way, hours, overview
from grantlab.paths import EVERYTHING, WAYS, Way, ways_through
from grantlab.progress import Progress, ProgressError, Status, read_progress, remember
from grantlab.views import view
from grantlab.views.exercise import exercise_panel
from grantlab.views.panel import Panel
from grantlab.views.progress import overview_view
from tests.kit.views_samples import HOSTILE

DAMAGED = [
    b"{",
    b"[]",
    b'{"format": 2, "exercises": {}}',
    b'{"format": 1, "exercises": {"a": "b"}}',
    b'{"format": 1, "exercises": {"a": ["passed"]}}',
    b'{"format": 1, "exercises": {}, "way": 3}',
    b"\xff",
    b"[" * 100_000,
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "progress.json"
    monkeypatch.setenv("GRANTLAB_PROGRESS", str(path))
    return path


def do(panel: Panel, name: str, value: Any = None) -> str:
    panel._handle_custom_msg({"name": name, "value": value}, [])
    return str(panel.html)


def words(html: str) -> str:
    return " ".join("".join(ElementTree.fromstring(f"<all>{html}</all>").itertext()).split())


def written(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))["exercises"]


def exercise(**options: Any) -> Exercise:
    def judge(answer: Any) -> list[str]:
        return [] if answer == 401 else ["Not this one.", f"Not {answer!r} either."]

    return Exercise("first", "Which status?", judge, ["Look."], "x = 401", **options)


# The file


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_set_aside_and_said_and_progress_starts_anew(
    here: Path, content: bytes
) -> None:
    here.write_bytes(content)

    outcome = exercise().check(401)

    assert outcome.passed
    assert "progress.json can't be read" in outcome.note
    assert "progress-damaged-1.json" in repr(outcome)
    assert here.with_name("progress-damaged-1.json").read_bytes() == content
    assert written(here) == {"first": "passed"}
    assert exercise().check(401).note == ""


def test_a_second_damaged_file_takes_nothing_from_the_first(here: Path) -> None:
    for content in ("one", "two"):
        here.write_text(content)
        assert "set aside" in read_progress().note

    assert here.with_name("progress-damaged-1.json").read_text() == "one"
    assert here.with_name("progress-damaged-2.json").read_text() == "two"


def test_a_folder_in_its_place_is_said_and_nothing_raises(here: Path) -> None:
    here.mkdir()

    assert "can't be read" in read_progress().note
    assert "Progress was not saved" in remember("first", "passed")


def test_only_the_file_itself_lies_beside_the_notebooks(here: Path) -> None:
    remember("first", "passed")

    assert [path.name for path in here.parent.iterdir()] == ["progress.json"]


def test_notebooks_that_write_at_once_lose_nothing(here: Path) -> None:
    program = (
        "import sys\n"
        "from grantlab.progress import remember\n"
        "sys.stdin.readline()\n"
        "notes = [remember(f'{sys.argv[1]}-{n}', 'passed') for n in range(40)]\n"
        "assert not any(notes), notes\n"
    )
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(number)], stdin=subprocess.PIPE, text=True
        )
        for number in range(3)
    ]

    for kernel in kernels:
        kernel.communicate("go\n")

    assert [kernel.returncode for kernel in kernels] == [0, 0, 0]
    assert len(written(here)) == 120


# Carrying it


@pytest.mark.parametrize(
    ("one", "other", "better"),
    [
        ("passed", "not yet", "passed"),
        ("not yet", "passed", "passed"),
        ("not attempted", "not yet", "not yet"),
        ("passed", "not attempted", "passed"),
    ],
)
def test_of_two_outcomes_the_better_one_is_kept(one: Status, other: Status, better: str) -> None:
    merged = Progress({"a": one, "b": "passed"}).merged(Progress({"a": other, "c": "not yet"}))

    assert merged.outcomes == {"a": better, "b": "passed", "c": "not yet"}


def test_progress_is_carried_to_another_machine_and_back(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    remember("first", "passed")
    carried = progress.save(stick)

    there = tmp_path / "there.json"
    monkeypatch.setenv("GRANTLAB_PROGRESS", str(there))
    remember("first", "not yet")
    remember("second", "passed")
    loaded = progress.load(stick)

    assert carried == stick / "progress.json"
    assert dict(loaded.outcomes) == written(there) == {"first": "passed", "second": "passed"}
    assert written(progress.save(carried)) == written(there)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_carried_file_that_is_damaged_is_named_and_left_alone(
    here: Path, tmp_path: Path, content: bytes
) -> None:
    remember("first", "passed")
    other = tmp_path / "other.json"
    other.write_bytes(content)

    for act in (progress.load, progress.save):
        with pytest.raises(ProgressError, match=r"other\.json"):
            act(other)

    assert other.read_bytes() == content
    assert written(here) == {"first": "passed"}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgressError, match=r"none\.json"):
        progress.load(tmp_path / "none.json")
    with pytest.raises(ProgressError, match="can't be written"):
        progress.save(tmp_path / "no" / "folder.json")


def test_a_notebook_shows_one_line_of_it_and_no_traceback() -> None:
    assert ProgressError("x is broken.")._render_traceback_() == ["ProgressError: x is broken."]


# The overview


def test_the_overview_has_every_lesson_with_its_minutes_and_exercises() -> None:
    remember("first-answer", "passed")
    remember("find-the-challenge", "not yet")

    shown = overview()

    first = shown.lessons[0]
    assert (first.number, first.title, first.minutes) == ("00", "Start here", 10)
    assert dict(first.exercises) == {"first-answer": "passed", "find-the-challenge": "not yet"}
    assert all(lesson.minutes and lesson.title for lesson in shown.lessons)
    assert shown.passed == 1
    assert shown.next is first


def test_no_two_lessons_have_an_exercise_of_one_name() -> None:
    names = [name for lesson in overview().lessons for name in lesson.exercises]

    assert len(names) == len(set(names))


TASTE = Way("first-taste", "First taste", ("00",))


def sample(*statuses: Status, note: str = "") -> Overview:
    lessons = (
        LessonProgress("00", "Start here", "00_start_here.ipynb", 10, {"a": statuses[0]}),
        LessonProgress(
            "02", "The code flow", "02_code_flow.ipynb", 35, {"b": statuses[1], "c": statuses[2]}
        ),
    )
    return Overview(lessons, note)


def test_each_exercise_stands_there_by_sign_and_word() -> None:
    page = overview_view(sample("passed", "not yet", "not attempted"))

    rows = [
        "".join(row.itertext())
        for row in ElementTree.fromstring(f"<all>{page}</all>").findall(".//li")
    ]
    assert rows == ["passeda", "not yetb", "not attemptedc"]
    assert page.count("</svg>passed</span>") == page.count("</svg>not yet</span>") == 1
    assert page.count("</svg>1 of 1 passed</summary>") == 1
    assert page.count("<summary>0 of 2 passed</summary>") == 1


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (("not attempted",) * 3, "Begin with 00 · Start here."),
        (("passed", "not attempted", "not attempted"), "Go on with 02 · The code flow."),
        (("passed", "passed", "not yet"), "02 · The code flow, exercise c."),
        (("passed",) * 3, "Every exercise of this way has passed."),
    ],
)
def test_it_says_where_to_go_on(statuses: tuple[Status, ...], said: str) -> None:
    assert said in words(overview_view(sample(*statuses)))


def test_it_reads_the_file_again_when_asked() -> None:
    panel = view(overview())
    remember("first-answer", "passed")

    assert "Everything: 0 of" in words(panel.html)
    assert "Everything: 1 of" in words(do(panel, "again"))


def test_a_damaged_file_is_said_in_the_overview(here: Path) -> None:
    here.write_text("{")

    panel = view(overview())

    assert "set aside" in words(panel.html)
    assert "set aside" in panel._repr_mimebundle_()[0]["text/plain"]


def test_the_text_has_everything() -> None:
    text = view(sample("passed", "not yet", "not attempted"))._repr_mimebundle_()[0]["text/plain"]

    assert "1 of 3 exercises passed" in text
    assert "02 The code flow (35 minutes, 02_code_flow.ipynb)" in text
    assert "✓ a: passed" in text
    assert "Go on with 02 The code flow" in text


def test_no_hostile_value_becomes_markup_in_the_overview() -> None:
    lesson = LessonProgress(HOSTILE, HOSTILE, HOSTILE, 1, {HOSTILE: "not yet"})
    way = Way(HOSTILE, HOSTILE, (HOSTILE,))

    page = overview_view(Overview((lesson,), HOSTILE, (way,), way, HOSTILE, HOSTILE), live=True)

    found = {each.tag for each in ElementTree.fromstring(f"<all>{page}</all>").iter()}
    assert found & {"script", "img"} == set()


# Ways through, and where to go on


def test_a_way_is_offered_when_all_its_lessons_are_there_and_everything_always() -> None:
    offered = [way.name for way in ways_through(["00", "02", "03", "16", "17"])]

    assert offered == ["first-taste", "everything"]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_way_brings_each_lesson_that_another_one_on_it_needs(way: Way) -> None:
    needs: dict[str, set[str]] = {}
    for path in lessons_in(bundled()):
        first = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"])
        said = re.search(r"You need lessons? ([\d, and]+)|Before it: ([^.]+)", first)
        needs[path.name[:2]] = {*re.findall(r"\b\d\d\b", said[0])} if said else set()
    lacking = {
        number: {need for need in wanted - {"00"} if not way.has(need)}
        for number, wanted in needs.items()
        if way.has(number)
    }

    assert {number: gone for number, gone in lacking.items() if gone} == {}


def test_a_way_says_how_long_it_takes_and_how_much_of_it_is_done() -> None:
    shown = replace(sample("passed", "not yet", "passed"), ways=(TASTE, EVERYTHING), way=TASTE)

    page = overview_view(shown, live=True)

    assert "First taste: 1 of 1 exercises passed" in words(page)
    ways = ElementTree.fromstring(f"<all>{page}</all>").findall(".//tbody")[0]
    assert [" ".join(row.itertext()) for row in ways] == [
        "First taste your way 00 10 min 1 of 1",
        "Everything all lessons 45 min 2 of 3",
    ]
    assert hours(shown.lessons) == "45 min"
    assert hours((*shown.lessons, *shown.lessons)) == "1 h 30 min"


def test_a_chosen_way_is_remembered_and_what_lies_beside_it_is_still_there(here: Path) -> None:
    panel = view(overview())

    page = do(panel, "way", "first-taste")

    assert json.loads(here.read_text())["way"] == "first-taste"
    assert overview().way.name == "first-taste"
    assert "First taste: 0 of" in words(page)
    assert "Lessons beside this way" in words(page)
    assert [one.number for one in overview().along(overview().way)] == ["00", "02", "03"]


def test_an_unknown_way_is_named_and_nothing_is_written(here: Path) -> None:
    with pytest.raises(ValueError, match="'tour'.*first-taste"):
        choose_way("tour")

    assert not here.exists()


def test_a_way_that_cannot_be_kept_is_taken_all_the_same_and_that_is_said(here: Path) -> None:
    here.mkdir()

    shown = choose_way("first-taste")

    assert shown.way.name == "first-taste"
    assert "Progress was not saved" in shown.note


def test_a_way_of_the_file_that_is_no_more_is_everything(here: Path) -> None:
    here.write_text('{"format": 1, "exercises": {}, "way": "agents-of-old"}')

    assert overview().way == EVERYTHING


def test_it_goes_on_where_the_last_try_was_and_comes_back_to_what_was_left_out() -> None:
    shown = sample("not yet", "not yet", "not attempted")

    assert shown.next is shown.lessons[0]
    assert replace(shown, last="b").next is shown.lessons[1]
    done = sample("not yet", "passed", "passed")
    assert replace(done, last="c").next is done.lessons[0]


def test_the_last_try_is_remembered_and_a_look_at_an_untouched_cell_is_none(here: Path) -> None:
    exercise().check(401)
    Exercise("second", "?", lambda _: [], [], "").check(...)

    assert json.loads(here.read_text())["last"] == "first"


def test_the_way_and_the_last_try_are_carried_along(here: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"format": 1, "exercises": {"a": "passed"}, "way": "agents", "last": "a"}')
    remember("first", "passed")
    progress.remember_way("first-taste")

    progress.save(other)
    carried = json.loads(other.read_text())

    assert (carried["way"], carried["last"]) == ("first-taste", "first")
    assert set(carried["exercises"]) == {"a", "first"}


def links(page: str) -> dict[str, dict[str, str]]:
    found = ElementTree.fromstring(f"<all>{page}</all>").iter("a")
    return {each.get("href", ""): dict(each.attrib) for each in found}


def test_a_lesson_is_a_link_that_jupyterlab_opens_beside_this_notebook() -> None:
    shown = replace(sample("passed", "not yet", "passed"), folder="course/mine")

    link = links(overview_view(shown))["./02_code_flow.ipynb"]

    assert link["data-commandlinker-command"] == "docmanager:open"
    opened = json.loads(link["data-commandlinker-args"])
    assert opened == {"path": "course/mine/02_code_flow.ipynb"}
    at_the_root = links(overview_view(replace(shown, folder="")))["./02_code_flow.ipynb"]
    assert json.loads(at_the_root["data-commandlinker-args"]) == {"path": "02_code_flow.ipynb"}


def test_without_jupyterlab_around_the_link_is_a_plain_one_and_a_missing_file_has_none() -> None:
    shown = sample("passed", "not yet", "passed")
    elsewhere = replace(shown, lessons=(shown.lessons[0], replace(shown.lessons[1], here=False)))

    assert links(overview_view(shown))["./02_code_flow.ipynb"] == {"href": "./02_code_flow.ipynb"}
    assert list(links(overview_view(elsewhere))) == ["./00_start_here.ipynb"]
    assert "open 02_code_flow.ipynb" in words(overview_view(elsewhere))


@pytest.mark.parametrize(
    ("root", "folder"), [("{}", "notebooks"), ("{}/notebooks", ""), ("{}/other", None)]
)
def test_the_folder_is_named_as_the_jupyter_server_around_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str, folder: str | None
) -> None:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JPY_PARENT_PID", "4711")
    told = json.dumps({"root_dir": root.format(tmp_path)})
    (tmp_path / "jpserver-4711.json").write_text(told)

    assert folder_in_jupyter() == folder


def test_where_no_jupyter_server_is_around_nothing_is_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("JPY_PARENT_PID", "4711")

    assert folder_in_jupyter() is None
    monkeypatch.delenv("JPY_PARENT_PID")
    assert folder_in_jupyter() is None


def own_lesson(folder: Path, module: str) -> None:
    cell = {"cell_type": "markdown", "source": ["# 30 · Ours\n", "\n", "**7 minutes.**"]}
    (folder / "30_ours.ipynb").write_text(json.dumps({"cells": [cell]}))
    (folder / "lesson_30.py").write_text(module)


def test_a_lesson_in_the_working_folder_stands_beside_the_kits_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_lesson(
        tmp_path,
        "from grantlab.exercises import Exercise\n"
        "ours = Exercise('ours', '?', lambda _: [], [], 'x')\n",
    )
    monkeypatch.chdir(tmp_path)
    remember("ours", "not yet")

    shown = overview()

    last = shown.lessons[-1]
    assert (last.number, last.title, last.minutes, last.here) == ("30", "Ours", 7, True)
    assert dict(last.exercises) == {"ours": "not yet"}
    assert shown.next is last
    assert not shown.lessons[0].here


def test_a_lesson_that_is_still_being_written_costs_nobody_the_overview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_lesson(tmp_path, "1 / 0\n")
    (tmp_path / "31_empty.ipynb").write_text("{")
    monkeypatch.chdir(tmp_path)

    shown = overview()

    assert [one.title for one in shown.lessons[-2:]] == ["Ours", "31_empty"]
    assert "30_ours.ipynb can't be read: division by zero" in shown.note


# The exercise as a widget


def test_a_value_is_typed_into_the_view_and_every_failing_point_is_said(here: Path) -> None:
    panel = exercise_panel(exercise(typed=True))

    wrong = words(do(panel, "answer", {"answer": "403"}))
    right = words(do(panel, "answer", {"answer": "401"}))

    assert "Not this one." in wrong
    assert "Not 403 either." in wrong
    assert "passed" in right
    assert written(here) == {"first": "passed"}


def test_what_was_typed_stays_and_is_no_markup() -> None:
    panel = exercise_panel(exercise(typed=True))

    page = do(panel, "answer", {"answer": HOSTILE})

    found = list(ElementTree.fromstring(f"<all>{page}</all>").iter())
    assert {each.tag for each in found} & {"script", "img"} == set()
    assert any("<script>" in each.get("value", "") for each in found)


def test_nothing_typed_is_not_attempted(here: Path) -> None:
    assert "not attempted" in do(exercise_panel(exercise(typed=True)), "answer", {"answer": " "})
    assert not here.exists()


def test_the_button_judges_what_the_notebook_holds_by_then() -> None:
    held: list[int] = []
    panel = exercise_panel(exercise(), evidence=lambda: held[-1] if held else None)

    before = do(panel, "check")
    held.append(401)

    assert "not attempted" in before
    assert "passed" in do(panel, "check")


def test_an_exercise_about_a_cell_says_where_the_answer_goes() -> None:
    panel = exercise_panel(exercise())

    assert "the cell below" in words(panel.html)
    assert "<form" not in panel.html
    assert "not attempted" in do(panel, "answer", {"answer": "401"})


def test_the_page_without_javascript_has_no_field_that_does_nothing() -> None:
    page = exercise_panel(exercise(typed=True))._repr_mimebundle_()[0]["text/html"]

    assert "<input" not in page
    assert "<button" not in page
    assert "The solution" in page


def test_the_view_remembers_what_passed_before() -> None:
    remember("first", "passed")

    assert "passed" in words(exercise_panel(exercise()).html)


def test_the_question_says_how_it_stands_after_each_answer_in_a_cell() -> None:
    asked = exercise()
    panel = exercise_panel(asked)

    asked.check(403)
    after_a_wrong_one = words(panel.html)
    asked.check(401)
    after_the_right_one = words(panel.html)
    asked.check(...)

    assert "not yet" in after_a_wrong_one
    assert "Not this one." not in after_a_wrong_one
    assert "passed" in after_the_right_one
    assert "passed" in words(panel.html)


def test_a_question_shown_again_is_the_one_that_follows() -> None:
    asked = exercise()
    first, second = exercise_panel(asked), exercise_panel(asked)

    asked.check(401)

    assert "not attempted" in words(first.html)
    assert "passed" in words(second.html)


def test_a_progress_file_that_cannot_be_read_changes_no_question(here: Path) -> None:
    asked = exercise()
    panel = exercise_panel(asked)
    asked.check(403)
    here.unlink()
    here.mkdir()

    asked.check(401)

    assert "not yet" in words(panel.html)
