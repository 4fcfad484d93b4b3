"""The page for people who make lessons: its commands do what it says, in its order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from grantlab.cli import commands
from grantlab.lesson_frame import PICTURE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "notebooks" / "README.md").read_text("utf-8")
COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


def test_every_command_of_the_page_works_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    quick = [command for command in COMMANDS if "--run" not in command]

    ended = [CliRunner().invoke(commands, command) for command in quick]

    assert len(quick) == len(COMMANDS) - 1 == 5
    assert [result.output for result in ended if result.exit_code] == []
    assert (tmp_path / "monday" / "30_tokens_of_ours.ipynb").exists()


def test_its_links_lead_somewhere_and_its_picture_has_words() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", PAGE)

    assert [link for link in linked if not (ROOT / "notebooks" / link).exists()] == []
    assert all("accTitle:" in each and "accDescr:" in each for each in PICTURE.findall(PAGE))
