"""Okta's rate limits: shown always, enforced where the server was asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.conftest import ROOT_TOKEN, Server, running
from tests.speaking import (
    authorize_parameters,
    find_person,
    register_app,
)

NAMES = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset")
SHARES = 100
"""So many workers that the share of one is soon used up: 3 calls a minute, 1 at authorize."""


@pytest.fixture
def strict(tmp_path: Path, make_key: Callable[[], RSAKey]) -> Iterator[Server]:
    """A server that enforces the limits."""
    with running(tmp_path, make_key, rate_limits="okta", workers=SHARES) as found:
        yield found


@pytest.fixture
def chief(strict: Server) -> Iterator[httpx.Client]:
    """Its super admin."""
    headers = {"Authorization": f"SSWS {ROOT_TOKEN}"}
    with httpx.Client(base_url=strict.url, headers=headers, trust_env=False) as client:
        yield client


def numbers(answer: httpx.Response) -> tuple[int, ...]:
    """Limit, remaining calls, and when all come back."""
    return tuple(int(answer.headers[name]) for name in NAMES)


def test_without_being_asked_nothing_is_enforced(admin: httpx.Client) -> None:
    answers = [admin.get("/api/v1/users/me") for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
    assert {numbers(answer)[:2] for answer in answers} == {(600, 599)}


def test_a_token_has_so_many_calls_and_then_none(chief: httpx.Client) -> None:
    answers = [chief.get("/api/v1/users/me") for _ in range(4)]

    last = answers[-1]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [numbers(answer)[:2] for answer in answers] == [(3, 2), (3, 1), (3, 0), (3, 0)]
    assert last.json()["errorCode"] == "E0000047"
    assert last.headers["Date"]
    assert len({numbers(answer)[2] for answer in answers}) == 1


def test_what_was_refused_changed_nothing(chief: httpx.Client, strict: Server) -> None:
    body = {"profile": {"name": "Late"}}
    token = chief.post("/api/v1/api-tokens", json={"name": "other"}).json()["token"]
    for _ in range(2):
        chief.get("/api/v1/users/me")

    refused = chief.post("/api/v1/groups", json=body)

    other = {"Authorization": f"SSWS {token}"}
    made = httpx.post(f"{strict.url}/api/v1/groups", json=body, headers=other, trust_env=False)
    assert refused.status_code == 429
    assert made.status_code == 200


def test_a_username_has_so_many_tries_a_second(strict: Server) -> None:
    with httpx.Client(base_url=strict.url, trust_env=False) as http:
        # Without a password nothing takes long, so these are within a second or two.
        answers = [http.post("/api/v1/authn", json={"username": "cora"}) for _ in range(30)]
        refused = next(answer for answer in answers if answer.status_code == 429)
        another = http.post("/api/v1/authn", json={"username": "tom"})

    assert answers[0].status_code == 400
    assert refused.json()["errorCode"] == "E0000047"
    assert numbers(refused)[:2] == (1, 0)
    assert another.status_code == 400


def test_a_client_has_so_many_authorization_requests_a_browser(
    chief: httpx.Client, strict: Server
) -> None:
    web = register_app(chief, find_person(chief))
    query = authorize_parameters(web, "v" * 43)
    address = f"{strict.url}/oauth2/v1/authorize"

    with httpx.Client(trust_env=False) as first, httpx.Client(trust_env=False) as second:
        second.cookies.set("browser", "b" * 43)
        here = [first.get(address, params=query).status_code for _ in range(2)]
        refused = first.get(address, params=query)
        elsewhere = second.get(address, params=query)

    assert here[0] == 302
    assert refused.status_code == 429
    assert "too many requests" in refused.text
    assert elsewhere.status_code == 302
