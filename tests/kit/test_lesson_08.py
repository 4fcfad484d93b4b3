"""Lesson 08: other right answers, later attempts, odd evidence, and the API at the counter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from grantlab.exercises import exercises_of
from grantlab.flows import FlowSetup
from grantlab.lab import Lab
from grantlab.lessons import lesson_08, telling
from grantlab.lessons.counter_api import CounterApi, own_counter, tell_staff
from grantlab.lessons.evidence import recording_of
from grantlab.lessons.own import own_app
from grantlab.library import authorization_code_pkce
from grantlab.recording import Recording
from tests.kit.test_lab import serving

EXERCISES = exercises_of("08")


@pytest.mark.parametrize(
    "names",
    [
        ("prices:view", "prices:change", "orders:view", "orders:refund"),
        ("com.shop.prices.read", "com.shop.prices.write", "com.shop.orders.read",
         "com.shop.orders.refund"),
        ("https://shop.example/prices.read", "https://shop.example/prices.write",
         "https://shop.example/orders.read", "https://shop.example/orders.refund"),
    ],
    ids=lambda names: names[0],
)  # fmt: skip
def test_each_style_of_naming_passes_with_words_of_ones_own(names: tuple[str, ...]) -> None:
    assert EXERCISES["split-admin"].judge(lesson_08._defined(*names)).passed


def test_a_scope_that_the_server_refused_is_named_by_its_operation() -> None:
    answer = lesson_08._defined(
        "prices:read", "prices:write", "orders:read", "orders:refund", refused=("orders:read",)
    )

    outcome = EXERCISES["split-admin"].judge(answer)

    assert [each for each in outcome.reasons if "see orders" in each]
    assert len(outcome.reasons) == 1


def test_only_the_last_request_counts_so_that_one_may_try_again() -> None:
    first, then = lesson_08._proof(""), lesson_08._proof("prices:read prices:x")
    both = recording_of(*first["proof"], *then["proof"])

    outcome = EXERCISES["unknown-scope"].judge({"the job holds": "nothing", "proof": both})

    assert outcome.passed


def test_what_the_lesson_made_is_not_attempted() -> None:
    as_given = telling._tells(True, False, defined=False)
    asked_only = telling._day({}, {}, asks=True, says=...)
    calls = recording_of(*(one for one in asked_only["calls"] if "/claims" not in one.path))

    assert EXERCISES["tell-less"].judge(as_given).status == "not attempted"
    answer = {"a bad idea when": ..., "calls": calls}
    assert EXERCISES["no-lookup"].judge(answer).status == "not attempted"
    nothing = {"the job holds": ..., "proof": Recording()}
    assert EXERCISES["unknown-scope"].judge(nothing).status == "not attempted"


def test_look_ups_from_before_the_claim_are_forgiven() -> None:
    before = telling._day({}, {}, asks=True)["calls"]
    after = telling._day(telling._YES, telling._NO)["calls"]

    outcome = EXERCISES["no-lookup"].judge(
        {"a bad idea when": "B", "calls": recording_of(*before, *after)}
    )

    assert outcome.passed


@pytest.mark.parametrize("name", list(EXERCISES))
@pytest.mark.parametrize(
    "odd",
    [
        "a text",
        7,
        [1, 2],
        {"scopes": "prices:read", "answers": None},
        {"scopes": {"see prices": 7}, "answers": recording_of()},
        {"the job holds": [], "proof": "none"},
        {"a bad idea when": {}, "calls": 3},
        recording_of(),
    ],
    ids=str,
)
def test_odd_evidence_is_never_passed_and_never_an_exception(name: str, odd: Any) -> None:
    assert EXERCISES[name].judge(odd).status in ("not yet", "not attempted")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with serving("--unlisted") as address, Lab.connect(address) as found:
        yield found


def test_the_counter_asks_the_directory_only_where_the_token_is_silent(lab: Lab) -> None:
    recording = Recording()
    server, app = own_counter(lab), own_app(lab, "Till", "tom", auth="none")
    api = CounterApi(lab, server, recording)

    def visit() -> tuple[int, int]:
        tom = lab.person("tom")
        setup = FlowSetup(
            issuer=server.issuer, client_id=app.client_id, scopes=("discount:read",),
            username=tom.login, password=tom.password,
        )  # fmt: skip
        tokens = authorization_code_pkce.flow(setup).run_all().state.tokens
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        return httpx.get(api.url, headers=header).json()["percent"], api.look_ups

    silent = visit()
    tell_staff(lab, server)
    told = visit()
    refused = httpx.get(api.url, headers={"Authorization": "Bearer x.y.z"})
    api.stop()

    assert silent == (20, 1)
    assert told == (20, 1)
    assert refused.status_code == 401
    assert "invalid_token" in refused.headers["www-authenticate"]
    assert [one.path for one in recording if one.path.endswith("/groups")] != []
