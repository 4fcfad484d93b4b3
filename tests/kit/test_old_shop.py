"""The shop of lesson 01 in its old way: what a password and a key open there, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from grantlab.answers import Person
from grantlab.lab import Lab
from grantlab.lessons.old_shop import MOST_LINES, NAME, OldShop
from grantlab.lessons.own import own_person
from grantlab.recording import Recording
from tests.conftest import Server

NEW_PRICE = {"item": "Lantern", "price": 1}


@pytest.fixture(scope="module")
def lesson(server: Server) -> Iterator[Lab]:
    with Lab.connect(server.url, server.token) as found:
        yield found


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
def shop(lesson: Lab, recording: Recording) -> Iterator[OldShop]:
    found = OldShop(lesson, recording)
    yield found
    found.stop()


@pytest.fixture
def app(recording: Recording) -> Iterator[httpx.Client]:
    with recording.client("Price Screen") as client:
        yield client


@pytest.fixture
def rosa(lesson: Lab) -> Person:
    return own_person(lesson, "Rosa", "Lind", groups=["Staff"])


def pair(person: Person) -> tuple[str, str]:
    return person.login, person.password


def test_without_a_credential_nobody_is_let_in(shop: OldShop, app: httpx.Client) -> None:
    answer = app.get(shop.url)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_password_is_handed_to_the_server_and_opens_what_its_person_may(
    shop: OldShop, app: httpx.Client, recording: Recording, rosa: Person, lesson: Lab
) -> None:
    shopper = own_person(lesson, "Sven", "Berg")

    read = app.get(shop.url, auth=pair(rosa))
    written = app.post(shop.url, auth=pair(rosa), json=NEW_PRICE)
    refused = app.post(shop.url, auth=pair(shopper), json=NEW_PRICE)

    assert (read.status_code, written.status_code, refused.status_code) == (200, 201, 403)
    assert NEW_PRICE in app.get(shop.url, auth=pair(shopper)).json()["prices"]
    assert recording[0].sender == NAME
    assert recording[0].path.endswith("/api/v1/authn")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic !"},
        {"authorization": "Basic cm9zYTp3cm9uZw=="},
        {"authorization": "Bearer x"},
        {"authorization": "Basic"},
        {"x-api-key": ""},
        {"x-api-key": "key-of-nobody"},
    ],
)
def test_what_nobody_knows_is_refused(
    shop: OldShop, app: httpx.Client, headers: dict[str, str]
) -> None:
    assert app.get(shop.url, headers=headers).status_code == 401


def test_a_key_may_all_that_its_maker_may_until_it_is_revoked(
    shop: OldShop, app: httpx.Client, rosa: Person
) -> None:
    key = {"x-api-key": shop.make_key("ada")}
    other = {"x-api-key": shop.make_key("ada")}

    assert app.get(shop.url, headers=key).status_code == 200
    assert app.post(shop.url, headers=key, json=NEW_PRICE).status_code == 201
    taken = {"login": rosa.login, "new": "Somebody-Elses-77"}
    assert app.post(shop.password_url, headers=key, json=taken).status_code == 200
    assert app.get(shop.url, auth=pair(rosa)).status_code == 401
    shop.revoke_key(key["x-api-key"])
    assert app.get(shop.url, headers=key).status_code == 401
    assert app.get(shop.url, headers=other).status_code == 200


def test_only_an_admin_makes_keys(shop: OldShop) -> None:
    with pytest.raises(ValueError, match="Cora is no admin"):
        shop.make_key("cora")


def test_a_person_changes_their_own_password_and_nobody_elses(
    shop: OldShop, app: httpx.Client, rosa: Person, lesson: Lab
) -> None:
    other = own_person(lesson, "Sven", "Berg")
    own = {"login": rosa.login, "new": "A-New-Lantern-77"}

    theirs = app.post(shop.password_url, auth=pair(rosa), json={"login": other.login, "new": "x"})
    weak = app.post(shop.password_url, auth=pair(rosa), json={**own, "new": "x"})
    changed = app.post(shop.password_url, auth=pair(rosa), json=own)

    assert [each.status_code for each in (theirs, weak, changed)] == [403, 400, 200]
    assert app.get(shop.url, auth=pair(rosa)).status_code == 401
    assert app.get(shop.url, auth=(rosa.login, own["new"])).status_code == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"item": "Lantern"}'])
def test_half_a_body_is_said_to_be_so(shop: OldShop, app: httpx.Client, body: bytes) -> None:
    key = {"x-api-key": shop.make_key("ada")}

    assert app.post(shop.url, headers=key, content=body).status_code == 400
    assert app.get(f"{shop.url}/elsewhere", headers=key).status_code == 404


def test_the_log_has_the_credential_in_it_until_that_is_switched_off(
    shop: OldShop, app: httpx.Client
) -> None:
    key = shop.make_key("ada")

    app.get(shop.url, headers={"x-api-key": key})
    shop.logs_headers = False
    app.get(shop.url, headers={"x-api-key": key})

    assert shop.log == [f"GET /prices X-API-Key: {key}", "GET /prices"]


def test_log_and_prices_have_an_end(shop: OldShop, app: httpx.Client) -> None:
    shop.log = ["GET /prices"] * MOST_LINES
    shop._prices = [{"item": str(number), "price": 1} for number in range(MOST_LINES)]
    key = {"x-api-key": shop.make_key("ada")}

    app.post(shop.url, headers=key, json=NEW_PRICE)

    assert len(shop.log) == MOST_LINES
    assert len(app.get(shop.url, headers=key).json()["prices"]) == MOST_LINES
