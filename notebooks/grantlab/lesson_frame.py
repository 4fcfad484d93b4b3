"""The frame that every lesson has, so that learners and trainers find their way in each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grantlab.findings import Finding, cell_name
from grantlab.lesson_files import bundled
from grantlab.notebook_rules import Notebook

PICTURE = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
MINUTES = re.compile(r"\b[1-9]\d* minutes\b")
LINK = re.compile(r"\]\(([^)/]+\.ipynb)\)")
TRY = re.compile(r"^\s*try:", re.MULTILINE)
TRAINERS = "<details><summary>For trainers</summary>"
NOTES = ("Two questions for the room", "stumbling stone", "When late")

Told = tuple[str, str, str]


def faults_of_frame(file: Path, notebook: Notebook) -> list[Finding]:
    """What the lesson lacks of the frame; empty when it has all of it."""
    cells = notebook["cells"]
    parts = (_title(file, cells), _setup(cells), _pictures(cells), _sections(cells))
    more = (_notes(cells), _code(cells), _links(file, cells))
    return [Finding(file, *told) for part in (*parts, *more) for told in part]


def text(cell: dict[str, Any]) -> str:
    """The source of a cell as one text."""
    return "".join(cell.get("source", ""))


def _of_kind(cells: list[Any], kind: str) -> list[str]:
    return [text(cell) for cell in cells if cell["cell_type"] == kind]


def _title(file: Path, cells: list[Any]) -> Iterator[Told]:
    first = text(cells[0]) if cells and cells[0]["cell_type"] == "markdown" else ""
    name = cell_name(cells[0], 1) if cells else "cell 1"
    number = file.name[:2]
    if not re.match("[0-9]{2}_", file.name):
        yield "", "a name without a number", "Name it in the manner of 30_tokens.ipynb."
    elif not first.startswith(f"# {number} · "):
        wanted = (
            f"Begin the first cell with `# {number} · ` and the title: the start page shows it."
        )
        yield name, "no title with the file's number", wanted
    if not MINUTES.search(first):
        yield name, "no minutes", "Say how long it takes, such as **25 minutes.**"
    if "When you are through" not in first:
        yield (
            name,
            "it doesn't say what people can do afterwards",
            "Write **When you are through**, you can …: one sentence, what they will do.",
        )
    if not re.search(r"You need|Before it", first):
        yield (
            name,
            "it doesn't say what people need before",
            "Write “You need lesson 00 before it.”, or what it is that they need.",
        )


def _setup(cells: list[Any]) -> Iterator[Told]:
    code = _of_kind(cells, "code")
    if not code or "Lab.start()" not in code[0]:
        yield (
            "the first cell of code",
            "it doesn't start the lab",
            "Begin as every lesson does: import, `lab = Lab.start()`, `recording = Recording()`.",
        )


def _pictures(cells: list[Any]) -> Iterator[Told]:
    found = [
        (cell_name(cell, number), picture)
        for number, cell in enumerate(cells, 1)
        if cell["cell_type"] == "markdown"
        for picture in PICTURE.findall(text(cell))
    ]
    if not found:
        yield (
            "",
            "no picture of who talks to whom",
            "Draw it with Mermaid: ```mermaid, `sequenceDiagram`, then one line a message.",
        )
    for name, picture in found:
        if "accTitle:" not in picture or "accDescr:" not in picture:
            yield (
                name,
                "a picture without words for those who don't see it",
                "Add the lines `accTitle: …` and `accDescr: …` below its first line.",
            )


def _sections(cells: list[Any]) -> Iterator[Told]:
    prose = "\n".join(_of_kind(cells, "markdown"))
    code = "\n".join(_of_kind(cells, "code"))
    if not re.search(r"\bpredict\(", code) or ".answer(" not in code:
        yield (
            "",
            "nothing to predict",
            "Before the decisive cell ask with `predict(…)`; after it, show `guess.answer(…)`.",
        )
    for heading, cure in (
        ("Break it", "Show the attack, then the fix, then the same attack refused."),
        ("Remember", "Say in three or four lines what to keep."),
    ):
        if not re.search(rf"^## .*{heading}", prose, re.MULTILINE):
            yield "", f"no section `## {heading}`", cure
    if "**Written where**" not in prose:
        yield (
            "",
            "it doesn't say where its facts are written",
            "Below *Remember*, write **Written where**, and link the sections of the standards.",
        )


def _notes(cells: list[Any]) -> Iterator[Told]:
    last = text(cells[-1]) if cells else ""
    name = cell_name(cells[-1], len(cells)) if cells else "the last cell"
    if TRAINERS not in last:
        yield (
            name,
            "no trainer's notes at the end",
            f"End the lesson with a {TRAINERS} part: two questions for the room, the usual "
            "stumbling stone, what to skip when late.",
        )
        return
    for note in NOTES:
        if note not in last:
            yield name, f"trainer's notes without “{note}”", f"Add **{note}** to the notes."


def _code(cells: list[Any]) -> Iterator[Told]:
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code" and TRY.search(text(cell)):
            yield (
                cell_name(cell, number),
                "a `try`",
                "Let the cell show what happens; whoever reads it wants to see the refusal.",
            )


def _links(file: Path, cells: list[Any]) -> Iterator[Told]:
    for number, cell in enumerate(cells, 1):
        for name in LINK.findall(text(cell)) if cell["cell_type"] == "markdown" else ():
            if not any((folder / name).is_file() for folder in (file.parent, bundled())):
                yield (
                    cell_name(cell, number),
                    f"a link to {name}, which isn't there",
                    "Mend the link, or write the lesson that it leads to.",
                )
