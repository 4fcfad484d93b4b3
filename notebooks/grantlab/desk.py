"""The policy desk: walk a request through a server's policies, change them, walk again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any

import httpx

from grantlab.answers import App, Document, Person, Preview, Server, preview_of
from grantlab.finding import PATIENCE, LabError
from grantlab.management import (
    ALL_CLIENTS,
    EVERYONE,
    Names,
    NoManagement,
    Refused,
    accepted,
    id_of,
    listed,
    names_of,
)
from grantlab.policies import (
    Policy,
    Request,
    Row,
    Walk,
    body_of,
    read_policies,
    rows,
    walk_of,
    with_conditions,
)
from grantlab.recording import Exchange, Recording

if TYPE_CHECKING:
    from grantlab.lab import Lab

__all__ = ["PolicyDesk", "Refused"]

Watcher = Callable[[object], None]

ORG_SERVER = (
    "The org's own authorization server has no access policies: what its tokens allow follows "
    "from the app's settings and, for the API of Okta itself, from granted scopes and roles. "
    "Access policies belong to custom authorization servers (API Access Management)."
)
NO_PREVIEW = (
    "What a request would get is asked from the lab, by a call that Okta's management API lacks. "
    "Here the table can be read and changed; to see who matches, ask for a real token."
)
_SERVERS = "/api/v1/authorizationServers"
_WORDS = ("scopes", "grant_types")


@dataclass(frozen=True)
class Act:
    """What was done last, in words, and the place of its first call in the recording."""

    title: str
    first_call: int


class PolicyDesk:
    """The policies of one server; `show(desk)` shows them, and its methods do what its buttons do.

    `policies` is the table as it was read, `walk` the last request's way through it, `recording`
    holds every call that the desk made. `unavailable` says why there is no table, `no_preview`
    why no request can walk; mostly both are empty. `admin` sits at the desk, and `caller` is what
    its calls would be written with; what only the lab itself answers is asked with the lab's own
    token. Raises `LabError` when the org has no server of this name.
    """

    def __init__(
        self,
        lab: Lab,
        server: Server | str,
        recording: Recording | None = None,
        admin: httpx.Client | None = None,
    ) -> None:
        self.recording = recording or Recording()
        self.server = server if isinstance(server, Server) else Server("", server, "", "", {})
        self.policies: tuple[Policy, ...] = ()
        self.names = Names()
        self.walk: Walk | None = None
        self.refusal: Refused | None = None
        self.unavailable = ""
        self.no_preview = NO_PREVIEW if lab.elsewhere else ""
        self.base = lab.url
        self.act = Act("Open the desk", len(self.recording))
        self.caller = "lab.admin" if admin is None else "admin"
        self._client: httpx.Client | None = None
        self._lab_client: httpx.Client | None = None
        self._undo: tuple[str, Row] | None = None
        self._watchers: list[Watcher] = []
        self._lock = RLock()
        try:
            self._open(lab, admin)
        except NoManagement as trouble:
            self.unavailable = str(trouble)

    def read(self) -> Walk | None:
        """The table is as the server has it now, and the last request has walked through it."""
        return self._do("Read the table again", lambda: None)

    def ask(
        self,
        client: App | str,
        user: Person | str | None = None,
        scopes: str | Iterable[str] = (),
        grant_type: str = "",
    ) -> Walk:
        """Walk this request through the policies; nothing is issued.

        `client` is an app or its name, `user` a person or a login (`"cora"` is short for
        `"cora@bank.example"`); without one the client acts for itself, by client credentials.
        `LabError` for a name that the org doesn't know.
        """
        if why := self.unavailable or self.no_preview:
            raise LabError(why)
        request = self._request(client, user, scopes, grant_type)
        walk = self._do("Walk the request", None, request)
        assert walk is not None
        return walk

    def move(self, row: Row | str, up: bool = True) -> Walk | None:
        """The rule or policy is one place further up, or down; returns the new walk, if any.

        A row may be named by its id, its name, or `"policy/rule"`. `LabError` where it can't go
        further, `Refused` when the API refuses.
        """
        found = self.row(row)
        place = found.priority + (-1 if up else 1)
        if not 1 <= place <= len(self.beside(found)):
            raise LabError(f"“{found.name}” is {'first' if up else 'last'} already.")
        title = f"Move “{found.name}” {'up' if up else 'down'}"
        body = with_conditions(body_of(found), {"priority": place})
        return self._do(title, lambda: self._put(found, body), undo=found)

    def change(
        self, row: Row | str, *, active: bool | None = None, **conditions: Any
    ) -> Walk | None:
        """The rule or policy has these conditions; returns the new walk, if there is any.

        For rules: `scopes`, `grant_types`, `groups`, `users` (lists; of scopes and grant types
        also words with spaces between), `access_minutes`, `refresh_minutes`, `window_minutes`;
        for policies: `clients`; for both `name` and `active`. Groups, people and clients may be
        named. `Refused` when the API refuses.
        """
        found = self.row(row)
        wanted = {name: self._ids(name, value) for name, value in conditions.items()}
        switched = [] if active is None else ["active" if active else "inactive"]
        title = f"Change “{found.name}”: {', '.join([*wanted, *switched])}"

        def write() -> None:
            if wanted:
                self._put(found, with_conditions(body_of(found), wanted))
            if active not in (None, found.active):
                self._switch(found, bool(active))

        return self._do(title, write, undo=found)

    def undo(self) -> Walk | None:
        """The last change is taken back; `LabError` when there is none."""
        if self._undo is None:
            raise LabError("There is no change to take back.")
        title, before = self._undo
        now = self.row(before.id)
        body = body_of(before) | {"status": now.document["status"]}

        def write() -> None:
            if body != body_of(now):
                self._put(now, body)
            if now.active != before.active:
                self._switch(now, before.active)
            self._undo = None

        return self._do(f"Undo: {title}", write)

    @property
    def can_undo(self) -> str:
        """What `undo` would take back, in words; empty when there is nothing."""
        return self._undo[0] if self._undo else ""

    @property
    def calls(self) -> tuple[Exchange, ...]:
        """The calls of the last act, in order."""
        return tuple(self.recording)[self.act.first_call :]

    def row(self, wanted: Row | str) -> Row:
        """The row as it was read last, by id, name or `"policy/rule"`; `LabError` for none."""
        if self.unavailable:
            raise NoManagement(self.unavailable)
        wanted = wanted.id if isinstance(wanted, Row) else wanted
        named: list[tuple[Row, set[str]]] = []
        for policy in self.policies:
            named.append((policy, {policy.id, policy.name}))
            for rule in policy.rules:
                named.append((rule, {rule.id, rule.name, f"{policy.name}/{rule.name}"}))
        found = [row for row, names in named if wanted in names]
        if len(found) == 1:
            return found[0]
        if found:
            raise LabError(f"Several rows are called {wanted!r}: say “policy/rule”.")
        there = ", ".join(row.name for row in rows(self.policies)) or "no policy"
        raise LabError(f"No policy or rule is called {wanted!r}; there is: {there}.")

    def beside(self, row: Row) -> tuple[Row, ...]:
        """The row and those among which it has its place: all policies, or rules of one policy."""
        for policy in self.policies:
            if row.id in {rule.id for rule in policy.rules}:
                return policy.rules
        return self.policies

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell the watcher after each act from now on; call the result to stop that."""
        self._watchers.append(watcher)

        def stop() -> None:
            with suppress(ValueError):
                self._watchers.remove(watcher)

        return stop

    def close(self) -> None:
        """The desk's connections are closed; safe to call again."""
        for client in (self._client, self._lab_client):
            if client is not None:
                client.close()

    def __repr__(self) -> str:
        return f"Policy desk of {self.server.name}: {self.unavailable or self.walk or 'no request'}"

    def _open(self, lab: Lab, admin: httpx.Client | None) -> None:
        try:
            owner = lab.admin
        except LabError as missing:
            raise NoManagement(str(missing)) from missing
        self._lab_client = self._client = client = self._as(owner)
        if admin is not None:
            self._client = client = self._as(admin)
        self.base = str(owner.base_url).rstrip("/")
        name = self.server.name
        if name == "org":
            raise NoManagement(ORG_SERVER)
        servers = listed(client, _SERVERS)
        found = [each for each in servers if name in (each["name"], each["id"])]
        if not found:
            known = ", ".join(sorted(each["name"] for each in servers))
            raise LabError(f"No authorization server is called {name!r}; there is: {known}.")
        one = found[0]
        self.server = Server(one["id"], one["name"], one["issuer"], one["audiences"][0], one)
        self.names = names_of(client, self.server.id)
        try:
            self.policies = read_policies(client, self.server.id)
        except LabError as refusal:
            raise NoManagement(str(refusal)) from refusal

    def _as(self, admin: httpx.Client) -> httpx.Client:
        return self.recording.client(
            "Policy desk",
            base_url=admin.base_url,
            headers={"Authorization": admin.headers["Authorization"]},
            timeout=PATIENCE,
        )

    @property
    def _api(self) -> httpx.Client:
        if self.unavailable or self._client is None:
            raise NoManagement(self.unavailable)
        return self._client

    def _do(
        self,
        title: str,
        write: Callable[[], None] | None,
        request: Request | None = None,
        undo: Row | None = None,
    ) -> Walk | None:
        """One act: write, read the table again, walk again. Without `write` the table stays."""
        with self._lock:
            client = self._api
            self.refusal, self.act = None, Act(title, len(self.recording))
            asked = request or (self.walk.request if self.walk else None)
            try:
                if write is not None:
                    write()
            except Refused as refusal:
                self.refusal = refusal
                raise
            else:
                self._undo = (title, undo) if undo else self._undo
            finally:
                self._look_again(client, asked, table=write is not None)
            return self.walk

    def _look_again(self, client: httpx.Client, asked: Request | None, *, table: bool) -> None:
        # After a refusal the table stays as the person saw it, unless a part of the act was done.
        done = [call for call in self.calls if call.method != "GET" and (call.status or 500) < 300]
        try:
            if table and (done or self.refusal is None):
                self.policies = read_policies(client, self.server.id)
            if asked and self.refusal is None:
                self.walk = walk_of(self.policies, asked, self._preview(asked))
        except Refused as refusal:
            self.refusal = refusal
            raise
        finally:
            for watcher in tuple(self._watchers):
                watcher(self)

    def _preview(self, request: Request) -> Preview:
        asked: Document = {
            "authorizationServerId": self.server.id,
            "clientId": request.client_id,
            "grantType": request.grant_type,
            "scopes": list(request.scopes),
        }
        if request.person_id is not None:
            asked["userId"] = request.person_id
        # Okta's management API has no such call, so the lab answers it to its owner alone.
        client = self._lab_client or self._api
        return preview_of(accepted(client.post("/lab/preview", json=asked)).json())

    def _put(self, row: Row, body: Document) -> None:
        accepted(self._api.put(row.path, json=body, headers={"If-Match": row.version}))

    def _switch(self, row: Row, active: bool) -> None:
        change = "activate" if active else "deactivate"
        accepted(self._api.post(f"{row.path}/lifecycle/{change}"))

    def _request(
        self, client: App | str, user: Person | str | None, scopes: str | Iterable[str], grant: str
    ) -> Request:
        names = self.names
        client_id = id_of(client.client_id if isinstance(client, App) else client,
                          names.apps, "client")  # fmt: skip
        person_id = None
        if user:
            login = user.login if isinstance(user, Person) else user
            short = login if "@" in login or login in names.people else f"{login}@bank.example"
            person_id = id_of(short, names.people, "person")
        return Request(
            client=names.apps[client_id],
            client_id=client_id,
            person=names.people[person_id] if person_id else None,
            person_id=person_id,
            grant_type=grant or ("authorization_code" if person_id else "client_credentials"),
            scopes=tuple(scopes.split() if isinstance(scopes, str) else scopes),
        )

    def _ids(self, condition: str, value: Any) -> Any:
        """The value as the API has it: lists for conditions, ids for names."""
        if condition in _WORDS:
            return value.split() if isinstance(value, str) else list(value)
        known = {
            "groups": self.names.groups,
            "users": self.names.people,
            "clients": self.names.apps,
        }.get(condition)
        if known is None:
            return value
        wanted = [value] if isinstance(value, str) else value
        kept = (ALL_CLIENTS, EVERYONE)
        return [each if each in kept else id_of(each, known, condition) for each in wanted]
