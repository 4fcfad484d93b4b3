"""API service integrations: installing them, and making one."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import SWITCHES, Operation, posts

_SERVICES = "/integrations/api/v1/api-services"
_READ = "okta.oauthIntegrations.read"
_MANAGE = "okta.oauthIntegrations.manage"
_OWN = "/lab/integrations"


def of_integrations() -> Iterator[Operation]:
    """Installed integrations with their secrets; declared ones, which Okta has no call for.

    Installing grants scopes, so it takes a super admin as granting them to an app does.
    """
    one = f"{_SERVICES}/{{service_id}}"
    secrets = f"{one}/credentials/secrets"
    yield Operation("GET", _SERVICES, _READ, "view apps")
    yield Operation("GET", one, _READ, "view apps")
    yield Operation("POST", _SERVICES, _MANAGE, "super")
    yield Operation("DELETE", one, _MANAGE, "super")
    yield Operation("GET", secrets, _READ, "super")
    yield Operation("POST", secrets, _MANAGE, "super")
    yield Operation("DELETE", f"{secrets}/{{secret_id}}", _MANAGE, "super")
    yield from posts(f"{secrets}/{{secret_id}}", _MANAGE, "super", *SWITCHES)
    for method in ("GET", "POST"):
        yield Operation(method, _OWN, None, "super")
    for method in ("GET", "PUT", "DELETE"):
        yield Operation(method, f"{_OWN}/{{declaration_id}}", None, "super")
