"""Every lesson with its solutions put in. (As given, each cell is run by nbval, in notebooks/.)"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from grantlab.exercises import Exercise, exercises_of
from grantlab.lesson_files import HERE, bundled, lessons_in

LESSONS = lessons_in(bundled())
SECONDS_A_CELL = 60

a_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)


def exercises_in(lesson: Path) -> dict[str, Exercise]:
    number = lesson.name[:2]
    exists = (HERE / "lessons" / f"lesson_{number}.py").exists()
    return exercises_of(number) if exists else {}


def cells_by_exercise(notebook: Any, names: Any) -> dict[str, Any]:
    return {
        tag: cell
        for cell in notebook.cells
        for tag in cell.metadata.get("tags", [])
        if tag in names
    }


def text_of(cell: Any) -> str:
    return "\n".join(
        output.get("text") or output["data"].get("text/plain", "")
        for output in cell.outputs
        if output.output_type in {"stream", "execute_result", "display_data"}
    )


@a_lesson
def test_each_exercise_has_one_cell_with_its_name_as_a_tag(lesson):
    notebook = nbformat.read(lesson, as_version=4)

    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]

    assert sorted(tags) == sorted(exercises_in(lesson))


@a_lesson
def test_as_given_nothing_is_attempted_and_every_solution_passes(lesson, lab_url, tmp_path):
    exercises = exercises_in(lesson)
    notebook = nbformat.read(lesson, as_version=4)
    given = cells_by_exercise(notebook, exercises)
    for name, exercise in exercises.items():
        solved = copy.deepcopy(given[name])
        solved.id, solved.source = f"{name}-solved", exercise.solution
        notebook.cells.insert(notebook.cells.index(given[name]) + 1, solved)
    progress = tmp_path / "progress.json"

    nbclient.NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute(env=os.environ | {"GRANTLAB_URL": lab_url, "GRANTLAB_PROGRESS": str(progress)})

    for name, cell in given.items():
        assert "not attempted" in text_of(cell), name
    outcomes = json.loads(progress.read_text())["exercises"] if exercises else {}
    assert outcomes == dict.fromkeys(exercises, "passed")
