"""What can't be served is named in one line before anything was touched."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from labserver.store.database import open_database


def refused(folder: Path, database: str) -> str:
    """The one line with which `grantlab serve` refuses this database URL."""
    command = [sys.executable, "-m", "grantlab.cli", "serve", "--port", "0"]
    ended = subprocess.run(
        [*command, "--database", database],
        env=os.environ | {"GRANTLAB_HOME": str(folder / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def test_another_programs_database_keeps_every_byte(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    content = file.read_bytes()

    line = refused(tmp_path, f"sqlite:///{file}")

    assert "is not a database of grantlab" in line
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP TABLE refresh_tokens", "lacks the table"),
        ("UPDATE installation SET version = 99", "of another version"),
        ("DELETE FROM installation", "of another version"),
    ],
)
def test_a_database_that_is_not_quite_ours_keeps_every_byte(
    tmp_path: Path, change: str, said: str
) -> None:
    file = tmp_path / "lab.db"
    open_database(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as connection:
        connection.execute(change)
    connection.close()
    content = file.read_bytes()

    line = refused(tmp_path, f"sqlite:///{file}")

    assert said in line
    assert file.read_bytes() == content


@pytest.mark.parametrize("name", ["a%00b.db", "a" * 300, f"{'b' * 300}/lab.db"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    line = refused(tmp_path, f"sqlite:///{tmp_path}/{name}")

    assert "atabase" in line or "NUL" in line
