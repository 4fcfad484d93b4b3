"""The links of mails, and the pages that ask for them: each link works once, by its form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import Person, done, find_person, move_clock
from tests.web.policing import require_factor, rule_of, set_password_policy
from tests.web.visiting import Visitor

NEW = "Brand-new-2026"
OVER = "You have accessed an account recovery link that has expired or been previously used."
QUESTION = "Who keeps the light?"


@pytest.fixture
def visitor(lab: Lab) -> Iterator[Visitor]:
    with Visitor(lab.url) as found:
        yield found


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


def mailed_link(admin: httpx.Client) -> str:
    """The link in the newest message."""
    link: str = done(admin.get("/lab/outbox"))[0]["link"]
    return link


def activation(admin: httpx.Client) -> str:
    """The activation link of a new person, nina@bank.example."""
    login = "nina@bank.example"
    profile = {"login": login, "email": login, "firstName": "Nina", "lastName": "New"}
    made = done(admin.post("/api/v1/users?activate=false", json={"profile": profile}))
    answer = admin.post(f"/api/v1/users/{made['id']}/lifecycle/activate?sendEmail=false")
    link: str = done(answer)["activationUrl"]
    return link


def reset(admin: httpx.Client, person: Person) -> str:
    """A link with which the person chooses a new password."""
    path = f"/api/v1/users/{person.id}/lifecycle/reset_password?sendEmail=false"
    link: str = done(admin.post(path))["resetPasswordUrl"]
    return link


def lock(admin: httpx.Client, http: httpx.Client, person: Person) -> None:
    """The person is locked out."""
    set_password_policy(admin, "lockout", maxAttempts=1)
    http.post("/api/v1/authn", json={"username": person.login, "password": "wrong"})


def give_question(admin: httpx.Client, person: Person) -> None:
    """The person has a recovery question, answered with Flint."""
    answered = {"question": QUESTION, "answer": "Captain Flint"}
    body = {"credentials": {"recovery_question": answered}}
    done(admin.post(f"/api/v1/users/{person.id}", json=body))


def status_of(admin: httpx.Client, login: str) -> str:
    status: str = done(admin.get(f"/api/v1/users/{login}"))["status"]
    return status


def is_home(page: httpx.Response) -> bool:
    return page.status_code == 200 and page.url.path.endswith("/app/UserHome")


def can_sign_in(visitor: Visitor, login: str, password: str) -> bool:
    with Visitor(visitor.lab_url) as later:
        later.open("/login/login.htm")
        return is_home(later.submit(username=login, password=password))


def test_a_new_person_chooses_a_password_and_is_signed_in(
    visitor: Visitor, admin: httpx.Client
) -> None:
    page = visitor.open(activation(admin))

    home = visitor.submit(new=NEW, again=NEW, question="", answer="")

    assert "Nina New" in page.text
    assert is_home(home)
    assert status_of(admin, "nina@bank.example") == "ACTIVE"
    assert can_sign_in(visitor, "nina@bank.example", NEW)


def test_looking_at_a_link_uses_nothing_up_and_its_form_uses_it_up(
    visitor: Visitor, admin: httpx.Client
) -> None:
    link = activation(admin)
    twice = [visitor.open(link).status_code, visitor.open(link).status_code]
    visitor.submit(new=NEW, again=NEW)

    page = visitor.open(link)

    assert twice == [200, 200]
    assert page.status_code == 403
    assert OVER in page.text


def test_a_recovery_question_may_be_chosen_with_the_password(
    visitor: Visitor, admin: httpx.Client
) -> None:
    visitor.open(activation(admin))
    visitor.submit(new=NEW, again=NEW, question=QUESTION, answer="Captain Flint")
    nina = find_person(admin, "nina")

    page = visitor.open(reset(admin, nina))
    wrong = visitor.submit(answer="Long John", new="Other-2026", again="Other-2026")
    right = visitor.submit(answer="captain flint", new="Other-2026", again="Other-2026")

    assert QUESTION in page.text
    assert wrong.status_code == 403
    assert "did not match" in wrong.text
    assert is_home(right)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"new": "short", "again": "short"}, "at least 8"),
        ({"new": NEW, "again": "Other-2026"}, "not the same"),
        ({"new": "xNina-2026", "again": "xNina-2026"}, "parts of the user name"),
        ({"new": NEW, "again": NEW, "question": QUESTION}, "at least 4"),
        ({"new": NEW, "again": NEW, "answer": "somebody"}, "The question must have"),
        ({"new": NEW, "again": NEW, "question": QUESTION, "answer": "light"}, "part of"),
        ({"new": NEW, "again": NEW, "question": "?" * 101, "answer": "somebody"}, "1 to 100"),
    ],
)
def test_what_will_not_do_is_said_and_the_link_stays_good(
    visitor: Visitor, admin: httpx.Client, typed: dict[str, Any], words: str
) -> None:
    visitor.open(activation(admin))

    page = visitor.submit(**typed)
    home = visitor.submit(new=NEW, again=NEW, question="", answer="")

    assert page.status_code == 403
    assert words in page.text
    assert f'value="{typed["new"]}"' not in page.text
    assert is_home(home)


def test_a_password_is_reset_by_a_link_once(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    link = reset(admin, cora)
    visitor.open(link)

    home = visitor.submit(new=NEW, again=NEW)

    assert is_home(home)
    assert can_sign_in(visitor, cora.login, NEW)
    assert not can_sign_in(visitor, cora.login, cora.password)
    assert OVER in visitor.open(link).text


def test_a_reset_does_not_go_around_the_second_factor(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    profile = {"question": "disliked_food", "answer": "mayonnaise"}
    body = {"factorType": "question", "provider": "OKTA", "profile": profile}
    done(admin.post(f"/api/v1/users/{cora.id}/factors", json=body))
    require_factor(admin)
    visitor.open(reset(admin, cora))

    page = visitor.submit(new=NEW, again=NEW)

    assert "Verify that it is you" in page.text
    assert "sid" not in visitor.client.cookies
    assert is_home(visitor.submit(action="verify", answer="mayonnaise"))


def test_so_many_wrong_answers_lock_and_end_the_link(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    give_question(admin, cora)
    set_password_policy(admin, "lockout", maxAttempts=2)
    link = reset(admin, cora)
    visitor.open(link)
    for _ in range(2):
        visitor.submit(answer="Long John", new=NEW, again=NEW)

    page = visitor.submit(answer="Captain Flint", new=NEW, again=NEW)

    assert OVER in page.text
    assert status_of(admin, cora.login) == "LOCKED_OUT"
    assert OVER in visitor.open(link).text


@pytest.mark.parametrize("make", [activation, lambda admin: reset(admin, find_person(admin))])
def test_a_link_ends_by_time(
    visitor: Visitor, admin: httpx.Client, make: Callable[[httpx.Client], str]
) -> None:
    link = make(admin)
    visitor.open(link)
    move_clock(admin, 8 * 24 * 3600)

    late = visitor.submit(new=NEW, again=NEW)

    assert late.status_code == 403
    assert OVER in late.text
    assert OVER in visitor.open(link).text


@pytest.mark.parametrize("path", ["welcome", "signin/reset-password", "signin/unlock"])
def test_a_link_that_nobody_made_looks_like_one_that_is_over(visitor: Visitor, path: str) -> None:
    page = visitor.open(f"/{path}/nobody-made-this")

    assert page.status_code == 403
    assert OVER in page.text


def test_a_link_of_one_kind_opens_no_other_page(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    token = reset(admin, cora).rpartition("/")[2]

    for path in ("welcome", "signin/unlock"):
        assert OVER in visitor.open(f"/{path}/{token}").text


def test_a_link_of_one_org_is_over_in_another(
    visitor: Visitor, new_lab: Callable[[], Lab], admin: httpx.Client, cora: Person
) -> None:
    token = reset(admin, cora).rpartition("/")[2]

    with Visitor(new_lab().url) as elsewhere:
        assert OVER in elsewhere.open(f"/signin/reset-password/{token}").text
    assert visitor.open(f"/signin/reset-password/{token}").status_code == 200


def test_the_form_of_a_link_works_in_its_browser_alone(
    visitor: Visitor, lab: Lab, admin: httpx.Client, cora: Person
) -> None:
    visitor.open(reset(admin, cora))

    without = visitor.submit(without_token=True, new=NEW, again=NEW)
    visitor.open(str(without.url))
    with Visitor(lab.url) as somebody:
        somebody.open("/login/login.htm")
        somebody.page = visitor.page
        stolen = somebody.submit(new=NEW, again=NEW)

    assert without.status_code == stolen.status_code == 403
    assert not can_sign_in(visitor, cora.login, NEW)


def test_forgot_password_says_the_same_for_everybody(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    pages = []
    for login in (cora.login, "nobody@bank.example", "x" * 5000):
        visitor.open("/signin/forgot-password")
        pages.append(visitor.submit(username=login))

    assert {page.status_code for page in pages} == {200}
    assert len({page.text for page in pages}) == 1
    assert [each["userId"] for each in done(admin.get("/lab/outbox"))] == [cora.id]


def test_a_forgotten_password_is_replaced_by_the_mailed_link(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    page = visitor.open("/login/login.htm")
    assert "Forgot password?" in page.text
    visitor.open("/signin/forgot-password")
    visitor.submit(username=cora.login)

    visitor.open(mailed_link(admin))
    home = visitor.submit(new=NEW, again=NEW)

    assert is_home(home)
    assert can_sign_in(visitor, cora.login, NEW)


def test_where_people_may_not_reset_the_sign_in_page_offers_nothing(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    path, rule = rule_of(admin, "PASSWORD")
    rule["actions"]["selfServicePasswordReset"]["access"] = "DENY"
    done(admin.put(path, json=rule))

    page = visitor.open("/login/login.htm")
    visitor.open("/signin/forgot-password")
    visitor.submit(username=cora.login)

    assert "Forgot" not in page.text
    assert done(admin.get("/lab/outbox")) == []


def test_a_locked_person_unlocks_by_the_mailed_link_and_then_signs_in(
    visitor: Visitor, admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    lock(admin, http, cora)
    visitor.open("/signin/unlock-account")
    visitor.submit(username=cora.login)
    link = mailed_link(admin)

    visitor.open(link)
    before = status_of(admin, cora.login)
    page = visitor.submit()

    assert before == "LOCKED_OUT"
    assert "Your account is unlocked" in page.text
    assert "sid" not in visitor.client.cookies
    assert status_of(admin, cora.login) == "ACTIVE"
    assert can_sign_in(visitor, cora.login, cora.password)


def test_unlocking_asks_the_recovery_question_where_there_is_one(
    visitor: Visitor, admin: httpx.Client, http: httpx.Client, cora: Person
) -> None:
    give_question(admin, cora)
    lock(admin, http, cora)
    visitor.open("/signin/unlock-account")
    visitor.submit(username=cora.login)
    visitor.open(mailed_link(admin))

    asked = visitor.submit()
    wrong = visitor.submit(action="answer", answer="Long John")
    right = visitor.submit(action="answer", answer="Captain Flint")

    assert QUESTION in asked.text
    assert wrong.status_code == 403
    assert "did not match" in wrong.text
    assert "Your account is unlocked" in right.text


def test_the_pages_of_links_are_as_closed_as_all_others(
    visitor: Visitor, admin: httpx.Client, cora: Person
) -> None:
    for page in (visitor.open(reset(admin, cora)), visitor.open("/signin/forgot-password")):
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "<script" not in page.text
