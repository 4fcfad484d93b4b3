"""Custom roles over HTTP: permissions on resource sets, bound to people, groups and services."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import add_server, done, find_person, register_app
from tests.web.calling import (
    USERS,
    api_token,
    ask,
    assert_api_refused,
    assert_lacks_role,
    assert_lacks_scope,
    bearing,
    group_named,
    lab_url,
    service,
    with_api_token,
)

ROLES = "/api/v1/iam/roles"
SETS = "/api/v1/iam/resource-sets"


def make_role(admin: httpx.Client, *permissions: str, label: str = "Care") -> dict[str, Any]:
    """A new custom role with these permissions, without their prefix."""
    names = [f"okta.{name}" for name in permissions]
    body = {"label": label, "description": label, "permissions": names}
    made: dict[str, Any] = done(admin.post(ROLES, json=body))
    return made


def make_set(admin: httpx.Client, *paths: str, label: str = "Places") -> dict[str, Any]:
    """A new resource set of these paths below `/api/v1/`."""
    resources = [f"{lab_url(admin)}/api/v1/{path}" for path in paths]
    body = {"label": label, "description": label, "resources": resources}
    made: dict[str, Any] = done(admin.post(SETS, json=body))
    return made


def give(admin: httpx.Client, path: str, role: dict[str, Any], resources: dict[str, Any]) -> str:
    """The id of the assignment that whoever is at the path has from now on."""
    body = {"type": "CUSTOM", "role": role["id"], "resource-set": resources["id"]}
    return str(done(admin.post(f"{path}/roles", json=body))["id"])


def token_with(admin: httpx.Client, permissions: tuple[str, ...], *paths: str) -> str:
    """An API token of Tom, who has these permissions on these resources."""
    tom = find_person(admin, "tom")
    give(admin, f"{USERS}/{tom.id}", make_role(admin, *permissions), make_set(admin, *paths))
    return api_token(admin, tom)


def test_a_service_does_exactly_what_its_custom_role_permits_and_where(
    admin: httpx.Client, http: httpx.Client
) -> None:
    app = service(admin, "okta.users.manage")
    role = make_role(admin, "users.read", "users.lifecycle.suspend")
    places = make_set(admin, f"groups/{group_named(admin, 'SubGroup')}/users")
    body = {"type": "CUSTOM", "role": role["id"], "resource-set": places["id"]}
    assigned = admin.post(f"/oauth2/v1/clients/{app.id}/roles", json=body)
    token = done(ask(http, app, "okta.users.manage"))["access_token"]

    listed = done(bearing(http, token, "GET", USERS))

    assert assigned.status_code == 200
    assert assigned.json()["role"] == role["id"]
    assert assigned.json()["resource-set"] == places["id"]
    assert assigned.json()["label"] == "Care"
    assert [found["profile"]["login"] for found in listed] == ["sam@bank.example"]
    assert bearing(http, token, "POST", f"{USERS}/sam/lifecycle/suspend").status_code == 200
    assert_lacks_role(bearing(http, token, "POST", f"{USERS}/sam/lifecycle/unsuspend"))
    assert_lacks_role(bearing(http, token, "GET", f"{USERS}/cora"))
    assert_lacks_role(bearing(http, token, "POST", f"{USERS}/cora/lifecycle/suspend"))
    assert_lacks_role(bearing(http, token, "DELETE", f"{USERS}/sam"))
    assert_lacks_scope(bearing(http, token, "GET", "/api/v1/groups"), "okta.groups.read")


def test_a_permission_for_profiles_sets_no_passwords(
    admin: httpx.Client, http: httpx.Client
) -> None:
    token = token_with(admin, ("users.userprofile.manage",), "users")
    profile = {"profile": {"city": "Elsewhere"}}
    password = {"credentials": {"password": {"value": "Another-Word-2026"}}}

    changed = with_api_token(http, token, "POST", f"{USERS}/cora", profile)

    assert done(changed)["profile"]["city"] == "Elsewhere"
    assert_lacks_role(with_api_token(http, token, "POST", f"{USERS}/cora", password))
    assert_lacks_role(with_api_token(http, token, "POST", f"{USERS}/cora", profile | password))
    assert_lacks_role(with_api_token(http, token, "PUT", f"{USERS}/cora", password))


def test_a_permission_for_passwords_changes_no_profiles(
    admin: httpx.Client, http: httpx.Client
) -> None:
    token = token_with(admin, ("users.credentials.manage",), "users")
    password = {"credentials": {"password": {"value": "Another-Word-2026"}}}

    assert with_api_token(http, token, "PUT", f"{USERS}/cora", password).status_code == 200
    assert_lacks_role(
        with_api_token(http, token, "POST", f"{USERS}/cora", {"profile": {"city": "X"}})
    )


def test_all_permissions_for_people_do_not_reach_admins(
    admin: httpx.Client, http: httpx.Client
) -> None:
    token = token_with(admin, ("users.manage",), "users")

    assert with_api_token(http, token, "GET", f"{USERS}/ada").status_code == 200
    assert_lacks_role(with_api_token(http, token, "POST", f"{USERS}/ada/lifecycle/suspend"))


def test_adding_a_member_needs_a_permission_for_the_group_and_one_for_the_person(
    admin: httpx.Client, http: httpx.Client
) -> None:
    subgroup, cora = group_named(admin, "SubGroup"), find_person(admin, "cora")
    tom = find_person(admin, "tom")
    path, member = f"{USERS}/{tom.id}", f"/api/v1/groups/{subgroup}/users/{cora.id}"
    groups = make_set(admin, f"groups/{subgroup}", label="Groups")
    give(admin, path, make_role(admin, "groups.members.manage", label="Groups"), groups)
    token = api_token(admin, tom)
    with_the_group = with_api_token(http, token, "PUT", member)

    people = make_set(admin, "users", label="People")
    give(admin, path, make_role(admin, "users.groupMembership.manage", label="People"), people)

    assert_lacks_role(with_the_group)
    assert with_api_token(http, token, "PUT", member).status_code == 204


def test_making_somebody_in_a_group_needs_a_permission_for_the_group_too(
    admin: httpx.Client, http: httpx.Client
) -> None:
    subgroup, tom = group_named(admin, "SubGroup"), find_person(admin, "tom")
    token = token_with(admin, ("users.create",), "users")
    login = "nora@bank.example"
    names = {"firstName": "Nora", "lastName": "New", "email": login, "login": login}
    body = {"profile": names, "groupIds": [subgroup]}
    without = with_api_token(http, token, "POST", USERS, body)

    groups = make_set(admin, f"groups/{subgroup}", label="Groups")
    members = make_role(admin, "groups.members.manage", label="Groups")
    give(admin, f"{USERS}/{tom.id}", members, groups)

    assert_lacks_role(without)
    assert with_api_token(http, token, "POST", USERS, body).status_code == 200


def test_a_custom_role_for_one_app_shows_that_app_without_its_secret(
    admin: httpx.Client, http: httpx.Client
) -> None:
    mine, other = register_app(admin), register_app(admin)
    token = token_with(admin, ("apps.manage",), f"apps/{mine.id}")

    shown = done(with_api_token(http, token, "GET", f"/api/v1/apps/{mine.id}"))
    listed = done(with_api_token(http, token, "GET", "/api/v1/apps"))

    assert [found["id"] for found in listed] == [mine.id]
    assert "client_secret" not in shown["credentials"]["oauthClient"]
    secrets = f"/api/v1/apps/{mine.id}/credentials/secrets"
    assert_lacks_role(with_api_token(http, token, "GET", secrets))
    assert_lacks_role(with_api_token(http, token, "GET", f"/api/v1/apps/{other.id}"))


def test_a_custom_role_for_one_server_edits_that_server_alone(
    admin: httpx.Client, http: httpx.Client
) -> None:
    servers = "/api/v1/authorizationServers"
    server = add_server(admin, "Orders")
    token = token_with(admin, ("authzServers.manage",), f"authorizationServers/{server}")

    scope = with_api_token(http, token, "POST", f"{servers}/{server}/scopes", {"name": "o:read"})

    assert scope.status_code == 201
    other = with_api_token(http, token, "POST", f"{servers}/default/scopes", {"name": "o:read"})
    assert_lacks_role(other)
    assert_lacks_role(with_api_token(http, token, "POST", servers, {"name": "x"}))


def test_a_group_is_in_the_list_of_who_has_a_role_on_it(
    admin: httpx.Client, http: httpx.Client
) -> None:
    subgroup, staff = group_named(admin, "SubGroup"), group_named(admin, "Staff")
    token = token_with(
        admin, ("groups.read", "users.read"), f"groups/{subgroup}", f"groups/{staff}/users"
    )

    groups = done(with_api_token(http, token, "GET", "/api/v1/groups"))
    people = done(with_api_token(http, token, "GET", USERS))

    assert [found["id"] for found in groups] == [subgroup]
    assert {found["profile"]["login"].split("@")[0] for found in people} == {
        "tom",
        "grace",
        "pia",
        "ada",
    }


def test_permissions_are_added_and_removed_and_act_at_once(
    admin: httpx.Client, http: httpx.Client
) -> None:
    token = token_with(admin, ("users.read",), "users")
    suspend = f"{USERS}/cora/lifecycle/suspend"
    (role,) = done(admin.get(ROLES))["roles"]
    permission = f"{ROLES}/{role['id']}/permissions/okta.users.lifecycle.suspend"
    before = with_api_token(http, token, "POST", suspend)

    added = admin.post(permission)
    during = with_api_token(http, token, "POST", suspend)
    removed = admin.delete(permission)

    assert_lacks_role(before)
    assert (added.status_code, during.status_code, removed.status_code) == (204, 200, 204)
    unsuspend = f"{USERS}/cora/lifecycle/unsuspend"
    assert_lacks_role(with_api_token(http, token, "POST", unsuspend))
    listed = done(admin.get(f"{ROLES}/{role['label']}/permissions"))["permissions"]
    assert [found["label"] for found in listed] == ["okta.users.read"]
    last = f"{ROLES}/{role['id']}/permissions/okta.users.read"
    assert done(admin.get(last))["label"] == "okta.users.read"
    assert_api_refused(admin.delete(last), 400, "E0000001")
    assert_api_refused(admin.get(permission), 404, "E0000007")


def test_resources_are_added_and_removed_and_act_at_once(
    admin: httpx.Client, http: httpx.Client
) -> None:
    subgroup, staff = group_named(admin, "SubGroup"), group_named(admin, "Staff")
    token = token_with(admin, ("users.read",), f"groups/{subgroup}/users")
    (places,) = done(admin.get(SETS))["resource-sets"]
    path = f"{SETS}/{places['id']}/resources"
    before = with_api_token(http, token, "GET", f"{USERS}/tom")

    done(admin.patch(path, json={"additions": [f"{lab_url(admin)}/api/v1/groups/{staff}/users"]}))
    during = with_api_token(http, token, "GET", f"{USERS}/tom")
    _, added = done(admin.get(path))["resources"]
    done(admin.delete(f"{path}/{added['id']}"))

    assert_lacks_role(before)
    assert during.status_code == 200
    assert added["_links"]["resource"]["href"].endswith(f"/groups/{staff}/users")
    assert_lacks_role(with_api_token(http, token, "GET", f"{USERS}/tom"))
    assert_api_refused(admin.delete(f"{path}/{added['id']}"), 404, "E0000007")


def test_a_binding_gives_the_role_to_several_and_takes_it_from_each(
    admin: httpx.Client, http: httpx.Client
) -> None:
    role, places = make_role(admin, "users.read"), make_set(admin, "users")
    tom, cora = find_person(admin, "tom"), find_person(admin, "cora")
    job = service(admin, "okta.users.read")
    bindings, base = f"{SETS}/{places['id']}/bindings", f"{lab_url(admin)}"
    member = f"{base}/api/v1/users/{tom.id}"
    made = done(admin.post(bindings, json={"role": role["id"], "members": [member]}))
    more = [f"{base}/api/v1/groups/{group_named(admin, 'Customers')}"]
    more.append(f"{base}/oauth2/v1/clients/{job.id}")

    done(admin.patch(f"{bindings}/{role['id']}/members", json={"additions": more}))

    tokens = [api_token(admin, person) for person in (tom, cora)]
    members = done(admin.get(f"{bindings}/{role['id']}/members"))["members"]
    (held,) = done(admin.get(f"{USERS}/{tom.id}/roles"))
    assert made["id"] == role["id"]
    assert [found["id"] for found in done(admin.get(bindings))["roles"]] == [role["id"]]
    assert (len(members), members[0]["id"]) == (3, held["id"])
    for token in tokens:
        assert with_api_token(http, token, "GET", USERS).status_code == 200
    done(admin.delete(f"{bindings}/{role['id']}/members/{held['id']}"))
    assert_lacks_role(with_api_token(http, tokens[0], "GET", USERS))
    assert with_api_token(http, tokens[1], "GET", USERS).status_code == 200
    done(admin.delete(f"{bindings}/{role['id']}"))
    assert_lacks_role(with_api_token(http, tokens[1], "GET", USERS))
    assert_api_refused(admin.get(f"{bindings}/{role['id']}"), 404, "E0000007")


def test_what_somebody_has_is_not_deleted(admin: httpx.Client) -> None:
    tom = find_person(admin, "tom")
    role, places = make_role(admin, "users.read"), make_set(admin, "users")
    held = give(admin, f"{USERS}/{tom.id}", role, places)
    paths = (f"{ROLES}/{role['id']}", f"{SETS}/{places['id']}")
    refused = [admin.delete(path) for path in paths]

    done(admin.delete(f"{USERS}/{tom.id}/roles/{held}"))

    for answer in refused:
        assert_api_refused(answer, 400, "E0000001")
    for path in paths:
        assert admin.delete(path).status_code == 204
        assert_api_refused(admin.get(path), 404, "E0000007")


def test_the_same_custom_role_on_the_same_set_twice_is_a_conflict(admin: httpx.Client) -> None:
    tom = find_person(admin, "tom")
    role, places = make_role(admin, "users.read"), make_set(admin, "users")
    give(admin, f"{USERS}/{tom.id}", role, places)
    body = {"type": "CUSTOM", "role": role["id"], "resource-set": places["id"]}

    assert_api_refused(admin.post(f"{USERS}/{tom.id}/roles", json=body), 409, "E0000090")


def test_a_name_is_changed_and_taken_once(admin: httpx.Client) -> None:
    role, places = make_role(admin, "users.read"), make_set(admin, "users")
    body = {"label": "Other", "description": "Other"}

    assert done(admin.put(f"{ROLES}/{role['id']}", json=body))["label"] == "Other"
    assert done(admin.put(f"{SETS}/{places['id']}", json=body))["label"] == "Other"
    for path, more in ((ROLES, {"permissions": ["okta.users.read"]}), (SETS, {"resources": []})):
        assert_api_refused(admin.post(path, json=body | more), 400, "E0000001")
    assert done(admin.get(f"{ROLES}/Other"))["id"] == role["id"]
    assert done(admin.get(f"{SETS}/Other"))["id"] == places["id"]


@pytest.mark.parametrize(
    "permissions", [[], ["okta.users.everything"], ["okta.users.read", "okta.logs.read"], "x"]
)
def test_a_role_of_unknown_permissions_is_refused(admin: httpx.Client, permissions: object) -> None:
    body = {"label": "Odd", "description": "Odd", "permissions": permissions}

    assert_api_refused(admin.post(ROLES, json=body), 400, "E0000001")
    assert done(admin.get(ROLES))["roles"] == []


@pytest.mark.parametrize(
    "path",
    ["users/00uSomebody", "groups/00gNone", "groups/", "logs", "orgs", "apps/0oaNone/users", ""],
)
def test_what_is_no_resource_of_the_org_is_in_no_set(admin: httpx.Client, path: str) -> None:
    body = {
        "label": "Odd",
        "description": "Odd",
        "resources": [f"{lab_url(admin)}/api/v1/{path}"],
    }

    assert_api_refused(admin.post(SETS, json=body), 400, "E0000001")


def test_another_orgs_things_are_in_no_set(admin: httpx.Client, lab: Lab, new_lab: Any) -> None:
    other = new_lab()
    groups = httpx.get(
        f"{other.url}/api/v1/groups", headers={"Authorization": f"SSWS {other.token}"}
    ).json()
    theirs = f"{other.url}/api/v1/groups/{groups[-1]['id']}"

    for address in (theirs, theirs.replace(other.url, lab.url), f"{other.url}/api/v1/users"):
        body = {"label": "Odd", "description": "Odd", "resources": [address]}
        assert_api_refused(admin.post(SETS, json=body), 400, "E0000001")


@pytest.mark.parametrize("member", ["", "users/00uNobody", "groups/00gNone", "apps/0oaNone"])
def test_nobody_is_no_member(admin: httpx.Client, member: str) -> None:
    role, places = make_role(admin, "users.read"), make_set(admin, "users")
    body = {"role": role["id"], "members": [f"{lab_url(admin)}/api/v1/{member}"]}

    answer = admin.post(f"{SETS}/{places['id']}/bindings", json=body)

    assert_api_refused(answer, 400, "E0000001")


def test_only_super_admins_make_custom_roles(admin: httpx.Client, http: httpx.Client) -> None:
    token = token_with(admin, ("users.manage", "groups.manage", "apps.manage", "iam.read"), "users")
    body = {"label": "Mine", "description": "Mine", "permissions": ["okta.users.manage"]}
    (role,) = done(admin.get(ROLES))["roles"]

    assert_lacks_role(with_api_token(http, token, "POST", ROLES, body))
    permission = f"{ROLES}/{role['id']}/permissions/okta.authzServers.manage"
    assert_lacks_role(with_api_token(http, token, "POST", permission))
    assert_lacks_role(with_api_token(http, token, "GET", SETS))
