"""Which scopes a request gets: all that it asks for, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Collection

from labserver.domain.catalog import OIDC_SCOPES, RESERVED_SCOPES
from labserver.domain.errors import Refusal
from labserver.domain.values import AuthorizationServer, Client, Scope

LONGEST = 1024
MAY_BE_ASKED = "all scopes exist and may be asked for"
"""The check's name among the server's reasons."""

_SYNTAX = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


def granted_scopes(
    server: AuthorizationServer, client: Client, asked: str | None, grant_type: str
) -> tuple[str, ...]:
    """The scopes of a request, in the order asked; the server's default ones when it asks none.

    Raises `Refusal`: scopes are all or none, on both kinds of server (Okta: invalid_scope).
    """
    names = split(asked) if asked else _defaults(server)
    _all_exist(server, names)
    if grant_type == "client_credentials":
        _need_no_person(server, names)
    elif OIDC_SCOPES.intersection(names):
        openid_is_there(names)
    app_holds_api_grants(server, client, names, grant_type)
    return names


def openid_is_there(names: Collection[str]) -> None:
    """Refuse a request about a person, or for an ID token, without the scope `openid`."""
    if "openid" not in names:
        raise _refused(
            "invalid_scope",
            "Requests for ID tokens or access tokens with OpenID scopes "
            "require the 'openid' scope.",
        )


def split(asked: str) -> tuple[str, ...]:
    """The names in a `scope` parameter, each once, in order (RFC 6749 §3.3).

    Raises `Refusal` for a string that is too long or has a character no scope can have.
    """
    if len(asked) > LONGEST:
        raise _refused(
            "invalid_scope", f"The 'scope' parameter is longer than {LONGEST} characters."
        )
    if not _SYNTAX.fullmatch(asked):
        raise _refused(
            "invalid_scope",
            "The 'scope' parameter must be names of visible ASCII characters, one space between.",
        )
    return tuple(dict.fromkeys(asked.split(" ")))


def unconsented(
    server: AuthorizationServer,
    client: Client,
    scopes: tuple[str, ...],
    consented: frozenset[str],
    *,
    prompted: bool,
) -> tuple[Scope, ...]:
    """The scopes that a person must still be asked about (Okta: the consent matrix).

    With `prompt=consent` (`prompted`) the question comes every time.
    """
    if not prompted and client.consent_method != "REQUIRED":
        return ()
    askable = (server.scopes[name] for name in scopes)
    return tuple(
        scope
        for scope in askable
        if scope.consent != "IMPLICIT" and (prompted or scope.name not in consented)
    )


def app_holds_api_grants(
    server: AuthorizationServer, client: Client, names: tuple[str, ...], grant_type: str
) -> None:
    """Raises `Refusal` unless each `okta.*` scope is granted to the app at this moment."""
    # A scope of a refreshed token may have been deleted since.
    held = (server.scopes.get(name) for name in names)
    needed = [scope.name for scope in held if scope is not None and scope.needs_api_grant]
    missing = [name for name in needed if name not in client.api_scopes]
    if not missing:
        return
    if len(missing) == len(needed):
        error = "consent_required" if grant_type == "client_credentials" else "invalid_scope"
        raise _refused(
            error, "You are not allowed any of the requested scopes.", name="no_org_scopes_granted"
        )
    raise _refused(
        "invalid_scope",
        "The app has not been granted all of the requested scopes. "
        f"Not granted: [{', '.join(missing)}].",
        name="some_org_scopes_not_granted",
    )


def _defaults(server: AuthorizationServer) -> tuple[str, ...]:
    names = tuple(scope.name for scope in server.scopes.values() if scope.default)
    if not names:
        raise _refused("invalid_scope", server.without_scope, name="no_default_scopes")
    return names


def _all_exist(server: AuthorizationServer, names: tuple[str, ...]) -> None:
    if any(name not in server.scopes for name in names):
        raise _refused(
            "invalid_scope",
            "One or more scopes are not configured for the authorization server resource.",
            name="no_matching_scope",
        )


def _need_no_person(server: AuthorizationServer, names: tuple[str, ...]) -> None:
    if any(name in RESERVED_SCOPES for name in names):
        raise _refused("invalid_scope", "Cannot request 'openid' scopes using client credentials.")
    if any(name.endswith(".self") and server.scopes[name].needs_api_grant for name in names):
        raise _refused(
            "client_credentials_self_scope_requested",
            "The 'client_credentials' grant type may not request .self scopes.",
        )
    asking = [name for name in names if server.scopes[name].consent == "REQUIRED"]
    if asking:
        raise _refused(
            "consent_required",
            "The following scopes require user consent and cannot be granted for the "
            f"client credentials grant type: [{', '.join(asking)}].",
        )


def _refused(error: str, description: str, name: str = "") -> Refusal:
    return Refusal(error, description, name=name, check=MAY_BE_ASKED)
