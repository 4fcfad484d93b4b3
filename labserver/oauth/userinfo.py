"""Userinfo: what an access token may know about its person (OpenID Connect Core §5.3)."""

from __future__ import annotations

import re
from typing import Any

from labserver.domain.tokens import Access
from labserver.oauth.context import Context
from labserver.oauth.found_tokens import find_access_token
from labserver.oauth.issuing import about_person
from labserver.oauth.wire import NO_STORE, Answer
from labserver.store import loaders

_BEARER = re.compile(r"bearer ?([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)

INVALID = 'Bearer error="invalid_token", error_description="The access token is invalid"'
INSUFFICIENT = (
    'Bearer error="insufficient_scope", error_description="The access token must provide access '
    'to at least one of these scopes - profile, email, address or phone"'
)


def bearer_token(authorization: str | None) -> str | None:
    """The token of an `Authorization: Bearer` header; the scheme's case does not matter."""
    match = _BEARER.fullmatch(authorization or "")
    return match[1] if match else None


def userinfo(context: Context, authorization: str | None) -> Answer:
    """The claims of the token's granted scopes, or a challenge with an empty body."""
    if not authorization:
        return _challenge(context, 401, "Bearer", "No token was sent.")
    value = bearer_token(authorization)
    found = find_access_token(context, value) if value else None
    if found is None or "uid" not in found.claims:
        return _challenge(context, 401, INVALID, "It is no access token for this endpoint.")
    scopes = tuple(found.claims["scp"])
    if "openid" not in scopes:
        return _challenge(context, 403, INSUFFICIENT, "The token lacks the scope openid.")
    context.passed("access token is good, with openid")
    return Answer(200, _claims(context, found.client_id, found.claims, scopes))


def _claims(
    context: Context, client_id: str, claims: dict[str, Any], scopes: tuple[str, ...]
) -> dict[str, Any]:
    client = loaders.load_client(context.session, client_id)
    user = loaders.load_user(context.session, claims["uid"])
    assert client is not None
    assert user is not None
    context.actor_user = user
    access = Access(
        grant_type="authorization_code",
        scopes=scopes,
        user=user,
        app_username=loaders.app_username(context.session, client.id, user),
    )
    return about_person(context, client, access, fat=True) | {"sub": user.id}


def _challenge(context: Context, status: int, challenge: str, why: str) -> Answer:
    context.note("access token is good, with openid", "failed", why)
    return Answer(status, None, (*NO_STORE, ("WWW-Authenticate", challenge)))
