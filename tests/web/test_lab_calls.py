"""The lab's own calls: health, the clock, orgs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey

from labserver import Settings
from tests import speaking
from tests.conftest import Lab, running


def test_health_needs_no_credential(http: httpx.Client, lab: Lab) -> None:
    answer = httpx.get(f"{lab.root.url}/healthz", trust_env=False)

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_the_clock_moves_forward_for_this_org_alone(
    admin: httpx.Client, new_lab: Callable[[], Lab]
) -> None:
    other = new_lab()
    before = admin.get("/lab/clock").json()

    moved = admin.post("/lab/clock", json={"forward": 3600}).json()

    headers = {"Authorization": f"SSWS {other.token}"}
    elsewhere = httpx.get(f"{other.url}/lab/clock", headers=headers, trust_env=False).json()
    assert before["offset"] == 0
    assert moved["offset"] == 3600
    assert moved["now"] >= before["now"] + 3600
    assert admin.get("/lab/clock").json()["offset"] == 3600
    assert elsewhere["offset"] == 0


def test_who_moves_the_clock_far_is_still_known_afterwards(admin: httpx.Client) -> None:
    moved = admin.post("/lab/clock", json={"forward": 400 * 24 * 3600})

    assert moved.status_code == 200
    assert admin.get("/lab/clock").status_code == 200


@pytest.mark.parametrize("forward", [-1, 1.5, "60", None, 10**12])
def test_the_clock_takes_whole_seconds_forward_only(admin: httpx.Client, forward: object) -> None:
    answer = admin.post("/lab/clock", json={"forward": forward})

    assert answer.status_code == 400
    assert admin.get("/lab/clock").json()["offset"] == 0


def test_the_clock_stays_within_a_hundred_years(admin: httpx.Client) -> None:
    far = 90 * 366 * 24 * 3600
    first = admin.post("/lab/clock", json={"forward": far})

    second = admin.post("/lab/clock", json={"forward": far})

    assert (first.status_code, second.status_code) == (200, 400)
    assert admin.get("/api/v1/users").status_code == 200


def test_a_clock_that_may_not_move_names_the_option(
    tmp_path: Path, make_key: Callable[[], RSAKey]
) -> None:
    with running(tmp_path, make_key, movable_clock=False) as server:
        headers = {"Authorization": f"SSWS {server.token}"}

        answers = [
            httpx.request(method, f"{server.url}/lab/clock", headers=headers, json=body)
            for method, body in (("GET", None), ("POST", {"forward": 1}))
        ]

    for answer in answers:
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000008")
        assert "--movable-clock" in answer.json()["errorCauses"][0]["errorSummary"]


def test_what_a_month_ends_is_over_when_the_clock_has_moved_a_month(
    admin: httpx.Client, http: httpx.Client, lab: Lab
) -> None:
    cora = speaking.find_person(admin)
    app = speaking.register_app(admin, cora)
    issuer = speaking.custom_server(lab.url)
    tokens = speaking.tokens_for(http, issuer, app, cora, scope="openid offline_access")
    spare = admin.post("/api/v1/api-tokens", json={"name": "Spare"}).json()["token"]
    assert http.get("/api/v1/sessions/me").status_code == 200

    speaking.move_clock(admin, 31 * 24 * 3600)

    resting = http.get("/api/v1/users", headers={"Authorization": f"SSWS {spare}"})
    introspected = speaking.introspect(http, issuer, app, tokens["access_token"])
    refreshed = speaking.refresh(http, issuer, app, tokens["refresh_token"])
    assert resting.status_code == 401
    assert introspected == {"active": False}
    assert refreshed.json()["error"] == "invalid_grant"
    assert http.get("/api/v1/sessions/me").status_code == 404
    assert admin.get("/api/v1/users").status_code == 200


def test_a_server_does_not_move_its_clock_unless_it_was_started_for_it() -> None:
    assert Settings("http://127.0.0.1:1", "sqlite:///x.db", "x").movable_clock is False


def test_the_clock_is_for_known_callers(http: httpx.Client) -> None:
    assert http.get("/lab/clock").status_code == 401


def test_an_org_is_made_listed_and_deleted(root: httpx.Client) -> None:
    made = root.post(
        "/api/v1/orgs", json={"subdomain": "made-here", "name": "Made", "world": False}
    )
    org = made.json()
    url = org["_links"]["organization"]["href"]
    headers = {"Authorization": f"SSWS {org['token']}"}

    inside = httpx.get(f"{url}/api/v1/users", headers=headers, trust_env=False)
    listed = root.get("/api/v1/orgs").json()
    twice = root.post("/api/v1/orgs", json={"subdomain": "made-here", "name": "Again"})
    deleted = root.delete(f"/api/v1/orgs/{org['id']}")
    after = httpx.get(f"{url}/api/v1/users", headers=headers, trust_env=False)

    assert made.status_code == 201
    assert org["tokenType"] == "SSWS"
    assert len(inside.json()) == 1
    assert org["id"] in {each["id"] for each in listed}
    assert "token" not in {name for each in listed for name in each}
    assert twice.status_code == 400
    assert deleted.status_code == 204
    assert after.status_code == 404


@pytest.mark.parametrize("subdomain", ["", "-a", "a-", "A", "a b", "a/b", "..", "x" * 64, "ä"])
def test_a_subdomain_that_is_no_path_segment_is_refused(root: httpx.Client, subdomain: str) -> None:
    answer = root.post("/api/v1/orgs", json={"subdomain": subdomain, "name": "x"})

    assert answer.status_code == 400
    assert answer.json()["errorSummary"] == "Api validation failed: subdomain"


def test_a_child_orgs_super_admin_makes_no_orgs(admin: httpx.Client, lab: Lab) -> None:
    body = {"subdomain": "grandchild", "name": "Grandchild"}

    answers = [
        admin.post("/api/v1/orgs", json=body),
        admin.get("/api/v1/orgs"),
        admin.delete(f"/api/v1/orgs/{lab.id}"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_an_unknown_org_is_a_404(root: httpx.Client) -> None:
    assert root.delete("/api/v1/orgs/00oNobody").status_code == 404
