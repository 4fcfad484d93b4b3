"""One lab server for all lessons of a run, as at a workshop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grantlab.running import a_server


@pytest.fixture(scope="session")
def server() -> Iterator[dict[str, str]]:
    """What tells a lesson of a server with a movable clock."""
    with a_server() as found:
        yield found
