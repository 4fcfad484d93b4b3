"""Rows become domain values here and nowhere else; what changes rarely is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from labserver.domain import catalog, values
from labserver.domain.sign_in_policy import SignInRules, sign_in_rules
from labserver.store import apps, directory, integrations, keys, policies, servers
from labserver.store.core import org_of, run, table_of, within_org
from labserver.store.kept import keep

__all__ = [
    "app_username",
    "find_user",
    "is_assigned",
    "load_client",
    "load_keys",
    "load_server",
    "load_sign_in_rules",
    "load_user",
]

load_keys = keys.load_keys

_SERVERS = table_of(servers.AuthorizationServer)
_SCOPES = table_of(servers.Scope)
_CLAIMS = table_of(servers.Claim)
_POLICIES = table_of(servers.Policy)
_RULES = table_of(servers.Rule)
_APPS = table_of(apps.App)
_SECRETS = table_of(apps.AppSecret)
_APP_KEYS = table_of(apps.AppKey)
_GRANTS = table_of(apps.ApiScopeGrant)
_APP_USERS = table_of(apps.AppUser)
_APP_GROUPS = table_of(apps.AppGroup)
_USERS = table_of(directory.User)
_GROUPS = table_of(directory.Group)
_MEMBERSHIPS = table_of(directory.Membership)
_ORG_POLICIES = table_of(policies.OrgPolicy)

_SERVER = within_org(
    select(_SERVERS).where(_SERVERS.c.id == bindparam("server"), _SERVERS.c.status == "ACTIVE"),
    servers.AuthorizationServer,
)
_SCOPES_OF = within_org(
    select(_SCOPES).where(_SCOPES.c.server_pk == bindparam("server")).order_by(_SCOPES.c.pk),
    servers.Scope,
)
_CLAIMS_OF = within_org(
    select(_CLAIMS)
    .where(_CLAIMS.c.server_pk == bindparam("server"), _CLAIMS.c.status == "ACTIVE")
    .order_by(_CLAIMS.c.pk),
    servers.Claim,
)
_POLICIES_OF = within_org(
    select(_POLICIES)
    .where(_POLICIES.c.server_pk == bindparam("server"), _POLICIES.c.status == "ACTIVE")
    .order_by(_POLICIES.c.priority, _POLICIES.c.pk),
    servers.Policy,
)
_RULES_OF = within_org(
    select(_RULES)
    .join(_POLICIES, _POLICIES.c.pk == _RULES.c.policy_pk)
    .where(_POLICIES.c.server_pk == bindparam("server"), _RULES.c.status == "ACTIVE")
    .order_by(_RULES.c.priority, _RULES.c.pk),
    servers.Rule,
    servers.Policy,
)
_APP = within_org(
    select(_APPS).where(_APPS.c.client_id == bindparam("client"), _APPS.c.status == "ACTIVE"),
    apps.App,
)
_SECRETS_OF = within_org(
    select(_SECRETS.c.value)
    .where(_SECRETS.c.app_pk == bindparam("app"), _SECRETS.c.status == "ACTIVE")
    .order_by(_SECRETS.c.pk.desc()),
    apps.AppSecret,
)
_KEYS_OF = within_org(
    select(_APP_KEYS.c.jwk)
    .where(_APP_KEYS.c.app_pk == bindparam("app"), _APP_KEYS.c.status == "ACTIVE")
    .order_by(_APP_KEYS.c.pk.desc()),
    apps.AppKey,
)
_GRANTS_OF = within_org(
    select(_GRANTS.c.scope).where(_GRANTS.c.app_pk == bindparam("app")), apps.ApiScopeGrant
)
_USER = within_org(select(_USERS).where(_USERS.c.id == bindparam("user")), directory.User)
_USER_BY_KEY = within_org(select(_USERS).where(_USERS.c.key == bindparam("key")), directory.User)
_GROUPS_OF = within_org(
    select(_GROUPS.c.id, _GROUPS.c.name)
    .join(_MEMBERSHIPS, _MEMBERSHIPS.c.group_pk == _GROUPS.c.pk)
    .where(_MEMBERSHIPS.c.user_pk == bindparam("user"))
    .order_by(_GROUPS.c.name),
    directory.Group,
    directory.Membership,
)
_EVERYONE = within_org(
    select(_GROUPS.c.id, _GROUPS.c.name).where(
        _GROUPS.c.name == "Everyone", _GROUPS.c.type == "BUILT_IN"
    ),
    directory.Group,
)
_ASSIGNED_GROUPS = within_org(
    select(_GROUPS.c.id)
    .join(_APP_GROUPS, _APP_GROUPS.c.group_pk == _GROUPS.c.pk)
    .join(_APPS, _APPS.c.pk == _APP_GROUPS.c.app_pk)
    .where(_APPS.c.client_id == bindparam("client")),
    directory.Group,
    apps.AppGroup,
    apps.App,
)
_ASSIGNMENT = within_org(
    select(_APP_USERS.c.username)
    .join(_APPS, _APPS.c.pk == _APP_USERS.c.app_pk)
    .join(_USERS, _USERS.c.pk == _APP_USERS.c.user_pk)
    .where(_APPS.c.client_id == bindparam("client"), _USERS.c.id == bindparam("user")),
    apps.AppUser,
    apps.App,
    directory.User,
)
_ORG_POLICIES_STORED = within_org(
    select(_ORG_POLICIES.c.type, _ORG_POLICIES.c.settings), policies.OrgPolicy
)


def load_server(session: Session, server_id: str) -> values.AuthorizationServer | None:
    """The authorization server: the org's own (`ORG_SERVER`), or an active custom one."""
    if server_id == values.ORG_SERVER:
        return keep(session, ("server", server_id), lambda: _org_server(session))
    return keep(session, ("server", server_id), lambda: _custom_server(session, server_id))


def load_client(session: Session, client_id: str) -> values.Client | None:
    """The active client with this id."""
    return keep(session, ("client", client_id), lambda: _client(session, client_id))


def load_user(session: Session, user_id: str) -> values.User | None:
    """The user with this id, of any status, with the groups, Everyone among them."""
    return keep(
        session,
        ("user", user_id),
        lambda: _user(session, run(session, _USER, user=user_id).first()),
    )


def find_user(session: Session, login: str) -> values.User | None:
    """The user with this login, of any status; case and diacritics don't count."""
    return _user(session, run(session, _USER_BY_KEY, key=directory.login_key(login)).first())


def load_sign_in_rules(session: Session, user: values.User | None = None) -> SignInRules:
    """The rules for this person's sign-in, password and recovery.

    An org has its default policies alone, and they cover everybody alike, unknown people too.
    """
    return keep(
        session,
        "sign-in rules",
        lambda: sign_in_rules(
            {row.type: row.settings for row in run(session, _ORG_POLICIES_STORED)}
        ),
    )


def is_assigned(session: Session, client_id: str, user: values.User) -> bool:
    """Whether the user may use the app: assigned directly, or by one of the groups."""
    groups = keep(
        session,
        ("assigned groups", client_id),
        lambda: frozenset(run(session, _ASSIGNED_GROUPS, client=client_id).scalars()),
    )
    return bool(groups & user.group_ids) or _assignment(session, client_id, user) is not None


def app_username(session: Session, client_id: str, user: values.User) -> str | None:
    """What the user is called in the app: the assignment's name, else the login.

    None for a user who is not assigned.
    """
    assignment = _assignment(session, client_id, user)
    if assignment is not None:
        return assignment[0] or user.login
    return user.login if is_assigned(session, client_id, user) else None


def _org_server(session: Session) -> values.AuthorizationServer:
    org = org_of(session)
    return values.AuthorizationServer(
        id=values.ORG_SERVER,
        name=org.name,
        issuer=org.url,
        endpoint_root=f"{org.url}/oauth2/v1",
        audience=org.url,
        scopes=catalog.ORG_SCOPES,
        policies=(catalog.ORG_POLICY,),
        service_client_auth=frozenset({"private_key_jwt"}),
        service_app_types=frozenset({"service"}),
        fat_id_token_with_code=True,
        takes_integrations=True,
        event_prefix="app.oauth2",
        access_token_type="application/okta-internal-at+jwt",
        without_scope="No scopes were requested.",
    )


def _custom_server(session: Session, server_id: str) -> values.AuthorizationServer | None:
    row = run(session, _SERVER, server=server_id).first()
    if row is None:
        return None
    issuer = f"{org_of(session).url}/oauth2/{row.id}"
    return values.AuthorizationServer(
        id=row.id,
        name=row.name,
        issuer=issuer,
        endpoint_root=f"{issuer}/v1",
        audience=row.audience,
        scopes=MappingProxyType(
            {scope.name: _scope(scope) for scope in run(session, _SCOPES_OF, server=row.pk)}
        ),
        claims=tuple(_claim(claim) for claim in run(session, _CLAIMS_OF, server=row.pk)),
        policies=_policies(session, row.pk),
    )


def _scope(row: Row[Any]) -> values.Scope:
    return values.Scope(
        name=row.name,
        display_name=row.display_name,
        description=row.description,
        system=row.system,
        default=row.default,
        consent=row.consent,
        optional=row.optional,
        published=row.metadata_publish == "ALL_CLIENTS",
    )


def _claim(row: Row[Any]) -> values.Claim:
    return values.Claim(
        id=row.id,
        name=row.name,
        claim_type=row.claim_type,
        value_type=row.value_type,
        value=row.value,
        group_filter_type=row.group_filter_type,
        scopes=frozenset(row.scopes),
        always_in_token=row.always_in_token,
        system=row.system,
    )


def _policies(session: Session, server_pk: int) -> tuple[values.Policy, ...]:
    rules: Mapping[int, list[values.Rule]] = defaultdict(list)
    for row in run(session, _RULES_OF, server=server_pk):
        rules[row.policy_pk].append(_rule(row))
    return tuple(
        values.Policy(row.id, row.name, frozenset(row.clients), tuple(rules[row.pk]))
        for row in run(session, _POLICIES_OF, server=server_pk)
    )


def _rule(row: Row[Any]) -> values.Rule:
    return values.Rule(
        id=row.id,
        name=row.name,
        grant_types=frozenset(row.grant_types),
        scopes=frozenset(row.scopes),
        groups=frozenset(row.groups),
        users=frozenset(row.users),
        excluded_groups=frozenset(row.excluded_groups),
        excluded_users=frozenset(row.excluded_users),
        access_token_minutes=row.access_token_minutes,
        refresh_token_minutes=row.refresh_token_minutes,
        refresh_window_minutes=row.refresh_window_minutes,
    )


def _client(session: Session, client_id: str) -> values.Client | None:
    row = run(session, _APP, client=client_id).first()
    if row is None:
        return integrations.integration_client(session, client_id)
    return values.Client(
        id=row.client_id,
        name=row.label,
        application_type=row.application_type,
        auth_method=row.auth_method,
        secrets=tuple(run(session, _SECRETS_OF, app=row.pk).scalars()),
        keys=tuple(keys.client_key(jwk) for jwk in run(session, _KEYS_OF, app=row.pk).scalars()),
        redirect_uris=tuple(row.redirect_uris),
        post_logout_redirect_uris=tuple(row.post_logout_redirect_uris),
        response_types=frozenset(row.response_types),
        grant_types=frozenset(row.grant_types),
        pkce_required=row.pkce_required or row.auth_method == "none",
        consent_method=row.consent_method,
        rotates_refresh_tokens=row.rotation_type == "ROTATE" or row.application_type == "browser",
        refresh_leeway=row.refresh_leeway,
        api_scopes=frozenset(run(session, _GRANTS_OF, app=row.pk).scalars()),
        groups_claim=MappingProxyType(row.groups_claim) if row.groups_claim else None,
        profile=MappingProxyType(row.profile),
        signing_alg=row.signing_alg,
        logo_uri=row.logo_uri,
        token_family=row.more.get(apps.TOKEN_FAMILY, row.id),
    )


def _user(session: Session, row: Row[Any] | None) -> values.User | None:
    if row is None:
        return None
    found = (*run(session, _EVERYONE), *run(session, _GROUPS_OF, user=row.pk))
    return values.User(
        id=row.id,
        login=row.login,
        status=row.status,
        profile=MappingProxyType(row.profile),
        groups=tuple(values.Group(group.id, group.name) for group in found),
        updated=row.updated,
    )


def _assignment(session: Session, client_id: str, user: values.User) -> tuple[str | None] | None:
    return keep(
        session,
        ("assignment", client_id, user.id),
        lambda: _username(session, client_id, user.id),
    )


def _username(session: Session, client_id: str, user_id: str) -> tuple[str | None] | None:
    row = run(session, _ASSIGNMENT, client=client_id, user=user_id).first()
    return None if row is None else (row.username,)
