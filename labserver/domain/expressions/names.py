"""What an expression may refer to: the documented names, and their values for one evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from labserver.domain.expressions.errors import ExpressionError, Misuse
from labserver.domain.expressions.plain import plain
from labserver.domain.patterns import Patience

INTERNAL_PROPERTIES = ("id", "status", "created", "lastUpdated", "lastLogin", "passwordChanged")

_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "app": ("id", "clientId", "profile"),
    "access": ("scope",),
    "session": ("amr",),
    "org": ("name", "subDomain"),
}
_OPEN = ("user", "appuser")
ROOTS = (*_OPEN, *_ATTRIBUTES)


@dataclass(frozen=True)
class Names:
    """The values of one evaluation, as plain data.

    `user` and `appuser` are profiles, or None where no person takes part (client credentials).
    `internal` answers `user.getInternalProperty`; `app` holds `id`, `clientId` and `profile`;
    `org` holds `name` and `subDomain`; `groups` are the user's, as pairs of id and name.
    `now` is in seconds since 1970 (UTC) and needed by `Time.now` only.
    """

    user: Mapping[str, object] | None = None
    internal: Mapping[str, object] = field(default_factory=dict)
    appuser: Mapping[str, object] | None = None
    app: Mapping[str, object] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    org: Mapping[str, object] = field(default_factory=dict)
    groups: tuple[tuple[str, str], ...] = ()
    now: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """One evaluation under way: its values and the matching time that is left."""

    names: Names
    patience: Patience = field(default_factory=Patience)

    def person(self) -> Mapping[str, object]:
        """The user's profile; raises NobodyThere without a user."""
        if self.names.user is None:
            raise NobodyThere
        return self.names.user

    def groups(self) -> tuple[tuple[str, str], ...]:
        """The user's groups; raises NobodyThere without a user."""
        self.person()
        return self.names.groups


class NobodyThere(Exception):  # noqa: N818  (not an error: it makes the whole expression null)
    """The expression asks for something of a person, and there is none."""


@dataclass(frozen=True)
class Whole:
    """`user`, `app`, … without an attribute: good for a comparison with null, nothing else."""

    root: str


def look_up(root: str, path: tuple[str, ...], evaluation: Evaluation) -> object:
    """The value behind a reference; null where the data has no such attribute."""
    value: object = _root(root, evaluation.names)
    if not path:
        return None if value is None else Whole(root)
    if value is None:
        raise NobodyThere
    for name in path:
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise Misuse(f"{name!r} is looked up in a value that has no parts", "leave it out")
        value = value.get(name)
    return plain(value)


def _root(root: str, names: Names) -> Mapping[str, object] | None:
    match root:
        case "user":
            return names.user
        case "appuser":
            return names.appuser
        case "app":
            return names.app
        case "access":
            return {"scope": names.scopes}
        case "session":
            return {"amr": names.amr}
        case _:
            return names.org


def check_reference(root: str, path: tuple[str, ...], column: int) -> None:
    """Raise ExpressionError unless the documentation knows such a name."""
    if root not in ROOTS:
        raise _unknown(root, bool(path), column)
    if root in _OPEN:
        if len(path) > 1:
            raise ExpressionError(
                column,
                f"{'.'.join((root, *path))!r} has too many parts",
                f"attributes stand right after {root}, as in {root}.{path[-1]}",
            )
        return
    if not path:
        return
    known = _ATTRIBUTES[root]
    if path[0] not in known:
        choices = " or ".join(f"{root}.{name}" for name in known)
        raise ExpressionError(column, f"{root} has no {path[0]!r}", f"write {choices}")
    if len(path) > 1 and path[0] != "profile":
        raise ExpressionError(
            column, f"{root}.{path[0]} has no parts", f"write {root}.{path[0]} alone"
        )


def _unknown(root: str, has_attribute: bool, column: int) -> ExpressionError:
    known = ", ".join(ROOTS)
    if has_attribute:
        return ExpressionError(
            column,
            f"{root!r} is not known here, and claims can't refer to other apps by name",
            f"use one of {known} (appuser is the assignment of the current app)",
        )
    return ExpressionError(
        column,
        f"{root!r} is not known here",
        f"refer to an attribute of {known}, or put a text in quotes",
    )
