"""Nothing that one org has given out opens anything in another one, the root org included."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from labserver.domain.operations import OPERATIONS
from tests.conftest import ROOT_TOKEN, Lab
from tests.speaking import (
    App,
    Issuer,
    Person,
    add_user,
    assert_refused,
    authorize,
    call,
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
    target_of,
    tokens_for,
)

SHARED: dict[str, Any] = {
    "client_id": "the-same-in-both",
    "client_secret": "the-same-secret-in-both",
}
OFFLINE = "openid offline_access"
BEGINNINGS = ("/recovery/password", "/recovery/unlock", "/recovery/token")
"""Steps that take no state token, but begin something."""


@dataclass(frozen=True)
class Place:
    """An org: its address, its super admin, an app, and somebody who may use it."""

    url: str
    admin: httpx.Client
    app: App
    person: Person

    @property
    def issuer(self) -> Issuer:
        """Its custom authorization server."""
        return custom_server(self.url)


def client_of(url: str, token: str) -> httpx.Client:
    return httpx.Client(
        base_url=url, headers={"Authorization": f"SSWS {token}"}, trust_env=False, timeout=30
    )


def place(url: str, admin: httpx.Client) -> Place:
    """The org with an app of the same id and secret in each."""
    cora = find_person(admin)
    app = register_app(admin, label="Shared", **SHARED)
    done(admin.post(f"{path_of_the_app(admin)}/users", json={"id": cora.id}))
    return Place(url, admin, app, cora)


def path_of_the_app(admin: httpx.Client) -> str:
    """Where the shared app is in this org; its id there is another than its client id."""
    (app,) = done(admin.get("/api/v1/apps", params={"q": "Shared"}))
    return f"/api/v1/apps/{app['id']}"


@pytest.fixture
def home(lab: Lab) -> Iterator[Place]:
    """The org whose credentials are carried away."""
    with client_of(lab.url, lab.token) as admin:
        yield place(lab.url, admin)


@pytest.fixture(params=["another org", "the root org"])
def away(request: pytest.FixtureRequest, lab: Lab, new_lab: Callable[[], Lab]) -> Iterator[Place]:
    """Where they must open nothing."""
    if request.param == "the root org":
        url, token = lab.root.url, ROOT_TOKEN
    else:
        other = new_lab()
        url, token = other.url, other.token
    with client_of(url, token) as admin:
        yield place(url, admin)
        path = path_of_the_app(admin)
        done(admin.post(f"{path}/lifecycle/deactivate"))
        done(admin.delete(path))


@pytest.fixture
def guest() -> Iterator[httpx.Client]:
    """A client without any credential or cookie; it is told whole addresses."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


def cookie_of(home: Place) -> str:
    """The value of a session cookie."""
    with httpx.Client(base_url=home.url, trust_env=False) as browser:
        assert authorize(browser, home.issuer, home.app, home.person).code
        return browser.cookies["sid"]


def super_token(home: Place, guest: httpx.Client) -> str:
    """An access token that opens all of the management API at home."""
    chief = add_user(home.admin, "chief")
    done(home.admin.post(f"/api/v1/users/{chief.id}/roles", json={"type": "SUPER_ADMIN"}))
    app = register_app(home.admin, chief)
    scopes = sorted({operation.scope for operation in OPERATIONS.values() if operation.scope})
    scopes = [scope for scope in scopes if scope.endswith(".manage")]
    for scope in scopes:
        grant = {"scopeId": scope, "issuer": home.url}
        done(home.admin.post(f"/api/v1/apps/{app.id}/grants", json=grant))
    with httpx.Client(base_url=home.url, trust_env=False) as http:
        scope = " ".join(["openid", *scopes])
        token: str = tokens_for(http, org_server(home.url), app, chief, scope)["access_token"]
    works = guest.get(f"{home.url}/api/v1/users", headers={"Authorization": f"Bearer {token}"})
    assert works.status_code == 200
    return token


def test_no_credential_of_one_org_is_known_on_any_route_of_another(
    home: Place, away: Place, guest: httpx.Client
) -> None:
    tokens = tokens_for(httpx.Client(base_url=home.url), home.issuer, home.app, home.person)
    credentials = (
        {"Authorization": home.admin.headers["Authorization"]},
        {"Authorization": f"Bearer {super_token(home, guest)}"},
        {"Authorization": f"Bearer {tokens['id_token']}"},
        {"Cookie": f"sid={cookie_of(home)}"},
    )
    accepted = []

    for (method, path), operation in OPERATIONS.items():
        if operation.right == "public":
            continue
        url = away.url + re.sub(r"\{user_id\}", away.person.id, path)
        url = re.sub(r"\{\w+\}", "x", url)
        for headers in credentials:
            answer = guest.request(method, url, headers=headers)
            if answer.status_code != 401:
                accepted.append((method, path, answer.status_code))

    assert accepted == []


def test_no_step_of_a_sign_in_takes_another_orgs_state_token(
    home: Place, away: Place, guest: httpx.Client
) -> None:
    login = {"firstName": "P", "lastName": "E", "login": "pe@bank.example"}
    password = {"password": {"value": "Open-Sesame-2026"}}
    body = {"profile": login | {"email": "pe@bank.example"}, "credentials": password}
    done(home.admin.post("/api/v1/users?nextLogin=changePassword", json=body))
    signing_in = {"username": "pe@bank.example", "password": "Open-Sesame-2026"}
    begun = done(guest.post(f"{home.url}/api/v1/authn", json=signing_in))
    step = {"stateToken": begun["stateToken"], "passCode": "123456", "answer": "Mine"}
    step |= {"oldPassword": "Open-Sesame-2026", "newPassword": "Another-Sesame-2026"}
    taken = []

    for (method, path), operation in OPERATIONS.items():
        if operation.right == "public" and not path.endswith(BEGINNINGS):
            answer = guest.request(method, away.url + re.sub(r"\{\w+\}", "x", path), json=step)
            if answer.status_code not in (401, 403, 404):
                taken.append((path, answer.status_code, answer.text))

    assert taken == []
    change = f"{home.url}/api/v1/authn/credentials/change_password"
    assert done(guest.post(change, json=step))["status"] == "SUCCESS"


def test_a_code_and_a_refresh_token_are_no_grant_in_another_org(
    home: Place, away: Place, guest: httpx.Client
) -> None:
    with httpx.Client(base_url=home.url, trust_env=False) as http:
        authorized = authorize(http, home.issuer, home.app, home.person)
        tokens = tokens_for(http, home.issuer, home.app, home.person, OFFLINE)

    with_the_code = exchange_code(guest, away.issuer, authorized)
    with_the_refresh_token = refresh(guest, away.issuer, away.app, tokens["refresh_token"])

    assert_refused(with_the_code, "invalid_grant")
    assert_refused(with_the_refresh_token, "invalid_grant")
    assert done(exchange_code(guest, home.issuer, authorized))
    assert done(refresh(guest, home.issuer, home.app, tokens["refresh_token"]))


def test_another_org_neither_knows_nor_ends_a_token(
    home: Place, away: Place, guest: httpx.Client
) -> None:
    with httpx.Client(base_url=home.url, trust_env=False) as http:
        tokens = tokens_for(http, home.issuer, home.app, home.person, OFFLINE)

    for kind in ("access_token", "refresh_token", "id_token"):
        assert introspect(guest, away.issuer, away.app, tokens[kind]) == {"active": False}
        assert call(guest, away.issuer, "revoke", away.app, token=tokens[kind]).status_code == 200
        assert introspect(guest, home.issuer, home.app, tokens[kind])["active"]
    for issuer in (away.issuer, org_server(away.url)):
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert guest.get(issuer.at("userinfo"), headers=headers).status_code == 401


def test_a_session_and_a_session_token_sign_nobody_in_at_another_org(
    home: Place, away: Place, guest: httpx.Client
) -> None:
    cookie = cookie_of(home)
    token = sign_in(httpx.Client(base_url=home.url), home.person)
    silent: dict[str, Any] = {"prompt": "none"}

    by_token = authorize(guest, away.issuer, away.app, sessionToken=token, **silent).response
    guest.cookies.clear()
    guest.headers["Cookie"] = f"sid={cookie}"
    by_cookie = authorize(guest, away.issuer, away.app, **silent).response
    me = guest.get(f"{away.url}/api/v1/sessions/me")
    page = guest.get(f"{away.url}/app/UserHome")
    at_home = guest.get(f"{home.url}/api/v1/sessions/me")

    assert fields_of(by_token)["error"] == fields_of(by_cookie)["error"] == "login_required"
    assert me.status_code == 404
    assert page.status_code == 303
    assert page.headers["Location"].endswith("/login/login.htm")
    assert at_home.status_code == 200


def test_a_parked_request_waits_in_its_own_org_alone(
    home: Place, away: Place, guest: httpx.Client
) -> None:
    waiting = target_of(authorize(guest, home.issuer, home.app).response)
    (uri,) = parse_qs(urlsplit(waiting).query)["request_uri"]

    page = guest.get(waiting.replace(home.url, away.url))
    resumed = guest.get(away.issuer.at("authorize"), params={"request_uri": uri})
    at_home = guest.get(waiting)

    assert (page.status_code, resumed.status_code) == (400, 400)
    assert "Location" not in resumed.headers
    assert at_home.status_code == 200


def test_a_link_of_a_mail_works_in_its_own_org_alone(
    home: Place, away: Place, guest: httpx.Client
) -> None:
    path = f"/api/v1/users/{home.person.id}/lifecycle/reset_password?sendEmail=false"
    link = done(home.admin.post(path))["resetPasswordUrl"]
    assert link.startswith(home.url)

    there = guest.get(link.replace(home.url, away.url))
    token = {"recoveryToken": link.rsplit("/", 1)[1]}
    by_token = guest.post(f"{away.url}/api/v1/authn/recovery/token", json=token)
    here = guest.get(link)

    assert there.status_code >= 400
    assert by_token.status_code == 401
    assert here.status_code == 200
