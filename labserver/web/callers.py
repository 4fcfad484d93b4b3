"""Who calls the management API: a person or a service app, by API token or access token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from flask import request
from sqlalchemy import ColumnElement, or_, select

from labserver.domain import values
from labserver.domain.errors import Refusal
from labserver.domain.rights import CUSTOM, INTEGRATION, Role
from labserver.oauth.api_access import find_api_access
from labserver.oauth.context import Context
from labserver.store import ledger, loaders
from labserver.store.apps import App
from labserver.store.directory import Group, RoleAssignment, RoleTarget, User
from labserver.store.roles import CustomRole, ResourceSet, RoleBinding
from labserver.web.errors import ApiError

# Some SDKs leave out the space.
_CREDENTIAL = re.compile(r"\s*(SSWS|Bearer|DPoP)\s*(\S+)\s*", re.IGNORECASE)
_PATH_CHARACTERS = "/:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and as what: `user` is None when a service app calls in its own name.

    `id` is the user's, or the app's. `scopes` are those of an access token; None: an API token,
    which has none and may all that its user may.
    """

    id: str
    user: values.User | None
    roles: tuple[Role, ...]
    scopes: frozenset[str] | None
    api_token_id: str | None = None

    @property
    def kind(self) -> str:
        """How documents name the kind of actor: `User` or `Client`."""
        return "Client" if self.user is None else "User"


def identify(context: Context) -> Caller:
    """The caller whom the request's credential proves, as the log will name them.

    Raises `ApiError` E0000011, with a challenge where the credential was meant for OAuth.
    """
    found = _CREDENTIAL.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise ApiError("E0000011")
    scheme, value = found[1].lower(), found[2]
    if scheme == "ssws":
        return _by_api_token(context, value)
    if scheme == "bearer":
        return _by_access_token(context, value)
    context.note("scheme", "failed", "This server binds no access tokens to keys.")
    raise _not_accepted(context, "DPoP", "The access token is invalid.")


def lacks_scope(context: Context, scope: str) -> ApiError:
    """The refusal of an access token without the scope (RFC 6750 §3.1)."""
    detail = (
        f'scope="{scope}", error="insufficient_scope", '
        'error_description="The access token provided does not contain the required scopes.", '
        f'resource="{quote(request.path, safe=_PATH_CHARACTERS)}"'
    )
    return ApiError("E0000006", challenge=_challenge(context, "Bearer", detail))


def _by_api_token(context: Context, value: str) -> Caller:
    token = ledger.find_api_token(context.session, value, context.now)
    if token is None:
        raise ApiError("E0000011")
    user = loaders.load_user(context.session, token.user_id)
    assert user is not None
    context.actor_user = user
    context.passed("API token", "It is good, and it acts as the user it belongs to.")
    return Caller(user.id, user, roles_of_user(context, user), None, token.id)


def _by_access_token(context: Context, value: str) -> Caller:
    try:
        found = find_api_access(context, value)
    except Refusal as refusal:
        context.refused(refusal)
        raise _not_accepted(context, "Bearer", refusal.description) from None
    scopes = frozenset(found.claims["scp"])
    context.actor_client = loaders.load_client(context.session, found.client_id)
    client = context.actor_client
    if client is not None and client.integration:
        # Whoever installed it has seen its scopes and said yes: no role narrows them further, but
        # a partner makes no admins, grants or tokens, and changes no admin.
        return Caller(client.id, None, (Role(INTEGRATION),), scopes)
    if "uid" not in found.claims:
        app = context.session.scalars(select(App).where(App.client_id == found.client_id)).one()
        held = _roles(context, RoleAssignment.app_pk == app.pk)
        return Caller(app.id, None, held, scopes)
    user = loaders.load_user(context.session, found.claims["uid"])
    assert user is not None
    context.actor_user = user
    return Caller(user.id, user, roles_of_user(context, user), scopes)


def _not_accepted(context: Context, scheme: str, words: str) -> ApiError:
    detail = f'error="invalid_token", error_description="{words}"'
    return ApiError("E0000011", challenge=_challenge(context, scheme, detail))


def _challenge(context: Context, scheme: str, detail: str) -> str:
    url = context.org.url
    algorithms = ', algs="RS256 ES256"' if scheme == "DPoP" else ""
    where = f'authorization_uri="{url}/oauth2/v1/authorize", realm="{url}"'
    return f"{scheme} {where}{algorithms}, {detail}"


def roles_of_user(context: Context, user: values.User) -> tuple[Role, ...]:
    """The user's roles, the groups' among them."""
    group_pks = select(Group.pk).where(Group.id.in_(user.group_ids))
    user_pk = select(User.pk).where(User.id == user.id).scalar_subquery()
    return _roles(
        context,
        or_(RoleAssignment.user_pk == user_pk, RoleAssignment.group_pk.in_(group_pks)),
    )


def _roles(context: Context, whose: ColumnElement[bool]) -> tuple[Role, ...]:
    rows = context.session.scalars(select(RoleAssignment).where(whose)).all()
    return tuple(_role(context, row) for row in rows)


def _role(context: Context, row: RoleAssignment) -> Role:
    session = context.session
    if row.type == CUSTOM:
        bound = (
            select(CustomRole.permissions, ResourceSet.resources)
            .join(RoleBinding, RoleBinding.custom_role_pk == CustomRole.pk)
            .join(ResourceSet, ResourceSet.pk == RoleBinding.resource_set_pk)
            .where(RoleBinding.assignment_pk == row.pk)
        )
        permissions, resources = session.execute(bound).one()
        return Role(
            CUSTOM, permissions=frozenset(permissions), resources=frozenset(resources.values())
        )
    targets = RoleTarget.role_pk == row.pk
    groups = select(Group.id).join(RoleTarget, RoleTarget.group_pk == Group.pk).where(targets)
    apps = (
        select(App.id)
        .join(RoleTarget, or_(RoleTarget.app_pk == App.pk, RoleTarget.app_name == App.name))
        .where(targets)
    )
    return Role(
        row.type,
        frozenset(session.scalars(groups)),
        frozenset(session.scalars(apps)),
        limited=row.limited,
    )
