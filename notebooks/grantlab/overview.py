"""All lessons with their exercises, as the learner has come through them, and where to go on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from grantlab.exercises import MARKS, exercises_for
from grantlab.lesson_files import bundled, lessons_in
from grantlab.opening import folder_in_jupyter
from grantlab.paths import EVERYTHING, Way, ways_through
from grantlab.progress import Progress, Status, read_progress, remember_way


@dataclass(frozen=True)
class LessonProgress:
    """A lesson: its number, title, file and minutes, and how each of its exercises stands.

    `here` says that its file lies in the working folder, where a link finds it.
    """

    number: str
    title: str
    file: str
    minutes: int
    exercises: Mapping[str, Status]
    here: bool = True

    @property
    def done(self) -> bool:
        """Every exercise has passed."""
        return all(status == "passed" for status in self.exercises.values())


@dataclass(frozen=True)
class Overview:
    """All lessons in their order; `note` is what to hear about the progress file.

    `ways` can be walked to their end, `way` is the chosen one; `last` is the exercise that was
    tried last. `folder` is that of the lessons in JupyterLab, if one is around.
    """

    lessons: tuple[LessonProgress, ...]
    note: str = ""
    ways: tuple[Way, ...] = ()
    way: Way = EVERYTHING
    last: str = ""
    folder: str | None = field(default=None, compare=False)

    def along(self, way: Way) -> tuple[LessonProgress, ...]:
        """The lessons of a way, in their order."""
        return tuple(lesson for lesson in self.lessons if way.has(lesson.number))

    @property
    def next(self) -> LessonProgress | None:
        """Where to go on along the chosen way; None when everything on it is done.

        That is the lesson of the last try, or the first one after it that isn't done; then those
        that were left out before it.
        """
        along = self.along(self.way)
        tried = [at for at, lesson in enumerate(along) if self.last in lesson.exercises]
        at = tried[0] if tried else 0
        return next((lesson for lesson in along[at:] + along[:at] if not lesson.done), None)

    @property
    def passed(self) -> int:
        """How many exercises on the chosen way have passed."""
        return passed_in(self.along(self.way))

    @property
    def all(self) -> int:
        """How many exercises there are on the chosen way."""
        return sum(len(lesson.exercises) for lesson in self.along(self.way))

    def __repr__(self) -> str:
        lines = [f"{self.way.title}: {self.passed} of {self.all} exercises passed"]
        for one in self.along(self.way):
            lines.append(f"{one.number} {one.title} ({one.minutes} minutes, {one.file})")
            lines += [
                f"  {MARKS[status]} {name}: {status}" for name, status in one.exercises.items()
            ]
        if self.next is not None:
            lines.append(f"Go on with {self.next.number} {self.next.title}: {self.next.file}")
        for way in self.ways:
            lines.append(f'choose_way("{way.name}"): {way.title}, {hours(self.along(way))}')
        return "\n".join([*lines, self.note] if self.note else lines)


def overview() -> Overview:
    """How far the learner has come, by the progress file.

    To the kit's lessons come those that somebody else put into the working folder.
    """
    progress = read_progress()
    bundle = lessons_in(bundled())
    known = {path.name for path in bundle}
    own = [path for path in lessons_in(Path.cwd()) if path.name not in known]
    trouble: list[str] = [progress.note] if progress.note else []
    lessons = tuple(_lesson(path, progress, trouble) for path in (*bundle, *own))
    ways = ways_through([lesson.number for lesson in lessons])
    way = next((way for way in ways if way.name == progress.way), EVERYTHING)
    return Overview(lessons, " ".join(trouble), ways, way, progress.last, folder_in_jupyter())


def choose_way(name: str) -> Overview:
    """The overview along the way of this name, which is remembered in the progress file.

    `ValueError` when no such way is offered.
    """
    shown = overview()
    for way in shown.ways:
        if way.name == name:
            notes = dict.fromkeys((shown.note, remember_way(name)))
            return replace(shown, way=way, note=" ".join(filter(None, notes)))
    offered = ", ".join(way.name for way in shown.ways)
    raise ValueError(f"There is no way {name!r}. There is: {offered}.")


def passed_in(lessons: tuple[LessonProgress, ...]) -> int:
    """How many exercises of these lessons have passed."""
    return sum(status == "passed" for lesson in lessons for status in lesson.exercises.values())


def hours(lessons: tuple[LessonProgress, ...]) -> str:
    """How long these lessons take together, as people say it: "3 h 10 min"."""
    hours, minutes = divmod(sum(lesson.minutes for lesson in lessons), 60)
    return " ".join(
        [*([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes or not hours else [])]
    )


def _lesson(path: Path, progress: Progress, trouble: list[str]) -> LessonProgress:
    heading, about = _first_words(path)
    number, _, title = heading.partition(" · ")
    minutes = re.search(r"\b(\d+) minutes\b", about)
    return LessonProgress(
        number,
        title or path.stem,
        path.name,
        int(minutes[1]) if minutes else 0,
        {name: progress.outcomes.get(name, "not attempted") for name in _names(path, trouble)},
        Path(path.name).is_file(),
    )


def _first_words(path: Path) -> tuple[str, str]:
    """The heading of a lesson, and what its first cell says."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        about = "".join(cells[0]["source"]) if cells else ""
    except (ValueError, KeyError, TypeError, OSError):
        about = ""
    heading = about.partition("\n")[0].removeprefix("# ")
    return (heading if " · " in heading else f"{path.name[:2]} · "), about


def _names(path: Path, trouble: list[str]) -> list[str]:
    # A lesson that somebody is still writing must not cost a learner the overview.
    try:
        return list(exercises_for(path))
    except Exception as fault:  # whatever the lesson's own code raises
        trouble.append(f"The exercises of {path.name} can't be read: {fault}")
        return []
