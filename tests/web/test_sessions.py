"""Sessions: the browser's own, the ones an administrator sees, the way to one by a link."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import (
    Person,
    add_user,
    events_of,
    find_person,
    form_of,
    move_clock,
    set_status,
    sign_in,
)
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


SESSIONS = "/api/v1/sessions"


@pytest.fixture
def path(visitor: Visitor) -> str:
    """Where an administrator finds the session of Cora's browser."""
    return f"{SESSIONS}/{visitor.open(ME).json()['id']}"


@pytest.fixture
def helper(lab: Lab, admin: httpx.Client) -> Iterator[httpx.Client]:
    """The API token of somebody who is no administrator yet; `X-Id` says who."""
    person = add_user(admin, "hal")
    body = {"name": "Hal's", "userId": person.id}
    token = admin.post("/api/v1/api-tokens", json=body).json()["token"]
    headers = {"Authorization": f"SSWS {token}", "X-Id": person.id}
    with httpx.Client(base_url=lab.url, headers=headers, trust_env=False) as client:
        yield client


def test_an_administrator_reads_a_session_by_its_id(
    visitor: Visitor, admin: httpx.Client, path: str, cora: Person, lab: Lab
) -> None:
    own = visitor.open(ME).json()

    answer = admin.get(path)

    document = answer.json()
    links = document.pop("_links")
    assert answer.status_code == 200
    assert document == {name: value for name, value in own.items() if name != "_links"}
    assert links["self"]["href"] == f"{lab.url}{path}"
    assert links["refresh"]["href"] == f"{lab.url}{path}/lifecycle/refresh"
    assert links["user"]["href"] == f"{lab.url}/api/v1/users/{cora.id}"


def test_an_administrator_ends_a_session(
    visitor: Visitor, admin: httpx.Client, path: str, cora: Person
) -> None:
    answer = admin.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert visitor.open(ME).status_code == 404
    assert admin.get(path).status_code == 404
    (event,) = events_of(admin, answer)
    assert event["eventType"] == "user.session.end"
    assert event["target"][0]["id"] == cora.id


def test_an_administrator_prolongs_a_session(
    visitor: Visitor, admin: httpx.Client, path: str
) -> None:
    before = admin.get(path).json()["expiresAt"]
    move_clock(admin, 30)

    answer = admin.post(f"{path}/lifecycle/refresh")

    assert answer.status_code == 200
    assert answer.json()["expiresAt"] > before
    move_clock(admin, 7199)
    assert visitor.open(ME).status_code == 200


def test_reading_a_session_by_its_id_is_no_use_of_it(
    visitor: Visitor, admin: httpx.Client, path: str
) -> None:
    move_clock(admin, 7100)
    admin.get(path)
    move_clock(admin, 101)

    assert visitor.open(ME).status_code == 404


def test_a_session_that_is_over_or_unknown_is_not_found(admin: httpx.Client, path: str) -> None:
    move_clock(admin, 7201)

    for gone in (path, f"{SESSIONS}/102Nobody"):
        for answer in (
            admin.get(gone),
            admin.delete(gone),
            admin.post(f"{gone}/lifecycle/refresh"),
        ):
            assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000007")


@pytest.mark.parametrize(
    ("role", "reads", "ends"),
    [("HELP_DESK_ADMIN", 200, 204), ("READ_ONLY_ADMIN", 200, 403), ("REPORT_ADMIN", 403, 403)],
)
def test_a_role_decides_about_other_peoples_sessions(
    admin: httpx.Client, helper: httpx.Client, path: str, role: str, reads: int, ends: int
) -> None:
    admin.post(f"/api/v1/users/{helper.headers['X-Id']}/roles", json={"type": role})

    assert helper.get(path).status_code == reads
    assert helper.delete(path).status_code == ends


def test_who_has_no_role_reaches_nobodys_session(helper: httpx.Client, path: str) -> None:
    assert helper.get(path).status_code == 403
    assert helper.delete(path).status_code == 403


def test_a_helper_of_one_group_ends_no_session_outside_it(
    admin: httpx.Client, helper: httpx.Client, path: str, cora: Person
) -> None:
    roles = f"/api/v1/users/{helper.headers['X-Id']}/roles"
    role = admin.post(roles, json={"type": "HELP_DESK_ADMIN"}).json()["id"]
    mine = admin.post("/api/v1/groups", json={"profile": {"name": "Mine"}}).json()["id"]
    admin.put(f"{roles}/{role}/targets/groups/{mine}")

    outside = helper.delete(path)
    admin.put(f"/api/v1/groups/{mine}/users/{cora.id}")
    inside = helper.delete(path)

    assert (outside.status_code, inside.status_code) == (403, 204)


def test_a_helper_ends_no_administrators_session(
    admin: httpx.Client, helper: httpx.Client, path: str, cora: Person
) -> None:
    admin.post(f"/api/v1/users/{helper.headers['X-Id']}/roles", json={"type": "HELP_DESK_ADMIN"})
    admin.post(f"/api/v1/users/{cora.id}/roles", json={"type": "ORG_ADMIN"})

    assert helper.delete(path).status_code == 403
    assert admin.get(path).status_code == 200


def test_a_session_token_makes_a_session_once(
    admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    body = {"sessionToken": sign_in(http, cora)}

    first, second = admin.post(SESSIONS, json=body), admin.post(SESSIONS, json=body)

    assert first.status_code == 200
    assert (first.json()["userId"], first.json()["status"]) == (cora.id, "ACTIVE")
    assert admin.get(f"{SESSIONS}/{first.json()['id']}").status_code == 200
    assert (second.status_code, second.json()["errorCode"]) == (401, "E0000004")


def test_a_new_session_needs_a_token(admin: httpx.Client) -> None:
    answer = admin.post(SESSIONS, json={})

    assert answer.status_code == 400
    assert answer.json()["errorCauses"][0]["errorSummary"].startswith("sessionToken: ")


REDIRECT = "/login/sessionCookieRedirect"
SHOP = "https://shop.example"


@pytest.fixture
def shop(admin: httpx.Client) -> str:
    """An origin that browsers may be sent to."""
    body = {"name": "Shop", "origin": SHOP, "scopes": [{"type": "REDIRECT"}]}
    assert admin.post("/api/v1/trustedOrigins", json=body).status_code == 200
    return SHOP


def test_a_link_with_a_session_token_signs_the_browser_in_once(
    http: httpx.Client, cora: Person, shop: str
) -> None:
    query = {"token": sign_in(http, cora), "redirectUrl": f"{shop}/cart?x=1"}

    answer = http.get(REDIRECT, params=query)
    signed_in = http.get(ME)
    http.cookies.clear()
    again = http.get(REDIRECT, params=query)

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{shop}/cart?x=1")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert signed_in.json()["userId"] == cora.id
    assert (again.status_code, http.get(ME).status_code) == (302, 404)


def test_the_link_may_lead_back_into_the_org(http: httpx.Client, cora: Person, lab: Lab) -> None:
    target = f"{lab.url}/app/UserHome"

    answer = http.get(REDIRECT, params={"token": sign_in(http, cora), "redirectUrl": target})

    assert answer.headers["Location"] == target


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/app/UserHome",
        "//evil.example",
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://shop.example@evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https:shop.example",
        "https://[shop.example",
        "https://shop.example\\@evil.example",
        "javascript:alert(1)",
        "https://shop.example/\r\nSet-Cookie: x=y",
    ],
)
@pytest.mark.usefixtures("shop")
def test_the_link_leads_to_trusted_origins_alone(
    http: httpx.Client, cora: Person, target: str
) -> None:
    token = sign_in(http, cora)

    answer = http.get(REDIRECT, params={"token": token, "redirectUrl": target})

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "sid" not in answer.cookies


def test_signing_out_leads_to_a_trusted_origin_that_the_link_named(
    visitor: Visitor, shop: str
) -> None:
    visitor.open(f"/login/signout?fromURI={shop}/bye")
    policy = visitor.page.headers["Content-Security-Policy"]

    gone = visitor.submit()

    assert f"form-action 'self' {shop}" in policy
    assert (gone.status_code, gone.headers["Location"]) == (303, f"{shop}/bye")
    assert visitor.open(ME).status_code == 404
    assert visitor.client.get(f"{visitor.lab_url}/login/signout?fromURI={shop}/bye").headers[
        "Location"
    ] == (f"{shop}/bye")


@pytest.mark.usefixtures("shop")
def test_signing_out_leads_to_no_other_origin(visitor: Visitor) -> None:
    visitor.open("/login/signout?fromURI=https://evil.example/bye")

    page = visitor.submit()

    assert "You are signed out" in page.text
    assert "evil.example" not in page.text
