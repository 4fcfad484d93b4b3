"""The views as text: what they say, that they are well formed, and that nothing breaks out."""

import functools
import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab.exercises import Exercise, Outcome
from grantlab.flows import Remark, Step, Switch, Walk
from grantlab.lab import Reasons
from grantlab.recording import Recording
from grantlab.tokens import decode, tamper, verify
from grantlab.views import view
from grantlab.views.exercise import exercise_view
from grantlab.views.html import escape, tag
from grantlab.views.inspector import Inspector
from grantlab.views.message import earlier_like, message, message_text
from grantlab.views.panel import Panel
from grantlab.views.reasons import reasons, reasons_text
from grantlab.views.sequence import picture, sequence
from grantlab.views.timeline import moments, timeline
from grantlab.views.token import Acts, decoded_part, tampered_part, verified_part
from grantlab.views.words import answer_words, sentence, story
from tests.kit.views_samples import ACCESS, HOSTILE, ISSUER, code_flow, exchange, flow, hostile, jwt


def tree(html: str) -> ElementTree.Element:
    """The HTML read as XML: it must be well formed."""
    return ElementTree.fromstring(f"<all>{html}</all>")


def words(html: str) -> str:
    return " ".join("".join(tree(html).itertext()).split())


def reasons_of(*found: dict[str, str]) -> Reasons:
    event = {
        "displayMessage": "Token request",
        "outcome": {"result": "FAILURE", "reason": "access_denied"},
        "debugContext": {"debugData": {"reasons": list(found)}},
    }
    return Reasons("req-1", (event,))


def exercise() -> Exercise:
    return Exercise("first-answer", "Which status?", lambda _: [], ["Look.", "Closer."], "x = 401")


def ask_for_token(walk: Walk) -> Remark:
    walk.recording.add(exchange())
    return Remark("The token is here.")


# Escaping


def test_text_from_outside_is_escaped_wherever_it_stands():
    written = tag("p", HOSTILE, title=HOSTILE)

    element = tree(written)[0]
    assert element.text is not None
    assert element.text.startswith('"><script>alert(1)</script>')
    assert len(element) == 0
    assert list(element.attrib) == ["title"]


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\u202e", "\u200b", "\ud800"])
def test_characters_that_hide_or_turn_text_appear_by_number(character: str):
    assert escape(f"a{character}b") == f"a\\u{ord(character):04x}b"


EVIL_REASONS = Reasons(
    HOSTILE,
    (
        {
            "displayMessage": HOSTILE,
            "outcome": {"result": HOSTILE},
            "debugContext": {
                "debugData": {
                    "reasons": [
                        {"check": HOSTILE, "result": HOSTILE, "detail": HOSTILE},
                        {"check": HOSTILE, "result": "passed", "policyId": HOSTILE, "ruleId": "r"},
                    ]
                }
            },
        },
    ),
)
EVIL_TOKEN = jwt({"sub": HOSTILE, HOSTILE: HOSTILE}, {"alg": HOSTILE, "kid": HOSTILE})
EVIL_EXERCISE = Exercise(HOSTILE, HOSTILE, lambda _: [], [HOSTILE], HOSTILE)
EVIL_OUTCOME = Outcome(HOSTILE, "not yet", (HOSTILE,), HOSTILE)
EVIL_FAMILY = [
    exchange(),
    exchange(
        url=f"{ISSUER}/v1/introspect",
        request_body=f"token={ACCESS}",
        status=400,
        response_body=json.dumps({"error": HOSTILE}),
    ),
]
EVIL_VERIFICATION = verify(EVIL_TOKEN, issuer=HOSTILE, audience=HOSTILE, keys={}, now=0)


def evil_pages() -> dict[str, str]:
    inspector = Inspector(hostile(), lambda _: EVIL_REASONS)
    pages = {"still": inspector.still(), "timeline": timeline(EVIL_FAMILY)}
    for index in range(len(inspector.exchanges)):
        inspector.select(index)
        for level in ("sequence", "message", "reasons"):
            inspector.receive("zoom", level)
            pages[f"{level} {index}"] = inspector.draw()
    return {
        **pages,
        "reasons": reasons(EVIL_REASONS),
        "exercise": exercise_view(EVIL_EXERCISE, EVIL_OUTCOME),
        "token": decoded_part(decode(EVIL_TOKEN)),
        "verification": verified_part(EVIL_VERIFICATION),
        "tampered": tampered_part(tamper(EVIL_TOKEN, sub=HOSTILE), EVIL_VERIFICATION),
        "flow": view(
            flow(Step(HOSTILE, HOSTILE, ask_for_token), switches=(Switch(*[HOSTILE] * 3),))
        ).html,
    }


@pytest.mark.parametrize("name", list(evil_pages()))
def test_no_hostile_value_becomes_markup(name: str):
    page = evil_pages()[name]

    elements = list(tree(page).iter())
    assert {element.tag for element in elements} & {"script", "img"} == set()
    attributes = {each for element in elements for each in element.attrib}
    assert not [each for each in attributes if each.startswith("on")]
    assert "&lt;script&gt;" in page


# Sequence


def test_the_picture_shows_who_asks_whom_through_which_channel():
    drawn = tree(picture(list(code_flow())))

    steps = [each for each in drawn.iter() if "gl-step" in each.get("class", "")]
    assert ["gl-front" in each.get("class", "") for each in steps] == [True] * 4 + [False] * 4
    assert [each.get("data-value") for each in steps] == [str(at) for at in range(8)]
    heads = [each.text for each in drawn.iter() if each.get("class") == "gl-name"]
    assert heads == ["Browser", "Authorization server", "Bank SPA", "Transfers API"]


def test_a_refusal_has_a_cross_and_its_word():
    steps = [
        each
        for each in tree(picture(list(code_flow()))).iter()
        if "gl-step" in each.get("class", "")
    ]

    crossed = [
        "".join(step.itertext())
        for step in steps
        if any(each.get("class") == "gl-cross" for each in step.iter())
    ]
    assert len(crossed) == 2
    assert "✗ 400 invalid_grant" in crossed[0]
    assert "✗ 401 Unauthorized" in crossed[1]


def test_the_picture_scales_and_is_silent_for_screen_readers():
    drawn = tree(picture(list(code_flow())))[0]

    heads, steps = drawn
    assert heads.get("viewBox", "").startswith("0 0 ")
    assert steps.get("viewBox", "").split()[2] == heads.get("viewBox", "").split()[2]
    assert drawn.get("aria-hidden") == "true"


def test_every_message_is_a_button_with_the_same_words_as_the_text():
    exchanges = list(code_flow())

    buttons = [
        each for each in tree(sequence(exchanges, 4)).iter("button") if each.get("data-send")
    ]
    assert [each.text for each in buttons] == [sentence(each) for each in exchanges]
    assert [each.get("aria-pressed") for each in buttons].index("true") == 4


def test_the_page_without_javascript_holds_every_message_and_no_button():
    still = Inspector(code_flow()).still()

    assert len(tree(still).findall(".//ol/li/details")) == 8
    assert tree(still).find(".//button") is None
    assert "The one-time voucher" in words(still)


def test_an_empty_recording_says_so():
    assert "Nothing recorded yet" in words(Inspector(Recording()).draw())
    assert story([]) == "Nothing recorded yet."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": 200}, "200 OK"),
        ({"status": 200, "response_body": '{"active": false}'}, "200 active: false"),
        ({"status": 403, "response_body": '{"errorCode": "E0000006"}'}, "403 E0000006"),
        ({"status": 502, "response_body": "<html>"}, "502 Bad Gateway"),
        ({"status": 799, "response_body": ""}, "799"),
        ({"status": 302, "response_headers": (("location", "/login?x=1"),)}, "302 to /login"),
        ({"status": None, "url": "http://app/cb?error=access_denied"}, "caught access_denied"),
        ({"status": None, "url": "http://app/cb#error=login_required"}, "caught login_required"),
    ],
)
def test_an_answer_is_a_status_and_a_word(changes: dict[str, Any], said: str):
    assert str(answer_words(exchange(**changes))) == said


# Message


def test_each_part_of_a_message_has_its_meaning_and_section():
    rows = tree(message(exchange())).findall(".//tbody/tr")

    told = {
        "".join(row[0].find("code").itertext()): "".join(row[2].itertext())  # type: ignore[union-attr]
        for row in rows
    }
    assert "RFC 7636 §4.5" in told["code_verifier"]
    assert "RFC 6749" in told["grant_type"]
    assert "API" in told["access_token"]


def test_secrets_wait_behind_a_reveal_control():
    sent = exchange(
        request_body="client_secret=topsecret&username=cora",
        request_headers=(("authorization", "Basic dXNlcjpwYXNz"), *exchange().request_headers),
    )

    page = tree(message(sent))
    summaries = ["".join(each.itertext()) for each in page.iter("summary")]
    assert "topsecret" not in " ".join(summaries)
    assert any(each.startswith("Basic ••••••••") for each in summaries)
    in_rows = [each for each in page.findall(".//td/code") if each.text]
    assert "cora" in [each.text for each in in_rows]
    assert not [each for each in in_rows if each.text in ("topsecret", "Basic dXNlcjpwYXNz")]
    assert "topsecret" not in message_text(sent)


def test_a_code_in_a_redirect_is_masked_like_any_other():
    page = tree(message(list(code_flow())[2]))

    seen = " ".join(
        ["".join(each.itertext()) for each in page.iter("summary")]
        + [each.text or "" for each in page.findall(".//td/code")]
    )
    assert "abcdefghijkl" not in seen
    assert "code=••••••••&state=s-123" in seen


def test_what_an_earlier_message_to_the_endpoint_lacked_is_marked_as_new():
    exchanges = list(code_flow())
    again = exchanges[6]

    earlier = earlier_like(exchanges, again)
    page = tree(message(again, earlier))

    assert earlier is exchanges[4]
    new = [
        row[0][0].text
        for row in page.findall(".//tbody/tr")
        if "new since" in "".join(row.itertext())
    ]
    assert new == ["client_secret"]
    assert "not here: code_verifier" in words(message(again, earlier))


def test_a_jwt_in_a_message_is_recognised_and_read_but_not_trusted():
    inspector = Inspector([exchange()])
    inspector.receive("in", None)

    page = words(inspector.draw())

    assert "This is a JWT" in page
    assert "Nothing here has been checked" in page


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        ("application/json", '{"active":  false}', "(18 characters)"),
        ("application/json", '{"code": "abcdefghijkl"}', "(24 characters, with its secrets)"),
        ("application/json", '{"code": "[left out]"}', "(22 characters)"),
        ("application/x-www-form-urlencoded", "a=b%20c", "(7 characters)"),
        ("application/x-www-form-urlencoded", "code=abc", "(8 characters, with its secrets)"),
        ("text/plain", ACCESS, f"({len(ACCESS)} characters, with its secrets)"),
        ("text/html", "<h1>Hi</h1>", "(11 characters)"),
        ("text/html", '<input value="abc">', "(19 characters, with its secrets)"),
    ],
)
def test_a_body_says_when_it_holds_secrets(content_type: str, body: str, said: str):
    answered = exchange(response_headers=(("content-type", content_type),), response_body=body)

    assert f"Body of the answer {said}" in words(message(answered))


def test_a_url_that_nobody_can_read_is_shown_all_the_same():
    broken = exchange(url="http://[", response_headers=(("location", "http://["),))

    assert "http://[" in words(message(broken))


# Token


def acts(**options: Any) -> Acts:
    asked = {"issuer": ISSUER, "audience": "api://default", "keys": {"keys": []}, "now": 1.7e9}
    return Acts(decode(ACCESS), functools.partial(verify, **asked | options))


def test_decoding_passes_no_judgement():
    page = acts().draw()

    assert "Nothing here has been checked" in words(page)
    assert "2023-11-14 23:13:20 UTC" in words(page)
    assert "gl-passed" not in page
    assert "gl-failed" not in page


def test_verifying_lists_each_check_with_what_it_compared():
    played = acts(audience="api://transfers")

    played.receive("verify", None)

    page = words(played.draw())
    assert "Not valid. Failed: kid aud" in page
    assert "found api://default , compared with api://transfers" in page.replace(
        "default,", "default ,"
    )
    assert "skipped" in page


def test_tampering_makes_another_token_and_verifies_that_one():
    played = acts()

    played.receive("tamper", {"claim": "scp", "value": '["admin"]'})

    page = words(played.draw())
    assert "nobody signed it" in page
    assert '["admin"]' in page
    assert played.rechecked is not None
    assert played.decoded.token == ACCESS


def test_an_opaque_value_is_called_opaque():
    panel = view("not-a-jwt")

    assert "opaque" in words(panel.html)
    assert tree(panel.html).find(".//form") is None


# Reasons


def test_reasons_are_checks_in_order_and_then_the_walk():
    found = reasons_of(
        {"check": "client", "result": "passed", "detail": "Bank SPA"},
        {"check": "policy “A”", "result": "passed", "detail": "", "policyId": "00p1"},
        {
            "check": "rule “R” of policy “A”",
            "result": "failed",
            "detail": "grant",
            "policyId": "00p1",
            "ruleId": "2",
        },
    )

    page = tree(reasons(found))
    checks, walk, rules, _ = page.findall(".//ol")
    assert ["".join(item.itertext()) for item in checks] == ["passedclientBank SPA"]
    assert [each.get("class") for each in walk] == ["gl-policy"]
    assert "".join(walk[0][0].itertext()) == "matchedpolicy “A”"
    assert ["".join(item.itertext()) for item in rules] == ["no matchrule “R”grant"]
    assert "No rule matched" in words(reasons(found))
    assert "no match  rule “R” of policy “A”: grant" in reasons_text(found)


def test_checks_before_and_after_the_walk_stay_in_their_order():
    found = reasons_of(
        {"check": "first", "result": "passed"},
        {"check": "rule “R”", "result": "passed", "policyId": "1", "ruleId": "2"},
        {"check": "last", "result": "failed"},
    )

    said = words(reasons(found))

    assert said.index("passedfirst") < said.index("The walk") < said.index("failedlast")
    assert "Refused: 1 check passed; this one did not: last." in said


def test_what_the_server_wrote_down_has_its_event_types_and_what_was_stored():
    event = {
        "displayMessage": "OAuth 2.0 access token is granted",
        "eventType": "app.oauth2.as.token.grant.refresh_token",
        "actor": {"displayName": "Cora Lind"},
        "target": [{"displayName": "Bank SPA"}],
        "outcome": {"result": "SUCCESS"},
    }

    said = words(reasons(Reasons("req-1", (event,))))

    assert "app.oauth2.as.token.grant.refresh_token" in said
    assert "is granted, by Cora Lind, for Bank SPA" in said
    assert "Stored: The refresh token, as the newest of its family." in said
    assert "Stored" not in words(
        reasons(Reasons("req-1", ({**event, "outcome": {"result": "FAILURE"}},)))
    )


def test_a_rule_that_matched_ends_the_walk():
    found = reasons_of({"check": "r", "result": "passed", "policyId": "1", "ruleId": "2"})

    assert "first rule that matches decides" in words(reasons(found))


def test_a_request_without_events_says_so():
    assert "written nothing" in words(reasons(Reasons("req-1", ())))


# Exercise


def test_each_hint_stands_behind_the_one_before_it_and_the_solution_behind_all():
    page = tree(exercise_view(exercise(), Outcome("first-answer", "not yet", ("Not 403.",))))

    ladder = page.find("./div/details")
    summaries = [each.text for each in ladder.iter("summary")] if ladder is not None else []
    assert summaries == ["Hint 1 of 2", "Hint 2 of 2", "The solution"]
    assert page.find("./div/details/details/details/pre") is not None
    assert "Not 403." in "".join(page.itertext())


# Timeline


def family() -> list[Any]:
    first = {"access_token": "access-1", "refresh_token": "refresh-1"}
    second = {"access_token": "access-2", "refresh_token": "refresh-2"}
    refresh = {"request_body": "grant_type=refresh_token&refresh_token=refresh-1"}
    look = {"url": f"{ISSUER}/v1/introspect", "request_body": "token=access-2"}
    recording = Recording()
    for each in (
        exchange(response_body=json.dumps(first)),
        exchange(**refresh, response_body=json.dumps(second)),
        exchange(**look, response_body='{"active": true}'),
        exchange(**refresh, status=400, response_body='{"error": "invalid_grant"}'),
        exchange(**look, response_body='{"active": false}'),
        exchange(url=f"{ISSUER}/v1/revoke", request_body="token=access-1", response_body=""),
    ):
        recording.add(each)
    return list(recording)


def test_the_timeline_tells_a_family_from_its_recording():
    told = [(each.kind, each.tokens, each.alive) for each in moments(family())]

    assert told == [
        ("issued", ("A1", "R1"), True),
        ("refreshed", ("R1", "A2", "R2"), True),
        ("introspected", ("A2",), True),
        ("reused", ("R1",), False),
        ("introspected", ("A2",), False),
        ("revoked", ("A1",), True),
    ]


def test_the_timeline_shows_no_token():
    assert not re.search(r"access-\d|refresh-\d", timeline(family()))


# All of them


@pytest.mark.parametrize(
    "thing",
    [
        code_flow(),
        exchange(),
        ACCESS,
        decode(ACCESS),
        EVIL_VERIFICATION,
        tamper(ACCESS, sub="ada"),
        reasons_of(),
        exercise(),
        Outcome("x", "passed"),
        flow(Step("Ask", "The app asks.", ask_for_token)),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_everything_has_a_view_as_widget_as_page_and_as_text(thing: Any):
    panel = view(thing)

    data, _ = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "<style>" in data["text/html"]
    assert data["text/plain"]
    assert "<" not in data["text/plain"].splitlines()[0]
    tree(panel.html)


def test_what_has_no_view_is_named():
    with pytest.raises(TypeError, match="no view for int"):
        view(3)


def test_views_carry_no_address_to_load_from():
    for thing in (code_flow(), ACCESS, exercise()):
        page = view(thing)._repr_mimebundle_()[0]["text/html"]
        loads = [e for e in tree(page).iter() if e.get("src") or e.get("href") or e.tag == "link"]
        assert loads == []
        assert "url(" not in page
        assert "@import" not in page


def test_a_panel_needs_no_other_file_in_the_browser():
    assert "import " not in Panel._esm
