"""Both kinds of authorization server for every test, and people of the bundled world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.speaking import (
    App,
    Issuer,
    Person,
    add_scope,
    custom_server,
    find_person,
    org_server,
    register_app,
)


@pytest.fixture
def org(lab: Any) -> Issuer:
    """The org authorization server."""
    return org_server(lab.url)


@pytest.fixture
def custom(lab: Any, admin: httpx.Client) -> Issuer:
    """The custom server `default`, with two scopes of its own."""
    add_scope(admin, "orders:read", metadataPublish="ALL_CLIENTS")
    add_scope(admin, "orders:write")
    return custom_server(lab.url)


@pytest.fixture(params=["org", "custom"])
def issuer(request: pytest.FixtureRequest) -> Issuer:
    """Each kind of server in turn: what a test says of it holds for both."""
    found: Issuer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    """A customer."""
    return find_person(admin, "cora")


@pytest.fixture
def tom(admin: httpx.Client) -> Person:
    """A teller."""
    return find_person(admin, "tom")


@pytest.fixture
def web(admin: httpx.Client, cora: Person) -> App:
    """A web app with a secret, Cora assigned; it does not need PKCE."""
    return register_app(admin, cora)


@pytest.fixture
def spa(admin: httpx.Client, cora: Person) -> App:
    """A browser app without a secret, Cora assigned; its refresh tokens rotate."""
    return register_app(admin, cora, type="browser")


@pytest.fixture
def job(admin: httpx.Client) -> App:
    """A service app with a secret."""
    return register_app(admin, type="service")


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    """A client's RSA key, made once in a run."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def new_browser(lab: Any) -> Iterator[Callable[[], httpx.Client]]:
    """Makes browsers, each with cookies of its own."""
    opened: list[httpx.Client] = []

    def make() -> httpx.Client:
        opened.append(httpx.Client(base_url=lab.url, trust_env=False))
        return opened[-1]

    yield make
    for client in opened:
        client.close()
