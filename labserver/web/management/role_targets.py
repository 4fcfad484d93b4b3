"""`…/roles/{id}/targets`: the groups or apps that an admin role is limited to."""

from __future__ import annotations

from flask import Response
from sqlalchemy import ColumnElement, select

from labserver.domain.rights import APP_LIMITED, GROUP_LIMITED, STANDARD_ROLES
from labserver.store.apps import App
from labserver.store.directory import Group, RoleAssignment, RoleTarget
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid, not_found
from labserver.web.management.groups import document as group_document
from labserver.web.management.resources import Json, answer, find, gone, session, target, url
from labserver.web.management.role_holders import at_each_holder, the_assignment, the_holder

_GROUPS = "/<role_id>/targets/groups"
_APPS = "/<role_id>/targets/catalog/apps"


@at_each_holder("GET", _GROUPS)
def list_target_groups(role_id: str, **_: str) -> Response:
    """The groups that the role is limited to."""
    role = _the_role(role_id, GROUP_LIMITED)
    targets = select(Group).join(RoleTarget, RoleTarget.group_pk == Group.pk)
    found = session().scalars(targets.where(RoleTarget.role_pk == role.pk).order_by(Group.pk))
    return answer([group_document(row) for row in found])


@at_each_holder("PUT", f"{_GROUPS}/<target_id>")
def add_target_group(role_id: str, target_id: str, **_: str) -> Response:
    """The role reaches this group, and no longer everything."""
    role = _the_role(role_id, GROUP_LIMITED)
    group = find(Group, target_id, "UserGroup")
    return _add(role, RoleTarget(role_pk=role.pk, group_pk=group.pk), group.name)


@at_each_holder("DELETE", f"{_GROUPS}/<target_id>")
def remove_target_group(role_id: str, target_id: str, **_: str) -> Response:
    """The role does not reach this group any more."""
    role = _the_role(role_id, GROUP_LIMITED)
    group = find(Group, target_id, "UserGroup")
    return _remove(role, RoleTarget.group_pk == group.pk, target_id)


@at_each_holder("GET", _APPS)
def list_target_apps(role_id: str, **_: str) -> Response:
    """The apps that the role is limited to: single ones, and kinds of apps."""
    role = _the_role(role_id, APP_LIMITED)
    mine = select(RoleTarget).where(RoleTarget.role_pk == role.pk).order_by(RoleTarget.pk)
    return answer([_app_document(row) for row in session().scalars(mine)])


@at_each_holder("PUT", f"{_APPS}/<app_name>")
def add_target_kind(role_id: str, app_name: str, **_: str) -> Response:
    """The role reaches all apps of this name."""
    role = _the_role(role_id, APP_LIMITED)
    _must_exist(App.name == app_name, app_name)
    return _add(role, RoleTarget(role_pk=role.pk, app_name=app_name), app_name)


@at_each_holder("DELETE", f"{_APPS}/<app_name>")
def remove_target_kind(role_id: str, app_name: str, **_: str) -> Response:
    """The role does not reach the apps of this name any more, as such."""
    role = _the_role(role_id, APP_LIMITED)
    return _remove(role, RoleTarget.app_name == app_name, app_name)


@at_each_holder("PUT", f"{_APPS}/<app_name>/<target_id>")
def add_target_app(role_id: str, app_name: str, target_id: str, **_: str) -> Response:
    """The role reaches this app."""
    role = _the_role(role_id, APP_LIMITED)
    app = find(App, target_id, "AppInstance", App.name == app_name)
    return _add(role, RoleTarget(role_pk=role.pk, app_pk=app.pk), app.label)


@at_each_holder("DELETE", f"{_APPS}/<app_name>/<target_id>")
def remove_target_app(role_id: str, app_name: str, target_id: str, **_: str) -> Response:
    """The role does not reach this app any more."""
    role = _the_role(role_id, APP_LIMITED)
    app = find(App, target_id, "AppInstance", App.name == app_name)
    return _remove(role, RoleTarget.app_pk == app.pk, target_id)


def _the_role(role_id: str, fitting: frozenset[str]) -> RoleAssignment:
    """The holder's own role. Raises `ApiError` E0000091 for one that has no such targets."""
    row = the_assignment(role_id, the_holder().own)
    if row.type not in fitting:
        raise ApiError("E0000091", causes=[f"Such targets fit: {', '.join(sorted(fitting))}."])
    return row


def _must_exist(condition: ColumnElement[bool], name: str) -> None:
    if session().scalars(select(App.pk).where(condition).limit(1)).first() is None:
        raise not_found(name, "Application")


def _add(role: RoleAssignment, wanted: RoleTarget, name: str) -> Response:
    same = (
        RoleTarget.role_pk == role.pk,
        RoleTarget.group_pk.is_not_distinct_from(wanted.group_pk),
        RoleTarget.app_pk.is_not_distinct_from(wanted.app_pk),
        RoleTarget.app_name.is_not_distinct_from(wanted.app_name),
    )
    if session().scalars(select(RoleTarget.pk).where(*same)).first() is None:
        session().add(wanted)
    role.limited = True
    session().flush()
    _log("add", "Limit", role, name)
    return gone()


def _remove(role: RoleAssignment, wanted: ColumnElement[bool], name: str) -> Response:
    mine = list(session().scalars(select(RoleTarget).where(RoleTarget.role_pk == role.pk)))
    found = session().scalars(select(RoleTarget).where(RoleTarget.role_pk == role.pk, wanted))
    row = found.one_or_none()
    if row is None:
        raise not_found(name, "RoleTarget")
    if len(mine) == 1:
        raise invalid(
            "targets",
            "It is the role's last target. Remove the role and assign it anew, so that nobody "
            "reaches everything by a slip.",
        )
    session().delete(row)
    session().flush()
    _log("remove", "Limit no longer", role, name)
    return gone()


def _app_document(row: RoleTarget) -> Json:
    if row.app_pk is None:
        return {"name": row.app_name, "displayName": row.app_name, "status": "ACTIVE"}
    app = session().scalars(select(App).where(App.pk == row.app_pk)).one()
    return {
        "id": app.id,
        "name": app.name,
        "displayName": app.label,
        "status": app.status,
        "_links": {"self": {"href": url(f"/api/v1/apps/{app.id}")}},
    }


def _log(change: str, words: str, role: RoleAssignment, name: str) -> None:
    label = STANDARD_ROLES[role.type]
    current_context().event(
        f"user.account.privilege.target.{change}",
        f"{words} the role {label} to {name}",
        targets=(target(role, "RoleAssignment", label),),
    )
