"""Clients in the words of registration over HTTP: the same rows as apps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import Lab
from tests.speaking import (
    App,
    assert_refused,
    assign,
    authorize,
    call,
    custom_server,
    events_of,
    exchange_code,
    find_person,
    org_server,
    public_jwk,
    register_app,
)

CLIENTS = "/oauth2/v1/clients"
SHOP: dict[str, Any] = {
    "client_name": "Shop",
    "redirect_uris": ["http://127.0.0.1:8765/callback"],
}
JOB: dict[str, Any] = {
    "client_name": "Nightly job",
    "application_type": "service",
    "grant_types": ["client_credentials"],
    "response_types": ["token"],
}


@pytest.fixture
def shop(admin: httpx.Client) -> dict[str, Any]:
    """A registered client, with its secret."""
    answer = admin.post(CLIENTS, json=SHOP)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_new_client_gets_an_id_a_secret_and_the_documented_defaults(
    admin: httpx.Client,
) -> None:
    answer = admin.post(CLIENTS, json=SHOP)

    made = answer.json()
    assert answer.status_code == 201
    assert made["client_id"].startswith("0oa")
    assert 14 <= len(made["client_secret"]) <= 100
    assert made["client_secret_expires_at"] == 0
    assert isinstance(made["client_id_issued_at"], int)
    assert made["client_name"] == "Shop"
    assert made["application_type"] == "web"
    assert made["grant_types"] == ["authorization_code"]
    assert made["response_types"] == ["code"]
    assert made["token_endpoint_auth_method"] == "client_secret_basic"
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_registered_client_is_an_app_that_asks_for_consent_and_has_nobody_assigned(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    app = admin.get(f"/api/v1/apps/{shop['client_id']}").json()

    assert app["label"] == "Shop"
    assert app["status"] == "ACTIVE"
    assert app["settings"]["oauthClient"]["consent_method"] == "REQUIRED"
    assert app["credentials"]["oauthClient"]["client_secret"] == shop["client_secret"]
    assert admin.get(f"/api/v1/apps/{shop['client_id']}/users").json() == []


def test_an_app_is_a_client_and_what_one_side_changes_the_other_shows(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    path = f"/api/v1/apps/{shop['client_id']}"
    app = admin.get(path).json()
    app["label"] = "Store"

    admin.put(path, json=app)

    assert admin.get(f"{CLIENTS}/{shop['client_id']}").json()["client_name"] == "Store"


def test_a_registered_client_signs_people_in(
    admin: httpx.Client, http: httpx.Client, lab: Lab, shop: dict[str, Any]
) -> None:
    app = App(shop["client_id"], shop["client_secret"], "client_secret_basic", "Shop")
    cora = find_person(admin)
    assign(admin, app, cora)

    answer = exchange_code(
        http, org_server(lab.url), authorize(http, org_server(lab.url), app, cora)
    )

    assert answer.status_code == 200
    assert "id_token" in answer.json()


def test_a_consent_method_in_the_body_is_ignored(admin: httpx.Client) -> None:
    made = admin.post(CLIENTS, json=SHOP | {"consent_method": "TRUSTED"}).json()

    app = admin.get(f"/api/v1/apps/{made['client_id']}").json()
    assert app["settings"]["oauthClient"]["consent_method"] == "REQUIRED"


def test_a_service_client_with_a_key_has_no_secret(admin: httpx.Client) -> None:
    jwks = {"keys": [public_jwk(ec.generate_private_key(ec.SECP256R1()), "one")]}
    body = JOB | {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}

    made = admin.post(CLIENTS, json=body).json()

    assert "client_secret" not in made
    assert "client_secret_expires_at" not in made
    assert [key["kid"] for key in made["jwks"]["keys"]] == ["one"]


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"client_name": None}, "invalid_client_metadata", "client_name"),
        ({"client_name": ""}, "invalid_client_metadata", "client_name"),
        ({"client_name": 7}, "invalid_client_metadata", "client_name"),
        ({"client_name": "x" * 101}, "invalid_client_metadata", "client_name"),
        ({"application_type": "desktop"}, "invalid_client_metadata", "application_type"),
        ({"grant_types": ["magic"]}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": []}, "invalid_client_metadata", "grant_types"),
        ({"grant_types": "authorization_code"}, "invalid_client_metadata", "grant_types"),
        ({"response_types": ["token"]}, "invalid_client_metadata", "response_types"),
        ({"response_types": [7]}, "invalid_client_metadata", "response_types"),
        (
            {"token_endpoint_auth_method": "magic"},
            "invalid_client_metadata",
            "token_endpoint_auth_method",
        ),
        ({"logo_uri": "javascript:x"}, "invalid_client_metadata", "logo_uri"),
        ({"jwks": {"keys": []}}, "invalid_client_metadata", "keys"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}, "invalid_client_metadata", "keys"),
        ({"jwks_uri": "https://shop.example/keys"}, "invalid_client_metadata", "jwks_uri"),
        ({"redirect_uris": None}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": []}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["http://shop.example/cb"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["https://a.example/#x"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": ["/relative"]}, "invalid_redirect_uri", "redirect_uris"),
        ({"redirect_uris": [None]}, "invalid_redirect_uri", "redirect_uris"),
    ],
)
def test_a_registration_that_does_not_fit_is_refused_in_oauths_words(
    admin: httpx.Client, change: dict[str, Any], error: str, field: str
) -> None:
    body = {name: value for name, value in (SHOP | change).items() if value is not None}

    answer = admin.post(CLIENTS, json=body)

    assert_refused(answer, error)
    assert answer.json()["error_description"].startswith(f"`{field}`: ")


def test_a_missing_name_is_refused_in_oktas_words(admin: httpx.Client) -> None:
    answer = admin.post(CLIENTS, json={"redirect_uris": SHOP["redirect_uris"]})

    assert_refused(
        answer, "invalid_client_metadata", "`client_name`: The field can't be left blank."
    )


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'"x"', b'{"client_name": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(admin: httpx.Client, content: bytes) -> None:
    answer = admin.post(CLIENTS, content=content, headers={"Content-Type": "application/json"})

    assert_refused(answer, "invalid_client_metadata")


def test_two_clients_cannot_share_a_name_and_the_refused_one_leaves_nothing(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    answer = admin.post(CLIENTS, json=SHOP)

    assert_refused(answer, "invalid_client_metadata")
    assert len(admin.get(CLIENTS, params={"q": "Shop"}).json()) == 1


def test_secrets_are_shown_when_they_are_made_and_in_no_list_and_no_get(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    one = admin.get(f"{CLIENTS}/{shop['client_id']}")
    listed = admin.get(CLIENTS, params={"limit": 200})

    assert shop["client_secret"] not in one.text + listed.text
    assert "client_secret" not in one.json()
    assert all("client_secret" not in client for client in listed.json())


def test_the_list_is_paged_twenty_at_a_time_and_shows_each_once(admin: httpx.Client) -> None:
    for number in range(25):
        admin.post(CLIENTS, json=JOB | {"client_name": f"Job {number:02}"})

    first = admin.get(CLIENTS, params={"q": "job "})
    second = admin.get(first.links["next"]["url"])

    assert len(first.json()) == 20
    assert "next" not in second.links
    names = [client["client_name"] for client in first.json() + second.json()]
    assert names == [f"Job {number:02}" for number in range(25)]


def test_q_is_how_a_name_begins_and_nothing_else(admin: httpx.Client, shop: dict[str, Any]) -> None:
    found = {q: len(admin.get(CLIENTS, params={"q": q}).json()) for q in ("sh", "hop", "%", "")}

    assert found["sh"] == 1
    assert found["hop"] == found["%"] == 0
    assert found[""] > 1


@pytest.mark.parametrize("limit", ["0", "-5", "many"])
def test_a_limit_out_of_range_is_refused(admin: httpx.Client, limit: str) -> None:
    answer = admin.get(CLIENTS, params={"limit": limit})

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")


def test_a_put_replaces_everything_that_registration_has_words_for(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    path = f"{CLIENTS}/{shop['client_id']}"
    admin.put(path, json=SHOP | {"client_uri": "https://shop.example", "initiate_login_uri": None})

    answer = admin.put(
        path, json=SHOP | {"client_name": "Shop 2", "grant_types": ["authorization_code"]}
    )

    changed = answer.json()
    assert answer.status_code == 200
    assert changed["client_name"] == "Shop 2"
    assert changed["client_uri"] is None
    assert changed["client_id"] == shop["client_id"]
    assert changed["client_id_issued_at"] == shop["client_id_issued_at"]
    assert changed["client_secret"] == shop["client_secret"]


def test_what_registration_has_no_words_for_survives_a_put(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    path = f"/api/v1/apps/{shop['client_id']}"
    app = admin.get(path).json()
    app["profile"] = {"tier": "gold"}
    app["settings"]["oauthClient"]["consent_method"] = "TRUSTED"
    app["settings"]["oauthClient"]["refresh_token"] = {"rotation_type": "ROTATE", "leeway": 5}
    app["credentials"]["oauthClient"]["pkce_required"] = True
    app = admin.put(path, json=app).json()

    admin.put(f"{CLIENTS}/{shop['client_id']}", json=SHOP)

    after = admin.get(path).json()
    assert {**after, "lastUpdated": None} == {**app, "lastUpdated": None}


def test_id_and_type_of_a_client_cannot_change(admin: httpx.Client, shop: dict[str, Any]) -> None:
    path = f"{CLIENTS}/{shop['client_id']}"

    other_id = admin.put(path, json=SHOP | {"client_id": "another-one"})
    other_type = admin.put(path, json=SHOP | {"application_type": "native"})

    assert_refused(other_id, "invalid_client_metadata")
    assert_refused(other_type, "invalid_client_metadata")
    assert "application_type" in other_type.json()["error_description"]


def test_a_new_secret_takes_the_place_of_the_old_one_at_once(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    made = admin.post(CLIENTS, json=JOB).json()
    before = App(made["client_id"], made["client_secret"], "client_secret_basic", "Job")

    answer = admin.post(f"{CLIENTS}/{made['client_id']}/lifecycle/newSecret")

    after = App(made["client_id"], answer.json()["client_secret"], "client_secret_basic", "Job")
    server = custom_server(lab.url)
    old = call(http, server, "introspect", before, token="x")
    new = call(http, server, "introspect", after, token="x")
    assert answer.status_code == 200
    assert before.secret != after.secret
    assert_refused(old, "invalid_client", status=401)
    assert new.json() == {"active": False}


def test_a_client_without_a_secret_gets_no_new_one(admin: httpx.Client) -> None:
    body = SHOP | {"application_type": "browser", "token_endpoint_auth_method": "none"}
    made = admin.post(CLIENTS, json=body).json()

    answer = admin.post(f"{CLIENTS}/{made['client_id']}/lifecycle/newSecret")

    assert_refused(answer, "invalid_client_metadata")


def test_a_deleted_client_is_gone_as_an_app_too(admin: httpx.Client, shop: dict[str, Any]) -> None:
    answer = admin.delete(f"{CLIENTS}/{shop['client_id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert admin.get(f"{CLIENTS}/{shop['client_id']}").status_code == 404
    assert admin.get(f"/api/v1/apps/{shop['client_id']}").status_code == 404


@pytest.mark.parametrize(
    ("method", "below"),
    [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/lifecycle/newSecret")],
)
def test_an_unknown_client_is_not_found_in_the_apis_form(
    admin: httpx.Client, method: str, below: str
) -> None:
    answer = admin.request(method, f"{CLIENTS}/0oaNobody{below}", json=SHOP)

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000007")


def test_a_path_that_registration_does_not_know_is_not_found(admin: httpx.Client) -> None:
    unknown = admin.get(f"{CLIENTS}/a/b/c/d")
    method = admin.patch(f"{CLIENTS}/0oaNobody", json={})

    assert (unknown.status_code, unknown.json()["errorCode"]) == (404, "E0000008")
    assert (method.status_code, method.json()["errorCode"]) == (405, "E0000022")


def test_a_client_is_found_by_the_id_that_was_chosen_for_its_app(admin: httpx.Client) -> None:
    body = {
        "name": "oidc_client",
        "label": "Chosen",
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"client_id": "my.own~id"}},
        "settings": {
            "oauthClient": {
                "application_type": "web",
                "grant_types": ["authorization_code"],
                "redirect_uris": ["https://a.example/cb"],
            }
        },
    }
    app = admin.post("/api/v1/apps", json=body).json()

    found = admin.get(f"{CLIENTS}/my.own~id")

    assert found.json()["client_name"] == "Chosen"
    assert admin.get(f"{CLIENTS}/{app['id']}").status_code == 404


def test_nobody_registers_without_a_credential(http: httpx.Client, shop: dict[str, Any]) -> None:
    answers = [
        http.get(CLIENTS),
        http.post(CLIENTS, json=SHOP),
        http.get(f"{CLIENTS}/{shop['client_id']}"),
        http.delete(f"{CLIENTS}/{shop['client_id']}"),
    ]

    assert {(each.status_code, each.json()["errorCode"]) for each in answers} == {(401, "E0000011")}


def test_a_clients_own_credentials_open_nothing_here(
    http: httpx.Client, shop: dict[str, Any]
) -> None:
    answer = http.get(CLIENTS, auth=(shop["client_id"], shop["client_secret"]))

    assert answer.status_code == 401


def admin_with(admin: httpx.Client, lab: Lab, role: str) -> httpx.Client:
    """Somebody who has one admin role."""
    person = find_person(admin, "tom")
    admin.post(f"/api/v1/users/{person.id}/roles", json={"type": role})
    body = {"name": role, "userId": person.id}
    token = admin.post("/api/v1/api-tokens", json=body).json()["token"]
    headers = {"Authorization": f"SSWS {token}"}
    return httpx.Client(base_url=lab.url, headers=headers, trust_env=False)


def test_an_app_admin_edits_clients_but_none_that_holds_more_than_they_do(
    admin: httpx.Client, lab: Lab, shop: dict[str, Any]
) -> None:
    issuer = str(admin.base_url).rstrip("/")
    job = admin.post(CLIENTS, json=JOB).json()["client_id"]
    grant = {"scopeId": "okta.users.manage", "issuer": issuer}
    assert admin.post(f"/api/v1/apps/{job}/grants", json=grant).status_code == 201

    with admin_with(admin, lab, "APP_ADMIN") as colleague:
        own = colleague.post(f"{CLIENTS}/{shop['client_id']}/lifecycle/newSecret")
        renewed = colleague.post(f"{CLIENTS}/{job}/lifecycle/newSecret")
        replaced = colleague.put(f"{CLIENTS}/{job}", json=JOB)
        deleted = colleague.delete(f"{CLIENTS}/{job}")

    assert own.status_code == 200
    assert [each.status_code for each in (renewed, replaced, deleted)] == [403] * 3
    assert renewed.json()["errorCode"] == "E0000006"


def test_the_scope_to_register_opens_registration_and_nothing_else(
    admin: httpx.Client, http: httpx.Client, lab: Lab, shop: dict[str, Any]
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    job = register_app(admin, type="service", auth="private_key_jwt", key=key)
    for scope in ("okta.clients.register", "okta.clients.read"):
        grant = {"scopeId": scope, "issuer": lab.url}
        assert admin.post(f"/api/v1/apps/{job.id}/grants", json=grant).status_code == 201
    role = admin.post(f"{CLIENTS}/{job.id}/roles", json={"type": "APP_ADMIN"})
    assert role.status_code == 200, role.text

    def bearer(scope: str) -> dict[str, str]:
        answer = call(
            http, org_server(lab.url), "token", job, grant_type="client_credentials", scope=scope
        )
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    register, read = bearer("okta.clients.register"), bearer("okta.clients.read")
    made = http.post(CLIENTS, json=JOB, headers=register)
    listed = http.get(CLIENTS, headers=register)
    path = f"{CLIENTS}/{shop['client_id']}"

    assert made.status_code == 201
    assert listed.status_code == 403
    assert "insufficient_scope" in listed.headers["WWW-Authenticate"]
    assert http.delete(path, headers=register).status_code == 403
    assert http.get(path, headers=read).status_code == 200
    assert http.post(CLIENTS, json=JOB, headers=read).status_code == 403
    assert http.put(path, json=SHOP, headers=read).status_code == 403


def test_a_reader_reads_clients_and_changes_none(
    admin: httpx.Client, lab: Lab, shop: dict[str, Any]
) -> None:
    with admin_with(admin, lab, "READ_ONLY_ADMIN") as reader:
        read = reader.get(f"{CLIENTS}/{shop['client_id']}")
        refused = [
            reader.post(CLIENTS, json=JOB),
            reader.put(f"{CLIENTS}/{shop['client_id']}", json=SHOP),
            reader.delete(f"{CLIENTS}/{shop['client_id']}"),
        ]

    assert read.status_code == 200
    assert [each.status_code for each in refused] == [403] * 3


def test_another_orgs_clients_are_unknown(shop: dict[str, Any], new_lab: Callable[[], Lab]) -> None:
    other = new_lab()
    headers = {"Authorization": f"SSWS {other.token}"}

    with httpx.Client(base_url=other.url, headers=headers, trust_env=False) as stranger:
        answer = stranger.get(f"{CLIENTS}/{shop['client_id']}")
        listed = stranger.get(CLIENTS, params={"limit": 200}).text

    assert answer.status_code == 404
    assert shop["client_id"] not in listed


def test_each_change_of_a_registration_is_in_the_log_without_its_secret(
    admin: httpx.Client,
) -> None:
    made = admin.post(CLIENTS, json=SHOP)
    path = f"{CLIENTS}/{made.json()['client_id']}"
    changes = {
        "create": made,
        "update": admin.put(path, json=SHOP),
        "newSecret": admin.post(f"{path}/lifecycle/newSecret"),
        "delete": admin.delete(path),
    }

    for change, answer in changes.items():
        events = events_of(admin, answer)

        types = [event["eventType"] for event in events]
        assert f"app.oauth2.client.lifecycle.{change}" in types
        assert made.json()["client_secret"] not in str(events)
        if change == "newSecret":
            assert answer.json()["client_secret"] not in str(events)


def test_of_two_admins_who_edit_the_same_version_one_learns_that_it_changed(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    path = f"{CLIENTS}/{shop['client_id']}"
    version = admin.get(path).headers["ETag"]

    first = admin.put(path, json=SHOP | {"client_name": "A"}, headers={"If-Match": version})
    second = admin.put(path, json=SHOP | {"client_name": "B"}, headers={"If-Match": version})
    third = admin.put(
        path, json=SHOP | {"client_name": "C"}, headers={"If-Match": first.headers["ETag"]}
    )
    gone = admin.delete(path, headers={"If-Match": version})

    assert first.status_code == third.status_code == 200
    assert (second.status_code, second.json()["errorCode"]) == (412, "E0000231")
    assert gone.status_code == 412
    assert admin.get(path).json()["client_name"] == "C"


def test_of_simultaneous_puts_with_one_version_one_wins(
    admin: httpx.Client, shop: dict[str, Any]
) -> None:
    url = f"{admin.base_url}{CLIENTS}/{shop['client_id']}".replace("//oauth2", "/oauth2")
    headers = {**admin.headers, "If-Match": admin.get(url).headers["ETag"]}

    def write(number: int) -> int:
        body = SHOP | {"client_uri": f"https://shop.example/{number}"}
        return httpx.put(url, json=body, headers=headers, trust_env=False).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(write, range(6)))

    assert statuses == [200] + [412] * 5


def test_metadata_names_the_place_to_register(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    paths = [
        f"{base}/.well-known/{name}"
        for base in ("", "/oauth2/default")
        for name in ("openid-configuration", "oauth-authorization-server")
    ]

    named = {http.get(path).json()["registration_endpoint"] for path in paths}

    assert named == {f"{lab.url}{CLIENTS}"}
    assert admin.post(named.pop(), json=SHOP).status_code == 201
