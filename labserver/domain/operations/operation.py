"""One operation of the management API, and how families of them are written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labserver.domain.rights import Right


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `scope` is the `okta.*` scope of a bearer token; None: API tokens only."""

    method: str
    path: str
    scope: str | None
    right: Right


def crud(path: str, item: str, resource: str, view: Right, edit: Right) -> Iterator[Operation]:
    """List, make, read, replace and delete the things below a path."""
    read, manage = f"okta.{resource}.read", f"okta.{resource}.manage"
    yield Operation("GET", path, read, view)
    yield Operation("POST", path, manage, edit)
    yield Operation("GET", f"{path}/{{{item}}}", read, view)
    yield Operation("PUT", f"{path}/{{{item}}}", manage, edit)
    yield Operation("DELETE", f"{path}/{{{item}}}", manage, edit)


def posts(path: str, scope: str, right: Right, *names: str) -> Iterator[Operation]:
    for name in names:
        yield Operation("POST", f"{path}/{name}", scope, right)


SWITCHES = ("lifecycle/activate", "lifecycle/deactivate")
"""What most things can be: switched on and off."""
