"""Sign-ins of people, as administrators see them."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import Operation, posts

_SESSIONS = "/api/v1/sessions"
_MANAGE = "okta.sessions.manage"


def of_sessions() -> Iterator[Operation]:
    """Sessions by their id; the browser's own one needs no administrator."""
    one = f"{_SESSIONS}/{{session_id}}"
    yield Operation("POST", _SESSIONS, None, "help people")
    yield Operation("GET", one, "okta.sessions.read", "view people")
    yield Operation("DELETE", one, _MANAGE, "help people")
    yield from posts(one, _MANAGE, "help people", "lifecycle/refresh")
