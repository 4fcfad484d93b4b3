"""The lab a lesson works in, and all that a lesson asks of it."""

from __future__ import annotations

import atexit
import html
import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

import labserver
from grantlab.answers import App, ClockMove, Document, Person, Preview, Reasons, Server, preview_of
from grantlab.finding import (
    LabError,
    Metadata,
    client_for,
    client_for_others,
    first_lab,
    json_of,
    lab_at,
    metadata_at,
)
from grantlab.going_on import go_on_without
from grantlab.offers import (
    NO_MANAGEMENT,
    NO_REASONS,
    ONLY_IN_A_LAB,
    Offer,
    beyond_standards,
    endpoints_in,
)
from grantlab.recording import Exchange, Recording
from grantlab.registration import CALLBACK, NotHere, Registration
from labserver.state import write_private

if TYPE_CHECKING:
    from grantlab.apis import Running, RunningApi, RunningGateway
    from grantlab.desk import PolicyDesk
    from grantlab.scopes_desk import ScopesDesk

__all__ = ["CALLBACK", "App", "Lab", "LabError", "Person", "Preview", "Reasons", "Server"]

PATIENCE_FOR_ALL = 120.0
"""Seconds that a call about the whole org may take."""


class Lab:
    """One org on a lab server, and what a lesson asks of it; or another authorization server.

    `url` is the org's URL, which is the issuer of its org authorization server. `elsewhere` says
    that it is the issuer of another server: what only a lab has then raises LabError.
    `clock_moves` are those that this notebook made.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        ends: tuple[Callable[[], None], ...] = (),
        metadata: Metadata | None = None,
        own: Registration | None = None,
    ):
        self._own = own
        self.elsewhere = metadata is not None
        self.url = url if self.elsewhere else url.rstrip("/")
        self._token = token
        self._metadata = metadata
        self._ends = list(ends)
        self._lock = threading.RLock()
        self._clock_moves: bool | None = None
        self._ahead: tuple[float, float] | None = None
        self.clock_moves: tuple[ClockMove, ...] = ()
        self._apis: list[Running] = []
        atexit.register(self.close)

    @classmethod
    def start(cls) -> Lab:
        """A fresh org on the first lab that answers.

        Tried in order: `GRANTLAB_URL`, the state folder's `server.json`, a server of this
        notebook's own, which ends with it. Raises LabError when none can be had.

        `GRANTLAB_URL` may be the issuer of another server (see `connect`). Then your own
        registration there stands in for the bank's. The environment tells it: the person by
        `GRANTLAB_USERNAME` and `GRANTLAB_PASSWORD`, a web app by `GRANTLAB_CLIENT_ID` and
        `GRANTLAB_CLIENT_SECRET`, a public app by `GRANTLAB_PUBLIC_CLIENT_ID`, a program by
        `GRANTLAB_SERVICE_CLIENT_ID` and `GRANTLAB_SERVICE_CLIENT_SECRET`, and the `aud` of the
        server's access tokens by `GRANTLAB_AUDIENCE`. What that server can't do raises `NotHere`;
        a notebook prints its words and goes on.
        """
        org = first_lab()
        if org.metadata is None:
            return cls(org.url, org.token, ends=org.ends)
        go_on_without()
        return cls(org.url, None, metadata=org.metadata, own=Registration(org.url, os.environ))

    @classmethod
    def connect(cls, issuer: str, token: str | None = None) -> Lab:
        """The lab at an address: in that org if the address names one, else in a fresh org.

        `token` is an API token; left out, it is `GRANTLAB_ADMIN_TOKEN`, or for a server on this
        machine the state folder's. Without one, only what is public can be read.

        Where no lab answers, the issuer may be any server with metadata: recordings, flows,
        tokens and views work with it as well. `show(lab)` says what it has and what is missing.
        An Okta org: register a web app there (Authorization Code and Refresh Token, redirect URI
        `http://127.0.0.1:8765/callback`) and assign yourself; for a program an app for API
        services. The custom server needs a policy with a rule for the app. Then
        `Lab.connect("https://….okta.com/oauth2/default")` and `lab.app_of(client_id, secret)`.
        Its sign-in page is made by scripts: open the link in your own browser, and give the
        address at which it ends to `browser.arrived(url)`. Without a token there is no
        management API; a token given is sent to that org as `SSWS`, and never one of this
        machine's own. LabError when nobody with metadata answers.
        """
        org = lab_at(issuer, token)
        return cls(org.url, org.token, ends=org.ends, metadata=org.metadata)

    @property
    def metadata(self) -> Metadata:
        """What the server says of itself: its endpoints, grant types and algorithms."""
        if self._metadata is None:
            self._metadata = metadata_at(self.url)
        return dict(self._metadata)

    @cached_property
    def admin(self) -> httpx.Client:
        """A client for plain management calls, such as `lab.admin.get("/api/v1/apps")`.

        With a registration of your own at another server it sets up what stands in for the
        bank's, and sends nothing. Raises LabError when the lab has no token.
        """
        if self._own is not None:
            return self._own.admin()
        if self._token is None and self.elsewhere:
            raise NotHere(f"{self.url} is another server: {NO_MANAGEMENT}")
        if self._token is None:
            raise LabError(f"The lab at {self.url} was connected without a token: give token=….")
        # Okta's management API is the org's, whichever of its servers is meant.
        base = self.url.partition("/oauth2")[0] if self.elsewhere else self.url
        make = client_for_others if self.elsewhere else client_for
        client = make(base, base_url=base, headers={"Authorization": f"SSWS {self._token}"})
        self._ends.append(client.close)
        return client

    def server(self, name: str = "org") -> Server:
        """The authorization server of that name; "org" is the org server itself.

        Elsewhere, the server without a name is the one connected to, and with a registration of
        your own that is every server. Metadata doesn't tell an audience: it is the one you
        registered, or "".
        """
        if self.elsewhere and (name == "org" or self._own):
            audience = self._own.audience if self._own else ""
            return Server("", urlsplit(self.url).netloc, self.url, audience, self.metadata)
        if name == "org":
            return Server("org", "org", self.url, self.url, {})
        found = self._find("/api/v1/authorizationServers", name, lambda entry: entry["name"])
        return Server(found["id"], found["name"], found["issuer"], found["audiences"][0], found)

    def app(self, name: str) -> App:
        """The app of that name, as it is now; or your own app elsewhere that stands in for it."""
        if self._own is not None:
            return self._own.app(name)
        found = self._find("/api/v1/apps", name, lambda entry: entry["label"])
        found = self._json("GET", f"/api/v1/apps/{found['id']}")
        client = found["credentials"]["oauthClient"]
        return App(
            id=found["id"],
            name=found["label"],
            client_id=client["client_id"],
            client_secret=client.get("client_secret", ""),
            redirect_uris=tuple(found["settings"]["oauthClient"].get("redirect_uris") or ()),
            document=found,
        )

    def app_of(
        self,
        client_id: str,
        client_secret: str = "",
        redirect_uri: str = CALLBACK,
        *,
        name: str = "Your app",
    ) -> App:
        """An app as it was registered, told by hand: for servers without a management API."""
        return App("", name, client_id, client_secret, (redirect_uri,), {})

    def person(self, name: str) -> Person:
        """The person of that login; `"cora"` is short for `"cora@bank.example"`.

        Elsewhere nobody tells a password: it is "". With a registration of your own there, it is
        you.
        """
        if self._own is not None:
            return self._own.person(name)
        login = name if "@" in name or self.elsewhere else f"{name}@bank.example"
        found = self._json("GET", f"/api/v1/users/{login}")
        profile, password = found["profile"], "" if self.elsewhere else _password()
        return Person(found["id"], profile["firstName"], profile["login"], password, found)

    def api(
        self,
        name: str,
        recording: Recording | None = None,
        *,
        issuer: str = "",
        audience: str = "",
    ) -> RunningApi:
        """A product's protected API, running until the lab is closed; call it at its `url`.

        `name` is its noun: loans, credit, transfers, sync or prices. It accepts the tokens of
        the bank's server for that product, or those of another `issuer` for an `audience`. In
        a `recording` the API has its name, and its own requests for keys are seen too. Elsewhere
        it accepts the connected server's tokens for the `audience` that is given. Raises
        LabError for another noun.
        """
        # Flask and Authlib are loaded for those who call an API.
        from grantlab.apis import RunningApi
        from labserver.sample.api import PRODUCTS, ProtectedApi

        if name not in PRODUCTS:
            raise LabError(f"There is no API called {name!r}; there is: {', '.join(PRODUCTS)}.")
        if self.elsewhere:
            issuer, audience = issuer or self.url, audience or self.server().audience
            if not audience:
                raise LabError(
                    "Metadata doesn't tell audiences: give audience=…, as in `aud`, or set "
                    "GRANTLAB_AUDIENCE before Lab.start()."
                )
        elif not (issuer and audience):
            server = self.server(PRODUCTS[name].server)
            issuer, audience = issuer or server.issuer, audience or server.audience
        client = client_for_others(issuer) if self.elsewhere else client_for(issuer)
        title = f"{name.capitalize()} API"
        if recording is not None:
            client.event_hooks = recording.hooks(title)
        protected = ProtectedApi(
            PRODUCTS[name], issuer, audience, client=client, clock=self._now_of_apis
        )
        api = RunningApi(protected, title)
        if recording is not None:
            recording.name(api.base, title)
        self._apis.append(api)
        self._ends[:0] = [api.stop, client.close]
        return api

    def gateway(
        self,
        api: RunningApi | Sequence[RunningApi],
        recording: Recording | None = None,
        *,
        only_way_in: bool = False,
    ) -> RunningGateway:
        """A gateway before an API, or before several of one audience; call it at its `url`.

        It runs until the lab is closed, and judges tokens as its APIs do. With `only_way_in` they
        ask for a secret of the gateway's own and can't be called past it. In a `recording` it has
        its name, and what it asks the APIs and the server is seen too. LabError without an API,
        or for APIs that trust different servers.
        """
        from grantlab.apis import RunningApi, RunningGateway
        from labserver.sample.gateway import Gateway

        apis = [api] if isinstance(api, RunningApi) else list(api)
        trusted = {(one.issuer, one.audience) for one in apis}
        if len(trusted) != 1:
            raise LabError("A gateway needs an API, and its APIs must trust one server alike.")
        ((issuer, audience),) = trusted
        client = client_for_others(issuer) if self.elsewhere else client_for(issuer)
        forward = client_for(apis[0].base)
        if recording is not None:
            client.event_hooks = forward.event_hooks = recording.hooks("Gateway")
        upstreams = {one.product.noun: one.base for one in apis}
        inside = Gateway(
            issuer, audience, upstreams, client=client, forward=forward, clock=self._now_of_apis
        )
        gateway = RunningGateway(inside, "Gateway", apis)
        if only_way_in:
            gateway.only_way_in = True
        if recording is not None:
            recording.name(gateway.base, gateway.name)
        self._apis.append(gateway)
        self._ends[:0] = [gateway.stop, forward.close, client.close]
        return gateway

    def reasons(self, exchange: Exchange) -> Reasons:
        """Which checks the server, or an API or gateway here, ran for an exchange, in order."""
        for api in self._apis:
            if api.knows(exchange):
                return api.reasons(exchange)
        if self._own is not None:
            raise NotHere(f"{self.url} is another server: {NO_REASONS}")
        if exchange.request_id is None:
            raise LabError(
                f"Exchange {exchange.number} carries no X-Okta-Request-Id: "
                "another server gave that answer, and this lab has no reasons for it."
            )
        if self.elsewhere and self._token is None:
            raise NotHere(f"{self.url} is another server: {NO_REASONS}")
        wanted = f'transaction.id eq "{exchange.request_id}"'
        events = self._json("GET", "/api/v1/logs", params={"filter": wanted})
        return Reasons(exchange.request_id, tuple(events))

    def now(self) -> float:
        """The lab's time in seconds since the epoch, which a lesson may have moved."""
        if self._token is None or self._clock_moves is False or self.elsewhere:
            return time.time()
        answer = self._ask("GET", "/lab/clock")
        self._clock_moves = answer.status_code != 404
        return float(json_of(answer)["now"]) if self._clock_moves else time.time()

    def _now_of_apis(self) -> float:
        # Each call of an API asks for the time; the lab is asked once a second at most.
        known = self._ahead
        if known is None or time.monotonic() - known[1] > 1:
            asked = time.time()
            most = self.now() - asked
            # A slow answer leaves several offsets possible: the known one stays while it is one of
            # them, since time that steps back would make what is kept look as if it lay ahead.
            least = most - (time.time() - asked)
            fits = known is not None and least - 0.01 <= known[0] <= most + 0.01
            whole = known[0] if known and fits else math.ceil(least - 0.01)
            self._ahead = known = (whole, time.monotonic())
        return time.time() + known[0]

    def move_clock(self, seconds: int) -> float:
        """The org's clock is that many seconds further; returns its time."""
        self._clock_moves = None
        now = float(self._json("POST", "/lab/clock", json={"forward": seconds})["now"])
        self._ahead = None
        self.clock_moves = (*self.clock_moves, ClockMove(time.time(), seconds))
        return now

    def offers(self) -> tuple[Offer, ...]:
        """What this server has of all that the kit can use; where something lacks, why."""
        beyond = beyond_standards(elsewhere=self.elsewhere, token=self._token is not None)
        return (*endpoints_in(self.metadata), *beyond)

    def preview(
        self,
        *,
        client: App | str,
        user: Person | str | None = None,
        server: Server | str = "org",
        scopes: str | Iterable[str] = (),
        grant_type: str = "authorization_code",
    ) -> Preview:
        """What this client would be issued for this person, and why; nothing is issued.

        App, person and server may be named as in `app`, `person` and `server`. `scopes` is a list
        or a `scope` parameter; without any the server's default ones are asked for. Without a
        `user` the grant type is `client_credentials`.
        """
        self._only_in_a_lab("/lab/preview")
        app = self.app(client) if isinstance(client, str) else client
        person = self.person(user) if isinstance(user, str) else user
        issuer = self.server(server) if isinstance(server, str) else server
        asked: Document = {
            "authorizationServerId": issuer.id,
            "clientId": app.client_id,
            "grantType": grant_type if person else "client_credentials",
            "scopes": scopes.split() if isinstance(scopes, str) else list(scopes),
        }
        if person is not None:
            asked["userId"] = person.id
        return preview_of(self._json("POST", "/lab/preview", json=asked))

    def policy_desk(
        self,
        server: Server | str,
        recording: Recording | None = None,
        *,
        admin: httpx.Client | None = None,
    ) -> PolicyDesk:
        """The access policies of a server, to walk requests through and to change.

        In a `recording` the desk's calls are seen; else it keeps one of its own. With an `admin`,
        a client of the management API, the desk may do what that one may; else what the lab may.
        `LabError` for a server that isn't there; a lab without a management API gets a desk that
        says so.
        """
        from grantlab.desk import PolicyDesk

        desk = PolicyDesk(self, server, recording, admin)
        self._ends.insert(0, desk.close)
        return desk

    def scopes_desk(
        self,
        server: Server | str,
        recording: Recording | None = None,
        *,
        admin: httpx.Client | None = None,
    ) -> ScopesDesk:
        """The scopes and claims of a server, to change and to try; all else as `policy_desk`."""
        from grantlab.scopes_desk import ScopesDesk

        desk = ScopesDesk(self, server, recording, admin)
        self._ends.insert(0, desk.close)
        return desk

    def operations(self) -> list[Document]:
        """Every call of the management API and the lab, with what it needs."""
        return list(self._json("GET", "/lab/operations"))

    def outbox(self, person: Person | None = None) -> list[Document]:
        """The messages that would have been sent, newest first: to this person, or to all."""
        wanted = {"userId": person.id} if person else {}
        return list(self._json("GET", "/lab/outbox", params=wanted))

    def snapshot(self, path: str | Path) -> Path:
        """The org as it is now, in a file that its owner alone can read: it holds secrets."""
        answer = self._ask("GET", "/lab/snapshot", timeout=PATIENCE_FOR_ALL)
        if not answer.is_success:
            json_of(answer)
        write_private(Path(path), answer.text)
        return Path(path)

    def restore(self, path: str | Path) -> None:
        """The org is as in the file; what was issued since is over. On LabError nothing changed."""
        self._only_in_a_lab("/lab/snapshot")
        try:
            document = Path(path).read_bytes()
        except OSError as fault:
            raise LabError(f"The snapshot {path} can't be read ({fault.strerror}).") from fault
        json_of(
            self._ask(
                "PUT",
                "/lab/snapshot",
                content=document,
                headers={"Content-Type": "application/json"},
                timeout=PATIENCE_FOR_ALL,
            )
        )
        self._clock_moves = None

    def reset(self) -> None:
        """The org is as it was first seeded: other ids, no tokens but this lab's, no keys yet."""
        self._json("POST", "/lab/reset", timeout=PATIENCE_FOR_ALL)
        self._clock_moves = None

    def page_url(self, url: str) -> str:
        """The address at which the person's browser finds a page of the lab.

        Behind a notebook proxy it is a rooted path of the notebook's own host.
        """
        if self.elsewhere:
            return url
        parts = urlsplit(url)
        ours = urlsplit(self.url)
        prefix = ours.path.split("/orgs/")[0].rstrip("/")
        if not prefix or parts[:2] != ours[:2] or not parts.path.startswith(f"{prefix}/"):
            return url
        return parts._replace(scheme="", netloc="").geturl()

    def browser_link(self, url: str, text: str = "Open this page in your browser") -> str:
        """HTML of a link that opens a page of the lab in a new tab."""
        address = html.escape(self.page_url(url))
        return f'<a href="{address}" target="_blank" rel="noopener">{html.escape(text)}</a>'

    def close(self) -> None:
        """The org is given back and a server of the lab's own has ended; safe to call again."""
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            end()
        atexit.unregister(self.close)

    def __repr__(self) -> str:
        return f"{'Server elsewhere' if self.elsewhere else 'Lab'} at {self.url}"

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _find(self, path: str, name: str, name_of: Callable[[Document], str]) -> Document:
        entries = self._json("GET", path, params={"limit": 200})
        for entry in entries:
            if name_of(entry) == name:
                return dict(entry)
        names = ", ".join(sorted(name_of(entry) for entry in entries))
        raise LabError(f"Nothing here is called {name!r}; there is: {names}.")

    def _json(self, method: str, path: str, **request: Any) -> Any:
        return json_of(self._ask(method, path, **request))

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        self._only_in_a_lab(path)
        with self._lock:
            client = self.admin
        try:
            return client.request(method, path, **request)
        except httpx.HTTPError as fault:
            if not self.elsewhere:
                raise
            raise LabError(f"{client.base_url} doesn't answer: {fault}") from fault

    def _only_in_a_lab(self, path: str) -> None:
        if self.elsewhere and path in ONLY_IN_A_LAB:
            raise NotHere(f"{self.url} is another server: {ONLY_IN_A_LAB[path]}")


@cache
def _password() -> str:
    """The one readable password of the world that fills new orgs."""
    from ruamel.yaml import YAML

    bank = Path(labserver.__file__).parent / "worlds" / "bank.yaml"
    world = YAML(typ="safe").load(Path(os.environ.get("GRANTLAB_WORLD", bank)))
    return str(world["password"])
