"""All lessons with their exercises, as the learner has come through them."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grantlab.exercises import MARKS, exercises_of
from grantlab.lesson_files import bundled, lessons_in
from grantlab.progress import Progress, Status, read_progress


@dataclass(frozen=True)
class LessonProgress:
    """A lesson: its number, title, file and minutes, and how each of its exercises stands."""

    number: str
    title: str
    file: str
    minutes: int
    exercises: Mapping[str, Status]

    @property
    def done(self) -> bool:
        """Every exercise has passed."""
        return all(status == "passed" for status in self.exercises.values())


@dataclass(frozen=True)
class Overview:
    """All lessons in their order; `note` is what to hear about the progress file."""

    lessons: tuple[LessonProgress, ...]
    note: str = ""

    @property
    def next(self) -> LessonProgress | None:
        """Where to go on: the first lesson that isn't done; None when all are."""
        return next((lesson for lesson in self.lessons if not lesson.done), None)

    @property
    def passed(self) -> int:
        """How many exercises have passed."""
        return sum(
            status == "passed" for lesson in self.lessons for status in lesson.exercises.values()
        )

    @property
    def all(self) -> int:
        """How many exercises there are."""
        return sum(len(lesson.exercises) for lesson in self.lessons)

    def __repr__(self) -> str:
        lines = [f"{self.passed} of {self.all} exercises passed"]
        for one in self.lessons:
            lines.append(f"{one.number} {one.title} ({one.minutes} minutes, {one.file})")
            lines += [
                f"  {MARKS[status]} {name}: {status}" for name, status in one.exercises.items()
            ]
        if self.next is not None:
            lines.append(f"Go on with {self.next.number} {self.next.title}: {self.next.file}")
        return "\n".join([*lines, self.note] if self.note else lines)


def overview() -> Overview:
    """How far the learner has come in all lessons, by the progress file."""
    progress = read_progress()
    lessons = tuple(_lesson(path, progress) for path in lessons_in(bundled()))
    return Overview(lessons, progress.note)


def _lesson(path: Path, progress: Progress) -> LessonProgress:
    heading, about = _first_words(path)
    number, _, title = heading.partition(" · ")
    minutes = re.search(r"\b(\d+) minutes\b", about)
    return LessonProgress(
        number,
        title,
        path.name,
        int(minutes[1]) if minutes else 0,
        {
            name: progress.outcomes.get(name, "not attempted")
            for name in (exercises_of(number) if _has_exercises(number) else {})
        },
    )


def _first_words(path: Path) -> tuple[str, str]:
    """The heading of a lesson, and what its first cell says."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    about = "".join(cells[0]["source"]) if cells else ""
    return about.partition("\n")[0].removeprefix("# "), about


def _has_exercises(number: str) -> bool:
    return importlib.util.find_spec(f"grantlab.lessons.lesson_{number}") is not None
