"""One list of pins, and what it agrees with."""

import runpy
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
PINS = dict(line.split("==") for line in LINES if not line.startswith("#"))


@pytest.mark.parametrize("line", PROJECT["dependencies"])
def test_each_requirement_of_the_project_is_pinned_within_its_bounds(line):
    wanted = Requirement(line)

    assert PINS[canonicalize_name(wanted.name)] in wanted.specifier


def test_everything_needed_at_run_time_is_pinned_at_the_version_that_is_tested():
    needed = runpy.run_path(str(ROOT / ".ci" / "pins.py"))["closure"]("grantlab")

    assert needed == {name: version for name, version in PINS.items() if name in needed}


def test_what_is_pinned_is_needed_on_this_machine_or_another():
    # A pin that isn't installed here would be a leftover, as every pin is installed by `make`.
    assert {name: metadata.version(name) for name in PINS} == PINS


def test_what_only_tests_need_is_pinned_in_one_place():
    wanted = [Requirement(line) for line in PROJECT["optional-dependencies"]["test"]]

    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        assert [each.operator for each in requirement.specifier] == ["=="], name
        assert metadata.version(name) in requirement.specifier, name


def test_the_pins_name_no_address():
    assert all(line.startswith("#") or line.count("==") == 1 for line in LINES)
    assert not any("://" in line or "--" in line for line in LINES)
