"""Users and groups."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import SWITCHES, Operation, crud, posts

_USERS = "/api/v1/users"
_USER = f"{_USERS}/{{user_id}}"
_GROUP = "/api/v1/groups/{group_id}"
_FACTORS = f"{_USER}/factors"
_FACTOR = f"{_FACTORS}/{{factor_id}}"
_LIFECYCLE = ("lifecycle/reactivate", "lifecycle/suspend", "lifecycle/unsuspend")
_CHANGES = ("credentials/change_password", "credentials/change_recovery_question")
_HELP = (
    "lifecycle/unlock",
    "lifecycle/reset_password",
    "lifecycle/expire_password",
    "lifecycle/expire_password_with_temp_password",
    "lifecycle/reset_factors",
    "credentials/forgot_password",
)
"""What a help desk does for people (Okta: help desk administrator)."""


def of_people() -> Iterator[Operation]:
    """Users, their lifecycle, credentials and factors, groups, members."""
    manage = "okta.users.manage"
    yield from crud(_USERS, "user_id", "users", "view people", "edit people")
    yield Operation("POST", _USER, manage, "edit people")
    yield from posts(_USER, manage, "edit people", *SWITCHES, *_LIFECYCLE, *_CHANGES)
    yield from posts(_USER, manage, "help people", *_HELP)
    yield Operation("DELETE", f"{_USER}/sessions", manage, "help people")
    yield Operation("GET", f"{_USER}/groups", "okta.users.read", "view people")
    yield from _of_factors()
    yield from crud("/api/v1/groups", "group_id", "groups", "view people", "edit groups")
    members = f"{_GROUP}/users"
    yield Operation("GET", members, "okta.groups.read", "view people")
    yield Operation("PUT", f"{members}/{{user_id}}", "okta.groups.manage", "edit members")
    yield Operation("DELETE", f"{members}/{{user_id}}", "okta.groups.manage", "edit members")


def _of_factors() -> Iterator[Operation]:
    read, manage = "okta.users.read", "okta.users.manage"
    for path in (_FACTORS, f"{_FACTORS}/catalog", _FACTOR):
        yield Operation("GET", path, read, "view factors")
    yield Operation("GET", f"{_FACTORS}/questions", None, "view factors")
    yield from posts(_USER, manage, "edit people", "factors")
    yield from posts(_FACTOR, manage, "edit people", "lifecycle/activate", "resend", "verify")
    yield Operation("DELETE", _FACTOR, manage, "help people")
