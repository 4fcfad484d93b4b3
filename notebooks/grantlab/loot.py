"""A stolen credential: what it is, whose, what it opens, for how long, and what ends it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

from grantlab.tokens import decode

Kind = Literal[
    "password",
    "API token",
    "API key",
    "access token",
    "refresh token",
    "ID token",
    "authorization code",
    "session cookie",
    "session token",
    "client secret",
    "private key",
    "client assertion",
    "unknown value",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
DAY = 24 * 3600
FARTHEST = 10**11
"""Seconds since the epoch that are still a date."""


@dataclass(frozen=True)
class About:
    """What is true of every credential of a kind."""

    opens: str
    ended_by: tuple[str, ...]
    cannot: tuple[str, ...]
    needs: tuple[str, ...] = ()
    once: bool = False
    idle: int | None = None


ABOUT: Mapping[Kind, About] = MappingProxyType(
    {
        "password": About(
            "every app and page where this person signs in",
            ("a new password", "deactivating the person"),
            ("be limited to a scope or an app", "pass a second factor, where one is asked for"),
        ),
        "API token": About(
            "the org's management API",
            ("revoking this token", "deactivating its owner", "30 days without any use"),
            ("open your own APIs", "be limited to a scope: it may do all that its owner may do"),
            idle=30 * DAY,
        ),
        "API key": About(
            "every call of its API that its maker may make",
            ("revoking it, which stops every program that has it",),
            ("be limited to a scope: it may do all that its maker may do", "end by itself"),
        ),
        "access token": About(
            "the API that its audience names",
            ("time", "revocation, at APIs that ask; others accept it until it expires"),
            (
                "open an API with another audience",
                "do what its scopes don't name",
                "be renewed: that takes a refresh token",
            ),
        ),
        "refresh token": About(
            "the token endpoint, again and again",
            ("revoking it", "its use by two, where it is rotated", "time without a use"),
            ("open an API by itself", "ask for more scopes than it has"),
            ("the client's own id, and its secret or key if it has one",),
        ),
        "ID token": About(
            "apps that don't check whom it was issued to",
            ("time",),
            ("open an API: it says who signed in, to one client",),
        ),
        "authorization code": About(
            "the token endpoint, once",
            ("its first use", "time: minutes"),
            ("open an API by itself", "be used twice"),
            ("the redirect URI", "the client's secret or key, or the PKCE verifier"),
            once=True,
        ),
        "session cookie": About(
            "the sign-in pages, as this person: codes for every app they may use",
            ("signing out", "an administrator who clears the sessions", "time"),
            ("open an API by itself", "change the password without the old one"),
        ),
        "session token": About(
            "a session as this person, once",
            ("its first use", "time: minutes"),
            ("open an API by itself", "be used twice"),
            once=True,
        ),
        "client secret": About(
            "the token endpoint, as this app",
            ("a new secret", "deactivating the app"),
            ("sign a person in: that takes their code or refresh token",),
        ),
        "private key": About(
            "the token endpoint, as this app",
            ("taking the public key off the app", "deactivating the app"),
            ("sign a person in: that takes their code or refresh token",),
        ),
        "client assertion": About(
            "the token endpoint, as this app, once",
            ("its first use", "time"),
            ("be used twice", "make another of its kind: that takes the private key"),
            once=True,
        ),
        "unknown value": About("nobody knows: the value doesn't say what it is", (), ()),
    }
)


@dataclass(frozen=True)
class Reach:
    """How much of something it opens: `opened` of `total` of these `things`."""

    opened: int
    total: int
    things: str


@dataclass(frozen=True)
class Loot:
    """One credential in the wrong hands.

    `scopes` is None where no scope limits it. `expires` is in seconds since the epoch by the
    lab's clock, None where it ends by no time of its own; `idle` are the seconds after which it
    ends unless it is used. `alive` is what the lab says, None where nobody was asked. `sources`
    tell where all this is from.
    """

    kind: Kind
    value: str = field(repr=False)
    name: str = ""
    owner: str = ""
    client: str = ""
    scopes: tuple[str, ...] | None = ()
    opens: tuple[str, ...] = ()
    expires: float | None = None
    idle: int | None = None
    alive: bool | None = None
    over_because: str = ""
    reach: Reach | None = None
    roles: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def about(self) -> About:
        """What is true of its kind."""
        return ABOUT[self.kind]

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or f"{self.kind[0].upper()}{self.kind[1:]}"

    @property
    def masked(self) -> str:
        """Enough of the value to tell it from others, and not to use it."""
        if self.kind in ("password", "private key", "unknown value"):
            # People choose words: a few characters, or how many there are, give them away.
            return "not shown"
        start = self.value[:4] if len(self.value) >= 24 else ""
        return f"{start}… ({len(self.value)} characters)"

    @property
    def form(self) -> str:
        """Whether anybody can read it."""
        if self.kind in ("password", "private key"):
            return "no token at all"
        return "opaque" if decode(self.value).opaque else "a JWT: anybody can read it"

    def seconds_left(self, now: float) -> float | None:
        """Seconds until it ends by itself, 0 when it is over; None: never by itself."""
        if self.alive is False:
            return 0
        return None if self.expires is None else max(0.0, self.expires - now)

    def works(self, now: float) -> bool:
        """It still opens doors at this time, as far as anybody knows."""
        return self.seconds_left(now) != 0


def examine(
    credential: str,
    kind: Kind | None = None,
    *,
    name: str = "",
    owner: str = "",
    client: str = "",
    scopes: tuple[str, ...] | None = (),
    expires: float | None = None,
) -> Loot:
    """What a credential tells by itself, without asking anybody; see `whose.ask` for the lab.

    A scheme before it (`Bearer`, `SSWS`) is left off. `kind` is needed where the value doesn't
    say: a password, a code and a refresh token all look alike.
    """
    value = credential if kind == "password" else _without_scheme(credential)
    found = Loot(
        kind or kind_of(value), value, name, owner, client, scopes, expires=expires,
        sources=("the kind of value",),
    )  # fmt: skip
    found = replace(
        found, opens=(found.about.opens,), idle=found.about.idle, needs=found.about.needs
    )
    if found.kind in ("password", "API token", "API key"):
        return replace(found, scopes=None)
    claims = decode(value).payload
    return _with_claims(found, claims) if claims else found


def kind_of(value: str) -> Kind:
    """The kind that the value itself shows, by its form and its claims."""
    if "PRIVATE KEY-----" in value or _is_private_jwk(value):
        return "private key"
    claims = decode(value).payload
    if claims:
        return _kind_of_jwt(decode(value).header, claims)
    if value.startswith("20111") and len(value) > 20:
        return "session token"
    return "API token" if value.startswith("00") and len(value) >= 40 else "unknown value"


def _kind_of_jwt(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Kind:
    jti = str(claims.get("jti", ""))
    if jti.startswith("AT.") or header.get("typ") == "at+jwt" or "scp" in claims:
        return "access token"
    if jti.startswith("ID.") or claims.keys() & {"nonce", "at_hash", "amr"}:
        return "ID token"
    if claims.get("iss") is not None and claims.get("iss") == claims.get("sub"):
        return "client assertion"
    return "access token" if "scope" in claims else "ID token"


def _with_claims(found: Loot, claims: Mapping[str, Any]) -> Loot:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    scope = claims.get("scp", claims.get("scope"))
    names = scope.split() if isinstance(scope, str) else scope if isinstance(scope, list) else []
    expires = claims.get("exp")
    client = claims.get("cid") or claims.get("client_id") or ""
    opens = tuple(str(each) for each in audiences if each)
    if found.kind in ("ID token", "client assertion"):
        client, opens = opens[0] if found.kind == "ID token" and opens else client, found.opens
    return replace(
        found,
        owner=found.owner or str(claims.get("sub") or ""),
        client=found.client or str(client),
        scopes=tuple(str(each) for each in names) or found.scopes,
        opens=opens or found.opens,
        expires=expires if _is_time(expires) else found.expires,
        sources=("the token's own claims, not verified",),
    )


def _is_time(value: Any) -> bool:
    """Whether it is a number that a date could be made of."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < FARTHEST


def _is_private_jwk(value: str) -> bool:
    if not value.lstrip().startswith("{"):
        return False
    try:
        return "d" in json.loads(value)
    except (ValueError, RecursionError, TypeError):
        return False


def _without_scheme(credential: str) -> str:
    scheme, _, rest = credential.partition(" ")
    return rest if scheme.lower() in ("bearer", "ssws", "dpop") and rest else credential


def basic(header: str) -> tuple[str, str]:
    """Name and secret in a Basic header; two empty texts for another one (RFC 7617 §2)."""
    try:
        name, _, secret = base64.b64decode(header.partition(" ")[2]).decode().partition(":")
    except ValueError:
        return "", ""
    return name, secret
