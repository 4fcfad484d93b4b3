"""Who may call the management API: an API token, and the admin roles of the user it acts as."""

from __future__ import annotations

import re

from flask import g, request
from sqlalchemy import or_, select

from labserver.domain import values
from labserver.domain.operations import OPERATIONS
from labserver.domain.rights import Reach, Right, Role, allows, is_super
from labserver.oauth.context import Context
from labserver.store import ledger, loaders
from labserver.store.apps import ApiScopeGrant, App
from labserver.store.database import raise_changes
from labserver.store.directory import ApiToken, Group, RoleAssignment, RoleTarget, User, login_key
from labserver.web.context import current_context
from labserver.web.errors import ApiError

# Some SDKs leave out the space.
_CREDENTIAL = re.compile(r"\s*(SSWS|Bearer|DPoP)\s*(\S+)\s*", re.IGNORECASE)
_CHOICE = re.compile(r"<any\([^)]*\):(\w+)>")
_ID = re.compile(r"<(\w+)>")
_ADMINS_ONLY = frozenset({"edit people", "help people", "edit members"})


def admit() -> None:
    """The caller is known and may do what the URL names; a write has the database to itself.

    Raises `ApiError` E0000011 for a caller who isn't known, E0000006 for one who may not.
    """
    context = current_context()
    user_id = _caller(context)
    method = "GET" if request.method == "HEAD" else request.method
    path = _path()
    operation = OPERATIONS[method, path]
    roles = _roles(context, user_id)
    may = allows(roles, operation.right, _reach(context))
    g.roles = roles
    if not is_super_call():
        may = may and not _climbs(context, operation.right)
    result = "passed" if may else "failed"
    context.note("admin role", result, f"{method} {path} needs the right “{operation.right}”.")  # type: ignore[arg-type]
    if not may:
        raise ApiError("E0000006")
    if method != "GET" and not path.startswith("/api/v1/orgs"):
        # Takes the database's write lock, so that what a view reads is still so when it writes.
        raise_changes(context.session)
        context.session.expire_all()


def must_be_super() -> None:
    """Raises `ApiError` E0000006 unless the caller is a super admin."""
    if not is_super_call():
        raise ApiError("E0000006")


def is_super_call() -> bool:
    """Whether the caller is a super admin."""
    return is_super(g.roles)


def reads_secrets(app: App) -> bool:
    """Whether the caller may see the app's secrets: who has one can act as the app."""
    if is_super_call():
        return True
    reach = Reach(apps=frozenset({app.id}))
    return allows(g.roles, "edit apps", reach) and not _is_privileged(current_context(), app.id)


def caller_token() -> ApiToken:
    """The API token that the call came with."""
    wanted = select(ApiToken).where(ApiToken.id == g.api_token_id)
    return current_context().session.scalars(wanted).one()


def find_user(context: Context, wanted: str) -> User | None:
    """The user whom a path means: by id, login, the part before its @, or `me`.

    None when nobody fits, or more than one.
    """
    if wanted == "me" and context.actor_user is not None:
        wanted = context.actor_user.id
    key = login_key(wanted)
    exact = select(User).where(or_(User.id == wanted, User.key == key))
    if found := context.session.scalars(exact.limit(1)).first():
        return found
    if not key or "@" in key:
        return None
    short = select(User).where(User.key.startswith(f"{key}@", autoescape=True)).limit(2)
    several = context.session.scalars(short).all()
    return several[0] if len(several) == 1 else None


def roles_in_groups(context: Context, group_ids: list[str]) -> bool:
    """Whether one of the groups gives its members an admin role."""
    wanted = select(RoleAssignment.pk).join(Group, Group.pk == RoleAssignment.group_pk)
    return (
        context.session.scalars(wanted.where(Group.id.in_(group_ids)).limit(1)).first() is not None
    )


def _path() -> str:
    """The URL's path with its ids as names, as in the table of operations."""
    assert request.url_rule is not None
    named = request.view_args or {}
    path = _CHOICE.sub(lambda found: str(named[found[1]]), request.url_rule.rule)
    return _ID.sub(r"{\1}", path)


def _caller(context: Context) -> str:
    found = _CREDENTIAL.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise ApiError("E0000011")
    scheme, value = found[1].lower(), found[2]
    if scheme != "ssws":
        raise BearerRefused(found[1], context.org.url)
    token = ledger.find_api_token(context.session, value, context.now)
    if token is None:
        raise ApiError("E0000011")
    g.api_token_id = token.id
    context.actor_user = loaders.load_user(context.session, token.user_id)
    context.passed("API token", "It is good, and it acts as the user it belongs to.")
    return token.user_id


class BearerRefused(ApiError):
    """An OAuth access token that opens nothing here (RFC 6750 §3)."""

    def __init__(self, scheme: str, org_url: str) -> None:
        super().__init__("E0000011")
        self.challenge = (
            f'{scheme} authorization_uri="{org_url}/oauth2/v1/authorize", realm="{org_url}", '
            'error="invalid_token", error_description="The access token is invalid."'
        )


def _roles(context: Context, user_id: str) -> list[Role]:
    """The user's roles, the groups' among them, with their targets."""
    user = context.actor_user
    assert user is not None
    group_pks = select(Group.pk).where(Group.id.in_(user.group_ids))
    user_pk = select(User.pk).where(User.id == user_id).scalar_subquery()
    held = select(RoleAssignment).where(
        or_(RoleAssignment.user_pk == user_pk, RoleAssignment.group_pk.in_(group_pks))
    )
    return [_role(context, row) for row in context.session.scalars(held)]


def _role(context: Context, row: RoleAssignment) -> Role:
    targets = RoleTarget.role_pk == row.pk
    groups = select(Group.id).join(RoleTarget, RoleTarget.group_pk == Group.pk).where(targets)
    apps = select(App.id).join(RoleTarget, RoleTarget.app_pk == App.pk).where(targets)
    session = context.session
    return Role(row.type, frozenset(session.scalars(groups)), frozenset(session.scalars(apps)))


def _reach(context: Context) -> Reach:
    """What the URL names: a group, the groups of a user, an app."""
    named = request.view_args or {}
    groups = {named["group_id"]} if "group_id" in named else set[str]()
    if not groups and (user := _named_user(context)):
        groups |= user.group_ids
    return Reach(frozenset(groups), frozenset({named["app_id"]} if "app_id" in named else ()))


def _climbs(context: Context, right: Right) -> bool:
    """Whether the call could lend the caller rights of others: an admin's, or an app's.

    Only a super admin changes admins, or apps that may call the management API themselves.
    """
    if right in _ADMINS_ONLY:
        return _touches_admins(context)
    app_id = (request.view_args or {}).get("app_id")
    return right == "edit apps" and app_id is not None and _is_privileged(context, app_id)


def _is_privileged(context: Context, app_id: str) -> bool:
    """Whether the app holds API scope grants or an admin role."""
    app = select(App.pk).where(App.id == app_id).scalar_subquery()
    grants = select(ApiScopeGrant.pk).where(ApiScopeGrant.app_pk == app).limit(1)
    roles = select(RoleAssignment.pk).where(RoleAssignment.app_pk == app).limit(1)
    held = (context.session.scalars(found).first() for found in (grants, roles))
    return any(each is not None for each in held)


def _touches_admins(context: Context) -> bool:
    """Whether the call would change an admin, or what makes somebody one."""
    named = request.view_args or {}
    if "group_id" in named and roles_in_groups(context, [named["group_id"]]):
        return True
    user = _named_user(context)
    if user is None:
        return False
    user_pk = select(User.pk).where(User.id == user.id).scalar_subquery()
    own = select(RoleAssignment.pk).where(RoleAssignment.user_pk == user_pk).limit(1)
    held = context.session.scalars(own).first() is not None
    return held or roles_in_groups(context, list(user.group_ids))


def _named_user(context: Context) -> values.User | None:
    user_id = (request.view_args or {}).get("user_id")
    if user_id is None:
        return None
    row = find_user(context, user_id)
    return None if row is None else loaders.load_user(context.session, row.id)
