"""The learner's own apps, person and server, which stand in for the lab's at another server."""

from __future__ import annotations

from typing import Any

import pytest

from grantlab.registration import CALLBACK, NotHere, Registration

ISSUER = "https://yours.example/oauth2/default"
TOLD = {
    "GRANTLAB_CLIENT_ID": "web-1",
    "GRANTLAB_CLIENT_SECRET": "web-secret",
    "GRANTLAB_PUBLIC_CLIENT_ID": "public-1",
    "GRANTLAB_SERVICE_CLIENT_ID": "program-1",
    "GRANTLAB_SERVICE_CLIENT_SECRET": "program-secret",
    "GRANTLAB_USERNAME": "you@yours.example",
    "GRANTLAB_PASSWORD": "word",
    "GRANTLAB_AUDIENCE": "api://yours",
}


@pytest.fixture
def own() -> Registration:
    return Registration(ISSUER, TOLD)


def asked_app(kind: str, auth: str = "client_secret_basic", **more: Any) -> dict[str, Any]:
    settings = {
        "application_type": kind,
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code"],
        **more,
    }
    return {
        "label": "Mine",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": auth}},
        "settings": {"oauthClient": settings},
    }


@pytest.mark.parametrize(
    ("name", "client_id", "secret"),
    [
        ("Bank Web", "web-1", "web-secret"),
        ("Bank SPA", "public-1", ""),
        ("Nightly Job", "program-1", "program-secret"),
    ],
)
def test_an_app_of_the_bank_is_the_learners_of_that_kind(
    own: Registration, name: str, client_id: str, secret: str
) -> None:
    app = own.app(name)

    assert (app.client_id, app.client_secret) == (client_id, secret)


def test_everybody_is_the_learner(own: Registration) -> None:
    tom = own.person("tom")

    assert (tom.name, tom.login, tom.password) == ("Tom", "you@yours.example", "word")


def test_registering_an_app_gives_the_learners_own_one_and_says_so(
    own: Registration, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = asked_app("browser", "none")

    made = own.admin().post("/api/v1/apps", json=asked).json()

    assert made["credentials"]["oauthClient"]["client_id"] == "public-1"
    assert "client_secret" not in made["credentials"]["oauthClient"]
    assert own.app("Mine").client_id == "public-1"
    assert "public-1 stands in for “Mine”" in capsys.readouterr().out


def test_what_is_said_holds_no_secret(
    own: Registration, capsys: pytest.CaptureFixture[str]
) -> None:
    made = own.admin().post("/api/v1/apps", json=asked_app("web")).json()

    assert made["credentials"]["oauthClient"]["client_secret"] == "web-secret"
    assert "web-secret" not in capsys.readouterr().out + repr(own)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (asked_app("web", redirect_uris=[CALLBACK, "https://x.example"]), "further redirect"),
        (asked_app("native", "client_secret_post"), "secret that it can't keep"),
        (asked_app("native", "none", grant_types=["refresh_token"]), "doesn't rotate"),
    ],
)
def test_an_app_that_differs_in_what_matters_is_not_stood_in_for(
    own: Registration, asked: dict[str, Any], why: str
) -> None:
    with pytest.raises(NotHere, match=why):
        own.admin().post("/api/v1/apps", json=asked)


def test_a_new_server_is_the_one_connected_to(own: Registration) -> None:
    admin = own.admin()

    made = admin.post("/api/v1/authorizationServers", json={"name": "Sync"}).json()
    path = f"/api/v1/authorizationServers/{made['id']}"

    assert (made["issuer"], made["audiences"]) == (ISSUER, ["api://yours"])
    assert admin.post(f"{path}/scopes", json={"name": "sync:read"}).is_success


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/apps"),
        ("PUT", "/api/v1/apps/your-own"),
        ("DELETE", "/api/v1/apps/your-own/groups/your-own"),
        ("POST", "/api/v1/authorizationServers/your-own/credentials/lifecycle/keyRotate"),
        ("POST", "/api/v1/authorizationServers/another/scopes"),
        ("POST", "/api/v1/users"),
    ],
)
def test_any_other_call_is_refused_by_its_name_and_sent_nowhere(
    own: Registration, method: str, path: str
) -> None:
    with pytest.raises(NotHere, match=f"{method} {path} wasn't sent"):
        own.admin().request(method, path, json={})


@pytest.mark.parametrize(
    ("ask", "variable"),
    [
        (lambda own: own.app("Bank Web"), "GRANTLAB_CLIENT_ID"),
        (lambda own: own.app("Bank SPA"), "GRANTLAB_PUBLIC_CLIENT_ID"),
        (lambda own: own.app("Nightly Job"), "GRANTLAB_SERVICE_CLIENT_ID"),
        (lambda own: own.person("tom"), "GRANTLAB_USERNAME"),
    ],
)
def test_what_nobody_told_is_asked_for_by_its_variable(ask: Any, variable: str) -> None:
    with pytest.raises(NotHere, match=f"set {variable}"):
        ask(Registration(ISSUER, {}))
