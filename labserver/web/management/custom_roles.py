"""`/iam/roles`: custom roles, which are named sets of permissions."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field
from sqlalchemy import ColumnElement, or_, select

from labserver.domain.permissions import PERMISSIONS
from labserver.store.directory import RoleAssignment
from labserver.store.roles import CustomRole, RoleBinding
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid, not_found
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    Json,
    answer,
    gone,
    link,
    must_be_new,
    remove,
    session,
    target,
    timestamp,
    unchanged,
)
from labserver.web.management.routes import management

PATH = "/iam/roles"
ONE = f"{PATH}/<custom_role_id>"

Label = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str, Field(min_length=1, max_length=1000)]


class NewRole(Document):
    """A custom role as a caller describes it."""

    label: Label
    description: Description
    permissions: Annotated[list[str], Field(min_length=1)]


class RoleNames(Document):
    """What a custom role is called."""

    label: Label
    description: Description


@management.get(PATH)
def list_custom_roles() -> Response:
    """The org's custom roles."""
    rows = session().scalars(select(CustomRole).order_by(CustomRole.pk))
    return answer({"roles": [_document(row) for row in rows], "_links": {}})


@management.post(PATH)
def create_custom_role() -> Response:
    """A custom role that nobody has yet."""
    body = read(NewRole, json_body())
    for name in body.permissions:
        _must_be_known(name)
    must_be_new("label", CustomRole.label == body.label)
    row = CustomRole(
        label=body.label,
        description=body.description,
        permissions=list(dict.fromkeys(body.permissions)),
    )
    session().add(row)
    session().flush()
    _log("iam.role.create", "Create a custom role", row)
    return answer(_document(row))


@management.get(ONE)
def get_custom_role(custom_role_id: str) -> Response:
    """One custom role, by id or label."""
    return answer(_document(the_custom_role(custom_role_id)))


@management.put(ONE)
def replace_custom_role(custom_role_id: str) -> Response:
    """The role is called as the body says; its permissions stay."""
    row = the_custom_role(custom_role_id)
    body = read(RoleNames, json_body())
    unchanged(_document(row))
    must_be_new("label", CustomRole.label == body.label, CustomRole.pk != row.pk)
    row.label, row.description = body.label, body.description
    session().flush()
    _log("iam.role.update", "Update a custom role", row)
    return answer(_document(row))


@management.delete(ONE)
def delete_custom_role(custom_role_id: str) -> Response:
    """The role is gone, unless somebody has it."""
    row = the_custom_role(custom_role_id)
    must_be_unbound(RoleBinding.custom_role_pk == row.pk)
    _log("iam.role.delete", "Delete a custom role", row)
    return remove(row)


@management.get(f"{ONE}/permissions")
def list_permissions(custom_role_id: str) -> Response:
    """What the role permits."""
    row = the_custom_role(custom_role_id)
    return answer({"permissions": [_permission(row, name) for name in row.permissions]})


@management.get(f"{ONE}/permissions/<permission>")
def get_permission(custom_role_id: str, permission: str) -> Response:
    """One permission of the role."""
    row = the_custom_role(custom_role_id)
    if permission not in row.permissions:
        raise not_found(permission, "Permission")
    return answer(_permission(row, permission))


@management.post(f"{ONE}/permissions/<permission>")
def add_permission(custom_role_id: str, permission: str) -> Response:
    """The role permits this too, to everybody who has it."""
    row = the_custom_role(custom_role_id)
    _must_be_known(permission)
    row.permissions = list(dict.fromkeys((*row.permissions, permission)))
    session().flush()
    _log("iam.role.permission.add", f"Add {permission} to a custom role", row)
    return gone()


@management.delete(f"{ONE}/permissions/<permission>")
def remove_permission(custom_role_id: str, permission: str) -> Response:
    """The role does not permit this any more."""
    row = the_custom_role(custom_role_id)
    if permission not in row.permissions:
        raise not_found(permission, "Permission")
    if len(row.permissions) == 1:
        raise invalid("permissions", "A custom role keeps at least one. Delete the role instead.")
    row.permissions = [name for name in row.permissions if name != permission]
    session().flush()
    _log("iam.role.permission.remove", f"Remove {permission} from a custom role", row)
    return gone()


def the_custom_role(wanted: str) -> CustomRole:
    """The custom role with this id or label. Raises `ApiError` E0000007."""
    named = select(CustomRole).where(or_(CustomRole.id == wanted, CustomRole.label == wanted))
    row = session().scalars(named.order_by(CustomRole.id != wanted).limit(1)).first()
    if row is None:
        raise not_found(wanted, "CustomRole")
    return row


def must_be_unbound(condition: ColumnElement[bool]) -> None:
    """Raises `ApiError` E0000001 while a role assignment stands on it."""
    bound = select(RoleAssignment.pk).join(
        RoleBinding, RoleBinding.assignment_pk == RoleAssignment.pk
    )
    if session().scalars(bound.where(condition).limit(1)).first() is not None:
        raise invalid("members", "Somebody has this role. Remove their role assignments first.")


def _must_be_known(permission: str) -> None:
    if permission not in PERMISSIONS:
        known = ", ".join(PERMISSIONS)
        raise invalid("permissions", f"There is no permission {permission!r}. There are: {known}.")


def _document(row: CustomRole) -> Json:
    path = f"/api/v1/iam/roles/{row.id}"
    return {
        "id": row.id,
        "label": row.label,
        "description": row.description,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {
            "self": link(path, "GET", "PUT", "DELETE"),
            "permissions": link(f"{path}/permissions"),
        },
    }


def _permission(row: CustomRole, name: str) -> Json:
    path = f"/api/v1/iam/roles/{row.id}"
    return {
        "label": name,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {
            "role": link(path),
            "self": link(f"{path}/permissions/{name}", "GET", "POST", "DELETE"),
        },
    }


def _log(event_type: str, message: str, row: CustomRole) -> None:
    current_context().event(event_type, message, targets=(target(row, "ROLE", row.label),))
