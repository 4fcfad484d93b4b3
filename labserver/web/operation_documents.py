"""The table of operations as JSON: for lessons, tests, and whoever wants the least privilege."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from labserver.domain.operations import OPERATIONS, Operation
from labserver.domain.operations.thread import THREAD, ThreadRow
from labserver.domain.rights import ROLES, SUPER_ADMIN, least_roles


def operation_documents() -> list[dict[str, Any]]:
    """Every operation with all that opens it, and the thread's lines that are about it."""
    lines: dict[tuple[str, str], list[ThreadRow]] = defaultdict(list)
    for row in THREAD:
        lines[row.method, row.path].append(row)
    return [_document(operation, lines[key]) for key, operation in OPERATIONS.items()]


def _document(operation: Operation, lines: list[ThreadRow]) -> dict[str, Any]:
    return {
        "method": operation.method,
        "path": operation.path,
        "credentials": list(operation.credentials),
        "scope": operation.scope,
        "ownScopes": list(operation.own_scopes),
        "right": operation.right,
        "scopes": list(operation.scopes),
        "roles": list(least_roles(operation.right)),
        "allRoles": _all_roles(operation),
        "permission": operation.permission,
        "thread": [_line(operation, row) for row in lines],
    }


def _all_roles(operation: Operation) -> list[str]:
    """Every standard role that opens it; none where no role is asked for."""
    if operation.right in ("own token", "public"):
        return []
    return [*sorted(ROLES.get(operation.right, ())), SUPER_ADMIN]


def _line(operation: Operation, row: ThreadRow) -> dict[str, Any]:
    own = (operation.permission,) if operation.permission else ()
    return {
        "number": row.number,
        "part": row.part,
        "does": row.does,
        "query": row.query or None,
        "written": row.written or None,
        "worksAsWritten": row.works,
        "permissions": list(row.permissions or own),
    }
