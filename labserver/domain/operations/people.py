"""Users and groups."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import SWITCHES, Operation, crud, posts

_USERS = "/api/v1/users"
_USER = f"{_USERS}/{{user_id}}"
_GROUP = "/api/v1/groups/{group_id}"


def of_people() -> Iterator[Operation]:
    """Users, their lifecycle, groups, members."""
    manage = "okta.users.manage"
    yield from crud(_USERS, "user_id", "users", "view people", "edit people")
    yield Operation("POST", _USER, manage, "edit people")
    switches = (*SWITCHES, "lifecycle/suspend", "lifecycle/unsuspend")
    yield from posts(_USER, manage, "edit people", *switches)
    yield from posts(_USER, manage, "help people", "lifecycle/unlock")
    yield Operation("DELETE", f"{_USER}/sessions", manage, "help people")
    yield Operation("GET", f"{_USER}/groups", "okta.users.read", "view people")
    yield from crud("/api/v1/groups", "group_id", "groups", "view people", "edit groups")
    members = f"{_GROUP}/users"
    yield Operation("GET", members, "okta.groups.read", "view people")
    yield Operation("PUT", f"{members}/{{user_id}}", "okta.groups.manage", "edit members")
    yield Operation("DELETE", f"{members}/{{user_id}}", "okta.groups.manage", "edit members")
