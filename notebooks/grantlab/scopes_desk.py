"""The desk of scopes and claims: what may be asked for at a server, and what its tokens tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import httpx

from grantlab.answers import Document
from grantlab.desks import Desk
from grantlab.finding import LabError
from grantlab.management import accepted, listed
from grantlab.policies import Walk

Consent = Literal["IMPLICIT", "REQUIRED", "FLEXIBLE"]
Token = Literal["access token", "ID token"]
ValueType = Literal["EXPRESSION", "GROUPS", "SYSTEM"]

ORG_SERVER = (
    "The org's own authorization server has fixed scopes and claims. Scopes and claims of one's "
    "own belong to custom authorization servers (API Access Management)."
)
_PUBLISHED = {None: None, True: "ALL_CLIENTS", False: "NO_CLIENTS"}
_TYPES: dict[Token, str] = {"access token": "RESOURCE", "ID token": "IDENTITY"}


@dataclass(frozen=True)
class Scope:
    """One scope as it was read; `path` is its place in the management API."""

    path: str
    document: Document = field(repr=False)

    @property
    def name(self) -> str:
        """What clients ask for."""
        return str(self.document["name"])

    @property
    def shown(self) -> str:
        """What the person reads on the consent page."""
        said = (self.document.get("displayName"), self.document.get("description"))
        return ": ".join(str(each) for each in said if each)

    @property
    def consent(self) -> str:
        """Whether the person is asked: `IMPLICIT` (no), `FLEXIBLE`, or `REQUIRED` (no programs)."""
        return str(self.document["consent"])

    @property
    def default(self) -> bool:
        """It is given to who names no scope at all."""
        return bool(self.document["default"])

    @property
    def published(self) -> bool:
        """The server's metadata names it."""
        return bool(self.document["metadataPublish"] == "ALL_CLIENTS")

    @property
    def system(self) -> bool:
        """Every server has it."""
        return bool(self.document["system"])


@dataclass(frozen=True)
class Claim:
    """One claim as it was read; `path` is its place in the management API."""

    path: str
    document: Document = field(repr=False)

    @property
    def name(self) -> str:
        """Its name in the token."""
        return str(self.document["name"])

    @property
    def token(self) -> Token:
        """The kind of token it is for."""
        return "access token" if self.document["claimType"] == "RESOURCE" else "ID token"

    @property
    def value(self) -> str:
        """The expression that makes its value, or the filter of groups."""
        return str(self.document["value"])

    @property
    def scopes(self) -> tuple[str, ...]:
        """It is there only when one of these is granted; none: always."""
        return tuple((self.document.get("conditions") or {}).get("scopes") or ())

    @property
    def of_groups(self) -> str:
        """How names of groups are compared, such as `STARTS_WITH`; empty for an expression."""
        return str(self.document.get("group_filter_type") or "")

    @property
    def active(self) -> bool:
        """It is made at all."""
        return bool(self.document["status"] == "ACTIVE")

    @property
    def system(self) -> bool:
        """The server has it from the beginning."""
        return bool(self.document["system"])


Row = TypeVar("Row", Scope, Claim)


class ScopesDesk(Desk):
    """The scopes and claims of one server; its methods do what its buttons do.

    `scopes` and `claims` are the tables as they were read. `LabError` for a name that isn't
    there, `Refused` when the API refuses.
    """

    title = "Scopes and claims"
    asking = "Ask for a token"
    of_the_org = ORG_SERVER
    scopes: tuple[Scope, ...] = ()
    claims: tuple[Claim, ...] = ()

    def load(self, client: httpx.Client) -> None:
        """Both tables are as the server has them. Raises `LabError`."""
        here = f"/api/v1/authorizationServers/{self.server.id}"
        scopes, claims = listed(client, f"{here}/scopes"), listed(client, f"{here}/claims")
        self.scopes = tuple(Scope(f"{here}/scopes/{each['id']}", each) for each in scopes)
        self.claims = tuple(Claim(f"{here}/claims/{each['id']}", each) for each in claims)
        self.names = replace(self.names, scopes=tuple(each.name for each in self.scopes))

    def write_scope(
        self,
        name: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        consent: Consent | None = None,
        default: bool | None = None,
        published: bool | None = None,
    ) -> Walk | None:
        """There is a scope of this name, and it is so; what isn't said stays, or is as at first."""
        wanted: Document = {
            "displayName": display_name,
            "description": description,
            "consent": consent,
            "default": default,
            "metadataPublish": _PUBLISHED[published],
        }
        known = next((each for each in self.scopes if each.name == name), None)
        return self._write("scope", name, known, {"name": name} | wanted)

    def write_claim(
        self,
        name: str,
        value: str,
        *,
        token: Token = "access token",
        scopes: Iterable[str] | None = None,
        of_groups: str | None = None,
    ) -> Walk | None:
        """There is a claim of this name in this kind of token, and it is so.

        `value` is an expression, or with `of_groups` (`STARTS_WITH`, `EQUALS`, `CONTAINS`,
        `REGEX`) what the names of the person's groups are compared with. `scopes`: it is there
        only when one of them is granted; none: always.
        """
        wanted: Document = {
            "value": value,
            "valueType": "GROUPS" if of_groups else "EXPRESSION",
            "group_filter_type": of_groups or None,
            "conditions": None if scopes is None else {"scopes": list(scopes)},
        }
        known = next(
            (each for each in self.claims if (each.name, each.token) == (name, token)), None
        )
        if known is not None and known.system:
            wanted["valueType"] = known.document["valueType"]
        return self._write(
            "claim", name, known, {"name": name, "claimType": _TYPES[token]} | wanted
        )

    def delete(self, row: Scope | Claim) -> Walk | None:
        """The scope or claim is gone; a scope also from rules and claims that named it."""
        return self._do(f"Delete “{row.name}”", lambda: self._delete(row.path))

    def scope(self, name: str) -> Scope:
        """The scope of that name, as it was read last; `LabError` for none."""
        return _named(self.scopes, name)

    def claim(self, name: str) -> Claim:
        """The first claim of that name, as it was read last; `LabError` for none."""
        return _named(self.claims, name)

    def _write(
        self, kind: str, name: str, known: Scope | Claim | None, wanted: Document
    ) -> Walk | None:
        said = {member: value for member, value in wanted.items() if value is not None}
        if known is None:
            path = f"/api/v1/authorizationServers/{self.server.id}/{kind}s"
            return self._do(f"Add the {kind} “{name}”", lambda: self._send("POST", path, said))
        kept = {member: known.document.get(member) for member in _MEMBERS[kind]}
        body = {member: value for member, value in (kept | said).items() if value is not None}
        return self._do(f"Change the {kind} “{name}”", lambda: self._send("PUT", known.path, body))

    def _send(self, method: str, path: str, body: Document) -> None:
        accepted(self._api.request(method, path, json=body))

    def _delete(self, path: str) -> None:
        accepted(self._api.delete(path))


_MEMBERS = {
    "scope": (
        "name", "displayName", "description", "consent", "default", "optional", "metadataPublish"
    ),
    "claim": (
        "name", "status", "claimType", "valueType", "value", "group_filter_type", "conditions",
        "alwaysIncludeInToken",
    ),
}  # fmt: skip


def _named(rows: tuple[Row, ...], name: str) -> Row:
    for row in rows:
        if row.name == name:
            return row
    there = ", ".join(row.name for row in rows)
    raise LabError(f"Nothing here is called {name!r}; there is: {there}.")
