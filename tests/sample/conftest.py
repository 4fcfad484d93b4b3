"""A small issuer of tokens, and the API that trusts it, both on real ports."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from grantlab.apis import RunningApi, RunningGateway
from labserver.sample.api import PRODUCTS, ProtectedApi
from labserver.sample.gateway import Gateway

AUDIENCE = "api://transfers"


class Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


class Issuer:
    """Metadata, keys and introspection; `revoked` holds tokens that are no longer active.

    While it is `down` it answers 500, and at a path in `odd` with that very text.
    """

    def __init__(self, make_key: Callable[[], RSAKey]) -> None:
        self.keys = {"key-1": make_key()}
        self.make_key = make_key
        self.revoked: set[str] = set()
        self.key_requests = 0
        self.down = False
        self.odd: dict[str, str] = {}
        app = Flask("issuer")
        app.before_request(self.fail_if_down)
        app.get("/.well-known/oauth-authorization-server")(self.metadata)
        app.get("/keys")(self.published)
        app.post("/introspect")(self.introspect)
        self.server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=[0.05])

    def token(self, kid: str = "key-1", key: RSAKey | None = None, **changes: Any) -> str:
        """A good token, but for these changes; a change to None leaves the claim out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 300,
            "cid": "app-1",
            "sub": "cora@bank.example",
            "scp": ["transfers:read"],
        }
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": kid}, claims, key or self.keys[kid])

    def fail_if_down(self) -> Response | None:
        if request.path in self.odd:
            return Response(self.odd[request.path])
        return Response(status=500) if self.down else None

    def metadata(self) -> Any:
        return jsonify(
            issuer=self.url,
            jwks_uri=f"{self.url}/keys",
            introspection_endpoint=f"{self.url}/introspect",
        )

    def published(self) -> Any:
        self.key_requests += 1
        keys = KeySet([RSAKey.import_key(key, {"kid": kid}) for kid, key in self.pairs()])
        return jsonify(keys.as_dict(private=False))

    def pairs(self) -> list[tuple[str, dict[str, Any]]]:
        return [(kid, key.as_dict(private=False)) for kid, key in self.keys.items()]

    def introspect(self) -> Any:
        known = request.authorization
        if known is None or (known.username, known.password) != ("api-1", "secret-of-the-api"):
            return Response(status=401)
        token = request.form["token"]
        if token in self.revoked:
            return jsonify(active=False)
        claims = dict(jwt.decode(token, self.keys["key-1"]).claims)
        scope, client = " ".join(claims.pop("scp")), claims.pop("cid")
        return jsonify(claims | {"active": True, "scope": scope, "client_id": client})


@pytest.fixture
def issuer(make_key: Callable[[], RSAKey]) -> Iterator[Issuer]:
    found = Issuer(make_key)
    found.thread.start()
    yield found
    found.server.shutdown()
    found.thread.join()
    found.server.server_close()


@pytest.fixture
def clock() -> list[float]:
    """Seconds that are added to the API's time."""
    return [0.0]


@pytest.fixture
def api(issuer: Issuer, clock: list[float]) -> Iterator[RunningApi]:
    with httpx.Client(trust_env=False) as client:
        protected = ProtectedApi(
            PRODUCTS["transfers"],
            issuer.url,
            AUDIENCE,
            client=client,
            clock=lambda: time.time() + clock[0],
        )
        running = RunningApi(protected, "Transfers API")
        yield running
        running.stop()


class Echo:
    """An API that remembers what arrived; `fault` "slow" waits until `go_on`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer_headers: dict[str, str] = {}
        self.fault = ""
        self.go_on = threading.Event()
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=Silent)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=[0.05])

    def app(self, environ: Any, start_response: Any) -> Any:
        arrived = Request(environ)
        arrived.get_data()
        self.requests.append(arrived)
        if self.fault == "slow":
            self.go_on.wait(5)
        return Response("{}", 200, self.answer_headers)(environ, start_response)


@pytest.fixture
def echo() -> Iterator[Echo]:
    found = Echo()
    found.thread.start()
    yield found
    found.go_on.set()
    found.server.shutdown()
    found.thread.join()
    found.server.server_close()


@contextmanager
def gateway_before(api: RunningApi, upstream: str, clock: list[float]) -> Iterator[RunningGateway]:
    with httpx.Client(trust_env=False) as client, httpx.Client(trust_env=False) as forward:
        inside = Gateway(
            api.issuer,
            api.audience,
            {api.product.noun: upstream},
            client=client,
            forward=forward,
            clock=lambda: time.time() + clock[0],
        )
        running = RunningGateway(inside, "Gateway", [api])
        yield running
        running.stop()


@pytest.fixture
def gateway(api: RunningApi, echo: Echo, clock: list[float]) -> Iterator[RunningGateway]:
    """A gateway before an API that only remembers what arrived."""
    with gateway_before(api, echo.url, clock) as found:
        yield found


@pytest.fixture
def behind(api: RunningApi, clock: list[float]) -> Iterator[RunningGateway]:
    """A gateway before the protected API itself."""
    with gateway_before(api, api.base, clock) as found:
        yield found


@pytest.fixture
def app() -> Iterator[httpx.Client]:
    """A client of the API."""
    with httpx.Client(trust_env=False) as client:
        yield client
