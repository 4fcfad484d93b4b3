"""The browser's own session: home, `/api/v1/sessions/me`, sign-out."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import Person, events_of, find_person, form_of, move_clock, set_status
from tests.web.visiting import Visitor

ME = "/api/v1/sessions/me"


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


@pytest.fixture
def visitor(lab: Lab, cora: Person) -> Iterator[Visitor]:
    """Cora's browser, signed in to the org."""
    with Visitor(lab.url) as found:
        found.open("/login/login.htm")
        found.sign_in(cora)
        yield found


def test_home_says_who_is_signed_in(visitor: Visitor, cora: Person, lab: Lab) -> None:
    page = visitor.open("/")

    assert str(page.url) == f"{lab.url}/app/UserHome"
    assert cora.login in page.text
    assert "Customers" in page.text


def test_home_and_the_front_lead_to_the_sign_in_page_without_a_session(http: httpx.Client) -> None:
    for path in ("/app/UserHome", "/login/signout"):
        answer = http.get(path)

        assert answer.status_code == 303
        assert answer.headers["Location"].endswith("/login/login.htm")


def test_somebody_who_is_signed_in_goes_home_from_the_sign_in_page(visitor: Visitor) -> None:
    page = visitor.open("/login/login.htm")

    assert page.url.path.endswith("/app/UserHome")


def test_the_session_document_says_who_and_until_when(
    visitor: Visitor, cora: Person, lab: Lab
) -> None:
    answer = visitor.open(ME)

    document = answer.json()
    assert answer.status_code == 200
    assert document["id"].startswith("102")
    assert (document["userId"], document["login"]) == (cora.id, cora.login)
    assert (document["status"], document["amr"]) == ("ACTIVE", ["pwd"])
    assert document["idp"] == {"id": lab.id, "type": "OKTA"}
    assert document["_links"]["self"] == {
        "href": f"{lab.url}{ME}",
        "hints": {"allow": ["GET", "DELETE"]},
    }


def test_without_a_session_there_is_no_document(http: httpx.Client) -> None:
    for answer in (http.get(ME), http.delete(ME), http.post(f"{ME}/lifecycle/refresh")):
        assert answer.status_code == 404
        assert answer.json()["errorCode"] == "E0000007"


def test_delete_signs_out(visitor: Visitor, lab: Lab) -> None:
    cookie = visitor.client.cookies["sid"]

    answer = visitor.client.delete(f"{lab.url}{ME}")

    assert (answer.status_code, answer.content) == (204, b"")
    gone = httpx.get(f"{lab.url}{ME}", headers={"Cookie": f"sid={cookie}"}, trust_env=False)
    assert gone.status_code == 404


def test_refresh_moves_the_end(visitor: Visitor, lab: Lab, admin: httpx.Client) -> None:
    before = visitor.open(ME).json()["expiresAt"]
    move_clock(admin, 30)

    answer = visitor.client.post(f"{lab.url}{ME}/lifecycle/refresh")

    assert answer.status_code == 200
    assert answer.json()["expiresAt"] > before


def test_a_session_ends_when_it_rests_for_two_hours(visitor: Visitor, admin: httpx.Client) -> None:
    move_clock(admin, 7201)

    assert visitor.open(ME).status_code == 404


def test_a_session_that_is_used_goes_on(visitor: Visitor, admin: httpx.Client) -> None:
    move_clock(admin, 7000)
    visitor.open(ME)
    move_clock(admin, 7000)

    assert visitor.open(ME).status_code == 200


def test_a_suspended_person_has_no_session(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    set_status(admin, cora, "suspend")

    assert visitor.open(ME).status_code == 404
    assert 'name="password"' in visitor.open("/app/UserHome").text


def test_a_link_alone_signs_nobody_out(visitor: Visitor) -> None:
    page = visitor.open("/login/signout")

    assert "Sign out?" in page.text
    assert visitor.open(ME).status_code == 200


def test_the_sign_out_button_ends_the_session(visitor: Visitor, lab: Lab) -> None:
    cookie = visitor.client.cookies["sid"]
    visitor.open("/login/signout")

    page = visitor.submit()

    assert "You are signed out" in page.text
    assert "sid" not in visitor.client.cookies
    gone = httpx.get(f"{lab.url}{ME}", headers={"Cookie": f"sid={cookie}"}, trust_env=False)
    assert gone.status_code == 404


def test_signing_out_needs_the_forms_token(visitor: Visitor) -> None:
    visitor.open("/login/signout")

    page = visitor.submit(without_token=True)

    assert page.status_code == 403
    assert visitor.open(ME).status_code == 200


def test_the_token_of_an_older_session_signs_nobody_out(visitor: Visitor, cora: Person) -> None:
    _, fields = form_of(visitor.open("/login/signout"))
    visitor.open("/login/login.htm?switch=")
    visitor.sign_in(cora)
    visitor.open("/login/signout")

    page = visitor.submit(form_token=fields["form_token"])

    assert page.status_code == 403


def test_signing_out_leaves_an_event_of_the_person(
    visitor: Visitor, admin: httpx.Client, cora: Person, lab: Lab
) -> None:
    answer = visitor.client.delete(f"{lab.url}{ME}")

    (event,) = events_of(admin, answer)
    assert event["eventType"] == "user.session.end"
    assert event["actor"]["id"] == cora.id
