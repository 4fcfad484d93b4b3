"""Scopes and claims as text and structure: what the desk says, sends, and never lets through."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from grantlab.views import view
from grantlab.views.scopes import ScopesView
from tests.kit.desk_samples import Org
from tests.kit.views_samples import HOSTILE

HERE = "/api/v1/authorizationServers/aus1"
ASK = {"client": "0oa1", "user": "00u1", "grant": "", "scope:transfers:read": "on"}


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<all>{html}</all>")


def words(html: str) -> str:
    return " ".join(" ".join(tree(html).itertext()).split())


def asked(org: Org | None = None) -> ScopesView:
    shown = ScopesView((org or Org()).scopes_desk())
    shown.receive("ask", ASK)
    return shown


def written(org: Org, method: str) -> tuple[str, dict[str, Any]]:
    one = next(each for each in org.asked if each.method == method and HERE in each.url.path)
    return one.url.path.removeprefix("/orgs/one"), json.loads(one.content or "{}")


def test_both_tables_say_what_there_is_before_anything_is_asked() -> None:
    page = words(ScopesView(Org().scopes_desk()).draw())

    assert "transfers:read" in page
    assert "See your transfers: To and from your accounts" in page
    assert "each person is asked" in page
    assert "yes, by default" in page
    assert "Every server has these besides: openid" in page
    assert "only with transfers:write" in page
    assert "In this token" not in page


def test_a_request_shows_which_claims_its_tokens_have_and_why_others_lack() -> None:
    page = words(asked().draw())

    assert "there cora" in page
    assert "None of its scopes was granted." in page
    assert "It has no value here." in page
    assert "granted" in page


def test_a_new_scope_is_one_call() -> None:
    org = Org()
    shown = asked(org)
    shown.receive("edit", "scope")
    assert "A new scope" in words(shown.draw())

    shown.receive(
        "scope",
        {"name": "prices:read", "display_name": "See prices", "description": "",
         "consent": "FLEXIBLE", "is:published": "on"},
    )  # fmt: skip

    assert written(org, "POST") == (
        f"{HERE}/scopes",
        {"name": "prices:read", "displayName": "See prices", "consent": "FLEXIBLE",
         "default": False, "metadataPublish": "ALL_CLIENTS"},
    )  # fmt: skip
    assert "A new scope" not in words(shown.draw())
    assert "The calls behind it: Add the scope “prices:read”" in words(shown.draw())


def test_a_changed_claim_keeps_what_the_form_does_not_say() -> None:
    org = Org()
    shown = asked(org)

    shown.receive(
        "claim",
        {"name": "nickname", "token": "ID token", "value": "user.nickName", "of_groups": "",
         "scope:transfers:read": "on"},
    )  # fmt: skip

    path, body = written(org, "PUT")
    assert path == f"{HERE}/claims/ocl-nickname"
    assert body["claimType"] == "IDENTITY"
    assert body["value"] == "user.nickName"
    assert body["conditions"] == {"scopes": ["transfers:read"]}
    assert body["alwaysIncludeInToken"] is True


def test_what_every_server_has_can_not_be_deleted_and_the_rest_can() -> None:
    org = Org()
    shown = asked(org)

    labels = [each.get("aria-label") for each in tree(shown.draw()).iter("button")]
    shown.receive("delete", f"{HERE}/claims/ocl-department")

    assert "Delete: sub" not in labels
    assert "Delete: transfers:read" in labels
    assert written(org, "DELETE")[0] == f"{HERE}/claims/ocl-department"


def test_a_refusal_is_shown_in_the_words_of_the_api() -> None:
    shown = asked(Org(refuses=True))

    shown.receive(
        "scope", {"name": "x", "display_name": "", "description": "", "consent": "IMPLICIT"}
    )

    assert "The API refused : 412 E0000231 ETag value doesn't match." in words(shown.draw())


def test_the_text_holds_every_scope_claim_and_call() -> None:
    text = view(asked().desk)._text()

    assert "Scope transfers:read: See your transfers" in text
    assert "given when no scope is named" in text
    assert "Claim department (access token): user.department; only with transfers:write" in text
    assert "not there: None of its scopes was granted." in text
    assert "lab.admin.post(" in text
    assert "a-token" not in text


def test_a_desk_without_a_management_api_says_why() -> None:
    desk = Org().scopes_desk()
    desk.unavailable = "Nobody may look."

    assert "There are no scopes to show. Nobody may look." in words(ScopesView(desk).still())
    assert "Nobody may look." in view(desk)._text()


@pytest.mark.parametrize("org", [Org(HOSTILE), Org(HOSTILE, error="x"), Org(HOSTILE, refuses=True)])
def test_nothing_that_the_org_says_becomes_markup(org: Org) -> None:
    shown = ScopesView(org.scopes_desk())
    shown.desk.ask(HOSTILE, HOSTILE, [HOSTILE])
    pages = [shown.draw()]
    for place in ("scope", "claim", *(row.path for row in shown.desk.claims)):
        shown.editing = place
        pages.append(shown.draw())
    shown.receive(
        "claim", {"name": HOSTILE, "token": "ID token", "value": HOSTILE, "of_groups": ""}
    )
    pages += [shown.draw(), shown.still(), view(shown.desk).html]

    for page in pages:
        elements = {each.tag for each in tree(page).iter()}
        assert not elements & {"script", "img"}


def test_the_still_form_has_no_forms_or_buttons() -> None:
    still = {each.tag for each in tree(asked().still()).iter()}

    assert not still & {"form", "button", "input"}
