"""A protected API and a gateway of the lesson's own, each on a real port in this kernel."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from grantlab.lab import Reasons
from grantlab.recording import Exchange
from grantlab.switches import (
    CACHE_SWITCHES,
    GATEWAY_SWITCHES,
    TOKEN_SWITCHES,
    Setting,
    Switchboard,
    seconds_of,
)

WAY_IN = "X-Gateway-Secret"
CREDENTIALS = {
    "nothing": "nothing",
    "key": "an API key",
    "token": "an access token",
    "gateway": "the gateway's word",
}
WAYS = {"False": "by its signature", "True": "by asking the server (introspection)"}
KEPT = {"True": "kept for a while", "False": "never kept"}


class _Silent(WSGIRequestHandler):
    # Its lines would appear under whichever cell runs then.
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Running(Switchboard):
    """An application that judges tokens and runs until its lab is closed. `url` is its door.

    `checks` has a switch for each check (`api.checks.audience = False`), `counters` how often
    the authorization server was asked (`key_fetches`, `introspections`) and how often there was
    no need to (`cache_hits`). `cache` keeps verdicts on tokens: `cache.on`, and `cache.seconds`,
    the longest life of a verdict. None is until `exp`, or nothing while it introspects. `keys`
    are its API keys: `keys.issue("Partner")`.
    """

    asks: Sequence[str]

    def __init__(self, inside: Any, name: str, noun: str) -> None:
        self.name = name
        self.checks = inside.checks
        self.counters = inside.counters
        self.cache = inside.tokens.cache
        self.keys = inside.keys
        self._inside = inside
        self._tokens = inside.tokens
        self._notes: Mapping[str, Iterable[Any]] = inside.notes
        self._server = make_server(
            "127.0.0.1", 0, inside.app, threaded=True, request_handler=_Silent
        )
        self.base = f"http://127.0.0.1:{self._server.port}"
        self.url = f"{self.base}/{noun}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def issuer(self) -> str:
        """The only issuer whose tokens are accepted."""
        return str(self._tokens.issuer.url)

    @property
    def audience(self) -> str:
        """What a token's `aud` must name."""
        return str(self._tokens.audience)

    @property
    def asks_for(self) -> str:
        """What a caller must show: "token", unless a lesson shows what comes of less."""
        return str(self._inside.asks_for)

    @asks_for.setter
    def asks_for(self, credential: str) -> None:
        if credential not in self.asks:
            raise ValueError(f"{self.name} may ask for: {', '.join(self.asks)}.")
        self._inside.asks_for = credential

    @property
    def introspects(self) -> bool:
        """Whether the authorization server is asked about each token.

        Setting it needs `credentials`: introspection is for clients only (RFC 7662 §2.1).
        """
        return bool(self._tokens.introspects)

    @introspects.setter
    def introspects(self, on: bool) -> None:
        if on and self.credentials is None:
            word = type(self).__name__.removeprefix("Running").lower()
            raise ValueError(
                f"Give the {word} credentials first: {word}.credentials = (id, secret)."
            )
        self._tokens.introspects = on

    @property
    def credentials(self) -> tuple[str, str] | None:
        """Its own client id and secret, for introspection."""
        found: tuple[str, str] | None = self._tokens.credentials
        return found

    @credentials.setter
    def credentials(self, pair: tuple[str, str]) -> None:
        self._tokens.credentials = pair

    @property
    def clients(self) -> frozenset[str] | None:
        """The client ids whose tokens may call; None for any."""
        found: frozenset[str] | None = self._tokens.clients
        return found

    @clients.setter
    def clients(self, ids: Iterable[str] | None) -> None:
        self._tokens.clients = None if ids is None else frozenset(ids)

    def warnings(self) -> tuple[str, ...]:
        """What its answers say loudly: the names of what it doesn't ask and should."""
        return tuple(self._inside.off())

    def settings(self) -> tuple[Setting, ...]:
        """What it asks for, how it judges a token, and how long it keeps the verdict."""
        seconds = "" if self.cache.seconds is None else f"{self.cache.seconds:g}"
        asked = {name: CREDENTIALS[name] for name in self.asks}
        ways = WAYS if self.credentials else {"False": WAYS["False"]}
        return (
            Setting("asks_for", "Asks for", self.asks_for, asked),
            Setting("introspects", "Judges a token", str(self.introspects), ways),
            Setting("cache.on", "Verdicts are", str(self.cache.on), KEPT),
            Setting("cache.seconds", "Kept for, in seconds at most", seconds),
        )

    def choose(self, name: str, value: str) -> None:
        """The setting has that value from the next request on; `ValueError` for another."""
        if name == "asks_for":
            self.asks_for = value
        elif name == "introspects":
            self.introspects = value == "True"
        elif name == "cache.on":
            self.cache.on = value == "True"
        elif name == "cache.seconds":
            self.cache.seconds = seconds_of(value)

    def knows(self, exchange: Exchange) -> bool:
        """It gave this answer, and still has its reasons."""
        return exchange.request_id in self._notes

    def reasons(self, exchange: Exchange) -> Reasons:
        """Which checks it ran for an exchange, in order; `LookupError` if it wasn't here."""
        request_id = exchange.request_id
        if request_id is None or request_id not in self._notes:
            raise LookupError(f"Exchange {exchange.number} was not answered by {self.name}.")
        status = exchange.status or 0
        event = {
            "displayMessage": f"{self.name} judged a request",
            "eventType": "sample.api.request",
            "outcome": {"result": "SUCCESS" if status < 400 else "FAILURE"},
            "debugContext": {
                "debugData": {"reasons": [asdict(one) for one in self._notes[request_id]]}
            },
        }
        return Reasons(request_id, (event,))

    def stop(self) -> None:
        """The port is free again."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __repr__(self) -> str:
        return f"{self.name} at {self.url}"


class RunningApi(Running):
    """A protected API. `url` is where its entries are."""

    switches = (*TOKEN_SWITCHES, *CACHE_SWITCHES)
    asks = ("nothing", "key", "token", "gateway")

    def __init__(self, api: Any, name: str) -> None:
        super().__init__(api, name, api.product.noun)
        self.product = api.product

    @property
    def way_in(self) -> tuple[str, str] | None:
        """A header and its value, without which no request is looked at; None for no such thing."""
        found: tuple[str, str] | None = self._inside.way_in
        return found

    @way_in.setter
    def way_in(self, header: tuple[str, str] | None) -> None:
        self._inside.way_in = header


class RunningGateway(Running):
    """The door to some APIs. `url` is that to the first of them, `url_of(noun)` to each.

    `verbs` says which scope each method of a noun needs; at first it is what the APIs themselves
    ask. `calls_a_minute` and `largest_body`, in bytes, are its limits.
    """

    switches = GATEWAY_SWITCHES
    asks = ("nothing", "key", "token")

    def __init__(self, gateway: Any, name: str, apis: Sequence[RunningApi]) -> None:
        super().__init__(gateway, name, apis[0].product.noun)
        self._apis = tuple(apis)
        for product in (one.product for one in apis):
            writes = dict.fromkeys(("POST", "DELETE"), product.write_scope)
            self.verbs[product.noun] = {"GET": product.read_scope} | (
                writes if product.write_scope else {}
            )

    def url_of(self, noun: str) -> str:
        """Where the entries of that noun are; `LookupError` when no API here has them."""
        if noun not in self._inside.upstreams:
            raise LookupError(f"{self.name} has no way to {noun!r}.")
        return f"{self.base}/{noun}"

    @property
    def verbs(self) -> dict[str, dict[str, str]]:
        """For each noun, the scope that each method needs; what isn't there is refused."""
        found: dict[str, dict[str, str]] = self._inside.verbs
        return found

    @verbs.setter
    def verbs(self, scopes: Mapping[str, Mapping[str, str]]) -> None:
        self._inside.verbs = {noun: dict(methods) for noun, methods in scopes.items()}

    @property
    def calls_a_minute(self) -> int:
        """What one caller may call in a minute; an address ten times that."""
        return int(self._inside.calls_a_minute)

    @calls_a_minute.setter
    def calls_a_minute(self, most: int) -> None:
        self._inside.calls_a_minute = max(1, int(most))

    @property
    def largest_body(self) -> int:
        """The largest body that passes, in bytes."""
        return int(self._inside.largest_body)

    @largest_body.setter
    def largest_body(self, most: int) -> None:
        self._inside.largest_body = max(0, int(most))

    @property
    def way_in(self) -> tuple[str, str] | None:
        """The header that goes with each request to the APIs; a caller's own is never passed on."""
        found: tuple[str, str] | None = self._inside.way_in
        return found

    @way_in.setter
    def way_in(self, header: tuple[str, str] | None) -> None:
        self._inside.way_in = header

    @property
    def only_way_in(self) -> bool:
        """Whether the APIs ask for the gateway's own secret; switched on, it is a new one."""
        return self.way_in is not None and all(one.way_in == self.way_in for one in self._apis)

    @only_way_in.setter
    def only_way_in(self, on: bool) -> None:
        self.way_in = (WAY_IN, secrets.token_urlsafe(32)) if on else None
        for one in self._apis:
            one.way_in = self.way_in

    def settings(self) -> tuple[Setting, ...]:
        """Beside those of every judge of tokens, its limits."""
        return (
            *super().settings(),
            Setting("calls_a_minute", "Calls a minute", str(self.calls_a_minute)),
            Setting("largest_body", "Bytes of a body", str(self.largest_body)),
        )

    def choose(self, name: str, value: str) -> None:
        """The setting has that value from the next request on; `ValueError` for another."""
        if name in ("calls_a_minute", "largest_body"):
            setattr(self, name, int(seconds_of(value) or 0))
        else:
            super().choose(name, value)
