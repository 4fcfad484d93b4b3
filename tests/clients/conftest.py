"""What clients that others wrote need of an org."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conftest import Server
from tests.speaking import (
    App,
    Issuer,
    Person,
    add_scope,
    custom_server,
    done,
    find_person,
    org_server,
    register_app,
)


@pytest.fixture(params=["org", "custom"])
def issuer(request: pytest.FixtureRequest, lab: Any, admin: httpx.Client) -> Issuer:
    """Each kind of server in turn; the custom one has the scope `orders:read`."""
    add_scope(admin, "orders:read")
    return org_server(lab.url) if request.param == "org" else custom_server(lab.url)


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    """A customer."""
    return find_person(admin)


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    """A client's RSA key, made once in a run."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def keyed(admin: httpx.Client, issuer: Issuer, lab: Any, private_key: rsa.RSAPrivateKey) -> App:
    """A service app with a key; the org server may give it `okta.users.read`."""
    app = register_app(admin, type="service", auth="private_key_jwt", key=private_key)
    body = {"scopeId": "okta.users.read", "issuer": lab.url}
    done(admin.post(f"/api/v1/apps/{app.id}/grants", json=body))
    return app


@pytest.fixture
def machine_scope(issuer: Issuer) -> str:
    """What a service app with a key may ask for at this server."""
    return "okta.users.read" if issuer.is_org else "orders:read"


_numbers = count(1)


@pytest.fixture(scope="module")
def strict_admin(server: Server, root: httpx.Client) -> Iterator[httpx.Client]:
    """The super admin of an org that the tests of one file share."""
    slug = f"strict-{next(_numbers)}"
    made = done(root.post("/api/v1/orgs", json={"subdomain": slug, "name": "Strict"}))
    headers = {"Authorization": f"SSWS {made['token']}"}
    url = f"{server.url}/orgs/{slug}"
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        yield client
