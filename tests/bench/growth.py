"""A grown org beside a small one: whether tokens, introspection and lookups stay as quick."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from sqlalchemy import Connection, func, insert, select

from labserver.store.apps import App, AppGroup, AppSecret
from labserver.store.base import OrgOwned
from labserver.store.database import open_database
from labserver.store.directory import Group, Membership, User, login_key
from labserver.store.issued import Family, RefreshToken
from labserver.store.orgs import Org
from labserver.store.servers import AuthorizationServer, Policy, Rule
from tests.bench import work
from tests.bench.load import Exchange, Work, parsed, percentile
from tests.bench.server import Started, prepared, serving
from tests.bench.table import table
from tests.bench.work import Target
from tests.speaking import CALLBACK, done

GOAL = 1.5
"""How much slower, at most, the grown org should be at the 95th percentile."""
FEWEST = 20
"""Exchanges that count, at least."""
WARM_UP = 10
"""Exchanges before anything counts: each worker has loaded what it keeps."""
LIVES = 30 * 24 * 3600
"""Seconds that the refresh tokens live on."""


@dataclass(frozen=True)
class Size:
    """How much is added to the root org; each user is in two groups, each app has one group."""

    users: int = 10_000
    apps: int = 1_000
    rules: int = 200
    families: int = 100_000
    groups: int = 50


@dataclass(frozen=True)
class Lookup:
    """One thing that is timed: a management call, or protocol work by its name."""

    name: str
    path: str = ""


@dataclass(frozen=True)
class Place:
    """A running server, and the names that paths are filled in with."""

    server: Started
    target: Target
    names: dict[str, str]


@dataclass(frozen=True)
class Compared:
    """A lookup's latencies, in seconds, in the small org and the grown one."""

    lookup: Lookup
    small: tuple[float, ...]
    grown: tuple[float, ...]

    def ratio(self, percent: float) -> float:
        """How many times slower it got, at this percentile."""
        return percentile(self.grown, percent) / percentile(self.small, percent)


PROTOCOL: dict[str, Work] = {
    "client credentials": work.client_credentials,
    "code + PKCE flow": work.code_flow,
}
Add = Callable[[type[OrgOwned], list[dict[str, Any]]], list[str]]

LOOKUPS = (
    Lookup("client credentials"),
    Lookup("introspection"),
    Lookup("code + PKCE flow"),
    Lookup("user by id", "/api/v1/users/{user}"),
    Lookup("user by login", "/api/v1/users/cora@bank.example"),
    Lookup("user by short login", "/api/v1/users/cora"),
    Lookup("users, q, one fits", "/api/v1/users?q=cora&limit=5"),
    Lookup("users, q, the first fit", "/api/v1/users?q=bench&limit=5"),
    Lookup("users, q, none fits", "/api/v1/users?q=nobody&limit=5"),
    Lookup("users, page 1", "/api/v1/users?limit=5"),
    Lookup("users, search by login", '/api/v1/users?search=profile.login eq "cora@bank.example"'),
    Lookup("users, search by name", '/api/v1/users?search=profile.lastName eq "None"&limit=5'),
    Lookup("users, filter by status", '/api/v1/users?filter=status eq "SUSPENDED"&limit=5'),
    Lookup("user's groups", "/api/v1/users/{user}/groups"),
    Lookup("group by id", "/api/v1/groups/{group}"),
    Lookup("group's members, page 1", "/api/v1/groups/{group}/users?limit=5"),
    Lookup("groups, q", "/api/v1/groups?q=Staff"),
    Lookup("apps, page 1", "/api/v1/apps?limit=5"),
    Lookup("apps, q, one fits", "/api/v1/apps?q=Bank Web"),
    Lookup("app by id", "/api/v1/apps/{app}"),
    Lookup("app's people", "/api/v1/apps/{app}/users?limit=5"),
    Lookup("scopes of a server", "/api/v1/authorizationServers/default/scopes"),
    Lookup("log, newest 5", "/api/v1/logs?sortOrder=DESCENDING&limit=5"),
)


def grow(folder: Path, size: Size) -> None:
    """The root org in this folder's database, which no server has open, holds so much more."""
    database = open_database(f"sqlite:///{folder / 'lab.db'}")
    with database.engine.begin() as connection:
        org = connection.scalars(select(Org.pk).where(Org.slug == "")).one()
        add = partial(_add, connection, org, int(time.time()))
        groups = add(Group, [{"name": f"Bench {number}"} for number in range(size.groups)])
        users = _add_users(add, size.users, groups)
        _add_apps(add, size.apps, groups)
        _add_rules(add, size.rules, _default_server(connection, org))
        _add_families(add, size, users)
    database.close()


def _default_server(connection: Connection, org: int) -> int:
    servers: Any = AuthorizationServer.__table__
    wanted = select(servers.c.pk).where(servers.c.org_id == org, servers.c.id == "default")
    server: int = connection.scalars(wanted).one()
    return server


def _add(
    connection: Connection, org: int, now: int, model: type[OrgOwned], rows: list[dict[str, Any]]
) -> list[str]:
    """The rows are in the model's table, numbered on from the last; their public ids."""
    owned: Any = model.__table__  # type: ignore[attr-defined]
    last = connection.scalars(select(func.max(owned.c.pk))).one() or 0
    times = {"created": now, "updated": now} if "updated" in owned.c else {}
    filled = [
        {"org_id": org, "pk": pk, "id": f"{model.id_prefix}bench{pk:012}", **times, **row}
        for pk, row in enumerate(rows, last + 1)
    ]
    if filled:
        connection.execute(insert(owned), filled)
    return [row["id"] for row in filled]


def _pk(public_id: str) -> int:
    return int(public_id[-12:])


def _add_users(add: Add, number: int, groups: list[str]) -> list[str]:
    logins = [f"bench{place:05}@bank.example" for place in range(number)]
    rows = [
        {"login": login, "key": login_key(login), "status": "ACTIVE", "profile": _profile(login)}
        for login in logins
    ]
    users = add(User, rows)
    pairs = [
        {"user_pk": _pk(user), "group_pk": _pk(groups[(place + step) % len(groups)])}
        for place, user in enumerate(users)
        for step in (0, 1)
    ]
    add(Membership, pairs)
    return users


def _profile(login: str) -> dict[str, str]:
    return {"firstName": "Bench", "lastName": login.partition("@")[0], "email": login}


def _add_apps(add: Add, number: int, groups: list[str]) -> None:
    same = {
        "redirect_uris": [CALLBACK],
        "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"],
    }
    rows = [
        {"client_id": f"bench-client-{place}", "label": f"Grown {place}", **same}
        for place in range(number)
    ]
    apps = add(App, rows)
    add(AppSecret, [{"app_pk": _pk(app), "value": "s" * 40} for app in apps])
    pairs = [
        {"app_pk": _pk(app), "group_pk": _pk(groups[place % len(groups)])}
        for place, app in enumerate(apps)
    ]
    add(AppGroup, pairs)


def _add_rules(add: Add, number: int, server: int) -> None:
    """The rules come before those of the world, judge every request and match none."""
    policy = {"server_pk": server, "priority": 0, "clients": ["ALL_CLIENTS"]}
    policies = add(Policy, [{"name": f"Grown {place}", **policy} for place in range(10)])
    rule = {"grant_types": ["password"], "scopes": ["*"], "groups": ["EVERYONE"]}
    rows = [
        {"policy_pk": _pk(policies[place % 10]), "name": f"R{place}", "priority": place, **rule}
        for place in range(number)
    ]
    add(Rule, rows)


def _add_families(add: Add, size: Size, users: list[str]) -> None:
    """Each is a person's authorization of an app, with a refresh token that still lives."""
    now = int(time.time())
    same = {
        "server_id": "default",
        "scopes": ["openid", "offline_access"],
        "grant_type": "authorization_code",
        "amr": ["pwd"],
        "created": now,
    }
    rows = [
        {
            "client_id": f"bench-client-{place % size.apps}",
            "user_id": users[place % len(users)],
            **same,
        }
        for place in range(size.families)
    ]
    families = add(Family, rows)
    tokens = [
        {
            "id": hashlib.sha256(family.encode()).hexdigest(),
            "family_pk": _pk(family),
            "scopes": ["openid", "offline_access"],
            "created": now,
            "expires": now + LIVES,
        }
        for family in families
    ]
    add(RefreshToken, tokens)


def compare(folder: Path, size: Size, seconds: float, only: str = "") -> Iterator[Compared]:
    """Each lookup, timed in turn in a small org and in a grown one."""
    with ExitStack() as stack:
        places = []
        for name in ("small", "grown"):
            place = folder / name
            place.mkdir()
            with serving(place) as server:
                prepared(server)
            if name == "grown":
                grow(place, size)
            places.append(_place(stack.enter_context(serving(place))))
        for lookup in LOOKUPS:
            if only in lookup.name:
                yield _compared(lookup, places, seconds)


def _place(server: Started) -> Place:
    target = prepared(server)
    headers = {"Authorization": f"SSWS {server.token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as admin:
        user = done(admin.get("/api/v1/users/cora"))["id"]
        group = done(admin.get("/api/v1/groups", params={"q": "Staff"}))[0]["id"]
    names = {"user": user, "group": group, "app": target.app}
    return Place(server, target, names)


def _compared(lookup: Lookup, places: Sequence[Place], seconds: float) -> Compared:
    """Both in turn, exchange by exchange, so that a busy moment of the machine meets both."""
    seen: tuple[list[float], list[float]] = ([], [])
    with ExitStack() as stack:
        lanes = []
        for place in places:
            connection = socket.create_connection(("127.0.0.1", place.server.port))
            lanes.append((stack.enter_context(connection), _work(lookup, place)))
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(seen[0]) < WARM_UP + FEWEST:
            for (connection, exchanges), latencies in zip(lanes, seen, strict=True):
                latencies.append(_timed(connection, next(exchanges)))
    small, grown = (tuple(latencies[WARM_UP:]) for latencies in seen)
    return Compared(lookup, small, grown)


def _work(lookup: Lookup, place: Place) -> Iterator[Exchange]:
    if lookup.path:
        path = quote(lookup.path.format(**place.names), safe="/?=&")
        return work.management(place.server.token, path, 0, 1)
    if lookup.name == "introspection":
        return work.introspection(place.target, [_token(place)], 0, 1)
    return PROTOCOL[lookup.name](place.target, 0, 1)


def _token(place: Place) -> str:
    """A fresh access token of the service app."""
    with socket.create_connection(("127.0.0.1", place.server.port)) as connection:
        response = _answered(connection, next(work.client_credentials(place.target, 0, 1)))
    return work.access_tokens([response])[0]


def _timed(connection: socket.socket, exchange: Exchange) -> float:
    """How long the exchange took, in seconds."""
    begin = time.perf_counter()
    _answered(connection, exchange)
    return time.perf_counter() - begin


def _answered(connection: socket.socket, exchange: Exchange) -> bytes:
    """What the exchange obtained over this connection."""
    request = next(exchange)
    while True:
        connection.sendall(request)
        received = b""
        while (answer := parsed(received)) is None:
            received += connection.recv(1 << 16)
        try:
            request = exchange.send(answer)
        except StopIteration as end:
            obtained: bytes = end.value
            return obtained


def shown(rows: Sequence[Compared]) -> str:
    """The rows as a table; what is not flat is marked. The median minds a busy machine less."""
    heads = ("one connection", "small p95 ms", "grown p95 ms", "ratio", "ratio of medians", "")
    return table(heads, [
        (
            row.lookup.name,
            f"{percentile(row.small, 95) * 1000:.2f}",
            f"{percentile(row.grown, 95) * 1000:.2f}",
            f"{row.ratio(95):.2f}",
            f"{row.ratio(50):.2f}",
            "" if row.ratio(95) <= GOAL else f"over {GOAL}",
        )
        for row in rows
    ])  # fmt: skip
