"""Every refusal that can be caused, over HTTP: its status, code, form and headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from labserver.web.error_codes import CODES
from tests.conftest import Lab
from tests.speaking import (
    Person,
    add_scope,
    add_server,
    add_user,
    assert_refused,
    authorize,
    call,
    custom_server,
    done,
    fields_of,
    find_person,
    org_server,
    register_app,
    set_status,
    tokens_for,
)

TESTS = Path(__file__).parent.parent


@dataclass(frozen=True)
class Org:
    """An org, its super admin, somebody without a credential, and a customer."""

    url: str
    admin: httpx.Client
    http: httpx.Client
    cora: Person

    def apps(self, **settings: Any) -> str:
        """The path of a new app."""
        return f"/api/v1/apps/{register_app(self.admin, **settings).id}"

    def user(self, name: str, *moves: str) -> str:
        """The path of a new user to whom this was done."""
        person = add_user(self.admin, name)
        for move in moves:
            set_status(self.admin, person, move)
        return f"/api/v1/users/{person.id}"


@pytest.fixture
def org(lab: Lab, admin: httpx.Client, http: httpx.Client) -> Org:
    return Org(lab.url, admin, http, find_person(admin))


Cause = Callable[[Org], httpx.Response]

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}
XML = {"Accept": "application/xml, text/*"}

GROUPS, USERS, APPS = "/api/v1/groups", "/api/v1/users", "/api/v1/apps"
PERSON = {"firstName": "N", "lastName": "N", "login": "n@bank.example", "email": "n@bank.example"}
NEW_USER = {"profile": PERSON}
PASSWORDS = {"oldPassword": {"value": "wrong"}, "newPassword": {"value": "New-Sesame-2026"}}
QUESTION = {"password": {"value": "x"}, "recovery_question": {"question": "Q", "answer": "Mine"}}


def as_a_plain_user(org: Org) -> httpx.Response:
    body = {"name": "Cora's", "userId": org.cora.id}
    token = done(org.admin.post("/api/v1/api-tokens", json=body))["token"]
    return org.http.get(GROUPS, headers={"Authorization": f"SSWS {token}"})


def the_same_label(org: Org) -> httpx.Response:
    app = done(org.admin.get(org.apps()))
    return org.admin.post(APPS, json=app | {"id": None, "credentials": {"oauthClient": {}}})


def the_same_assignment(org: Org) -> httpx.Response:
    path = f"{org.apps()}/users"
    done(org.admin.post(path, json={"id": org.cora.id}))
    return org.admin.post(path, json={"id": org.cora.id})


def a_deactivated_user_assigned(org: Org) -> httpx.Response:
    gone = org.user("ann", "deactivate").rpartition("/")[2]
    return org.admin.post(f"{org.apps()}/users", json={"id": gone})


def an_active_secret(org: Org) -> httpx.Response:
    path = f"{org.apps()}/credentials/secrets"
    return org.admin.delete(f"{path}/{done(org.admin.get(path))[0]['id']}")


def the_same_role(path: str) -> Cause:
    def ask(org: Org) -> httpx.Response:
        staff = done(org.admin.get(GROUPS, params={"q": "Staff"}))[0]["id"]
        role = {"type": "HELP_DESK_ADMIN"}
        at = path.format(user=org.cora.id, group=staff)
        done(org.admin.post(at, json=role))
        return org.admin.post(at, json=role)

    return ask


def a_target_of_another_kind(org: Org) -> httpx.Response:
    roles = f"{USERS}/{org.cora.id}/roles"
    role = done(org.admin.post(roles, json={"type": "APP_ADMIN"}))["id"]
    staff = done(org.admin.get(GROUPS, params={"q": "Staff"}))[0]["id"]
    return org.admin.put(f"{roles}/{role}/targets/groups/{staff}")


def a_role_for_a_web_app(org: Org) -> httpx.Response:
    app = register_app(org.admin)
    path = f"/oauth2/v1/clients/{app.id}/roles"
    return org.admin.post(path, json={"type": "HELP_DESK_ADMIN"})


def everyone_renamed(org: Org) -> httpx.Response:
    (everyone,) = done(org.admin.get(GROUPS, params={"q": "Everyone"}))
    return org.admin.put(f"{GROUPS}/{everyone['id']}", json={"profile": {"name": "All"}})


def with_header(name: str, value: str) -> Cause:
    def ask(org: Org) -> httpx.Response:
        path = f"{USERS}/{org.cora.id}"
        return org.admin.post(path, json={"profile": {}}, headers={name: value})

    return ask


def chunked(org: Org) -> httpx.Response:
    return org.admin.post(
        GROUPS, content=iter([b'{"profile":', b"{}}"]), headers={"Content-Type": "application/json"}
    )


MANAGEMENT: tuple[tuple[str, Cause], ...] = (
    ("E0000001", lambda org: org.admin.post(GROUPS, json={"profile": {}})),
    ("E0000003", lambda org: org.admin.post(GROUPS, content=b"{", headers=JSON)),
    (
        "E0000004",
        lambda org: org.http.post("/api/v1/authn", json={"username": "x", "password": "y"}),
    ),
    ("E0000006", as_a_plain_user),
    ("E0000007", lambda org: org.admin.get(f"{USERS}/00uNobody")),
    ("E0000008", lambda org: org.admin.get("/api/v1/nothing")),
    ("E0000011", lambda org: org.http.get(USERS)),
    ("E0000011", lambda org: org.http.get(USERS, headers={"Authorization": "SSWS wrong"})),
    ("E0000011", lambda org: org.http.get(USERS, headers={"Authorization": "Bearer a.b.c"})),
    (
        "E0000014",
        lambda org: org.admin.post(
            f"{org.user('ann')}/credentials/change_password", json=PASSWORDS
        ),
    ),
    ("E0000016", lambda org: org.admin.post(f"{org.user('ann')}/lifecycle/activate")),
    ("E0000021", lambda org: org.admin.post(GROUPS, content=b"{}", headers=TEXT)),
    ("E0000022", lambda org: org.admin.patch(GROUPS, json={})),
    ("E0000028", lambda org: org.admin.post(f"{org.user('ann')}/lifecycle/reset_password")),
    ("E0000028", lambda org: org.admin.post(f"{org.apps()}/users", json={})),
    ("E0000029", lambda org: org.admin.get(USERS, params={"after": "!"})),
    ("E0000030", lambda org: org.admin.get("/api/v1/logs", params={"since": "yesterday"})),
    ("E0000031", lambda org: org.admin.get(USERS, params={"filter": "status eq"})),
    ("E0000031", lambda org: org.admin.get(USERS, params={"search": 'color eq "red"'})),
    ("E0000032", lambda org: org.admin.post(f"{org.user('ann')}/lifecycle/unlock")),
    ("E0000033", lambda org: org.admin.get(USERS, params={"q": "a", "filter": "id pr"})),
    (
        "E0000034",
        lambda org: org.admin.post(
            f"{org.user('ann', 'suspend')}/credentials/forgot_password?sendEmail=false"
        ),
    ),
    (
        "E0000035",
        lambda org: org.admin.post(
            f"{org.user('ann', 'suspend')}/credentials/change_password", json=PASSWORDS
        ),
    ),
    (
        "E0000036",
        lambda org: org.admin.post(
            f"{org.user('ann', 'suspend')}/credentials/change_recovery_question", json=QUESTION
        ),
    ),
    ("E0000038", lambda org: org.admin.post(org.user("ann", "deactivate"), json={"profile": {}})),
    ("E0000040", the_same_label),
    ("E0000056", lambda org: org.admin.delete(org.apps())),
    ("E0000060", lambda org: org.admin.post("/api/v1/policies", json={})),
    ("E0000062", the_same_assignment),
    ("E0000090", the_same_role(f"{USERS}/{{user}}/roles")),
    ("E0000091", a_target_of_another_kind),
    ("E0000107", an_active_secret),
    ("E0000111", everyone_renamed),
    ("E0000117", a_deactivated_user_assigned),
    ("E0000122", lambda org: org.admin.get(USERS, headers={"Accept": "text/html"})),
    ("E0000122", lambda org: org.http.post("/api/v1/authn", json={}, headers=XML)),
    ("E0000124", lambda org: org.admin.post(f"{USERS}?nextLogin=changePassword", json=NEW_USER)),
    (
        "E0000125",
        lambda org: org.admin.post(
            f"{USERS}?nextLogin=changePassword&activate=false",
            json=NEW_USER | {"credentials": {"password": {"value": "New-Sesame-2026"}}},
        ),
    ),
    ("E0000227", a_role_for_a_web_app),
    ("E0000231", with_header("If-Match", '"another"')),
    ("E0000242", with_header("If-Match", "no list")),
    ("E0000263", the_same_role(f"{GROUPS}/{{group}}/roles")),
)

ELSEWHERE = {
    "E0000047": "web/test_rate_limits.py",
    "E0000068": "web/test_authn_factors.py",
    "E0000069": "web/test_authn_passwords.py",
    "E0000079": "web/test_authn_walk.py",
    "E0000082": "web/test_authn_factors.py",
    "E0000087": "web/test_authn_recovery.py",
    "E0000095": "web/test_authn_recovery.py",
    "E0000109": "web/test_authn_factors.py",
}
"""What takes a longer story to cause, and where it is told."""

NOT_CAUSED = {
    "E0000005": "the management API takes no session cookie that could be over",
    "E0000009": "a fault of ours, and none is known",
    "E0000015": "whoever is not known is answered with E0000011, with or without a credential",
    "E0000017": "a reset is refused with what stands in its way: E0000028, E0000038",
    "E0000064": "an expired password is a state of the sign-in, PASSWORD_EXPIRED",
    "E0000080": "a password that is too simple is named with its field, E0000001 or E0000014",
    "E0000105": "its words stand on the page that a link which is over leads to",
    "E0000112": "nobody is still being activated: that takes no time here",
    "E0000119": "who is locked out is answered like everybody with a wrong password, E0000004",
    "E0000207": "the same: E0000004",
    "invalid_client": "a word of the registration's own, not a code of the catalogue",
}
"""Codes of the catalogue that nothing brings about here, and why."""


@pytest.mark.parametrize(("code", "cause"), MANAGEMENT)
def test_the_management_api_refuses_in_its_form(org: Org, code: str, cause: Cause) -> None:
    answer = cause(org)

    document = answer.json()
    status, summary = CODES[code]
    assert (answer.status_code, document["errorCode"]) == (status, code), answer.text
    assert document["errorSummary"].startswith(summary.partition("{0}")[0])
    assert "{0}" not in document["errorSummary"]
    assert document["errorLink"] == code
    assert document["errorId"].startswith("oae")
    assert all(set(each) == {"errorSummary"} for each in document["errorCauses"])
    assert answer.headers["Content-Type"] == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Okta-Request-Id"]
    assert answer.headers["X-Rate-Limit-Limit"]


def test_each_error_has_an_id_of_its_own(org: Org) -> None:
    found = {org.http.get(USERS).json()["errorId"] for _ in range(3)}

    assert len(found) == 3


def test_every_code_of_the_catalogue_is_caused_here_told_elsewhere_or_explained() -> None:
    here = {code for code, _ in MANAGEMENT}

    assert here | ELSEWHERE.keys() | NOT_CAUSED.keys() == CODES.keys()
    assert not here & (ELSEWHERE.keys() | NOT_CAUSED.keys())
    for code, file in ELSEWHERE.items():
        assert code in (TESTS / file).read_text(), (code, file)


def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(org: Org) -> None:
    answer = org.admin.request("DELETE", GROUPS)

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_a_body_of_unknown_length_and_one_too_long_are_refused(org: Org) -> None:
    unknown = chunked(org)
    long = org.admin.post(GROUPS, content=b" " * ((1 << 20) + 1), headers=JSON)

    assert (unknown.status_code, unknown.json()["errorCode"]) == (411, "E0000021")
    assert (long.status_code, long.json()["errorCode"]) == (413, "E0000021")


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/*;q=0.5",
        "text/html, application/json;okta-version=1.0.0",
        "",
        "image/*, */*",
    ],
)
def test_whoever_takes_json_among_others_gets_it(org: Org, accept: str) -> None:
    answer = org.admin.get(GROUPS, headers={"Accept": accept})

    assert answer.status_code == 200


def test_people_get_a_page_that_names_the_request(org: Org) -> None:
    missing = org.http.get("/nothing", headers={"Accept": "text/html"})
    refused = org.http.put("/login/login.htm")

    for answer, status, code in ((missing, 404, "E0000008"), (refused, 405, "E0000022")):
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith("text/html")
        assert code in answer.text
        assert answer.headers["X-Okta-Request-Id"] in answer.text


# The protocol


def ask(org: Org, endpoint: str = "token", **form: str) -> httpx.Response:
    """The answer to a form of a web app's."""
    return call(org.http, custom_server(org.url), endpoint, register_app(org.admin), **form)


def machine(org: Org, server: str = "default", scope: str = "orders:read") -> httpx.Response:
    """The answer to a service app's request for a token."""
    if server == "default":
        add_scope(org.admin, "orders:read")
    app = register_app(org.admin, type="service")
    form = {"grant_type": "client_credentials", "scope": scope}
    return call(org.http, custom_server(org.url, server), "token", app, **form)


def with_a_secret_at_the_org_server(org: Org) -> httpx.Response:
    app = register_app(org.admin, type="service")
    form = {"grant_type": "client_credentials", "scope": "okta.users.read"}
    return call(org.http, org_server(org.url), "token", app, **form)


def registered(org: Org, **metadata: Any) -> httpx.Response:
    return org.admin.post("/oauth2/v1/clients", json=metadata)


CALLBACKS = {"client_name": "Shop", "redirect_uris": ["/relative"]}
PROTOCOL: tuple[tuple[str, int, Cause], ...] = (
    ("invalid_request", 400, ask),
    ("invalid_request", 400, lambda org: org.http.post("/oauth2/v1/token", json={})),
    (
        "invalid_client",
        401,
        lambda org: org.http.post("/oauth2/v1/token", data={"grant_type": "client_credentials"}),
    ),
    (
        "invalid_client",
        401,
        lambda org: org.http.post(
            "/oauth2/v1/token",
            data={"grant_type": "client_credentials"},
            auth=(register_app(org.admin).id, "wrong"),
        ),
    ),
    ("invalid_client", 401, with_a_secret_at_the_org_server),
    ("invalid_grant", 400, lambda org: ask(org, grant_type="authorization_code", code="x")),
    ("invalid_grant", 400, lambda org: ask(org, grant_type="refresh_token", refresh_token="x")),
    ("unauthorized_client", 400, lambda org: ask(org, grant_type="client_credentials", scope="x")),
    ("unsupported_grant_type", 400, lambda org: ask(org, grant_type="magic")),
    ("invalid_scope", 400, lambda org: machine(org, scope="nothing:read")),
    ("invalid_scope", 400, lambda org: machine(org, scope="openid")),
    (
        "access_denied",
        400,
        lambda org: machine(org, add_server(org.admin, "Bare", "orders:read")),
    ),
    ("invalid_client_metadata", 400, registered),
    ("invalid_redirect_uri", 400, lambda org: registered(org, **CALLBACKS)),
)

SENT_BACK: dict[str, dict[str, str | None]] = {
    "invalid_request": {"nonce": "n" * 1500, "code_challenge_method": "plain"},
    "invalid_scope": {"scope": "nothing:read"},
    "unsupported_response_type": {"response_type": "magic"},
    "unsupported_response_mode": {"response_mode": "magic"},
    "request_not_supported": {"request": "a.b.c"},
    "login_required": {"prompt": "none"},
}

TOLD_ELSEWHERE = {
    "client_credentials_self_scope_requested": "oauth/test_client_credentials.py",
    "consent_required": "oauth/test_consent.py",
    "id_token_does_not_match_session": "oauth/test_logout.py",
    "insufficient_scope": "oauth/test_userinfo.py",
    "invalid_request_uri": "oauth/test_authorize_errors.py",
    "invalid_token": "oauth/test_userinfo.py",
    "server_error": "oauth/test_custom_claims.py",
}


@pytest.mark.parametrize(("error", "status", "cause"), PROTOCOL)
def test_the_protocol_refuses_in_its_form(org: Org, error: str, status: int, cause: Cause) -> None:
    answer = cause(org)

    assert_refused(answer, error, status=status)
    assert answer.headers["X-Okta-Request-Id"]
    if "Authorization" in answer.request.headers and error == "invalid_client":
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("error", SENT_BACK)
def test_what_an_app_asks_wrongly_goes_back_to_it(org: Org, error: str) -> None:
    app = register_app(org.admin, org.cora)
    changes: Any = SENT_BACK[error]

    answer = authorize(org.http, custom_server(org.url), app, **changes).response

    assert answer.status_code in (302, 303), answer.text
    assert fields_of(answer)["error"] == error
    assert fields_of(answer)["state"] == "state-of-the-app"


def test_what_is_told_elsewhere_is_told_there() -> None:
    for error, file in TOLD_ELSEWHERE.items():
        assert f'"{error}' in (TESTS / file).read_text().replace('\\"', '"'), (error, file)


def test_the_right_scope_is_challenged_for_and_a_missing_role_is_not(org: Org) -> None:
    app = register_app(org.admin, org.cora)
    grant = {"scopeId": "okta.users.read", "issuer": org.url}
    done(org.admin.post(f"{APPS}/{app.id}/grants", json=grant))
    scope = "openid okta.users.read"
    token = tokens_for(org.http, org_server(org.url), app, org.cora, scope)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    without_scope = org.http.get(GROUPS, headers=headers)
    without_role = org.http.get(USERS, headers=headers)

    assert without_scope.status_code == without_role.status_code == 403
    assert 'error="insufficient_scope"' in without_scope.headers["WWW-Authenticate"]
    assert "WWW-Authenticate" not in without_role.headers
