"""One-time things under many hands at once, on the real server with two workers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.oauth.serving import clients, serve
from tests.speaking import (
    App,
    Issuer,
    Person,
    authorize,
    authorize_parameters,
    custom_server,
    done,
    exchange_code,
    fields_of,
    find_person,
    introspect,
    org_server,
    refresh,
    register_app,
    sign_in,
    tokens_for,
)

AT_ONCE = 64


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[httpx.Client, httpx.Client, str]]:
    """A browser and an admin of a server that runs for this file, and its URL."""
    with serve(tmp_path_factory.mktemp("once")) as server:
        http, admin = clients(server.url)
        with http, admin:
            yield http, admin, server.url


@pytest.fixture
def http(both: tuple[httpx.Client, httpx.Client, str]) -> httpx.Client:
    """The browser."""
    return both[0]


@pytest.fixture
def admin(both: tuple[httpx.Client, httpx.Client, str]) -> httpx.Client:
    """The admin."""
    return both[1]


@pytest.fixture(params=["org", "custom"])
def issuer(request: pytest.FixtureRequest, both: tuple[object, object, str]) -> Issuer:
    """Each kind of server."""
    return org_server(both[2]) if request.param == "org" else custom_server(both[2])


@pytest.fixture
def tess(both: tuple[httpx.Client, httpx.Client, str]) -> Person:
    """A person of the root org's world."""
    return find_person(both[1], "cora")


def all_at_once(call: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """The answers to this many calls that start together."""
    start = threading.Barrier(AT_ONCE)

    def go(number: int) -> httpx.Response:
        start.wait(30)
        return call(number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(go, range(AT_ONCE)))


def test_of_64_simultaneous_redemptions_of_one_code_exactly_one_wins(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, tess: Person
) -> None:
    app = register_app(admin, tess)
    authorized = authorize(http, issuer, app, tess)

    answers = all_at_once(lambda _: exchange_code(http, issuer, authorized))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: AT_ONCE - 1}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {
        "invalid_grant"
    }
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert introspect(http, issuer, app, winner.json()["access_token"]) == {"active": False}


def test_of_64_simultaneous_uses_of_one_session_token_exactly_one_signs_in(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, tess: Person
) -> None:
    app = register_app(admin, tess)
    parameters = authorize_parameters(app, "v" * 43, sessionToken=sign_in(http, tess))
    http.cookies.clear()
    url = issuer.at("authorize")

    with httpx.Client(trust_env=False, timeout=30, cookies=None) as other:
        answers = all_at_once(
            lambda _: other.get(url, params=parameters, headers={"Cookie": "none=1"})
        )

    assert Counter("code" in fields_of(answer) for answer in answers)[True] == 1


def test_of_64_simultaneous_uses_of_a_rotating_token_one_usable_successor_is_left(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, tess: Person
) -> None:
    app: App = register_app(admin, tess, type="browser")
    token = tokens_for(http, issuer, app, tess, "openid offline_access")["refresh_token"]

    answers = all_at_once(lambda _: refresh(http, issuer, app, token))

    successors = [answer.json()["refresh_token"] for answer in answers if answer.is_success]
    usable = [each for each in successors if introspect(http, issuer, app, each)["active"]]
    assert {answer.status_code for answer in answers} <= {200, 400}
    assert len(usable) == 1
    assert done(refresh(http, issuer, app, usable[0]))
