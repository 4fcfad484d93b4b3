"""Exercises: a question, a check of evidence, hints in order, and a solution."""

from __future__ import annotations

import ast
import html
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from grantlab.lesson_files import bundled, solutions_kept
from grantlab.progress import Status, remember

Judge = Callable[[Any], Iterable[str]]

_LONGEST_ANSWER = 10_000
TRAINER_HAS_IT = "Your trainer has the solution."
MARKS: dict[Status, str] = {"not attempted": "○", "not yet": "◐", "passed": "✓"}


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt; `reasons` names everything that is not right yet."""

    exercise: str
    status: Status
    reasons: tuple[str, ...] = ()
    note: str = ""

    @property
    def passed(self) -> bool:
        """The evidence holds."""
        return self.status == "passed"

    def __repr__(self) -> str:
        lines = [f"{MARKS[self.status]} {self.exercise}: {self.status}"]
        lines += [f"  - {reason}" for reason in self.reasons]
        return "\n".join([*lines, self.note] if self.note else lines)

    def _repr_html_(self) -> str:
        reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in self.reasons)
        listed = f"<ul>{reasons}</ul>" if reasons else ""
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        mark = f'<span aria-hidden="true">{MARKS[self.status]}</span>'
        head = f"{mark} <strong>{html.escape(self.exercise)}</strong>: {self.status}"
        return f'<div role="status"><p>{head}</p>{listed}{note}</div>'


@dataclass(frozen=True)
class WrongAnswer:
    """Evidence of a known mistake, and the reason the check must give for it."""

    evidence: Any
    hint: str


@dataclass(frozen=True)
class ShortCut:
    """Evidence made by dodging the question; `why` says what was dodged. It must not pass."""

    evidence: Any
    why: str


@dataclass(frozen=True)
class Shown:
    """A question, hint or solution, ready to be displayed."""

    head: str
    text: str
    is_code: bool = False

    def __repr__(self) -> str:
        return f"{self.head}\n{self.text}"

    def _repr_html_(self) -> str:
        text = html.escape(self.text)
        body = f"<pre><code>{text}</code></pre>" if self.is_code else f"<p>{text}</p>"
        return f"<div><p><strong>{html.escape(self.head)}</strong></p>{body}</div>"


class Exercise:
    """One exercise of a lesson.

    `check` is given the evidence (a recording, or a value the learner made) and yields one
    reason for each thing that is not right yet: none means passed. Evidence that is None or
    `...`, or a collection of nothing else, was not attempted; `attempted` may say otherwise,
    for instance for a recording in which nothing was tried. `solution` is the source text
    that makes the tagged cell pass. `typed` exercises ask for a value that may be typed into
    their view, too; all others are answered in a cell.
    """

    def __init__(
        self,
        name: str,
        question: str,
        check: Judge,
        hints: Iterable[str],
        solution: str,
        *,
        wrong_answers: Iterable[WrongAnswer] = (),
        short_cuts: Iterable[ShortCut] = (),
        attempted: Callable[[Any], bool] | None = None,
        typed: bool = False,
    ) -> None:
        self.name = name
        self.question = question
        self.hints = tuple(hints)
        self.solution = solution.strip("\n")
        self.wrong_answers = tuple(wrong_answers)
        self.short_cuts = tuple(short_cuts)
        self.typed = typed
        self._judge = check
        self._attempted = attempted
        self._hints_given = 0
        self._watchers: list[Callable[[object], None]] = []

    def check(self, evidence: Any = None) -> Outcome:
        """Judge the evidence and remember the outcome in the progress file."""
        outcome = self.judge(evidence)
        trouble = remember(self.name, outcome.status)
        told = replace(outcome, note=trouble) if trouble else outcome
        for watcher in tuple(self._watchers):
            watcher(told)
        return told

    def watch(self, watcher: Callable[[object], None]) -> Callable[[], None]:
        """Tell the watcher each outcome from now on; call the result to stop that."""
        self._watchers.append(watcher)

        def stop() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return stop

    def judge(self, evidence: Any) -> Outcome:
        """Judge the evidence; nothing is remembered.

        Evidence of a shape that the check can't read is "not yet", never an exception.
        """
        if _untouched(evidence):
            return Outcome(self.name, "not attempted")
        try:
            if self._attempted is not None and not self._attempted(evidence):
                return Outcome(self.name, "not attempted")
            reasons = tuple(self._judge(evidence))
        except (TypeError, ValueError, AttributeError, LookupError) as trouble:
            kind = type(evidence).__name__
            reasons = (
                f"This answer ({kind}) has another shape than the question asks for: "
                f"{type(trouble).__name__}, {trouble}.",
            )
        return Outcome(self.name, "not yet" if reasons else "passed", reasons)

    def hint(self) -> Shown:
        """The next hint; after the last one, the last one again."""
        if not self.hints:
            return Shown(f"{self.name}: no hints", "The question says it all.")
        self._hints_given = min(self._hints_given + 1, len(self.hints))
        head = f"{self.name}: hint {self._hints_given} of {len(self.hints)}"
        text = self.hints[self._hints_given - 1]
        if self._hints_given == len(self.hints):
            kept = not self.solution or solutions_kept()
            text += " (The last one." + (")" if kept else " There is also show_solution().)")
        return Shown(head, text)

    def show_solution(self) -> Shown:
        """The solution, as code for the exercise's cell; in a room without them, who has it."""
        head = f"{self.name}: solution"
        if not self.solution or solutions_kept():
            return Shown(head, TRAINER_HAS_IT)
        return Shown(head, self.solution, is_code=True)

    def __repr__(self) -> str:
        return f"Exercise {self.name}\n{self.question}"

    def _repr_html_(self) -> str:
        return Shown(f"Exercise {self.name}", self.question)._repr_html_()


def value_of(text: str) -> Any:
    """What somebody typed as a value: a Python literal, or else the text; nothing is `...`."""
    plain = text.strip()
    if not plain:
        return ...
    try:
        if len(plain) > _LONGEST_ANSWER:
            return plain
        return ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return plain


def exercises_of(lesson: str | ModuleType) -> dict[str, Exercise]:
    """The exercises of a lesson by name, in the order of its module.

    The lesson is a module or a number: `exercises_of("03")` reads `grantlab.lessons.lesson_03`.
    `ValueError` when two of them share a name.
    """
    if isinstance(lesson, str):
        lesson = importlib.import_module(f"grantlab.lessons.lesson_{lesson}")
    found: dict[str, Exercise] = {}
    for exercise in (value for value in vars(lesson).values() if isinstance(value, Exercise)):
        if found.setdefault(exercise.name, exercise) is not exercise:
            raise ValueError(f"Two exercises of {lesson.__name__} are called {exercise.name!r}.")
    return found


def module_of(lesson: Path) -> Path | None:
    """The file with a lesson's exercises: `lesson_NN.py` beside it, or the kit's own.

    None when the lesson has no exercises.
    """
    name = f"lesson_{lesson.name[:2]}"
    beside = lesson.parent / f"{name}.py"
    if beside.is_file():
        return beside
    if not (bundled() / lesson.name).is_file():
        return None
    found = importlib.util.find_spec(f"grantlab.lessons.{name}")
    return Path(found.origin) if found and found.origin else None


def exercises_for(lesson: Path) -> dict[str, Exercise]:
    """The exercises of a lesson file by name, in their order; none when it has no module.

    Raises what the module raises, and `ValueError` when two exercises share a name.
    """
    module = module_of(lesson)
    if module is None:
        return {}
    if module.parent != lesson.parent:
        return exercises_of(lesson.name[:2])
    return exercises_of(_run(module))


def _run(file: Path) -> ModuleType:
    # Not imported by name: another folder's lesson may have the same number, and what Python kept
    # of the file as it was a moment ago doesn't count.
    module = ModuleType(f"{file.stem} in {file.parent}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(file.parent))
    try:
        exec(compile(file.read_bytes(), file, "exec"), vars(module))
    finally:
        sys.path.remove(str(file.parent))
    return module


def _untouched(evidence: Any) -> bool:
    if evidence is None or evidence is ...:
        return True
    if isinstance(evidence, Mapping):
        evidence = tuple(evidence.values())
    if isinstance(evidence, tuple | list) and evidence:
        return all(_untouched(item) for item in evidence)
    return False
