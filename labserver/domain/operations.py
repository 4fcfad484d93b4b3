"""The management API's operations: what each needs, in scope and in admin right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from labserver.domain.rights import Right


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `scope` is the `okta.*` scope of a bearer token; None: API tokens only."""

    method: str
    path: str
    scope: str | None
    right: Right


def _crud(path: str, item: str, resource: str, view: Right, edit: Right) -> Iterator[Operation]:
    """List, make, read, replace and delete the things below a path."""
    read, manage = f"okta.{resource}.read", f"okta.{resource}.manage"
    yield Operation("GET", path, read, view)
    yield Operation("POST", path, manage, edit)
    yield Operation("GET", f"{path}/{{{item}}}", read, view)
    yield Operation("PUT", f"{path}/{{{item}}}", manage, edit)
    yield Operation("DELETE", f"{path}/{{{item}}}", manage, edit)


def _posts(path: str, scope: str, right: Right, *names: str) -> Iterator[Operation]:
    for name in names:
        yield Operation("POST", f"{path}/{name}", scope, right)


_SERVERS = "/api/v1/authorizationServers"
_SERVER = f"{_SERVERS}/{{server_id}}"
_POLICY = f"{_SERVER}/policies/{{policy_id}}"
_RULE = f"{_POLICY}/rules/{{rule_id}}"
_APPS = "/api/v1/apps"
_APP = f"{_APPS}/{{app_id}}"
_USERS = "/api/v1/users"
_USER = f"{_USERS}/{{user_id}}"
_GROUP = "/api/v1/groups/{group_id}"
_TOKENS = "/api/v1/api-tokens"
_MANAGE_SERVERS = "okta.authorizationServers.manage"
_READ_SERVERS = "okta.authorizationServers.read"
_MANAGE_APPS = "okta.apps.manage"
_READ_APPS = "okta.apps.read"
_SWITCHES = ("lifecycle/activate", "lifecycle/deactivate")


def _of_servers() -> Iterator[Operation]:
    resource: tuple[str, Right, Right] = ("authorizationServers", "view servers", "edit servers")
    yield from _crud(_SERVERS, "server_id", *resource)
    yield from _crud(f"{_SERVER}/scopes", "scope_id", *resource)
    yield from _crud(f"{_SERVER}/claims", "claim_id", *resource)
    yield from _crud(f"{_SERVER}/policies", "policy_id", *resource)
    yield from _crud(f"{_POLICY}/rules", "rule_id", *resource)
    for path in (_SERVER, _POLICY, _RULE):
        yield from _posts(path, _MANAGE_SERVERS, "edit servers", *_SWITCHES)
    yield Operation("GET", f"{_SERVER}/credentials/keys", _READ_SERVERS, "view servers")
    yield Operation("GET", f"{_SERVER}/credentials/keys/{{key_id}}", _READ_SERVERS, "view servers")
    rotate = "credentials/lifecycle/keyRotate"
    yield from _posts(_SERVER, _MANAGE_SERVERS, "edit servers", rotate)


def _of_apps() -> Iterator[Operation]:
    yield from _crud(_APPS, "app_id", "apps", "view apps", "edit apps")
    yield from _posts(_APP, _MANAGE_APPS, "edit apps", *_SWITCHES)
    for path in (f"{_APP}/users", f"{_APP}/users/{{user_id}}"):
        yield Operation("GET", path, _READ_APPS, "view apps")
        yield Operation("POST", path, _MANAGE_APPS, "assign apps")
    yield Operation("DELETE", f"{_APP}/users/{{user_id}}", _MANAGE_APPS, "assign apps")
    yield Operation("GET", f"{_APP}/groups", _READ_APPS, "view apps")
    yield Operation("GET", f"{_APP}/groups/{{group_id}}", _READ_APPS, "view apps")
    yield Operation("PUT", f"{_APP}/groups/{{group_id}}", _MANAGE_APPS, "assign apps")
    yield Operation("DELETE", f"{_APP}/groups/{{group_id}}", _MANAGE_APPS, "assign apps")
    for kind in ("secrets", "jwks"):
        path = f"{_APP}/credentials/{kind}"
        one = f"{path}/{{credential_id}}"
        # Who reads a client's secret can act as the client.
        yield Operation("GET", path, _READ_APPS, "edit apps")
        yield Operation("GET", one, _READ_APPS, "edit apps")
        yield Operation("POST", path, _MANAGE_APPS, "edit apps")
        yield Operation("DELETE", one, _MANAGE_APPS, "edit apps")
        yield from _posts(one, _MANAGE_APPS, "edit apps", *_SWITCHES)
    grants = f"{_APP}/grants"
    yield Operation("GET", grants, "okta.appGrants.read", "view apps")
    yield Operation("POST", grants, "okta.appGrants.manage", "super")
    yield Operation("GET", f"{grants}/{{grant_id}}", "okta.appGrants.read", "view apps")
    yield Operation("DELETE", f"{grants}/{{grant_id}}", "okta.appGrants.manage", "super")


def _of_people() -> Iterator[Operation]:
    manage = "okta.users.manage"
    yield from _crud(_USERS, "user_id", "users", "view people", "edit people")
    yield Operation("POST", _USER, manage, "edit people")
    switches = (*_SWITCHES, "lifecycle/suspend", "lifecycle/unsuspend")
    yield from _posts(_USER, manage, "edit people", *switches)
    yield from _posts(_USER, manage, "help people", "lifecycle/unlock")
    yield Operation("DELETE", f"{_USER}/sessions", manage, "help people")
    yield Operation("GET", f"{_USER}/groups", "okta.users.read", "view people")
    yield from _crud("/api/v1/groups", "group_id", "groups", "view people", "edit groups")
    members = f"{_GROUP}/users"
    yield Operation("GET", members, "okta.groups.read", "view people")
    yield Operation("PUT", f"{members}/{{user_id}}", "okta.groups.manage", "edit members")
    yield Operation("DELETE", f"{members}/{{user_id}}", "okta.groups.manage", "edit members")


def _of_the_org() -> Iterator[Operation]:
    yield Operation("GET", _TOKENS, "okta.apiTokens.read", "view tokens")
    yield Operation("POST", _TOKENS, "okta.apiTokens.manage", "make tokens")
    yield Operation("DELETE", f"{_TOKENS}/current", None, "own token")
    yield Operation("GET", f"{_TOKENS}/{{token_id}}", "okta.apiTokens.read", "view tokens")
    yield Operation("DELETE", f"{_TOKENS}/{{token_id}}", "okta.apiTokens.manage", "super")
    yield Operation("GET", "/api/v1/logs", "okta.logs.read", "read log")
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/{org_id}")):
        yield Operation(method, f"/api/v1/orgs{path}", None, "super")
    yield Operation("GET", "/lab/clock", None, "super")
    yield Operation("POST", "/lab/clock", None, "super")


OPERATIONS: Mapping[tuple[str, str], Operation] = MappingProxyType(
    {
        (found.method, found.path): found
        for part in (_of_servers, _of_apps, _of_people, _of_the_org)
        for found in part()
    }
)
"""Every operation, by method and path."""
