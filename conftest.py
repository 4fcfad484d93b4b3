"""Keeps every test and every lesson away from the person's own lab."""

import os
import tempfile

import pytest

state = tempfile.TemporaryDirectory(prefix="grantlab-tests-")


def pytest_configure(config: pytest.Config) -> None:
    """Tests and the kernels they start share a state folder of this run, and no settings."""
    for name in [name for name in os.environ if name.startswith("GRANTLAB_")]:
        del os.environ[name]
    os.environ["GRANTLAB_HOME"] = state.name
    os.environ["GRANTLAB_PROGRESS"] = os.path.join(state.name, "progress.json")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The folder is gone."""
    state.cleanup()
