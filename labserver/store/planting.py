"""A new org gets its rows: Everyone, the super admin, the server `default`, then a world."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy.orm import Session

from labserver.store import apps, directory, servers, world_model
from labserver.store.hashing import hash_password
from labserver.store.world_model import World

ADMIN_LOGIN = "admin@grantlab.example"
"""The super admin that every org has from birth; it has no password, only API tokens."""
_GRANTS = ["authorization_code", "implicit", "password", "client_credentials"]


@dataclass
class _Names:
    """What the names of a world stand for."""

    groups: dict[str, directory.Group] = field(default_factory=dict)
    users: dict[str, directory.User] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=lambda: {"ALL_CLIENTS": "ALL_CLIENTS"})

    def group_id(self, name: str) -> str:
        """The id that a rule keeps for a group."""
        return "EVERYONE" if name == "EVERYONE" else self.groups[name].id


def plant(session: Session, world: World | None, now: int, *, passwords: bool) -> directory.User:
    """The org holds what each new one does, and the world if there is one; its super admin.

    Without `passwords` the world's people can't sign in before an admin has given them one.
    """
    names = _Names()
    everyone = directory.Group(
        name="Everyone", description="All users in your organization", type="BUILT_IN"
    )
    admin = _user("Lab", "Admin", ADMIN_LOGIN, now)
    session.add_all((everyone, admin))
    session.flush()
    session.add(directory.RoleAssignment(type="SUPER_ADMIN", user_pk=admin.pk))
    _plant_default(session)
    names.groups["Everyone"] = everyone
    if world is not None:
        _plant_people(session, world, names, now, passwords=passwords)
        _plant_apps(session, world, names)
        for server in world.authorization_servers:
            _plant_server(session, server, names)
    session.flush()
    return admin


@cache
def _hash_of(password: str) -> str:
    """One slow hash for all people of a world, made once in a process."""
    return hash_password(password)


def _user(first: str, last: str, login: str, now: int) -> directory.User:
    return directory.User(
        login=login,
        key=directory.login_key(login),
        status="ACTIVE",
        profile={"firstName": first, "lastName": last, "email": login, "login": login},
        activated=now,
        status_changed=now,
    )


def _plant_default(session: Session) -> None:
    server = servers.add_server(
        session,
        id="default",
        name="default",
        description="Default Authorization Server for your Applications",
        audience="api://default",
    )
    policy = servers.Policy(
        server_pk=server.pk,
        name="Default Policy",
        description="Default policy description",
        priority=1,
        clients=["ALL_CLIENTS"],
    )
    session.add(policy)
    session.flush()
    rule = servers.Rule(
        policy_pk=policy.pk,
        name="Default Policy Rule",
        priority=1,
        grant_types=_GRANTS,
        scopes=["*"],
        groups=["EVERYONE"],
    )
    session.add(rule)


def _plant_people(
    session: Session, world: World, names: _Names, now: int, *, passwords: bool
) -> None:
    for group in world.groups:
        names.groups[group.profile.name] = directory.Group(
            name=group.profile.name, description=group.profile.description
        )
    for person in world.users:
        profile = person.profile
        user = _user(profile.first_name, profile.last_name, profile.login, now)
        user.profile = profile.model_dump(by_alias=True, exclude_none=True)
        if world.password is not None and passwords:
            user.password_hash, user.password_changed = _hash_of(world.password), now
        names.users[profile.login.casefold()] = user
    session.add_all((*names.groups.values(), *names.users.values()))
    session.flush()
    for person in world.users:
        user = names.users[person.profile.login.casefold()]
        session.add_all(
            directory.Membership(user_pk=user.pk, group_pk=names.groups[name].pk)
            for name in person.groups
        )
        for role in person.roles:
            _plant_role(session, role, user, names)


def _plant_role(
    session: Session, role: world_model.Role, user: directory.User, names: _Names
) -> None:
    assignment = directory.RoleAssignment(
        type=role.type, user_pk=user.pk, limited=bool(role.targets.groups)
    )
    session.add(assignment)
    session.flush()
    session.add_all(
        directory.RoleTarget(role_pk=assignment.pk, group_pk=names.groups[name].pk)
        for name in role.targets.groups
    )


def _plant_apps(session: Session, world: World, names: _Names) -> None:
    planted = [(app, _app(app)) for app in world.apps]
    session.add_all(row for _, row in planted)
    session.flush()
    for app, row in planted:
        names.clients[app.label] = row.client_id
        credentials = app.credentials.oauth_client
        if credentials.token_endpoint_auth_method not in {"none", "private_key_jwt"}:
            value = credentials.client_secret or secrets.token_urlsafe(32)
            session.add(apps.AppSecret(app_pk=row.pk, value=value))
        session.add_all(
            apps.AppGroup(app_pk=row.pk, group_pk=names.groups[name].pk, priority=priority)
            for priority, name in enumerate(app.groups)
        )
        session.add_all(
            apps.AppUser(app_pk=row.pk, user_pk=names.users[login.casefold()].pk)
            for login in app.users
        )
        session.add_all(apps.ApiScopeGrant(app_pk=row.pk, scope=scope) for scope in app.grants)


def _app(app: world_model.App) -> apps.App:
    credentials, settings = app.credentials.oauth_client, app.settings.oauth_client
    row = apps.App(
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
    row.client_id = credentials.client_id or row.id
    row.id = row.client_id
    return row


def _plant_server(session: Session, server: world_model.AuthorizationServer, names: _Names) -> None:
    row = servers.add_server(
        session, name=server.name, description=server.description, audience=server.audiences[0]
    )
    session.add_all(
        servers.Scope(
            server_pk=row.pk,
            name=scope.name,
            display_name=scope.display_name or scope.name,
            description=scope.description,
            default=scope.default,
            consent=scope.consent,
            optional=scope.optional,
            metadata_publish=scope.metadata_publish,
        )
        for scope in server.scopes
    )
    session.add_all(
        servers.Claim(
            server_pk=row.pk,
            name=claim.name,
            claim_type=claim.claim_type,
            value_type=claim.value_type,
            value=claim.value,
            group_filter_type=claim.group_filter_type,
            always_in_token=claim.always_include_in_token or claim.claim_type == "RESOURCE",
            scopes=claim.conditions.scopes,
        )
        for claim in server.claims
    )
    for priority, policy in enumerate(server.policies, start=1):
        _plant_policy(session, row.pk, policy, priority, names)


def _plant_policy(
    session: Session, server_pk: int, policy: world_model.Policy, priority: int, names: _Names
) -> None:
    row = servers.Policy(
        server_pk=server_pk,
        name=policy.name,
        description=policy.description,
        priority=priority,
        clients=[names.clients[label] for label in policy.conditions.clients.include],
    )
    session.add(row)
    session.flush()
    session.add_all(
        _rule(rule, row.pk, order, names) for order, rule in enumerate(policy.rules, start=1)
    )


def _rule(rule: world_model.Rule, policy_pk: int, priority: int, names: _Names) -> servers.Rule:
    people, lifetimes = rule.conditions.people, rule.actions.token
    return servers.Rule(
        policy_pk=policy_pk,
        name=rule.name,
        priority=priority,
        grant_types=rule.conditions.grant_types.include,
        scopes=rule.conditions.scopes.include,
        groups=[names.group_id(name) for name in people.groups.include],
        users=[names.users[login.casefold()].id for login in people.users.include],
        excluded_groups=[names.group_id(name) for name in people.groups.exclude],
        excluded_users=[names.users[login.casefold()].id for login in people.users.exclude],
        access_token_minutes=lifetimes.access_token_lifetime_minutes,
        refresh_token_minutes=lifetimes.refresh_token_lifetime_minutes,
        refresh_window_minutes=lifetimes.refresh_token_window_minutes,
    )
