"""Which admin role may do what, and to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

SUPER_ADMIN = "SUPER_ADMIN"

Right = Literal[
    "super",
    "view people",
    "edit people",
    "help people",
    "edit groups",
    "edit members",
    "view apps",
    "edit apps",
    "assign apps",
    "view servers",
    "edit servers",
    "view tokens",
    "make tokens",
    "read log",
    "own token",
    "view roles",
    "view policies",
    "edit policies",
    "view origins",
    "edit origins",
]

_VIEWERS = (
    "ORG_ADMIN USER_ADMIN GROUP_MEMBERSHIP_ADMIN HELP_DESK_ADMIN READ_ONLY_ADMIN APP_ADMIN "
    "API_ACCESS_MANAGEMENT_ADMIN"
)
_ROLES: dict[Right, str] = {
    "super": "",
    "view people": _VIEWERS,
    "edit people": "ORG_ADMIN USER_ADMIN",
    "help people": "ORG_ADMIN USER_ADMIN HELP_DESK_ADMIN",
    "edit groups": "ORG_ADMIN",
    "edit members": "ORG_ADMIN USER_ADMIN GROUP_MEMBERSHIP_ADMIN",
    "view apps": "ORG_ADMIN READ_ONLY_ADMIN APP_ADMIN API_ACCESS_MANAGEMENT_ADMIN",
    "edit apps": "ORG_ADMIN APP_ADMIN API_ACCESS_MANAGEMENT_ADMIN",
    "assign apps": "ORG_ADMIN APP_ADMIN API_ACCESS_MANAGEMENT_ADMIN",
    "view servers": "READ_ONLY_ADMIN API_ACCESS_MANAGEMENT_ADMIN",
    "edit servers": "API_ACCESS_MANAGEMENT_ADMIN",
    "view tokens": "ORG_ADMIN READ_ONLY_ADMIN",
    "make tokens": "ORG_ADMIN USER_ADMIN GROUP_MEMBERSHIP_ADMIN READ_ONLY_ADMIN",
    "read log": "ORG_ADMIN READ_ONLY_ADMIN REPORT_ADMIN",
    "view roles": "ORG_ADMIN READ_ONLY_ADMIN",
    "view policies": "ORG_ADMIN READ_ONLY_ADMIN",
    "edit policies": "ORG_ADMIN",
    "view origins": "ORG_ADMIN READ_ONLY_ADMIN",
    "edit origins": "ORG_ADMIN",
}

ROLES: Mapping[Right, frozenset[str]] = MappingProxyType(
    {right: frozenset(names.split()) for right, names in _ROLES.items()}
)
"""Roles besides the super admin's that hold a right (Okta: standard roles)."""

_LIMITED = frozenset({"USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN", "APP_ADMIN"})


@dataclass(frozen=True, slots=True)
class Role:
    """One role that somebody holds. Empty targets: it reaches everywhere."""

    type: str
    groups: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom and what a call is about: groups (a user's own, or those named) and apps.

    Both empty: the org as a whole.
    """

    groups: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()


def is_super(roles: Iterable[Role]) -> bool:
    """Whether the super admin's role is among them."""
    return any(role.type == SUPER_ADMIN for role in roles)


def allows(roles: Iterable[Role], right: Right, reach: Reach) -> bool:
    """Whether one of the roles holds the right where the call reaches (Okta: role targets)."""
    return right == "own token" or any(_covers(role, right, reach) for role in roles)


def _covers(role: Role, right: Right, reach: Reach) -> bool:
    if role.type == SUPER_ADMIN:
        return True
    if role.type not in ROLES[right]:
        return False
    if role.type not in _LIMITED or not (role.groups or role.apps):
        return True
    return bool(role.groups & reach.groups or role.apps & reach.apps)
