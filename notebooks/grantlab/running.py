"""A lesson run as a learner would: as it is given, and with the solution of each exercise."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grantlab.exercises import Exercise, exercises_for
from grantlab.findings import Finding, cell_name

SECONDS_A_CELL = 60
SOLVED = "-solved"


@contextmanager
def a_server(world: Path | None = None) -> Iterator[dict[str, str]]:
    """A lab server with a movable clock and a state of its own, which ends with the block.

    It is filled from the world file, if there is one. The block gets the variables that tell
    a lesson of the server. RuntimeError when it doesn't start.
    """
    command = [sys.executable, "-m", "grantlab.cli", "serve", "--port", "0", "--movable-clock"]
    command += ["--unlisted", "--until-stdin-ends"]
    command += ["--world", str(world)] if world else []
    with (
        tempfile.TemporaryDirectory() as home,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"GRANTLAB_HOME": home},
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        said = server.stdout.readline().split()
        if not said:
            raise RuntimeError("The lab's server doesn't start; `grantlab doctor` says why.")
        yield {"GRANTLAB_URL": said[0], "GRANTLAB_HOME": home}
        server.stdin.close()
        server.wait()


def run_lesson(file: Path, server: Mapping[str, str]) -> list[Finding]:
    """What goes wrong when the lesson runs at such a server; empty when all is well.

    Each cell runs in its order, in the lesson's own folder. After the cell of an exercise comes
    its solution: as given, the cell says "not attempted", and the solution passes.
    """
    import nbformat

    exercises = exercises_for(file)
    notebook: Any = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    given = {
        tag: cell
        for cell in notebook.cells
        for tag in cell.metadata.get("tags", [])
        if tag in exercises
    }
    places = {cell.id: cell_name(cell, number) for number, cell in enumerate(notebook.cells, 1)}
    for name, cell in given.items():
        solved = copy.deepcopy(cell)
        solved.id, solved.source = f"{name}{SOLVED}", exercises[name].solution
        places[solved.id] = f"exercise {name}"
        notebook.cells.insert(notebook.cells.index(cell) + 1, solved)
    with tempfile.TemporaryDirectory() as folder:
        progress = Path(folder, "progress.json")
        trouble = _execute(notebook, file.parent, server, progress)
        if trouble:
            return [Finding(file, "", trouble, "Run the lesson in JupyterLab to see it.")]
        outcomes = json.loads(progress.read_text())["exercises"] if progress.exists() else {}
    stopped = next((cell for cell in notebook.cells if _error(cell)), None)
    if stopped is not None:
        return [_stop(file, places[stopped.id], stopped)]
    return list(_outcomes(file, given, notebook, outcomes, exercises))


def _execute(notebook: Any, folder: Path, server: Mapping[str, str], progress: Path) -> str | None:
    from nbclient.client import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    )
    said = {
        **server,
        "GRANTLAB_PROGRESS": str(progress),
        # What Python kept of a module beside the lesson may be older than the module.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        client.execute(env=os.environ | said)
    except CellExecutionError:
        return None  # the cell holds the error
    except CellTimeoutError:
        return f"a cell runs for more than {SECONDS_A_CELL} seconds"
    except DeadKernelError:
        return "its Python ends in the middle of the lesson"
    return None


def _outcomes(
    file: Path,
    given: Mapping[str, Any],
    notebook: Any,
    outcomes: Mapping[str, str],
    exercises: Mapping[str, Exercise],
) -> Iterator[Finding]:
    solved = {cell.id.removesuffix(SOLVED): cell for cell in notebook.cells}
    for name, cell in given.items():
        where = f"exercise {name}"
        if "not attempted" not in _text(cell):
            cure = "As it is given, the cell must leave the answer open: `...`, or only a comment."
            yield Finding(file, where, f"as given it is not “not attempted”: {_text(cell)}", cure)
        if outcomes.get(name) != "passed":
            cure = "Run the solution in the cell yourself, and mend it or the check."
            yield Finding(file, where, f"its solution doesn't pass: {_text(solved[name])}", cure)
    for name in sorted(outcomes.keys() - exercises.keys()):
        cure = "Give it the tag, the cells and the module of an exercise, or take its check out."
        yield Finding(file, "", f"it checks {name}, which is no exercise of it", cure)


def _stop(file: Path, where: str, cell: Any) -> Finding:
    error = _error(cell)
    what = f"{error.ename}: {error.evalue}"
    if cell.id.endswith(SOLVED):
        return Finding(file, where, f"its solution stops with {what}", "Mend its `solution`.")
    cure = "Mend the cell: run from its beginning, a lesson never stops."
    return Finding(file, where, f"it stops with {what}", cure)


def _error(cell: Any) -> Any:
    outputs = cell.get("outputs", [])
    return next((output for output in outputs if output.output_type == "error"), None)


def _text(cell: Any) -> str:
    """What the cell showed, as plain text on one line."""
    shown = "\n".join(
        output.get("text") or output["data"].get("text/plain", "")
        for output in cell.outputs
        if output.output_type in {"stream", "execute_result", "display_data"}
    )
    return " ".join(shown.split()) or "it shows nothing"
