"""`/iam/resource-sets/{id}/bindings`: who has which custom role on a resource set."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from pydantic import Field
from sqlalchemy import select

from labserver.store.apps import App
from labserver.store.directory import Group, RoleAssignment, User
from labserver.store.roles import CustomRole, ResourceSet, RoleBinding
from labserver.web.bodies import json_body
from labserver.web.errors import invalid, not_found
from labserver.web.management.custom_roles import the_custom_role
from labserver.web.management.documents import Document, read
from labserver.web.management.resource_sets import ONE, Additions, log, path_of, the_set
from labserver.web.management.resources import (
    Json,
    answer,
    gone,
    link,
    remove,
    session,
    timestamp,
)
from labserver.web.management.role_holders import Holder, log_privilege, must_be_service
from labserver.web.management.roles import bind
from labserver.web.management.routes import management

BINDING = f"{ONE}/bindings/<custom_role_id>"


class NewBinding(Document):
    """A custom role, and the URLs of those who get it here."""

    role: str
    members: Annotated[list[str], Field(min_length=1, max_length=1000)]


@management.get(f"{ONE}/bindings")
def list_bindings(resource_set_id: str) -> Response:
    """The custom roles that somebody has on the set."""
    row = the_set(resource_set_id)
    bound = select(RoleBinding.custom_role_pk).where(RoleBinding.resource_set_pk == row.pk)
    roles = session().scalars(select(CustomRole).where(CustomRole.pk.in_(bound)))
    shown = [{"id": role.id, "_links": _binding_links(row, role)} for role in roles]
    return answer({"roles": shown, "_links": {}})


@management.post(f"{ONE}/bindings")
def create_binding(resource_set_id: str) -> Response:
    """These members have the role on the set."""
    row = the_set(resource_set_id)
    body = read(NewBinding, json_body())
    role = the_custom_role(body.role)
    for member in body.members:
        _bind(member, role, row)
    return answer({"id": role.id, "_links": _binding_links(row, role)})


@management.get(BINDING)
def get_binding(resource_set_id: str, custom_role_id: str) -> Response:
    """One role on the set, while somebody has it."""
    row, role = the_set(resource_set_id), the_custom_role(custom_role_id)
    _members(row, role)
    return answer({"id": role.id, "_links": _binding_links(row, role)})


@management.delete(BINDING)
def delete_binding(resource_set_id: str, custom_role_id: str) -> Response:
    """Nobody has the role on the set any more."""
    row, role = the_set(resource_set_id), the_custom_role(custom_role_id)
    for assignment in _members(row, role):
        session().delete(assignment)
    session().flush()
    log("update", f"Remove the role {role.label} from a resource set", row)
    return gone()


@management.get(f"{BINDING}/members")
def list_members_of_binding(resource_set_id: str, custom_role_id: str) -> Response:
    """Who has the role on the set."""
    row, role = the_set(resource_set_id), the_custom_role(custom_role_id)
    shown = [_member(row, role, assignment) for assignment in _members(row, role)]
    return answer({"members": shown, "_links": {}})


@management.patch(f"{BINDING}/members")
def add_members_to_binding(resource_set_id: str, custom_role_id: str) -> Response:
    """More members have the role on the set."""
    row, role = the_set(resource_set_id), the_custom_role(custom_role_id)
    for member in read(Additions, json_body()).additions:
        _bind(member, role, row)
    return answer({"id": role.id, "_links": _binding_links(row, role)})


@management.delete(f"{BINDING}/members/<member_id>")
def remove_member_of_binding(resource_set_id: str, custom_role_id: str, member_id: str) -> Response:
    """This member has the role on the set no more."""
    row, role = the_set(resource_set_id), the_custom_role(custom_role_id)
    for assignment in _members(row, role):
        if assignment.id == member_id:
            log("update", f"Take the role {role.label} from somebody", row)
            return remove(assignment)
    raise not_found(member_id, "Member")


def _bind(member: str, role: CustomRole, resources: ResourceSet) -> None:
    holder = _holder_at(member)
    must_be_service(holder)
    bind(holder, role, resources)
    log_privilege("grant", holder, role.label)


def _holder_at(member: str) -> Holder:
    """Who is at this URL. Raises `ApiError` E0000001 when it is nobody who takes roles."""
    path = path_of(member)
    if (user := _row_at(User, "users/", path)) is not None:
        return Holder(user, "USER", {"user_pk": user.pk})
    if (group := _row_at(Group, "groups/", path)) is not None:
        return Holder(group, "GROUP", {"group_pk": group.pk})
    if (app := _row_at(App, "/oauth2/v1/clients/", path)) is not None:
        return Holder(app, "CLIENT", {"app_pk": app.pk})
    raise invalid("members", f"There is no user, group or service app at {member!r}.")


def _row_at(model: type[Any], prefix: str, path: str) -> Any:
    if not path.startswith(prefix):
        return None
    column = model.client_id if model is App else model.id
    wanted = select(model).where(column == path.removeprefix(prefix))
    return session().scalars(wanted).one_or_none()


def _members(row: ResourceSet, role: CustomRole) -> list[RoleAssignment]:
    """The assignments of the role on the set. Raises `ApiError` E0000007 when there are none."""
    joined = select(RoleAssignment).join(
        RoleBinding, RoleBinding.assignment_pk == RoleAssignment.pk
    )
    same = (RoleBinding.resource_set_pk == row.pk, RoleBinding.custom_role_pk == role.pk)
    found = list(session().scalars(joined.where(*same).order_by(RoleAssignment.pk)))
    if not found:
        raise not_found(role.id, "Binding")
    return found


def _binding_links(row: ResourceSet, role: CustomRole) -> Json:
    path = f"/api/v1/iam/resource-sets/{row.id}"
    return {
        "self": link(f"{path}/bindings/{role.id}", "GET", "DELETE"),
        "members": link(f"{path}/bindings/{role.id}/members", "GET", "PATCH"),
        "bindings": link(f"{path}/bindings"),
        "resource-set": link(path),
    }


def _member(row: ResourceSet, role: CustomRole, assignment: RoleAssignment) -> Json:
    path = f"/api/v1/iam/resource-sets/{row.id}/bindings/{role.id}/members/{assignment.id}"
    return {
        "id": assignment.id,
        "created": timestamp(assignment.created),
        "lastUpdated": timestamp(assignment.updated),
        "_links": {"self": link(path, "DELETE")},
    }
