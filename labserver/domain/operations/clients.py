"""Clients in the words of registration, the refresh tokens they hold, and consents."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import Operation, crud, posts
from labserver.domain.rights import Right

_CLIENTS = "/oauth2/v1/clients"
_CLIENT = f"{_CLIENTS}/{{client_id}}"
_SERVER = "/api/v1/authorizationServers/{server_id}"
_USER = "/api/v1/users/{user_id}"
_APP = "/api/v1/apps/{app_id}"
_GROUP = "/api/v1/groups/{group_id}"


def of_clients() -> Iterator[Operation]:
    """Registration, tokens and grants by server, app and person; what groups own and use."""
    yield from crud(_CLIENTS, "client_id", "clients", "view apps", "edit apps")
    yield from posts(_CLIENT, "okta.clients.manage", "edit apps", "lifecycle/newSecret")
    servers: tuple[str, Right, Right] = ("authorizationServers", "view servers", "edit servers")
    yield Operation("GET", f"{_SERVER}/clients", "okta.authorizationServers.read", "view servers")
    yield from _listed(f"{_SERVER}/clients/{{client_id}}/tokens", "token_id", *servers)
    yield from _listed(f"{_APP}/tokens", "token_id", "apps", "view apps", "edit apps")
    people: tuple[str, Right, Right] = ("users", "view people", "edit people")
    yield Operation("GET", f"{_USER}/clients", "okta.users.read", "view people")
    yield from _listed(f"{_USER}/grants", "grant_id", *people)
    yield from _listed(f"{_USER}/clients/{{client_id}}/tokens", "token_id", *people)
    for method, right in (("GET", people[1]), ("DELETE", people[2])):
        scope = f"okta.users.{'read' if method == 'GET' else 'manage'}"
        yield Operation(method, f"{_USER}/clients/{{client_id}}/grants", scope, right)
    manage = "okta.authorizationServers.manage"
    trusted = f"{_SERVER}/associatedServers"
    yield Operation("GET", trusted, "okta.authorizationServers.read", "view servers")
    yield Operation("POST", trusted, manage, "edit servers")
    yield Operation("DELETE", f"{trusted}/{{other_id}}", manage, "edit servers")
    yield Operation("GET", f"{_GROUP}/apps", "okta.groups.read", "view people")
    yield Operation("GET", f"{_GROUP}/owners", "okta.groups.read", "view people")
    yield Operation("POST", f"{_GROUP}/owners", "okta.groups.manage", "edit groups")
    yield Operation("DELETE", f"{_GROUP}/owners/{{owner_id}}", "okta.groups.manage", "edit groups")


def _listed(path: str, item: str, resource: str, view: Right, edit: Right) -> Iterator[Operation]:
    """List, read and end the things below a path, one or all."""
    for where in (path, f"{path}/{{{item}}}"):
        yield Operation("GET", where, f"okta.{resource}.read", view)
        yield Operation("DELETE", where, f"okta.{resource}.manage", edit)
