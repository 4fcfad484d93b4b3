"""What two runs have in common and where they part."""

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab.comparing import Pair, Row, compare
from grantlab.flows import Step, Switch, Walk
from grantlab.masking import MASK
from grantlab.recording import Exchange, Recording
from grantlab.views.difference import difference, difference_text, verdict
from tests.kit.views_samples import ISSUER, code_flow, exchange, flow, hostile, jwt


def rows(one: Exchange, other: Exchange) -> dict[tuple[str, str], str]:
    """Name and place of each value, with how alike it is in the two."""
    (pair,) = compare([one], [other])
    return {(row.name, row.place): row.likeness for row in pair.rows}


def words(html: str) -> str:
    return " ".join("".join(ElementTree.fromstring(f"<all>{html}</all>").itertext()).split())


def asking(**form: str) -> Exchange:
    return exchange(request_body="&".join(f"{name}={value}" for name, value in form.items()))


def answering(**members: Any) -> Exchange:
    return exchange(response_body=json.dumps(members))


def test_a_run_beside_itself_is_the_same():
    pairs = compare(code_flow(), code_flow())

    assert len(pairs) == 8
    assert {row.likeness for pair in pairs for row in pair.rows} == {"same"}
    assert verdict(pairs) == "Both runs are the same, apart from what is fresh each time."


@pytest.mark.parametrize("name", ["state", "nonce", "code", "code_verifier", "code_challenge"])
def test_what_is_random_by_nature_is_fresh_and_no_change(name: str):
    one, other = asking(**{name: "one-value"}), asking(**{name: "another"})

    assert rows(one, other)[name, "form"] == "fresh"
    assert not compare([one], [other])[0].differs


def test_what_is_random_and_missing_in_one_run_is_a_difference():
    found = rows(asking(code="a", code_verifier="v"), asking(code="b"))

    assert found["code_verifier", "form"] == "only first"
    assert found["code", "form"] == "fresh"


def test_a_parameter_with_another_value_has_changed():
    found = rows(asking(scope="openid"), asking(scope="openid+profile", prompt="none"))

    assert found["scope", "form"] == "changed"
    assert found["prompt", "form"] == "only second"


def test_a_repeated_parameter_is_compared_one_by_one():
    one = exchange(request_body="scope=a&scope=b")
    other = exchange(request_body="scope=a&scope=c")

    (pair,) = compare([one], [other])
    found = [row.likeness for row in pair.rows if row.name == "scope" and row.place == "form"]
    assert found == ["same", "changed"]


def test_a_token_is_compared_by_its_claims_and_not_by_its_letters():
    claims = {"iss": ISSUER, "iat": 100, "exp": 3700, "scp": ["a"], "jti": "AT.1"}
    one = answering(access_token=jwt(claims))
    other = answering(access_token=jwt({**claims, "iat": 200, "exp": 500, "scp": ["b"]}))

    found = rows(one, other)
    assert found["access_token", "json"] == "fresh"
    place = "claim of access_token"
    assert (found["scp", place], found["iss", place]) == ("changed", "same")
    assert (found["iat", place], found["exp", place]) == ("fresh", "fresh")
    assert found["exp − iat", place] == "changed"


def test_another_client_in_a_basic_header_is_named_and_its_secret_is_not():
    def basic(credentials: str) -> Exchange:
        return exchange(request_headers=(("authorization", f"Basic {credentials}"),))

    one, other = basic("MG9hMTpodXNoLWh1c2g="), basic("MG9hMjpodXNoLWh1c2g=")

    assert rows(one, other)["client_id", "inside authorization"] == "changed"
    assert rows(one, other)["authorization", "header"] == "changed"
    text = difference_text([one], [other])
    assert "0oa2" in text
    assert "hush" not in text
    assert "MG9h" not in text
    assert "they are secret" in words(difference([one], [other]))


def test_a_refusal_is_a_change_of_status_and_of_what_is_said():
    refused = replace(answering(error="invalid_grant"), status=400)

    found = rows(answering(token_type="Bearer"), refused)

    assert found["status", "line"] == "changed"
    assert found["error", "json"] == "only second"
    assert found["token_type", "json"] == "only first"


def test_what_a_file_left_out_is_neither_same_nor_changed():
    found = rows(asking(client_secret="hush-hush"), asking(client_secret=MASK))

    assert found["client_secret", "form"] == "left out"


def test_messages_are_aligned_over_one_that_only_one_run_has():
    whole, shorter = list(code_flow()), [each for each in code_flow() if each.number != 5]

    pairs = compare(whole, shorter)

    assert [pair.first and pair.first.number for pair in pairs] == list(range(1, 9))
    alone = [pair for pair in pairs if pair.alone]
    assert [(pair.present.number, pair.second) for pair in alone] == [(5, None)]


def test_the_same_endpoint_of_another_server_org_or_app_is_the_same_step():
    one = exchange()
    other = exchange(
        sender="Bank Web", url="http://127.0.0.1:8080/orgs/ada/oauth2/aus00000000000000001/v1/token"
    )

    (pair,) = compare([one], [other])

    assert not pair.alone
    assert [row.name for row in pair.differing] == ["URL"]


def test_ids_and_times_inside_a_document_are_fresh():
    def made(identifier: str, at: str) -> Exchange:
        return answering(
            id=identifier, created=at, _links={"self": f"http://127.0.0.1:1/{identifier}"}
        )

    found = rows(
        made("00u00000000000000001", "2026-01-01T00:00:00.000Z"),
        made("00u00000000000000002", "2026-01-02T00:00:00.000Z"),
    )

    assert {found[name, "json"] for name in ("id", "created", "_links")} == {"fresh"}


def test_the_verdict_says_where_the_runs_part_and_the_view_opens_there():
    exchanges = list(code_flow())
    changed = [
        replace(each, url=each.url.replace("state=", "prompt=none&state="))
        if each.number == 1
        else each
        for each in exchanges
    ]

    page = ElementTree.fromstring(f"<all>{difference(exchanges, changed)}</all>")

    opened = page.findall(".//details[@open]")
    assert [each.get("data-key") for each in opened] == ["pair-0"]
    told = words(difference(exchanges, changed))
    assert "One message differs. They part at 1. Browser → Authorization server" in told
    assert "authorize: prompt." in told


def test_two_flows_are_named_with_their_mistakes():
    def ask(walk: Walk) -> None:
        walk.recording.add(exchange(status=400) if walk.makes("plain") else exchange())

    switch = Switch("plain", "Use plain", "It is refused.")
    right, wrong = (flow(Step("Ask", "", ask), switches=(switch,)) for _ in range(2))
    right.run_all()
    wrong.set("plain").run_all()

    page, text = words(difference(right, wrong)), difference_text(right, wrong)

    assert "Second: A flow (Use plain)" in page
    assert "The second ends with ✗ 400 Bad Request (refused)" in page
    assert "Second: A flow (Use plain)" in text
    assert "status (answer): changed" in text
    assert "first: 200\n" in text


def test_nothing_beside_nothing_is_said_and_not_drawn():
    assert "Nothing is recorded" in words(difference(Recording(), Recording()))


def test_each_kind_of_likeness_has_a_sign_and_a_word():
    one, other = asking(a="1", b="2", code="3", d="4"), asking(b="22", code="33", d="4", e="5")

    page = words(difference([one], [other]))

    for said in ("− only in the first", "≠ changed", "+ only in the second", "↻ fresh each time"):
        assert said in page


def test_no_hostile_value_becomes_markup():
    turned = [replace(each, status=418, request_body=each.url) for each in hostile()]

    page = ElementTree.fromstring(f"<all>{difference(hostile(), turned)}</all>")

    assert {each.tag for each in page.iter()} & {"script", "img"} == set()
    assert not [name for each in page.iter() for name in each.attrib if name.startswith("on")]


def test_no_secret_is_shown_by_the_view_or_its_twin():
    one = asking(client_secret="topsecret-one", password="pass-one", code="code-of-the-one-run")
    other = asking(client_secret="topsecret-two", password="pass-two", code="code-of-other-run")

    for shown in (words(difference([one], [other])), difference_text([one], [other])):
        for secret in ("topsecret", "pass-one", "pass-two", "of-the-one", "of-other"):
            assert secret not in shown


def test_a_pair_counts_only_what_tells_the_runs_apart():
    (pair,) = compare([asking(state="a", scope="x")], [asking(state="b", scope="y")])

    assert isinstance(pair, Pair)
    assert [(row.name, row.likeness) for row in pair.differing] == [("scope", "changed")]
    assert all(isinstance(row, Row) for row in pair.rows)
