"""The payloads of access and ID tokens (Okta: token claims; OpenID Connect Core §2)."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from labserver.domain.proofs import half_hash
from labserver.domain.values import AuthorizationServer, Client, User

ID_TOKEN_SECONDS = 3600
_ERA = 6
"""Bytes of an org's change counter."""


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


def new_jti(kind: str, family: str | None = None, *, era: int = 0) -> str:
    """A token id: `AT.` or `ID.`, random, and for access tokens of a family the family's id.

    `era` is the org's change counter at that time: a restore ends the tokens that came later
    than its snapshot, and nothing else is kept of them. It is folded into the random part.
    """
    chance = secrets.token_bytes(18)
    mixed = int.from_bytes(chance[:_ERA]) ^ era
    value = urlsafe_b64encode(chance + mixed.to_bytes(_ERA)).decode()
    return f"{kind}.{value}.{family}" if family else f"{kind}.{value}"


def era_of(jti: str) -> int:
    """The org's change counter at the time when the token with this id was issued."""
    kept = urlsafe_b64decode(jti.split(".")[1])
    return int.from_bytes(kept[:_ERA]) ^ int.from_bytes(kept[-_ERA:])


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
    *,
    era: int = 0,
) -> dict[str, Any]:
    """The claims of an access token; `lifetime` in seconds, `era` as in `new_jti`."""
    subject = custom.pop("sub", None) or access.app_username or client.id
    claims: dict[str, Any] = {
        "ver": 1,
        "jti": new_jti("AT", access.family, era=era),
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
    era: int = 0,
) -> dict[str, Any]:
    """The claims of an ID token; `person` is what it says about the user, `era` as in `new_jti`."""
    assert access.user is not None
    claims: dict[str, Any] = {
        "sub": access.user.id,
        "ver": 1,
        "iss": server.issuer,
        "aud": client.id,
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
        "jti": new_jti("ID", era=era),
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
