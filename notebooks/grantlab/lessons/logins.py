"""Sign-ins that might have happened: one good ID token, and others with one fault each."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

Claims = dict[str, Any]
Fault = Literal[
    "forged", "other audience", "old nonce", "no nonce", "wrong issuer", "expired", "access token"
]

KID = "of-an-exercise"


@dataclass(frozen=True)
class Login:
    """What an app knows when an ID token reaches it.

    `issuer` is the server that it trusts, `client_id` its own id there. `nonce` was made for this
    one sign-in. `keys` are the server's published keys by their `kid`.
    """

    issuer: str
    client_id: str
    nonce: str
    keys: Mapping[str, jwt.PyJWK]


def new_login() -> Login:
    """A sign-in that has begun, at a server which lives in this module alone."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(_key("the server's").public_key(), as_dict=True)
    keys = {KID: jwt.PyJWK.from_dict({**public, "kid": KID, "use": "sig"}, "RS256")}
    return Login(
        "https://sign-in.example/bank", "0oaPortal", secrets.token_urlsafe(16), keys
    )  # fmt: skip


def claims_for(login: Login, now: int) -> Claims:
    """The claims of a good ID token for this sign-in (OpenID Connect Core §2)."""
    return {
        "jti": f"ID.{secrets.token_hex(8)}",
        "iss": login.issuer,
        "aud": login.client_id,
        "sub": f"00u{secrets.token_hex(6)}",
        "iat": now - 5,
        "exp": now + 3600,
        "nonce": login.nonce,
    }


def faulty(claims: Claims, now: int) -> Iterator[tuple[Fault, str]]:
    """Tokens that differ from a good one in one thing each."""
    unasked = {name: value for name, value in claims.items() if name != "nonce"}
    for_an_api = {"jti": "AT.1", "aud": "api://transfers", "cid": claims["aud"], "scp": ["openid"]}
    yield "forged", signed(claims, "somebody else's")
    yield "other audience", signed(claims | {"aud": "0oaPuzzle"})
    yield "old nonce", signed(claims | {"nonce": secrets.token_urlsafe(16)})
    yield "no nonce", signed(unasked)
    yield "wrong issuer", signed(claims | {"iss": "https://sign-in.example/shop"})
    yield "expired", signed(claims | {"iat": now - 7200, "exp": now - 3600})
    yield "access token", signed(unasked | for_an_api)


def signed(claims: Claims, whose: str = "the server's") -> str:
    """The claims as a JWT, signed with the key of the server or of somebody else."""
    return jwt.encode(claims, _key(whose), "RS256", headers={"kid": KID})


@cache
def _key(whose: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)
