"""The org: its API tokens, log, child orgs, and the lab's own calls."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import Operation

_TOKENS = "/api/v1/api-tokens"


def of_the_org() -> Iterator[Operation]:
    """API tokens, the log, child orgs, the clock, the outbox."""
    yield Operation("GET", _TOKENS, "okta.apiTokens.read", "view own tokens")
    yield Operation("POST", _TOKENS, "okta.apiTokens.manage", "make tokens")
    yield Operation("DELETE", f"{_TOKENS}/current", None, "own token")
    yield Operation("GET", f"{_TOKENS}/{{token_id}}", "okta.apiTokens.read", "view own tokens")
    yield Operation("PUT", f"{_TOKENS}/{{token_id}}", "okta.apiTokens.manage", "super")
    yield Operation("DELETE", f"{_TOKENS}/{{token_id}}", "okta.apiTokens.manage", "super")
    yield Operation("GET", "/api/v1/logs", "okta.logs.read", "read log")
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/{org_id}")):
        yield Operation(method, f"/api/v1/orgs{path}", None, "super")
    yield Operation("GET", "/lab/clock", None, "super")
    yield Operation("POST", "/lab/clock", None, "super")
    yield Operation("GET", "/lab/operations", None, "super")
    yield Operation("GET", "/lab/outbox", None, "super")
    yield Operation("DELETE", "/lab/outbox", None, "super")
