"""API service integrations: made in one org, installed in another, and what they may then do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import (
    App,
    add_scope,
    assert_refused,
    call,
    claims_of,
    custom_server,
    done,
    events_of,
    introspect,
    move_clock,
    org_server,
    register_app,
)

MAKING = "/lab/integrations"
SERVICES = "/integrations/api/v1/api-services"
SCOPES = ["okta.users.read", "okta.groups.manage"]


def declared(type: str = "log_reader", **changes: Any) -> dict[str, Any]:
    """The document of an integration."""
    return {
        "type": type,
        "name": "Log Reader",
        "description": "Reads who is there",
        "configGuideUrl": "https://partner.example/guide",
        "scopes": SCOPES,
    } | changes


def unique(name: str, lab: Lab) -> str:
    """A type that no other test's org declares: the catalogue is everybody's."""
    return f"{name}_{lab.slug.replace('-', '_')}"


@dataclass(frozen=True)
class Customer:
    """Another org, which installs what the first one makes."""

    lab: Lab
    admin: httpx.Client
    http: httpx.Client


@pytest.fixture
def customer(new_lab: Callable[[], Lab]) -> Iterator[Customer]:
    """The customer's org."""
    lab = new_lab()
    headers = {"Authorization": f"SSWS {lab.token}"}
    with (
        httpx.Client(base_url=lab.url, headers=headers, trust_env=False) as admin,
        httpx.Client(base_url=lab.url, trust_env=False) as http,
    ):
        yield Customer(lab, admin, http)


@pytest.fixture
def declaration(admin: httpx.Client, lab: Lab) -> dict[str, Any]:
    """An integration that the maker's org has published."""
    body = declared(unique("log_reader", lab))
    document: dict[str, Any] = done(admin.post(MAKING, json=body))
    return document


def install(admin: httpx.Client, type: str, scopes: list[str] = SCOPES) -> httpx.Response:
    """The answer to installing."""
    return admin.post(SERVICES, json={"type": type, "grantedScopes": scopes})


@pytest.fixture
def installed(customer: Customer, declaration: dict[str, Any]) -> dict[str, Any]:
    """The integration in the customer's org, its secret with it."""
    document: dict[str, Any] = done(install(customer.admin, declaration["type"]))
    return document


@pytest.fixture
def client(installed: dict[str, Any]) -> App:
    """The partner's client at the customer's org."""
    return App(installed["id"], installed["clientSecret"], "client_secret_basic", "Log Reader")


def ask(customer: Customer, client: App, scope: str | None) -> httpx.Response:
    """The answer of the customer's org server to the partner."""
    issuer = org_server(customer.lab.url)
    return call(
        customer.http, issuer, "token", client, grant_type="client_credentials", scope=scope
    )


def token_of(customer: Customer, client: App, *scopes: str) -> str:
    """An access token of the partner's."""
    answer = done(ask(customer, client, " ".join(scopes or SCOPES)))
    value: str = answer["access_token"]
    return value


def bearing(token: str) -> dict[str, str]:
    """The header of a call with this token."""
    return {"Authorization": f"Bearer {token}"}


# The maker's side


def test_what_an_org_declares_is_in_its_list(admin: httpx.Client, lab: Lab) -> None:
    answer = admin.post(MAKING, json=declared(unique("log_reader", lab)))

    document = answer.json()
    assert answer.status_code == 201
    assert document["id"].startswith("oin")
    assert (document["own"], document["published"]) == (True, True)
    assert document["scopes"] == SCOPES
    assert admin.get(f"{MAKING}/{document['id']}").json() == document
    assert document in admin.get(MAKING).json()


def test_the_catalogue_shows_other_orgs_what_was_declared_and_nothing_else(
    customer: Customer, declaration: dict[str, Any], lab: Lab
) -> None:
    listed = customer.admin.get(MAKING)

    (found,) = [each for each in listed.json() if each["type"] == declaration["type"]]
    assert found == {
        "type": declaration["type"],
        "name": "Log Reader",
        "description": "Reads who is there",
        "configGuideUrl": "https://partner.example/guide",
        "scopes": SCOPES,
        "own": False,
        "published": True,
    }
    for secret in (declaration["id"], lab.id, lab.url):
        assert secret not in listed.text


def test_a_declaration_opens_to_its_maker_alone(
    customer: Customer, declaration: dict[str, Any], admin: httpx.Client
) -> None:
    path = f"{MAKING}/{declaration['id']}"

    for answer in (
        customer.admin.get(path),
        customer.admin.put(path, json=declaration),
        customer.admin.delete(path),
    ):
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000007")
    assert admin.get(path).json() == declaration


def test_a_draft_is_seen_and_tested_by_its_maker_alone(
    admin: httpx.Client, customer: Customer, lab: Lab
) -> None:
    body = declared(unique("draft", lab), published=False)
    draft = done(admin.post(MAKING, json=body))

    seen = [each["type"] for each in customer.admin.get(MAKING).json()]
    elsewhere = install(customer.admin, body["type"])
    at_home = install(admin, body["type"])
    done(admin.put(f"{MAKING}/{draft['id']}", json=body | {"published": True}))
    published = install(customer.admin, body["type"])

    assert body["type"] not in seen
    assert (elsewhere.status_code, at_home.status_code, published.status_code) == (400, 201, 201)


def test_a_type_is_published_once(
    admin: httpx.Client, customer: Customer, declaration: dict[str, Any], lab: Lab
) -> None:
    draft = declared(unique("both", lab), published=False)
    mine = done(admin.post(MAKING, json=draft))
    done(customer.admin.post(MAKING, json=draft | {"published": True}))

    again = admin.post(MAKING, json=declared(declaration["type"]))
    taken = customer.admin.post(MAKING, json=declared(declaration["type"]))
    late = admin.put(f"{MAKING}/{mine['id']}", json=draft | {"published": True})

    for answer in (again, taken, late):
        assert answer.status_code == 400
        assert answer.json()["errorCauses"][0]["errorSummary"].startswith("type: ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "Log Reader"}, "type"),
        ({"type": ""}, "type"),
        ({"name": ""}, "name"),
        ({"configGuideUrl": "javascript:alert(1)"}, "configGuideUrl"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["users.read"]}, "scopes"),
        ({"scopes": ["okta.users.read", "openid"]}, "scopes"),
        ({"scopes": ["okta.users.read.self"]}, "scopes"),
        ({"scopes": "okta.users.read"}, "scopes"),
    ],
)
def test_each_wrong_field_of_a_declaration_is_named(
    admin: httpx.Client, change: dict[str, Any], field: str
) -> None:
    answer = admin.post(MAKING, json=declared() | change)

    assert answer.status_code == 400
    assert answer.json()["errorCauses"][0]["errorSummary"].startswith(f"{field}: ")


def test_who_installed_it_keeps_what_they_agreed_to(
    admin: httpx.Client,
    customer: Customer,
    declaration: dict[str, Any],
    installed: dict[str, Any],
    client: App,
) -> None:
    path = f"{MAKING}/{declaration['id']}"
    changed = declared(declaration["type"], name="Greedy", scopes=["okta.apps.manage"])
    done(admin.put(path, json=changed))

    kept = done(customer.admin.get(f"{SERVICES}/{installed['id']}"))
    greedy = ask(customer, client, "okta.apps.manage")
    done(admin.delete(path))

    assert (kept["name"], kept["grantedScopes"]) == ("Log Reader", SCOPES)
    assert_refused(greedy, "consent_required")
    assert token_of(customer, client)
    assert install(admin, declaration["type"]).status_code == 400


def test_the_catalogue_is_for_super_admins(customer: Customer) -> None:
    person = done(customer.admin.get("/api/v1/users/cora"))["id"]
    body = {"name": "Cora's", "userId": person}
    token = done(customer.admin.post("/api/v1/api-tokens", json=body))["token"]
    headers = {"Authorization": f"SSWS {token}"}

    for method, path in (("GET", MAKING), ("POST", MAKING), ("GET", SERVICES), ("POST", SERVICES)):
        answer = customer.http.request(method, path, headers=headers, json={})

        assert (answer.status_code, answer.json()["errorCode"]) == (403, "E0000006")


# Installing


def test_installing_makes_a_client_of_the_orgs_own(
    customer: Customer, declaration: dict[str, Any], installed: dict[str, Any]
) -> None:
    me = done(customer.admin.get("/api/v1/users/me"))["id"]
    path = f"{SERVICES}/{installed['id']}"

    shown = customer.admin.get(path)

    assert installed["id"].startswith("0oa")
    assert len(installed["clientSecret"]) >= 40
    assert (installed["type"], installed["name"]) == (declaration["type"], "Log Reader")
    assert installed["grantedScopes"] == SCOPES
    assert installed["configGuideUrl"] == "https://partner.example/guide"
    assert installed["createdBy"] == me
    assert installed["_links"]["self"]["href"] == f"{customer.lab.url}{path}"
    without = {name: value for name, value in installed.items() if name != "clientSecret"}
    assert shown.json() == without
    assert customer.admin.get(SERVICES).json() == [without]


def test_two_orgs_have_a_client_each(
    admin: httpx.Client, installed: dict[str, Any], declaration: dict[str, Any], http: httpx.Client
) -> None:
    at_home = done(install(admin, declaration["type"]))
    stranger = App(installed["id"], installed["clientSecret"], "client_secret_basic", "")

    answer = call(
        http,
        org_server(str(http.base_url).rstrip("/")),
        "token",
        stranger,
        grant_type="client_credentials",
        scope=SCOPES[0],
    )

    assert at_home["id"] != installed["id"]
    assert at_home["clientSecret"] != installed["clientSecret"]
    assert_refused(answer, "invalid_client", status=401)


@pytest.mark.parametrize(
    "scopes", [SCOPES[:1], [*SCOPES, "okta.apps.read"], ["okta.apps.read"], []]
)
def test_the_scopes_are_the_declared_ones_or_it_is_not_installed(
    customer: Customer, declaration: dict[str, Any], scopes: list[str]
) -> None:
    answer = install(customer.admin, declaration["type"], scopes)

    assert answer.status_code == 400
    assert answer.json()["errorCauses"][0]["errorSummary"].startswith("grantedScopes: ")
    assert customer.admin.get(SERVICES).json() == []


def test_what_is_not_in_the_catalogue_or_there_already_is_not_installed(
    customer: Customer, declaration: dict[str, Any], installed: dict[str, Any]
) -> None:
    for type in ("nothing_of_the_kind", declaration["type"]):
        answer = install(customer.admin, type)

        assert answer.status_code == 400
        assert answer.json()["errorCauses"][0]["errorSummary"].startswith("type: ")


def test_an_integration_is_no_app_that_somebody_could_edit(
    customer: Customer, installed: dict[str, Any]
) -> None:
    issuer = customer.lab.url

    grant = customer.admin.post(
        f"/api/v1/apps/{installed['id']}/grants",
        json={"scopeId": "okta.apps.manage", "issuer": issuer},
    )
    read = customer.admin.get(f"/api/v1/apps/{installed['id']}")
    listed = {app["id"] for app in customer.admin.get("/api/v1/apps").json()}

    assert (grant.status_code, read.status_code) == (404, 404)
    assert installed["id"] not in listed


def test_its_client_can_be_read_in_the_words_of_registration_and_not_changed(
    customer: Customer, installed: dict[str, Any]
) -> None:
    url = installed["_links"]["client"]["href"]

    read = customer.admin.get(url)

    shown = read.json()
    assert read.status_code == 200
    assert (shown["client_id"], shown["client_name"]) == (installed["id"], "Log Reader")
    assert shown["token_endpoint_auth_method"] == "client_secret_basic"
    assert installed["clientSecret"] not in read.text
    for answer in (
        customer.admin.put(url, json=shown),
        customer.admin.post(f"{url}/lifecycle/newSecret"),
        customer.admin.delete(url),
    ):
        assert answer.status_code == 404


# Its tokens


def test_the_org_server_takes_its_secret_and_gives_what_was_declared(
    customer: Customer, client: App
) -> None:
    answer = done(ask(customer, client, " ".join(SCOPES)))

    claims = claims_of(answer["access_token"])
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert answer["scope"] == " ".join(SCOPES)
    assert (claims["cid"], claims["sub"], claims["scp"]) == (client.id, client.id, SCOPES)
    assert "uid" not in claims


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        ("okta.nothing.read", "invalid_scope"),
        ("orders:read", "invalid_scope"),
        ("openid", "invalid_scope"),
        (None, "invalid_scope"),
        ("okta.apps.read", "consent_required"),
        ("okta.users.manage", "consent_required"),
        ("okta.users.read okta.apps.read", "invalid_scope"),
    ],
)
def test_other_scopes_are_refused(
    customer: Customer, client: App, scope: str | None, error: str
) -> None:
    add_scope(customer.admin, "orders:read")

    assert_refused(ask(customer, client, scope), error)


def test_a_wrong_secret_is_refused(customer: Customer, client: App) -> None:
    answer = ask(customer, App(client.id, "wrong", client.auth, ""), SCOPES[0])

    assert_refused(
        answer,
        "invalid_client",
        "The client secret supplied for a confidential client is invalid.",
        401,
    )


def test_a_custom_server_gives_it_nothing(customer: Customer, client: App) -> None:
    add_scope(customer.admin, "orders:read")
    issuer = custom_server(customer.lab.url)

    answer = call(
        customer.http, issuer, "token", client, grant_type="client_credentials", scope="orders:read"
    )

    assert_refused(answer, "unauthorized_client")


def test_an_app_with_a_secret_is_still_refused_at_the_org_server(
    customer: Customer, installed: dict[str, Any]
) -> None:
    job = register_app(customer.admin, type="service")

    assert_refused(ask(customer, job, SCOPES[0]), "invalid_client", status=401)


def test_its_token_opens_what_was_declared_without_any_role(
    customer: Customer, client: App
) -> None:
    headers = bearing(token_of(customer, client))

    people = customer.http.get("/api/v1/users", headers=headers)
    body = {"profile": {"name": "Made by a partner"}}
    made = customer.http.post("/api/v1/groups", headers=headers, json=body)

    assert people.status_code == 200
    assert len(people.json()) > 3
    assert made.status_code == 200
    (event,) = events_of(customer.admin, made)
    assert (event["actor"]["id"], event["actor"]["type"]) == (client.id, "PublicClientApp")


def test_its_token_opens_nothing_else(customer: Customer, client: App) -> None:
    wide, narrow = token_of(customer, client), token_of(customer, client, "okta.users.read")

    for token, method, path in (
        (wide, "GET", "/api/v1/apps"),
        (wide, "POST", "/api/v1/users"),
        (wide, "GET", SERVICES),
        (wide, "GET", MAKING),
        (wide, "POST", "/api/v1/api-tokens"),
        (narrow, "GET", "/api/v1/groups"),
        (narrow, "POST", "/api/v1/groups"),
    ):
        answer = customer.http.request(method, path, headers=bearing(token), json={})

        assert (answer.status_code, answer.json()["errorCode"]) == (403, "E0000006")


def test_its_token_is_worth_nothing_in_another_org(
    customer: Customer, client: App, http: httpx.Client
) -> None:
    answer = http.get("/api/v1/users", headers=bearing(token_of(customer, client)))

    assert (answer.status_code, answer.json()["errorCode"]) == (401, "E0000011")


def test_its_token_ends_after_an_hour(customer: Customer, client: App) -> None:
    headers = bearing(token_of(customer, client))
    move_clock(customer.admin, 3601)

    assert customer.http.get("/api/v1/users", headers=headers).status_code == 401


def test_removing_it_ends_its_client_and_its_tokens(
    customer: Customer, client: App, installed: dict[str, Any], declaration: dict[str, Any]
) -> None:
    token = token_of(customer, client)
    issuer = org_server(customer.lab.url)
    alive = introspect(customer.http, issuer, client, token)
    path = f"{SERVICES}/{installed['id']}"

    answer = customer.admin.delete(path)

    assert alive["active"]
    assert (answer.status_code, answer.content) == (204, b"")
    assert customer.admin.get(path).status_code == 404
    assert customer.http.get("/api/v1/users", headers=bearing(token)).status_code == 401
    assert_refused(ask(customer, client, SCOPES[0]), "invalid_client", status=401)
    anew = done(install(customer.admin, declaration["type"]))
    assert anew["id"] != installed["id"]
    assert customer.http.get("/api/v1/users", headers=bearing(token)).status_code == 401


# Its secrets


def secrets_of(customer: Customer, installed: dict[str, Any]) -> list[dict[str, Any]]:
    """The secrets as they are listed."""
    path = f"{SERVICES}/{installed['id']}/credentials/secrets"
    found: list[dict[str, Any]] = done(customer.admin.get(path))
    return found


def test_a_listed_secret_is_masked(customer: Customer, installed: dict[str, Any]) -> None:
    (secret,) = secrets_of(customer, installed)

    assert secret["id"].startswith("ocs")
    assert secret["client_secret"] == f"***{installed['clientSecret'][-4:]}"
    assert secret["status"] == "ACTIVE"
    assert len(secret["secret_hash"]) == 22
    assert {"created", "lastUpdated"} <= secret.keys()
    assert "deactivate" in secret["_links"]


def test_a_secret_is_replaced_without_a_moment_between(
    customer: Customer, installed: dict[str, Any], client: App
) -> None:
    path = f"{SERVICES}/{installed['id']}/credentials/secrets"
    (old,) = secrets_of(customer, installed)

    made = customer.admin.post(path)
    renewed = App(client.id, made.json()["client_secret"], client.auth, "")
    both = [ask(customer, each, SCOPES[0]).status_code for each in (client, renewed)]
    off = customer.admin.post(f"{path}/{old['id']}/lifecycle/deactivate")
    then = [ask(customer, each, SCOPES[0]).status_code for each in (client, renewed)]
    gone = customer.admin.delete(f"{path}/{old['id']}")

    assert (made.status_code, made.json()["status"]) == (201, "ACTIVE")
    assert both == [200, 200]
    assert (off.status_code, off.json()["status"]) == (200, "INACTIVE")
    assert off.json()["client_secret"].startswith("***")
    assert {"activate", "delete"} <= off.json()["_links"].keys()
    assert then == [401, 200]
    assert gone.status_code == 204
    assert [each["id"] for each in secrets_of(customer, installed)] == [made.json()["id"]]


def test_a_secret_can_be_activated_again(
    customer: Customer, installed: dict[str, Any], client: App
) -> None:
    path = f"{SERVICES}/{installed['id']}/credentials/secrets"
    (old,) = secrets_of(customer, installed)
    done(customer.admin.post(path))
    done(customer.admin.post(f"{path}/{old['id']}/lifecycle/deactivate"))

    on = customer.admin.post(f"{path}/{old['id']}/lifecycle/activate")

    assert (on.status_code, on.json()["status"]) == (200, "ACTIVE")
    assert ask(customer, client, SCOPES[0]).status_code == 200


def test_two_secrets_are_the_most_and_one_active_is_the_least(
    customer: Customer, installed: dict[str, Any]
) -> None:
    path = f"{SERVICES}/{installed['id']}/credentials/secrets"
    (only,) = secrets_of(customer, installed)

    last = customer.admin.post(f"{path}/{only['id']}/lifecycle/deactivate")
    active = customer.admin.delete(f"{path}/{only['id']}")
    second, third = customer.admin.post(path), customer.admin.post(path)

    for answer in (last, active):
        assert (answer.status_code, answer.json()["errorCode"]) == (403, "E0000107")
    assert (second.status_code, third.status_code) == (201, 400)
    assert len(secrets_of(customer, installed)) == 2


def test_a_secret_of_another_integration_is_not_found(
    customer: Customer, installed: dict[str, Any], admin: httpx.Client, lab: Lab
) -> None:
    other = declared(unique("other", lab))
    done(admin.post(MAKING, json=other))
    theirs = done(install(customer.admin, other["type"]))
    (secret,) = secrets_of(customer, theirs)
    path = f"{SERVICES}/{installed['id']}/credentials/secrets/{secret['id']}"

    for answer in (
        customer.admin.delete(path),
        customer.admin.post(f"{path}/lifecycle/deactivate"),
    ):
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000007")


def test_no_secret_is_in_the_log(customer: Customer, installed: dict[str, Any]) -> None:
    log = customer.admin.get("/api/v1/logs", params={"limit": "1000"})

    assert log.status_code == 200
    assert installed["clientSecret"] not in log.text
