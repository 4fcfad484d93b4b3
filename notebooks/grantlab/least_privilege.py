"""Operations against scopes and admin roles: what is needed, what is granted, what is too much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType
from typing import Literal

from grantlab.operations import Operation, called_in, operations_in, thread_in

__all__ = [
    "ROLES",
    "Comparison",
    "Holding",
    "Identity",
    "Needed",
    "Operation",
    "Outcome",
    "Prediction",
    "Role",
    "State",
    "called_in",
    "compare",
    "needed_for",
    "operations_in",
    "predict",
    "thread_in",
]

Outcome = Literal[
    "credential refused",
    "scope missing",
    "API token only",
    "role missing",
    "allowed",
    "no credential needed",
]
State = Literal["needed", "missing", "more than needed", "unused"]

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "REPORT_ADMIN": "Report admin",
        "GROUP_MEMBERSHIP_ADMIN": "Group membership admin",
        "HELP_DESK_ADMIN": "Help desk admin",
        "APP_ADMIN": "Application admin",
        "USER_ADMIN": "Group admin",
        "READ_ONLY_ADMIN": "Read-only admin",
        "API_ACCESS_MANAGEMENT_ADMIN": "API access management admin",
        "ORG_ADMIN": "Organization admin",
        "SUPER_ADMIN": "Super admin",
    }
)
"""The standard roles that open anything, by what people call them. Those that open the fewest
calls come first."""

_RANK = {name: rank for rank, name in enumerate(ROLES)}
_SECRETS_APART = ("okta.users.apitokens.", "okta.apps.clientCredentials.")


@dataclass(frozen=True)
class Role:
    """A role that somebody holds: a standard `type`, or `CUSTOM` with `permissions`.

    `groups` are the ids of the target groups that limit it; empty: everywhere.
    """

    type: str
    label: str = ""
    permissions: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.label or ROLES.get(self.type, self.type)

    def opens(self, operation: Operation) -> bool:
        """Whether this role alone is enough of a role for the call."""
        if self.type != "CUSTOM":
            return self.type in operation.all_roles
        return bool(operation.permissions) and all(
            _permits(self.permissions, wanted) for wanted in operation.permissions
        )


@dataclass(frozen=True)
class Identity:
    """Who calls, with what: the scopes of a token, and the roles of whoever stands behind it.

    `scopes` is None for an API token: it has none, and may all that its roles may.
    `authorization` is the header that proves it, empty where there is nothing to call with.
    `accepted` is False for a token that the management API takes from nobody: it has expired, or
    is meant for another audience.
    """

    name: str
    scopes: frozenset[str] | None = None
    roles: tuple[Role, ...] = ()
    authorization: str = field(default="", repr=False)
    accepted: bool = True

    @property
    def credential(self) -> str:
        """The kind of credential, in words."""
        return "API token" if self.scopes is None else "access token"

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that all of the roles together are limited to; empty: everywhere."""
        limits = [role.groups for role in self.roles]
        return () if not all(limits) else tuple(dict.fromkeys(sum(limits, ())))


@dataclass(frozen=True)
class Prediction:
    """What the server should say, and what it would miss."""

    outcome: Outcome
    lacks: str = ""


@dataclass(frozen=True)
class Needed:
    """The least that opens all of these operations.

    `roles` are the smallest standard ones that do it together, `or_roles` single ones that would
    do as well and are larger. `permissions` are what a custom role would need instead.
    """

    operations: tuple[Operation, ...]
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    or_roles: tuple[str, ...]
    permissions: tuple[str, ...]
    api_token_only: tuple[Operation, ...]
    public: tuple[Operation, ...]


@dataclass(frozen=True)
class Holding:
    """One scope or role, what it is for these operations, and why."""

    name: str
    state: State
    because: str


@dataclass(frozen=True)
class Comparison:
    """What somebody has, beside what is needed."""

    scopes: tuple[Holding, ...]
    roles: tuple[Holding, ...]
    predictions: tuple[tuple[Operation, Prediction], ...]

    def named(self, state: State) -> tuple[str, ...]:
        """The scopes, then the roles, that are in this state."""
        return tuple(one.name for one in (*self.scopes, *self.roles) if one.state == state)

    @property
    def refused(self) -> tuple[Operation, ...]:
        """The operations that would be refused."""
        kinds = ("allowed", "no credential needed")
        return tuple(one for one, said in self.predictions if said.outcome not in kinds)

    @property
    def enough(self) -> bool:
        """Every operation is opened."""
        return not self.refused

    @property
    def exact(self) -> bool:
        """It is enough, and no scope or role of it could be left out or be smaller."""
        return self.enough and not (self.named("unused") or self.named("more than needed"))


def needed_for(operations: Iterable[Operation]) -> Needed:
    """The least scopes and the smallest roles that open all of these operations."""
    asked = tuple(operations)
    wanted = {each.scope for each in asked if each.scope}
    scopes = {each for each in wanted if not (_manage(each) in wanted and _manage(each) != each)}
    restricted = [each for each in asked if each.all_roles]
    roles = _cover(restricted)
    singles = [
        role
        for role in ROLES
        if restricted
        and all(role in each.all_roles for each in restricted)
        and (role,) != roles
        and _RANK[role] > max(_RANK[held] for held in roles)
    ]
    return Needed(
        asked,
        tuple(sorted(scopes)),
        roles,
        tuple(singles),
        tuple(dict.fromkeys(name for each in asked for name in each.permissions)),
        tuple(each for each in asked if each.scope is None and not each.public),
        tuple(each for each in asked if each.public),
    )


def predict(identity: Identity, operation: Operation) -> Prediction:
    """What the server should say: it asks for the scope first, then for the role.

    A role with target groups is taken to be enough; it is, for people in them.
    """
    if operation.public:
        return Prediction("no credential needed")
    if not identity.accepted:
        return Prediction("credential refused", "a token for this API that has not expired")
    if identity.scopes is not None:
        if operation.scope is None:
            return Prediction("API token only", "no scope exists")
        if not identity.scopes.intersection(operation.scopes):
            return Prediction("scope missing", operation.scope)
    if operation.all_roles and not _together(identity.roles, operation):
        return Prediction("role missing", " or ".join(operation.roles))
    return Prediction("allowed")


def compare(granted: Identity, needed: Needed | Iterable[Operation]) -> Comparison:
    """Each scope and role that is granted or needed, and what it is for these operations."""
    least = needed if isinstance(needed, Needed) else needed_for(needed)
    return Comparison(
        _scopes(granted.scopes, least),
        _roles(granted.roles, least),
        tuple((each, predict(granted, each)) for each in least.operations),
    )


def _scopes(granted: frozenset[str] | None, needed: Needed) -> tuple[Holding, ...]:
    if granted is None:
        return ()
    missing = [
        Holding(scope, "missing", _opening(scope, needed, "would open"))
        for scope in needed.scopes
        if scope not in granted and _manage(scope) not in granted
    ]
    return (*missing, *sorted((_scope(each, granted, needed) for each in granted), key=_by_state))


def _scope(scope: str, granted: frozenset[str], needed: Needed) -> Holding:
    opened = [each for each in needed.operations if scope in each.scopes]
    if not opened:
        return Holding(scope, "unused", "no call here asks for it")
    if scope != _manage(scope) and _manage(scope) in granted:
        return Holding(scope, "unused", f"{_manage(scope)} includes it")
    if all(each.scope != scope for each in opened):
        least = ", ".join(sorted({each.scope for each in opened if each.scope}))
        return Holding(scope, "more than needed", f"{least} is enough")
    return Holding(scope, "needed", _opening(scope, needed, "opens"))


def _roles(held: tuple[Role, ...], needed: Needed) -> tuple[Holding, ...]:
    restricted = [each for each in needed.operations if each.all_roles]
    left = [each for each in restricted if not _together(held, each)]
    missing = [
        Holding(role, "missing", _counted("would open", len(_opened(Role(role), restricted))))
        for role in _cover(left)
    ]
    return (*missing, *sorted((_role(each, held, needed) for each in held), key=_by_state))


def _role(role: Role, held: tuple[Role, ...], needed: Needed) -> Holding:
    name = role.type if role.type in ROLES else role.name
    restricted = [each for each in needed.operations if each.all_roles]
    mine = _opened(role, restricted)
    # Of two that open the same the smaller one is the needed one.
    others = [each for each in held if each is not role and _power(each) < _power(role)]
    if not mine:
        return Holding(name, "unused", "no call here asks for it")
    if len(mine) == sum(_together(tuple(others), each) for each in mine):
        return Holding(name, "unused", "smaller roles here open all of it")
    if role.type == "READ_ONLY_ADMIN" and all(each.method == "GET" for each in mine):
        # It opens much and changes nothing: another way of being small.
        return Holding(name, "needed", _counted("opens", len(mine)))
    smaller = _cover(mine)
    if role.type in ROLES and max(map(_RANK.__getitem__, smaller)) < _RANK[role.type]:
        return Holding(name, "more than needed", f"{' and '.join(smaller)} would do")
    limits = " in its target groups" if role.groups else ""
    left = [each for each in restricted if not _together(held, each)]
    wider = [name for name in _cover(left) if all(Role(name).opens(each) for each in mine)]
    until = f"; {wider[0]} would open these too" if wider else ""
    return Holding(name, "needed", _counted("opens", len(mine)) + limits + until)


def _cover(operations: Iterable[Operation]) -> tuple[str, ...]:
    """The standard roles that open all of these together, with as little power as can be."""
    asked = list(operations)
    if not asked:
        return ()
    found = [
        roles
        for count in (1, 2, 3)
        for roles in combinations(ROLES, count)
        if all(set(roles) & set(each.all_roles) for each in asked)
    ]
    return min(found, key=lambda roles: sorted((_RANK[role] for role in roles), reverse=True))


def _together(roles: tuple[Role, ...], operation: Operation) -> bool:
    """Custom roles may share what a call asks for."""
    if any(role.opens(operation) for role in roles):
        return True
    shared = frozenset[str]().union(*(role.permissions for role in roles))
    return Role("CUSTOM", permissions=shared).opens(operation)


def _opened(role: Role, operations: Iterable[Operation]) -> list[Operation]:
    return [each for each in operations if role.opens(each)]


def _power(role: Role) -> int:
    return _RANK.get(role.type, 0)


def _permits(held: frozenset[str], wanted: str) -> bool:
    """A permission to manage includes its family, apart from secrets."""
    for each in held:
        family = each.removesuffix("manage")
        apart = any(wanted.startswith(one) and not each.startswith(one) for one in _SECRETS_APART)
        if each == wanted or (each.endswith(".manage") and wanted.startswith(family) and not apart):
            return True
    return False


def _manage(scope: str) -> str:
    return scope.removesuffix(".read") + ".manage" if scope.endswith(".read") else scope


def _by_state(holding: Holding) -> tuple[int, str]:
    return ("missing", "needed", "more than needed", "unused").index(holding.state), holding.name


def _opening(scope: str, needed: Needed, verb: str) -> str:
    return _counted(verb, sum(scope in each.scopes for each in needed.operations))


def _counted(verb: str, count: int) -> str:
    return f"{verb} {count} call" + ("" if count == 1 else "s")
