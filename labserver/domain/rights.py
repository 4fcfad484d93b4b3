"""Which admin role may do what, and to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from labserver.domain.permissions import includes

SUPER_ADMIN = "SUPER_ADMIN"
CUSTOM = "CUSTOM"
INTEGRATION = "INTEGRATION"
"""What an installed integration has instead of a role: the whole org, but no way to more power."""

Right = Literal[
    "public",
    "super",
    "view people",
    "view factors",
    "edit people",
    "help people",
    "edit groups",
    "edit members",
    "view apps",
    "edit apps",
    "assign apps",
    "view servers",
    "edit servers",
    "view own tokens",
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

STANDARD_ROLES: Mapping[str, str] = MappingProxyType(
    {
        SUPER_ADMIN: "Super Administrator",
        "ORG_ADMIN": "Organization Administrator",
        "APP_ADMIN": "Application Administrator",
        "USER_ADMIN": "Group Administrator",
        "GROUP_MEMBERSHIP_ADMIN": "Group Membership Administrator",
        "HELP_DESK_ADMIN": "Help Desk Administrator",
        "READ_ONLY_ADMIN": "Read-Only Administrator",
        "REPORT_ADMIN": "Report Administrator",
        "API_ACCESS_MANAGEMENT_ADMIN": "API Access Management Administrator",
        "WORKFLOWS_ADMIN": "Workflows Administrator",
        "ACCESS_CERTIFICATIONS_ADMIN": "Access Certifications Administrator",
        "ACCESS_REQUESTS_ADMIN": "Access Requests Administrator",
    }
)
"""The roles that can be assigned as they are, and what people call them (Okta: role types)."""

_VIEWERS = (
    "ORG_ADMIN USER_ADMIN GROUP_MEMBERSHIP_ADMIN HELP_DESK_ADMIN READ_ONLY_ADMIN APP_ADMIN "
    "API_ACCESS_MANAGEMENT_ADMIN"
)
_ROLES: dict[Right, str] = {
    "super": "",
    "view people": _VIEWERS,
    "view factors": "ORG_ADMIN USER_ADMIN HELP_DESK_ADMIN READ_ONLY_ADMIN",
    "edit people": "ORG_ADMIN USER_ADMIN",
    "help people": "ORG_ADMIN USER_ADMIN HELP_DESK_ADMIN",
    "edit groups": "ORG_ADMIN",
    "edit members": "ORG_ADMIN USER_ADMIN GROUP_MEMBERSHIP_ADMIN",
    "view apps": "ORG_ADMIN READ_ONLY_ADMIN APP_ADMIN API_ACCESS_MANAGEMENT_ADMIN",
    "edit apps": "ORG_ADMIN APP_ADMIN API_ACCESS_MANAGEMENT_ADMIN",
    "assign apps": "ORG_ADMIN USER_ADMIN APP_ADMIN API_ACCESS_MANAGEMENT_ADMIN",
    "view servers": "READ_ONLY_ADMIN API_ACCESS_MANAGEMENT_ADMIN",
    "edit servers": "API_ACCESS_MANAGEMENT_ADMIN",
    "view own tokens": "ORG_ADMIN USER_ADMIN GROUP_MEMBERSHIP_ADMIN READ_ONLY_ADMIN "
    "API_ACCESS_MANAGEMENT_ADMIN",
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

# Where several are here, none of them includes another.
_LEAST: dict[Right, str] = {
    "view people": "GROUP_MEMBERSHIP_ADMIN HELP_DESK_ADMIN READ_ONLY_ADMIN",
    "view factors": "HELP_DESK_ADMIN",
    "edit people": "USER_ADMIN",
    "help people": "HELP_DESK_ADMIN",
    "edit groups": "ORG_ADMIN",
    "edit members": "GROUP_MEMBERSHIP_ADMIN",
    "view apps": "READ_ONLY_ADMIN",
    "edit apps": "APP_ADMIN",
    "assign apps": "USER_ADMIN APP_ADMIN",
    "view servers": "READ_ONLY_ADMIN",
    "edit servers": "API_ACCESS_MANAGEMENT_ADMIN",
    "view own tokens": "GROUP_MEMBERSHIP_ADMIN READ_ONLY_ADMIN",
    "view tokens": "READ_ONLY_ADMIN",
    "make tokens": "GROUP_MEMBERSHIP_ADMIN READ_ONLY_ADMIN",
    "read log": "REPORT_ADMIN",
    "own token": "",
    "public": "",
    "view roles": "READ_ONLY_ADMIN",
    "view policies": "READ_ONLY_ADMIN",
    "edit policies": "ORG_ADMIN",
    "view origins": "READ_ONLY_ADMIN",
    "edit origins": "ORG_ADMIN",
}

_NOT_FOR_INTEGRATIONS = frozenset({"super", "make tokens"})

GROUP_LIMITED = frozenset({"USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN"})
"""Roles that target groups may limit."""
APP_LIMITED = frozenset({"APP_ADMIN"})
"""Roles that target apps may limit."""


@dataclass(frozen=True, slots=True)
class Role:
    """One role that somebody holds.

    A standard role reaches everywhere until it is `limited`: then its targets alone, if there are
    any left. A custom one has `permissions` on `resources`: paths below `/api/v1/` (Okta:
    resource sets).
    """

    type: str
    groups: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    limited: bool = False
    permissions: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()

    @property
    def reaches_everywhere(self) -> bool:
        """Whether no targets limit it."""
        limits = self.type in GROUP_LIMITED | APP_LIMITED
        return not (limits and (self.limited or self.groups or self.apps))


@dataclass(frozen=True, slots=True)
class Need:
    """What a custom role must hold for a call: a permission, on one of these resources."""

    permission: str
    resources: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom and what a call is about: groups (a user's own, or those named) and apps.

    `person` are the groups of a user whom a call about a group names beside it. Everything empty:
    the org as a whole. A `listing` shows each caller what is in reach, so any target will do.
    """

    groups: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    person: frozenset[str] | None = None
    listing: bool = False
    needs: tuple[Need, ...] = ()


def is_super(roles: Iterable[Role]) -> bool:
    """Whether the super admin's role is among them."""
    return any(role.type == SUPER_ADMIN for role in roles)


def allows(roles: Iterable[Role], right: Right, reach: Reach) -> bool:
    """Whether one of the roles holds the right where the call reaches (Okta: role targets).

    Custom roles may share the work: each need is met by one of them.
    """
    held = tuple(roles)
    if right == "own token" or any(_covers(role, right, reach) for role in held):
        return True
    return bool(reach.needs) and all(
        any(_meets(role, need, reach.listing) for role in held) for need in reach.needs
    )


def least_roles(right: Right) -> tuple[str, ...]:
    """The smallest standard roles that hold the right; any one of them will do."""
    return (SUPER_ADMIN,) if right == "super" else tuple(_LEAST[right].split())


def _covers(role: Role, right: Right, reach: Reach) -> bool:
    if role.type == SUPER_ADMIN:
        return True
    if role.type == INTEGRATION:
        return right not in _NOT_FOR_INTEGRATIONS
    if role.type == CUSTOM or role.type not in ROLES[right]:
        return False
    if role.reaches_everywhere or reach.listing:
        return True
    if role.apps & reach.apps:
        return True
    # Who may edit people must not win power over more of them by adding them to a group.
    person = None if role.type == "GROUP_MEMBERSHIP_ADMIN" else reach.person
    return bool(role.groups & reach.groups) and (person is None or bool(role.groups & person))


def _meets(role: Role, need: Need, listing: bool) -> bool:
    if not any(includes(held, need.permission) for held in role.permissions):
        return False
    return listing or bool(role.resources & need.resources)
