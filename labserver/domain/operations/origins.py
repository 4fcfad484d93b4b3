"""Trusted origins."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import SWITCHES, Operation, crud, posts

_ORIGINS = "/api/v1/trustedOrigins"


def of_origins() -> Iterator[Operation]:
    """Trusted origins and their switches."""
    yield from crud(_ORIGINS, "origin_id", "trustedOrigins", "view origins", "edit origins")
    path = f"{_ORIGINS}/{{origin_id}}"
    yield from posts(path, "okta.trustedOrigins.manage", "edit origins", *SWITCHES)
