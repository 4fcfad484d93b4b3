"""The policy desk as text and structure: what it says, offers, sends, and never lets through."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab.desk import Refused
from grantlab.finding import LabError
from grantlab.lab import Lab
from grantlab.views import view
from grantlab.views.policy import DeskView
from grantlab.views.policy_text import duration
from tests.kit.desk_samples import BASE, Org
from tests.kit.views_samples import HOSTILE

ASK = {"client": "0oa1", "user": "00u1", "grant": "authorization_code", "scope:openid": "on"}


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<all>{html}</all>")


def words(html: str) -> str:
    return " ".join(" ".join(tree(html).itertext()).split())


def asked(org: Org | None = None) -> DeskView:
    shown = DeskView((org or Org()).desk())
    shown.receive("ask", ASK)
    return shown


def sent(org: Org) -> dict[str, Any]:
    return dict(json.loads(org.asked[-1].content))


def row(shown: DeskView, name: str) -> str:
    rows = [each for each in tree(shown.draw()).iter("tr") if name in "".join(each.itertext())]
    return " ".join("".join(f"{text} " for text in rows[0].itertext()).split())


def test_the_table_shows_every_condition_by_name_before_anything_is_asked() -> None:
    page = words(DeskView(Org().desk()).draw())

    assert "The bank's apps" in page
    assert "Staff not cora@bank.example" in page
    assert "Only reading" in page
    assert "authorization_code" in page
    assert "Access 1 hour Refresh without end Idle 7 days" in page
    assert "not looked at" not in page


def test_a_walk_says_of_each_row_what_became_of_it_and_why() -> None:
    shown = asked()

    assert "passed over It does not cover the scopes openid." in row(shown, "Only reading")
    assert "matched" in row(shown, "Moving money")
    assert "Rule “Moving money” decides: an access token for 30 minutes" in words(shown.draw())


def test_the_condition_that_does_not_fit_is_marked_and_those_after_it_are_not() -> None:
    cells = row(asked(), "Only reading")

    assert cells.count(" fits") == 2
    assert "doesn't fit lacks openid" in cells


def test_the_form_asks_the_lab_for_a_preview() -> None:
    org = Org()

    asked(org)

    assert org.asked[-1].url.path == "/orgs/one/lab/preview"
    assert sent(org) == {
        "authorizationServerId": "aus1",
        "clientId": "0oa1",
        "grantType": "authorization_code",
        "scopes": ["openid"],
        "userId": "00u1",
    }


def test_the_form_keeps_what_was_asked() -> None:
    page = tree(asked().draw())

    chosen = [each.text for each in page.iter("option") if "selected" in each.attrib]
    ticked = [each.get("name") for each in page.iter("input") if "checked" in each.attrib]
    assert chosen == ["Bank SPA", "cora@bank.example", "authorization code"]
    assert ticked == ["scope:openid"]


def test_the_preview_shows_decision_and_claims_or_the_refusal_in_oktas_words() -> None:
    good, bad = words(asked().draw()), words(asked(Org(error="access_denied")).draw())

    assert "Token preview: nothing was issued" in good
    assert "Access token: 2 claims" in good
    assert "ID token: 1 claim" in good
    assert "yes: no end, idle 1 hour" in good
    assert "Refused: access_denied No." in bad
    assert "No token, so no claims." in bad


def test_moving_sends_the_version_that_was_seen() -> None:
    org = Org()
    shown = asked(org)

    shown.receive("up", "0pr2")

    put = next(each for each in org.asked if each.method == "PUT")
    assert put.headers["If-Match"] == '"v1"'
    assert json.loads(put.content)["priority"] == 1
    assert "Undo: Move “Moving money” up" in words(shown.draw())


def test_a_version_that_is_gone_is_explained_and_the_way_on_offered() -> None:
    org = Org(refuses=True)
    shown = asked(org)

    shown.receive("up", "0pr2")

    buttons = [each.text for each in tree(shown.draw()).iter("button")]
    page = words(shown.draw())
    assert "The API refused : 412 E0000231 ETag value doesn't match." in page
    assert "nothing was overwritten" in page
    assert buttons.count("Read the table again") == 2
    shown.receive("read", None)
    assert "The API refused" not in words(shown.draw())


def test_the_form_of_a_rule_sends_only_what_was_changed() -> None:
    org = Org()
    shown = asked(org)
    shown.receive("edit", "0pr1")
    assert "Edit “Only reading”" in words(shown.draw())

    shown.receive(
        "save",
        {"row": "0pr1", "scope:openid": "on", "grant:authorization_code": "on",
         "group:00g1": "on", "access": "15", "refresh": "0", "window": "10080"},
    )  # fmt: skip

    put = json.loads(next(each for each in org.asked if each.method == "PUT").content)
    assert put["conditions"]["scopes"]["include"] == ["openid"]
    assert put["conditions"]["people"]["users"]["exclude"] == ["00u1"]
    assert put["actions"]["token"] == {"accessTokenLifetimeMinutes": 15}
    assert "Change “Only reading”: scopes, access_minutes" in words(shown.draw())
    assert "Edit “Only reading”" not in words(shown.draw())


def test_the_form_of_a_policy_sends_its_clients() -> None:
    org = Org()
    shown = asked(org)
    shown.receive("edit", "00p1")

    shown.receive("save", {"row": "00p1", "client:ALL_CLIENTS": "on"})

    put = json.loads(next(each for each in org.asked if each.method == "PUT").content)
    assert put["conditions"]["clients"]["include"] == ["ALL_CLIENTS"]


def test_a_switch_is_a_call_of_the_lifecycle() -> None:
    org = Org()
    shown = asked(org)

    shown.receive("switch", "0pr1")

    assert "/rules/0pr1/lifecycle/deactivate" in {
        each.url.path.partition("00p1")[2] for each in org.asked
    }


def test_undo_sends_the_row_as_it_was() -> None:
    org = Org()
    shown = asked(org)
    shown.receive("up", "0pr2")
    org.rules[1]["priority"] = 1
    shown.receive("read", None)

    shown.receive("undo", None)

    puts = [json.loads(each.content) for each in org.asked if each.method == "PUT"]
    assert [each["priority"] for each in puts] == [1, 2]
    assert "Nothing to undo" in words(shown.draw())


def test_the_calls_are_shown_as_lines_to_take_home_without_the_token() -> None:
    shown = asked()
    shown.receive("up", "0pr2")

    page = words(shown.draw())

    assert "The calls behind it: Move “Moving money” up" in page
    assert "lab.admin.put( '/api/v1/authorizationServers/aus1/policies/00p1/rules/0pr2'" in page
    assert "headers={'If-Match': '\"v1\"'}" in page
    assert "5 calls that only read the table" in page
    assert "a-token" not in page


def test_the_first_row_goes_no_further_up_and_the_last_no_further_down() -> None:
    ends = [
        each.get("aria-label")
        for each in tree(DeskView(Org().desk()).draw()).iter("button")
        if each.get("aria-disabled") == "true" and each.get("aria-label")
    ]

    assert ends == ["Up: The bank's apps", "Down: The bank's apps", "Up: Only reading",
                    "Down: Moving money"]  # fmt: skip


def test_the_text_says_all_that_the_view_says() -> None:
    shown = asked()
    shown.receive("up", "0pr2")

    text = view(shown.desk)._repr_mimebundle_()[0]["text/plain"]

    assert "1. Policy The bank's apps: clients Bank SPA → applies" in text
    assert "people Staff, not cora@bank.example" in text
    assert "→ passed over: It does not cover the scopes openid." in text
    assert "→ matched" in text
    assert "Access token\n    sub: cora" in text
    assert "Calls of the last act (Move “Moving money” up):" in text
    assert "lab.admin.put(" in text


def test_the_still_form_has_the_table_and_nothing_to_press() -> None:
    page = tree(asked().still())

    assert [each.tag for each in page.iter() if each.tag in ("form", "button", "input")] == []
    assert "matched" in words(asked().still())


def test_what_code_does_at_the_desk_is_seen_in_the_view_above() -> None:
    desk = Org().desk()
    panel = view(desk)

    desk.ask("Bank SPA", "cora", "openid")

    assert "Moving money” decides" in words(panel.html)


def test_an_error_of_the_person_is_shown_in_the_panel() -> None:
    panel = view(Org().desk())

    panel._handle_custom_msg({"name": "undo", "value": None}, [])

    assert "There is no change to take back." in words(panel.html)


@pytest.mark.parametrize("live", [True, False])
def test_a_desk_without_a_management_api_says_what_is_missing_and_why(live: bool) -> None:
    with Lab(BASE, None) as lab:
        desk = lab.policy_desk("Transfers")
    shown = DeskView(desk)

    page = words(shown.draw() if live else shown.still())

    assert "There are no policies to show." in page
    assert "without a token" in page
    assert "what a client sees" in page
    with pytest.raises(LabError):
        desk.read()


def test_a_server_that_cannot_preview_shows_its_table_and_says_so() -> None:
    desk = Org().desk()
    desk.no_preview = "No preview here."

    page = tree(DeskView(desk).draw())

    assert "No preview here." in "".join(page.itertext())
    assert [each.get("data-send") for each in page.iter("form")] == []
    with pytest.raises(LabError, match="No preview here"):
        desk.ask("Bank SPA")


@pytest.mark.parametrize("org", [Org(HOSTILE), Org(HOSTILE, error="x"), Org(HOSTILE, refuses=True)])
def test_no_hostile_value_becomes_markup(org: Org) -> None:
    shown = DeskView(org.desk())
    pages = [shown.draw()]
    shown.desk.ask(HOSTILE, HOSTILE, [HOSTILE], HOSTILE)
    pages.append(shown.draw())
    for id in ("0pr2", "00p1"):
        shown.receive("edit", id)
        pages.append(shown.draw())
    if org.refuses:
        with pytest.raises(Refused):
            shown.desk.move("0pr2")
    else:
        shown.desk.move("0pr2")
    pages += [shown.draw(), shown.still(), view(shown.desk).html]

    for page in pages:
        elements = list(tree(page).iter())
        assert {element.tag for element in elements} & {"script", "img"} == set()
        assert not [name for each in elements for name in each.attrib if name.startswith("on")]
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(1, "1 minute"), (5, "5 minutes"), (90, "90 minutes"), (60, "1 hour"), (480, "8 hours"),
     (10080, "7 days"), (0, "0 minutes")],
)  # fmt: skip
def test_a_duration_is_said_in_the_largest_unit_that_fits(minutes: int, said: str) -> None:
    assert duration(minutes) == said
