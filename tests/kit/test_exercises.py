"""Exercises: three outcomes, hints one by one, and progress that is never lost."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from grantlab.exercises import (
    Exercise,
    ShortCut,
    WrongAnswer,
    exercises_of,
    value_of,
)
from grantlab.progress import read_progress
from grantlab.recording import Recording


def judge_status(status: Any) -> Iterator[str]:
    """The check of a small exercise: 401, as a number."""
    if not isinstance(status, int):
        yield "A status code is a whole number."
    if status == 403:
        yield "403 would mean the API knows who you are."
    elif status != 401:
        yield f"The API didn't send {status}."


def first_answer() -> Exercise:
    return Exercise(
        "first-answer",
        "Which status code did the API <send>?",
        judge_status,
        ["Look at the arrow.", "It is not 403.", "It is 400 and 1."],
        "answer = 401\n",
        wrong_answers=[WrongAnswer(403, "403 would mean the API knows who you are.")],
        short_cuts=[ShortCut("401", "text, not the code")],
    )


@pytest.fixture(autouse=True)
def progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "progress.json"
    monkeypatch.setenv("GRANTLAB_PROGRESS", str(path))
    return path


def written(path: Path) -> dict[str, str]:
    exercises: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["exercises"]
    return exercises


@pytest.mark.parametrize("evidence", [None, ..., {"a": None, "b": ...}, [None, [None]], (...,)])
def test_an_untouched_answer_is_not_attempted_and_leaves_no_trace(
    evidence: Any, progress: Path
) -> None:
    outcome = first_answer().check(evidence)

    assert (outcome.status, outcome.reasons) == ("not attempted", ())
    assert not progress.exists()


@pytest.mark.parametrize("evidence", [0, "", [], {}, False])
def test_an_empty_answer_is_an_attempt(evidence: Any) -> None:
    assert first_answer().judge(evidence).status == "not yet"


def test_the_right_answer_passes_and_is_remembered(progress: Path) -> None:
    outcome = first_answer().check(401)

    assert outcome.passed
    assert written(progress) == {"first-answer": "passed"}
    assert read_progress().passed == ("first-answer",)


def test_all_that_is_wrong_is_said_at_once() -> None:
    outcome = first_answer().judge("403")

    assert outcome.status == "not yet"
    assert len(outcome.reasons) == 2


def test_every_known_wrong_answer_gets_its_own_hint_and_no_short_cut_passes() -> None:
    exercise = first_answer()

    for wrong in exercise.wrong_answers:
        assert wrong.hint in exercise.judge(wrong.evidence).reasons
    for short_cut in exercise.short_cuts:
        assert not exercise.judge(short_cut.evidence).passed


def test_a_solution_is_source_that_makes_the_answer() -> None:
    exercise = first_answer()
    cell: dict[str, Any] = {}

    exec(exercise.solution, cell)

    assert exercise.judge(cell["answer"]).passed


def test_evidence_of_another_shape_is_not_yet_instead_of_an_exception() -> None:
    exercise = Exercise("shape", "?", lambda answer: [answer["scope"]], [], "")

    outcome = exercise.judge(7)

    assert outcome.status == "not yet"
    assert "int" in outcome.reasons[0]


def test_a_recording_in_which_nothing_was_tried_is_not_attempted() -> None:
    exercise = Exercise(
        "try-it", "?", lambda recording: [], [], "", attempted=lambda recording: len(recording) > 0
    )
    recording = Recording()

    before = exercise.judge(recording).status
    recording.caught("app:/callback")

    assert (before, exercise.judge(recording).status) == ("not attempted", "passed")


def test_hints_come_one_by_one_and_the_last_one_stays() -> None:
    exercise = first_answer()

    heads = [exercise.hint().head for _ in range(4)]

    assert heads == [f"first-answer: hint {n} of 3" for n in (1, 2, 3, 3)]
    assert "show_solution" in repr(exercise.hint())
    assert Exercise("bare", "?", judge_status, [], "").hint().head == "bare: no hints"


def test_html_is_escaped_and_a_status_is_announced() -> None:
    exercise = Exercise("<b>", "<i>?", lambda _: ["<script>alert(1)</script>"], ["<u>"], "a < b")

    shown: list[Any] = [exercise, exercise.judge(1), exercise.hint(), exercise.show_solution()]
    text = "".join(item._repr_html_() for item in shown)

    assert not any(tag in text for tag in ("<script", "<b>", "<i>", "<u>"))
    assert 'role="status"' in exercise.judge(1)._repr_html_()
    assert "<pre><code>a &lt; b" in text


def test_plain_text_says_the_same() -> None:
    outcome = first_answer().judge(403)

    assert repr(outcome) == (
        "◐ first-answer: not yet\n  - 403 would mean the API knows who you are."
    )
    assert "Which status code" in repr(first_answer())


def test_a_passed_exercise_stays_passed(progress: Path) -> None:
    first_answer().check(401)
    first_answer().check(403)

    assert written(progress) == {"first-answer": "passed"}


def test_progress_of_other_exercises_is_kept(progress: Path) -> None:
    progress.write_text('{"format": 1, "exercises": {"challenge": "passed"}}')

    first_answer().check(403)

    assert written(progress) == {"challenge": "passed", "first-answer": "not yet"}
    assert [path.name for path in progress.parent.iterdir()] == ["progress.json"]


def test_a_folder_that_cannot_be_written_is_said_and_nothing_raises(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRANTLAB_PROGRESS", str(tmp_path / "nowhere" / "progress.json"))

    assert "Progress was not saved" in first_answer().check(401).note


def test_without_a_setting_progress_lies_beside_the_notebook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GRANTLAB_PROGRESS")
    monkeypatch.chdir(tmp_path)

    first_answer().check(401)

    assert (tmp_path / "progress.json").exists()


def test_the_exercises_of_a_lesson_are_found_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = ModuleType("grantlab.lessons.lesson_98")
    other = Exercise("another", "?", judge_status, [], "")
    vars(lesson).update(one=first_answer(), number=7, two=other, alias=other)
    monkeypatch.setitem(sys.modules, "grantlab.lessons", ModuleType("grantlab.lessons"))
    monkeypatch.setitem(sys.modules, lesson.__name__, lesson)

    assert list(exercises_of("98")) == ["first-answer", "another"]
    assert exercises_of(lesson)["another"] is other


def test_two_exercises_of_one_name_are_refused() -> None:
    lesson = ModuleType("lesson_99")
    vars(lesson).update(one=first_answer(), two=first_answer())

    with pytest.raises(ValueError, match="first-answer"):
        exercises_of(lesson)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("401", 401),
        (" WWW-Authenticate ", "WWW-Authenticate"),
        ("'401'", "401"),
        ("[1, 2]", [1, 2]),
        ("__import__('os')", "__import__('os')"),
        ("(" * 20_000, "(" * 20_000),
        ("(" * 900, "(" * 900),
        ("\0", "\0"),
    ],
)
def test_what_is_typed_is_a_value_and_never_run(text: str, value: Any) -> None:
    assert value_of(text) == value


def test_nothing_typed_is_not_attempted() -> None:
    assert first_answer().judge(value_of("  ")).status == "not attempted"
