"""`/groups/{id}/owners`: who answers for a group; a note that gives no rights by itself."""

from __future__ import annotations

from typing import Literal

from flask import Response
from sqlalchemy import select

from labserver.store.directory import Group, User
from labserver.store.relations import GroupOwner
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid, not_found
from labserver.web.management.documents import Document, read
from labserver.web.management.groups import KIND, ONE, the_group
from labserver.web.management.resources import (
    EXISTS,
    Json,
    answer,
    find,
    page,
    read_only,
    remove,
    session,
    target,
    timestamp,
)
from labserver.web.management.routes import management


class OwnerDocument(Document):
    """An owner as a caller names it."""

    id: str
    type: Literal["USER", "GROUP"]


@management.get(f"{ONE}/owners")
def list_owners(group_id: str) -> Response:
    """The group's owners."""
    group = the_group(group_id)
    statement = select(GroupOwner).where(GroupOwner.group_pk == group.pk)
    return page(statement, GroupOwner, document, default=1000, most=1000)


@management.post(f"{ONE}/owners")
def add_owner(group_id: str) -> Response:
    """A user or a group owns the group."""
    group = the_group(group_id)
    if group.type == "BUILT_IN":
        raise read_only("Group")
    body = read(OwnerDocument, json_body())
    row = GroupOwner(group_pk=group.pk)
    if body.type == "USER":
        row.user_pk = find(User, body.id, "User").pk
    else:
        row.owner_pk = find(Group, body.id, KIND).pk
        if row.owner_pk == group.pk:
            raise invalid("id", "A group does not own itself.")
    same = (GroupOwner.user_pk == row.user_pk, GroupOwner.owner_pk == row.owner_pk)
    held = select(GroupOwner.pk).where(GroupOwner.group_pk == group.pk, *same)
    if session().scalars(held).first() is not None:
        raise invalid("id", EXISTS)
    session().add(row)
    session().flush()
    _log("group.owner.add", "Add an owner to a group", group)
    return answer(document(row), 201)


@management.delete(f"{ONE}/owners/<owner_id>")
def remove_owner(group_id: str, owner_id: str) -> Response:
    """That user or group is no owner."""
    group = the_group(group_id)
    users = select(User.pk).where(User.id == owner_id).scalar_subquery()
    groups = select(Group.pk).where(Group.id == owner_id).scalar_subquery()
    owner = (GroupOwner.user_pk == users) | (GroupOwner.owner_pk == groups)
    wanted = select(GroupOwner).where(GroupOwner.group_pk == group.pk, owner)
    row = session().scalars(wanted).one_or_none()
    if row is None:
        raise not_found(owner_id, "GroupOwner")
    _log("group.owner.remove", "Remove an owner from a group", group)
    return remove(row)


def document(row: GroupOwner) -> Json:
    """The owner as the API shows it."""
    if row.user_pk is not None:
        user = session().scalars(select(User).where(User.pk == row.user_pk)).one()
        profile = user.profile
        name = f"{profile.get('firstName') or ''} {profile.get('lastName') or ''}".strip()
        owner_id, kind, name = user.id, "USER", name or user.login
    else:
        group = session().scalars(select(Group).where(Group.pk == row.owner_pk)).one()
        owner_id, kind, name = group.id, "GROUP", group.name
    return {
        "id": owner_id,
        "type": kind,
        "resolved": True,
        "originId": None,
        "originType": "OKTA_DIRECTORY",
        "displayName": name,
        "lastUpdated": timestamp(row.updated),
    }


def _log(event_type: str, message: str, row: Group) -> None:
    current_context().event(event_type, message, targets=(target(row, KIND, row.name),))
