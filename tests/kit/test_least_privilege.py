"""What operations need, what is granted, and what the server really says to whoever calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from grantlab.finding import LabError, json_of
from grantlab.lab import Lab
from grantlab.least_privilege import (
    ROLES,
    Identity,
    Operation,
    Role,
    called_in,
    compare,
    needed_for,
    operations_in,
    predict,
    thread_in,
)
from grantlab.recording import Recording
from grantlab.trying import as_written, identity_of, try_all
from tests.conftest import Server
from tests.speaking import App, call, done, org_server, register_app


@pytest.fixture(scope="module")
def lesson(server: Server) -> Iterator[Lab]:
    with Lab.connect(server.url, server.token) as found:
        yield found


@pytest.fixture(scope="module")
def table(lesson: Lab) -> list[dict[str, Any]]:
    return lesson.operations()


@pytest.fixture(scope="module")
def thread(table: list[dict[str, Any]]) -> tuple[Operation, ...]:
    return thread_in(table)


def named(thread: tuple[Operation, ...], *does: str) -> tuple[Operation, ...]:
    return tuple(each for each in thread if each.does in does)


def api_token(lesson: Lab, name: str) -> str:
    body = {"name": "trial", "userId": lesson.person(name).id}
    return str(json_of(lesson.admin.post("/api/v1/api-tokens", json=body))["token"])


def someone(lesson: Lab, login: str, *roles: str) -> Identity:
    """A new person with these roles, and an API token of theirs."""
    profile = {"login": login, "email": login, "firstName": "New", "lastName": "Admin"}
    body = {"profile": profile, "credentials": {"password": {"value": "Open-Sesame-2027"}}}
    user = json_of(lesson.admin.post("/api/v1/users", json=body))["id"]
    for role in roles:
        json_of(lesson.admin.post(f"/api/v1/users/{user}/roles", json={"type": role}))
    token = json_of(lesson.admin.post("/api/v1/api-tokens", json={"name": "t", "userId": user}))
    return identity_of(lesson, token["token"])


@dataclass(frozen=True)
class Job:
    """A service app that proves itself by a key."""

    lesson: Lab
    app: App

    def token(self, scope: str) -> str:
        """An access token of the org server."""
        form = {"grant_type": "client_credentials", "scope": scope}
        with httpx.Client() as http:
            answer = call(http, org_server(self.lesson.url), "token", self.app, **form)
        return str(done(answer)["access_token"])

    def hold(self, role: str) -> None:
        """The app has a role."""
        path = f"/oauth2/v1/clients/{self.app.id}/roles"
        json_of(self.lesson.admin.post(path, json={"type": role}))


def service_app(lesson: Lab, *scopes: str) -> Job:
    key = rsa.generate_private_key(65537, 2048)
    app = register_app(lesson.admin, type="service", auth="private_key_jwt", key=key)
    for scope in scopes:
        body = {"scopeId": scope, "issuer": lesson.url}
        json_of(lesson.admin.post(f"/api/v1/apps/{app.id}/grants", json=body))
    return Job(lesson, app)


def test_two_scopes_and_one_role_are_enough_for_the_whole_thread(thread):
    needed = needed_for(thread)

    assert needed.scopes == ("okta.groups.manage", "okta.users.manage")
    assert needed.roles == ("USER_ADMIN",)
    assert needed.or_roles == ("ORG_ADMIN", "SUPER_ADMIN")
    assert [each.does for each in needed.api_token_only] == ["list the security questions"]
    assert len(needed.public) == 25
    assert "okta.groups.members.manage" in needed.permissions


def test_a_scope_to_read_is_enough_for_reading_and_no_role_is_asked_of_the_public(thread):
    reading = needed_for(named(thread, "get a user by id"))
    signing_in = needed_for(each for each in thread if each.area == "sign-in")

    assert reading.scopes == ("okta.users.read",)
    assert reading.roles == ("GROUP_MEMBERSHIP_ADMIN",)
    assert (signing_in.scopes, signing_in.roles, signing_in.permissions) == ((), (), ())


def test_two_small_roles_are_less_than_one_large_role(thread):
    needed = needed_for(named(thread, "reset a password", "add a user to a group"))

    assert needed.roles == ("GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN")
    assert "USER_ADMIN" in needed.or_roles


def test_the_roles_stand_in_the_order_of_how_many_calls_they_open(table):
    operations = operations_in(table)
    counts = [sum(role in each.all_roles for each in operations) for role in ROLES]

    assert counts == sorted(counts)
    assert counts[0] > 0


def test_every_role_that_opens_a_call_is_one_that_the_table_of_names_knows(table):
    opening = {role for each in operations_in(table) for role in each.all_roles}

    assert opening == set(ROLES)


def test_what_is_missing_unused_and_too_large_is_told_apart(thread):
    granted = Identity(
        "job",
        frozenset({"okta.users.manage", "okta.users.read", "okta.apps.read"}),
        (Role("SUPER_ADMIN"),),
    )

    found = compare(granted, thread)

    assert found.named("missing") == ("okta.groups.manage",)
    assert found.named("unused") == ("okta.apps.read", "okta.users.read")
    assert found.named("needed") == ("okta.users.manage",)
    assert found.named("more than needed") == ("SUPER_ADMIN",)
    assert not found.enough
    assert {each.does for each in found.refused} == {
        "add a user to a group",
        "list the security questions",
    }


def test_to_manage_is_more_than_needed_where_only_reading_is(thread):
    granted = Identity("job", frozenset({"okta.users.manage"}), (Role("HELP_DESK_ADMIN"),))

    found = compare(granted, named(thread, "list a user's factors"))

    assert found.enough
    assert not found.exact
    assert found.named("more than needed") == ("okta.users.manage",)
    assert found.scopes[0].because == "okta.users.read is enough"


def test_the_least_is_exact_and_leaves_nothing_over(thread):
    operations = named(thread, "reset a password", "unlock a user")
    needed = needed_for(operations)
    granted = Identity("job", frozenset(needed.scopes), tuple(map(Role, needed.roles)))

    found = compare(granted, needed)

    assert found.exact
    assert found.named("missing") == found.named("unused") == ()


def test_a_read_only_role_is_not_too_large_for_reading(thread):
    reads = named(thread, "get a user by id", "list a user's factors")
    granted = Identity("job", frozenset({"okta.users.read"}), (Role("READ_ONLY_ADMIN"),))

    assert compare(granted, reads).exact


def test_the_scope_is_asked_for_before_the_role(thread):
    (create,) = named(thread, "create a user")

    nothing = predict(Identity("job", frozenset()), create)
    scope = predict(Identity("job", frozenset({"okta.users.manage"})), create)

    assert (nothing.outcome, nothing.lacks) == ("scope missing", "okta.users.manage")
    assert (scope.outcome, scope.lacks) == ("role missing", "USER_ADMIN")


def test_custom_roles_may_share_what_a_call_asks_for_and_manage_includes_its_family(thread):
    (add,) = named(thread, "add a user to a group")
    (reset,) = named(thread, "reset a password")
    members = Role("CUSTOM", "Members", frozenset({"okta.groups.members.manage"}))
    people = Role("CUSTOM", "People", frozenset({"okta.users.manage"}))

    assert predict(Identity("one", None, (members,)), add).outcome == "role missing"
    assert predict(Identity("both", None, (members, people)), add).outcome == "allowed"
    assert predict(Identity("people", None, (people,)), reset).outcome == "allowed"


def test_secrets_are_apart_from_managing_what_owns_them(table):
    (secrets,) = (
        each
        for each in operations_in(table)
        if each.call == "GET /api/v1/apps/{app_id}/credentials/secrets"
    )
    manager = Role("CUSTOM", "Apps", frozenset({"okta.apps.manage"}))
    reader = Role("CUSTOM", "Secrets", frozenset({"okta.apps.clientCredentials.read"}))

    assert not manager.opens(secrets)
    assert reader.opens(secrets)


def test_a_recording_tells_which_operations_were_really_called(lesson, table):
    recording = Recording()
    headers = {"Authorization": lesson.admin.headers["Authorization"]}
    with recording.client("job", headers=headers) as job:
        job.get(f"{lesson.url}/api/v1/groups?limit=1")
        user = job.get(f"{lesson.url}/api/v1/users/{lesson.person('cora').login}").json()["id"]
        job.get(f"{lesson.url}/api/v1/users/{user}/factors/catalog")
        job.get(f"{lesson.url}/api/v1/groups")
        job.get(f"{lesson.url}/.well-known/openid-configuration")

    called = called_in(recording, table)

    assert [each.call for each in called] == [
        "GET /api/v1/groups",
        "GET /api/v1/users/{user_id}",
        "GET /api/v1/users/{user_id}/factors/catalog",
    ]
    assert needed_for(called).scopes == ("okta.groups.read", "okta.users.read")


def test_the_server_says_what_the_table_predicts_for_a_help_desk(lesson, thread):
    helper = someone(lesson, "helper@bank.example", "HELP_DESK_ADMIN")
    assert [role.type for role in helper.roles] == ["HELP_DESK_ADMIN"]

    results = try_all(lesson, helper, thread)

    assert [each for each in results if not each.as_predicted] == []
    outcomes = {each.operation.does: each.outcome for each in results}
    assert outcomes["reset a password"] == "allowed"
    assert outcomes["create a user"] == "role missing"
    assert outcomes["cancel the transaction"] == "no credential needed"


def test_an_admin_of_one_group_is_enough_for_its_people_and_leaves_nothing_behind(lesson, thread):
    before = json_of(lesson.admin.get("/api/v1/users", params={"limit": 200}))
    grace = identity_of(lesson, api_token(lesson, "grace"), "Grace")
    people = [each for each in thread if each.area != "sign-in"]

    results = try_all(lesson, grace, people)

    assert len(grace.groups) == 1
    assert {each.outcome for each in results} == {"allowed"}
    assert sum(each.status < 300 for each in results) >= 22
    after = json_of(lesson.admin.get("/api/v1/users", params={"limit": 200}))
    assert [each["id"] for each in after] == [each["id"] for each in before]


def test_a_service_app_lacks_a_scope_or_a_role_and_the_challenge_tells_which(lesson, thread):
    job = service_app(lesson, "okta.users.manage")
    rows = named(thread, "reset a password", "add a user to a group", "list the security questions")
    alone = identity_of(lesson, job.token("okta.users.manage"), "Directory Job")
    before = [each.outcome for each in try_all(lesson, alone, rows)]

    job.hold("HELP_DESK_ADMIN")
    helping = identity_of(lesson, job.token("okta.users.manage"), "Directory Job")
    after = try_all(lesson, helping, rows)

    assert before == ["role missing", "API token only", "scope missing"]
    assert [each.outcome for each in after] == ["allowed", "API token only", "scope missing"]
    assert all(each.as_predicted for each in after)


def test_a_token_for_another_audience_is_taken_from_nobody(lesson, thread):
    app, server = lesson.app("Nightly Job"), lesson.server("Sync")
    form = {"grant_type": "client_credentials", "scope": "sync:read"}
    auth = (app.client_id, app.client_secret)
    token = done(httpx.post(f"{server.issuer}/v1/token", data=form, auth=auth))["access_token"]

    stranger = identity_of(lesson, token)
    (result,) = try_all(lesson, stranger, named(thread, "get a user by id"))

    assert not stranger.accepted
    assert (result.status, result.outcome) == (401, "credential refused")
    assert result.as_predicted
    assert len(compare(stranger, thread).refused) == 23


def test_as_it_was_written_the_list_has_calls_that_do_not_exist(lesson, thread):
    ada = identity_of(lesson, api_token(lesson, "ada"))
    odd = [as_written(each) for each in thread if each.written]

    results = {each.operation.number: each for each in try_all(lesson, ada, odd)}

    assert {number for number, each in results.items() if each.outcome == "no such call"} == {
        *(12, 18, 22)
    }
    assert results[1].operation.call == "POST /api/v1/users/{user_id}?activate=false"


def test_what_would_end_the_lab_s_own_work_is_not_tried(lesson, table):
    ada = identity_of(lesson, api_token(lesson, "ada"))
    ends = [each for each in operations_in(table) if each.call == "POST /lab/reset"]

    (result,) = try_all(lesson, ada, ends)

    assert (result.outcome, result.status) == ("not tried", 0)
    assert lesson.person("cora")


def test_each_result_is_told_as_it_comes_and_the_calls_are_recorded(lesson, thread):
    recording = Recording()
    heard: list[int] = []
    ada = identity_of(lesson, api_token(lesson, "ada"), "Ada's script")

    try_all(
        lesson,
        ada,
        named(thread, "get a user by id", "get a user by login"),
        recording=recording,
        watch=lambda each: heard.append(each.operation.number),
    )

    assert heard == [3, 4]
    assert [each.sender for each in recording] == ["Ada's script"] * 2
    assert "subject-" in recording[1].path


def test_no_credential_is_in_what_an_identity_says_of_itself(lesson):
    token = api_token(lesson, "ada")

    assert token not in repr(identity_of(lesson, token))


def test_a_bad_credential_has_no_identity(lesson):
    ask = partial(identity_of, lesson)

    with pytest.raises(LabError, match="E0000011"):
        ask("SSWS 00not-a-token-of-this-org")
