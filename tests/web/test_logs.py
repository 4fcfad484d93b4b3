"""The log: what is found in it, in which order, and the reasons of a request."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

LOGS = "/api/v1/logs"


def read(admin: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    """Events of the log."""
    answer = admin.get(LOGS, params=query)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()
    return events


def test_a_request_is_found_by_its_id_with_its_reasons(admin: httpx.Client) -> None:
    request_id = admin.get("/api/v1/users/cora").headers["X-Okta-Request-Id"]

    events = read(admin, filter=f'transaction.id eq "{request_id}"')

    assert len(events) == 1
    event = events[0]
    assert event["transaction"] == {"type": "WEB", "id": request_id, "detail": {}}
    assert event["outcome"]["result"] == "SUCCESS"
    assert event["actor"]["type"] == "User"
    assert event["client"]["ipAddress"] == "127.0.0.1"
    reasons = event["debugContext"]["debugData"]["reasons"]
    assert [(reason["check"], reason["result"]) for reason in reasons] == [
        ("API token", "passed"),
        ("admin role", "passed"),
    ]


def test_a_refused_call_says_which_check_failed(admin: httpx.Client, http: httpx.Client) -> None:
    cora = admin.get("/api/v1/users/cora").json()["id"]
    body = {"name": "Cora", "userId": cora}
    token = admin.post("/api/v1/api-tokens", json=body).json()["token"]
    refused = http.get("/api/v1/apps", headers={"Authorization": f"SSWS {token}"})

    events = read(admin, filter=f'transaction.id eq "{refused.headers["X-Okta-Request-Id"]}"')

    assert events[0]["outcome"]["result"] == "FAILURE"
    assert events[0]["debugContext"]["debugData"]["reasons"][-1]["result"] == "failed"


def test_a_write_leaves_an_event_that_names_what_was_written(admin: httpx.Client) -> None:
    made = admin.post("/api/v1/groups", json={"profile": {"name": "Band"}}).json()

    events = read(admin, filter='eventType eq "group.lifecycle.create"')

    assert events[-1]["target"] == [
        {
            "id": made["id"],
            "type": "UserGroup",
            "alternateId": "Band",
            "displayName": "Band",
        }
    ]


def test_a_write_without_a_version_says_what_it_replaced(admin: httpx.Client) -> None:
    path = "/api/v1/authorizationServers/default"
    before = admin.get(path)

    written = admin.put(path, json={**before.json(), "description": "New words"})

    request_id = written.headers["X-Okta-Request-Id"]
    reasons = read(admin, filter=f'transaction.id eq "{request_id}"')[0]["debugContext"]
    details = [reason["detail"] for reason in reasons["debugData"]["reasons"]]
    assert any(before.headers["ETag"] in detail for detail in details)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('eventType eq "group.lifecycle.create"', True),
        ('eventType sw "group." and outcome.result eq "SUCCESS"', True),
        ('eventType eq "nothing" or eventType eq "group.lifecycle.create"', True),
        ('eventType eq "group.lifecycle.create" and outcome.result eq "FAILURE"', False),
        ('not (eventType eq "nothing")', True),
        ('published gt "2000-01-01T00:00:00.000Z"', True),
        ('published lt "2000-01-01T00:00:00.000Z"', False),
        ('severity eq "INFO" AND actor.id pr', True),
    ],
)
def test_filters_combine(admin: httpx.Client, text: str, found: bool) -> None:
    admin.post("/api/v1/groups", json={"profile": {"name": "Band"}})

    assert bool(read(admin, filter=text)) is found


def test_and_binds_tighter_than_or(admin: httpx.Client) -> None:
    admin.post("/api/v1/groups", json={"profile": {"name": "Band"}})
    a, b = 'eventType eq "group.lifecycle.create"', 'outcome.result eq "FAILURE"'

    assert read(admin, filter=f"{a} or {a} and {b}")
    assert not read(admin, filter=f"({a} or {a}) and {b}")


@pytest.mark.parametrize(
    "text",
    ["eventType", "eventType eq", 'shoe eq "44"', 'eventType eq "a" and', "(" * 50, "x" * 3000,
     'published gt "soon"', "not " * 100, "' or 1=1 --"],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_is_refused(admin: httpx.Client, text: str) -> None:
    answer = admin.get(LOGS, params={"filter": text})

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000031")


def test_events_are_paged_each_once_in_either_order(admin: httpx.Client) -> None:
    for number in range(5):
        admin.post("/api/v1/groups", json={"profile": {"name": f"Band {number}"}})
    only = 'eventType eq "group.lifecycle.create"'

    for order in ("ASCENDING", "DESCENDING"):
        names: list[str] = []
        page = admin.get(LOGS, params={"filter": only, "limit": 2, "sortOrder": order})
        while True:
            names += [event["target"][0]["displayName"] for event in page.json()]
            if "next" not in page.links:
                break
            page = admin.get(page.links["next"]["url"])
        expected = [f"Band {number}" for number in range(5)]
        assert names == (expected if order == "ASCENDING" else expected[::-1])


def test_since_and_until_bound_the_events(admin: httpx.Client) -> None:
    admin.post("/api/v1/groups", json={"profile": {"name": "Band"}})

    assert read(admin, since="2000-01-01T00:00:00Z", until="2001-01-01T00:00:00Z") == []
    assert read(admin, since="2000-01-01T00:00:00.000Z")


def test_q_finds_words_of_the_message(admin: httpx.Client) -> None:
    admin.post("/api/v1/groups", json={"profile": {"name": "Band"}})

    found = read(admin, q="Create group")

    assert {event["eventType"] for event in found} == {"group.lifecycle.create"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "many"}, "E0000001"),
        ({"since": "yesterday"}, "E0000030"),
        ({"sortOrder": "SIDEWAYS"}, "E0000001"),
        ({"after": "nonsense"}, "E0000029"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    admin: httpx.Client, query: dict[str, str], code: str
) -> None:
    answer = admin.get(LOGS, params=query)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
