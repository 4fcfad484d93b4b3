"""Access policies of a server: read over the management API, and a request's walk through them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from grantlab.answers import Document, Preview
from grantlab.finding import json_of

Outcome = Literal["passed over", "applies", "matched", "not looked at"]
Cause = Literal["", "inactive", "rules", "clients", "grants", "people", "scopes"]


# The condition that each of the server's reasons is about.
_CAUSES: tuple[tuple[str, Cause], ...] = (
    ("It is for other clients", "clients"),
    ("It has no active rule", "rules"),
    ("It is not for the grant type", "grants"),
    ("It leaves this person out", "people"),
    ("This person is in none", "people"),
    ("It does not cover the scopes", "scopes"),
)
_OF_THE_SERVER = ("id", "system", "created", "lastUpdated", "_links")
_DECIDED = "access policy allows it"


@dataclass(frozen=True)
class Row:
    """A policy or a rule as it was read: its path in the API, its version (ETag), its document."""

    path: str
    version: str
    document: Document = field(repr=False)

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.document["id"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.document["name"])

    @property
    def priority(self) -> int:
        """Its place, counted from 1: who is first is asked first."""
        return int(self.document["priority"])

    @property
    def active(self) -> bool:
        """It is asked at all."""
        return bool(self.document["status"] == "ACTIVE")

    @property
    def system(self) -> bool:
        """It is built in, and can't be switched off."""
        return bool(self.document.get("system"))


@dataclass(frozen=True)
class Rule(Row):
    """One rule: who may get which scopes by which grant, and for how long."""

    @property
    def grant_types(self) -> tuple[str, ...]:
        """The grants that it is for."""
        return _included(self.document, "grantTypes")

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that it covers; `*` is all of the server's."""
        return _included(self.document, "scopes")

    @property
    def groups(self) -> tuple[str, ...]:
        """Ids of the groups whose members it is for, or `EVERYONE`."""
        return _included(self.document, "people", "groups")

    @property
    def users(self) -> tuple[str, ...]:
        """Ids of the people whom it names."""
        return _included(self.document, "people", "users")

    @property
    def left_out(self) -> tuple[str, ...]:
        """Ids of groups and people that it isn't for, whatever else holds."""
        return (
            *_included(self.document, "people", "groups", last="exclude"),
            *_included(self.document, "people", "users", last="exclude"),
        )

    @property
    def lifetimes(self) -> Lifetimes:
        """How long the tokens live that it gives."""
        token = (self.document.get("actions") or {}).get("token") or {}
        return Lifetimes(
            int(token.get("accessTokenLifetimeMinutes", 60)),
            int(token.get("refreshTokenLifetimeMinutes", 0)),
            int(token.get("refreshTokenWindowMinutes", 10080)),
        )


@dataclass(frozen=True)
class Lifetimes:
    """Minutes: of an access token, of a refresh token (0: no end), and of its idle time."""

    access: int
    refresh: int
    window: int


@dataclass(frozen=True)
class Policy(Row):
    """One policy: for which clients its rules are asked."""

    rules: tuple[Rule, ...] = ()

    @property
    def clients(self) -> tuple[str, ...]:
        """Client ids, or `ALL_CLIENTS`."""
        return _included(self.document, "clients")


@dataclass(frozen=True)
class Request:
    """What is asked for. Without a person the client acts for itself."""

    client: str
    client_id: str
    person: str | None
    person_id: str | None
    grant_type: str
    scopes: tuple[str, ...]

    def __str__(self) -> str:
        person = f"for {self.person}" if self.person else "for itself"
        scopes = " ".join(self.scopes) or "the default scopes"
        return f"{self.client} {person}, by {self.grant_type}, asks for {scopes}"


@dataclass(frozen=True)
class Step:
    """What became of a policy or rule in a walk; `cause` is the condition that didn't fit."""

    outcome: Outcome
    why: str
    cause: Cause = ""


@dataclass(frozen=True)
class Walk:
    """A request's way through the policies, by the id of each row, and where it led."""

    request: Request
    preview: Preview
    steps: Mapping[str, Step]
    started: bool
    """Whether the policies were asked at all."""

    @property
    def allowed(self) -> bool:
        """There would be a token."""
        return self.preview.error is None

    def __repr__(self) -> str:
        decision, preview = self.preview.decision, self.preview
        if preview.error:
            end = f"refused: {preview.error}. {preview.error_description}"
        elif decision is None:
            end = "allowed"
        else:
            minutes = decision["accessTokenLifetimeMinutes"]
            end = f"rule “{decision['ruleName']}” decides: an access token for {minutes} minutes"
        return f"{self.request}: {end}"


def read_policies(client: httpx.Client, server_id: str) -> tuple[Policy, ...]:
    """The policies of a custom server with their rules, in the order in which they are asked.

    `client` speaks to the management API, as `lab.admin` does. Each row is read for itself too:
    only so does the API say its version. `LabError` when it refuses.
    """
    path = f"/api/v1/authorizationServers/{server_id}/policies"
    listed = _in_order(json_of(client.get(path)))
    return tuple(_policy(client, f"{path}/{each['id']}") for each in listed)


def walk_of(policies: Iterable[Policy], request: Request, preview: Preview) -> Walk:
    """Lay the server's own reasons over the table. What they don't name was not looked at."""
    said = {
        str(each.get("ruleId") or each["policyId"]): each
        for each in preview.trace
        if each.get("policyId")
    }
    started = bool(said) or any(each.get("check") == _DECIDED for each in preview.trace)
    steps: dict[str, Step] = {}
    going = started
    for policy in policies:
        step = _step(policy, said, going, Step("applies", "Its clients fit: its rules are asked."))
        steps[policy.id] = step
        asked = step.outcome == "applies"
        for rule in policy.rules:
            found = _step(rule, said, going and asked, Step("matched", "Everything fits."))
            steps[rule.id] = found
            going = going and found.outcome != "matched"
    return Walk(request, preview, steps, started)


def body_of(row: Row) -> Document:
    """What a `PUT` of the row sends: its document without what only the server sets."""
    document = copy.deepcopy(row.document)
    return {name: value for name, value in document.items() if name not in _OF_THE_SERVER}


def with_conditions(body: Document, changes: Mapping[str, Any]) -> Document:
    """The body of a `PUT` with these conditions and lifetimes instead.

    Names: `scopes`, `grant_types`, `groups`, `users`, `clients` are lists of ids or names as
    the API has them; `access_minutes`, `refresh_minutes`, `window_minutes` whole minutes;
    `name` and `priority` as they are. `KeyError` for another name.
    """
    changed = copy.deepcopy(body)
    for name, value in changes.items():
        place: Any = changed
        *way, last = _PLACES[name]
        for part in way:
            if place.get(part) is None:
                place[part] = {}
            place = place[part]
        place[last] = value
    return changed


_PLACES = {
    "name": ("name",),
    "priority": ("priority",),
    "clients": ("conditions", "clients", "include"),
    "scopes": ("conditions", "scopes", "include"),
    "grant_types": ("conditions", "grantTypes", "include"),
    "groups": ("conditions", "people", "groups", "include"),
    "users": ("conditions", "people", "users", "include"),
    "access_minutes": ("actions", "token", "accessTokenLifetimeMinutes"),
    "refresh_minutes": ("actions", "token", "refreshTokenLifetimeMinutes"),
    "window_minutes": ("actions", "token", "refreshTokenWindowMinutes"),
}


def rows(policies: Iterable[Policy]) -> Iterator[Row]:
    """Every row in the order of the table."""
    for policy in policies:
        yield policy
        yield from policy.rules


def _policy(client: httpx.Client, path: str) -> Policy:
    version, document = _versioned(client, path)
    listed = _in_order(json_of(client.get(f"{path}/rules")))
    ways = [f"{path}/rules/{each['id']}" for each in listed]
    found = tuple(Rule(way, *_versioned(client, way)) for way in ways)
    return Policy(path, version, document, found)


def _versioned(client: httpx.Client, path: str) -> tuple[str, Document]:
    answer = client.get(path)
    return answer.headers.get("ETag", ""), dict(json_of(answer))


def _in_order(listed: Any) -> list[Document]:
    return sorted(listed, key=lambda each: int(each["priority"]))


def _included(document: Document, *way: str, last: str = "include") -> tuple[str, ...]:
    place: Any = document.get("conditions") or {}
    for part in way:
        place = place.get(part) or {}
    return tuple(str(each) for each in place.get(last) or ())


def _step(row: Row, said: Mapping[str, Document], going: bool, fits: Step) -> Step:
    found = said.get(row.id)
    if not going or (found is None and row.active):
        return Step("not looked at", "")
    if found is None:
        return Step("passed over", "It is inactive.", "inactive")
    if found.get("result") == "passed":
        return fits
    why = str(found.get("detail", ""))
    return Step("passed over", why, _cause(why))


def _cause(why: str) -> Cause:
    return next((cause for begin, cause in _CAUSES if why.startswith(begin)), "")
