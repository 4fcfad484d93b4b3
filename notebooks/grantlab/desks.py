"""A desk: one server of an org, the management API, and what was done there last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

import httpx

from grantlab.answers import App, Document, Person, Preview, Server, preview_of
from grantlab.finding import PATIENCE, LabError
from grantlab.management import (
    Names,
    NoManagement,
    Refused,
    accepted,
    id_of,
    listed,
    names_of,
)
from grantlab.policies import Policy, Request, Walk, walk_of
from grantlab.recording import Exchange, Recording

if TYPE_CHECKING:
    from grantlab.lab import Lab

Watcher = Callable[[object], None]

NO_PREVIEW = (
    "What a request would get is asked from the lab, by a call that Okta's management API lacks. "
    "Here the table can be read and changed; to see what comes of it, ask for a real token."
)
_SERVERS = "/api/v1/authorizationServers"


@dataclass(frozen=True)
class Act:
    """What was done last, in words, and the place of its first call in the recording."""

    title: str
    first_call: int


class Desk:
    """A table of one server: read, changed, and tried by requests of which nothing is issued.

    `walk` is the last request and where it led, `recording` holds every call that the desk made.
    `unavailable` says why there is no table, `no_preview` why no request can be tried; mostly
    both are empty. `admin` sits at the desk, and `caller` is what its calls would be written
    with; what only the lab itself answers is asked with the lab's own token. Raises `LabError`
    when the org has no server of this name.
    """

    title = "Desk"
    asking = "Try the request"
    of_the_org = "The org's own authorization server has no such table."

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
        self._watchers: list[Watcher] = []
        self._lock = RLock()
        try:
            self._open(lab, admin)
        except NoManagement as trouble:
            self.unavailable = str(trouble)

    def load(self, client: httpx.Client) -> None:
        """The table is as the server has it. Raises `LabError`."""
        raise NotImplementedError

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
        """Try this request, with what stands in the table; nothing is issued.

        `client` is an app or its name, `user` a person or a login (`"cora"` is short for
        `"cora@bank.example"`); without one the client acts for itself, by client credentials.
        `LabError` for a name that the org doesn't know.
        """
        if why := self.unavailable or self.no_preview:
            raise LabError(why)
        request = self._request(client, user, scopes, grant_type)
        walk = self._do(self.asking, None, request)
        assert walk is not None
        return walk

    @property
    def calls(self) -> tuple[Exchange, ...]:
        """The calls of the last act, in order."""
        return tuple(self.recording)[self.act.first_call :]

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
        said = self.unavailable or self.walk or "no request"
        return f"{self.title} of {self.server.name}: {said}"

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
            raise NoManagement(self.of_the_org)
        servers = listed(client, _SERVERS)
        found = [each for each in servers if name in (each["name"], each["id"])]
        if not found:
            known = ", ".join(sorted(each["name"] for each in servers))
            raise LabError(f"No authorization server is called {name!r}; there is: {known}.")
        one = found[0]
        self.server = Server(one["id"], one["name"], one["issuer"], one["audiences"][0], one)
        self.names = names_of(client, self.server.id)
        try:
            self.load(client)
        except LabError as refusal:
            raise NoManagement(str(refusal)) from refusal

    def _as(self, admin: httpx.Client) -> httpx.Client:
        return self.recording.client(
            self.title,
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
    ) -> Walk | None:
        """One act: write, read the table again, try again. Without `write` the table stays."""
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
            finally:
                self._look_again(client, asked, table=write is not None)
            return self.walk

    def _look_again(self, client: httpx.Client, asked: Request | None, *, table: bool) -> None:
        # After a refusal the table stays as the person saw it, unless a part of the act was done.
        done = [call for call in self.calls if call.method != "GET" and (call.status or 500) < 300]
        try:
            if table and (done or self.refusal is None):
                self.load(client)
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
