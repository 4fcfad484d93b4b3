"""World files: what a new org holds, in YAML, checked so that a mistake names its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from labserver.store.world_model import World

BANK = Path(__file__).parent.parent / "worlds" / "bank.yaml"

_WORDS = {
    "missing": "This field is missing; add it.",
    "extra_forbidden": "There is no such field; remove it or mend its name.",
}
Place = tuple[str | int, ...]


class WorldError(Exception):
    """A world file can't be used; the message names the file, the line, the field and the cure."""

    def __init__(self, file: Path, line: int | None, field: str, problem: str) -> None:
        place = ", ".join([str(file), *([f"line {line}"] if line else [])])
        super().__init__(f"{place}: {field}: {problem}" if field else f"{place}: {problem}")
        self.file = file
        self.line = line
        self.field = field
        self.problem = problem


@cache
def load_world(file: Path | None = None) -> World:
    """The world in this file, the bundled bank by default; read once in a process.

    Raises `WorldError`.
    """
    path = file or BANK
    tree = _read(path)
    try:
        world = World.model_validate(_plain(tree))
    except ValidationError as faults:
        fault = faults.errors(include_url=False)[0]
        problem = _WORDS.get(fault["type"], f"{fault['msg'].removeprefix('Value error, ')}.")
        raise _at(path, tree, fault["loc"], problem) from None
    for place, problem in _wrong_names(world):
        raise _at(path, tree, place, problem)
    if file is not None:
        for place, problem in _wrong_expressions(world):
            raise _at(path, tree, place, problem)
    return world


def _read(path: Path) -> Any:
    """The file as a tree that knows its lines."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="rt").load(path.read_text("utf-8"))
    except OSError as fault:
        problem = f"The world file can't be read ({fault.strerror}); mend it or name another."
        raise WorldError(path, None, "", problem) from None
    except UnicodeDecodeError:
        raise WorldError(path, None, "", "The world file is not UTF-8; save it as such.") from None
    except MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = mark.line + 1 if mark else None
        problem = f"This is no YAML: {fault.problem or fault.context}."
        raise WorldError(path, line, "", problem) from None
    except (YAMLError, ValueError, RecursionError):
        raise WorldError(path, None, "", "This is no YAML; mend it.") from None


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {_plain(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_plain(value) for value in tree]
    for kind in (bool, int, float, str):
        if isinstance(tree, kind):
            return kind(tree)
    return tree


def _at(path: Path, tree: Any, place: Sequence[str | int], problem: str) -> WorldError:
    """The error for a place in the tree; a field that is missing has its parent's line."""
    line, field = 1, ""
    for step in place:
        field += f"[{step}]" if isinstance(step, int) else f".{step}"
        known = step in tree if isinstance(tree, dict) else isinstance(tree, list)
        if not known:
            break
        lines: Any = getattr(tree, "lc", None)
        where = lines.key(step) if isinstance(tree, dict) else lines.item(step)
        line, tree = where[0] + 1, tree[step]
    return WorldError(path, line, field.removeprefix("."), problem)


def _wrong_names(world: World) -> Iterator[tuple[Place, str]]:
    """Names that stand for nothing, or for two things."""
    groups = [group.profile.name for group in world.groups]
    logins = [user.profile.login.casefold() for user in world.users]
    labels = [app.label for app in world.apps]
    servers = ["default", *(server.name for server in world.authorization_servers)]
    yield from _twice(groups, "groups", "profile", "name")
    yield from _twice(logins, "users", "profile", "login")
    yield from _twice(labels, "apps", "label")
    yield from _twice(servers[1:], "authorizationServers", "name", taken=("default",))
    for number, user in enumerate(world.users):
        place: Place = ("users", number)
        yield from _unknown(user.groups, groups, "group", *place, "groups")
        for index, role in enumerate(user.roles):
            targets = (*place, "roles", index, "targets", "groups")
            yield from _unknown(role.targets.groups, groups, "group", *targets)
    for number, app in enumerate(world.apps):
        place = ("apps", number)
        yield from _unknown(app.groups, groups, "group", *place, "groups")
        yield from _unknown(
            [user.casefold() for user in app.users], logins, "user", *place, "users"
        )
    for number, server in enumerate(world.authorization_servers):
        scopes = server.known_scopes
        place = ("authorizationServers", number)
        for index, claim in enumerate(server.claims):
            where: Place = (*place, "claims", index, "conditions", "scopes")
            yield from _unknown(claim.conditions.scopes, scopes, "scope", *where)
        for index, policy in enumerate(server.policies):
            at: Place = (*place, "policies", index)
            clients = (*at, "conditions", "clients", "include")
            yield from _unknown(
                policy.conditions.clients.include, [*labels, "ALL_CLIENTS"], "app", *clients
            )
            for which, rule in enumerate(policy.rules):
                conditions: Place = (*at, "rules", which, "conditions")
                people: Place = (*conditions, "people")
                named = rule.conditions.people
                known = [*groups, "EVERYONE", "Everyone"]
                allowed = [*scopes, "*"]
                yield from _unknown(
                    named.groups.include, known, "group", *people, "groups", "include"
                )
                yield from _unknown(
                    named.groups.exclude, known, "group", *people, "groups", "exclude"
                )
                yield from _unknown(
                    named.users.include, logins, "user", *people, "users", "include"
                )
                yield from _unknown(
                    named.users.exclude, logins, "user", *people, "users", "exclude"
                )
                yield from _unknown(
                    rule.conditions.scopes.include,
                    allowed,
                    "scope",
                    *conditions,
                    "scopes",
                    "include",
                )


def _unknown(
    names: Sequence[str], known: Sequence[str], kind: str, *place: str | int
) -> Iterator[tuple[Place, str]]:
    for index, name in enumerate(names):
        if name not in known:
            choices = ", ".join(known) or "none"
            yield (*place, index), f"There is no {kind} {name!r} here; there is: {choices}."


def _twice(
    names: Sequence[str], kind: str, *field: str, taken: Sequence[str] = ()
) -> Iterator[tuple[Place, str]]:
    for index, name in enumerate(names):
        if name in taken or name in names[:index]:
            yield (kind, index, *field), f"{name!r} is there already; choose another name."


def _wrong_expressions(world: World) -> Iterator[tuple[Place, str]]:
    # Imported here because a grammar is slow to load and the bundled world has its test.
    from labserver.domain.expressions import ExpressionError, parse

    for number, server in enumerate(world.authorization_servers):
        for index, claim in enumerate(server.claims):
            if claim.value_type == "EXPRESSION":
                try:
                    parse(claim.value)
                except ExpressionError as error:
                    place = ("authorizationServers", number, "claims", index, "value")
                    yield place, f"This expression can't be read: {error}"
