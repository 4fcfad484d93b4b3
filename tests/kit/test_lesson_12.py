"""Lesson 12: its facts are the server's, and answers come in many shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from grantlab import Lab
from grantlab.deciding import CASES, DecisionTree
from grantlab.exercises import exercises_of
from grantlab.lessons import lesson_12
from grantlab.lessons.evidence import exchange, recording_of
from grantlab.lessons.own_service import OwnService, own_service
from grantlab.recording import Recording
from labserver.domain.catalog import API_SCOPES
from labserver.domain.operations import OPERATIONS

EXERCISES = exercises_of("12")
RIGHT_WAYS = {
    1: ("okta", "nobody", "ours", "covered", "able"),
    2: ("okta", "nobody", "customers"),
    3: ("okta", "nobody", "ours", "covered", "able"),
    4: ("okta", "somebody"),
    5: ("okta", "nobody", "ours", "covered", "rigid"),
    6: ("okta", "nobody", "ours", "lacking"),
    7: ("ours",),
    8: ("okta", "nobody", "customers"),
}


def test_cases_walked_through_the_tree_are_right_where_the_tree_leads() -> None:
    tree = DecisionTree()
    for number, answers in RIGHT_WAYS.items():
        tree.walk(number, *answers)

    assert EXERCISES["decide"].judge(tree.decided).passed


def test_nothing_is_attempted_before_the_first_case_is_decided_and_the_rest_is_named() -> None:
    tree = DecisionTree()
    assert EXERCISES["decide"].judge(tree.decided).status == "not attempted"

    tree.walk(7, "ours")
    outcome = EXERCISES["decide"].judge(tree.decided)

    assert outcome.status == "not yet"
    assert len(outcome.reasons) == len(CASES) - 1


@pytest.mark.parametrize("answer", [{9: "service app"}, {1: 5}, {1: "OAuth"}, "service app", 7])
def test_odd_decisions_are_not_yet_right(answer: Any) -> None:
    assert EXERCISES["decide"].judge(answer).status == "not yet"


@pytest.mark.parametrize("call", lesson_12.CALLS)
def test_the_scopes_of_the_integration_s_calls_are_those_that_the_server_asks_for(
    call: str,
) -> None:
    method, path = call.split()
    opening = OPERATIONS[method, path].scopes

    assert lesson_12.CALLS[call] == tuple(scope for scope in opening if scope in API_SCOPES)


@pytest.mark.parametrize("shape", [list, set, tuple, " ".join])
def test_declared_scopes_may_come_in_any_shape_and_order(shape: Any) -> None:
    assert EXERCISES["enough-and-no-more"].judge(shape(lesson_12._ENOUGH[::-1])).passed


@pytest.mark.parametrize("odd", [5, [[]], {"okta.users.read": True}, [5]])
def test_odd_declarations_are_not_yet_right(odd: Any) -> None:
    assert EXERCISES["enough-and-no-more"].judge(odd).status == "not yet"


def test_missing_and_excess_are_told_in_one_go() -> None:
    outcome = EXERCISES["enough-and-no-more"].judge(["okta.users.manage", "okta.apps.read"])

    assert len([each for each in outcome.reasons if "is refused" in each]) == 3
    assert lesson_12.larger_scope("okta.users.manage") in outcome.reasons
    assert lesson_12.unused_scope("okta.apps.read") in outcome.reasons


def test_the_newest_call_counts_so_that_one_may_try_again() -> None:
    failed = lesson_12._listed(f"Bearer {lesson_12._KEY}", 401)
    passed = lesson_12._listed(f"bearer {lesson_12._a_token()}")

    outcome = EXERCISES["migrate"].judge(recording_of(lesson_12._BEFORE, failed, passed))

    assert outcome.passed


def test_the_call_that_the_lesson_makes_itself_is_no_attempt() -> None:
    assert EXERCISES["migrate"].judge(Recording()).status == "not attempted"
    assert EXERCISES["migrate"].judge(recording_of(lesson_12._BEFORE)).status == "not attempted"


def test_an_answer_that_is_no_list_is_another_list() -> None:
    page = replace(lesson_12._listed(f"Bearer {lesson_12._a_token()}"), response_body="<html>")

    outcome = EXERCISES["migrate"].judge(recording_of(lesson_12._BEFORE, page))

    assert outcome.reasons == (lesson_12.ANOTHER_LIST,)


def test_a_call_without_any_credential_moves_nothing() -> None:
    bare = exchange("GET", f"{lesson_12.ORG}/api/v1/users", 401, answer={})

    outcome = EXERCISES["migrate"].judge(recording_of(lesson_12._BEFORE, bare))

    assert outcome.reasons == (lesson_12.NO_CREDENTIAL,)


@pytest.mark.parametrize("odd", [["A"], {"A": ["works"]}, {"E": "dead"}, 30])
def test_odd_states_are_not_yet_right(odd: Any) -> None:
    assert EXERCISES["thirty-days"].judge(odd).status == "not yet"


@pytest.fixture
def kit_lab(lab: Any) -> Iterator[Lab]:
    """The kit in the org of the test."""
    with Lab(lab.url, lab.token) as found:
        yield found


@pytest.fixture
def job(kit_lab: Lab) -> OwnService:
    """An app that may list people, and one scope more that it doesn't need for that."""
    scopes = ("okta.users.read", "okta.groups.read")
    return own_service(kit_lab, "Lister", *scopes, role="READ_ONLY_ADMIN")


def access_token(lab: Lab, job: OwnService, scope: str) -> str:
    """An access token of the app."""
    form = {"grant_type": "client_credentials", "scope": scope} | job.proof(lab.now())
    answer = Recording().client("Lister").post(job.token_url, data=form)
    return str(answer.raise_for_status().json()["access_token"])


@pytest.mark.parametrize(
    ("header", "scope", "limit", "hint"),
    [
        ("Bearer {ssws}", "okta.users.read", 10, lesson_12.TOKEN_AS_BEARER),
        ("SSWS {jwt}", "okta.users.read", 10, lesson_12.JWT_AS_SSWS),
        ("SSWS {ssws}", "okta.users.read", 10, lesson_12.STILL_THE_TOKEN),
        ("Bearer {jwt}", "okta.groups.read", 10, lesson_12.NOT_COVERED),
        ("Bearer {jwt}", "okta.users.read", 2, lesson_12.ANOTHER_LIST),
        ("Bearer {jwt}", "okta.users.read", 10, None),
    ],
)
def test_a_mistake_that_is_really_made_gets_its_hint(
    kit_lab: Lab, job: OwnService, header: str, scope: str, limit: int, hint: str | None
) -> None:
    owner = {"name": "Lister", "userId": kit_lab.person("ada").id}
    ssws = kit_lab.admin.post("/api/v1/api-tokens", json=owner).json()["token"]
    moved = Recording()
    lister = moved.client("Lister", base_url=kit_lab.url)
    sent = header.format(ssws=ssws, jwt=access_token(kit_lab, job, scope))

    lister.get("/api/v1/users", headers={"Authorization": f"SSWS {ssws}"}, params={"limit": 10})
    lister.get("/api/v1/users", headers={"Authorization": sent}, params={"limit": limit})

    reasons = EXERCISES["migrate"].judge(moved).reasons
    assert reasons == (() if hint is None else (hint,))


def test_a_proof_is_good_for_one_request_and_says_what_else_it_is_told(
    kit_lab: Lab, job: OwnService
) -> None:
    form = {"grant_type": "client_credentials", "scope": "okta.users.read"}
    client = Recording().client("Lister")
    proof = job.proof(kit_lab.now())

    first = client.post(job.token_url, data=form | proof)
    again = client.post(job.token_url, data=form | proof)
    other = client.post(job.token_url, data=form | job.proof(kit_lab.now(), sub="cora"))

    assert [each.status_code for each in (first, again, other)] == [200, 401, 401]
    assert "subject claim" in other.json()["error_description"]
