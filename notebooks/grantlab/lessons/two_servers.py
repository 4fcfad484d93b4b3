"""Tokens of both kinds of server as lesson 07 meets them, and what is true of a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from grantlab.lab import Lab
from grantlab.recording import Recording
from grantlab.tokens import KeySet, decode, kind_of, verify

ORG = "http://127.0.0.1:8080"
OF_HOME_LOAN, OF_SYNC = f"{ORG}/oauth2/aus1homeloan", f"{ORG}/oauth2/aus2sync"
HOME_LOAN = "api://lesson/home-loan"
SYNC = "api://sync"

Kind = Literal[
    "access token of org", "ID token of org", "access token", "ID token", "neighbour", "forged"
]


def kind_in_lesson(token: str) -> Kind:
    """What a token says that it is, as lesson 07 meets them; nothing of it is verified."""
    read = decode(token)
    claims = read.payload
    is_id, audience = kind_of(read) == "id_token", claims.get("aud")
    if audience == HOME_LOAN:
        return "forged" if "typ" in read.header else "access token"
    if "/oauth2/" not in str(claims.get("iss", "")):
        return "ID token of org" if is_id else "access token of org"
    return "ID token" if is_id else "neighbour"


def sample(kind: Kind, number: int = 1) -> str:
    """A token of that kind which nobody issued."""
    of_org = kind in ("access token of org", "ID token of org")
    is_id = kind in ("ID token of org", "ID token")
    audiences = {"access token of org": ORG, "neighbour": SYNC}
    claims = {
        "iss": ORG if of_org else OF_SYNC if kind == "neighbour" else OF_HOME_LOAN,
        "aud": "0oaDesk" if is_id else audiences.get(kind, HOME_LOAN),
        "jti": f"{'ID' if is_id else 'AT'}.{number}",
    }
    internal = {"typ": "application/okta-internal-at+jwt"}
    headers = internal if kind in ("access token of org", "forged") else {"typ": None}
    return jwt.encode(claims, "", algorithm="none", headers=headers)


@dataclass(frozen=True)
class Facts:
    """What is true of a custom server: asked from the server, not from whoever made it.

    `others` are the audiences of all other servers of the org, `scopes` those that somebody
    made on this one. `claims` are those of a token which this server signed; else empty.
    """

    name: str
    audience: str
    others: frozenset[str]
    scopes: tuple[str, ...]
    claims: Mapping[str, Any]


def facts(lab: Lab, server_id: Any, token: Any) -> Facts | None:
    """The facts of the server with that id, and of an access token; None while one is `...`."""
    if server_id is ... or token is ...:
        return None
    path = "/api/v1/authorizationServers"
    every = lab.admin.get(path, params={"limit": 200}).json()
    mine = next((one for one in every if one["id"] == server_id), None)
    if mine is None:
        return Facts("", "", frozenset(), (), {})
    scopes = lab.admin.get(f"{path}/{mine['id']}/scopes", params={"limit": 200}).json()
    audience = mine["audiences"][0]
    keys = KeySet(f"{mine['issuer']}/v1/keys", Recording().client("You"))
    trusted = {"issuer": mine["issuer"], "audience": audience, "keys": keys, "now": lab.now()}
    return Facts(
        mine["name"],
        audience,
        frozenset(each for one in every if one is not mine for each in one["audiences"]),
        tuple(scope["name"] for scope in scopes if not scope["system"]),
        verify(str(token), **trusted).claims,
    )
