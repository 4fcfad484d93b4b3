"""Lessons at a server that others wrote (oidc-provider), with a registration of the learner's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from grantlab.lesson_files import bundled
from tests.clients.node_server import node_server

pytestmark = pytest.mark.npm

FORMAT: Any = nbformat  # its functions have no types
SECONDS_A_CELL = 60
SKIPPED = "Not here: "
REGISTERED = {
    "GRANTLAB_CLIENT_ID": "your-web-app",
    "GRANTLAB_CLIENT_SECRET": "secret-of-the-web-app",
    "GRANTLAB_PUBLIC_CLIENT_ID": "your-public-app",
    "GRANTLAB_SERVICE_CLIENT_ID": "your-program",
    "GRANTLAB_SERVICE_CLIENT_SECRET": "secret-of-the-program",
    "GRANTLAB_USERNAME": "cora",
    "GRANTLAB_PASSWORD": "whatever",
    "GRANTLAB_AUDIENCE": "api://your-own",
}
# What each lesson can't do there: a cell, and the end of what it says about it.
CLOSED = "management API is closed to us."
NO_REASONS = "are what a lab of this kit tells."
NEEDS = "which an earlier one couldn't make."
MISSING = {
    "02_code_flow": {
        "show-the-reasons": NO_REASONS,
        "unregistered-redirect": NO_REASONS,
        "http-elsewhere": CLOSED,
        "new-secret": CLOSED,
        "steal-again": NEEDS,
        "register-an-old-app": CLOSED,
        "try-close-the-door": NEEDS,
    },
    "03_pkce": {
        "use-the-stolen-code": NO_REASONS,
        "register-a-phone-app": CLOSED,
        "steal-from-the-phone": NEEDS,
        "require-pkce": NEEDS,
        "steal-again": NEEDS,
    },
    "04_reading_a_token": {"rotate-the-key": CLOSED},
    "06_life_of_a_token": {
        "replay-it": NO_REASONS,
        "theft-without-rotation": CLOSED,
        "theft-with-rotation": NEEDS,
        "two-servers": CLOSED,
    },
}


# What the learner's own apps and server do in their place.
DONE = {
    "02_code_flow": {
        "register-the-app": "Your own app your-web-app stands in for",
        "steal-the-code": "The thief has prices:read prices:write",
    },
    "03_pkce": {
        "register-the-app": "Your own app your-public-app stands in for",
        "play-it-wrong": "verifier-swapped: 400 invalid_grant",
    },
    "04_reading_a_token": {"tamper-with-it": "The run says: signature."},
    "06_life_of_a_token": {
        "make-them": "Your own server stands in for “Transfers",
        "replay-it": "The newest refresh token after that: 400",
    },
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The address of the server, which ends with the tests of this file."""
    with node_server("lessons_server.mjs") as address:
        yield address


def played(notebook: Any, folder: Path, issuer: str, **more: str) -> dict[str, str]:
    """What each cell of the notebook said, run top to bottom there; no cell had an error."""
    named = {"GRANTLAB_URL": issuer, "GRANTLAB_PROGRESS": str(folder / "progress.json")}
    nbclient.NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute(env=os.environ | named | more)
    return {cell.id: printed_by(cell) for cell in notebook.cells if cell.cell_type == "code"}


def printed_by(cell: Any) -> str:
    """What the cell printed, and what stands in the place of a view where none can be drawn."""
    return "".join(
        out.text if out.output_type == "stream" else out.data.get("text/plain", "")
        for out in cell.outputs
        if out.output_type in {"stream", "display_data"}
    )


def notebook_of(*sources: str) -> Any:
    cells = [FORMAT.v4.new_code_cell(source) for source in sources]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return FORMAT.v4.new_notebook(cells=cells)


@pytest.mark.parametrize("lesson", MISSING)
def test_a_lesson_runs_to_its_end_and_says_what_is_missing_where(
    lesson: str, issuer: str, tmp_path: Path
) -> None:
    notebook = FORMAT.read(bundled() / f"{lesson}.ipynb", as_version=4)

    printed = played(notebook, tmp_path, issuer, **REGISTERED)

    skipped = {cell: text.strip() for cell, text in printed.items() if SKIPPED in text}
    assert skipped.keys() == MISSING[lesson].keys()
    for cell, end in MISSING[lesson].items():
        assert skipped[cell].endswith(end), skipped[cell]
    for cell, says in DONE[lesson].items():
        assert says in printed[cell]


def test_without_a_registration_the_cell_names_the_variable(issuer: str, tmp_path: Path) -> None:
    notebook = notebook_of(
        "from grantlab import Lab\nlab = Lab.start()", "lab.app('Bank SPA')", "lab.person('tom')"
    )

    printed = played(notebook, tmp_path, issuer)

    assert "“Bank SPA”: set GRANTLAB_PUBLIC_CLIENT_ID." in printed["cell-1"]
    assert "“tom”: set GRANTLAB_USERNAME." in printed["cell-2"]


def test_a_real_mistake_still_ends_the_lesson(issuer: str, tmp_path: Path) -> None:
    notebook = notebook_of(
        "from grantlab import Lab\nlab = Lab.start()\nlab.outbox()", "nothing_of_this_name"
    )

    with pytest.raises(nbclient.exceptions.CellExecutionError, match="nothing_of_this_name"):
        played(notebook, tmp_path, issuer, **REGISTERED)


def test_names_that_a_skipped_cell_would_have_made_are_told_down_the_lesson(
    issuer: str, tmp_path: Path
) -> None:
    notebook = notebook_of(
        "from grantlab import Lab\nlab = Lab.start()",
        "import secrets as dice\nkept, letters = 1, lab.outbox()",
        "def first(): return letters[0]\nnewest = first()",
        "newest",
        "dice.token_hex(2)",
    )

    printed = played(notebook, tmp_path, issuer, **REGISTERED)

    assert "go out by mail and phone" in printed["cell-1"]
    assert "needs “letters”" in printed["cell-2"]
    assert "needs “newest”" in printed["cell-3"]
    assert printed["cell-4"] == ""
