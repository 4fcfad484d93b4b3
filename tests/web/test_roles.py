"""Admin roles over HTTP: assigned, limited to targets, taken away, and effective at once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.speaking import (
    App,
    Person,
    add_user,
    done,
    events_of,
    find_person,
    register_app,
)
from tests.web.calling import (
    USERS,
    api_token,
    ask,
    assert_api_refused,
    assert_lacks_role,
    bearing,
    group_named,
    service,
    with_api_token,
)

CLIENTS = "/oauth2/v1/clients"
GROUPS = "/api/v1/groups"


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    """A customer without any role."""
    return find_person(admin, "cora")


@pytest.fixture
def job(admin: httpx.Client) -> App:
    """A service app without any role, `okta.users.read` granted."""
    return service(admin, "okta.users.read")


def assign(admin: httpx.Client, path: str, role: str) -> dict[str, Any]:
    """The role that was assigned below this path."""
    made: dict[str, Any] = done(admin.post(f"{path}/roles", json={"type": role}))
    return made


def test_a_user_gets_a_role_with_201_and_loses_it_with_204(
    admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    token, path = api_token(admin, cora), f"{USERS}/{cora.id}/roles"
    before = with_api_token(http, token, "GET", USERS)

    made = admin.post(path, json={"type": "HELP_DESK_ADMIN"})
    during = with_api_token(http, token, "GET", USERS)
    removed = admin.delete(f"{path}/{made.json()['id']}")

    assert made.status_code == 201
    role = made.json()
    assert role["id"].startswith("ra1")
    assert role["label"] == "Help Desk Administrator"
    assert (role["type"], role["status"]) == ("HELP_DESK_ADMIN", "ACTIVE")
    assert role["assignmentType"] == "USER"
    assert role["_links"]["assignee"]["href"].endswith(f"/users/{cora.id}")
    assert (removed.status_code, removed.content) == (204, b"")
    assert_lacks_role(before)
    assert during.status_code == 200
    assert_lacks_role(with_api_token(http, token, "GET", USERS))


def test_a_roles_document_is_the_same_alone_and_in_the_list(
    admin: httpx.Client, cora: Person
) -> None:
    made = assign(admin, f"{USERS}/{cora.id}", "REPORT_ADMIN")

    assert done(admin.get(f"{USERS}/{cora.id}/roles/{made['id']}")) == made
    assert done(admin.get(f"{USERS}/{cora.id}/roles")) == [made]


def test_a_groups_role_is_its_members_too(
    admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    group = group_named(admin, "Customers")
    made = admin.post(f"{GROUPS}/{group}/roles", json={"type": "READ_ONLY_ADMIN"})
    token = api_token(admin, cora)

    (listed,) = done(admin.get(f"{USERS}/{cora.id}/roles"))
    by_the_user = admin.delete(f"{USERS}/{cora.id}/roles/{listed['id']}")

    assert made.status_code == 200
    assert listed == made.json()
    assert listed["assignmentType"] == "GROUP"
    assert with_api_token(http, token, "GET", USERS).status_code == 200
    assert_api_refused(by_the_user, 404, "E0000007")
    done(admin.delete(f"{GROUPS}/{group}/roles/{listed['id']}"))
    assert_lacks_role(with_api_token(http, token, "GET", USERS))


def test_a_service_app_gets_a_role_with_200_and_its_token_works_at_once(
    admin: httpx.Client, http: httpx.Client, job: App
) -> None:
    token = done(ask(http, job, "okta.users.read"))["access_token"]
    before = bearing(http, token, "GET", USERS)

    made = admin.post(f"{CLIENTS}/{job.id}/roles", json={"type": "READ_ONLY_ADMIN"})

    assert_lacks_role(before)
    assert (made.status_code, made.json()["assignmentType"]) == (200, "CLIENT")
    assert bearing(http, token, "GET", USERS).status_code == 200


@pytest.mark.parametrize("type", ["web", "browser", "native"])
def test_only_service_apps_take_roles(admin: httpx.Client, type: str) -> None:
    app = register_app(admin, type=type)

    answer = admin.post(f"{CLIENTS}/{app.id}/roles", json={"type": "READ_ONLY_ADMIN"})

    assert_api_refused(answer, 400, "E0000227")
    assert answer.json()["errorSummary"] == (
        "Roles can only be granted to service application type"
    )


def test_the_same_role_twice_is_a_conflict(admin: httpx.Client, cora: Person, job: App) -> None:
    holders = {
        f"{USERS}/{cora.id}": "E0000090",
        f"{GROUPS}/{group_named(admin, 'Staff')}": "E0000263",
        f"{CLIENTS}/{job.id}": "E0000263",
    }

    for path, code in holders.items():
        assign(admin, path, "REPORT_ADMIN")
        again = admin.post(f"{path}/roles", json={"type": "REPORT_ADMIN"})
        assert_api_refused(again, 409, code)


@pytest.mark.parametrize("body", [{"type": "ROOT"}, {"type": "super_admin"}, {"type": "CUSTOM"}])
def test_an_unknown_role_is_answered_with_the_known_ones(
    admin: httpx.Client, cora: Person, body: dict[str, str]
) -> None:
    answer = admin.post(f"{USERS}/{cora.id}/roles", json=body)

    assert_api_refused(answer, 400, "E0000001")
    (cause,) = answer.json()["errorCauses"]
    wanted = "resource-set" if body["type"] == "CUSTOM" else "HELP_DESK_ADMIN"
    assert wanted in cause["errorSummary"]


@pytest.mark.parametrize(
    "path", ["/api/v1/users/00uNobody", "/api/v1/groups/00gNone", "/oauth2/v1/clients/0oaNone"]
)
def test_nobodys_roles_are_not_found(admin: httpx.Client, path: str) -> None:
    assert_api_refused(admin.get(f"{path}/roles"), 404, "E0000007")
    answer = admin.post(f"{path}/roles", json={"type": "READ_ONLY_ADMIN"})
    assert_api_refused(answer, 404, "E0000007")


@pytest.mark.parametrize("role", ["ORG_ADMIN", "READ_ONLY_ADMIN", "USER_ADMIN"])
def test_only_a_super_admin_assigns_roles(
    admin: httpx.Client, http: httpx.Client, cora: Person, role: str
) -> None:
    path = f"{USERS}/{cora.id}"
    mine = assign(admin, path, role)
    token = api_token(admin, cora)

    assigned = with_api_token(http, token, "POST", f"{path}/roles", {"type": "SUPER_ADMIN"})
    removed = with_api_token(http, token, "DELETE", f"{path}/roles/{mine['id']}")
    seen = with_api_token(http, token, "GET", f"{path}/roles")

    assert_lacks_role(assigned)
    assert_lacks_role(removed)
    assert seen.status_code == (403 if role == "USER_ADMIN" else 200)


@pytest.mark.parametrize("end", ["demote", "suspend"])
def test_the_last_super_admin_who_is_active_stays(
    admin: httpx.Client, http: httpx.Client, end: str
) -> None:
    boss = add_user(admin, "boss")
    own = assign(admin, f"{USERS}/{boss.id}", "SUPER_ADMIN")
    token = api_token(admin, boss)

    def as_boss(method: str, path: str) -> httpx.Response:
        return with_api_token(http, token, method, path)

    for user in done(as_boss("GET", USERS)):
        path = f"{USERS}/{user['id']}"
        supers = [
            role for role in done(as_boss("GET", f"{path}/roles")) if role["type"] == "SUPER_ADMIN"
        ]
        if user["id"] != boss.id and supers:
            demoted = ("DELETE", f"{path}/roles/{supers[0]['id']}")
            done(as_boss(*(demoted if end == "demote" else ("POST", f"{path}/lifecycle/suspend"))))

    answer = as_boss("DELETE", f"{USERS}/{boss.id}/roles/{own['id']}")

    assert_api_refused(answer, 400, "E0000001")
    assert "last super admin" in answer.json()["errorCauses"][0]["errorSummary"]
    assert as_boss("POST", GROUPS).status_code == 400


def test_the_log_says_who_got_which_role(admin: httpx.Client, cora: Person) -> None:
    made = admin.post(f"{USERS}/{cora.id}/roles", json={"type": "APP_ADMIN"})

    (event,) = events_of(admin, made)
    assert event["eventType"] == "user.account.privilege.grant"
    assert event["target"][0]["id"] == cora.id
    assert "Application Administrator" in event["displayMessage"]


# Targets


def test_a_target_group_limits_a_role_from_the_next_call_on(
    admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    role = assign(admin, f"{USERS}/{cora.id}", "USER_ADMIN")
    targets = f"{USERS}/{cora.id}/roles/{role['id']}/targets/groups"
    token, subgroup = api_token(admin, cora), group_named(admin, "SubGroup")
    everybody = done(with_api_token(http, token, "GET", USERS))

    put = admin.put(f"{targets}/{subgroup}")

    assert (put.status_code, put.content) == (204, b"")
    assert [found["id"] for found in done(admin.get(targets))] == [subgroup]
    limited = done(with_api_token(http, token, "GET", USERS))
    assert len(everybody) > 1
    assert [found["profile"]["login"] for found in limited] == ["sam@bank.example"]


def test_targets_of_groups_and_services_limit_them_too(
    admin: httpx.Client, http: httpx.Client, job: App
) -> None:
    role = assign(admin, f"{CLIENTS}/{job.id}", "HELP_DESK_ADMIN")
    targets = f"{CLIENTS}/{job.id}/roles/{role['id']}/targets/groups"

    done(admin.put(f"{targets}/{group_named(admin, 'SubGroup')}"))

    token = done(ask(http, job, "okta.users.read"))["access_token"]
    listed = done(bearing(http, token, "GET", USERS))
    assert [found["profile"]["login"] for found in listed] == ["sam@bank.example"]
    assert_lacks_role(bearing(http, token, "GET", f"{USERS}/cora@bank.example"))


def test_the_last_target_is_not_taken_away(admin: httpx.Client, cora: Person) -> None:
    role = assign(admin, f"{USERS}/{cora.id}", "USER_ADMIN")
    targets = f"{USERS}/{cora.id}/roles/{role['id']}/targets/groups"
    subgroup, staff = group_named(admin, "SubGroup"), group_named(admin, "Staff")
    for group in (subgroup, staff, staff):
        done(admin.put(f"{targets}/{group}"))

    first, last = admin.delete(f"{targets}/{staff}"), admin.delete(f"{targets}/{subgroup}")
    absent = admin.delete(f"{targets}/{staff}")

    assert first.status_code == 204
    assert_api_refused(last, 400, "E0000001")
    assert_api_refused(absent, 404, "E0000007")
    assert [found["id"] for found in done(admin.get(targets))] == [subgroup]


def test_an_app_admin_is_limited_to_apps(
    admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    role = assign(admin, f"{USERS}/{cora.id}", "APP_ADMIN")
    targets = f"{USERS}/{cora.id}/roles/{role['id']}/targets/catalog/apps"
    mine, other = register_app(admin), register_app(admin)
    token = api_token(admin, cora)

    put = admin.put(f"{targets}/oidc_client/{mine.id}")

    listed = done(with_api_token(http, token, "GET", "/api/v1/apps"))
    assert put.status_code == 204
    assert [found["id"] for found in done(admin.get(targets))] == [mine.id]
    assert [found["id"] for found in listed] == [mine.id]
    assert with_api_token(http, token, "GET", f"/api/v1/apps/{mine.id}").status_code == 200
    assert_lacks_role(with_api_token(http, token, "GET", f"/api/v1/apps/{other.id}"))


def test_a_kind_of_app_is_a_target_of_its_own(
    admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    role = assign(admin, f"{USERS}/{cora.id}", "APP_ADMIN")
    targets = f"{USERS}/{cora.id}/roles/{role['id']}/targets/catalog/apps"
    app = register_app(admin)
    done(admin.put(f"{targets}/oidc_client"))
    done(admin.put(f"{targets}/oidc_client/{app.id}"))

    removed = admin.delete(f"{targets}/oidc_client/{app.id}")

    token = api_token(admin, cora)
    assert removed.status_code == 204
    assert [found["name"] for found in done(admin.get(targets))] == ["oidc_client"]
    assert with_api_token(http, token, "GET", f"/api/v1/apps/{app.id}").status_code == 200
    assert_api_refused(admin.put(f"{targets}/salesforce"), 404, "E0000007")
    assert_api_refused(admin.delete(f"{targets}/oidc_client"), 400, "E0000001")


@pytest.mark.parametrize(
    ("role", "target"),
    [
        ("APP_ADMIN", "groups"),
        ("READ_ONLY_ADMIN", "groups"),
        ("USER_ADMIN", "catalog/apps"),
        ("SUPER_ADMIN", "catalog/apps"),
    ],
)
def test_targets_of_the_wrong_kind_do_not_fit(
    admin: httpx.Client, cora: Person, role: str, target: str
) -> None:
    made = assign(admin, f"{USERS}/{cora.id}", role)
    path = f"{USERS}/{cora.id}/roles/{made['id']}/targets/{target}"
    wanted = group_named(admin, "Staff") if target == "groups" else "oidc_client"

    assert_api_refused(admin.get(path), 400, "E0000091")
    assert_api_refused(admin.put(f"{path}/{wanted}"), 400, "E0000091")


def test_an_app_admin_sees_the_people_of_the_app(
    admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    tom, sam = find_person(admin, "tom"), find_person(admin, "sam")
    app = register_app(admin, tom)
    done(admin.put(f"/api/v1/apps/{app.id}/groups/{group_named(admin, 'SubGroup')}"))
    role = assign(admin, f"{USERS}/{cora.id}", "APP_ADMIN")
    done(
        admin.put(f"{USERS}/{cora.id}/roles/{role['id']}/targets/catalog/apps/oidc_client/{app.id}")
    )
    token = api_token(admin, cora)

    listed = done(with_api_token(http, token, "GET", USERS))

    assert {found["id"] for found in listed} == {tom.id, sam.id}
    for person in (tom, sam):
        assert with_api_token(http, token, "GET", f"{USERS}/{person.id}").status_code == 200
    assert_lacks_role(with_api_token(http, token, "GET", f"{USERS}/grace@bank.example"))


def test_a_group_admin_assigns_apps_to_the_group_and_its_people(
    admin: httpx.Client, http: httpx.Client
) -> None:
    token = api_token(admin, find_person(admin, "grace"))
    app, sam = register_app(admin), find_person(admin, "sam")
    path = f"/api/v1/apps/{app.id}"

    def assigned(person: Person) -> httpx.Response:
        return with_api_token(http, token, "POST", f"{path}/users", {"id": person.id})

    def group(name: str) -> httpx.Response:
        return with_api_token(http, token, "PUT", f"{path}/groups/{group_named(admin, name)}")

    assert assigned(sam).status_code == group("SubGroup").status_code == 200
    assert_lacks_role(assigned(find_person(admin, "cora")))
    assert_lacks_role(group("Customers"))
    assert_lacks_role(with_api_token(http, token, "GET", path))
