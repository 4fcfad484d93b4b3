"""Reading, verifying and tampering with tokens: three separate acts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from grantlab.decoding import Decoded, TokenType, decode, kind_of
from grantlab.keysets import Jwk, KeySet
from grantlab.tampering import Tampered, tamper

__all__ = [
    "Check",
    "Decoded",
    "KeySet",
    "Tampered",
    "TokenType",
    "Verification",
    "decode",
    "kind_of",
    "tamper",
    "verify",
]

Result = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class Check:
    """One check of a token: what was found, what it was compared with, and the result."""

    name: str
    result: Result
    found: str
    expected: str


@dataclass(frozen=True)
class Verification:
    """Every check of one token. The claims are empty unless all of them passed."""

    checks: tuple[Check, ...]
    claims: dict[str, Any]

    @property
    def valid(self) -> bool:
        """The signature was checked and no check failed."""
        results = {check.name: check.result for check in self.checks}
        return results.get("signature") == "passed" and "failed" not in results.values()

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed, in order."""
        return tuple(check for check in self.checks if check.result == "failed")

    def __bool__(self) -> bool:
        return self.valid

    def __getitem__(self, name: str) -> Check:
        return next(check for check in self.checks if check.name == name)

    def __repr__(self) -> str:
        head = "Valid" if self.valid else "Not valid"
        width = max(len(check.name) for check in self.checks)
        rows = (
            f"  {one.name:{width}}  {one.result:7}  found {one.found}; expected {one.expected}"
            for one in self.checks
        )
        return "\n".join((head, *rows))


def verify(
    token: str,
    *,
    issuer: str,
    audience: str,
    keys: KeySet | Jwk,
    now: float,
    algorithms: Sequence[str] = ("RS256",),
    leeway: float = 0,
    client_ids: Sequence[str] | None = None,
    token_type: TokenType | None = None,
    nonce: str | None = None,
) -> Verification:
    """Run every check and say what each compared; one failing check stops no other.

    `now` is in seconds since the epoch (`lab.now()`), `leeway` in seconds. `keys` is a
    `KeySet` or a JWK Set document. Checks that nobody asked for are listed as skipped.
    RFC 7519 §7.2, RFC 9068 §4, OpenID Connect Core §3.1.3.7.
    """
    decoded = decode(token)
    if decoded.opaque:
        return Verification((Check("form", "failed", decoded.why_opaque, "a signed JWT"),), {})
    claims = decoded.payload
    checks = (
        *_signature_checks(decoded, keys, algorithms),
        _compared("iss", claims.get("iss"), issuer),
        _among("aud", claims.get("aud"), audience),
        *_time_checks(claims, now, leeway),
        _client(claims.get("cid"), client_ids),
        _kind(decoded, token_type),
        _compared("nonce", claims.get("nonce"), nonce),
    )
    verification = Verification(checks, claims)
    return verification if verification.valid else Verification(checks, {})


def _signature_checks(
    decoded: Decoded, keys: KeySet | Jwk, algorithms: Sequence[str]
) -> tuple[Check, Check, Check]:
    algorithm, kid = decoded.header.get("alg"), decoded.header.get("kid")
    accepted = algorithm in algorithms
    one_of = f"one of {', '.join(algorithms)}" if algorithms else "an accepted algorithm; none is"
    alg = Check("alg", _result(accepted), _shown(algorithm), one_of)
    if not accepted:
        skipped = Check("kid", "skipped", _shown(kid), "looked up after the algorithm is accepted")
        return alg, skipped, Check("signature", "skipped", "not checked", "an accepted algorithm")
    key = _key_of(keys, kid)
    found = Check("kid", _result(key is not None), _shown(kid), "a key that the issuer publishes")
    return alg, found, _signature(decoded, key, str(algorithm))


def _key_of(keys: KeySet | Jwk, kid: Any) -> Jwk | None:
    if isinstance(keys, KeySet):
        return keys.key(kid if isinstance(kid, str) else None)
    return next((key for key in keys.get("keys", ()) if key.get("kid") == kid), None)


def _signature(decoded: Decoded, key: Jwk | None, algorithm: str) -> Check:
    if key is None:
        return Check("signature", "skipped", "not checked", "a key to check it with")
    try:
        checker = jwt.PyJWK.from_dict(dict(key), algorithm)
        jwt.PyJWS().decode(decoded.token, checker, algorithms=[algorithm])
    except jwt.PyJWTError as trouble:
        return Check("signature", "failed", str(trouble), f"made with key {key.get('kid')}")
    return Check("signature", "passed", "matches", f"made with key {key.get('kid')}")


def _compared(name: str, found: Any, expected: str | None) -> Check:
    if expected is None:
        return Check(name, "skipped", _shown(found), "nothing was asked")
    return Check(name, _result(found == expected), _shown(found), _shown(expected))


def _among(name: str, found: Any, expected: str) -> Check:
    values = found if isinstance(found, list) else [found]
    return Check(name, _result(expected in values), _shown(found), _shown(expected))


def _client(found: Any, client_ids: Sequence[str] | None) -> Check:
    if client_ids is None:
        return Check("cid", "skipped", _shown(found), "any client")
    one_of = f"one of {', '.join(client_ids)}"
    return Check("cid", _result(found in client_ids), _shown(found), one_of)


def _kind(decoded: Decoded, token_type: TokenType | None) -> Check:
    found = kind_of(decoded)
    if token_type is None:
        return Check("kind", "skipped", found or "unclear", "either kind")
    return Check("kind", _result(found == token_type), found or "unclear", token_type)


def _time_checks(claims: Mapping[str, Any], now: float, leeway: float) -> tuple[Check, ...]:
    skew = f" (± {leeway:g} s)" if leeway else ""
    return (
        _time(
            "exp", claims, f"after now, {now:.0f}{skew}", lambda exp: now - leeway < exp, "failed"
        ),
        _time(
            "nbf",
            claims,
            f"not after now, {now:.0f}{skew}",
            lambda nbf: nbf <= now + leeway,
            "skipped",
        ),
        _time(
            "iat",
            claims,
            f"not after now, {now:.0f}{skew}",
            lambda iat: iat <= now + leeway,
            "skipped",
        ),
    )


def _time(
    name: str,
    claims: Mapping[str, Any],
    expected: str,
    holds: Callable[[float], bool],
    when_missing: Result,
) -> Check:
    value = claims.get(name)
    if value is None:
        return Check(name, when_missing, "nothing", expected)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Check(name, _result(is_number and holds(value)), _shown(value), expected)


def _result(holds: bool) -> Result:
    return "passed" if holds else "failed"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
