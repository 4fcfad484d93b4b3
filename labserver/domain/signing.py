"""Signing tokens and checking them again, with keys that are ready objects (RFC 7515)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from labserver.domain.values import SigningKey

_RS256 = ["RS256"]


class BadToken(Exception):  # noqa: N818  (a value that came in, not a fault of ours)
    """What came in is no token of ours: malformed, of an unknown key, or with a false signature."""


def sign(key: SigningKey, claims: Mapping[str, Any], token_type: str | None = None) -> str:
    """A JWT over the claims, RS256, with the key's `kid` (RFC 7519)."""
    header = {"alg": "RS256", "kid": key.kid}
    if token_type:
        header["typ"] = token_type
    return jwt.encode(header, dict(claims), key.key, algorithms=_RS256, default_type=None)


def verify(token: str, keys: Iterable[SigningKey]) -> dict[str, Any]:
    """The claims of a token that one of these keys signed; its times are not judged here.

    Raises `BadToken`. Only RS256 counts, and only a key of ours, chosen by `kid`: other header
    members (`jwk`, `jku`, `x5u`) have no effect (RFC 8725 §3).
    """
    by_kid = {key.kid: key.key for key in keys}

    def known_key(parsed: Any) -> RSAKey:
        kid = parsed.headers().get("kid")
        if not isinstance(kid, str) or kid not in by_kid:
            raise BadToken("The token names no key of this server.")
        return by_kid[kid]

    try:
        return dict(jwt.decode(token, known_key, algorithms=_RS256).claims)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadToken("The token was not signed by this server.") from error


def verify_with(
    token: str, key: RSAKey | ECKey | OctKey, algorithms: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token that this key signed with one of these algorithms.

    Raises `BadToken`.
    """
    try:
        parsed = jwt.decode(token, key, algorithms=algorithms)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadToken("The signature is not of this key.") from error
    return dict(parsed.header), dict(parsed.claims)
