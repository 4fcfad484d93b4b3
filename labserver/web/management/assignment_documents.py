"""How assignments of apps are shown: of people, by themselves or their groups, and of groups."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, or_, select

from labserver.store.apps import App, AppGroup, AppUser
from labserver.store.directory import Group, Membership, User
from labserver.web.management.resources import Json, link, session, timestamp, url


def is_assigned(user: User) -> ColumnElement[bool]:
    """Whether an app is the user's, as a condition on apps: directly, or by one of the groups."""
    direct = select(AppUser.app_pk).where(AppUser.user_pk == user.pk)
    return or_(App.pk.in_(direct), App.pk.in_(_by_groups(user)))


def app_user_document(app: App, user: User) -> Json | None:
    """The user in the app; None for one who is not assigned."""
    direct = select(AppUser).where(AppUser.app_pk == app.pk, AppUser.user_pk == user.pk)
    row = session().scalars(direct).one_or_none()
    if row is not None:
        return user_document(app, row)
    wanted = select(AppGroup).where(
        AppGroup.app_pk == app.pk, AppGroup.app_pk.in_(_by_groups(user))
    )
    by_group = session().scalars(wanted.order_by(AppGroup.priority, AppGroup.pk)).first()
    if by_group is None:
        return None
    shown = AppUser(user_pk=user.pk, created=by_group.created, updated=by_group.updated)
    return user_document(app, shown, "GROUP")


def user_document(app: App, row: AppUser, scope: str = "USER") -> Json:
    """The assignment as the API shows it; `scope` says whether it is the user's own."""
    user = session().scalars(select(User).where(User.pk == row.user_pk)).one()
    path = f"/api/v1/apps/{app.id}"
    return {
        "id": user.id,
        "externalId": None,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "scope": scope,
        "status": "ACTIVE",
        "statusChanged": timestamp(row.created),
        "passwordChanged": None,
        "syncState": "DISABLED",
        "credentials": {"userName": row.username or user.login},
        "profile": row.profile or {},
        "_links": {
            "self": link(f"{path}/users/{user.id}", "GET", "POST", "DELETE"),
            "app": {"href": url(path)},
            "user": {"href": url(f"/api/v1/users/{user.id}")},
        },
    }


def group_document(app: App, row: AppGroup) -> Json:
    """The group's assignment as the API shows it."""
    group = session().scalars(select(Group).where(Group.pk == row.group_pk)).one()
    path = f"/api/v1/apps/{app.id}"
    return {
        "id": group.id,
        "lastUpdated": timestamp(row.updated),
        "priority": row.priority,
        "profile": {},
        "_links": {
            "self": link(f"{path}/groups/{group.id}", "GET", "PUT", "DELETE"),
            "app": {"href": url(path)},
            "group": {"href": url(f"/api/v1/groups/{group.id}")},
        },
    }


def _by_groups(user: User) -> Select[int]:
    member = Membership.group_pk == Group.pk, Membership.user_pk == user.pk
    belongs = or_(Group.type == "BUILT_IN", select(Membership.pk).where(*member).exists())
    return select(AppGroup.app_pk).join(Group, Group.pk == AppGroup.group_pk).where(belongs)
