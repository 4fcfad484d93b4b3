"""New lessons and exercises: small, complete, and sound from the start, to be written over."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grantlab.exercises import exercises_for, module_of
from grantlab.lesson_files import HERE, checkout
from grantlab.notebook_rules import KERNEL, LANGUAGE, Notebook, read, written
from grantlab.skeleton_texts import CELLS, MODULE, PART, Cell

# The kit's own lessons have the numbers below.
FIRST_OWN_NUMBER = 30
KIT_NAMES = ("Exercise", "ShortCut", "WrongAnswer")


class SkeletonRefused(Exception):
    """It can't be made; the message is one line that names the thing and the cure."""


@dataclass(frozen=True)
class Made:
    """The files that were made or changed."""

    lesson: Path
    module: Path


def new_lesson(name: str, folder: Path) -> Made:
    """A sound lesson called `name` is in the folder, its exercise's module beside it.

    Its number is the first free one, unless the name begins with one. Raises SkeletonRefused.
    """
    found = re.fullmatch(r"(?:([0-9]{2})[ _-]+)?(.*\S)\s*", name)
    words = re.findall(r"[a-z0-9]+", found[2].lower()) if found else []
    if found is None or not words:
        raise SkeletonRefused(f"{name!r} has no letter for a file's name; choose another name.")
    number = found[1] or _free_number(folder)
    slug = "_".join(words)
    lesson, module = folder / f"{number}_{slug}.ipynb", folder / f"lesson_{number}.py"
    for file in (*folder.glob(f"{number}_*.ipynb"), module):
        if file.exists():
            raise SkeletonRefused(f"{file} is there already; choose another number.")
    folder.mkdir(parents=True, exist_ok=True)
    title = found[2].replace("_", " ").strip()
    said = {"number": number, "title": title[:1].upper() + title[1:], "about": " ".join(words)}
    lesson.write_text(written(_notebook([_cell(cell, said) for cell in CELLS])), "utf-8")
    module.write_text(_filled(MODULE, said), "utf-8")
    return new_exercise("-".join([*words, "status"]), lesson)


def new_exercise(name: str, lesson: Path) -> Made:
    """The lesson has a sound exercise of this name: in its module, and in two cells.

    Raises SkeletonRefused, NotANotebook, and what the lesson's module raises.
    """
    name = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
    variable = name.replace("-", "_")
    if not variable.isidentifier():
        raise SkeletonRefused(f"{name!r} is no name in words, such as “first-answer”.")
    if not re.match(r"[0-9]{2}_", lesson.name):
        raise SkeletonRefused(f"{lesson.name} is no lesson: its name begins with no number.")
    notebook = read(lesson)
    exercises, module = exercises_for(lesson), module_of(lesson) or _module_to_make(lesson)
    if module.parent != lesson.parent and not _is_the_kits(lesson):
        raise SkeletonRefused(
            f"{lesson} is a copy, and its exercises are Grantlab's own: make a lesson of yours."
        )
    if name in exercises:
        raise SkeletonRefused(f"{module.name} has an exercise {name} already.")
    empty = _filled(MODULE, {"number": lesson.name[:2], "about": lesson.stem[3:].replace("_", " ")})
    before = module.read_text("utf-8") if module.exists() else empty
    part = _filled(PART, {"name": name, "variable": variable})
    home = module.stem if module.parent == lesson.parent else f"grantlab.lessons.{module.stem}"
    _put_in(notebook["cells"], name, variable, home)
    module.write_text(f"{before.rstrip()}\n{_missing(before)}\n{part}", "utf-8")
    lesson.write_text(written(notebook), "utf-8")
    return Made(lesson, module)


def _put_in(cells: list[Any], name: str, variable: str, home: str) -> None:
    ask = Cell("code", f"ask-{name}", f"from {home} import {variable}\n\nshow({variable})\n")
    try_it = Cell("code", f"try-{name}", f"answer = ...\nshow({variable}.check(answer))\n", name)
    at = next(
        (at for at, cell in enumerate(cells) if "".join(cell["source"]).startswith("## Remember")),
        len(cells),
    )
    cells[at:at] = [_cell(ask, {}), _cell(try_it, {})]


def _module_to_make(lesson: Path) -> Path:
    name = f"lesson_{lesson.name[:2]}.py"
    return HERE / "lessons" / name if _is_the_kits(lesson) else lesson.parent / name


def _is_the_kits(lesson: Path) -> bool:
    folder = checkout()
    return folder is not None and lesson.resolve().parent == folder.resolve()


def _missing(source: str) -> str:
    known = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    missing = [name for name in KIT_NAMES if name not in known]
    return f"\nfrom grantlab.exercises import {', '.join(missing)}\n" if missing else ""


def _free_number(folder: Path) -> str:
    taken = {file.name[:2] for file in folder.glob("[0-9][0-9]_*.ipynb")}
    taken |= {file.stem[-2:] for file in folder.glob("lesson_[0-9][0-9].py")}
    for number in range(FIRST_OWN_NUMBER, 100):
        if f"{number}" not in taken:
            return f"{number}"
    raise SkeletonRefused(f"{folder} has no free number from {FIRST_OWN_NUMBER} to 99.")


def _notebook(cells: list[dict[str, Any]]) -> Notebook:
    metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell(cell: Cell, said: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": cell.id,
        "metadata": {"tags": [cell.tag]} if cell.tag else {},
        "source": _filled(cell.source, said).strip().splitlines(keepends=True),
    }
    if cell.kind == "code":
        made |= {"execution_count": None, "outputs": []}
    return made


def _filled(text: str, said: dict[str, str]) -> str:
    for name, value in said.items():
        text = text.replace(f"<{name}>", value)
    return text.lstrip("\n")
