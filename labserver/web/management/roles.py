"""`…/roles`: the admin roles of users, groups and service apps."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field, model_validator
from sqlalchemy import select

from labserver.domain.rights import CUSTOM, STANDARD_ROLES
from labserver.store.directory import RoleAssignment
from labserver.store.roles import CustomRole, ResourceSet, RoleBinding
from labserver.web.bodies import json_body
from labserver.web.errors import ApiError, invalid
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import Json, answer, remove, session, timestamp, url
from labserver.web.management.role_holders import (
    Holder,
    a_super_admin_remains,
    assignee_of,
    at_each_holder,
    held_by,
    log_privilege,
    must_be_service,
    the_assignment,
    the_holder,
)

_CREATED = {"USER": 201, "GROUP": 200, "CLIENT": 200}
"""Okta answers each in its own way, and its SDKs insist on it."""


class RoleDocument(Document):
    """A role to assign: a standard one, or a custom one on a resource set."""

    type: str
    role: str | None = None
    resource_set: Annotated[str | None, Field(alias="resource-set")] = None

    @model_validator(mode="after")
    def is_known(self) -> RoleDocument:
        """The type is one of Okta's; a custom role says which, and on what."""
        if self.type == CUSTOM:
            if self.role is None or self.resource_set is None:
                raise ValueError("A CUSTOM role needs the ids of a role and of a resource-set.")
        elif self.type not in STANDARD_ROLES:
            known = ", ".join((*STANDARD_ROLES, CUSTOM))
            raise ValueError(f"type: There is no such role. There are: {known}.")
        return self


@at_each_holder("GET")
def list_roles(**_: str) -> Response:
    """The roles of one holder; a user's include those of the user's groups."""
    held = select(RoleAssignment).where(held_by(the_holder())).order_by(RoleAssignment.pk)
    return answer([document(row) for row in session().scalars(held)])


@at_each_holder("POST")
def assign_role(**_: str) -> Response:
    """The holder has one more role."""
    holder = the_holder()
    body = read(RoleDocument, json_body())
    must_be_service(holder)
    row = _assign_custom(holder, body) if body.type == CUSTOM else _assign_standard(holder, body)
    log_privilege("grant", holder, label_of(row))
    return answer(document(row), _CREATED[holder.kind])


@at_each_holder("GET", "/<role_id>")
def get_role(role_id: str, **_: str) -> Response:
    """One role of the holder."""
    return answer(document(the_assignment(role_id, held_by(the_holder()))))


@at_each_holder("DELETE", "/<role_id>")
def remove_role(role_id: str, **_: str) -> Response:
    """The holder has the role no more, from the next call on."""
    holder = the_holder()
    row = the_assignment(role_id, holder.own)
    log_privilege("revoke", holder, label_of(row))
    with a_super_admin_remains("type"):
        return remove(row)


def bind(holder: Holder, role: CustomRole, resources: ResourceSet) -> RoleAssignment:
    """The holder has the custom role on the resource set. Raises `ApiError` E0000090."""
    same = (
        RoleBinding.custom_role_pk == role.pk,
        RoleBinding.resource_set_pk == resources.pk,
        holder.own,
    )
    joined = select(RoleAssignment).join(
        RoleBinding, RoleBinding.assignment_pk == RoleAssignment.pk
    )
    if session().scalars(joined.where(*same)).first() is not None:
        raise _duplicate(holder)
    row = RoleAssignment(type=CUSTOM, **holder.fields)
    session().add(row)
    session().flush()
    session().add(
        RoleBinding(assignment_pk=row.pk, custom_role_pk=role.pk, resource_set_pk=resources.pk)
    )
    session().flush()
    return row


def document(row: RoleAssignment) -> Json:
    """The assignment as the API shows it."""
    kind, assignee = assignee_of(row)
    shown: Json = {
        "id": row.id,
        "label": label_of(row),
        "type": row.type,
        "status": "ACTIVE",
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "assignmentType": kind,
        "_links": {"assignee": assignee},
    }
    if row.type == CUSTOM:
        role, resources = _bound(row)
        shown |= {"role": role.id, "resource-set": resources.id}
        shown["_links"] |= {
            "role": {"href": url(f"/api/v1/iam/roles/{role.id}")},
            "resource-set": {"href": url(f"/api/v1/iam/resource-sets/{resources.id}")},
        }
    return shown


def label_of(row: RoleAssignment) -> str:
    """What people call the role."""
    return _bound(row)[0].label if row.type == CUSTOM else STANDARD_ROLES[row.type]


def _assign_standard(holder: Holder, body: RoleDocument) -> RoleAssignment:
    same = select(RoleAssignment.pk).where(holder.own, RoleAssignment.type == body.type)
    if session().scalars(same).first() is not None:
        raise _duplicate(holder)
    row = RoleAssignment(type=body.type, **holder.fields)
    session().add(row)
    session().flush()
    return row


def _assign_custom(holder: Holder, body: RoleDocument) -> RoleAssignment:
    role = session().scalars(select(CustomRole).where(CustomRole.id == body.role)).one_or_none()
    if role is None:
        raise invalid("role", "There is no custom role with this id.")
    wanted = select(ResourceSet).where(ResourceSet.id == body.resource_set)
    resources = session().scalars(wanted).one_or_none()
    if resources is None:
        raise invalid("resource-set", "There is no resource set with this id.")
    return bind(holder, role, resources)


def _duplicate(holder: Holder) -> ApiError:
    return ApiError("E0000090" if holder.kind == "USER" else "E0000263")


def _bound(row: RoleAssignment) -> tuple[CustomRole, ResourceSet]:
    bound = (
        select(CustomRole, ResourceSet)
        .join(RoleBinding, RoleBinding.custom_role_pk == CustomRole.pk)
        .join(ResourceSet, ResourceSet.pk == RoleBinding.resource_set_pk)
        .where(RoleBinding.assignment_pk == row.pk)
    )
    role, resources = session().execute(bound).one()
    return role, resources
