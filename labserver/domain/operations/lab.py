"""The lab's own calls, for the org's super admin."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import Operation


def of_the_lab() -> Iterator[Operation]:
    """Preview, snapshot, reset."""
    for method, path in (
        ("POST", "/lab/preview"),
        ("GET", "/lab/snapshot"),
        ("PUT", "/lab/snapshot"),
        ("POST", "/lab/reset"),
    ):
        yield Operation(method, path, None, "super")
