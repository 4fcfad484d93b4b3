"""Permissions of custom roles: their names, and which one holds another (Okta: permissions)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NAMES = {
    "okta.users": "create read manage",
    "okta.users.userprofile": "manage",
    "okta.users.lifecycle": "manage activate deactivate suspend unsuspend delete unlock "
    "clearSessions",
    "okta.users.credentials": "manage resetPassword expirePassword resetFactors "
    "manageTemporaryAccessCode",
    "okta.users.groupMembership": "manage",
    "okta.users.appAssignment": "manage",
    "okta.users.apitokens": "read manage",
    "okta.groups": "create read manage",
    "okta.groups.members": "manage",
    "okta.groups.appAssignment": "manage",
    "okta.apps": "read manage",
    "okta.apps.assignment": "manage",
    "okta.apps.clientCredentials": "read",
    "okta.authzServers": "read manage",
    "okta.iam": "read",
}
PERMISSIONS = tuple(
    f"{family}.{word}" for family, words in _NAMES.items() for word in words.split()
)
"""Every permission that a custom role may have."""

_APART = ("okta.users.apitokens.", "okta.apps.clientCredentials.")
"""Secrets: managing the people or apps that own them is not enough."""

_OF_SCOPES = {
    "authorizationServers": "authzServers",
    "roles": "iam",
    "apiTokens": "users.apitokens",
}

_OF_OPERATIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("POST", "/api/v1/users"): "okta.users.create",
        ("POST", "/api/v1/users/{user_id}"): "okta.users.userprofile.manage",
        ("PUT", "/api/v1/users/{user_id}"): "okta.users.manage",
        ("DELETE", "/api/v1/users/{user_id}"): "okta.users.lifecycle.delete",
        ("DELETE", "/api/v1/users/{user_id}/sessions"): "okta.users.lifecycle.clearSessions",
        ("POST", "/api/v1/groups"): "okta.groups.create",
        ("PUT", "/api/v1/groups/{group_id}/users/{user_id}"): "okta.groups.members.manage",
        ("DELETE", "/api/v1/groups/{group_id}/users/{user_id}"): "okta.groups.members.manage",
    }
)
_OF_LIFECYCLE = {
    "activate": "lifecycle.activate",
    "reactivate": "lifecycle.activate",
    "deactivate": "lifecycle.deactivate",
    "suspend": "lifecycle.suspend",
    "unsuspend": "lifecycle.unsuspend",
    "unlock": "lifecycle.unlock",
    "reset_password": "credentials.resetPassword",
    "expire_password": "credentials.expirePassword",
    "expire_password_with_temp_password": "credentials.expirePassword",
    "reset_factors": "credentials.resetFactors",
}


def includes(held: str, wanted: str) -> bool:
    """Whether who has the one permission has the other: `manage` holds all of its family."""
    if held == wanted:
        return True
    family = held.removesuffix("manage")
    if family == held or not wanted.startswith(family):
        return False
    return not any(wanted.startswith(apart) and not held.startswith(apart) for apart in _APART)


def permission_of(method: str, path: str, scope: str | None) -> str | None:
    """The permission that opens an operation to a custom role; None: standard roles alone do."""
    if found := _OF_OPERATIONS.get((method, path)):
        return found
    if path.startswith("/api/v1/users/{user_id}/"):
        return _of_person(method, path.removeprefix("/api/v1/users/{user_id}/"), scope)
    if path.startswith("/api/v1/apps/{app_id}/"):
        if "/credentials/" in path and method == "GET":
            return "okta.apps.clientCredentials.read"
        if method != "GET" and path.split("/")[5] in ("users", "groups"):
            return "okta.apps.assignment.manage"
    return _of_scope(scope)


def _of_person(method: str, rest: str, scope: str | None) -> str | None:
    kind, _, word = rest.partition("/")
    if kind == "lifecycle":
        return f"okta.users.{_OF_LIFECYCLE[word]}" if word in _OF_LIFECYCLE else None
    if method == "DELETE" and kind == "factors":
        return "okta.users.credentials.resetFactors"
    if method != "GET" and kind in ("factors", "credentials"):
        return "okta.users.credentials.manage"
    return "okta.users.read" if kind == "factors" else _of_scope(scope)


def _of_scope(scope: str | None) -> str | None:
    """The permission that is spelled like the scope, where there is one."""
    if scope is None:
        return None
    _, resource, word = scope.split(".", 2)
    name = f"okta.{_OF_SCOPES.get(resource, resource)}.{word}"
    return name if name in PERMISSIONS else None
