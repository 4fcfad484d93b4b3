"""What the source texts say, and where it is shown: the table is true."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from grantlab.exercises import exercises_for
from grantlab.lesson_files import lessons_in

ROOT = Path(__file__).parents[2]
LESSONS = {file.name[:2]: file for file in lessons_in(ROOT / "notebooks")}
TABLE: dict[str, Any] = YAML(typ="safe").load(ROOT / "notebooks" / "statements.yaml")
STATEMENTS: list[tuple[str, dict[str, Any]]] = [
    (f"{source}, {statement['lines']}", statement)
    for source, table in TABLE.items()
    for statement in table["statements"]
]
FIELDS = {"lines", "says", "how", "cells", "exercises", "later"}
HOWS = {"demonstrated", "exercise", "corrected", "named", "later", "nothing"}
LINES = re.compile(r"[0-9]+(–[0-9]+)?(, [0-9]+(–[0-9]+)?)*(, note)?")


def kinds_of_cells(number: str) -> dict[str, str]:
    cells = json.loads(LESSONS[number].read_text("utf-8"))["cells"]
    return {cell["id"]: cell["cell_type"] for cell in cells}


CELLS = {f"{number}/{cell}" for number in LESSONS for cell in kinds_of_cells(number)}
CODE = {
    f"{number}/{cell}"
    for number in LESSONS
    for cell, kind in kinds_of_cells(number).items()
    if kind == "code"
}
EXERCISES = {name for file in LESSONS.values() for name in exercises_for(file)}


def pointed(kind: str) -> list[tuple[str, str]]:
    return [(where, each) for where, said in STATEMENTS for each in said.get(kind, [])]


def those(wrong: Callable[[dict[str, Any]], object]) -> list[str]:
    return [where for where, statement in STATEMENTS if wrong(statement)]


def test_each_statement_names_its_lines_and_says_something_and_how() -> None:
    assert those(lambda said: set(said) - FIELDS) == []
    assert those(lambda said: not LINES.fullmatch(said["lines"])) == []
    assert those(lambda said: not said["says"]) == []
    assert those(lambda said: not said["how"] or set(said["how"]) - HOWS) == []


def test_every_cell_and_exercise_that_is_pointed_to_exists() -> None:
    assert [(where, cell) for where, cell in pointed("cells") if cell not in CELLS] == []
    assert [(where, name) for where, name in pointed("exercises") if name not in EXERCISES] == []


def test_what_is_called_demonstrated_points_to_code_that_runs() -> None:
    assert those(lambda said: "demonstrated" in said["how"] and not shows(said) & CODE) == []


def test_what_is_corrected_or_named_points_to_the_cell_that_says_it() -> None:
    spoken = {"corrected", "named"}

    assert those(lambda said: spoken & set(said["how"]) and not shows(said)) == []
    assert those(lambda said: "nothing" in said["how"] and shows(said)) == []


def test_what_is_called_an_exercise_points_to_one_and_nothing_else_does() -> None:
    assert those(lambda said: ("exercise" in said["how"]) != bool(said.get("exercises"))) == []


def test_what_comes_later_names_a_lesson_that_is_not_written_yet() -> None:
    assert those(lambda said: ("later" in said["how"]) != bool(said.get("later"))) == []
    assert [(where, number) for where, number in pointed("later") if number in LESSONS] == []


def test_no_lines_of_a_source_stand_in_the_table_twice() -> None:
    counted = Counter(where for where, _ in STATEMENTS)

    assert [where for where, count in counted.items() if count > 1] == []


def test_every_lesson_shows_something_of_a_source() -> None:
    assert sorted(LESSONS) == sorted({cell[:2] for _, cell in pointed("cells")})


def shows(statement: dict[str, Any]) -> set[str]:
    return set(statement.get("cells", []))
