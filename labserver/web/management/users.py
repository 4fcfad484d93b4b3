"""`/users`: people, what is known of them, and their passwords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    func,
    literal_column,
    select,
    union_all,
)

from labserver.domain import values
from labserver.store import ledger, loaders
from labserver.store.directory import BEGINNINGS, Group, User
from labserver.store.world_model import PROFILE
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid
from labserver.web.guard import in_reach
from labserver.web.management import groups, searching
from labserver.web.management.documents import read
from labserver.web.management.resources import (
    answer,
    find_person,
    flag,
    gone,
    limit_of,
    page,
    remove,
    session,
    unchanged,
    with_links,
)
from labserver.web.management.routes import management
from labserver.web.management.sorting import sorted_page
from labserver.web.management.user_changes import (
    activation_link,
    deactivate,
    fill,
    log,
    login_must_be_free,
    mail_link,
    set_credentials,
    set_status,
)
from labserver.web.management.user_documents import (
    BASE_PROFILE,
    NewUser,
    UserChange,
    UserCredentials,
    UserReplacement,
    document,
)

PATH = "/users"
LAST_OF_ALL = "\U0010ffff"
"""A character that sorts behind all others."""
ONE = f"{PATH}/<user_id>"

_COLUMNS: Mapping[str, SQLColumnExpression[Any]] = {
    "id": User.id,
    "status": User.status,
    "created": User.created,
    "lastUpdated": User.updated,
    "activated": User.activated,
    "statusChanged": User.status_changed,
    "lastLogin": User.last_login,
    "passwordChanged": User.password_changed,
    "profile.login": User.login,
    **{
        f"profile.{name}": User.profile[name].as_string()
        for name in (*BASE_PROFILE[1:], *sorted(PROFILE))
    },
}
_LOWERED: Mapping[str, SQLColumnExpression[Any]] = {
    f"profile.{attribute}": literal_column(BEGINNINGS[name])
    for attribute, name in {"email": "email", "firstName": "first", "lastName": "last"}.items()
}
_DATES = dict.fromkeys(
    ("created", "lastUpdated", "activated", "statusChanged", "lastLogin", "passwordChanged"), 1
)


@management.get(PATH)
def list_users() -> Response:
    """The org's people; deactivated ones only when a filter or search asks."""
    conditions = searching.asked(
        _COLUMNS, _DATES, for_search=searching.PARTS, lowered=_LOWERED
    ) or [User.status != "DEPROVISIONED"]
    statement = select(User).where(*conditions)
    if request.args.get("search") and request.args.get("sortBy"):
        return sorted_page(statement, document, _COLUMNS, _DATES)
    if start := request.args.get("q"):
        return _beginning_with(start, conditions)
    return page(statement, User, document)


def _beginning_with(start: str, conditions: list[ColumnElement[bool]]) -> Response:
    """People whose login, email or name begins so; there are no further pages (Okta: q)."""
    limit = limit_of(10, 200)
    lowest = func.lower(start)
    attributes: list[Any] = [literal_column(words) for words in BEGINNINGS.values()]
    # Each part ends after a few steps along an index of its own, however many people there are.
    parts = [
        select(User.pk)
        .where(*conditions, *in_reach(User), each >= lowest, each < lowest + LAST_OF_ALL)
        .order_by(each)
        .limit(limit)
        .subquery()
        for each in attributes
    ]
    found = union_all(*(select(part.c.pk) for part in parts))
    people = select(User).where(User.pk.in_(found)).order_by(User.pk).limit(limit)
    shown = [document(row) for row in session().scalars(people)]
    return with_links(answer(shown), None, limit)


@management.post(PATH)
def create_user() -> Response:
    """A user: ACTIVE with a password, PROVISIONED without, STAGED when not activated."""
    body = read(NewUser, json_body())
    activate = flag("activate", True)
    expired = request.args.get("nextLogin") == "changePassword"
    password = body.credentials.password and body.credentials.password.value
    if expired and not password:
        raise ApiError("E0000124")
    if expired and not activate:
        raise ApiError("E0000125")
    login_must_be_free(body.profile.login, None)
    row = User(profile={})
    fill(row, body.profile.attributes(), whole=True)
    set_credentials(row, body.credentials)
    if activate:
        status = "ACTIVE" if password else "PROVISIONED"
        set_status(row, "PASSWORD_EXPIRED" if expired else status)
    session().add(row)
    session().flush()
    for group_id in dict.fromkeys(body.group_ids):
        if not guard.is_super_call() and guard.roles_in_groups(current_context(), [group_id]):
            raise ApiError("E0000006")
        groups.add_member(groups.the_group(group_id), row)
    session().flush()
    if row.status == "PROVISIONED":
        mail_link(row, activation_link(row)[0], "activate your account")
    log("user.lifecycle.create", "Create a user", row)
    return answer(document(row))


@management.get(ONE)
def get_user(user_id: str) -> Response:
    """One user, by id, login, short login or `me`."""
    return answer(document(find_person(user_id)))


@management.post(ONE)
def change_user(user_id: str) -> Response:
    """The attributes and credentials that the body names are other ones."""
    row = find_person(user_id)
    body = read(UserChange, json_body())
    _may_be_changed(row)
    unchanged(document(row))
    attributes = body.profile.attributes()
    for name in BASE_PROFILE:
        if name in attributes and attributes[name] is None:
            raise invalid(name, "The field cannot be left blank")
    login_must_be_free(attributes.get("login"), row)
    fill(row, attributes, whole=False)
    return _changed(row, body.credentials, bool(attributes))


@management.put(ONE)
def replace_user(user_id: str) -> Response:
    """The profile is the body's, and what it leaves out is gone."""
    row = find_person(user_id)
    body = read(UserReplacement, json_body())
    _may_be_changed(row)
    unchanged(document(row))
    if body.profile is not None:
        login_must_be_free(body.profile.login, row)
        fill(row, body.profile.attributes(), whole=True)
    return _changed(row, body.credentials, body.profile is not None)


@management.delete(ONE)
def delete_user(user_id: str) -> Response:
    """The user is deactivated by the first call and gone by the second."""
    row = find_person(user_id)
    unchanged(document(row))
    if row.status != "DEPROVISIONED":
        deactivate(row)
        log("user.lifecycle.deactivate", "Deactivate a user", row)
        return gone()
    log("user.lifecycle.delete.initiated", "Delete a user", row)
    return remove(row)


@management.delete(f"{ONE}/sessions")
def clear_sessions(user_id: str) -> Response:
    """The user is signed out everywhere; with `oauthTokens=true` the tokens end too."""
    row = find_person(user_id)
    context = current_context()
    if flag("oauthTokens", False):
        ledger.revoke_user(session(), row.id, context.now, access_tokens=True)
    else:
        ledger.end_sessions(session(), row.id)
    log("user.session.clear", "Clear the sessions of a user", row)
    return gone()


@management.get(f"{ONE}/groups")
def list_groups_of(user_id: str) -> Response:
    """The user's groups, Everyone among them."""
    row = find_person(user_id)
    found = loaders.load_user(session(), row.id)
    assert isinstance(found, values.User)
    statement = select(Group).where(Group.id.in_(found.group_ids))
    return page(statement, Group, groups.document)


def _changed(row: User, credentials: UserCredentials, profile: bool) -> Response:
    password = bool(credentials.password and credentials.password.value)
    set_credentials(row, credentials)
    session().flush()
    if profile:
        log("user.account.update_profile", "Update the profile of a user", row)
    if password:
        log("user.account.update_password", "Set the password of a user", row)
    return answer(document(row))


def _may_be_changed(row: User) -> None:
    if row.status == "DEPROVISIONED":
        raise ApiError("E0000038")
