"""A new org gets its rows: Everyone, the super admin, the server `default`, then a world."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from labserver.store import apps, directory, servers, world_model
from labserver.store.base import new_id
from labserver.store.database import raise_changes
from labserver.store.hashing import hash_password
from labserver.store.seedbed import Row, Seedbed
from labserver.store.world_model import World

ADMIN_LOGIN = "admin@grantlab.example"
"""The super admin that every org has from birth; it has no password, only API tokens."""
_ADMIN = {
    "firstName": "Lab",
    "lastName": "Admin",
    "email": ADMIN_LOGIN,
    "login": ADMIN_LOGIN,
}
_GRANTS = ["authorization_code", "implicit", "password", "client_credentials"]


@dataclass
class _Names:
    """What the names of a world stand for."""

    groups: dict[str, Row] = field(default_factory=dict)
    users: dict[str, Row] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=lambda: {"ALL_CLIENTS": "ALL_CLIENTS"})

    def group_id(self, name: str) -> str:
        """The id that a rule keeps for a group."""
        return "EVERYONE" if name == "EVERYONE" else str(self.groups[name]["id"])

    def user(self, login: str) -> Row:
        """The person of that login."""
        return self.users[login.casefold()]


class Admin(NamedTuple):
    """The super admin of a new org: the key inside, the id outside."""

    pk: int
    id: str


def plant(session: Session, world: World | None, now: int, *, passwords: bool) -> Admin:
    """The org holds what each new one does, and the world if there is one; its super admin.

    Without `passwords` the world's people can't sign in before an admin has given them one.
    """
    raise_changes(session)
    bed, names = Seedbed(session), _Names()
    names.groups["Everyone"] = bed.put(
        directory.Group,
        name="Everyone",
        description="All users in your organization",
        type="BUILT_IN",
    )
    admin = _plant_user(bed, _ADMIN, now)
    bed.put(directory.RoleAssignment, type="SUPER_ADMIN", user_pk=admin["pk"], limited=False)
    _plant_default(bed)
    if world is not None:
        _plant_people(bed, world, names, now, passwords=passwords)
        _plant_apps(bed, world, names)
        for server in world.authorization_servers:
            _plant_server(bed, server, names)
    bed.insert()
    return Admin(admin["pk"], admin["id"])


@cache
def _hash_of(password: str) -> str:
    """One slow hash for all people of a world, made once in a process."""
    return hash_password(password)


def _plant_user(bed: Seedbed, profile: Row, now: int, password: str = "") -> Row:
    login = profile["login"]
    return bed.put(
        directory.User,
        login=login,
        key=directory.login_key(login),
        status="ACTIVE",
        profile=profile,
        password_hash=_hash_of(password) if password else None,
        password_changed=now if password else None,
        activated=now,
        status_changed=now,
    )


def _plant_default(bed: Seedbed) -> None:
    server = _plant_bare_server(
        bed,
        id="default",
        name="default",
        description="Default Authorization Server for your Applications",
        audience="api://default",
    )
    policy = bed.put(
        servers.Policy,
        server_pk=server["pk"],
        name="Default Policy",
        description="Default policy description",
        priority=1,
        clients=["ALL_CLIENTS"],
    )
    bed.put(
        servers.Rule,
        policy_pk=policy["pk"],
        name="Default Policy Rule",
        priority=1,
        grant_types=_GRANTS,
        scopes=["*"],
        groups=["EVERYONE"],
    )


def _plant_people(bed: Seedbed, world: World, names: _Names, now: int, *, passwords: bool) -> None:
    for group in world.groups:
        names.groups[group.profile.name] = bed.put(
            directory.Group, name=group.profile.name, description=group.profile.description
        )
    password = (world.password or "") if passwords else ""
    for person in world.users:
        profile = person.profile.model_dump(by_alias=True, exclude_none=True)
        user = _plant_user(bed, profile, now, password)
        names.users[person.profile.login.casefold()] = user
        for name in person.groups:
            group_pk = names.groups[name]["pk"]
            bed.put(directory.Membership, user_pk=user["pk"], group_pk=group_pk)
        for role in person.roles:
            _plant_role(bed, role, user, names)


def _plant_role(bed: Seedbed, role: world_model.Role, user: Row, names: _Names) -> None:
    limited = bool(role.targets.groups)
    assignment = bed.put(
        directory.RoleAssignment, type=role.type, user_pk=user["pk"], limited=limited
    )
    for name in role.targets.groups:
        group_pk = names.groups[name]["pk"]
        bed.put(directory.RoleTarget, role_pk=assignment["pk"], group_pk=group_pk)


def _plant_apps(bed: Seedbed, world: World, names: _Names) -> None:
    for app in world.apps:
        row = _plant_app(bed, app)
        names.clients[app.label] = row["client_id"]
        credentials = app.credentials.oauth_client
        if credentials.token_endpoint_auth_method not in {"none", "private_key_jwt"}:
            value = credentials.client_secret or secrets.token_urlsafe(32)
            bed.put(apps.AppSecret, app_pk=row["pk"], value=value)
        for priority, name in enumerate(app.groups):
            group_pk = names.groups[name]["pk"]
            bed.put(apps.AppGroup, app_pk=row["pk"], group_pk=group_pk, priority=priority)
        for login in app.users:
            bed.put(apps.AppUser, app_pk=row["pk"], user_pk=names.user(login)["pk"])
        for scope in app.grants:
            bed.put(apps.ApiScopeGrant, app_pk=row["pk"], scope=scope)


def _plant_app(bed: Seedbed, app: world_model.App) -> Row:
    credentials, settings = app.credentials.oauth_client, app.settings.oauth_client
    client_id = credentials.client_id or new_id(apps.App.id_prefix)
    return bed.put(
        apps.App,
        id=client_id,
        client_id=client_id,
        label=app.label,
        application_type=settings.application_type,
        auth_method=credentials.token_endpoint_auth_method,
        pkce_required=credentials.pkce_required,
        redirect_uris=settings.redirect_uris,
        post_logout_redirect_uris=settings.post_logout_redirect_uris,
        response_types=settings.response_types,
        grant_types=settings.grant_types,
        consent_method=settings.consent_method,
        rotation_type=settings.refresh_token.rotation_type,
        refresh_leeway=settings.refresh_token.leeway,
        client_uri=settings.client_uri,
        logo_uri=settings.logo_uri,
        profile=app.profile,
    )


def _plant_bare_server(bed: Seedbed, **values: Any) -> Row:
    server = bed.put(servers.AuthorizationServer, **values)
    for model, born in servers.born_with(server["pk"]):
        bed.put(model, **born)
    return server


def _plant_server(bed: Seedbed, server: world_model.AuthorizationServer, names: _Names) -> None:
    row = _plant_bare_server(
        bed, name=server.name, description=server.description, audience=server.audiences[0]
    )
    for scope in server.scopes:
        bed.put(
            servers.Scope,
            server_pk=row["pk"],
            name=scope.name,
            display_name=scope.display_name or scope.name,
            description=scope.description,
            default=scope.default,
            consent=scope.consent,
            optional=scope.optional,
            metadata_publish=scope.metadata_publish,
        )
    for claim in server.claims:
        bed.put(
            servers.Claim,
            server_pk=row["pk"],
            name=claim.name,
            claim_type=claim.claim_type,
            value_type=claim.value_type,
            value=claim.value,
            group_filter_type=claim.group_filter_type,
            always_in_token=claim.always_include_in_token or claim.claim_type == "RESOURCE",
            scopes=claim.conditions.scopes,
        )
    for priority, policy in enumerate(server.policies, start=1):
        _plant_policy(bed, row["pk"], policy, priority, names)


def _plant_policy(
    bed: Seedbed, server_pk: int, policy: world_model.Policy, priority: int, names: _Names
) -> None:
    row = bed.put(
        servers.Policy,
        server_pk=server_pk,
        name=policy.name,
        description=policy.description,
        priority=priority,
        clients=[names.clients[label] for label in policy.conditions.clients.include],
    )
    for order, rule in enumerate(policy.rules, start=1):
        bed.put(servers.Rule, policy_pk=row["pk"], priority=order, **_rule(rule, names))


def _rule(rule: world_model.Rule, names: _Names) -> Row:
    people, lifetimes = rule.conditions.people, rule.actions.token
    return {
        "name": rule.name,
        "grant_types": rule.conditions.grant_types.include,
        "scopes": rule.conditions.scopes.include,
        "groups": [names.group_id(name) for name in people.groups.include],
        "users": [names.user(login)["id"] for login in people.users.include],
        "excluded_groups": [names.group_id(name) for name in people.groups.exclude],
        "excluded_users": [names.user(login)["id"] for login in people.users.exclude],
        "access_token_minutes": lifetimes.access_token_lifetime_minutes,
        "refresh_token_minutes": lifetimes.refresh_token_lifetime_minutes,
        "refresh_window_minutes": lifetimes.refresh_token_window_minutes,
    }
