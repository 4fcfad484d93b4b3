"""Trusted origins: made, read, replaced, switched, deleted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import events_of

PATH = "/api/v1/trustedOrigins"
SHOP = "http://127.0.0.1:3000"


def described(name: str = "Shop", origin: str = SHOP, *scopes: str) -> dict[str, Any]:
    """The document of a trusted origin."""
    types = scopes or ("CORS", "REDIRECT")
    return {"name": name, "origin": origin, "scopes": [{"type": type} for type in types]}


def made(admin: httpx.Client, *about: str) -> dict[str, Any]:
    """A new trusted origin, as the answer shows it."""
    answer = admin.post(PATH, json=described(*about))
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_new_origin_is_active_and_says_who_made_it(admin: httpx.Client, lab: Lab) -> None:
    document = made(admin)

    me = admin.get("/api/v1/users/me").json()["id"]
    assert document["id"].startswith("tos")
    assert (document["name"], document["origin"]) == ("Shop", SHOP)
    assert document["scopes"] == [{"type": "CORS"}, {"type": "REDIRECT"}]
    assert document["status"] == "ACTIVE"
    assert (document["createdBy"], document["lastUpdatedBy"]) == (me, me)
    assert document["created"] == document["lastUpdated"]
    url = f"{lab.url}{PATH}/{document['id']}"
    assert document["_links"]["self"]["href"] == url
    assert document["_links"]["deactivate"]["href"] == f"{url}/lifecycle/deactivate"


def test_an_origin_can_be_read_alone_and_in_the_list(admin: httpx.Client) -> None:
    shop, desk = made(admin), made(admin, "Desk", "https://desk.example")

    listed = admin.get(PATH)

    assert admin.get(f"{PATH}/{desk['id']}").json() == desk
    assert listed.status_code == 200
    assert listed.json() == [shop, desk]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "esk"}, ["Desk"]),
        ({"q": "127.0.0.1"}, ["Shop"]),
        ({"filter": 'name eq "Shop"'}, ["Shop"]),
        ({"filter": 'origin sw "https"'}, ["Desk"]),
        ({"limit": "1"}, ["Shop"]),
    ],
)
def test_the_list_can_be_narrowed(
    admin: httpx.Client, query: dict[str, str], found: list[str]
) -> None:
    made(admin)
    made(admin, "Desk", "https://desk.example")

    answer = admin.get(PATH, params=query)

    assert [origin["name"] for origin in answer.json()] == found


def test_replacing_changes_all_that_a_caller_may_set(admin: httpx.Client) -> None:
    document = made(admin)
    wanted = document | described("Till", "https://till.example:8443", "REDIRECT")

    answer = admin.put(f"{PATH}/{document['id']}", json=wanted | {"status": "INACTIVE"})

    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["name"], changed["origin"]) == ("Till", "https://till.example:8443")
    assert changed["scopes"] == [{"type": "REDIRECT"}]
    assert (changed["id"], changed["status"]) == (document["id"], "ACTIVE")


def test_an_origin_is_switched_off_and_on(admin: httpx.Client) -> None:
    path = f"{PATH}/{made(admin)['id']}"

    off = admin.post(f"{path}/lifecycle/deactivate")
    on = admin.post(f"{path}/lifecycle/activate")

    assert (off.status_code, off.json()["status"]) == (200, "INACTIVE")
    assert "activate" in off.json()["_links"]
    assert (on.status_code, on.json()["status"]) == (200, "ACTIVE")


def test_a_deleted_origin_is_gone(admin: httpx.Client) -> None:
    path = f"{PATH}/{made(admin)['id']}"

    answer = admin.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert admin.get(path).status_code == 404
    assert admin.get(PATH).json() == []


def test_what_may_be_framed_is_said_for_iframe_embed_alone(admin: httpx.Client) -> None:
    body = described() | {
        "scopes": [
            {"type": "IFRAME_EMBED", "allowedOktaApps": ["OKTA_ENDUSER"]},
            {"type": "CORS", "allowedOktaApps": []},
        ]
    }

    document = admin.post(PATH, json=body).json()

    assert document["scopes"] == [
        {"type": "IFRAME_EMBED", "allowedOktaApps": ["OKTA_ENDUSER"]},
        {"type": "CORS"},
    ]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://App.Example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://localhost:8443", "http://localhost:8443"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(
    admin: httpx.Client, written: str, kept: str
) -> None:
    assert made(admin, "Shop", written)["origin"] == kept


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "app.example",
        "https://",
        "https://app.example/",
        "https://app.example/path",
        "https://app.example?x",
        "https://user@app.example",
        "https://*.example",
        "https://app.example:",
        "https://app.example:99999",
        "https://app.example\r\nX: y",
        "https://[::1",
        "javascript:alert(1)",
        "myapp://callback",
        "https://" + "a" * 300,
    ],
)
def test_what_is_no_origin_is_refused(admin: httpx.Client, origin: str) -> None:
    answer = admin.post(PATH, json=described("Shop", origin))

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000001"
    assert answer.json()["errorCauses"][0]["errorSummary"].startswith("origin: ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": [{"type": "ALL"}]}, "scopes.0.type"),
        ({"scopes": [{"type": "CORS"}, {"type": "CORS"}]}, "scopes"),
        ({"scopes": "CORS"}, "scopes"),
    ],
)
def test_each_wrong_field_is_named(admin: httpx.Client, change: dict[str, Any], field: str) -> None:
    answer = admin.post(PATH, json=described() | change)

    assert answer.status_code == 400
    assert answer.json()["errorCauses"][0]["errorSummary"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("about", "field"),
    [(("Shop", "https://other.example"), "name"), (("Other", SHOP), "origin")],
)
def test_name_and_origin_are_each_there_once(
    admin: httpx.Client, about: tuple[str, str], field: str
) -> None:
    made(admin)
    other = made(admin, "Desk", "https://desk.example")

    added = admin.post(PATH, json=described(*about))
    changed = admin.put(f"{PATH}/{other['id']}", json=described(*about))

    for answer in (added, changed):
        assert answer.status_code == 400
        assert answer.json()["errorCauses"][0]["errorSummary"].startswith(f"{field}: ")


def test_an_edit_of_what_somebody_changed_meanwhile_is_refused(admin: httpx.Client) -> None:
    path = f"{PATH}/{made(admin)['id']}"
    version = admin.get(path).headers["ETag"]
    admin.put(path, json=described("Renamed"))

    answer = admin.put(path, json=described("Mine"), headers={"If-Match": version})

    assert (answer.status_code, answer.json()["errorCode"]) == (412, "E0000231")


def test_an_unknown_origin_is_not_found(admin: httpx.Client) -> None:
    for answer in (admin.get(f"{PATH}/tosNobody"), admin.delete(f"{PATH}/tosNobody")):
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000007")


def test_each_change_leaves_an_event(admin: httpx.Client) -> None:
    added = admin.post(PATH, json=described())
    path = f"{PATH}/{added.json()['id']}"
    changes = {
        "create": added,
        "update": admin.put(path, json=described("Till")),
        "deactivate": admin.post(f"{path}/lifecycle/deactivate"),
        "delete": admin.delete(path),
    }

    left = {name: events_of(admin, answer)[0] for name, answer in changes.items()}

    assert {name: event["eventType"] for name, event in left.items()} == {
        name: f"security.trusted_origin.{name}" for name in changes
    }
    assert {event["target"][0]["id"] for event in left.values()} == {added.json()["id"]}
