"""Every credential that somebody finds who reads a recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from grantlab.finding import LabError
from grantlab.lab import Lab
from grantlab.loot import Kind, Loot, basic, examine
from grantlab.masking import MASK
from grantlab.parts import Field
from grantlab.recording import Exchange, parts
from grantlab.whose import ask, moment_of

CODE_LIFETIME = 300
"""Seconds that a code is good for at most, where nobody says otherwise (Okta: code lifetime)."""

_LIFETIME = re.compile(r"[0-9]{1,10}")
_NAMED: dict[str, Kind] = {
    "access_token": "access token",
    "refresh_token": "refresh token",
    "id_token": "ID token",
    "code": "authorization code",
    "client_secret": "client secret",
    "client_assertion": "client assertion",
    "password": "password",
    "sessionToken": "session token",
}


def loot_in(exchanges: Iterable[Exchange], lab: Lab | None = None) -> tuple[Loot, ...]:
    """The credentials in these exchanges, each once, in the order of their first appearance.

    With a `lab` it is asked about each. What a saved recording has left out can't be found.
    """
    found: dict[tuple[str, str], Loot] = {}
    spent: set[str] = set()
    for exchange in exchanges:
        for loot in _in(exchange, lab):
            # Two people may have the same password; everything else is one of its kind.
            key = (loot.value, loot.owner if loot.kind == "password" else "")
            found[key] = _merged(found[key], loot) if key in found else loot
        spent |= _redeemed(exchange)
    asked = (ask(lab, each) if lab else each for each in found.values())
    over = "it has been redeemed"
    return tuple(
        replace(each, alive=False, over_because=over) if each.value in spent else each
        for each in asked
    )


def _in(exchange: Exchange, lab: Lab | None) -> Iterator[Loot]:
    pieces = parts(exchange)
    said = {field.name: field.value for field in pieces.request if field.place != "header"}
    answered = {field.name: field.value for field in pieces.response if field.place == "json"}
    client = said.get("client_id", "")
    for field in pieces.request:
        if field.place == "header":
            yield from _in_header(field, exchange)
            client = client or _client_of(field)
    for field in (*pieces.request, *pieces.response):
        kind = _NAMED.get(field.name)
        if kind and field.place != "header" and _is_whole(field.value):
            yield _named(kind, field, exchange, {**said, "client_id": client}, answered, lab)
    if exchange.path.endswith("/api-tokens") and _is_whole(answered.get("token", "")):
        yield examine(answered["token"], "API token")
    yield from _cookies(pieces.response, exchange)


def _named(
    kind: Kind,
    field: Field,
    exchange: Exchange,
    said: Mapping[str, str],
    answered: Mapping[str, str],
    lab: Lab | None,
) -> Loot:
    expires = None
    if kind == "authorization code":
        expires = _when(exchange, lab) + CODE_LIFETIME
    elif kind == "access token" and _LIFETIME.fullmatch(answered.get("expires_in", "")):
        expires = _when(exchange, lab) + int(answered["expires_in"])
    elif kind == "session token":
        # Anything may stand in an answer; what is no time says nothing.
        with suppress(ValueError):
            expires = moment_of(answered.get("expiresAt", ""))
    owner = said.get("username", "") if kind in ("password", "session token") else ""
    scopes = answered.get("scope") if field.place == "json" else said.get("scope")
    tokens = kind in ("access token", "refresh token")
    return examine(
        field.value,
        kind,
        owner=owner,
        client="" if kind == "password" else said["client_id"],
        scopes=tuple((scopes or "").split()) if tokens else (),
        expires=expires,
    )


def _in_header(field: Field, exchange: Exchange) -> Iterator[Loot]:
    scheme, _, value = field.value.partition(" ")
    if field.name == "cookie":
        for part in field.value.split("; "):
            yield from _session(part, exchange)
    if field.name == "x-api-key" and _is_whole(field.value):
        yield examine(field.value, "API key")
    if field.name != "authorization" or not _is_whole(value):
        return
    if scheme.lower() == "basic":
        who, secret = basic(field.value)
        if "/oauth2/" in urlsplit(exchange.url).path:
            yield examine(secret, "client secret", client=who, owner=who)
        elif secret:
            yield examine(secret, "password", owner=who)
    elif scheme.lower() == "ssws":
        yield examine(value, "API token")
    elif scheme.lower() in ("bearer", "dpop"):
        yield examine(value, "access token")


def _cookies(fields: Iterable[Field], exchange: Exchange) -> Iterator[Loot]:
    for field in fields:
        if field.name == "set-cookie":
            yield from _session(field.value.partition(";")[0], exchange)


def _session(cookie: str, exchange: Exchange) -> Iterator[Loot]:
    name, _, value = cookie.partition("=")
    if name == "sid" and exchange.receiver == "Authorization server" and _is_whole(value):
        yield examine(value, "session cookie")


def _client_of(field: Field) -> str:
    is_basic = field.name == "authorization" and field.value.lower().startswith("basic ")
    return basic(field.value)[0] if is_basic else ""


def _redeemed(exchange: Exchange) -> set[str]:
    """The codes and session tokens that this exchange used up."""
    if exchange.status != 200 or not exchange.path.endswith(("/token", "/sessions")):
        return set()
    fields = parts(exchange).request
    return {each.value for each in fields if each.name in ("code", "sessionToken")}


def _merged(known: Loot, again: Loot) -> Loot:
    """What one appearance doesn't say the other may."""
    return replace(
        known,
        owner=known.owner or again.owner,
        client=known.client or again.client,
        scopes=known.scopes or again.scopes,
        expires=known.expires or again.expires,
    )


def _when(exchange: Exchange, lab: Lab | None) -> float:
    """When the answer was given, by the lab's clock where there is one."""
    if lab is None:
        return exchange.started
    try:
        events: list[Any] = list(lab.reasons(exchange).events)
    except LabError:
        return exchange.started
    return moment_of(events[0]["published"]) if events else exchange.started


def _is_whole(value: str) -> bool:
    return bool(value) and MASK not in value
