"""Users, groups and memberships over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

USERS = "/api/v1/users"
GROUPS = "/api/v1/groups"
PASSWORD = "Correct-horse-7"


def person(login: str = "isaac@example.com", **profile: Any) -> dict[str, Any]:
    """A user's document, without credentials."""
    base = {"login": login, "email": login, "firstName": "Isaac", "lastName": "Brock"}
    return {"profile": {**base, **profile}}


def with_password(document: dict[str, Any], password: str = PASSWORD) -> dict[str, Any]:
    """The same with a password."""
    return {**document, "credentials": {"password": {"value": password}}}


def causes(answer: httpx.Response) -> str:
    """All causes of an error, as one text."""
    return " | ".join(cause["errorSummary"] for cause in answer.json()["errorCauses"])


def signs_in(http: httpx.Client, login: str = "isaac@example.com", password: str = PASSWORD) -> int:
    """The status of primary authentication."""
    body = {"username": login, "password": password}
    return http.post("/api/v1/authn", json=body).status_code


@pytest.fixture
def isaac(admin: httpx.Client) -> dict[str, Any]:
    """An active user with a password."""
    answer = admin.post(USERS, json=with_password(person()))
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize(
    ("query", "password", "status"),
    [
        ({}, True, "ACTIVE"),
        ({}, False, "PROVISIONED"),
        ({"activate": "false"}, True, "STAGED"),
        ({"activate": "true", "nextLogin": "changePassword"}, True, "PASSWORD_EXPIRED"),
    ],
)
def test_a_new_user_has_the_status_that_the_call_asks_for(
    admin: httpx.Client, query: dict[str, str], password: bool, status: str
) -> None:
    body = with_password(person()) if password else person()

    made = admin.post(USERS, params=query, json=body)

    assert made.status_code == 200
    assert made.json()["status"] == status
    assert made.json()["id"].startswith("00u")


@pytest.mark.parametrize(
    ("query", "password", "code"),
    [
        ({"nextLogin": "changePassword"}, False, "E0000124"),
        ({"nextLogin": "changePassword", "activate": "false"}, True, "E0000125"),
        ({"activate": "perhaps"}, True, "E0000001"),
    ],
)
def test_a_call_that_contradicts_itself_is_refused(
    admin: httpx.Client, query: dict[str, str], password: bool, code: str
) -> None:
    body = with_password(person()) if password else person()

    answer = admin.post(USERS, params=query, json=body)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
    assert admin.get(f"{USERS}/isaac@example.com").status_code == 404


def test_a_user_with_a_password_can_sign_in_and_the_password_never_comes_back(
    admin: httpx.Client, http: httpx.Client, isaac: dict[str, Any]
) -> None:
    shown = admin.get(f"{USERS}/{isaac['id']}")

    assert signs_in(http) == 200
    assert PASSWORD not in shown.text
    assert "argon2" not in shown.text
    assert shown.json()["credentials"]["password"] == {}


@pytest.mark.parametrize("login", ["isaac@example.com", "ISAAC@example.com", "ísaac@example.com"])
def test_logins_differ_by_more_than_case_and_accents(
    admin: httpx.Client, isaac: dict[str, Any], login: str
) -> None:
    answer = admin.post(USERS, json=person(login, email="other@example.com"))

    assert answer.status_code == 400
    assert answer.json()["errorSummary"] == "Api validation failed: login"
    assert causes(answer) == (
        "login: An object with this field already exists in the current organization"
    )


@pytest.mark.parametrize(
    ("profile", "field"),
    [
        ({"login": "abc"}, "login"),
        ({"login": "00uAbCdEfGhIjKlMnOpQ"}, "login"),
        ({"login": "cora@bank.example\u200b"}, "login"),
        ({"email": "no-at-sign"}, "email"),
        ({"firstName": ""}, "firstName"),
        ({"lastName": "x" * 51}, "lastName"),
        ({"lastName": None}, "lastName"),
        ({"shoeSize": "44"}, "shoeSize"),
        ({"department": 7}, "department"),
    ],
)
def test_a_profile_that_does_not_fit_is_refused_by_field(
    admin: httpx.Client, profile: dict[str, Any], field: str
) -> None:
    answer = admin.post(USERS, json=person(**profile))

    assert answer.status_code == 400
    assert field in causes(answer)


@pytest.mark.parametrize("password", ["Sh0rt", "alllowercase1", "Isaac-Pass-1", "NoDigitsHere"])
def test_a_weak_password_is_refused(admin: httpx.Client, password: str) -> None:
    answer = admin.post(USERS, json=with_password(person(), password))

    assert answer.status_code == 400
    assert answer.json()["errorSummary"] == "Api validation failed: password"
    assert password not in answer.text


@pytest.mark.parametrize("name", ["cora@bank.example", "CORA@bank.example", "cora"])
def test_a_user_is_found_by_login_in_any_spelling(admin: httpx.Client, name: str) -> None:
    found = admin.get(f"{USERS}/{name}").json()

    assert found["profile"]["login"] == "cora@bank.example"
    assert admin.get(f"{USERS}/{found['id']}").json() == found


def test_me_is_the_owner_of_the_token(admin: httpx.Client) -> None:
    token = admin.get("/api/v1/api-tokens").json()[0]

    assert admin.get(f"{USERS}/me").json()["id"] == token["userId"]


def test_nobody_is_a_404_that_names_whom(admin: httpx.Client) -> None:
    answer = admin.get(f"{USERS}/nobody@example.com")

    assert answer.status_code == 404
    assert answer.json()["errorSummary"] == (
        "Not found: Resource not found: nobody@example.com (User)"
    )


def test_post_changes_what_it_names_and_put_replaces_the_profile(
    admin: httpx.Client, isaac: dict[str, Any]
) -> None:
    path = f"{USERS}/{isaac['id']}"

    partly = admin.post(path, json={"profile": {"department": "Music", "nickName": "Ike"}}).json()
    emptied = admin.post(path, json={"profile": {"nickName": None}}).json()
    wholly = admin.put(path, json=person(lastName="Stone")).json()

    assert partly["profile"]["firstName"] == "Isaac"
    assert partly["profile"]["department"] == "Music"
    assert "nickName" not in emptied["profile"]
    assert wholly["profile"]["lastName"] == "Stone"
    assert "department" not in wholly["profile"]


def test_an_admin_sets_a_password_that_works_at_once(
    admin: httpx.Client, http: httpx.Client, isaac: dict[str, Any]
) -> None:
    body = {"credentials": {"password": {"value": "Another-horse-8"}}}

    answer = admin.put(f"{USERS}/{isaac['id']}", json=body)

    assert answer.status_code == 200
    assert answer.json()["profile"] == isaac["profile"]
    assert signs_in(http) == 401
    assert signs_in(http, password="Another-horse-8") == 200


def test_suspension_ends_when_it_is_lifted(
    admin: httpx.Client, http: httpx.Client, isaac: dict[str, Any]
) -> None:
    path = f"{USERS}/{isaac['id']}"

    suspended = admin.post(f"{path}/lifecycle/suspend")
    twice = admin.post(f"{path}/lifecycle/suspend")
    while_suspended = signs_in(http)
    lifted = admin.post(f"{path}/lifecycle/unsuspend")

    assert (suspended.status_code, suspended.json()) == (200, {})
    assert twice.status_code == 400
    assert while_suspended == 401
    assert lifted.status_code == 200
    assert signs_in(http) == 200


def test_ten_failures_lock_and_unlock_restores(
    admin: httpx.Client, http: httpx.Client, isaac: dict[str, Any]
) -> None:
    path = f"{USERS}/{isaac['id']}"
    too_early = admin.post(f"{path}/lifecycle/unlock")
    for _ in range(10):
        signs_in(http, password="Wrong-horse-9")
    locked = admin.get(path).json()["status"]

    unlocked = admin.post(f"{path}/lifecycle/unlock")

    assert (too_early.status_code, too_early.json()["errorCode"]) == (403, "E0000032")
    assert locked == "LOCKED_OUT"
    assert unlocked.status_code == 200
    assert signs_in(http) == 200


def test_deactivation_ends_all_access_and_deletion_takes_two_calls(
    admin: httpx.Client, http: httpx.Client, isaac: dict[str, Any]
) -> None:
    path = f"{USERS}/{isaac['id']}"
    app = admin.get("/api/v1/apps").json()[0]["id"]
    admin.post(f"/api/v1/apps/{app}/users", json={"id": isaac["id"]})
    body = {"name": "Isaac's", "userId": isaac["id"]}
    token = admin.post("/api/v1/api-tokens", json=body).json()["token"]

    first = admin.delete(path)
    status = admin.get(path).json()["status"]
    assigned = admin.get(f"/api/v1/apps/{app}/users/{isaac['id']}")
    changed = admin.post(path, json={"profile": {"nickName": "Ike"}})
    second = admin.delete(path)

    assert (first.status_code, status) == (204, "DEPROVISIONED")
    assert signs_in(http) == 401
    assert http.get(path, headers={"Authorization": f"SSWS {token}"}).status_code == 401
    assert assigned.status_code == 404
    assert (changed.status_code, changed.json()["errorCode"]) == (403, "E0000038")
    assert second.status_code == 204
    assert admin.get(path).status_code == 404


def test_a_staged_user_is_activated_once(admin: httpx.Client, http: httpx.Client) -> None:
    made = admin.post(USERS, params={"activate": "false"}, json=with_password(person())).json()
    path = f"{USERS}/{made['id']}/lifecycle/activate"

    before = signs_in(http)
    first = admin.post(path, params={"sendEmail": "false"})
    second = admin.post(path, params={"sendEmail": "false"})

    assert before == 401
    assert first.status_code == 200
    assert (second.status_code, second.json()["errorCode"]) == (403, "E0000016")
    assert signs_in(http) == 200


def test_sessions_can_be_cleared(
    admin: httpx.Client, http: httpx.Client, isaac: dict[str, Any]
) -> None:
    answer = admin.delete(f"{USERS}/{isaac['id']}/sessions", params={"oauthTokens": "true"})

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "cor"}, ["cora@bank.example"]),
        ({"search": 'profile.login eq "tom@bank.example"'}, ["tom@bank.example"]),
        ({"filter": 'profile.email sw "sam" and status eq "ACTIVE"'}, ["sam@bank.example"]),
        ({"search": 'profile.login eq "x" or profile.firstName eq "Cora"'}, ["cora@bank.example"]),
        ({"filter": 'not (created gt "2000-01-01T00:00:00.000Z")'}, []),
        ({"q": "%"}, []),
    ],
)
def test_people_are_found_by_q_filter_and_search(
    admin: httpx.Client, query: dict[str, str], found: list[str]
) -> None:
    answer = admin.get(USERS, params=query)

    assert [user["profile"]["login"] for user in answer.json()] == found


@pytest.mark.parametrize(
    "text", ["status", "status eq", 'shoe eq "1"', 'status is "A"', "(" * 30, 'created gt "soon"']
)
def test_a_search_that_cannot_be_read_is_refused(admin: httpx.Client, text: str) -> None:
    answer = admin.get(USERS, params={"search": text})

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000031")
    assert causes(answer)


def test_deactivated_people_are_listed_only_when_asked_for(
    admin: httpx.Client, isaac: dict[str, Any]
) -> None:
    admin.delete(f"{USERS}/{isaac['id']}")

    plain = [user["id"] for user in admin.get(USERS).json()]
    asked = admin.get(USERS, params={"filter": 'status eq "DEPROVISIONED"'}).json()

    assert isaac["id"] not in plain
    assert [user["id"] for user in asked] == [isaac["id"]]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ({}, ["ann", "bob", "cyd"]),
        ({"sortOrder": "asc"}, ["ann", "bob", "cyd"]),
        ({"sortOrder": "desc"}, ["cyd", "bob", "ann"]),
    ],
)
def test_a_search_is_sorted_page_by_page(
    admin: httpx.Client, order: dict[str, str], found: list[str]
) -> None:
    for name in ("bob", "cyd", "ann"):
        body = person(f"{name}@sorted.example", firstName=name.title())
        assert admin.post(USERS, json=body).status_code == 200
    query = {"search": 'profile.login ew "sorted.example"', "sortBy": "profile.firstName"}

    answer = admin.get(USERS, params=query | order | {"limit": "1"})
    names = [answer.json()[0]["profile"]["firstName"].lower()]
    while "next" in answer.links:
        answer = admin.get(answer.links["next"]["url"])
        names += [user["profile"]["firstName"].lower() for user in answer.json()]

    assert names == found


def test_people_without_the_attribute_and_with_the_same_come_once_each(
    admin: httpx.Client,
) -> None:
    everybody = {user["id"] for user in admin.get(USERS).json()}
    query = {"search": 'status eq "ACTIVE"', "limit": "2"}

    for attribute in ("profile.department", "profile.nickName", "created", "lastLogin"):
        seen: list[str] = []
        answer = admin.get(USERS, params=query | {"sortBy": attribute, "sortOrder": "desc"})
        seen += [user["id"] for user in answer.json()]
        while "next" in answer.links:
            answer = admin.get(answer.links["next"]["url"])
            seen += [user["id"] for user in answer.json()]

        assert len(seen) == len(set(seen))
        assert set(seen) == everybody


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"sortBy": "shoe"}, "E0000031"),
        ({"sortBy": "created", "sortOrder": "sideways"}, "E0000001"),
        ({"sortBy": "created", "after": "xyz"}, "E0000029"),
        ({"sortBy": "created", "after": "W1tbW1tbW1s"}, "E0000029"),
        ({"sortBy": "profile.login", "after": "WyJcdWQ4MDAiLCAxXQ"}, "E0000029"),
    ],
)
def test_an_order_or_a_cursor_that_cannot_be_read_is_refused(
    admin: httpx.Client, query: dict[str, str], code: str
) -> None:
    answer = admin.get(USERS, params={"search": "id pr", **query})

    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)


def test_a_page_of_people_leads_to_the_next_and_keeps_the_query(admin: httpx.Client) -> None:
    query = {"search": 'status eq "ACTIVE"', "limit": "2"}

    first = admin.get(USERS, params=query)
    second = admin.get(first.links["next"]["url"])

    assert "search=" in first.links["next"]["url"]
    assert len(first.json()) == len(second.json()) == 2
    assert not {u["id"] for u in first.json()} & {u["id"] for u in second.json()}


def test_a_group_is_made_filled_and_deleted(admin: httpx.Client, isaac: dict[str, Any]) -> None:
    body = {"profile": {"name": "Band", "description": "Plays"}}

    made = admin.post(GROUPS, json=body)
    path = f"{GROUPS}/{made.json()['id']}"
    twice = admin.post(GROUPS, json=body)
    put = [admin.put(f"{path}/users/{isaac['id']}").status_code for _ in range(2)]
    members = admin.get(f"{path}/users").json()
    groups = admin.get(f"{USERS}/{isaac['id']}/groups").json()
    removed = admin.delete(f"{path}/users/{isaac['id']}")
    renamed = admin.put(path, json={"profile": {"name": "Orchestra"}})
    deleted = admin.delete(path)

    assert (made.status_code, made.json()["type"]) == (200, "OKTA_GROUP")
    assert twice.status_code == 400
    assert put == [204, 204]
    assert [member["id"] for member in members] == [isaac["id"]]
    assert [group["profile"]["name"] for group in groups] == ["Everyone", "Band"]
    assert removed.status_code == 204
    assert renamed.json()["profile"] == {"name": "Orchestra", "description": None}
    assert deleted.status_code == 204
    assert admin.get(path).status_code == 404


def test_everyone_is_everybody_and_cannot_be_edited(
    admin: httpx.Client, isaac: dict[str, Any]
) -> None:
    everyone = admin.get(GROUPS, params={"q": "Everyone"}).json()[0]
    path = f"{GROUPS}/{everyone['id']}"

    members = {user["id"] for user in admin.get(f"{path}/users").json()}
    refused = [
        admin.delete(path),
        admin.put(path, json={"profile": {"name": "All"}}),
        admin.delete(f"{path}/users/{isaac['id']}"),
    ]

    assert isaac["id"] in members
    assert [answer.status_code for answer in refused] == [403, 403, 403]


def test_a_new_user_joins_the_groups_that_the_call_names(admin: httpx.Client) -> None:
    staff = admin.get(GROUPS, params={"q": "Staff"}).json()[0]["id"]

    made = admin.post(USERS, json={**person(), "groupIds": [staff]}).json()
    nowhere = admin.post(USERS, json={**person("no@example.com"), "groupIds": ["00gNo"]})

    assert made["id"] in {user["id"] for user in admin.get(f"{GROUPS}/{staff}/users").json()}
    assert nowhere.status_code == 404
    assert admin.get(f"{USERS}/no@example.com").status_code == 404
