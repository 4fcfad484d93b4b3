"""Whether a lesson is sound: its file, its frame, its exercises. Tests and trainers ask here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from grantlab.exercises import Exercise, exercises_for, module_of
from grantlab.findings import Finding, cell_name
from grantlab.lesson_files import bundled, lessons_in
from grantlab.lesson_frame import faults_of_frame, text
from grantlab.notebook_rules import Notebook, faults, read

HINTS = 3
WRONG_ANSWERS = 3
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def judge_lesson(file: Path) -> list[Finding]:
    """Everything that can be said of a lesson without running it; empty when it is sound.

    Raises NotANotebook when the file can't be read as one.
    """
    notebook = read(file)
    found = [*faults(file), *faults_of_frame(file, notebook)]
    module = module_of(file)
    try:
        exercises = exercises_for(file)
    except Exception as fault:  # whatever the lesson's own code raises
        cure = f"Mend {module}; then everything in it can be judged."
        return [*found, Finding(file, "its exercises", f"can't be read: {_said(fault)}", cure)]
    if not exercises:
        cure = f"Make one: `grantlab new exercise NAME --lesson {file.name}`."
        found.append(Finding(file, "", "no exercise", cure))
    found += _cells_of_exercises(file, notebook, exercises)
    for exercise in exercises.values():
        where = f"exercise {exercise.name}"
        found += [Finding(file, where, *told) for told in judge_exercise(exercise)]
    return found


def judge_names(files: Iterable[Path]) -> list[Finding]:
    """Exercises that share their name with one of another lesson, the kit's own included."""
    found: list[Finding] = []
    homes: dict[str, Path] = {}
    for file in (*lessons_in(bundled()), *files):
        module = module_of(file)
        for name in _names_in(file) if module else ():
            assert module is not None
            if homes.setdefault(name, module) != module:
                cure = f"Rename it: progress is kept by name, and {homes[name].name} has that one."
                found.append(Finding(file, f"exercise {name}", "a name that is taken", cure))
    return found


def judge_exercise(exercise: Exercise) -> Iterator[tuple[str, str]]:
    """What is wrong with an exercise in itself, each with its cure."""
    if not NAME.fullmatch(exercise.name):
        yield (
            "a name that isn't words-with-hyphens",
            "Write it small, with hyphens: `first-answer`.",
        )
    if not exercise.question.strip():
        yield "no question", "Ask it in a sentence or two."
    if len(set(exercise.hints)) != HINTS:
        yield (
            f"{len(set(exercise.hints))} different hints, not {HINTS}",
            "Write three: where to look, what is wrong, nearly the answer.",
        )
    if not exercise.solution:
        yield "no solution", "Write the source text that makes its cell pass."
    elif (trouble := _syntax(exercise.solution)) is not None:
        yield f"its solution isn't Python: {trouble}", "Mend the text given as `solution`."
    yield from _wrong_answers(exercise)
    yield from _short_cuts(exercise)


def _wrong_answers(exercise: Exercise) -> Iterator[tuple[str, str]]:
    hints = [wrong.hint for wrong in exercise.wrong_answers]
    if len(hints) < WRONG_ANSWERS:
        yield (
            f"{len(hints)} wrong answers, fewer than {WRONG_ANSWERS}",
            "Write down what people will get wrong, each as a `WrongAnswer` with its own reason.",
        )
    for hint in sorted({hint for hint in hints if hints.count(hint) > 1}):
        yield (
            f"two wrong answers with one reason: “{hint}”",
            "Say of each mistake what is wrong with just that one.",
        )
    for number, wrong in enumerate(exercise.wrong_answers, 1):
        which = f"wrong answer {number} ({_short(wrong.evidence)})"
        status, reasons = _judged(exercise, wrong.evidence)
        if status != "not yet":
            yield f"{which}: {status}", "Make the check notice it, and yield its reason."
        elif wrong.hint not in reasons:
            yield (
                f"{which} gets another reason than its own: “{' '.join(reasons)}”",
                f"Make the check yield “{wrong.hint}” for it.",
            )


def _short_cuts(exercise: Exercise) -> Iterator[tuple[str, str]]:
    if not exercise.short_cuts:
        yield (
            "no short cut",
            "Think how somebody would get around the question, and give that as a `ShortCut`.",
        )
    for cut in exercise.short_cuts:
        status, _ = _judged(exercise, cut.evidence)
        if status != "not yet":
            yield (
                f"a short cut ({cut.why}): {status}",
                "Make the check see what was dodged; it judges what happened, not how it looks.",
            )


def _judged(exercise: Exercise, evidence: Any) -> tuple[str, tuple[str, ...]]:
    try:
        outcome = exercise.judge(evidence)
    except Exception as fault:  # a check that breaks is a finding, not the end of judging
        return f"the check breaks: {_said(fault)}", ()
    return outcome.status, outcome.reasons


def _cells_of_exercises(
    file: Path, notebook: Notebook, exercises: dict[str, Exercise]
) -> Iterator[Finding]:
    tagged: dict[str, list[str]] = {}
    for number, cell in enumerate(notebook["cells"], 1):
        name = cell_name(cell, number)
        for tag in cell.get("metadata", {}).get("tags", []):
            tagged.setdefault(tag, []).append(name)
            if tag not in exercises:
                cure = "A cell's tag is an exercise's name. Mend the tag, or take it off."
                yield Finding(file, name, f"the tag {tag}, and no exercise is called that", cure)
            elif cell["cell_type"] != "code" or ".check(" not in text(cell):
                cure = "End it with `show(the_exercise.check(…))`, so that people hear the outcome."
                yield Finding(file, name, f"it doesn't check {tag}", cure)
    for exercise in exercises:
        cells = tagged.get(exercise, [])
        if len(cells) != 1:
            what = "no cell has its name as a tag" if not cells else f"its tag is on {cells}"
            cure = f"Tag the one cell in which people answer with {exercise}."
            yield Finding(file, f"exercise {exercise}", what, cure)


def _names_in(file: Path) -> list[str]:
    try:
        return list(exercises_for(file))
    except Exception:  # judge_lesson says what is wrong with it
        return []


def _syntax(source: str) -> str | None:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError) as fault:
        return str(fault)
    return None


def _said(fault: Exception) -> str:
    return f"{type(fault).__name__}, {fault}"


def _short(value: Any) -> str:
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
