"""What a clean lesson file is: finding what isn't, and cleaning what a program can clean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LONGEST_CELL = 15
# Words with hyphens; the random ids that editors give ("d9f1e0c2") are no words.
CELL_ID = re.compile(r"[a-z]+[0-9]*(-([a-z]+[0-9]*|[0-9]{1,3}))*")
KEPT_METADATA = ("kernelspec", "language_info")
# The version of the learner's Python is noise in a diff; these say all that a front end needs.
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python"}
MARKERS = ("NBVAL_SKIP", "NBVAL_CHECK_OUTPUT", "NBVAL_IGNORE_OUTPUT", "NBVAL_RAISES_EXCEPTION")
TAG_MARKERS = tuple(marker.lower().replace("_", "-") for marker in MARKERS)

Notebook = dict[str, Any]


class NotANotebook(Exception):
    """The file isn't a notebook at all; the message is one line that names it."""


def faults(file: Path) -> list[str]:
    """What keeps the file from being a clean lesson, one line a fault; empty when it is clean.

    Raises NotANotebook when the file can't be read as one.
    """
    notebook = _read(file)
    found = list(_faults_of_cells(notebook["cells"]))
    if set(notebook.get("metadata", {})) != set(KEPT_METADATA):
        found.append("metadata other than kernelspec and language_info, or without them")
    elif notebook["metadata"]["kernelspec"].get("name") != "python3":
        found.append('a kernel other than "python3"')
    if (notebook.get("nbformat"), notebook.get("nbformat_minor")) != (4, 5):
        found.append("not notebook format 4.5")
    if not found and file.read_text("utf-8") != written(notebook):
        found.append("not written with sorted keys and an indent of one space")
    return [f"{file}: {fault}" for fault in found]


def fix(file: Path) -> None:
    """The file is as clean as a program can make it; lesson text and code are as before.

    Raises NotANotebook when the file can't be read as one.
    """
    notebook = _read(file)
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


def _read(file: Path) -> Notebook:
    try:
        notebook = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise NotANotebook(f"{file} can't be read as a notebook ({fault}).") from fault
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise NotANotebook(f"{file} is not a notebook: it has no cells.")
    return notebook


def _faults_of_cells(cells: list[Any]) -> Iterator[str]:
    ids: set[str] = set()
    for number, cell in enumerate(cells, 1):
        name = f"cell {number} ({cell.get('id', 'no id')})"
        if not CELL_ID.fullmatch(cell.get("id", "")):
            yield f"{name}: an id that isn't words-with-hyphens"
        elif cell["id"] in ids:
            yield f"{name}: an id that another cell has"
        ids.add(cell.get("id", ""))
        yield from (f"{name}: {fault}" for fault in _faults_of_cell(cell))


def _faults_of_cell(cell: dict[str, Any]) -> Iterator[str]:
    metadata = dict(cell.get("metadata", {}))
    tags = metadata.pop("tags", [])
    if metadata:
        yield f"metadata other than tags: {', '.join(sorted(metadata))}"
    if any(tag in TAG_MARKERS or tag == "raises-exception" for tag in tags):
        yield "a tag that keeps tests from judging the cell"
    if cell["cell_type"] != "code":
        return
    if cell.get("outputs"):
        yield "outputs"
    if cell.get("execution_count") is not None:
        yield "an execution count"
    source = "".join(cell.get("source", ""))
    if len(source.splitlines()) > LONGEST_CELL:
        yield f"more than {LONGEST_CELL} lines of code"
    if any(marker in source for marker in MARKERS):
        yield "a marker that keeps tests from judging the cell"
