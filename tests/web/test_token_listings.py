"""Refresh tokens, clients and consents as administrators see and end them, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import (
    App,
    Issuer,
    Person,
    add_policy,
    add_rule,
    add_scope,
    add_server,
    answer_consent,
    assert_refused,
    authorize,
    call,
    custom_server,
    done,
    exchange_code,
    find_person,
    introspect,
    move_clock,
    org_server,
    refresh,
    register_app,
    tokens_for,
)

DEFAULT = "/api/v1/authorizationServers/default"
SCOPE = "openid offline_access"


@pytest.fixture
def custom(lab: Lab) -> Issuer:
    return custom_server(lab.url)


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


@pytest.fixture
def tom(admin: httpx.Client) -> Person:
    return find_person(admin, "tom")


@pytest.fixture
def shop(admin: httpx.Client, cora: Person, tom: Person) -> App:
    """A web app that Cora and Tom may use."""
    return register_app(admin, cora, tom, label="Shop")


def places(app: App, person: Person) -> dict[str, str]:
    """Where the app's refresh tokens of the person at `default` are listed."""
    return {
        "server": f"{DEFAULT}/clients/{app.id}/tokens",
        "app": f"/api/v1/apps/{app.id}/tokens",
        "user": f"/api/v1/users/{person.id}/clients/{app.id}/tokens",
    }


def ids(admin: httpx.Client, path: str) -> list[str]:
    """The ids in a list."""
    return [each["id"] for each in done(admin.get(path))]


@pytest.mark.parametrize("place", ["server", "app", "user"])
def test_a_refresh_token_is_shown_as_documented_and_not_its_value(
    admin: httpx.Client, http: httpx.Client, lab: Lab, custom: Issuer, shop: App, cora: Person,
    place: str,
) -> None:  # fmt: skip
    value = tokens_for(http, custom, shop, cora, SCOPE)["refresh_token"]
    path = places(shop, cora)[place]

    answer = admin.get(path)

    (token,) = answer.json()
    assert token["id"].startswith("oar")
    assert token["status"] == "ACTIVE"
    assert token["issuer"] == custom.url
    assert (token["clientId"], token["userId"]) == (shop.id, cora.id)
    assert token["scopes"] == ["openid", "offline_access"]
    assert token["created"] < token["expiresAt"]
    assert set(token["_links"]) == {
        *("app", "self", "revoke", "client", "user", "authorizationServer"),
    }
    assert token["_links"]["self"]["href"] == f"{lab.url}{path}/{token['id']}"
    assert token["_links"]["revoke"]["hints"]["allow"] == ["DELETE"]
    for name in ("app", "client", "user", "authorizationServer", "self"):
        assert admin.get(token["_links"][name]["href"]).status_code == 200
    assert admin.get(f"{path}/{token['id']}").json() == token
    assert value not in answer.text


def test_scopes_are_told_in_full_when_asked_for(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person
) -> None:
    tokens_for(http, custom, shop, cora, SCOPE)
    path = places(shop, cora)["server"]

    plain = admin.get(path).json()[0]
    expanded = admin.get(path, params={"expand": "scope"}).json()[0]
    unknown = admin.get(path, params={"expand": "magic"})

    assert "_embedded" not in plain
    names = [scope["name"] for scope in expanded["_embedded"]["scopes"]]
    assert names == ["openid", "offline_access"]
    assert all(scope["id"].startswith("scp") for scope in expanded["_embedded"]["scopes"])
    assert unknown.status_code == 400


def test_only_what_holds_a_refresh_token_is_listed(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person
) -> None:
    tokens_for(http, custom, shop, cora, "openid")

    lists = [ids(admin, path) for path in places(shop, cora).values()]

    assert lists == [[], [], []]
    assert done(admin.get(f"{DEFAULT}/clients")) == []
    assert done(admin.get(f"/api/v1/users/{cora.id}/clients")) == []


@pytest.mark.parametrize("place", ["server", "app", "user"])
def test_one_refresh_token_is_ended_at_once_with_its_access_token_and_no_other_one(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person, place: str
) -> None:
    first = tokens_for(http, custom, shop, cora, SCOPE)
    second = tokens_for(http, custom, shop, cora, SCOPE)
    path = places(shop, cora)[place]
    wanted = ids(admin, path)[0]

    answer = admin.delete(f"{path}/{wanted}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert_refused(refresh(http, custom, shop, first["refresh_token"]), "invalid_grant")
    assert introspect(http, custom, shop, first["access_token"]) == {"active": False}
    assert introspect(http, custom, shop, first["refresh_token"]) == {"active": False}
    assert introspect(http, custom, shop, second["access_token"])["active"] is True
    assert len(ids(admin, path)) == 1
    again = admin.delete(f"{path}/{wanted}")
    assert (again.status_code, again.json()["errorCode"]) == (404, "E0000007")


@pytest.mark.parametrize(
    ("place", "left"), [("server", {"tom", "org"}), ("app", set()), ("user", {"tom"})]
)
def test_all_refresh_tokens_of_a_place_end_and_those_elsewhere_live(
    admin: httpx.Client, http: httpx.Client, lab: Lab, custom: Issuer, shop: App, cora: Person,
    tom: Person, place: str, left: set[str],
) -> None:  # fmt: skip
    org = org_server(lab.url)
    held = {
        "cora": (custom, tokens_for(http, custom, shop, cora, SCOPE)["refresh_token"]),
        "tom": (custom, tokens_for(http, custom, shop, tom, SCOPE)["refresh_token"]),
        "org": (org, tokens_for(http, org, shop, cora, SCOPE)["refresh_token"]),
    }
    if place == "server":
        left = left - {"tom"}  # Tom's is at this server too.

    answer = admin.delete(places(shop, cora)[place])

    alive = {
        name
        for name, (issuer, value) in held.items()
        if introspect(http, issuer, shop, value)["active"]
    }
    assert answer.status_code == 204
    assert alive == left


def test_lists_are_paged_by_link_and_show_each_token_once(
    admin: httpx.Client, http: httpx.Client, lab: Lab, custom: Issuer, shop: App, cora: Person
) -> None:
    for issuer in (custom, org_server(lab.url), custom, org_server(lab.url), custom):
        tokens_for(http, issuer, shop, cora, SCOPE)
    path = places(shop, cora)["app"]

    seen: list[str] = []
    page = admin.get(path, params={"limit": 2, "expand": "scope"})
    while True:
        seen += [token["id"] for token in page.json()]
        if "next" not in page.links:
            break
        assert "expand=scope" in page.links["next"]["url"]
        page = admin.get(page.links["next"]["url"])

    assert len(seen) == len(set(seen)) == 5
    bad = admin.get(path, params={"after": "nobody"})
    assert (bad.status_code, bad.json()["errorCode"]) == (400, "E0000029")


def test_a_token_is_found_in_its_own_place_only(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person, tom: Person
) -> None:
    tokens_for(http, custom, shop, cora, SCOPE)
    token = ids(admin, places(shop, cora)["app"])[0]
    other = register_app(admin, cora)

    answers = [
        admin.get(f"{places(shop, tom)['user']}/{token}"),
        admin.get(f"{places(other, cora)['app']}/{token}"),
        admin.delete(f"{places(other, cora)['server']}/{token}"),
        admin.get(f"{DEFAULT}/clients/0oaNobody/tokens"),
        admin.get("/api/v1/authorizationServers/ausNobody/clients"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5


def test_a_token_that_has_run_out_is_listed_no_more(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person
) -> None:
    tokens_for(http, custom, shop, cora, SCOPE)
    path = places(shop, cora)["server"]
    assert len(ids(admin, path)) == 1

    move_clock(admin, 8 * 24 * 3600)

    assert ids(admin, path) == []
    assert done(admin.get(f"{DEFAULT}/clients")) == []


def test_the_clients_of_a_server_are_those_that_hold_refresh_tokens_from_it(
    admin: httpx.Client, http: httpx.Client, lab: Lab, custom: Issuer, shop: App, cora: Person
) -> None:
    other = register_app(admin, cora, label="Other")
    elsewhere = register_app(admin, cora, label="Elsewhere")
    tokens_for(http, custom, shop, cora, SCOPE)
    tokens_for(http, custom, other, cora, SCOPE)
    tokens_for(http, org_server(lab.url), elsewhere, cora, SCOPE)

    first = admin.get(f"{DEFAULT}/clients", params={"limit": 1})
    second = admin.get(first.links["next"]["url"])

    found = first.json() + second.json()
    assert [client["client_name"] for client in found] == ["Shop", "Other"]
    assert "next" not in second.links
    assert set(found[0]) == {"client_id", "client_name", "client_uri", "logo_uri", "_links"}
    assert len(done(admin.get(found[0]["_links"]["tokens"]["href"]))) == 1
    assert done(admin.get(found[0]["_links"]["client"]["href"]))["client_id"] == shop.id


def test_the_clients_of_a_person_are_those_with_tokens_or_consents(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person, tom: Person
) -> None:
    tokens_for(http, custom, shop, cora, SCOPE)

    clients = done(admin.get(f"/api/v1/users/{cora.id}/clients"))

    assert [client["client_id"] for client in clients] == [shop.id]
    assert len(done(admin.get(clients[0]["_links"]["tokens"]["href"]))) == 1
    assert done(admin.get(clients[0]["_links"]["grants"]["href"])) == []
    assert done(admin.get(f"/api/v1/users/{tom.id}/clients")) == []


def test_the_clients_of_a_person_are_paged_by_link(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person
) -> None:
    other = register_app(admin, cora, label="Other")
    for app in (shop, other):
        tokens_for(http, custom, app, cora, SCOPE)
    path = f"/api/v1/users/{cora.id}/clients"

    first = admin.get(path, params={"limit": 1})
    second = admin.get(first.links["next"]["url"])

    assert [each["client_id"] for each in first.json() + second.json()] == [shop.id, other.id]
    assert "next" not in second.links
    assert admin.get(path, params={"after": "nobody"}).json()["errorCode"] == "E0000029"


# Consents


@pytest.fixture
def asking(admin: httpx.Client, cora: Person) -> App:
    """An app that asks for consent."""
    add_scope(admin, "orders:read", consent="REQUIRED")
    add_scope(admin, "orders:write", consent="REQUIRED")
    return register_app(admin, cora, label="Asking", consent_method="REQUIRED")


def agree(http: httpx.Client, custom: Issuer, app: App, person: Person, scope: str) -> None:
    """The person says yes on the consent page."""
    asked = authorize(http, custom, app, person, scope=scope).response
    answer = answer_consent(http, asked, "allow", *scope.split())
    assert "code=" in answer.headers["Location"]


def asks(http: httpx.Client, custom: Issuer, app: App, person: Person, scope: str) -> bool:
    """Whether the person is asked, or goes straight through."""
    answer = authorize(http, custom, app, person, scope=scope).response
    return "code=" not in answer.headers["Location"]


def test_a_consent_is_a_grant_of_the_person(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, asking: App, cora: Person
) -> None:
    agree(http, custom, asking, cora, "openid orders:read")

    (grant,) = done(admin.get(f"/api/v1/users/{cora.id}/grants"))

    scopes = done(admin.get(f"{DEFAULT}/scopes", params={"q": "orders:read"}))
    assert grant["id"].startswith("oag")
    assert (grant["status"], grant["source"]) == ("ACTIVE", "END_USER")
    assert (grant["clientId"], grant["userId"]) == (asking.id, cora.id)
    assert grant["issuer"] == custom.url
    assert grant["scopeId"] == scopes[0]["id"]
    for name in ("self", "client", "user", "authorizationServer", "app", "scope"):
        assert admin.get(grant["_links"][name]["href"]).status_code == 200
    below = f"/api/v1/users/{cora.id}/clients/{asking.id}/grants"
    assert done(admin.get(below)) == [grant]
    assert done(admin.get(f"/api/v1/users/{cora.id}/grants/{grant['id']}")) == grant
    expanded = done(admin.get(below, params={"expand": "scope"}))[0]
    assert expanded["_embedded"]["scope"]["name"] == "orders:read"


@pytest.mark.parametrize("how", ["one", "client", "all"])
def test_a_consent_that_is_taken_back_is_asked_for_again(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, asking: App, cora: Person, how: str
) -> None:
    agree(http, custom, asking, cora, "openid orders:read")
    path = f"/api/v1/users/{cora.id}/grants"
    before = asks(http, custom, asking, cora, "openid orders:read")
    where = {
        "one": f"{path}/{ids(admin, path)[0]}",
        "client": f"/api/v1/users/{cora.id}/clients/{asking.id}/grants",
        "all": path,
    }[how]

    answer = admin.delete(where)

    assert (answer.status_code, answer.content) == (204, b"")
    assert before is False
    assert asks(http, custom, asking, cora, "openid orders:read") is True
    assert ids(admin, path) == []


def test_taking_one_consent_back_leaves_the_others(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, asking: App, cora: Person
) -> None:
    agree(http, custom, asking, cora, "openid orders:read orders:write")
    path = f"/api/v1/users/{cora.id}/grants"
    grants = done(admin.get(path, params={"limit": 1, "expand": "scope"}))

    done(admin.delete(f"{path}/{grants[0]['id']}"))

    left = done(admin.get(path, params={"expand": "scope"}))
    assert [each["_embedded"]["scope"]["name"] for each in left] == ["orders:write"]
    assert asks(http, custom, asking, cora, "openid orders:write") is False


def test_grants_are_paged_by_link(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, asking: App, cora: Person
) -> None:
    agree(http, custom, asking, cora, "openid orders:read orders:write")
    path = f"/api/v1/users/{cora.id}/grants"

    first = admin.get(path, params={"limit": 1})
    second = admin.get(first.links["next"]["url"])

    assert [each["id"] for each in first.json() + second.json()] == ids(admin, path)
    assert "next" not in second.links
    assert admin.get(path, params={"after": "nobody"}).json()["errorCode"] == "E0000029"


def test_another_persons_grant_is_out_of_reach(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, asking: App, cora: Person, tom: Person
) -> None:
    agree(http, custom, asking, cora, "openid orders:read")
    grant = ids(admin, f"/api/v1/users/{cora.id}/grants")[0]

    answers = [
        admin.request(method, f"/api/v1/users/{tom.id}/grants/{grant}")
        for method in ("GET", "DELETE")
    ]
    everything = admin.delete(f"/api/v1/users/{tom.id}/grants")

    assert [answer.status_code for answer in answers] == [404, 404]
    assert everything.status_code == 204
    assert ids(admin, f"/api/v1/users/{cora.id}/grants") == [grant]


def test_a_scope_that_takes_a_deleted_ones_name_is_asked_about_anew(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, asking: App, cora: Person
) -> None:
    agree(http, custom, asking, cora, "openid orders:read")
    scope = done(admin.get(f"{DEFAULT}/scopes", params={"q": "orders:read"}))[0]["id"]

    done(admin.delete(f"{DEFAULT}/scopes/{scope}"))
    add_scope(admin, "orders:read", consent="REQUIRED")

    assert asks(http, custom, asking, cora, "openid orders:read") is True


# The end of an app, and of a server


def deactivate(admin: httpx.Client, app: App) -> None:
    done(admin.post(f"/api/v1/apps/{app.id}/lifecycle/deactivate"))


def test_a_deactivated_apps_tokens_are_over_also_after_it_is_active_again(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person
) -> None:
    kept = tokens_for(http, custom, shop, cora, SCOPE)
    plain = tokens_for(http, custom, shop, cora, "openid")

    deactivate(admin, shop)
    refused = refresh(http, custom, shop, kept["refresh_token"])
    done(admin.post(f"/api/v1/apps/{shop.id}/lifecycle/activate"))

    assert_refused(refused, "invalid_client", status=401)
    assert_refused(refresh(http, custom, shop, kept["refresh_token"]), "invalid_grant")
    for token in (kept["access_token"], plain["access_token"], kept["refresh_token"]):
        assert introspect(http, custom, shop, token) == {"active": False}
    fresh = tokens_for(http, custom, shop, cora, SCOPE)
    assert introspect(http, custom, shop, fresh["access_token"])["active"] is True


def test_a_code_of_a_deactivated_app_is_worth_nothing_when_it_is_active_again(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person
) -> None:
    authorized = authorize(http, custom, shop, cora)

    deactivate(admin, shop)
    while_off = exchange_code(http, custom, authorized)
    done(admin.post(f"/api/v1/apps/{shop.id}/lifecycle/activate"))

    assert_refused(while_off, "invalid_client", status=401)
    assert_refused(exchange_code(http, custom, authorized), "invalid_grant")


def test_activating_an_active_app_ends_nothing(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person
) -> None:
    kept = tokens_for(http, custom, shop, cora, SCOPE)

    done(admin.post(f"/api/v1/apps/{shop.id}/lifecycle/activate"))

    assert introspect(http, custom, shop, kept["refresh_token"])["active"] is True


@pytest.mark.parametrize("by", ["apps", "clients"])
def test_a_deleted_apps_tokens_and_consents_stay_dead_for_the_next_app_of_the_same_id(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, cora: Person, by: str
) -> None:
    add_scope(admin, "orders:read", consent="REQUIRED")
    chosen: dict[str, Any] = {"client_id": "the-same-id", "client_secret": "the-same-secret-again"}
    first = register_app(admin, consent_method="REQUIRED", **chosen)
    app_id = done(admin.get("/api/v1/apps", params={"q": first.label}))[0]["id"]
    done(admin.post(f"/api/v1/apps/{app_id}/users", json={"id": cora.id}))
    agree(http, custom, first, cora, "openid orders:read")
    kept = tokens_for(http, custom, first, cora, f"{SCOPE} orders:read")

    if by == "apps":
        done(admin.post(f"/api/v1/apps/{app_id}/lifecycle/deactivate"))
        done(admin.delete(f"/api/v1/apps/{app_id}"))
    else:
        done(admin.delete(f"/oauth2/v1/clients/{first.id}"))
    second_document = {
        "name": "oidc_client",
        "label": "Second",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": chosen},
        "settings": {
            "oauthClient": {
                "redirect_uris": [first.redirect_uri],
                "grant_types": ["authorization_code", "refresh_token"],
                "consent_method": "REQUIRED",
            }
        },
    }
    made = done(admin.post("/api/v1/apps", json=second_document))
    done(admin.post(f"/api/v1/apps/{made['id']}/users", json={"id": cora.id}))

    assert_refused(refresh(http, custom, first, kept["refresh_token"]), "invalid_grant")
    assert introspect(http, custom, first, kept["access_token"]) == {"active": False}
    assert asks(http, custom, first, cora, "openid orders:read") is True


def test_a_deleted_server_leaves_no_refresh_tokens_in_any_list(
    admin: httpx.Client, http: httpx.Client, lab: Lab, shop: App, cora: Person
) -> None:
    server = add_server(admin, "Orders")
    add_rule(admin, server, add_policy(admin, server))
    tokens_for(http, custom_server(lab.url, server), shop, cora, SCOPE)
    path = places(shop, cora)["app"]
    assert len(ids(admin, path)) == 1

    done(admin.delete(f"/api/v1/authorizationServers/{server}"))

    assert ids(admin, path) == []
    assert done(admin.get(f"/api/v1/users/{cora.id}/clients")) == []


def test_a_machines_access_token_is_over_when_its_app_is_deactivated(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App
) -> None:
    add_scope(admin, "orders:read")
    job = register_app(admin, type="service")
    answer = call(http, custom, "token", job, grant_type="client_credentials", scope="orders:read")
    token = done(answer)["access_token"]

    deactivate(admin, job)
    while_off = introspect(http, custom, shop, token)
    done(admin.post(f"/api/v1/apps/{job.id}/lifecycle/activate"))

    assert while_off == {"active": False}
    assert introspect(http, custom, shop, token) == {"active": False}


def test_another_orgs_admin_sees_and_ends_nothing(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, shop: App, cora: Person,
    new_lab: Callable[[], Lab],
) -> None:  # fmt: skip
    tokens_for(http, custom, shop, cora, SCOPE)
    other = new_lab()
    headers = {"Authorization": f"SSWS {other.token}"}
    answers: list[Any] = []

    with httpx.Client(base_url=other.url, headers=headers, trust_env=False) as stranger:
        for path in places(shop, cora).values():
            answers += [stranger.get(path), stranger.delete(path)]

    assert {answer.status_code for answer in answers} == {404}
    assert len(ids(admin, places(shop, cora)["app"])) == 1
