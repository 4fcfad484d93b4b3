"""Every lesson with its solutions put in. (As given, each cell is run by nbval, in notebooks/.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from grantlab.judging import judge_lesson
from grantlab.lesson_files import bundled, lessons_in
from grantlab.running import run_lesson

LESSONS = lessons_in(bundled())

a_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)


@a_lesson
def test_its_frame_and_its_exercises_are_sound(lesson: Path) -> None:
    assert [str(finding) for finding in judge_lesson(lesson)] == []


@a_lesson
def test_as_given_nothing_is_attempted_and_every_solution_passes(
    lesson: Path, server: dict[str, str]
) -> None:
    assert [str(finding) for finding in run_lesson(lesson, server)] == []
