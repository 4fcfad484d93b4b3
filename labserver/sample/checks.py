"""What a resource server checks in an access token before it believes a word of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import jwt
from authlib.oauth2.rfc6750 import InvalidTokenError

Claims = dict[str, Any]
ALGORITHM = "RS256"
SKEW = 5.0


@dataclass(slots=True)
class Checks:
    """A switch for each check. A real API has none: here a lesson shows what each is for."""

    header: bool = True
    signature: bool = True
    issuer: bool = True
    audience: bool = True
    times: bool = True
    client: bool = True
    scope: bool = True


@dataclass(slots=True)
class Counters:
    """How often the API has asked the authorization server."""

    key_fetches: int = 0
    introspections: int = 0


@dataclass(frozen=True)
class Note:
    """What one check of a request came to; the detail names values, never a token."""

    check: str
    result: Literal["passed", "failed", "skipped"]
    detail: str


class Issuer:
    """The authorization server as its resource servers see it: metadata, keys, introspection.

    Keys are kept until a token names an unknown one. Then they are fetched again, but at most
    five times a minute, whoever sends made-up key ids.
    """

    most_fetches = 5
    in_seconds = 60.0

    def __init__(self, url: str, client: httpx.Client, counters: Counters) -> None:
        self.url = url
        self._client = client
        self._counters = counters
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched: deque[float] = deque(maxlen=self.most_fetches)

    def key(self, kid: str) -> jwt.PyJWK | None:
        """The published key of that id, or None; `httpx.HTTPError` when nobody answers."""
        with self._lock:
            if kid not in self._keys and self._may_fetch():
                self._fetch_keys()
            return self._keys.get(kid)

    def introspect(self, token: str, credentials: tuple[str, str]) -> Claims:
        """What the server says of the token now (RFC 7662 §2.2), in the names of a JWT's claims."""
        with self._lock:
            self._counters.introspections += 1
            url = self._endpoint("introspection_endpoint")
        answer = self._client.post(url, data={"token": token}, auth=credentials)
        found: Claims = answer.raise_for_status().json()
        found["cid"], found["scp"] = found.get("client_id"), str(found.get("scope", "")).split()
        return found

    def _may_fetch(self) -> bool:
        full = len(self._fetched) == self.most_fetches
        return not full or time.monotonic() - self._fetched[0] >= self.in_seconds

    def _fetch_keys(self) -> None:
        self._fetched.append(time.monotonic())
        self._counters.key_fetches += 1
        answer = self._client.get(self._endpoint("jwks_uri")).raise_for_status()
        usable = [key for key in answer.json()["keys"] if key["kty"] == "RSA" and "kid" in key]
        self._keys = {key["kid"]: jwt.PyJWK(key, ALGORITHM) for key in usable}

    def _endpoint(self, name: str) -> str:
        if not self._metadata:
            address = f"{self.url.rstrip('/')}/.well-known/oauth-authorization-server"
            answer = self._client.get(address)
            if answer.status_code == 404:
                # Servers that came from OpenID Connect have the other document alone.
                other = address.replace("oauth-authorization-server", "openid-configuration")
                answer = self._client.get(other)
            self._metadata = answer.raise_for_status().json()
        return str(self._metadata[name])


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

    def claims_of(self, token: str, note: Callable[[Note], None]) -> Claims:
        """The claims of a token that passed every check that is on."""
        claims = self._introspected(token, note) if self.introspects else self._read(token, note)
        issuer, audience = claims.get("iss"), claims.get("aud")
        # Okta's name for it, and RFC 9068's.
        client = claims.get("cid", claims.get("client_id"))
        audiences = audience if isinstance(audience, list) else [audience]
        known = self.clients is None or client in self.clients
        verdicts = (
            ("issuer", self.on.issuer, issuer == self.issuer.url, f"iss is {issuer}"),
            ("audience", self.on.audience, self.audience in audiences, f"aud is {audience}"),
            ("times", self.on.times, *self._in_its_time(claims)),
            ("client", self.on.client, known, f"cid is {client}"),
        )
        for check, is_on, holds, detail in verdicts:
            judge(note, check, is_on, holds, detail)
        return claims

    def _read(self, token: str, note: Callable[[Note], None]) -> Claims:
        try:
            header = jwt.get_unverified_header(token)
            claims: Claims = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, RecursionError) as fault:
            judge(note, "form", True, False, f"not a JWT ({type(fault).__name__})")
            raise
        if not self.on.signature:
            judge(note, "signature", False, False, "the payload is taken as it stands")
            return claims
        key = self.issuer.key(str(header.get("kid")))
        signed = key is not None and header.get("alg") == ALGORITHM and _is_signed(token, key)
        fits = "fits" if signed else "doesn't fit" if key else "can't be checked: nobody published"
        named = f"the signature {fits} the key {header.get('kid')} (alg {header.get('alg')})"
        judge(note, "signature", True, signed, named)
        return claims

    def _introspected(self, token: str, note: Callable[[Note], None]) -> Claims:
        if self.credentials is None:
            raise RuntimeError("An API that introspects needs credentials of its own.")
        found = self.issuer.introspect(token, self.credentials)
        judge(note, "active", True, found.get("active") is True, f"active is {found.get('active')}")
        return found

    def _in_its_time(self, claims: Claims) -> tuple[bool, str]:
        now, times = self.clock(), {name: claims.get(name) for name in ("exp", "nbf", "iat")}
        told = {name: value for name, value in times.items() if value is not None}
        if not all(isinstance(value, int | float) for value in told.values()) or "exp" not in told:
            return False, "no time of expiry, or one that is no number"
        begins = max(told.get("nbf", 0), told.get("iat", 0))
        holds = begins - SKEW <= now < told["exp"]
        return holds, f"exp is {told['exp']:.0f}, now is {now:.0f}"


def judge(note: Callable[[Note], None], check: str, is_on: bool, holds: bool, detail: str) -> None:
    """Note what the check came to; `InvalidTokenError` when it is on and doesn't hold."""
    if not is_on:
        note(Note(check, "skipped", f"switched off; {detail}"))
        return
    note(Note(check, "passed" if holds else "failed", detail))
    if not holds:
        # What a token says goes into the note alone: a challenge is a header, not a mirror.
        raise InvalidTokenError(f"The access token was refused: {check}.")


def _is_signed(token: str, key: jwt.PyJWK) -> bool:
    try:
        jwt.PyJWS().decode(token, key, algorithms=[ALGORITHM])
    except jwt.PyJWTError:
        return False
    return True
