"""Who can hold an admin role: a user, a group, a service app; found by what the URL names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from sqlalchemy import ColumnElement, or_, select

from labserver.domain.lifecycle import KEEP_API_TOKENS
from labserver.domain.rights import SUPER_ADMIN
from labserver.store import loaders
from labserver.store.apps import App
from labserver.store.directory import Group, Membership, RoleAssignment, User
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid, not_found
from labserver.web.management.resources import Json, find, find_person, session, target, url
from labserver.web.management.routes import management, management_beside

View = Callable[..., Response]

_PATHS = (
    ("user", management, "/users/<user_id>"),
    ("group", management, "/groups/<group_id>"),
    ("client", management_beside, "/oauth2/v1/clients/<client_id>"),
)


@dataclass(frozen=True, slots=True)
class Holder:
    """One that roles are assigned to; `fields` are those of its role assignments."""

    row: User | Group | App
    kind: str
    """`USER`, `GROUP` or `CLIENT`: the assignment type of its own roles."""
    fields: dict[str, int]

    @property
    def own(self) -> ColumnElement[bool]:
        """The condition on its own assignments."""
        ((name, pk),) = self.fields.items()
        condition: ColumnElement[bool] = getattr(RoleAssignment, name) == pk
        return condition


def at_each_holder(method: str, rest: str = "") -> Callable[[View], View]:
    """The view answers below `/roles` of users, groups and clients alike."""

    def register(view: View) -> View:
        for kind, blueprint, path in _PATHS:
            blueprint.add_url_rule(
                f"{path}/roles{rest}", f"{view.__name__}_of_{kind}", view, methods=[method]
            )
        return view

    return register


def the_holder() -> Holder:
    """The one whom the URL names. Raises `ApiError` E0000007."""
    named = request.view_args or {}
    if "user_id" in named:
        user = find_person(named["user_id"])
        return Holder(user, "USER", {"user_pk": user.pk})
    if "group_id" in named:
        group = find(Group, named["group_id"], "UserGroup")
        return Holder(group, "GROUP", {"group_pk": group.pk})
    client_id = named["client_id"]
    app = session().scalars(select(App).where(App.client_id == client_id)).one_or_none()
    if app is None:
        raise not_found(client_id, "ClientApp")
    return Holder(app, "CLIENT", {"app_pk": app.pk})


def held_by(holder: Holder) -> ColumnElement[bool]:
    """The condition on all assignments that give the holder a role: a user's groups count too."""
    if not isinstance(holder.row, User):
        return holder.own
    user = loaders.load_user(session(), holder.row.id)
    assert user is not None
    groups = select(Group.pk).where(Group.id.in_(user.group_ids))
    return or_(holder.own, RoleAssignment.group_pk.in_(groups))


def the_assignment(role_id: str, *where: ColumnElement[bool]) -> RoleAssignment:
    """The role assignment with this id. Raises `ApiError` E0000007."""
    return find(RoleAssignment, role_id, "RoleAssignment", *where)


def assignee_of(row: RoleAssignment) -> tuple[str, Json]:
    """The assignment type, and the link to whom the role was assigned."""
    if row.user_pk is not None:
        user_id = session().scalars(select(User.id).where(User.pk == row.user_pk)).one()
        return "USER", {"href": url(f"/api/v1/users/{user_id}")}
    if row.group_pk is not None:
        group_id = session().scalars(select(Group.id).where(Group.pk == row.group_pk)).one()
        return "GROUP", {"href": url(f"/api/v1/groups/{group_id}")}
    client = session().scalars(select(App.client_id).where(App.pk == row.app_pk)).one()
    return "CLIENT", {"href": url(f"/oauth2/v1/clients/{client}")}


def must_be_service(holder: Holder) -> None:
    """Raises `ApiError` E0000227 for an app that acts for people."""
    if isinstance(holder.row, App) and holder.row.application_type != "service":
        raise ApiError("E0000227")


@contextmanager
def a_super_admin_remains(field: str) -> Iterator[None]:
    """What is done inside leaves a super admin who may call, if there was one.

    Raises `ApiError` E0000001, with this field, when nobody could undo it.
    """
    before = _is_there_a_super_admin()
    yield
    session().flush()
    if before and not _is_there_a_super_admin():
        words = "This is the last super admin. Assign the role to somebody else first."
        raise invalid(field, words)


def log_privilege(change: str, holder: Holder, label: str) -> None:
    """The log says which role was granted or revoked, and whose it is."""
    begins = {
        "USER": "user.account",
        "GROUP": "group",
        "CLIENT": "app.oauth2.client",
    }[holder.kind]
    names = {"USER": "User", "GROUP": "UserGroup", "CLIENT": "PublicClientApp"}
    row: Any = holder.row
    name = {"USER": "login", "GROUP": "name", "CLIENT": "label"}[holder.kind]
    current_context().event(
        f"{begins}.privilege.{change}",
        f"{change.capitalize()} the role {label}",
        targets=(target(row, names[holder.kind], getattr(row, name)),),
    )


def _is_there_a_super_admin() -> bool:
    wanted = (RoleAssignment.type == SUPER_ADMIN, RoleAssignment.app_pk.is_(None))
    return any(
        _somebody_may_call(row) for row in session().scalars(select(RoleAssignment).where(*wanted))
    )


def _somebody_may_call(row: RoleAssignment) -> bool:
    active = select(User.pk).where(User.status.in_(KEEP_API_TOKENS)).limit(1)
    if row.user_pk is not None:
        active = active.where(User.pk == row.user_pk)
    else:
        group = session().scalars(select(Group).where(Group.pk == row.group_pk)).one()
        if group.type != "BUILT_IN":
            joined = active.join(Membership, Membership.user_pk == User.pk)
            active = joined.where(Membership.group_pk == group.pk)
    return session().scalars(active).first() is not None
