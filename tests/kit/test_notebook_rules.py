"""What a clean lesson is, and what cleaning does."""

import json
from pathlib import Path
from typing import Any

import pytest

from grantlab import notebook_rules
from grantlab.notebook_rules import KERNEL, LANGUAGE, NotANotebook, faults, fix


def code(source: str = "1 + 1\n", **changes: Any) -> dict[str, Any]:
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "a-sum",
        "metadata": {},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }
    return cell | changes


def save(folder: Path, *cells: dict[str, Any], **changes: Any) -> Path:
    notebook = {
        "cells": list(cells),
        "metadata": {"kernelspec": KERNEL, "language_info": LANGUAGE},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    file = folder / "00_lesson.ipynb"
    file.write_text(notebook_rules.written(notebook | changes), "utf-8")
    return file


def said(file: Path) -> list[tuple[str, str]]:
    return [(finding.where, finding.what) for finding in faults(file)]


def test_a_clean_lesson_has_no_faults(tmp_path):
    file = save(tmp_path, code(), code(id="the-exercise", metadata={"tags": ["first-answer"]}))

    assert faults(file) == []


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (code(outputs=[{"output_type": "stream", "name": "stdout", "text": "2"}]), "outputs"),
        (code(execution_count=3), "an execution count"),
        (code(id="d9f1e0c2"), "an id that isn't words-with-hyphens"),
        (code(metadata={"trusted": True}), "metadata other than tags: trusted"),
        (code("\n".join("x" * 16)), "more than 15 lines of code"),
        (code("# NBVAL_SKIP\n1"), "a marker that keeps tests from judging the cell"),
        (code(metadata={"tags": ["nbval-skip"]}), "a tag that keeps tests from judging the cell"),
        (
            code(metadata={"tags": ["raises-exception"]}),
            "a tag that keeps tests from judging the cell",
        ),
    ],
)
def test_each_fault_of_a_cell_is_named_with_its_cell(tmp_path, cell, fault):
    file = save(tmp_path, cell)

    assert said(file) == [(f"cell 1 ({cell['id']})", fault)]


def test_fifteen_lines_are_still_allowed(tmp_path):
    assert faults(save(tmp_path, code("\n".join("x" * 15)))) == []


def test_two_cells_of_one_id_are_a_fault(tmp_path):
    file = save(tmp_path, code(), code())

    assert said(file) == [("cell 2 (a-sum)", "an id that another cell has")]


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"kernelspec": KERNEL}},
        {"metadata": {"kernelspec": KERNEL, "language_info": LANGUAGE, "widgets": {}}},
        {"metadata": {"kernelspec": KERNEL | {"name": "mine"}, "language_info": LANGUAGE}},
        {"nbformat_minor": 4},
    ],
)
def test_a_fault_of_the_whole_file_is_named(tmp_path, changes):
    assert len(faults(save(tmp_path, code(), **changes))) == 1


def test_another_indent_is_a_fault(tmp_path):
    file = save(tmp_path, code())
    file.write_text(json.dumps(json.loads(file.read_text()), indent=2, sort_keys=True))

    assert said(file) == [("", "not written with sorted keys and an indent of one space")]


def test_fixing_removes_what_running_left_and_keeps_source_and_tags(tmp_path):
    ran = code(
        "secret = 1\n",
        id="9c1",
        execution_count=4,
        outputs=[{"output_type": "stream", "name": "stdout", "text": "a token"}],
        metadata={"tags": ["first-answer"], "trusted": True},
    )
    file = save(tmp_path, ran, metadata={"widgets": {"state": "a token"}})

    fix(file)

    assert faults(file) == []
    assert "a token" not in file.read_text()
    (cell,) = json.loads(file.read_text())["cells"]
    assert (cell["source"], cell["metadata"]) == (["secret = 1\n"], {"tags": ["first-answer"]})


def test_fixing_a_clean_lesson_changes_nothing(tmp_path):
    file = save(tmp_path, code())
    before = file.read_bytes()

    fix(file)

    assert file.read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"cells": 1}', '{"cells": [1]}', "not json"])
def test_what_is_not_a_notebook_is_named(tmp_path, content):
    file = tmp_path / "00_lesson.ipynb"
    file.write_text(content)

    with pytest.raises(NotANotebook, match="00_lesson"):
        faults(file)


def test_a_finding_names_file_and_place_and_says_the_cure(tmp_path):
    file = save(tmp_path, code(execution_count=3))

    (finding,) = faults(file)

    assert str(finding) == (
        f"{file}: cell 1 (a-sum): an execution count.\n"
        "    Run `grantlab check --fix`: it cleans this."
    )
