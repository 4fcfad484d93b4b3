"""Admin roles: whose they are, what they are limited to, and custom ones."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import Operation

_READ = "okta.roles.read"
_MANAGE = "okta.roles.manage"
_HOLDERS = (
    "/api/v1/users/{user_id}",
    "/api/v1/groups/{group_id}",
    "/oauth2/v1/clients/{client_id}",
)


def of_roles() -> Iterator[Operation]:
    """Assignments, their targets, custom roles and what they reach."""
    for holder in _HOLDERS:
        roles = f"{holder}/roles"
        one = f"{roles}/{{role_id}}"
        yield Operation("GET", roles, _READ, "view roles")
        yield Operation("POST", roles, _MANAGE, "super")
        yield Operation("GET", one, _READ, "view roles")
        yield Operation("DELETE", one, _MANAGE, "super")
        groups, apps = f"{one}/targets/groups", f"{one}/targets/catalog/apps"
        named = f"{apps}/{{app_name}}"
        for path in (groups, apps):
            yield Operation("GET", path, _READ, "view roles")
        for path in (f"{groups}/{{target_id}}", named, f"{named}/{{target_id}}"):
            yield Operation("PUT", path, _MANAGE, "super")
            yield Operation("DELETE", path, _MANAGE, "super")
    yield from _of_custom_roles()


def _of_custom_roles() -> Iterator[Operation]:
    roles, sets = "/api/v1/iam/roles", "/api/v1/iam/resource-sets"
    role, one = f"{roles}/{{custom_role_id}}", f"{sets}/{{resource_set_id}}"
    permissions, bindings = f"{role}/permissions", f"{one}/bindings"
    permission, binding = f"{permissions}/{{permission}}", f"{bindings}/{{custom_role_id}}"
    members = f"{binding}/members"
    calls = {
        roles: "GET POST",
        role: "GET PUT DELETE",
        permissions: "GET",
        permission: "GET POST DELETE",
        sets: "GET POST",
        one: "GET PUT DELETE",
        f"{one}/resources": "GET PATCH",
        f"{one}/resources/{{resource_id}}": "DELETE",
        bindings: "GET POST",
        binding: "GET DELETE",
        members: "GET PATCH",
        f"{members}/{{member_id}}": "DELETE",
    }
    for path, methods in calls.items():
        for method in methods.split():
            reads = method == "GET"
            yield Operation(
                method, path, _READ if reads else _MANAGE, "view roles" if reads else "super"
            )
