"""What a hosted notebook gets: lessons run in an environment made from `binder/` alone."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 300
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
# How each lesson runs is proven elsewhere; here, that nothing is missing to run any of them.
RUN = ("00_start_here", "03_pkce")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with an environment `env`, made by the steps of Binder's build."""
    repository = tmp_path_factory.mktemp("image")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository / name)
    subprocess.run([sys.executable, "-m", "venv", repository / "env"], check=True)
    pins = repository / "binder" / "requirements.txt"
    in_image(
        repository,
        *("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        # Binder keeps the environment for long; here most of it would be compiled in vain.
        *("--no-compile", "-r", pins),
    )
    in_image(repository, repository / "binder" / "postBuild")
    return repository


def in_image(repository: Path, *command: str | Path) -> None:
    """The command has succeeded there; the test fails with what it said otherwise."""
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            command,
            cwd=repository,
            env=os.environ
            | {
                "PATH": os.pathsep.join([str(repository / "env" / "bin"), os.environ["PATH"]]),
                "GRANTLAB_HOME": str(repository / "state"),
                "HOME": str(repository),
            },
            stdin=subprocess.DEVNULL,
            # A file, not a pipe: the lab that `start` leaves running would hold a pipe open.
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as started,
    ):
        try:
            status = started.wait(SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGTERM)
        said.seek(0)
        assert status == 0, said.read()[-3000:]


def test_lessons_run_with_the_pins_of_binder_and_nothing_else(image: Path) -> None:
    # As on Binder, one lab server runs for all of them, and Jupyter is started by `start`.
    done = image / "done"
    in_image(
        image,
        *("binder/start", "python", "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute"),
        *("--ExecutePreprocessor.timeout=120", f"--output-dir={done}", "--log-level=ERROR"),
        *(image / "notebooks" / f"{lesson}.ipynb" for lesson in RUN),
    )

    for lesson in RUN:
        ran = nbformat.read(done / f"{lesson}.ipynb", as_version=4)
        cells = [cell for cell in ran.cells if cell.cell_type == "code" and cell.source.strip()]
        assert all(cell.execution_count for cell in cells), lesson
        said = [output for cell in cells for output in cell.outputs]
        assert [each for each in said if each.get("name") == "stderr"] == [], lesson


def test_whatever_a_lesson_or_the_kit_imports_is_there(image: Path) -> None:
    # Names that are used only when something is drawn or asked for are imported as well.
    modules = sorted((image / "notebooks" / "grantlab").rglob("*.py"))
    imports = {
        line
        for text in (*map(code_of, LESSONS), *(module.read_text("utf-8") for module in modules))
        for line in imports_in(text)
    }
    program = image / "imports.py"
    program.write_text("\n".join(sorted(imports)), "utf-8")

    assert len(imports) > len(LESSONS)
    in_image(image, "python", program)


def code_of(lesson: Path) -> str:
    """The code of all cells."""
    notebook = nbformat.read(lesson, as_version=4)
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def imports_in(text: str) -> Iterator[str]:
    """Each import of a program as a line of its own, those within functions too.

    What comes with Python is left out: not all of it is on every system.
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        else:
            continue
        if {name.split(".")[0] for name in names} - sys.stdlib_module_names:
            yield ast.unparse(node)
