"""`/apps/{id}/users` and `/apps/{id}/groups`: who may use an app."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response, request
from pydantic import Field
from sqlalchemy import select

from labserver.store.apps import App, AppGroup, AppUser
from labserver.store.directory import Group, User
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, not_found
from labserver.web.management.apps import KIND, the_app
from labserver.web.management.assignment_documents import group_document, user_document
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    answer,
    find,
    find_person,
    gone,
    optional_body,
    page,
    session,
    target,
    unchanged,
)
from labserver.web.management.routes import management

USERS = "/apps/<app_id>/users"
GROUPS = "/apps/<app_id>/groups"


class UserNameDocument(Document):
    """What the user is called in the app."""

    user_name: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class AppUserDocument(Document):
    """An assignment as a caller describes it."""

    id: str | None = None
    scope: Literal["USER", "GROUP"] = "USER"
    credentials: UserNameDocument | None = None
    profile: dict[str, Any] | None = None


class AppGroupDocument(Document):
    """A group's assignment as a caller describes it."""

    priority: Annotated[int, Field(ge=0, le=1_000_000)] = 0


@management.get(USERS)
def list_app_users(app_id: str) -> Response:
    """The users that are assigned directly."""
    app = the_app(app_id)
    statement = select(AppUser).where(AppUser.app_pk == app.pk)
    return page(statement, AppUser, lambda row: user_document(app, row), default=50, most=500)


@management.post(USERS)
def assign_user(app_id: str) -> Response:
    """The user may use the app."""
    app = the_app(app_id)
    body = read(AppUserDocument, json_body())
    if body.id is None:
        raise ApiError("E0000028", causes=["id: Name the user."])
    user = find(User, body.id, "User")
    if user.status == "DEPROVISIONED":
        raise ApiError("E0000117")
    if _assignment(app, user) is not None:
        raise ApiError("E0000062")
    row = AppUser(app_pk=app.pk, user_pk=user.pk)
    _fill(row, body)
    session().add(row)
    session().flush()
    _log("application.user_membership.add", "Add a user to an application", app, user)
    return answer(user_document(app, row))


@management.get(f"{USERS}/<user_id>")
def get_app_user(app_id: str, user_id: str) -> Response:
    """One assignment."""
    app = the_app(app_id)
    return answer(user_document(app, _the_assignment(app, find_person(user_id))))


@management.post(f"{USERS}/<user_id>")
def update_app_user(app_id: str, user_id: str) -> Response:
    """The user's name or attributes in the app are other ones."""
    app = the_app(app_id)
    user = find_person(user_id)
    row = _the_assignment(app, user)
    body = read(AppUserDocument, json_body())
    unchanged(user_document(app, row))
    _fill(row, body)
    session().flush()
    _log("application.user_membership.update", "Update a user of an application", app, user)
    return answer(user_document(app, row))


@management.delete(f"{USERS}/<user_id>")
def remove_app_user(app_id: str, user_id: str) -> Response:
    """The user is not assigned directly any more."""
    app = the_app(app_id)
    user = find_person(user_id)
    row = _the_assignment(app, user)
    unchanged(user_document(app, row))
    session().delete(row)
    session().flush()
    _log("application.user_membership.remove", "Remove a user from an application", app, user)
    return gone()


@management.get(GROUPS)
def list_app_groups(app_id: str) -> Response:
    """The groups whose members are assigned."""
    app = the_app(app_id)
    statement = select(AppGroup).where(AppGroup.app_pk == app.pk)
    return page(statement, AppGroup, lambda row: group_document(app, row))


@management.get(f"{GROUPS}/<group_id>")
def get_app_group(app_id: str, group_id: str) -> Response:
    """One group's assignment."""
    app = the_app(app_id)
    row = _group_assignment(app, find(Group, group_id, "UserGroup"))
    if row is None:
        raise not_found(group_id, "ApplicationGroupAssignment")
    return answer(group_document(app, row))


@management.put(f"{GROUPS}/<group_id>")
def assign_group(app_id: str, group_id: str) -> Response:
    """The group's members may use the app."""
    app = the_app(app_id)
    group = find(Group, group_id, "UserGroup")
    body = read(AppGroupDocument, optional_body())
    row = _group_assignment(app, group)
    if row is None:
        if "If-Match" in request.headers:
            raise ApiError("E0000231", causes=["The group is not assigned any more."])
        row = AppGroup(app_pk=app.pk, group_pk=group.pk)
        session().add(row)
    else:
        unchanged(group_document(app, row))
    row.priority = body.priority
    session().flush()
    _log("group.application_assignment.add", "Add a group to an application", app, group)
    return answer(group_document(app, row))


@management.delete(f"{GROUPS}/<group_id>")
def remove_app_group(app_id: str, group_id: str) -> Response:
    """The group's members are not assigned by it any more."""
    app = the_app(app_id)
    group = find(Group, group_id, "UserGroup")
    row = _group_assignment(app, group)
    if row is None:
        raise not_found(group_id, "ApplicationGroupAssignment")
    unchanged(group_document(app, row))
    session().delete(row)
    session().flush()
    _log("group.application_assignment.remove", "Remove a group from an application", app, group)
    return gone()


def _assignment(app: App, user: User) -> AppUser | None:
    found = select(AppUser).where(AppUser.app_pk == app.pk, AppUser.user_pk == user.pk)
    return session().scalars(found).one_or_none()


def _the_assignment(app: App, user: User) -> AppUser:
    row = _assignment(app, user)
    if row is None:
        raise not_found(user.id, "AppUser")
    return row


def _group_assignment(app: App, group: Group) -> AppGroup | None:
    found = select(AppGroup).where(AppGroup.app_pk == app.pk, AppGroup.group_pk == group.pk)
    return session().scalars(found).one_or_none()


def _fill(row: AppUser, body: AppUserDocument) -> None:
    if body.credentials is not None and body.credentials.user_name is not None:
        row.username = body.credentials.user_name
    if body.profile is not None:
        row.profile = body.profile


def _log(event_type: str, message: str, app: App, whom: User | Group) -> None:
    name = whom.login if isinstance(whom, User) else whom.name
    kind = "User" if isinstance(whom, User) else "UserGroup"
    targets = (target(app, KIND, app.label), target(whom, kind, name))
    current_context().event(event_type, message, targets=targets)
