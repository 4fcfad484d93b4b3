"""What people get who install Grantlab without its sources."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = {".css", ".js", ".html", ".yaml", ".json"}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT),
        ],
        check=True,
    )
    return next(folder.glob("*.whl"))


def sources(package: Path, suffixes: set[str]) -> set[str]:
    return {
        f"{package.name}/{file.relative_to(package).as_posix()}"
        for file in package.rglob("*")
        if file.suffix in suffixes and "__pycache__" not in file.parts
    }


def test_the_wheel_has_both_packages_with_their_data_and_the_lessons(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())

    for package in (ROOT / "labserver", ROOT / "notebooks" / "grantlab"):
        assert sources(package, DATA | {".py", ".typed"}) <= names
    assert {n for n in names if n.endswith(".ipynb")} == {
        f"grantlab/notebooks/{file.name}" for file in (ROOT / "notebooks").glob("*.ipynb")
    }
    assert not [n for n in names if "__pycache__" in n or n.startswith("tests/")]


def test_the_lessons_come_out_of_the_wheel(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    told = subprocess.run(
        [sys.executable, "-m", "grantlab.cli", "lessons", tmp_path / "mine"],
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    originals = {file.name: file.read_bytes() for file in (ROOT / "notebooks").glob("*.ipynb")}
    copies = {file.name: file.read_bytes() for file in (tmp_path / "mine").glob("*.ipynb")}
    assert copies == originals
    assert told.stdout.startswith(f"{len(originals)} lessons copied to ")


def test_a_trainers_lesson_is_made_judged_and_run_with_an_installed_wheel(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}

    def grantlab(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "grantlab.cli", *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    made = grantlab("new", "lesson", "Ours", "--folder", "mine")
    added = grantlab("new", "exercise", "one-more", "--lesson", "mine/30_ours.ipynb")
    judged = grantlab("check", "mine", "--run")

    assert [made.returncode, added.returncode] == [0, 0], made.stderr + added.stderr
    assert judged.stdout == "1 lesson is sound, and every solution passes.\n", judged.stderr
    files = {path.name for path in (tmp_path / "mine").iterdir()}
    assert files == {"30_ours.ipynb", "lesson_30.py"}
