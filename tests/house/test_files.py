"""What every file of the project keeps to."""

import re
import subprocess
from pathlib import Path

import pytest

from grantlab import judging, lesson_files

ROOT = Path(__file__).parents[2]
NAMES = (
    "00_start_here",
    "01_why_tokens",
    "02_code_flow",
    "03_pkce",
    "04_reading_a_token",
    "05_signing_in",
    "06_life_of_a_token",
    "07_two_kinds_of_server",
    "08_scopes_and_claims",
    "09_policies_and_rules",
    "10_service_apps",
    "11_service_or_person",
    "12_token_oauth_or_integration",
    "13_least_privilege",
    "14_protected_api",
    "15_gateway",
    "16_front_channel_attacks",
    "17_token_attacks",
    "18_dpop_and_par",
    "19_device_and_exchange",
    "20_agents_and_mcp",
)
# Spelled in parts, or this file would name them.
REGISTRIES = [
    ".".join(name) for name in [("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")]
]
LESSON_LINK = re.compile(r"\(notebooks/([0-9]{2}_\w+)\.ipynb\)")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file() and file.suffix not in {".png", ".woff2"}]


def lessons() -> list[Path]:
    return lesson_files.lessons_in(ROOT / "notebooks")


def test_no_file_names_this_machine_or_a_registry():
    unwanted = [f"{ROOT}/", f"{Path.home()}/", *REGISTRIES]

    found = [(f, word) for f in tracked() for word in unwanted if word in f.read_text("utf-8")]

    assert found == []


def test_there_is_one_list_of_pins_and_no_lock_file():
    names = {file.name for file in tracked()}

    assert not names & {
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "uv.lock",
        "poetry.lock",
    }


def test_the_license_that_the_project_names_is_there():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_every_lesson_has_a_name_of_the_curriculum():
    files = sorted((ROOT / "notebooks").glob("*.ipynb"))

    assert [file.stem for file in files if file.stem not in NAMES] == []


def test_every_lesson_is_sound():
    found = [finding for lesson in lessons() for finding in judging.judge_lesson(lesson)]

    assert [str(finding) for finding in found + judging.judge_names(lessons())] == []


def test_the_readme_lists_the_lessons_that_there_are_in_their_order():
    linked = LESSON_LINK.findall((ROOT / "README.md").read_text())

    assert list(dict.fromkeys(linked)) == [lesson.stem for lesson in lessons()]


@pytest.mark.parametrize("name", [".ci/run", ".ci/prepare", "binder/start", "binder/postBuild"])
def test_scripts_have_their_run_bit(name):
    listed = subprocess.run(
        ["git", "ls-files", "--stage", name], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert listed.stdout.startswith("100755")


def test_the_build_machine_runs_the_command_of_the_readme():
    assert "make test" in (ROOT / ".ci" / "run").read_text()
