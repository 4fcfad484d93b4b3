"""Whom and what a call is about, as far as admin rights care; and what a list may show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request
from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from labserver.domain import values
from labserver.domain.operations import Operation
from labserver.domain.operations.operation import OWN_ATTRIBUTES
from labserver.domain.permissions import includes
from labserver.domain.rights import (
    CUSTOM,
    INTEGRATION,
    ROLES,
    SUPER_ADMIN,
    Need,
    Reach,
    Right,
    Role,
)
from labserver.oauth.context import Context
from labserver.store import loaders
from labserver.store.apps import ApiScopeGrant, App, AppGroup, AppUser
from labserver.store.directory import Group, Membership, RoleAssignment, User, login_key
from labserver.store.ledger.sessions import session_of_id
from labserver.web.bodies import json_body
from labserver.web.errors import ApiError

_LISTS: dict[str, tuple[type[Any], Right, str]] = {
    "/api/v1/users": (User, "view people", "okta.users.read"),
    "/api/v1/groups": (Group, "view people", "okta.groups.read"),
    "/api/v1/apps": (App, "view apps", "okta.apps.read"),
}
"""Lists that show each caller what is in reach: their rows, and what seeing those needs."""
_CLIENTS = "/oauth2/v1/clients"
"""The same rows as the apps, in other words."""
_CREATE_USER = ("POST", "/api/v1/users")
_CHANGE_USER = frozenset({("POST", "/api/v1/users/{user_id}"), ("PUT", "/api/v1/users/{user_id}")})


def find_user(context: Context, wanted: str) -> User | None:
    """The user whom a path means: by id, login, the part before its @, or `me`.

    None when nobody fits, or more than one.
    """
    if wanted == "me" and context.actor_user is not None:
        wanted = context.actor_user.id
    key = login_key(wanted)
    exact = select(User).where(or_(User.id == wanted, User.key == key))
    if found := context.session.scalars(exact.limit(1)).first():
        return found
    if not key or "@" in key:
        return None
    # All that begin so lie before the character that follows @; a pattern would look at each user.
    short = select(User).where(User.key >= f"{key}@", User.key < f"{key}A").limit(2)
    several = context.session.scalars(short).all()
    return several[0] if len(several) == 1 else None


def named_user(context: Context) -> values.User | None:
    """The user whom the URL names, or whose session it names, if there is one."""
    named = request.view_args or {}
    if "session_id" in named:
        found = session_of_id(context.session, named["session_id"], context.now)
        return loaders.load_user(context.session, found.user_id) if found else None
    user_id = named.get("user_id")
    if user_id is None:
        return None
    row = find_user(context, user_id)
    return None if row is None else loaders.load_user(context.session, row.id)


def named_app(context: Context) -> str | None:
    """The id of the app that the URL names, as such or as a client, if there is one."""
    named = request.view_args or {}
    if "client_id" not in named or not request.path.startswith(f"{_CLIENTS}/"):
        return named.get("app_id")
    wanted = select(App.id).where(App.client_id == named["client_id"])
    return context.session.scalars(wanted).one_or_none()


def reaches_of(context: Context, operation: Operation, roles: Iterable[Role] = ()) -> list[Reach]:
    """What the call is about: all of these must be in the caller's reach, who has these roles."""
    named = request.view_args or {}
    if (operation.method, operation.path) == _CREATE_USER:
        joined = _texts(_body().get("groupIds"))
        return [
            Reach(
                groups=frozenset({group_id}),
                needs=(
                    *_needs(operation, {f"groups/{group_id}/users"}),
                    _members_of(group_id),
                ),
            )
            for group_id in joined
        ] or [Reach(needs=_needs(operation, set()))]
    user = named_user(context) or _assignee(context, operation)
    own = frozenset(user.group_ids) if user else frozenset[str]()
    group, app = named.get("group_id"), named_app(context)
    apps = frozenset({app} if app else ())
    if user and operation.right == "view people" and any(role.apps for role in roles):
        apps = _apps_of(context, user)
    return [
        Reach(
            groups=frozenset({group}) if group else own,
            apps=apps,
            person=own if group and "user_id" in named else None,
            listing=operation.method == "GET" and operation.path in (*_LISTS, _CLIENTS),
            needs=_needs_of(operation, user, group, app, named.get("server_id")),
        )
    ]


def changes_credentials() -> bool:
    """Whether the body of a change of a user holds credentials."""
    return "credentials" in _body()


def changes_what_others_decide(operation: Operation, user: values.User) -> bool:
    """Whether the body changes more than people may say of themselves."""
    if (operation.method, operation.path) not in _CHANGE_USER:
        return False
    said = _body().get("profile")
    named = said.items() if isinstance(said, dict) else ()
    changed = {name for name, value in named if value != user.profile.get(name)}
    return changes_credentials() or not changed <= OWN_ATTRIBUTES


def seen(roles: Iterable[Role], model: type[Any]) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a list of these rows shows one to who holds the roles."""
    for listed, right, permission in _LISTS.values():
        if listed is model:
            held = tuple(roles)
            if any(_sees_all(role, right) for role in held):
                return ()
            groups = {group for role in held if role.type in ROLES[right] for group in role.groups}
            apps = {app for role in held if role.type in ROLES[right] for app in role.apps}
            custom = {
                resource
                for role in held
                if any(includes(each, permission) for each in role.permissions)
                for resource in role.resources
            }
            return _limits(model, groups, apps, custom)
    return ()


def roles_in_groups(context: Context, group_ids: list[str]) -> bool:
    """Whether one of the groups gives its members an admin role."""
    wanted = select(RoleAssignment.pk).join(Group, Group.pk == RoleAssignment.group_pk)
    return (
        context.session.scalars(wanted.where(Group.id.in_(group_ids)).limit(1)).first() is not None
    )


def touches_admins(context: Context) -> bool:
    """Whether the call would change an admin, or what makes somebody one."""
    named = request.view_args or {}
    if "group_id" in named and roles_in_groups(context, [named["group_id"]]):
        return True
    user = named_user(context)
    if user is None:
        return False
    user_pk = select(User.pk).where(User.id == user.id).scalar_subquery()
    own = select(RoleAssignment.pk).where(RoleAssignment.user_pk == user_pk).limit(1)
    held = context.session.scalars(own).first() is not None
    return held or roles_in_groups(context, list(user.group_ids))


def is_privileged(context: Context, app_id: str) -> bool:
    """Whether the app holds API scope grants or an admin role."""
    app = select(App.pk).where(App.id == app_id).scalar_subquery()
    grants = select(ApiScopeGrant.pk).where(ApiScopeGrant.app_pk == app).limit(1)
    roles = select(RoleAssignment.pk).where(RoleAssignment.app_pk == app).limit(1)
    held = (context.session.scalars(found).first() for found in (grants, roles))
    return any(each is not None for each in held)


def _needs_of(
    operation: Operation,
    user: values.User | None,
    group: str | None,
    app: str | None,
    server: str | None,
) -> tuple[Need, ...]:
    """What custom roles must hold between them."""
    people = {"users", *(f"groups/{each}/users" for each in (user.group_ids if user else ()))}
    if (operation.method, operation.path) in _CHANGE_USER:
        return _needs_of_change(operation, people)
    if group and user:
        person = Need("okta.users.groupMembership.manage", frozenset(people))
        return (_members_of(group), person)
    if app:
        return _needs(operation, {"apps", f"apps/{app}"})
    if group:
        return _needs(operation, {"groups", f"groups/{group}"})
    if server:
        return _needs(operation, {"authorizationServers", f"authorizationServers/{server}"})
    if "{user_id}" in operation.path:
        return _needs(operation, people)
    return _needs(operation, {operation.path.removeprefix("/api/v1/")})


def _members_of(group_id: str) -> Need:
    return Need("okta.groups.members.manage", frozenset({"groups", f"groups/{group_id}"}))


def _needs_of_change(operation: Operation, people: set[str]) -> tuple[Need, ...]:
    wanted = []
    if "profile" in _body() or not changes_credentials():
        wanted.append("okta.users.userprofile.manage")
    if changes_credentials():
        wanted.append("okta.users.credentials.manage")
    return tuple(Need(permission, frozenset(people)) for permission in wanted)


def _needs(operation: Operation, resources: set[str]) -> tuple[Need, ...]:
    if operation.permission is None:
        return ()
    if operation.path == "/api/v1/users":
        resources = resources | {"users"}
    return (Need(operation.permission, frozenset(resources)),)


def _sees_all(role: Role, right: Right) -> bool:
    if role.type in (SUPER_ADMIN, INTEGRATION):
        return True
    return role.type != CUSTOM and role.type in ROLES[right] and role.reaches_everywhere


def _limits(
    model: type[Any], groups: set[str], apps: set[str], custom: set[str]
) -> tuple[ColumnElement[bool], ...]:
    if model is User:
        if "users" in custom:
            return ()
        groups = groups | {
            parts[1] for found in custom if (parts := found.split("/"))[2:] == ["users"]
        }
        return (or_(_in_groups(groups), _in_apps(apps)),)
    kind, own = ("groups", groups) if model is Group else ("apps", apps)
    if kind in custom:
        return ()
    named = {parts[1] for found in custom if (parts := found.split("/"))[0] == kind and parts[1:]}
    if model is Group:
        named = {found for found in named if f"groups/{found}" in custom}
    column: InstrumentedAttribute[str] = model.id
    return (column.in_(own | named),)


def _in_groups(groups: set[str]) -> ColumnElement[bool]:
    everyone = select(Group.pk).where(Group.id.in_(groups), Group.type == "BUILT_IN").exists()
    members = select(Membership.user_pk).join(Group, Group.pk == Membership.group_pk)
    return or_(everyone, User.pk.in_(members.where(Group.id.in_(groups))))


def _in_apps(apps: set[str]) -> ColumnElement[bool]:
    """The people who may use one of the apps: assigned directly or by a group."""
    if not apps:
        return false()
    direct = select(AppUser.user_pk).join(App, App.pk == AppUser.app_pk).where(App.id.in_(apps))
    by_group = (
        select(Membership.user_pk)
        .join(AppGroup, AppGroup.group_pk == Membership.group_pk)
        .join(App, App.pk == AppGroup.app_pk)
        .where(App.id.in_(apps))
    )
    return or_(User.pk.in_(direct), User.pk.in_(by_group))


def _apps_of(context: Context, user: values.User) -> frozenset[str]:
    """The apps that the person may use."""
    direct = (
        select(App.id)
        .join(AppUser, AppUser.app_pk == App.pk)
        .join(User, User.pk == AppUser.user_pk)
        .where(User.id == user.id)
    )
    by_group = (
        select(App.id)
        .join(AppGroup, AppGroup.app_pk == App.pk)
        .join(Group, Group.pk == AppGroup.group_pk)
        .where(Group.id.in_(user.group_ids))
    )
    found = context.session.scalars(direct).all(), context.session.scalars(by_group).all()
    return frozenset(found[0]) | frozenset(found[1])


def _assignee(context: Context, operation: Operation) -> values.User | None:
    """The person whom the body assigns to an app."""
    if (operation.method, operation.path) != ("POST", "/api/v1/apps/{app_id}/users"):
        return None
    named = _body().get("id")
    return loaders.load_user(context.session, named) if isinstance(named, str) else None


def _body() -> dict[str, Any]:
    """The JSON object of the request; empty when it is none, which the view will say."""
    try:
        return json_body()
    except ApiError:
        return {}


def _texts(found: object) -> list[str]:
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
