"""Okta's token verifier, unmodified, over https: what it accepts of ours, and what it refuses."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey
from okta_jwt_verifier import (  # type: ignore[import-untyped]
    AccessTokenVerifier,
    IDTokenVerifier,
)
from okta_jwt_verifier.exceptions import JWTValidationException  # type: ignore[import-untyped]
from werkzeug.serving import WSGIRequestHandler, make_server

from labserver import Settings, create_app
from labserver.certificates import certificate_for_localhost
from tests.conftest import ROOT_TOKEN
from tests.speaking import (
    App,
    Issuer,
    custom_server,
    find_person,
    org_server,
    register_app,
    tokens_for,
)

NONCE = "nonce-of-the-app"


class Silent(WSGIRequestHandler):
    """Serves without a word."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


@dataclass
class Clock:
    """The server's clock, which can be put back."""

    late: float = 0

    def __call__(self) -> float:
        return time.time() - self.late


@dataclass(frozen=True)
class SecureLab:
    """A server with a certificate of the lab's own authority."""

    url: str
    ca: Path
    clock: Clock

    def client(self, **headers: str) -> httpx.Client:
        """A client that trusts the authority."""
        trusted = ssl.create_default_context(cafile=self.ca)
        return httpx.Client(base_url=self.url, verify=trusted, headers=headers, trust_env=False)


@dataclass(frozen=True)
class Signed:
    """The tokens that an app has got for Cora."""

    issuer: str
    client_id: str
    access_token: str
    id_token: str


@pytest.fixture(scope="module")
def secure(
    tmp_path_factory: pytest.TempPathFactory, make_key: Callable[[], RSAKey]
) -> Iterator[SecureLab]:
    """A lab on https."""
    folder = tmp_path_factory.mktemp("secure")
    certificate, key, ca = certificate_for_localhost(folder)
    pair = (str(certificate), str(key))
    listener = make_server(
        "localhost", 0, lambda *_: [], threaded=True, request_handler=Silent, ssl_context=pair
    )
    url, clock = f"https://localhost:{listener.port}", Clock()
    database = f"sqlite:///{folder / 'lab.db'}"
    settings = Settings(
        base_url=url, database=database, admin_token=ROOT_TOKEN, make_key=make_key, clock=clock
    )
    listener.app = create_app(settings)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield SecureLab(url, ca, clock)
    listener.shutdown()
    thread.join()
    listener.server_close()
    listener.app.extensions["labserver"][1].close()


@pytest.fixture(autouse=True)
def trusting(secure: SecureLab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verifier's HTTP library trusts the lab's authority, and the clock is right again."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.ca))
    secure.clock.late = 0


@pytest.fixture(scope="module")
def app(secure: SecureLab) -> App:
    """A web app of Cora's."""
    with secure.client(Authorization=f"SSWS {ROOT_TOKEN}") as admin:
        return register_app(admin, find_person(admin))


def signed(secure: SecureLab, app: App, issuer: Issuer) -> Signed:
    """Tokens of this issuer, made at the server's time."""
    with secure.client(Authorization=f"SSWS {ROOT_TOKEN}") as admin:
        cora = find_person(admin)
    with secure.client() as http:
        tokens = tokens_for(http, issuer, app, cora, nonce=NONCE)
    return Signed(issuer.url, app.id, tokens["access_token"], tokens["id_token"])


def test_tokens_of_a_custom_server_are_accepted(secure: SecureLab, app: App) -> None:
    tokens = signed(secure, app, custom_server(secure.url))

    access = AccessTokenVerifier(issuer=tokens.issuer, audience="api://default")
    identity = IDTokenVerifier(issuer=tokens.issuer, client_id=tokens.client_id)

    access.verify_sync(tokens.access_token)
    identity.verify_sync(tokens.id_token, nonce=NONCE)


def test_the_org_servers_id_token_is_accepted_and_its_access_token_is_for_the_org_alone(
    secure: SecureLab, app: App
) -> None:
    tokens = signed(secure, app, org_server(secure.url))

    access = AccessTokenVerifier(issuer=tokens.issuer, audience=secure.url)
    identity = IDTokenVerifier(issuer=tokens.issuer, client_id=tokens.client_id)

    identity.verify_sync(tokens.id_token, nonce=NONCE)
    with pytest.raises(JWTValidationException, match="No matching JWK"):
        access.verify_sync(tokens.access_token)


def test_a_wrong_audience_issuer_client_or_nonce_is_refused(secure: SecureLab, app: App) -> None:
    tokens = signed(secure, app, custom_server(secure.url))

    refusals: list[tuple[Any, str, dict[str, str], str]] = [
        (
            AccessTokenVerifier(issuer=tokens.issuer, audience="api://other"),
            tokens.access_token,
            {},
            "Audience",
        ),
        (
            AccessTokenVerifier(issuer=secure.url, audience="api://default"),
            tokens.access_token,
            {},
            "issuer",
        ),
        (
            IDTokenVerifier(issuer=tokens.issuer, client_id="0oaSomebodyElse"),
            tokens.id_token,
            {"nonce": NONCE},
            "Client ID",
        ),
        (
            IDTokenVerifier(issuer=tokens.issuer, client_id=tokens.client_id),
            tokens.id_token,
            {"nonce": "another"},
            "nonce",
        ),
    ]

    for verifier, token, more, words in refusals:
        with pytest.raises(JWTValidationException, match=words):
            verifier.verify_sync(token, **more)


def test_an_expired_token_is_refused(secure: SecureLab, app: App) -> None:
    secure.clock.late = 2 * 3600
    tokens = signed(secure, app, custom_server(secure.url))

    access = AccessTokenVerifier(issuer=tokens.issuer, audience="api://default")
    identity = IDTokenVerifier(issuer=tokens.issuer, client_id=tokens.client_id)

    with pytest.raises(JWTValidationException, match="expired"):
        access.verify_sync(tokens.access_token)
    with pytest.raises(JWTValidationException, match="expired"):
        identity.verify_sync(tokens.id_token, nonce=NONCE)


def test_a_token_of_another_org_is_refused_also_when_it_names_ours(
    secure: SecureLab, app: App
) -> None:
    with secure.client(Authorization=f"SSWS {ROOT_TOKEN}") as root:
        made = root.post("/api/v1/orgs", json={"subdomain": "other", "name": "Other"}).json()
    other = SecureLab(f"{secure.url}/orgs/other", secure.ca, secure.clock)
    with other.client(Authorization=f"SSWS {made['token']}") as admin:
        cora = find_person(admin)
        theirs = register_app(admin, cora)
    issuer = custom_server(other.url)
    with other.client() as http:
        tokens = tokens_for(http, issuer, theirs, cora)

    at_home = AccessTokenVerifier(issuer=issuer.url, audience="api://default")
    abroad = AccessTokenVerifier(issuer=custom_server(secure.url).url, audience="api://default")

    at_home.verify_sync(tokens["access_token"])
    with pytest.raises(JWTValidationException, match="issuer"):
        abroad.verify_sync(tokens["access_token"])
    with pytest.raises(JWTValidationException, match="No matching JWK"):
        abroad.verify_sync(tokens["access_token"], claims_to_verify=("aud", "exp"))


ASYNCHRONOUS = """
import asyncio, sys
from okta_jwt_verifier import AccessTokenVerifier, IDTokenVerifier
issuer, client_id, access_token, id_token, nonce = sys.argv[1:]
async def verify():
    await AccessTokenVerifier(issuer=issuer, audience="api://default").verify(access_token)
    await IDTokenVerifier(issuer=issuer, client_id=client_id).verify(id_token, nonce=nonce)
asyncio.run(verify())
"""


def test_its_asynchronous_half_accepts_them_too(secure: SecureLab, app: App) -> None:
    tokens = signed(secure, app, custom_server(secure.url))
    arguments = [tokens.issuer, tokens.client_id, tokens.access_token, tokens.id_token, NONCE]

    # Its HTTP library reads whom to trust when it is imported, hence a process of its own.
    done = subprocess.run(
        [sys.executable, "-c", ASYNCHRONOUS, *arguments],
        env=os.environ | {"SSL_CERT_FILE": str(secure.ca)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
