"""The table of operations over HTTP: it says what the server does, and what the thread asked."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.speaking import add_user, done, find_person
from tests.web.calling import (
    USERS,
    api_token,
    assert_api_refused,
    assert_lacks_role,
    assert_lacks_scope,
    assign_role,
    bearing,
    group_named,
    service_token,
    user_token,
    with_api_token,
)

# Line of the list: scope, roles that are enough, permissions of a custom role (all without okta.).
M, H, RO, G = "GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN", "READ_ONLY_ADMIN", "USER_ADMIN"
CREDENTIALS = "users.credentials.manage"
EXPECTED: dict[int, tuple[str | None, set[str], set[str]]] = {
    1: ("users.manage", {G}, {"users.create"}),
    2: ("users.manage", {G}, {"users.lifecycle.activate"}),
    3: ("users.read", {M, H, RO}, {"users.read"}),
    4: ("users.read", {M, H, RO}, {"users.read"}),
    5: ("users.manage", {G}, {"users.lifecycle.suspend"}),
    6: ("users.manage", {G}, {"users.lifecycle.unsuspend"}),
    7: ("users.manage", {H}, {"users.lifecycle.unlock"}),
    8: ("users.manage", {G}, {"users.userprofile.manage"}),
    9: ("users.manage", {G}, {"users.userprofile.manage"}),
    10: ("users.manage", {G}, {CREDENTIALS}),
    11: ("users.manage", {G}, {CREDENTIALS}),
    12: ("users.manage", {H}, {"users.credentials.resetPassword"}),
    13: ("users.manage", {H}, {"users.credentials.expirePassword"}),
    14: (None, {H}, {"users.read"}),
    15: ("users.read", {H}, {"users.read"}),
    16: ("users.read", {H}, {"users.read"}),
    17: ("users.manage", {G}, {CREDENTIALS}),
    18: ("users.manage", {G}, {CREDENTIALS}),
    19: ("users.manage", {G}, {CREDENTIALS}),
    20: ("users.manage", {H}, {"users.credentials.resetFactors"}),
    21: ("users.manage", {H}, {"users.credentials.resetFactors"}),
    22: ("users.manage", {G}, {CREDENTIALS}),
    23: ("groups.manage", {M}, {"groups.members.manage", "users.groupMembership.manage"}),
}


def thread_of(admin: httpx.Client) -> dict[int, tuple[dict[str, Any], dict[str, Any]]]:
    """The list's lines by number, each with the operation that it is about."""
    table = done(admin.get("/lab/operations"))
    return {line["number"]: (found, line) for found in table for line in found["thread"]}


def test_all_48_operations_of_the_thread_are_in_the_table(admin: httpx.Client) -> None:
    parts = [line["part"] for _, (_, line) in sorted(thread_of(admin).items())]

    assert parts == ["user"] * 22 + ["group"] + ["authn"] * 25


def test_each_line_names_scope_role_and_permission(admin: httpx.Client) -> None:
    thread = thread_of(admin)

    def full(name: str | None) -> str | None:
        return None if name is None else f"okta.{name}"

    found = {
        number: (operation["scope"], set(operation["roles"]), set(line["permissions"]))
        for number, (operation, line) in thread.items()
        if line["part"] != "authn"
    }
    assert found == {
        number: (full(scope), roles, {full(name) for name in permissions})
        for number, (scope, roles, permissions) in EXPECTED.items()
    }


def test_no_scope_role_or_credential_exists_for_authn(admin: httpx.Client) -> None:
    for operation, line in thread_of(admin).values():
        if line["part"] == "authn":
            assert operation["credentials"] == operation["roles"] == line["permissions"] == []
            assert operation["scope"] is operation["permission"] is None


def test_what_has_a_scope_takes_both_credentials_and_the_rest_an_api_token_alone(
    admin: httpx.Client,
) -> None:
    table = done(admin.get("/lab/operations"))

    for operation in table:
        if operation["right"] != "public":
            kinds = ["SSWS", "Bearer"] if operation["scope"] else ["SSWS"]
            assert operation["credentials"] == kinds
    (questions,) = (
        found for found in table if found["path"] == "/api/v1/users/{user_id}/factors/questions"
    )
    assert questions["credentials"] == ["SSWS"]


def test_the_table_is_for_super_admins(admin: httpx.Client, http: httpx.Client) -> None:
    pia = api_token(admin, find_person(admin, "pia"))

    assert_lacks_role(with_api_token(http, pia, "GET", "/lab/operations"))
    assert_api_refused(http.get("/lab/operations"), 401, "E0000011")


def test_four_lines_are_misspelt_and_the_server_says_so(admin: httpx.Client) -> None:
    cora = find_person(admin, "cora")
    misspelt = {
        number: line["written"]
        for number, (_, line) in thread_of(admin).items()
        if not line["worksAsWritten"]
    }
    assert set(misspelt) == {1, 12, 18, 22}

    answers = {}
    for number, written in misspelt.items():
        method, path = written.split(" ")
        user = "00uNewPerson" if number == 1 else cora.id
        path = path.replace("{userId}", user).replace("{factorId}", "ufsNone")
        answer = admin.request(method, f"/api/v1{path}", json={})
        answers[number] = (answer.status_code, answer.json()["errorCode"])

    assert answers == {
        1: (404, "E0000007"),
        12: (405, "E0000022"),
        18: (405, "E0000022"),
        22: (404, "E0000008"),
    }


def test_the_old_flag_for_a_temporary_password_still_works(admin: httpx.Client) -> None:
    person = add_user(admin, "forgetful")

    answer = admin.post(
        f"{USERS}/{person.id}/lifecycle/expire_password", params={"tempPassword": "true"}
    )

    assert done(answer)["tempPassword"]


def addressed(operation: dict[str, Any], user: str, group: str) -> str:
    """The operation's path, about this user."""
    names = {"user_id": user, "group_id": group, "factor_id": "ufsNone"}
    return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], operation["path"])


@pytest.mark.parametrize("kind", ["by scope", "by role"])
def test_the_table_says_what_the_server_judges(
    admin: httpx.Client, http: httpx.Client, kind: str
) -> None:
    user, group = add_user(admin, "subject").id, group_named(admin, "SubGroup")
    lines = [found for found, line in thread_of(admin).values() if line["part"] != "authn"]
    if kind == "by scope":
        lacking = service_token(admin, http, "okta.logs.read", "SUPER_ADMIN")
    else:
        lacking = user_token(
            admin, http, find_person(admin, "tom"), "okta.users.manage okta.groups.manage"
        )

    for operation in lines:
        path = addressed(operation, user, group)
        answer = bearing(http, lacking, operation["method"], path, {})
        if operation["scope"] is None or kind == "by role":
            assert_lacks_role(answer)
        else:
            assert_lacks_scope(answer, operation["scope"])


def test_the_roles_of_the_table_are_enough_and_smaller_ones_are_not(
    admin: httpx.Client, http: httpx.Client
) -> None:
    subject, group = add_user(admin, "subject").id, group_named(admin, "SubGroup")
    tokens = {}
    for role in (M, H, RO, G):
        person = add_user(admin, role.lower())
        assign_role(admin, person, role)
        tokens[role] = api_token(admin, person)
    # What holds the rights of each role, itself included.
    includes = {M: {M, G}, H: {H, G}, RO: {RO}, G: {G}}

    for operation, line in thread_of(admin).values():
        if line["part"] == "authn":
            continue
        enough = set().union(*(includes[role] for role in operation["roles"]))
        if operation["right"] == "view factors":
            enough.add(RO)
        for role, token in tokens.items():
            # An empty body changes nothing: who may is told that it is wrong, or nobody there.
            path = addressed(operation, subject, group)
            if operation["method"] != "GET" and role in enough:
                path = path.replace(subject, "00uNobody")
            answer = with_api_token(http, token, operation["method"], path, {})
            refused = answer.status_code == 403 and answer.json()["errorCode"] == "E0000006"
            assert refused == (role not in enough), (role, operation["path"], answer.text)
