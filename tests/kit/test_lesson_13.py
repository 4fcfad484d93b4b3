"""Lesson 13: what its exercises know of the list is what the server says; right answers pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from grantlab import Lab
from grantlab.exercises import exercises_of
from grantlab.least_privilege import Identity, Operation, Role, needed_for, thread_in
from grantlab.lessons import lesson_13, row_trials
from grantlab.lessons.evidence import recording_of
from grantlab.lessons.own_admins import own_creator, own_service_token, own_somebody
from grantlab.recording import Recording
from grantlab.trying import Trial, identity_of, rewritten, trial_of, try_all
from tests.conftest import Server

EXERCISES = exercises_of("13")


@pytest.fixture(scope="module")
def kit_lab(server: Server) -> Iterator[Lab]:
    """The kit in an org of this module's own."""
    with Lab.connect(server.url, server.token) as found:
        yield found


@pytest.fixture(scope="module")
def thread(kit_lab: Lab) -> tuple[Operation, ...]:
    return thread_in(kit_lab.operations())


def test_the_least_scopes_of_the_exercise_are_those_of_the_server_s_table(thread: Any) -> None:
    assert {row.number: row.scope or "no scope" for row in thread[:22]} == lesson_13._LEAST


def test_the_calls_of_the_exercise_are_those_of_the_server_s_table(thread: Any) -> None:
    corrected = {row.number: f"{row.method} {row.path}" for row in thread if row.written}

    assert row_trials._TODAY.items() <= corrected.items()
    for row in thread[:23]:
        call = f"{row.method} {re.sub('{[a-z_]+}', '00u1', row.path)}"
        assert any(re.fullmatch(listed, call) for listed in lesson_13._LISTED), call


def test_only_what_the_list_names_counts_as_listed(kit_lab: Lab, thread: Any) -> None:
    of_the_list = {(row.method, row.path) for row in thread[:23]}
    # Older spellings that still work are listed too.
    of_the_list.add(("POST", "/api/v1/users/{user_id}/lifecycle/expire_password"))
    found = {
        (each["method"], each["path"])
        for each in kit_lab.operations()
        if any(
            re.fullmatch(listed, f"{each['method']} {re.sub('{[a-z_]+}', 'an-id', each['path'])}")
            for listed in lesson_13._LISTED
        )
    }

    assert found == of_the_list


def test_scopes_may_be_mapped_in_any_order_and_with_single_numbers() -> None:
    least = lesson_13._by_scope()
    shuffled = {scope: tuple(reversed(rows)) for scope, rows in reversed(least.items())}

    assert EXERCISES["map-users"].judge(shuffled).passed
    assert EXERCISES["map-users"].judge(least | {"no scope": 14}).passed


def test_the_cell_as_given_is_not_attempted_and_a_half_filled_one_says_what_is_left() -> None:
    given = {"okta.users.read": [...], "no scope": [...]}

    assert EXERCISES["map-users"].judge(given).status == "not attempted"
    (reason,) = EXERCISES["map-users"].judge(given | {"okta.users.read": [3, 4, 15, 16]}).reasons
    assert reason.startswith("Without a scope yet: 1, 2, 5,")


@pytest.mark.parametrize(
    "odd", [{"okta.users.read": "3"}, [3, 4], "okta.users.read", {1: object()}]
)
def test_an_odd_map_is_not_yet_right_and_never_a_fault(odd: Any) -> None:
    assert EXERCISES["map-users"].judge(odd).status == "not yet"


def test_the_group_admin_and_the_least_custom_role_pass_for_real(kit_lab: Lab, thread: Any) -> None:
    gale, robot = own_creator(kit_lab, "Gale", "USER_ADMIN"), own_creator(kit_lab, "Robot")
    _give_permissions(kit_lab, robot.id, needed_for(thread[:23]).permissions)

    for token in (gale.api_token, robot.api_token):
        outcome = EXERCISES["map-role"].judge(trial_of(kit_lab, token, thread[:23]))

        assert outcome.reasons == ()


def test_a_role_for_one_group_fails_on_people_elsewhere(kit_lab: Lab, thread: Any) -> None:
    grace = kit_lab.person("grace")
    asked = {"name": "A script", "userId": grace.id}
    token = kit_lab.admin.post("/api/v1/api-tokens", json=asked).json()["token"]

    outcome = EXERCISES["map-role"].judge(trial_of(kit_lab, token, thread[:23]))

    assert row_trials.ONE_GROUP_ONLY in outcome.reasons


def test_whoever_has_no_role_tries_nothing_and_has_not_attempted_it(
    kit_lab: Lab, thread: Any
) -> None:
    trial = trial_of(kit_lab, own_creator(kit_lab, "Keeper").api_token, thread[:23])

    assert trial.results == ()
    assert EXERCISES["map-role"].judge(trial).status == "not attempted"


def test_two_roles_that_share_the_work_pass_where_neither_is_enough() -> None:
    together = {*row_trials._PERMISSIONS}
    one = Role("CUSTOM", "One", frozenset({"okta.users.create", "okta.users.read"}))
    other = Role("CUSTOM", "Other", frozenset(together - one.permissions))

    assert EXERCISES["map-role"].judge(row_trials._trial(one, other)).passed


def test_a_result_of_another_token_is_no_proof() -> None:
    mine = row_trials._trial(Role("USER_ADMIN"))
    borrowed = Trial(Identity("Keeper", roles=(Role("HELP_DESK_ADMIN"),)), mine.results)
    renamed = tuple(replace(each, identity="Casey") for each in mine.results)

    assert EXERCISES["map-role"].judge(Trial(mine.identity, renamed)).reasons == (
        row_trials.NOT_ALL_TRIED,
    )
    assert not EXERCISES["map-role"].judge(borrowed).passed


def test_two_different_things_pass_whatever_was_tried_before() -> None:
    tried = recording_of(
        lesson_13._called("GET", lesson_13._USER),
        lesson_13._called("PUT", lesson_13._APPS, 405),
        lesson_13._called("GET", lesson_13._APPS),
        lesson_13._called("DELETE", lesson_13._USER, 204),
    )

    assert EXERCISES["prove-excess"].judge(tried).passed


@pytest.mark.parametrize(
    "id", ["00uabcdefghijklmnopq", "00u12345678901234567", "00uABCDEFGHIJKLMNOPQ"]
)
def test_the_same_done_to_two_people_is_one_thing_whatever_their_ids_look_like(id: str) -> None:
    people = (f"/api/v1/users/{one}" for one in (id, "00u1aB2cD3eF4gH5iJ6k"))

    outcome = EXERCISES["prove-excess"].judge(
        recording_of(*(lesson_13._called("DELETE", path, 204) for path in people))
    )

    assert outcome.reasons == (lesson_13.TWICE_THE_SAME,)


def test_two_things_at_two_kinds_of_servers_are_two() -> None:
    calls = ("/api/v1/authorizationServers", "/api/v1/apps")

    outcome = EXERCISES["prove-excess"].judge(
        recording_of(*(lesson_13._called("GET", path) for path in calls))
    )

    assert outcome.passed


def test_the_creator_s_token_below_an_org_proves_excess_for_real(kit_lab: Lab) -> None:
    creator, recording = own_creator(kit_lab, "Casey", "SUPER_ADMIN"), Recording()
    headers = {"Authorization": f"SSWS {creator.api_token}"}
    casey = recording.client("Casey's script", base_url=kit_lab.url, headers=headers)

    casey.delete(f"/api/v1/users/{own_somebody(kit_lab)}").raise_for_status()
    casey.delete(f"/api/v1/users/{own_somebody(kit_lab)}").raise_for_status()
    once = EXERCISES["prove-excess"].judge(recording)
    casey.get("/api/v1/logs").raise_for_status()

    assert once.reasons == (lesson_13.TWICE_THE_SAME,)
    assert EXERCISES["prove-excess"].judge(recording).passed


def test_wrong_corrections_get_their_hints_for_real(kit_lab: Lab, thread: Any) -> None:
    casey = identity_of(kit_lab, own_creator(kit_lab, "Casey", "SUPER_ADMIN").api_token)

    def judged(number: int, call: str) -> tuple[str, ...]:
        tried = try_all(kit_lab, casey, [rewritten(thread[number - 1], call)])
        return EXERCISES["fix-the-list"].judge(tried).reasons

    left = row_trials.SOME_LEFT
    assert judged(1, "PUT /users/{userId}") == (row_trials.STILL_NOT_FOUND, left)
    assert judged(12, "GET /users/{userId}/lifecycle/reset_password") == (
        row_trials.STILL_NOT_ALLOWED,
        left,
    )
    assert judged(12, "GET /users/{userId}") == (row_trials.SOMETHING_ELSE, left)
    assert judged(12, "post /users/{userId}/lifecycle/reset_password") == (
        row_trials.INCOMPLETE,
        left,
    )
    assert judged(22, "POST /api/v1/users/{userId}/credentials/change_password") == (left,)


def test_an_empty_correction_and_an_empty_recording_are_not_attempted() -> None:
    assert EXERCISES["fix-the-list"].judge(()).status == "not attempted"
    assert EXERCISES["prove-excess"].judge(Recording()).status == "not attempted"


def test_capitals_and_spaces_make_no_other_answer_about_signing_in() -> None:
    answer = {part: f" {said.upper()} " for part, said in lesson_13._ABOUT_AUTHN.items()}

    assert EXERCISES["authn-is-different"].judge(answer).passed


def test_a_service_app_of_one_s_own_has_the_scopes_and_the_role(kit_lab: Lab) -> None:
    scopes = ("okta.users.read", "okta.groups.read")
    token = own_service_token(kit_lab, "Job", *scopes, role="HELP_DESK_ADMIN")

    job = identity_of(kit_lab, token)

    assert job.scopes == frozenset(scopes)
    assert [role.type for role in job.roles] == ["HELP_DESK_ADMIN"]
    assert token not in repr(job)


def test_no_token_is_in_what_a_creator_says_of_itself(kit_lab: Lab) -> None:
    creator = own_creator(kit_lab, "Keeper")

    assert creator.api_token not in repr(creator)


def _give_permissions(lab: Lab, user_id: str, permissions: tuple[str, ...]) -> None:
    named = {"label": f"Role of {user_id}", "description": "For a test"}
    asked = named | {"permissions": permissions}
    role = lab.admin.post("/api/v1/iam/roles", json=asked).raise_for_status().json()
    reach = {"resources": [f"{lab.url}/api/v1/users", f"{lab.url}/api/v1/groups"]}
    where = lab.admin.post("/api/v1/iam/resource-sets", json=named | reach).json()
    given = {"type": "CUSTOM", "role": role["id"], "resource-set": where["id"]}
    lab.admin.post(f"/api/v1/users/{user_id}/roles", json=given).raise_for_status()
