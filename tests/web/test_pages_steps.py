"""The steps between password and session, as a browser without scripts meets them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pyotp
import pytest

from tests.conftest import Lab
from tests.speaking import (
    App,
    Person,
    custom_server,
    done,
    fields_of,
    find_person,
    move_clock,
    register_app,
)
from tests.web.policing import let_enroll, require_factor, rule_of, set_password_policy
from tests.web.visiting import Visitor

NEW = "Brand-new-2026"
DAY = 24 * 3600


@pytest.fixture
def visitor(lab: Lab) -> Iterator[Visitor]:
    with Visitor(lab.url) as found:
        yield found


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


@pytest.fixture
def app(admin: httpx.Client, cora: Person) -> App:
    return register_app(admin, cora, label="Holiday Planner")


def enroll(admin: httpx.Client, person: Person, kind: str, **profile: str) -> dict[str, Any]:
    """An active factor of the person."""
    body = {"factorType": kind, "provider": "OKTA", "profile": profile}
    path = f"/api/v1/users/{person.id}/factors"
    found: dict[str, Any] = done(admin.post(path, params={"activate": "true"}, json=body))
    return found


def question(admin: httpx.Client, person: Person) -> None:
    """The person has a security question, answered with mayonnaise."""
    enroll(admin, person, "question", question="disliked_food", answer="mayonnaise")


def last_code(admin: httpx.Client) -> str:
    """The code that lies on top of the outbox."""
    code: str = done(admin.get("/lab/outbox"))[0]["code"]
    return code


def is_home(page: httpx.Response) -> bool:
    return page.status_code == 200 and page.url.path.endswith("/app/UserHome")


def start(visitor: Visitor, person: Person) -> httpx.Response:
    """What follows the right password."""
    visitor.open("/login/login.htm?switch=")
    return visitor.sign_in(person)


def methods(visitor: Visitor) -> list[str]:
    """How the browser's session says that the person signed in."""
    found = visitor.client.get(f"{visitor.lab_url}/api/v1/sessions/me")
    amr: list[str] = done(found)["amr"]
    return amr


def test_the_password_alone_gives_no_session_where_a_factor_is_required(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    require_factor(admin)

    page = start(visitor, cora)

    assert "Verify that it is you" in page.text
    assert "What is the food you least liked as a child?" in page.text
    assert "sid" not in visitor.client.cookies
    assert visitor.client.get(f"{visitor.lab_url}/api/v1/sessions/me").status_code == 404
    assert "/login/login.htm" in str(visitor.open("/app/UserHome").url)


def test_the_right_answer_signs_in_and_the_session_knows_both_ways(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    require_factor(admin)
    start(visitor, cora)

    page = visitor.submit(action="verify", answer="Mayonnaise")

    assert is_home(page)
    assert methods(visitor) == ["pwd", "mfa", "kba"]
    assert "state" not in visitor.client.cookies


def test_a_wrong_answer_is_told_and_may_be_mended(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    require_factor(admin)
    start(visitor, cora)

    wrong = visitor.submit(action="verify", answer="ketchup")
    right = visitor.submit(action="verify", answer="mayonnaise")

    assert wrong.status_code == 403
    assert "match our records" in wrong.text
    assert "ketchup" not in wrong.text
    assert is_home(right)


def test_so_many_wrong_answers_lock_and_end_the_sign_in(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    require_factor(admin)
    set_password_policy(admin, "lockout", maxAttempts=2)
    start(visitor, cora)
    visitor.submit(action="verify", answer="ketchup")

    page = visitor.submit(action="verify", answer="ketchup")

    assert page.status_code == 403
    assert "User Locked" in page.text
    assert done(admin.get(f"/api/v1/users/{cora.id}"))["status"] == "LOCKED_OUT"
    assert visitor.open("/login/step").url.path.endswith("/login/login.htm")


def test_a_code_is_sent_only_when_it_is_asked_for_and_signs_in(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    enroll(admin, cora, "sms", phoneNumber="+1-555-415-1337")
    require_factor(admin)
    asked = start(visitor, cora)
    before = done(admin.get("/lab/outbox"))

    sent = visitor.submit(action="send")
    page = visitor.submit(action="verify", code=last_code(admin))

    assert "Send code" in asked.text
    assert "…1337" in asked.text
    assert "555" not in asked.text
    assert before == []
    assert 'name="code"' in sent.text
    assert is_home(page)
    assert methods(visitor) == ["pwd", "mfa", "sms"]


def test_another_code_must_wait_half_a_minute(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    enroll(admin, cora, "sms", phoneNumber="+1-555-415-1337")
    require_factor(admin)
    start(visitor, cora)
    visitor.submit(action="send")

    early = visitor.submit(action="resend")
    move_clock(admin, 31)
    late = visitor.submit(action="resend")

    assert early.status_code == 403
    assert "30 seconds" in early.text
    assert late.status_code == 200
    assert is_home(visitor.submit(action="verify", code=last_code(admin)))


def test_an_empty_code_counts_as_nothing(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    enroll(admin, cora, "sms", phoneNumber="+1-555-415-1337")
    require_factor(admin)
    start(visitor, cora)

    page = visitor.submit(action="verify", code=" ")

    assert "Type the code" in page.text
    assert done(admin.get("/lab/outbox")) == []


def test_of_several_factors_the_person_chooses(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    sms = enroll(admin, cora, "sms", phoneNumber="+1-555-415-1337")
    require_factor(admin)
    page = start(visitor, cora)
    assert f"factor={sms['id']}" in page.text

    visitor.open(f"/login/step?factor={sms['id']}")
    visitor.submit(action="send")
    back = visitor.submit(action="previous")

    assert "What is the food" in back.text
    assert is_home(visitor.submit(action="verify", answer="mayonnaise"))


def test_the_app_that_waits_gets_its_code_after_the_factor(
    visitor: Visitor, lab: Lab, admin: httpx.Client, app: App, cora: Person
) -> None:
    question(admin, cora)
    require_factor(admin)
    visitor.begin(custom_server(lab.url), app)
    visitor.sign_in(cora)

    answer = visitor.submit(action="verify", answer="mayonnaise")

    assert "code" in fields_of(answer)


@pytest.mark.parametrize("mode", ["DEVICE", "SESSION", "ALWAYS"])
def test_a_browser_that_is_remembered_is_not_asked_again_where_the_rule_allows_it(
    visitor: Visitor, lab: Lab, admin: httpx.Client, cora: Person, mode: str
) -> None:
    question(admin, cora)
    path, rule = rule_of(admin, "OKTA_SIGN_ON")
    rule["actions"]["signon"] |= {
        "requireFactor": True,
        "factorPromptMode": mode,
        "factorLifetime": 60,
    }
    done(admin.put(path, json=rule))
    asked = start(visitor, cora)
    visitor.submit(action="verify", answer="mayonnaise", remember="on")

    again = start(visitor, cora)
    with Visitor(lab.url) as elsewhere:
        other = start(elsewhere, cora)
    move_clock(admin, 3600)
    later = start(visitor, cora)

    assert ('name="remember"' in asked.text) == (mode != "ALWAYS")
    assert is_home(again) == (mode != "ALWAYS")
    assert "Verify that it is you" in other.text
    assert "Verify that it is you" in later.text


def test_a_browser_that_was_not_told_to_remember_is_asked_again(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    path, rule = rule_of(admin, "OKTA_SIGN_ON")
    signon = {"requireFactor": True, "factorPromptMode": "DEVICE", "rememberDeviceByDefault": True}
    rule["actions"]["signon"] |= signon
    done(admin.put(path, json=rule))
    page = start(visitor, cora)
    visitor.submit(action="verify", answer="mayonnaise")

    again = start(visitor, cora)

    assert 'name="remember" checked' in page.text
    assert "Verify that it is you" in again.text


def test_cancelling_ends_the_sign_in(visitor: Visitor, admin: httpx.Client, cora: Person) -> None:
    question(admin, cora)
    require_factor(admin)
    asked = start(visitor, cora)

    page = visitor.submit(action="cancel")
    visitor.page = asked
    late = visitor.submit(action="verify", answer="mayonnaise")

    for found in (page, late):
        assert found.url.path.endswith("/login/login.htm")
    assert "sid" not in visitor.client.cookies


def test_a_step_of_another_browser_or_without_its_form_is_not_taken(
    visitor: Visitor, lab: Lab, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    require_factor(admin)
    asked = start(visitor, cora)

    without = visitor.submit(without_token=True, action="verify", answer="mayonnaise")
    with Visitor(lab.url) as somebody:
        somebody.client.cookies.update(visitor.client.cookies)
        del somebody.client.cookies["browser"]
        somebody.page = asked
        stolen = somebody.submit(action="verify", answer="mayonnaise")

    assert without.status_code == stolen.status_code == 403
    assert "sid" not in visitor.client.cookies


def test_the_state_token_is_in_no_address_and_no_page(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    require_factor(admin)

    page = start(visitor, cora)

    token = visitor.client.cookies["state"]
    assert token not in page.text
    assert token not in str(page.url)


def test_a_sign_in_that_rested_too_long_starts_again(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    question(admin, cora)
    require_factor(admin)
    start(visitor, cora)
    move_clock(admin, 301)

    page = visitor.submit(action="verify", answer="mayonnaise")

    assert page.url.path.endswith("/login/login.htm")


def test_an_expired_password_is_changed_before_anybody_is_signed_in(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    done(admin.post(f"/api/v1/users/{cora.id}/lifecycle/expire_password"))

    page = start(visitor, cora)
    before = "sid" in visitor.client.cookies
    changed = visitor.submit(action="change", old=cora.password, new=NEW, again=NEW)

    assert "Change your password" in page.text
    assert not before
    assert is_home(changed)
    with Visitor(visitor.lab_url) as later:
        assert is_home(start(later, Person(cora.id, cora.login, NEW)))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"old": "wrong", "new": NEW, "again": NEW}, "incorrect"),
        ({"old": "Open-Sesame-2026", "new": NEW, "again": "Other-2026"}, "not the same"),
        ({"old": "Open-Sesame-2026", "new": "short", "again": "short"}, "at least 8"),
    ],
)
def test_a_change_that_will_not_do_says_why_and_shows_no_password(
    visitor: Visitor, admin: httpx.Client, cora: Person, typed: dict[str, Any], words: str
) -> None:
    done(admin.post(f"/api/v1/users/{cora.id}/lifecycle/expire_password"))
    start(visitor, cora)

    page = visitor.submit(action="change", **typed)

    assert page.status_code == 403
    assert words in page.text
    assert not any(value in page.text for value in typed.values())
    assert "sid" not in visitor.client.cookies


def test_a_password_that_ends_soon_may_be_kept_for_now(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    set_password_policy(admin, "age", maxAgeDays=30, expireWarnDays=5)
    move_clock(admin, 26 * DAY)

    page = start(visitor, cora)

    assert "It expires on" in page.text
    assert is_home(visitor.submit(action="skip"))


def test_a_required_question_is_set_up_at_the_first_sign_in(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    let_enroll(admin, "okta_question")
    start(visitor, cora)

    short = visitor.submit(action="enroll", question="first_award", answer="abc")
    page = visitor.submit(action="enroll", question="first_award", answer="a golden duck")

    assert "at least 4" in short.text
    assert is_home(page)


def test_an_app_for_codes_is_set_up_with_its_secret_and_its_first_code(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    let_enroll(admin, "okta_otp")
    start(visitor, cora)
    page = visitor.submit(action="enroll")
    secret = re.search(r'class="code secret">([A-Z2-7]+)<', page.text)
    assert secret is not None
    source = re.search(r'<img class="qr" src="([^"]+)"', page.text)
    assert source is not None
    picture = visitor.client.get(page.url.join(source[1]))
    assert picture.content.startswith(b"\x89PNG")
    now = int(done(admin.get("/lab/clock"))["now"])

    page = visitor.submit(action="activate", code=pyotp.TOTP(secret[1]).at(now))

    assert is_home(page)


def test_a_phone_is_set_up_by_the_code_that_reaches_it(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    let_enroll(admin, "okta_sms", "OPTIONAL")
    asked = start(visitor, cora)

    bad = visitor.submit(action="enroll", phoneNumber="no number")
    visitor.submit(action="enroll", phoneNumber="+1 555 415 1337")
    page = visitor.submit(action="activate", code=last_code(admin))

    assert "Not now" in asked.text
    assert "Invalid Phone Number" in bad.text
    assert is_home(page)


def test_where_a_factor_is_required_and_none_may_be_had_the_page_says_so(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    require_factor(admin)

    page = start(visitor, cora)

    assert page.status_code == 403
    assert "A factor is required" in page.text
    assert "sid" not in visitor.client.cookies


def test_the_page_tells_of_a_lock_only_where_the_policy_says_so(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    set_password_policy(admin, "lockout", maxAttempts=1)
    wrong = Person(cora.id, cora.login, "wrong")
    start(visitor, wrong)
    hidden = start(visitor, cora)
    set_password_policy(admin, "lockout", showLockoutFailures=True)

    shown = start(visitor, cora)

    assert "locked" not in hidden.text
    assert "Your account is locked" in shown.text


def test_a_denying_sign_on_rule_looks_like_a_wrong_password(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    path, rule = rule_of(admin, "OKTA_SIGN_ON")
    rule["actions"]["signon"]["access"] = "DENY"
    done(admin.put(path, json=rule))

    page = start(visitor, cora)

    assert page.status_code == 401
    assert "Unable to sign in" in page.text
