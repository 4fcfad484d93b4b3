"""What is said of lessons and exercises that aren't sound yet, and how it is said."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.judging import judge_exercise, judge_lesson, judge_names
from grantlab.lesson_files import bundled, lessons_in
from grantlab.notebook_rules import fix, written
from grantlab.skeletons import new_lesson


def judge_status(answer: Any) -> Iterator[str]:
    if answer == 403:
        yield "403 would mean that it knows you."
    elif answer != 401:
        yield f"It isn't {answer}."


def exercise(**changes: Any) -> Exercise:
    sound: dict[str, Any] = {
        "name": "first-status",
        "question": "Which status?",
        "check": judge_status,
        "hints": ["Look.", "Not that.", "Almost."],
        "solution": "answer = 401",
        "wrong_answers": [
            WrongAnswer(403, "403 would mean that it knows you."),
            WrongAnswer(404, "It isn't 404."),
            WrongAnswer(200, "It isn't 200."),
        ],
        "short_cuts": [ShortCut("401", "a text")],
    }
    return Exercise(**sound | changes)


def whats(one: Exercise) -> str:
    return "\n".join(what for what, _ in judge_exercise(one))


def breaks(answer: Any) -> Iterator[str]:
    raise RuntimeError("the check looked elsewhere")


def test_a_sound_exercise_has_no_finding() -> None:
    assert list(judge_exercise(exercise())) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "First status"}, "a name that isn't words-with-hyphens"),
        ({"question": " "}, "no question"),
        ({"hints": ["Look.", "Almost."]}, "2 different hints, not 3"),
        ({"hints": ["Look.", "Look.", "Almost."]}, "2 different hints, not 3"),
        ({"solution": ""}, "no solution"),
        ({"solution": "answer ="}, "its solution isn't Python"),
        ({"wrong_answers": [WrongAnswer(404, "It isn't 404.")]}, "1 wrong answers, fewer than 3"),
        ({"short_cuts": []}, "no short cut"),
        ({"short_cuts": [ShortCut(401, "the answer itself")]}, "(the answer itself): passed"),
        ({"short_cuts": [ShortCut(None, "nothing")]}, "(nothing): not attempted"),
        ({"check": breaks}, "the check breaks: RuntimeError, the check looked elsewhere"),
        ({"check": lambda answer: []}, "wrong answer 1 (403): passed"),
        (
            {"check": lambda answer: ["Wrong."]},
            "wrong answer 2 (404) gets another reason than its own: “Wrong.”",
        ),
    ],
)
def test_each_fault_of_an_exercise_is_named(changes: dict[str, Any], said: str) -> None:
    assert said in whats(exercise(**changes))


def test_two_mistakes_with_one_reason_are_named_with_it() -> None:
    wrong = [WrongAnswer(number, "No.") for number in (1, 2, 3)]

    found = whats(exercise(wrong_answers=wrong, check=lambda answer: ["No."]))

    assert found == "two wrong answers with one reason: “No.”"


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A lesson as `grantlab new lesson` makes it."""
    return new_lesson("Ours", tmp_path).lesson


def change(lesson: Path, cell: str, before: str, after: str) -> None:
    notebook = json.loads(lesson.read_text())
    found = next(each for each in notebook["cells"] if each["id"] == cell)
    source = "".join(found["source"])
    assert before in source
    found["source"] = source.replace(before, after).splitlines(keepends=True)
    lesson.write_text(written(notebook))


def said_of(lesson: Path) -> list[str]:
    return [f"{finding.where}: {finding.what}" for finding in judge_lesson(lesson)]


def test_a_new_lesson_is_sound(lesson: Path) -> None:
    assert said_of(lesson) == []


@pytest.mark.parametrize(
    ("cell", "before", "after", "said"),
    [
        ("title", "# 30", "# 31", "cell 1 (title): no title with the file's number"),
        ("title", "10 minutes", "A moment", "cell 1 (title): no minutes"),
        ("title", "When you are through", "So", "it doesn't say what people can do afterwards"),
        ("title", "You need", "Like", "it doesn't say what people need before"),
        ("setup", "lab = Lab.start()", "", "the first cell of code: it doesn't start the lab"),
        ("who-talks-to-whom", "mermaid", "text", "no picture of who talks to whom"),
        ("who-talks-to-whom", "accDescr:", "note:", "a picture without words"),
        ("my-guess", "= predict(", "= dict(", "nothing to predict"),
        ("change-the-token", "guess.answer(", "print(", "nothing to predict"),
        ("break-it", "## Break it", "Then:", "no section `## Break it`"),
        ("remember", "## Remember", "Then:", "no section `## Remember`"),
        ("remember", "**Written where**", "See", "it doesn't say where its facts are written"),
        ("for-trainers", "<summary>For trainers", "<summary>More", "no trainer's notes"),
        ("for-trainers", "stumbling stone", "trouble", "notes without “stumbling stone”"),
        ("attack", "api.checks", "try:\n    api.checks", "(attack): a `try`"),
        ("do-it", "First", "First [this](31_next.ipynb):", "a link to 31_next.ipynb, which isn't"),
        ("try-ours-status", ".check(answer)", "", "it doesn't check ours-status"),
    ],
)
def test_each_part_of_the_frame_is_missed(
    lesson: Path, cell: str, before: str, after: str, said: str
) -> None:
    change(lesson, cell, before, after)

    (found,) = said_of(lesson)

    assert said in found


def test_a_name_without_a_number_is_told(lesson: Path) -> None:
    renamed = lesson.rename(lesson.with_name("ours.ipynb"))

    assert ": a name without a number" in said_of(renamed)


def test_a_tag_and_an_exercise_that_do_not_meet_are_both_named(lesson: Path) -> None:
    notebook = json.loads(lesson.read_text())
    tagged = next(each for each in notebook["cells"] if each["metadata"].get("tags"))
    tagged["metadata"]["tags"] = ["our-status"]
    lesson.write_text(written(notebook))

    assert said_of(lesson) == [
        "cell 18 (try-ours-status): the tag our-status, and no exercise is called that",
        "exercise ours-status: no cell has its name as a tag",
    ]


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("1 / 0", "its exercises: can't be read: ZeroDivisionError, division by zero"),
        ("def", "its exercises: can't be read: SyntaxError"),
        ("import no_such_module_here", "ModuleNotFoundError"),
    ],
)
def test_a_module_that_cannot_be_read_is_a_finding(lesson: Path, module: str, said: str) -> None:
    lesson.with_name("lesson_30.py").write_text(module)

    (found,) = said_of(lesson)

    assert said in found
    assert str(lesson.parent) not in sys.path


def test_two_exercises_of_one_name_in_a_module_are_named(lesson: Path) -> None:
    module = lesson.with_name("lesson_30.py")
    again = module.read_text().split("\nours_status = ")[1]
    module.write_text(f"{module.read_text()}\n\nagain = {again}")

    assert "are called 'ours-status'" in "\n".join(said_of(lesson))


def test_a_lesson_without_exercises_is_told_how_to_get_one(lesson: Path) -> None:
    lesson.with_name("lesson_30.py").unlink()

    findings = judge_lesson(lesson)

    assert findings[0].what == "no exercise"
    assert "grantlab new exercise NAME --lesson 30_ours.ipynb" in findings[0].cure


def test_a_name_of_the_kits_own_is_taken(lesson: Path) -> None:
    module = lesson.with_name("lesson_30.py")
    module.write_text(module.read_text().replace('"ours-status"', '"first-answer"'))

    (found,) = judge_names([lesson])

    assert (found.where, found.what) == ("exercise first-answer", "a name that is taken")


def test_a_copy_of_a_kit_lesson_has_the_kits_exercises_and_takes_no_names(tmp_path: Path) -> None:
    original = lessons_in(bundled())[0]
    copy = tmp_path / original.name
    copy.write_bytes(original.read_bytes())

    assert judge_lesson(copy) == []
    assert judge_names([copy]) == []


def test_what_a_program_can_clean_is_cleaned(lesson: Path) -> None:
    notebook = json.loads(lesson.read_text())
    notebook["cells"][2]["execution_count"] = 7
    lesson.write_text(json.dumps(notebook))

    before = said_of(lesson)
    fix(lesson)

    assert before == ["cell 3 (setup): an execution count"]
    assert said_of(lesson) == []
