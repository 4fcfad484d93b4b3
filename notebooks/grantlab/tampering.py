"""Forging tokens, to see which check notices: each way makes a new token and says how."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from grantlab.decoding import Decoded, decode, to_base64url
from grantlab.keysets import Jwk

KEPT = "A new token, made from the old one; the signature is still the old one's."
OTHER_KID = "a-key-nobody-published"


@dataclass(frozen=True)
class Tampered:
    """A new token, made from another. The issuer has signed no such thing.

    `changes` are claims before and now, `header` members of the header before and now; `how`
    says what was done about the signature.
    """

    token: str
    original: str
    changes: dict[str, tuple[Any, Any]]
    header: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    how: str = KEPT

    def __repr__(self) -> str:
        rows = (
            f"  {name}: {json.dumps(before)} → {json.dumps(after)}"
            for name, (before, after) in {**self.header, **self.changes}.items()
        )
        return "\n".join((self.how, *rows))


def tamper(token: str, /, **claims: Any) -> Tampered:
    """Make a token with these claims changed and the signature left as it was.

    `ValueError` for an opaque value: there is nothing in it to change.
    """
    decoded = _editable(token)
    return _made(decoded, {}, claims, lambda _: decoded.parts[2], KEPT)


def without_signature(token: str, /, **claims: Any) -> Tampered:
    """Make a token that says of itself `"alg": "none"`, with no signature at all (RFC 8725 §2.1).

    `ValueError` for an opaque value, as in all of these.
    """
    how = "A new token. Its header says that it is not signed, and it isn't."
    return _made(_editable(token), {"alg": "none"}, claims, lambda _: "", how)


def signed_with_public_key(token: str, key: Jwk, /, **claims: Any) -> Tampered:
    """Make a token whose HMAC secret is the issuer's public key, which anybody has (RFC 8725 §2.1).

    It fools who lets the token choose the algorithm. `ValueError` for a key that isn't RSA or EC.
    """
    try:
        public = jwt.PyJWK.from_dict(dict(key)).key
        secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except (jwt.PyJWTError, AttributeError) as trouble:
        raise ValueError(f"That key is no public one of RSA or EC ({trouble}).") from trouble

    def sign(signed: bytes) -> str:
        return to_base64url(hmac.new(secret, signed, hashlib.sha256).digest())

    how = "A new token, signed with HMAC; the secret is the text of the issuer's public key."
    return _made(_editable(token), {"alg": "HS256"}, claims, sign, how)


def with_other_kid(token: str, kid: str = OTHER_KID, /, **claims: Any) -> Tampered:
    """Make a token that names another key, under the signature of the old one."""
    decoded = _editable(token)
    how = "A new token that names another key; the signature is still the old one's."
    return _made(decoded, {"kid": kid}, claims, lambda _: decoded.parts[2], how)


def with_own_key(token: str, /, **claims: Any) -> Tampered:
    """Make a token with a good RS256 signature of a key of ours, under the issuer's `kid`."""

    def sign(signed: bytes) -> str:
        return to_base64url(jwt.get_algorithm_by_name("RS256").sign(signed, _own_key()))

    how = "A new token, properly signed with a key of our own, which the issuer never published."
    return _made(_editable(token), {"alg": "RS256"}, claims, sign, how)


def cut(token: str, /, **claims: Any) -> Tampered:
    """Make a token whose signature lacks its second half."""
    signature = _editable(token).parts[2]
    how = "A new token; half of the signature is cut off."
    return _made(_editable(token), {}, claims, lambda _: signature[: len(signature) // 2], how)


WAYS: Mapping[str, tuple[str, Callable[..., Tampered]]] = {
    "keep": ("keep the old signature", tamper),
    "none": ("“alg”: “none”, no signature", without_signature),
    "public": ("HMAC with the public key", signed_with_public_key),
    "kid": ("name another key (kid)", with_other_kid),
    "own": ("sign with a key of my own", with_own_key),
    "cut": ("cut the signature in half", cut),
}
"""What can be done about the signature: the words for it, and the function."""


def _editable(token: str) -> Decoded:
    decoded = decode(token)
    if decoded.opaque:
        raise ValueError(f"This value can't be edited. {decoded.why_opaque}")
    return decoded


def _made(
    decoded: Decoded,
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    sign: Callable[[bytes], str],
    how: str,
) -> Tampered:
    # A part in which nothing changes keeps its very bytes.
    parts = (
        _edited(before, changes) if changes else part
        for part, before, changes in zip(
            decoded.parts[:2], (decoded.header, decoded.payload), (header, claims), strict=True
        )
    )
    signed = ".".join(parts)
    return Tampered(
        f"{signed}.{sign(signed.encode())}",
        decoded.token,
        {name: (decoded.payload.get(name), value) for name, value in claims.items()},
        {
            name: (decoded.header.get(name), value)
            for name, value in header.items()
            if decoded.header.get(name) != value
        },
        how,
    )


def _edited(before: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    return to_base64url(json.dumps({**before, **changes}, separators=(",", ":")).encode())


@cache
def _own_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
