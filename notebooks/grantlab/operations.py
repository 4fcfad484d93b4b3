"""The calls of the management API and of sign-in, each with what opens it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from grantlab.recording import Exchange

_ORG = re.compile(r"^.*?/orgs/[^/]+(?=/)")
_NAMED = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Operation:
    """One call, and what opens it.

    `does` says it in words, for lines of the lock-down thread; `number` is the line's, 0 elsewhere,
    and `written` the line as it stood, where it stood wrong or has changed since.
    `scope` is the smallest `okta.*` scope (None: none exists), `scopes` is every one that will
    do; `roles` and `all_roles` are the same for standard roles. A custom role needs all of
    `permissions`. `public`: without any credential.
    """

    method: str
    path: str
    does: str
    area: str
    scope: str | None
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    all_roles: tuple[str, ...]
    permissions: tuple[str, ...]
    public: bool
    number: int = 0
    query: str = ""
    written: str = ""

    @property
    def call(self) -> str:
        """Method, path and query, with names for the ids."""
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")


def operations_in(documents: Iterable[Mapping[str, Any]]) -> tuple[Operation, ...]:
    """Every operation in the answer of `lab.operations()`."""
    return tuple(_operation(found, found["permission"]) for found in documents)


def thread_in(documents: Iterable[Mapping[str, Any]]) -> tuple[Operation, ...]:
    """The 48 operations of the lock-down thread in the answer of `lab.operations()`."""
    rows = [
        _operation(found, *line["permissions"], line=line)
        for found in documents
        for line in found["thread"]
    ]
    return tuple(sorted(rows, key=lambda row: row.number))


def called_in(
    exchanges: Iterable[Exchange], documents: Iterable[Mapping[str, Any]]
) -> tuple[Operation, ...]:
    """The operations that a recording really called, each once, in the order of the first call."""
    known = operations_in(documents)
    found: dict[Operation, None] = {}
    for exchange in exchanges:
        path = _ORG.sub("", exchange.path)
        fitting = [
            each
            for each in known
            if each.method == exchange.method and _pattern(each.path).fullmatch(path)
        ]
        # Of /users/{user_id} and /users/me the one with fewer names is meant.
        if fitting:
            found[min(fitting, key=lambda each: len(_NAMED.findall(each.path)))] = None
    return tuple(found)


def _operation(
    found: Mapping[str, Any],
    *permissions: str | None,
    line: Mapping[str, Any] | None = None,
) -> Operation:
    line = line or {}
    return Operation(
        method=found["method"],
        path=found["path"],
        does=line.get("does", ""),
        area=_area(found["path"]),
        scope=found["scope"],
        scopes=tuple(found["scopes"]),
        roles=tuple(found["roles"]),
        all_roles=tuple(found["allRoles"]),
        permissions=tuple(name for name in permissions if name),
        public=not found["credentials"],
        number=line.get("number", 0),
        query=line.get("query") or "",
        written=line.get("written") or "",
    )


def _area(path: str) -> str:
    piece = path.removeprefix("/api/v1/").removeprefix("/oauth2/v1/").strip("/").split("/")[0]
    return {"authn": "sign-in", "authorizationServers": "authorization servers"}.get(piece, piece)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_NAMED.sub("[^/]+", path.replace(".", r"\.")))
