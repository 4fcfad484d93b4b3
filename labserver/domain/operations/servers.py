"""Authorization servers and all below them."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import SWITCHES, Operation, crud, posts
from labserver.domain.rights import Right

_SERVERS = "/api/v1/authorizationServers"
_SERVER = f"{_SERVERS}/{{server_id}}"
_POLICY = f"{_SERVER}/policies/{{policy_id}}"
_RULE = f"{_POLICY}/rules/{{rule_id}}"
_MANAGE_SERVERS = "okta.authorizationServers.manage"
_READ_SERVERS = "okta.authorizationServers.read"


def of_servers() -> Iterator[Operation]:
    """Servers, scopes, claims, policies, rules, keys."""
    resource: tuple[str, Right, Right] = ("authorizationServers", "view servers", "edit servers")
    yield from crud(_SERVERS, "server_id", *resource)
    yield from crud(f"{_SERVER}/scopes", "scope_id", *resource)
    yield from crud(f"{_SERVER}/claims", "claim_id", *resource)
    yield from crud(f"{_SERVER}/policies", "policy_id", *resource)
    yield from crud(f"{_POLICY}/rules", "rule_id", *resource)
    for path in (_SERVER, _POLICY, _RULE):
        yield from posts(path, _MANAGE_SERVERS, "edit servers", *SWITCHES)
    yield Operation("GET", f"{_SERVER}/credentials/keys", _READ_SERVERS, "view servers")
    yield Operation("GET", f"{_SERVER}/credentials/keys/{{key_id}}", _READ_SERVERS, "view servers")
    rotate = "credentials/lifecycle/keyRotate"
    yield from posts(_SERVER, _MANAGE_SERVERS, "edit servers", rotate)
