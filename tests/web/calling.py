"""Callers of the management API in the tests: people and service apps, with tokens of all kinds."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import speaking
from tests.speaking import App, Person, done, org_server, register_app, tokens_for

USERS = "/api/v1/users"


@cache
def private_key() -> rsa.RSAPrivateKey:
    """The key of the service apps; making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def lab_url(client: httpx.Client) -> str:
    """The org's URL."""
    return str(client.base_url).rstrip("/")


def grant(admin: httpx.Client, app: App, *scopes: str) -> None:
    """The app may ask the org server for these scopes."""
    for scope in scopes:
        body = {"scopeId": scope, "issuer": lab_url(admin)}
        done(admin.post(f"/api/v1/apps/{app.id}/grants", json=body))


def service(admin: httpx.Client, *scopes: str, role: str | None = None) -> App:
    """A service app with a key, these scopes granted to it, and this role."""
    app = register_app(admin, type="service", auth="private_key_jwt", key=private_key())
    grant(admin, app, *scopes)
    if role is not None:
        done(admin.post(f"/oauth2/v1/clients/{app.id}/roles", json={"type": role}))
    return app


def ask(http: httpx.Client, app: App, scope: str) -> httpx.Response:
    """The answer to the service app's request for a token of the org server."""
    issuer = org_server(lab_url(http))
    return speaking.call(http, issuer, "token", app, grant_type="client_credentials", scope=scope)


def service_token(admin: httpx.Client, http: httpx.Client, scope: str, role: str | None) -> str:
    """An access token of a service app with this role, for these scopes."""
    app = service(admin, *scope.split(), role=role)
    return str(done(ask(http, app, scope))["access_token"])


def user_token(admin: httpx.Client, http: httpx.Client, person: Person, scope: str) -> str:
    """An access token of a person, by the code flow at the org server."""
    app = register_app(admin, person)
    grant(admin, app, *(name for name in scope.split() if name.startswith("okta.")))
    return str(tokens_for(http, org_server(lab_url(http)), app, person, scope)["access_token"])


def api_token(admin: httpx.Client, person: Person) -> str:
    """An API token of a person."""
    body = {"name": person.login, "userId": person.id}
    return str(done(admin.post("/api/v1/api-tokens", json=body))["token"])


def bearing(
    http: httpx.Client, token: str, method: str, path: str, body: Any = None, **more: Any
) -> httpx.Response:
    """The answer to a call with an access token."""
    return http.request(
        method, path, headers={"Authorization": f"Bearer {token}"}, json=body, **more
    )


def with_api_token(
    http: httpx.Client, token: str, method: str, path: str, body: Any = None, **more: Any
) -> httpx.Response:
    """The answer to a call with an API token."""
    return http.request(method, path, headers={"Authorization": f"SSWS {token}"}, json=body, **more)


def assign_role(admin: httpx.Client, person: Person, role: str) -> str:
    """The id of the role that the person has from now on."""
    made = done(admin.post(f"{USERS}/{person.id}/roles", json={"type": role}))
    return str(made["id"])


def group_named(admin: httpx.Client, name: str) -> str:
    """The id of a group."""
    (found,) = done(admin.get("/api/v1/groups", params={"q": name}))
    return str(found["id"])


def assert_api_refused(answer: httpx.Response, status: int, code: str) -> None:
    """The answer is this error, in the management API's form."""
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code), answer.text
    assert set(answer.json()) == {
        "errorCode",
        "errorSummary",
        "errorLink",
        "errorId",
        "errorCauses",
    }


def assert_lacks_scope(answer: httpx.Response, scope: str) -> None:
    """The access token lacks the scope: a challenge names it."""
    assert_api_refused(answer, 403, "E0000006")
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{scope}"' in challenge


def assert_lacks_role(answer: httpx.Response) -> None:
    """The caller lacks the permission: the same error, without any challenge."""
    assert_api_refused(answer, 403, "E0000006")
    assert "WWW-Authenticate" not in answer.headers
