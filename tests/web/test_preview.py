"""`/lab/preview`: what would be issued, or why nothing would, without issuing it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests import speaking
from tests.conftest import Lab, running
from tests.speaking import App, Issuer, Person

MADE_AT_ISSUE = {"jti", "iat", "exp", "auth_time", "at_hash"}
Preview = Callable[..., dict[str, Any]]


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return speaking.find_person(admin)


@pytest.fixture
def app(admin: httpx.Client, cora: Person) -> App:
    return speaking.register_app(admin, cora)


@pytest.fixture(params=["org", "custom"])
def issuer(request: pytest.FixtureRequest, lab: Lab) -> Issuer:
    """Both kinds of server."""
    if request.param == "org":
        return speaking.org_server(lab.url)
    return speaking.custom_server(lab.url)


@pytest.fixture
def preview(admin: httpx.Client, app: App, cora: Person) -> Preview:
    """The preview of a sign-in by cora at the server `default`; changes by their JSON names."""

    def ask(**changes: object) -> dict[str, Any]:
        body = {
            "authorizationServerId": "default",
            "clientId": app.id,
            "userId": cora.id,
            "grantType": "authorization_code",
            "scopes": ["openid", "profile"],
        } | changes
        asked = {name: value for name, value in body.items() if value is not None}
        found: dict[str, Any] = speaking.done(admin.post("/lab/preview", json=asked))
        return found

    return ask


def server_id(issuer: Issuer) -> str | None:
    return None if issuer.is_org else "default"


def lasting(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name not in MADE_AT_ISSUE}


def results(shown: dict[str, Any]) -> dict[str, str]:
    return {step["check"]: step["result"] for step in shown["trace"]}


def test_the_claims_are_those_that_a_real_sign_in_gets(
    http: httpx.Client, preview: Preview, issuer: Issuer, app: App, cora: Person
) -> None:
    shown = preview(authorizationServerId=server_id(issuer))

    real = speaking.tokens_for(http, issuer, app, cora, scope="openid profile")
    access, identity = (speaking.claims_of(real[kind]) for kind in ("access_token", "id_token"))
    assert lasting(shown["accessToken"]) == lasting(access)
    assert lasting(shown["idToken"]) == lasting(identity)
    assert shown["accessToken"].keys() == access.keys()
    assert shown["expiresIn"] == real["expires_in"]
    assert (
        shown["accessToken"]["exp"] - shown["accessToken"]["iat"] == access["exp"] - access["iat"]
    )
    assert shown["scopes"] == ["openid", "profile"]
    assert (shown["consentNeeded"], shown["refreshToken"], shown["error"]) == ([], False, None)


def test_a_service_app_is_previewed_in_its_own_name(
    admin: httpx.Client, http: httpx.Client, lab: Lab, preview: Preview
) -> None:
    speaking.add_scope(admin, "sync:read")
    job = speaking.register_app(admin, type="service")

    shown = preview(
        clientId=job.id, userId=None, grantType="client_credentials", scopes=["sync:read"]
    )

    issuer = speaking.custom_server(lab.url)
    real = speaking.done(
        speaking.call(
            http, issuer, "token", job, grant_type="client_credentials", scope="sync:read"
        )
    )
    assert lasting(shown["accessToken"]) == lasting(speaking.claims_of(real["access_token"]))
    assert shown["idToken"] is None


@pytest.mark.parametrize(("scope", "told"), [("openid offline_access", True), ("openid", False)])
def test_it_says_whether_a_refresh_token_comes_along(
    preview: Preview, scope: str, told: bool
) -> None:
    assert preview(scopes=scope.split())["refreshToken"] is told


def test_a_refresh_is_judged_like_the_sign_in_it_stems_from(preview: Preview) -> None:
    signed_in = preview(scopes=["openid", "offline_access"])

    refreshed = preview(scopes=["openid", "offline_access"], grantType="refresh_token")

    assert refreshed["decision"] == signed_in["decision"]
    assert lasting(refreshed["accessToken"]) == lasting(signed_in["accessToken"])


def test_the_implicit_flow_is_for_apps_that_have_it(
    admin: httpx.Client, preview: Preview, cora: Person
) -> None:
    old = speaking.register_app(admin, cora, **speaking.everything())

    refused, given = preview(grantType="implicit"), preview(grantType="implicit", clientId=old.id)

    assert refused["error"]["error"] == "unsupported_response_type"
    assert given["accessToken"]["uid"] == cora.id
    assert given["refreshToken"] is False


def test_the_decision_and_the_whole_walk_are_shown(admin: httpx.Client, preview: Preview) -> None:
    policies = "/api/v1/authorizationServers/default/policies"
    first = admin.get(policies).json()[0]
    body = {"type": "OAUTH_AUTHORIZATION_POLICY", "name": "Others", "description": "x"}
    others = {"conditions": {"clients": {"include": ["0oaOther"]}}, "priority": 1}
    app = admin.get("/api/v1/apps", params={"q": "Bank Web"}).json()[0]["id"]
    others["conditions"]["clients"]["include"] = [app]  # type: ignore[index]
    speaking.done(admin.post(policies, json=body | others))

    shown = preview()

    steps = [step for step in shown["trace"] if "policyId" in step]
    assert [(step["result"], step["check"]) for step in steps] == [
        ("failed", "policy “Others”"),
        ("passed", "policy “Default Policy”"),
        ("passed", "rule “Default Policy Rule” of policy “Default Policy”"),
    ]
    assert shown["decision"]["policyId"] == first["id"]
    assert shown["decision"]["ruleName"] == "Default Policy Rule"
    assert shown["decision"]["accessTokenLifetimeMinutes"] == 60


def test_a_policy_that_lets_nobody_through_is_shown_with_its_walk(
    admin: httpx.Client, preview: Preview
) -> None:
    server = speaking.add_server(admin, "Orders", "orders:read")
    policy = speaking.add_policy(admin, server)
    speaking.add_rule(admin, server, policy, grant_types=("client_credentials",))

    shown = preview(authorizationServerId=server, scopes=["orders:read"])

    assert shown["error"]["error"] == "access_denied"
    assert (shown["decision"], shown["accessToken"]) == (None, None)
    assert "It is not for the grant type authorization_code." in [
        step["detail"] for step in shown["trace"]
    ]
    assert shown["scopes"] == ["orders:read"]


def test_somebody_who_is_not_assigned_gets_nothing(
    admin: httpx.Client, preview: Preview, issuer: Issuer
) -> None:
    eve = speaking.add_user(admin, "eve")

    shown = preview(userId=eve.id, authorizationServerId=server_id(issuer))

    assert shown["error"] == {
        "error": "access_denied",
        "error_description": "User is not assigned to the client application.",
    }
    assert results(shown)["person is assigned to the app"] == "failed"


def test_somebody_who_may_not_sign_in_gets_nothing(
    admin: httpx.Client, preview: Preview, cora: Person
) -> None:
    speaking.set_status(admin, cora, "suspend")

    shown = preview()

    assert shown["error"]["error"] == "access_denied"
    assert "SUSPENDED" in shown["error"]["error_description"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scopes": ["nonsense"]}, "invalid_scope"),
        ({"scopes": ["profile"]}, "invalid_scope"),
        ({"scopes": []}, "invalid_scope"),
        ({"scopes": ["openid", 'a"b']}, "invalid_scope"),
        ({"scopes": ["okta.users.read"], "authorizationServerId": None}, "invalid_scope"),
        ({"grantType": "client_credentials", "userId": None}, "unauthorized_client"),
    ],
)
def test_a_request_that_would_be_refused_says_so(
    preview: Preview, changes: dict[str, Any], error: str
) -> None:
    shown = preview(**changes)

    assert shown["error"]["error"] == error
    assert shown["accessToken"] is None


def test_an_api_scope_without_its_grant_is_missing_and_with_it_given(
    admin: httpx.Client, lab: Lab, preview: Preview
) -> None:
    key = RSAKey.generate_key(2048).as_dict(private=False)
    job = speaking.register_app(
        admin, type="service", auth="private_key_jwt", jwks={"keys": [key | {"kid": "k"}]}
    )
    asked = {
        "clientId": job.id,
        "userId": None,
        "grantType": "client_credentials",
        "authorizationServerId": None,
        "scopes": ["okta.users.read"],
    }

    before = preview(**asked)
    grant = {"scopeId": "okta.users.read", "issuer": lab.url}
    speaking.done(admin.post(f"/api/v1/apps/{job.id}/grants", json=grant))
    after = preview(**asked)

    assert before["error"]["error"] == "consent_required"
    assert after["accessToken"]["scp"] == ["okta.users.read"]


def test_the_org_server_takes_no_service_app_with_a_secret(
    admin: httpx.Client, preview: Preview
) -> None:
    job = speaking.register_app(admin, type="service")

    shown = preview(
        clientId=job.id,
        userId=None,
        grantType="client_credentials",
        authorizationServerId=None,
        scopes=["okta.users.read"],
    )

    assert shown["error"]["error"] == "invalid_client"
    assert "private_key_jwt" in shown["error"]["error_description"]


def test_consent_that_is_missing_is_named_beside_what_it_would_open(
    admin: httpx.Client, preview: Preview, cora: Person
) -> None:
    speaking.add_scope(admin, "photos", consent="REQUIRED", displayName="Photos")
    asking = speaking.register_app(admin, cora, consent_method="REQUIRED")

    shown = preview(clientId=asking.id, scopes=["openid", "photos"])

    assert shown["consentNeeded"] == ["photos"]
    assert shown["accessToken"]["scp"] == ["openid", "photos"]
    assert results(shown)["no consent is missing"] == "failed"
    assert shown["error"] is None


def test_a_claim_that_cannot_be_evaluated_is_shown_with_its_fault(
    admin: httpx.Client, preview: Preview
) -> None:
    speaking.add_claim(admin, "dept", "String.substring(user.login, 5, 1)")

    shown = preview()

    assert shown["error"]["error"] == "server_error"
    assert "'dept'" in shown["error"]["error_description"]
    assert shown["error"]["detail"]
    assert shown["decision"]["ruleName"] == "Default Policy Rule"


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"clientId": "0oaNobody"}, 404, "0oaNobody (Client)"),
        ({"userId": "00uNobody"}, 404, "00uNobody (User)"),
        ({"authorizationServerId": "ausNone"}, 404, "ausNone (AuthorizationServer)"),
        ({"grantType": "password"}, 400, "grantType"),
        ({"grantType": "client_credentials"}, 400, "userId"),
        ({"userId": None}, 400, "userId"),
        ({"clientId": None}, 400, "clientId"),
        ({"scopes": "openid"}, 400, "scopes"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_named(
    admin: httpx.Client,
    app: App,
    cora: Person,
    changes: dict[str, Any],
    status: int,
    named: str,
) -> None:
    body = {"clientId": app.id, "userId": cora.id, "grantType": "authorization_code"} | changes

    answer = admin.post(
        "/lab/preview", json={name: value for name, value in body.items() if value is not None}
    )

    assert answer.status_code == status
    assert named in answer.json()["errorSummary"]


def test_an_inactive_client_or_server_is_named(admin: httpx.Client, app: App, cora: Person) -> None:
    body = {"clientId": app.id, "userId": cora.id, "grantType": "authorization_code"}
    server = speaking.add_server(admin, "Off")
    admin.post(f"/api/v1/authorizationServers/{server}/lifecycle/deactivate")

    off = admin.post("/lab/preview", json=body | {"authorizationServerId": server})
    admin.post(f"/api/v1/apps/{app.id}/lifecycle/deactivate")
    gone = admin.post("/lab/preview", json=body)

    assert (off.status_code, gone.status_code) == (400, 400)
    assert "inactive" in off.json()["errorCauses"][0]["errorSummary"]
    assert "inactive" in gone.json()["errorCauses"][0]["errorSummary"]


def test_a_preview_is_for_super_admins(http: httpx.Client) -> None:
    assert http.post("/lab/preview", json={}).status_code == 401


def test_nothing_is_stored_signed_or_logged_as_a_token(
    tmp_path: Path, make_key: Callable[[], RSAKey]
) -> None:
    def counts() -> dict[str, int]:
        database = sqlite3.connect(tmp_path / "lab.db")
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        found = {
            name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for (name,) in names
            if name != "log_events"
        }
        found["changes"] = database.execute("SELECT changes FROM orgs").fetchone()[0]
        database.close()
        return dict(found)

    with running(tmp_path, make_key) as server:
        headers = {"Authorization": f"SSWS {server.token}"}
        with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as admin:
            person = speaking.find_person(admin)
            app = speaking.register_app(admin, person)
            body = {"clientId": app.id, "userId": person.id, "grantType": "authorization_code"}
            before = counts()

            shown = admin.post("/lab/preview", json=body | {"scopes": ["openid"]})

            assert counts() == before
            events = admin.get("/api/v1/logs", params={"limit": 1000}).json()
    assert shown.json()["accessToken"]["scp"] == ["openid"]
    assert re.search(r"ey[\w-]+\.ey", shown.text) is None
    assert [event for event in events if "token.grant" in event["eventType"]] == []
