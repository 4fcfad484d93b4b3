"""The timeline: families, moments, and where a check alone and the server differ."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from functools import partial
from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab.answers import ClockMove
from grantlab.recording import Exchange, Recording
from grantlab.tokens import Check, Verification
from grantlab.views.lives import read_lives
from grantlab.views.panel import Panel
from grantlab.views.timeline import draw, moments, text_of, timeline_panel
from tests.kit.views_samples import HOSTILE, ISSUER, exchange, jwt

START = 1_700_000_000.0


def access(number: int, issued: float = START, lasts: int = 3600) -> str:
    """An access token that nobody signed; the samples' own check believes its signature."""
    return jwt({"jti": f"AT.{number}", "iat": issued, "exp": issued + lasts, "scp": ["a"]})


def believes(token: str, *, signature: str = "passed") -> Verification:
    """A check alone that has all it needs, and finds the time over long since."""
    checks = (
        Check("signature", signature, "", ""),  # type: ignore[arg-type]
        Check("exp", "failed", "", ""),
    )
    return Verification(checks, {})


def recorded(*exchanges: Exchange) -> list[Exchange]:
    recording = Recording()
    for each in exchanges:
        recording.add(each)
    return list(recording)


def at(seconds: float, **changes: Any) -> Exchange:
    return exchange(started=START + seconds, **changes)


def issued(seconds: float, **answer: str) -> Exchange:
    return at(seconds, response_body=json.dumps(answer))


def refreshed(seconds: float, token: str, status: int = 200, **answer: str) -> Exchange:
    body = f"grant_type=refresh_token&refresh_token={token}"
    return at(seconds, request_body=body, status=status, response_body=json.dumps(answer))


def asked(seconds: float, token: str, active: bool) -> Exchange:
    return at(
        seconds,
        url=f"{ISSUER}/v1/introspect",
        request_body=f"token={token}",
        response_body=json.dumps({"active": active}),
    )


def revoked(seconds: float, token: str) -> Exchange:
    return at(seconds, url=f"{ISSUER}/v1/revoke", request_body=f"token={token}", response_body="")


def used(seconds: float, token: str, status: int = 200) -> Exchange:
    return at(
        seconds,
        method="GET",
        url="http://127.0.0.1:9000/transfers",
        request_headers=(("authorization", f"Bearer {token}"),),
        request_body="",
        status=status,
        response_body="",
    )


def theft() -> list[Exchange]:
    """A family that is refreshed twice and then given away by a used refresh token."""
    return recorded(
        issued(0, access_token=access(1), refresh_token="r-1"),
        refreshed(10, "r-1", access_token=access(2), refresh_token="r-2"),
        refreshed(20, "r-1", 400, error="invalid_grant"),
        asked(30, access(2), False),
        used(40, access(2)),
    )


def tree(panel: Panel) -> ElementTree.Element:
    return ElementTree.fromstring(f"<all>{panel.html}</all>")


def do(panel: Panel, name: str, value: Any) -> str:
    panel._handle_custom_msg({"name": name, "value": value}, [])
    return str(panel.html)


def test_a_family_is_a_tree_whose_branches_were_bought_by_refresh_tokens() -> None:
    lives = read_lives(theft())

    assert {life.name: life.parent for life in lives.tokens} == {
        "A1": None,
        "R1": None,
        "A2": "R1",
        "R2": "R1",
    }
    branches = tree(timeline_panel(theft())).findall(".//ul/li/ul/li/span/strong")
    assert [each.text for each in branches] == ["A2", "R2"]


def test_two_authorizations_are_two_families() -> None:
    lives = read_lives(
        recorded(issued(0, access_token=access(1)), issued(9, access_token=access(2)))
    )

    assert {number: [life.name for life in each] for number, each in lives.families().items()} == {
        1: ["A1"],
        2: ["A2"],
    }


def test_the_second_use_of_a_refresh_token_is_told_from_the_first() -> None:
    lives = read_lives(theft())

    assert [each.kind for each in lives.moments[:3]] == ["issued", "refreshed", "reused"]
    heard = {life.name: life.heard for life in lives.tokens}
    assert heard["R1"] == [
        "traded for A2 and R2 in message 2",
        "used again in message 3, and refused",
    ]


def test_a_refresh_token_that_stays_the_same_is_no_reuse() -> None:
    told = moments(
        recorded(
            issued(0, access_token=access(1), refresh_token="r-1"),
            refreshed(10, "r-1", access_token=access(2), refresh_token="r-1"),
            refreshed(20, "r-1", access_token=access(3), id_token="i-1"),
        )
    )

    assert [each.kind for each in told] == ["issued", "refreshed", "refreshed"]


def test_a_repeated_use_that_is_forgiven_is_said_to_be() -> None:
    lives = read_lives(
        recorded(
            issued(0, access_token=access(1), refresh_token="r-1"),
            refreshed(1, "r-1", access_token=access(2), refresh_token="r-2"),
            refreshed(2, "r-1", access_token=access(3), refresh_token="r-3"),
        )
    )

    assert lives.moments[2].kind == "reused"
    assert lives.moments[2].alive
    assert "forgiven" in lives.tokens[1].heard[-1]


def test_a_refused_second_use_casts_doubt_on_its_family_until_the_server_is_asked() -> None:
    replay = [
        issued(0, access_token=access(1), refresh_token="r-1"),
        refreshed(1, "r-1", access_token=access(2), refresh_token="r-2"),
        issued(2, access_token=access(3), refresh_token="of-another-family"),
        refreshed(3, "r-1", status=400),
    ]

    after = moments(recorded(*replay))[-1].lanes
    asked_after = moments(recorded(*replay, asked(4, access(2), True)))[-1].lanes

    assert {name for name, lane in after.items() if lane == "doubted"} == {"A1", "A2", "R2"}
    assert {name for name, lane in after.items() if lane == "alive"} == {"A3", "R3"}
    assert (asked_after["A2"], asked_after["A1"]) == ("alive", "doubted")


def test_a_check_alone_and_the_server_differ_once_the_server_says_no() -> None:
    told = moments(theft(), believes)

    asking = told[3]
    assert (asking.local, asking.active, asking.differs) == (True, False, True)
    assert told[4].lanes["A2"] == "doubted"
    assert "They differ" in timeline_panel(theft(), believes).html
    assert "local check: valid; they differ" in text_of(read_lives(theft(), believes))


def test_after_a_revocation_a_check_alone_still_passes() -> None:
    told = moments(recorded(issued(0, access_token=access(1)), revoked(5, access(1))), believes)

    assert (told[1].kind, told[1].local, told[1].active) == ("revoked", True, None)
    assert told[1].lanes == {"A1": "doubted"}


def test_a_check_alone_of_an_unknown_signature_never_passes() -> None:
    told = moments(theft(), partial(believes, signature="failed"))

    assert [told[3].local, told[3].differs] == [False, False]


def test_a_token_expires_between_two_messages() -> None:
    told = moments(
        recorded(issued(0, access_token=access(1)), used(4000, access(1), 401)), believes
    )

    assert [(each.kind, each.number, each.after) for each in told] == [
        ("issued", 1, 0),
        ("expired", None, 3600),
        ("used", 2, 4000),
    ]
    assert [each.local for each in told] == [None, False, False]


def test_an_opaque_token_expires_when_the_answer_said() -> None:
    answer = {"access_token": "opaque-1", "expires_in": 60}
    exchanges = recorded(at(0, response_body=json.dumps(answer)), asked(90, "opaque-1", False))

    told = moments(exchanges, believes)

    assert [(each.kind, each.after) for each in told][1] == ("expired", 60)
    assert [each.local for each in told] == [None, None, None]


def test_the_labs_clock_moves_are_shown_and_what_expired_by_them() -> None:
    exchanges = recorded(issued(0, access_token=access(1)), used(10, access(1), 401))
    moves = [ClockMove(START - 50, 0), ClockMove(START + 5, 7200)]

    told = read_lives(exchanges, believes, moves).moments

    assert [(each.kind, each.outcome) for each in told][1] == ("clock moved", "forward by 2:00:00")
    assert [each.kind for each in told] == ["issued", "clock moved", "expired", "used"]
    assert told[3].after == 7210


def test_without_a_lab_a_move_of_the_clock_is_told_by_the_tokens() -> None:
    ahead = access(2, START + 7210)

    told = moments(recorded(issued(0, access_token=access(1)), issued(10, access_token=ahead)))

    assert [each.kind for each in told] == ["issued", "clock moved", "expired", "issued"]
    assert told[1].outcome == "forward by 2:00:00"


def test_a_server_whose_clock_is_always_ahead_has_not_moved_it() -> None:
    exchanges = recorded(
        issued(0, access_token=access(1, START + 300)), used(5, access(1, START + 300))
    )

    assert [each.kind for each in moments(exchanges, believes)] == ["issued", "used"]
    assert moments(exchanges, believes)[1].local is True


def test_what_expired_since_the_last_message_is_told_by_the_time_now() -> None:
    exchanges = recorded(issued(0, access_token=access(1)))

    lives = read_lives(exchanges, None, [ClockMove(START + 1, 4000)], START + 4001)

    assert [each.kind for each in lives.moments] == ["issued", "clock moved", "expired"]


def test_a_question_that_was_refused_is_no_verdict() -> None:
    question = asked(1, access(1), True)
    refused = at(
        2,
        url=question.url,
        request_body=question.request_body,
        status=401,
        response_body='{"error": "invalid_client"}',
    )

    lives = read_lives(recorded(issued(0, access_token=access(1)), question, refused), believes)

    last = lives.moments[-1]
    assert (last.alive, last.active, last.differs) == (False, None, False)
    assert lives.tokens[0].heard == []
    assert last.lanes == {"A1": "alive"}


def test_a_server_that_takes_its_word_back_is_believed() -> None:
    lives = read_lives(
        recorded(
            issued(0, access_token=access(1)),
            asked(1, access(1), False),
            asked(2, access(1), True),
        )
    )

    assert [each.lanes["A1"] for each in lives.moments] == ["alive", "doubted", "alive"]


def test_what_another_client_hears_of_a_refresh_token_says_nothing_against_it() -> None:
    traded = "grant_type=authorization_code&code=c&client_id=phone"
    answer = json.dumps({"access_token": access(1), "refresh_token": "r-1"})
    question = asked(1, "r-1", False)
    basic = (("authorization", "Basic " + base64.b64encode(b"desk:secret").decode()),)
    own = replace(question, request_body="token=r-1&client_id=phone")

    lives = read_lives(
        recorded(
            at(0, request_body=traded, response_body=answer),
            replace(question, request_headers=basic),
            replace(own, started=START + 2),
        )
    )

    assert [each.lanes["R1"] for each in lives.moments] == ["alive", "alive", "doubted"]
    assert lives.tokens[1].heard == [
        "another client is told that it is not active in message 2",
        "not active, the server says in message 3",
    ]


@pytest.mark.parametrize("header", ["Basic %%%", "Basic ", "Basic /w==", "Bearer x", ""])
def test_a_client_that_cannot_be_told_is_nobody_elses(header: str) -> None:
    question = replace(asked(1, "r-1", False), request_headers=(("authorization", header),))

    lives = read_lives(recorded(issued(0, access_token=access(1), refresh_token="r-1"), question))

    assert lives.moments[-1].lanes["R1"] == "doubted"


def test_many_tokens_have_dots_in_narrow_lanes_and_their_words_in_the_row() -> None:
    few = recorded(issued(0, access_token=access(1)))
    many = recorded(*(issued(n, access_token=access(n)) for n in range(5)))

    assert "gl-compact" not in timeline_panel(few).html
    assert "gl-compact" in timeline_panel(many).html


def test_a_moment_opens_its_message_and_closes_it_again() -> None:
    panel = timeline_panel(theft())

    opened = do(panel, "open", "3")
    assert "invalid_grant" in opened
    assert 'aria-pressed="true"' in opened
    assert "Life of the tokens" in opened
    assert 'aria-pressed="true"' not in do(panel, "open", "3")


def test_the_page_without_javascript_has_every_message_and_no_button() -> None:
    page = draw(read_lives(theft()), theft(), still=True)

    assert "<button" not in page.partition("The messages")[0]
    assert page.count("<summary>Message ") == 5


def test_the_text_has_the_tree_and_every_moment() -> None:
    lines = timeline_panel(theft(), believes)._repr_mimebundle_()[0]["text/plain"].splitlines()

    assert lines[0] == "Family 1, by authorization code in message 1"
    assert lines[2:4] == [
        "  R1 refresh token: traded for A2 and R2 in message 2; used again in message 3, "
        "and refused",
        "    A2 access token: its family was to end with message 3; not active, the server says in "
        "message 4",
    ]
    assert sum("message" not in line for line in lines) >= 5


def test_an_empty_recording_says_so() -> None:
    panel = timeline_panel([])

    assert "No token has been issued" in panel.html
    assert "No token has been issued" in panel._repr_mimebundle_()[0]["text/plain"]


def test_no_token_is_ever_shown_outside_its_message() -> None:
    page = draw(read_lives(theft(), believes), theft())

    assert "r-1" not in page
    assert access(1) not in page


@pytest.mark.parametrize("still", [False, True])
def test_no_hostile_value_becomes_markup(still: bool) -> None:
    evil = json.dumps({"access_token": HOSTILE, "refresh_token": HOSTILE + "2", "error": HOSTILE})
    exchanges = recorded(
        at(0, response_body=evil, request_body=f"grant_type={HOSTILE}"),
        used(1, HOSTILE, 401),
        at(
            2,
            url=f"{ISSUER}/v1/introspect",
            request_body=f"token={access(1)}",
            status=400,
            response_body=evil,
        ),
        issued(3, access_token=jwt({"iat": HOSTILE, "exp": True, HOSTILE: 1e300})),
    )

    page = draw(read_lives(exchanges, believes), exchanges, 1, still=still)

    elements = {each.tag for each in ElementTree.fromstring(f"<all>{page}</all>").iter()}
    assert elements & {"script", "img"} == set()
