"""What a clean lesson file is: finding what isn't, and cleaning what a program can clean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grantlab.findings import Finding, cell_name

LONGEST_CELL = 15
# Words with hyphens; the random ids that editors give ("d9f1e0c2") are no words.
CELL_ID = re.compile(r"[a-z]+[0-9]*(-([a-z]+[0-9]*|[0-9]{1,3}))*")
KEPT_METADATA = ("kernelspec", "language_info")
# The version of the learner's Python is noise in a diff; these say all that a front end needs.
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
MARKERS = ("NBVAL_SKIP", "NBVAL_CHECK_OUTPUT", "NBVAL_IGNORE_OUTPUT", "NBVAL_RAISES_EXCEPTION")
TAG_MARKERS = tuple(marker.lower().replace("_", "-") for marker in MARKERS)
CLEAN = "Run `grantlab check --fix`: it cleans this."
RENAME = "Give the cell an id of its own that says what it does; `grantlab check --fix` numbers it."
UNMARK = "Take it out. A lesson may show a refusal, but no cell of it may fail."

Notebook = dict[str, Any]


class NotANotebook(Exception):
    """The file isn't a notebook at all; the message is one line that names it."""


def faults(file: Path) -> list[Finding]:
    """What keeps the file from being a clean lesson; empty when it is clean.

    Raises NotANotebook when the file can't be read as one.
    """
    notebook = read(file)
    found = [Finding(file, *told) for told in _faults_of_cells(notebook["cells"])]
    if set(notebook.get("metadata", {})) != set(KEPT_METADATA):
        odd = "metadata other than kernelspec and language_info, or without them"
        found.append(Finding(file, "", odd, CLEAN))
    elif notebook["metadata"]["kernelspec"].get("name") != "python3":
        found.append(Finding(file, "", 'a kernel other than "python3"', CLEAN))
    if (notebook.get("nbformat"), notebook.get("nbformat_minor")) != (4, 5):
        found.append(Finding(file, "", "not notebook format 4.5", CLEAN))
    if not found and file.read_text("utf-8") != written(notebook):
        odd = "not written with sorted keys and an indent of one space"
        found.append(Finding(file, "", odd, CLEAN))
    return found


def fix(file: Path) -> None:
    """The file is as clean as a program can make it; lesson text and code are as before.

    Raises NotANotebook when the file can't be read as one.
    """
    notebook = read(file)
    ids: set[str] = set()
    for number, cell in enumerate(notebook["cells"]):
        if not CELL_ID.fullmatch(cell.get("id", "")) or cell["id"] in ids:
            cell["id"] = f"cell-{number:02}"
        ids.add(cell["id"])
        tags = cell.get("metadata", {}).get("tags")
        cell["metadata"] = {"tags": tags} if tags else {}
        cell.pop("attachments", None) if not cell.get("attachments") else None
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
    notebook["metadata"] = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    file.write_text(written(notebook), "utf-8")


def written(notebook: Notebook) -> str:
    """The notebook as the text of a lesson file."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read(file: Path) -> Notebook:
    """The notebook of a file, as it is.

    Raises NotANotebook when the file can't be read as one.
    """
    try:
        notebook = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise NotANotebook(f"{file} can't be read as a notebook ({fault}).") from fault
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotANotebook(f"{file} is not a notebook: it has no cells.")
    if not all(isinstance(cell, dict) and cell.get("cell_type") for cell in notebook["cells"]):
        raise NotANotebook(f"{file} is not a notebook: a cell in it is of no kind.")
    return notebook


def _faults_of_cells(cells: list[Any]) -> Iterator[tuple[str, str, str]]:
    ids: set[str] = set()
    for number, cell in enumerate(cells, 1):
        name = cell_name(cell, number)
        if not CELL_ID.fullmatch(cell.get("id", "")):
            yield name, "an id that isn't words-with-hyphens", RENAME
        elif cell["id"] in ids:
            yield name, "an id that another cell has", RENAME
        ids.add(cell.get("id", ""))
        yield from ((name, *told) for told in _faults_of_cell(cell))


def _faults_of_cell(cell: dict[str, Any]) -> Iterator[tuple[str, str]]:
    metadata = dict(cell.get("metadata", {}))
    tags = metadata.pop("tags", [])
    if metadata:
        yield f"metadata other than tags: {', '.join(sorted(metadata))}", CLEAN
    if any(tag in TAG_MARKERS or tag == "raises-exception" for tag in tags):
        yield "a tag that keeps tests from judging the cell", UNMARK
    if cell["cell_type"] != "code":
        return
    if cell.get("outputs"):
        yield "outputs", CLEAN
    if cell.get("execution_count") is not None:
        yield "an execution count", CLEAN
    source = "".join(cell.get("source", ""))
    if len(source.splitlines()) > LONGEST_CELL:
        yield (
            f"more than {LONGEST_CELL} lines of code",
            "Make two cells of it, with a sentence between them; or move what isn't the lesson's "
            "point into a module beside the notebook.",
        )
    if any(marker in source for marker in MARKERS):
        yield "a marker that keeps tests from judging the cell", UNMARK
