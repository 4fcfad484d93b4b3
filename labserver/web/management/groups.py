"""`/groups` and their members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from flask import Response, request
from pydantic import Field
from sqlalchemy import SQLColumnExpression, func, select
from sqlalchemy.orm import InstrumentedAttribute

from labserver.store.apps import AppGroup
from labserver.store.directory import Group, Membership, RoleAssignment, User
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid, not_found
from labserver.web.management import searching
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    EXISTS,
    Json,
    answer,
    etag,
    find,
    find_person,
    gone,
    link,
    page,
    read_only,
    remove,
    session,
    target,
    timestamp,
    unchanged,
)
from labserver.web.management.role_holders import a_super_admin_remains
from labserver.web.management.routes import management
from labserver.web.management.user_documents import document as user_document

PATH = "/groups"
ONE = f"{PATH}/<group_id>"
KIND = "UserGroup"

_COLUMNS: Mapping[str, SQLColumnExpression[Any]] = {
    "id": Group.id,
    "type": Group.type,
    "created": Group.created,
    "lastUpdated": Group.updated,
    "lastMembershipUpdated": Group.membership_updated,
    "profile.name": Group.name,
    "profile.description": Group.description,
}
_DATES = dict.fromkeys(("created", "lastUpdated", "lastMembershipUpdated"), 1)


class GroupProfile(Document):
    """What a group is called."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    description: Annotated[str, Field(max_length=1024)] | None = None


class GroupDocument(Document):
    """A group as a caller describes it."""

    profile: GroupProfile


@management.get(PATH)
def list_groups() -> Response:
    """The org's groups; `q` is how a name begins."""
    statement = select(Group).where(*searching.asked(_COLUMNS, _DATES, for_search=searching.PARTS))
    if start := request.args.get("q"):
        statement = statement.where(Group.name.istartswith(start, autoescape=True))
    show = _with_stats() if _wants_stats() else document
    return page(statement, Group, show, default=300 if start else 10000, most=10000)


@management.post(PATH)
def create_group() -> Response:
    """A group without members."""
    body = read(GroupDocument, json_body())
    _name_is_free(body.profile.name, None)
    row = Group(name=body.profile.name, description=body.profile.description)
    row.membership_updated = current_context().now
    session().add(row)
    session().flush()
    _log("group.lifecycle.create", "Create a group", row)
    return answer(document(row))


@management.get(ONE)
def get_group(group_id: str) -> Response:
    """One group."""
    row = the_group(group_id)
    response = answer(_with_stats(row)(row) if _wants_stats() else document(row))
    # A version is that of the group, whatever is counted beside it.
    response.headers["ETag"] = etag(document(row))
    return response


@management.put(ONE)
def replace_group(group_id: str) -> Response:
    """The group's name and description are the body's."""
    row = the_group(group_id)
    body = read(GroupDocument, json_body())
    _editable(row)
    unchanged(document(row))
    _name_is_free(body.profile.name, row)
    row.name, row.description = body.profile.name, body.profile.description
    session().flush()
    _log("group.profile.update", "Update a group", row)
    return answer(document(row))


@management.delete(ONE)
def delete_group(group_id: str) -> Response:
    """The group is gone, with its memberships and assignments."""
    row = the_group(group_id)
    _editable(row)
    unchanged(document(row))
    _log("group.lifecycle.delete", "Delete a group", row)
    with a_super_admin_remains("id"):
        return remove(row)


@management.get(f"{ONE}/users")
def list_members(group_id: str) -> Response:
    """The group's members; everybody is in Everyone."""
    row = the_group(group_id)
    statement = select(User)
    if row.type != "BUILT_IN":
        members = select(Membership.user_pk).where(Membership.group_pk == row.pk)
        statement = statement.where(User.pk.in_(members))
    return page(statement, User, user_document, default=1000, most=1000)


@management.put(f"{ONE}/users/<user_id>")
def put_member(group_id: str, user_id: str) -> Response:
    """The user is a member; already being one is fine."""
    row, user = the_group(group_id), find_person(user_id)
    add_member(row, user)
    session().flush()
    _log("group.user_membership.add", "Add a user to a group", row, user)
    return gone()


@management.delete(f"{ONE}/users/<user_id>")
def remove_member(group_id: str, user_id: str) -> Response:
    """The user is no member."""
    row, user = the_group(group_id), find_person(user_id)
    _editable(row)
    membership = _membership(row, user)
    if membership is None:
        raise not_found(user.id, "GroupMember")
    with a_super_admin_remains("userId"):
        session().delete(membership)
    row.membership_updated = current_context().now
    session().flush()
    _log("group.user_membership.remove", "Remove a user from a group", row, user)
    return gone()


def the_group(group_id: str) -> Group:
    """The group with this id. Raises `ApiError` E0000007."""
    return find(Group, group_id, KIND)


def add_member(row: Group, user: User) -> None:
    """The user is in the group. Raises `ApiError` for a group that cannot be edited."""
    _editable(row)
    if _membership(row, user) is None:
        session().add(Membership(user_pk=user.pk, group_pk=row.pk))
        row.membership_updated = current_context().now


def document(row: Group) -> Json:
    """The group as the API shows it."""
    path = f"/api/v1/groups/{row.id}"
    return {
        "id": row.id,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "lastMembershipUpdated": timestamp(row.membership_updated or row.created),
        "objectClass": ["okta:user_group"],
        "type": row.type,
        "profile": {"name": row.name, "description": row.description},
        "_links": {
            "logo": [],
            "self": link(path, "GET", "PUT", "DELETE"),
            "users": link(f"{path}/users"),
            "apps": link(f"{path}/apps"),
        },
    }


def _wants_stats() -> bool:
    """Whether `expand` asks for counts. Raises `ApiError` for another wish."""
    wanted = request.args.get("expand")
    if wanted not in (None, "stats"):
        raise invalid("expand", "It is stats.")
    return wanted is not None


def _with_stats(only: Group | None = None) -> Callable[[Group], Json]:
    """How groups are shown with their counts, which are taken at once for all, or for one."""

    def counted(column: InstrumentedAttribute[Any]) -> dict[int, int]:
        statement = select(column, func.count()).group_by(column)
        if only is not None:
            statement = statement.where(column == only.pk)
        return {pk: number for pk, number in session().execute(statement) if pk is not None}

    members, apps = counted(Membership.group_pk), counted(AppGroup.group_pk)
    admins = counted(RoleAssignment.group_pk)
    everyone = session().scalar(select(func.count()).select_from(User)) or 0

    def shown(row: Group) -> Json:
        people = everyone if row.type == "BUILT_IN" else members.get(row.pk, 0)
        stats = {
            "usersCount": people,
            "appsCount": apps.get(row.pk, 0),
            "groupPushMappingsCount": 0,
            "hasAdminPrivilege": row.pk in admins,
        }
        return document(row) | {"_embedded": {"stats": stats}}

    return shown


def _membership(row: Group, user: User) -> Membership | None:
    same = (Membership.group_pk == row.pk, Membership.user_pk == user.pk)
    return session().scalars(select(Membership).where(*same)).one_or_none()


def _editable(row: Group) -> None:
    if row.type != "OKTA_GROUP":
        raise read_only("Group")


def _name_is_free(name: str, row: Group | None) -> None:
    holder = session().scalars(select(Group).where(Group.name == name)).one_or_none()
    if holder is not None and holder is not row:
        raise invalid("name", EXISTS)


def _log(event_type: str, message: str, row: Group, user: User | None = None) -> None:
    targets = [target(row, KIND, row.name)]
    if user is not None:
        targets.insert(0, target(user, "User", user.login))
    current_context().event(event_type, message, targets=tuple(targets))
