"""Apps and all below them."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import SWITCHES, Operation, crud, posts

_APPS = "/api/v1/apps"
_APP = f"{_APPS}/{{app_id}}"
_MANAGE_APPS = "okta.apps.manage"
_READ_APPS = "okta.apps.read"


def of_apps() -> Iterator[Operation]:
    """Apps, assignments, credentials, grants."""
    yield from crud(_APPS, "app_id", "apps", "view apps", "edit apps")
    yield from posts(_APP, _MANAGE_APPS, "edit apps", *SWITCHES)
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
        yield from posts(one, _MANAGE_APPS, "edit apps", *SWITCHES)
    grants = f"{_APP}/grants"
    yield Operation("GET", grants, "okta.appGrants.read", "view apps")
    yield Operation("POST", grants, "okta.appGrants.manage", "super")
    yield Operation("GET", f"{grants}/{{grant_id}}", "okta.appGrants.read", "view apps")
    yield Operation("DELETE", f"{grants}/{{grant_id}}", "okta.appGrants.manage", "super")
