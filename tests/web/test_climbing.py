"""Who is an admin but no super admin climbs no higher, and leaves those above alone."""

from __future__ import annotations

import httpx
import pytest

from tests.speaking import Person, add_user, done, find_person
from tests.web.calling import (
    USERS,
    api_token,
    assert_api_refused,
    assert_lacks_role,
    assign_role,
    with_api_token,
)

GROUPS = "/api/v1/groups"


@pytest.fixture
def boss(admin: httpx.Client) -> Person:
    """The person whom the org's own token belongs to, who is its one super admin from now on."""
    found = done(admin.get(f"{USERS}/me"))
    for user in done(admin.get(USERS)):
        path = f"{USERS}/{user['id']}/roles"
        for role in done(admin.get(path)) if user["id"] != found["id"] else []:
            if role["type"] == "SUPER_ADMIN":
                done(admin.delete(f"{path}/{role['id']}"))
    return Person(found["id"], found["profile"]["login"])


def group_of_supers(admin: httpx.Client) -> str:
    """The id of a group whose members are super admins."""
    made = done(admin.post(GROUPS, json={"profile": {"name": "Supers"}}))
    done(admin.post(f"{GROUPS}/{made['id']}/roles", json={"type": "SUPER_ADMIN"}))
    return str(made["id"])


def test_only_a_super_admin_changes_a_group_that_makes_admins(
    admin: httpx.Client, http: httpx.Client
) -> None:
    cora = find_person(admin, "cora")
    assign_role(admin, cora, "ORG_ADMIN")
    token, group = api_token(admin, cora), group_of_supers(admin)
    path = f"{GROUPS}/{group}"
    plain = done(admin.post(GROUPS, json={"profile": {"name": "Plain"}}))["id"]

    for method, target, body in (
        ("PUT", path, {"profile": {"name": "Renamed"}}),
        ("POST", f"{path}/owners", {"id": cora.id, "type": "USER"}),
        ("DELETE", path, None),
    ):
        assert_lacks_role(with_api_token(http, token, method, target, body))
    assert with_api_token(http, token, "DELETE", f"{GROUPS}/{plain}").status_code == 204
    assert done(admin.get(path))["profile"]["name"] == "Supers"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/lifecycle/suspend"),
        ("POST", "/lifecycle/deactivate"),
        ("DELETE", ""),
    ],
)
def test_the_last_super_admin_is_not_put_out(
    admin: httpx.Client, boss: Person, method: str, path: str
) -> None:
    answer = admin.request(method, f"{USERS}/{boss.id}{path}")

    assert_api_refused(answer, 400, "E0000001")
    assert "last super admin" in answer.json()["errorCauses"][0]["errorSummary"]
    assert done(admin.get(f"{USERS}/{boss.id}"))["status"] == "ACTIVE"


def test_one_of_two_super_admins_may_go(admin: httpx.Client, boss: Person) -> None:
    second = add_user(admin, "second")
    assign_role(admin, second, "SUPER_ADMIN")

    answer = admin.post(f"{USERS}/{second.id}/lifecycle/suspend")

    assert answer.status_code == 200
    assert_api_refused(admin.post(f"{USERS}/{boss.id}/lifecycle/suspend"), 400, "E0000001")


@pytest.mark.parametrize("end", ["leave", "delete"])
def test_the_last_super_admin_by_a_group_stays_in_it(
    admin: httpx.Client, http: httpx.Client, boss: Person, end: str
) -> None:
    group, other = group_of_supers(admin), add_user(admin, "other")
    done(admin.put(f"{GROUPS}/{group}/users/{other.id}"))
    token = api_token(admin, other)
    path = f"{USERS}/{boss.id}/roles"
    (own,) = done(with_api_token(http, token, "GET", path))
    done(with_api_token(http, token, "DELETE", f"{path}/{own['id']}"))
    members = f"{GROUPS}/{group}/users/{other.id}" if end == "leave" else f"{GROUPS}/{group}"

    answer = with_api_token(http, token, "DELETE", members)

    assert_api_refused(answer, 400, "E0000001")
    assert with_api_token(http, token, "GET", f"{USERS}/{other.id}/roles").status_code == 200


def test_strangers_lock_nobodys_api_token_out(
    admin: httpx.Client, http: httpx.Client, boss: Person
) -> None:
    for _ in range(10):
        http.post("/api/v1/authn", json={"username": boss.login, "password": "a guess"})

    found = admin.get(f"{USERS}/me")

    assert found.status_code == 200
    assert found.json()["status"] == "LOCKED_OUT"
    assert admin.post(f"{USERS}/me/lifecycle/unlock").status_code == 200
