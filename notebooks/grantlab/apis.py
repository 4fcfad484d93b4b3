"""A protected API of the lesson's own, on a thread of this kernel with a real loopback port."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from grantlab.lab import Reasons
from grantlab.recording import Exchange


class _Silent(WSGIRequestHandler):
    # Its lines would appear under whichever cell runs then.
    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class RunningApi:
    """An API that runs until its lab is closed. `url` is where its entries are.

    `checks` has a switch for each check (`api.checks.audience = False`), `counters` how often
    the API asked the authorization server (`key_fetches`, `introspections`) and how often it
    had no need to (`cache_hits`). `cache` keeps its verdicts on tokens: `api.cache.on`, and
    `api.cache.seconds`, the longest life of a verdict. None is until `exp`, or nothing when the
    API introspects.
    """

    def __init__(self, api: Any, name: str) -> None:
        self.name = name
        self.checks = api.checks
        self.counters = api.counters
        self.cache = api.tokens.cache
        self._tokens = api.tokens
        self._notes: Mapping[str, Iterable[Any]] = api.notes
        self._server = make_server("127.0.0.1", 0, api.app, threaded=True, request_handler=_Silent)
        self.url = f"http://127.0.0.1:{self._server.port}/{api.product.noun}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def issuer(self) -> str:
        """The only issuer whose tokens the API accepts."""
        return str(self._tokens.issuer.url)

    @property
    def audience(self) -> str:
        """What a token's `aud` must name."""
        return str(self._tokens.audience)

    @property
    def introspects(self) -> bool:
        """Whether the API asks the authorization server about each token.

        Setting it needs `credentials`: introspection is for clients only (RFC 7662 §2.1).
        """
        return bool(self._tokens.introspects)

    @introspects.setter
    def introspects(self, on: bool) -> None:
        if on and self.credentials is None:
            raise ValueError("Give the API credentials first: api.credentials = (id, secret).")
        self._tokens.introspects = on

    @property
    def credentials(self) -> tuple[str, str] | None:
        """The API's own client id and secret, for introspection."""
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

    def knows(self, exchange: Exchange) -> bool:
        """This API gave the answer, and still has its reasons."""
        return exchange.request_id in self._notes

    def reasons(self, exchange: Exchange) -> Reasons:
        """Which checks the API ran for an exchange, in order; `LookupError` if it wasn't here."""
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
