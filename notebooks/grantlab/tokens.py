"""Reading, verifying and tampering with tokens: three separate acts."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import jwt

from grantlab.reading import TooDeep, read_json

Result = Literal["passed", "failed", "skipped"]
TokenType = Literal["access_token", "id_token"]
Jwk = Mapping[str, Any]


@dataclass(frozen=True)
class Decoded:
    """What anybody can read in a token. Nothing of it has been checked.

    An opaque value has no parts; `why_opaque` then says what makes it one.
    """

    token: str
    header: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    signature: bytes = b""
    parts: tuple[str, ...] = ()
    why_opaque: str = ""

    @property
    def opaque(self) -> bool:
        """The value says nothing to anybody but its issuer."""
        return bool(self.why_opaque)


def decode(token: str) -> Decoded:
    """Split a JWT and read its parts, trusting none of them (RFC 7515 §3.1).

    Anything else comes back as an opaque value, with the reason.
    """
    parts = tuple(token.split("."))
    if len(parts) != 3:
        return Decoded(
            token, why_opaque=f"A JWT has three parts between dots; this has {len(parts)}."
        )
    try:
        header, payload = (read_json(_from_base64url(part)) for part in parts[:2])
        signature = _from_base64url(parts[2])
    except TooDeep as trouble:
        return Decoded(token, why_opaque=f"Its parts have {trouble}.")
    except (ValueError, binascii.Error):
        return Decoded(token, why_opaque="Its parts are not base64url-encoded JSON.")
    if not (isinstance(header, dict) and isinstance(payload, dict)):
        return Decoded(
            token, why_opaque="Header and payload of a JWT are JSON objects; these aren't."
        )
    return Decoded(token, header, payload, signature, parts)


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


@dataclass(frozen=True)
class Tampered:
    """A new token with other claims under the old signature: nobody has signed it."""

    token: str
    original: str
    changes: dict[str, tuple[Any, Any]]

    def __repr__(self) -> str:
        rows = (
            f"  {name}: {json.dumps(before)} → {json.dumps(after)}"
            for name, (before, after) in self.changes.items()
        )
        return "\n".join(
            ("A new token, made from the old one; the signature is still the old one's.", *rows)
        )


def tamper(token: str, **claims: Any) -> Tampered:
    """Make a token with these claims changed and the signature left as it was.

    `ValueError` for an opaque value: there is nothing in it to change.
    """
    decoded = decode(token)
    if decoded.opaque:
        raise ValueError(f"This value can't be edited. {decoded.why_opaque}")
    payload = json.dumps({**decoded.payload, **claims}, separators=(",", ":")).encode()
    head, _, signature = decoded.parts
    changes = {name: (decoded.payload.get(name), value) for name, value in claims.items()}
    return Tampered(f"{head}.{_to_base64url(payload)}.{signature}", token, changes)


def kind_of(decoded: Decoded) -> TokenType | None:
    """Tell Okta's access tokens from its ID tokens by their contents; None if neither fits."""
    payload = decoded.payload
    prefix = str(payload.get("jti", "")).partition(".")[0]
    if prefix == "AT" or decoded.header.get("typ") == "at+jwt" or "scp" in payload:
        return "access_token"
    if prefix == "ID" or payload.keys() & {"nonce", "at_hash", "amr"}:
        return "id_token"
    return None


class _Answer(Protocol):
    def raise_for_status(self) -> Any: ...
    def json(self) -> Any: ...


class _Client(Protocol):
    def get(self, url: str, /) -> _Answer: ...


class KeySet:
    """The published keys of an issuer, fetched once and kept until a key id is unknown.

    An unknown id causes one new fetch, and a given id never a second one; at most five
    fetches happen in a minute, whoever sends made-up ids. The counters show what that saves.
    """

    most_fetches = 5
    in_seconds = 60.0

    def __init__(
        self, url: str, client: _Client, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.url = url
        self.fetches = 0
        self.hits = 0
        self.unknown = 0
        self._client = client
        self._clock = clock
        self._keys: dict[str | None, Jwk] = {}
        self._asked_in_vain: deque[str | None] = deque(maxlen=100)
        self._recent: deque[float] = deque(maxlen=self.most_fetches)

    def key(self, kid: str | None) -> Jwk | None:
        """The key of this id, or None when the issuer doesn't publish it.

        Errors of the client (no answer, a refusal) pass through.
        """
        if kid in self._keys:
            self.hits += 1
            return self._keys[kid]
        if kid not in self._asked_in_vain and self._may_fetch():
            self._fetch()
        if kid not in self._keys:
            self.unknown += 1
            if self._keys:
                self._asked_in_vain.append(kid)
        return self._keys.get(kid)

    def __repr__(self) -> str:
        return (
            f"KeySet({self.url}: {self.fetches} fetches, {self.hits} hits, {self.unknown} unknown)"
        )

    def _may_fetch(self) -> bool:
        full = len(self._recent) == self.most_fetches
        return not full or self._clock() - self._recent[0] >= self.in_seconds

    def _fetch(self) -> None:
        self._recent.append(self._clock())
        self.fetches += 1
        answer = self._client.get(self.url)
        answer.raise_for_status()
        self._keys = {key.get("kid"): key for key in answer.json()["keys"]}


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


def _from_base64url(text: str) -> bytes:
    # Only the URL-safe alphabet counts: the standard one would read + and / as well.
    if set(text) & set("+/="):
        raise ValueError("not base64url")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
