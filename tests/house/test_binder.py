"""What a hosted notebook is built from."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dockerfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    copy = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "binder", copy / "binder")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    made = subprocess.run(
        [
            *(sys.executable, "-m", "repo2docker", "--no-build", "--debug"),
            *("--user-id", "1000", "--user-name", "jovyan", copy),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout + made.stderr


@pytest.mark.parametrize(
    "line",
    [
        "binder/requirements.txt",
        "Building conda environment for python=3.12",
        "RUN ./binder/postBuild",
        'ENV R2D_ENTRYPOINT="/home/jovyan/binder/start"',
    ],
)
def test_the_image_is_made_from_our_files(dockerfile, line):
    assert line in dockerfile.replace("${REPO_DIR}", "/home/jovyan")


def test_start_hands_over_to_what_the_host_runs():
    assert (ROOT / "binder" / "start").read_text().rstrip().endswith('exec "$@"')
