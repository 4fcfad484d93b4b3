"""Lesson 09: attempts that come after one another, other right answers, and odd evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grantlab.exercises import exercises_of
from grantlab.lessons import lesson_09, time_and_order
from grantlab.lessons.decisions import READ, WRITE, got_token, preview, read_list, refused
from grantlab.lessons.evidence import recording_of
from grantlab.recording import Exchange, Recording

EXERCISES = exercises_of("09")
PARTNER, JOB, SCRIPT = lesson_09.PARTNER, lesson_09.JOB, lesson_09.SCRIPT
RIGHT = [
    got_token(PARTNER, READ),
    refused(PARTNER, WRITE),
    got_token(JOB, READ),
    refused(JOB, WRITE),
    preview(WRITE, minutes=5),
]
AS_GIVEN = [
    got_token(PARTNER, READ),
    got_token(PARTNER, WRITE),
    got_token(JOB, READ),
    got_token(JOB, WRITE),
    preview(WRITE, minutes=5),
]


def statuses(name: str, *exchanges: Exchange) -> str:
    return EXERCISES[name].judge(recording_of(*exchanges)).status


def test_a_table_as_the_lesson_made_it_is_not_attempted() -> None:
    everybody = [got_token(name, lesson_09.SYNC) for name in (PARTNER, JOB, SCRIPT)]
    as_it_was = read_list("policies", lesson_09._for(lesson_09.ALL))

    assert statuses("unexpected-scope", *AS_GIVEN) == "not attempted"
    assert statuses("only-these-clients", *everybody, as_it_was) == "not attempted"
    lives = time_and_order._lives(60, 60, 60, rules=1)
    assert EXERCISES["minutes-not-hours"].judge(lives).status == "not attempted"
    open_answer = time_and_order._proof(time_and_order._walked(60), by_order=...)
    assert EXERCISES["no-match"].judge(open_answer).status == "not attempted"


def test_the_newest_answers_count_when_all_have_asked_twice() -> None:
    assert statuses("unexpected-scope", *AS_GIVEN, *RIGHT) == "passed"
    assert statuses("unexpected-scope", *RIGHT, *AS_GIVEN) == "not attempted"


def test_a_partner_that_is_refused_by_either_error_of_the_policies_is_refused() -> None:
    by_no_match = replace(RIGHT[1], response_body='{"error": "access_denied"}')

    assert statuses("unexpected-scope", RIGHT[0], by_no_match, *RIGHT[2:]) == "passed"


def test_two_policies_for_one_client_each_are_as_good_as_one_for_both() -> None:
    own = [lesson_09._for(f"0oa-{name}") for name in (PARTNER, JOB)]
    tokens = [got_token(PARTNER, lesson_09.SYNC), got_token(JOB, lesson_09.SYNC)]

    outcome = statuses(
        "only-these-clients",
        *tokens,
        refused(SCRIPT, lesson_09.SYNC),
        read_list("policies", *own),
    )

    assert outcome == "passed"


def test_an_inactive_policy_for_all_clients_may_stay() -> None:
    two = lesson_09._for(*lesson_09._TWO)
    off = lesson_09._for(lesson_09.ALL) | {"status": "INACTIVE"}
    tokens = [got_token(PARTNER, lesson_09.SYNC), got_token(JOB, lesson_09.SYNC)]

    outcome = statuses(
        "only-these-clients",
        *tokens,
        refused(SCRIPT, lesson_09.SYNC),
        read_list("policies", off, two),
    )

    assert outcome == "passed"


def test_three_rules_may_give_the_two_lifetimes_too() -> None:
    assert (
        EXERCISES["minutes-not-hours"].judge(time_and_order._lives(60, 5, 5, rules=3)).status
        == "passed"
    )


def test_a_policy_that_is_switched_off_and_on_again_proves_nothing() -> None:
    on_again = replace(time_and_order._OFF, url=time_and_order._OFF.url.replace("de", ""))
    walked = time_and_order._walked

    outcome = EXERCISES["no-match"].judge(
        time_and_order._proof(walked(60), time_and_order._OFF, walked(0, "x"), on_again, walked(60))
    )

    assert outcome.status == "not yet"


@pytest.mark.parametrize("name", list(EXERCISES))
@pytest.mark.parametrize(
    "odd",
    [
        "a text",
        7,
        object(),
        [None, "x"],
        {"A": 3},
        recording_of(got_token(PARTNER, READ)),
        recording_of(replace(preview(READ), request_body="[1]")),
        {"order alone can do it": False, "proof": "none"},
    ],
    ids=lambda odd: type(odd).__name__,
)
def test_odd_evidence_is_never_passed_and_never_an_exception(name: str, odd: Any) -> None:
    assert EXERCISES[name].judge(odd).status in ("not yet", "not attempted")


def test_nothing_recorded_is_not_passed() -> None:
    for name in ("unexpected-scope", "only-these-clients", "minutes-not-hours"):
        assert EXERCISES[name].judge(Recording()).status != "passed"
