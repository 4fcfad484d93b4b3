"""The payloads of access and ID tokens (Okta: token claims; OpenID Connect Core §2)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from labserver.domain.proofs import half_hash
from labserver.domain.values import AuthorizationServer, Client, User

ID_TOKEN_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Access:
    """What was granted: everything a token response is made from.

    `grant_type` is the one the authorization stems from, also when it is refreshed. `family` is
    None where nothing can be refreshed or reused (client credentials).
    """

    grant_type: str
    scopes: tuple[str, ...]
    user: User | None = None
    app_username: str | None = None
    auth_time: int | None = None
    amr: tuple[str, ...] = ()
    nonce: str | None = None
    family: str | None = None


def new_jti(kind: str, family: str | None = None) -> str:
    """A token id: `AT.` or `ID.`, random, and for access tokens of a family the family's id."""
    value = f"{kind}.{secrets.token_urlsafe(24)}"
    return f"{value}.{family}" if family else value


def family_of(jti: str) -> str | None:
    """The family that an access token's id names, None when it names none."""
    parts = jti.split(".")
    return parts[2] if len(parts) == 3 else None


def access_token(
    server: AuthorizationServer,
    client: Client,
    access: Access,
    custom: dict[str, Any],
    now: int,
    lifetime: int,
) -> dict[str, Any]:
    """The claims of an access token; `lifetime` in seconds."""
    subject = custom.pop("sub", None) or access.app_username or client.id
    claims: dict[str, Any] = {
        "ver": 1,
        "jti": new_jti("AT", access.family),
        "iss": server.issuer,
        "aud": server.audience,
        "iat": now,
        "exp": now + lifetime,
        "cid": client.id,
    }
    if access.user is not None:
        claims["uid"] = access.user.id
    claims["scp"] = list(access.scopes)
    if access.auth_time is not None:
        claims["auth_time"] = access.auth_time
    return claims | custom | {"sub": str(subject)}


def id_token(
    server: AuthorizationServer,
    client: Client,
    access: Access,
    person: dict[str, Any],
    now: int,
    *,
    org_id: str,
    access_token: str | None = None,
    code: str | None = None,
) -> dict[str, Any]:
    """The claims of an ID token; `person` is what it says about the user."""
    assert access.user is not None
    claims: dict[str, Any] = {
        "sub": access.user.id,
        "ver": 1,
        "iss": server.issuer,
        "aud": client.id,
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
        "jti": new_jti("ID"),
        "amr": list(access.amr),
        "idp": org_id,
        "auth_time": access.auth_time,
    }
    if access.nonce is not None:
        claims["nonce"] = access.nonce
    if access_token is not None:
        claims["at_hash"] = half_hash(access_token)
    if code is not None:
        claims["c_hash"] = half_hash(code)
    return person | claims
