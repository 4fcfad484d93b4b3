"""What a resource server checks in an access token before it believes a word of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import astuple, dataclass, field, fields
from typing import Any, Literal, TypeGuard

import jwt
from authlib.oauth2.rfc6750 import InvalidTokenError

from labserver.sample.issuer import ALGORITHM, Claims, Issuer
from labserver.sample.verdicts import Verdict, Verdicts

SKEW = 5.0
HOUR = 3600.0
LATEST = 1e12
"""Seconds since the epoch: what lies beyond is no time that anybody meant."""
OFF_HEADER = "X-Lab-Checks-Off"


@dataclass(slots=True)
class Checks:
    """A switch for each check. A real API has none: here a lesson shows what each is for.

    The first seven judge a request, in this order. The last three keep the two caches honest:
    a verdict never outlives its token, no refusal is kept, and made-up key ids cause few fetches.
    """

    header: bool = True
    signature: bool = True
    issuer: bool = True
    audience: bool = True
    times: bool = True
    client: bool = True
    scope: bool = True
    cache_ends_at_exp: bool = True
    cache_holds_no_refusals: bool = True
    key_fetches_limited: bool = True


def switched_off(checks: Any) -> tuple[str, ...]:
    """The names of the checks that are off, in order; `checks` is a dataclass of switches."""
    return tuple(one.name for one in fields(checks) if not getattr(checks, one.name))


@dataclass(frozen=True)
class Note:
    """What one check of a request came to; the detail names values, never a token."""

    check: str
    result: Literal["passed", "failed", "skipped"]
    detail: str


Tell = Callable[[Note], None]


@dataclass
class TokenChecks:
    """Every check of a token, in order. The first that fails ends it: `InvalidTokenError`.

    `clients` are the client ids that may call, None for any. `credentials` are the API's own
    client id and secret; with `introspects` each token is asked about, instead of looking at
    its signature. `clock` tells the seconds since the epoch.
    """

    issuer: Issuer
    audience: str
    clock: Callable[[], float]
    on: Checks
    clients: frozenset[str] | None = None
    credentials: tuple[str, str] | None = None
    introspects: bool = False
    cache: Verdicts = field(default_factory=Verdicts)

    def claims_of(self, token: str, note: Tell) -> Claims:
        """The claims of a token that passed every check that is on, now or a while ago."""
        now, settings = self.clock(), self._settings()
        kept = self.cache.find(token, settings, now)
        if kept is None:
            kept = self._judged(token, note, now)
            if kept.refusal is None or not self.on.cache_holds_no_refusals:
                self.cache.keep(token, settings, kept)
        else:
            self.issuer.counters.cache_hits += 1
            age, left = f"{now - kept.since:.0f}", f"{kept.ends - now:.0f}"
            told = f"judged {age} seconds ago; kept {left} seconds more"
            note(Note("cache", "failed" if kept.refusal else "passed", told))
        if kept.refusal is not None:
            raise InvalidTokenError(kept.refusal)
        return kept.claims

    def _judged(self, token: str, note: Tell, now: float) -> Verdict:
        try:
            ask = self._introspected if self.introspects else self._read
            claims = ask(token, note)
            self._judge_claims(claims, note, now)
        except InvalidTokenError as refused:
            return Verdict({}, refused.description, now, now + self._longest(HOUR))
        return Verdict(claims, None, now, self._end(claims, now))

    def _end(self, claims: Claims, now: float) -> float:
        if not self.on.cache_ends_at_exp:
            return now + self._longest(HOUR)
        longest, exp = self._longest(0 if self.introspects else math.inf), claims.get("exp")
        return min(now + longest, exp) if _is_time(exp) else now

    def _longest(self, otherwise: float) -> float:
        return otherwise if self.cache.seconds is None else self.cache.seconds

    def _settings(self) -> Hashable:
        # A verdict reached with other switches, or another way, says nothing of this request.
        return astuple(self.on), self.clients, self.introspects, self.cache.seconds

    def _judge_claims(self, claims: Claims, note: Tell, now: float) -> None:
        issuer, audience = claims.get("iss"), claims.get("aud")
        # Okta's name for it, and RFC 9068's.
        client = claims.get("cid", claims.get("client_id"))
        audiences = audience if isinstance(audience, list) else [audience]
        known = self.clients is None or (isinstance(client, str) and client in self.clients)
        verdicts = (
            ("issuer", self.on.issuer, issuer == self.issuer.url, f"iss is {issuer}"),
            ("audience", self.on.audience, self.audience in audiences, f"aud is {audience}"),
            ("times", self.on.times, *_in_its_time(claims, now)),
            ("client", self.on.client, known, f"cid is {client}"),
        )
        for check, is_on, holds, detail in verdicts:
            judge(note, check, is_on, holds, detail)

    def _read(self, token: str, note: Tell) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
            claims: Claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, RecursionError) as fault:
            judge(note, "form", True, False, f"not a JWT ({type(fault).__name__})")
            raise
        if not self.on.signature:
            judge(note, "signature", False, False, "the payload is taken as it stands")
            return claims
        key = self.issuer.key(str(header.get("kid")), limited=self.on.key_fetches_limited)
        signed = key is not None and header.get("alg") == ALGORITHM and _is_signed(token, key)
        fits = "fits" if signed else "doesn't fit" if key else "can't be checked: nobody published"
        named = f"the signature {fits} the key {header.get('kid')} (alg {header.get('alg')})"
        if "kid" not in header:
            named = f"the token names no key (alg {header.get('alg')})"
        judge(note, "signature", True, signed, named)
        return claims

    def _introspected(self, token: str, note: Tell) -> Claims:
        if self.credentials is None:
            raise RuntimeError("An API that introspects needs credentials of its own.")
        found = self.issuer.introspect(token, self.credentials)
        judge(note, "active", True, found.get("active") is True, f"active is {found.get('active')}")
        return found


def judge(note: Tell, check: str, is_on: bool, holds: bool, detail: str) -> None:
    """Note what the check came to; `InvalidTokenError` when it is on and doesn't hold."""
    if not is_on:
        note(Note(check, "skipped", f"switched off; {detail}"))
        return
    note(Note(check, "passed" if holds else "failed", detail))
    if not holds:
        # What a token says goes into the note alone: a challenge is a header, not a mirror.
        raise InvalidTokenError(f"The access token was refused: {check}.")


def _in_its_time(claims: Claims, now: float) -> tuple[bool, str]:
    times = {name: claims.get(name) for name in ("exp", "nbf", "iat")}
    told = {name: value for name, value in times.items() if value is not None}
    if not all(map(_is_time, told.values())) or "exp" not in told:
        return False, "no time of expiry, or one that is no number"
    begins = max(told.get("nbf", 0), told.get("iat", 0))
    holds = begins - SKEW <= now < told["exp"]
    return holds, f"exp is {told['exp']:.0f}, now is {now:.0f}"


def _is_time(value: object) -> TypeGuard[float]:
    # Neither "not a number" nor a number of a hundred digits is a time, and both are valid JSON.
    return isinstance(value, int | float) and 0 <= value < LATEST


def _is_signed(token: str, key: jwt.PyJWK) -> bool:
    try:
        jwt.PyJWS().decode(token, key, algorithms=[ALGORITHM])
    except jwt.PyJWTError:
        return False
    return True
