"""`/api/v1/authn` and passwords: expired, about to expire, changed, and a locked account shown."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import Person, done, events_of, move_clock
from tests.web.signing_in import (
    ANSWER,
    add_person,
    begin,
    causes_of,
    code_of,
    deny,
    give_factor,
    lock,
    password_rules,
    require_factor,
    status_of,
    step,
)

DAY = 24 * 3600
NEW = "Another-Sesame-27"


@pytest.fixture
def nora(admin: httpx.Client) -> Person:
    return add_person(admin)


def expire(admin: httpx.Client, person: Person) -> None:
    """The person must choose a new password."""
    done(admin.post(f"/api/v1/users/{person.id}/lifecycle/expire_password"))


def change(http: httpx.Client, state: str, old: str, new: str, **more: Any) -> httpx.Response:
    body = {"stateToken": state, "oldPassword": old, "newPassword": new}
    return step(http, "/credentials/change_password", **body, **more)


def test_an_expired_password_must_be_changed_first(
    http: httpx.Client, admin: httpx.Client, nora: Person, lab: Lab
) -> None:
    expire(admin, nora)

    asked = begin(http, nora)
    changed = change(http, asked["stateToken"], nora.password, NEW)

    assert asked["status"] == "PASSWORD_EXPIRED"
    assert "sessionToken" not in asked
    assert asked["_links"]["next"] == {
        "name": "changePassword",
        "href": f"{lab.url}/api/v1/authn/credentials/change_password",
        "hints": {"allow": ["POST"]},
    }
    assert asked["_embedded"]["policy"]["complexity"]["minLength"] == 8
    assert done(changed)["status"] == "SUCCESS"
    assert status_of(admin, nora) == "ACTIVE"
    assert begin(http, Person(nora.id, nora.login, NEW))["status"] == "SUCCESS"
    assert code_of(step(http, username=nora.login, password=nora.password))[0] == 401
    types = {event["eventType"] for event in events_of(admin, changed)}
    assert types == {"user.account.update_password", "user.session.start"}


def test_an_expired_password_cannot_be_skipped(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    expire(admin, nora)
    state = begin(http, nora)["stateToken"]

    assert code_of(step(http, "/skip", stateToken=state)) == (403, "E0000079")


def test_the_factor_comes_before_the_expired_password(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    factor = give_factor(admin, nora, "question")
    expire(admin, nora)

    asked = begin(http, nora)
    early = change(http, asked["stateToken"], nora.password, NEW)
    shown = done(
        step(http, f"/factors/{factor}/verify", stateToken=asked["stateToken"], answer=ANSWER)
    )
    changed = done(change(http, asked["stateToken"], nora.password, NEW))

    assert asked["status"] == "MFA_REQUIRED"
    assert code_of(early) == (403, "E0000079")
    assert shown["status"] == "PASSWORD_EXPIRED"
    assert changed["status"] == "SUCCESS"


def test_the_wrong_old_password_is_refused_and_counts(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    expire(admin, nora)
    state = begin(http, nora)["stateToken"]

    answers = [change(http, state, "wrong", NEW) for _ in range(10)]

    assert {code_of(answer) for answer in answers} == {(403, "E0000014")}
    assert causes_of(answers[0]) == ["oldPassword: The credentials provided were incorrect."]
    assert status_of(admin, nora) == "LOCKED_OUT"
    assert code_of(change(http, state, nora.password, NEW)) == (403, "E0000069")


@pytest.mark.parametrize("new", ["short", "alllowercase1", "x" * 100, "Nora-bank-2026", "same"])
def test_a_weak_password_is_refused_with_the_policys_words(
    http: httpx.Client, admin: httpx.Client, nora: Person, new: str
) -> None:
    expire(admin, nora)
    state = begin(http, nora)["stateToken"]

    answer = change(http, state, nora.password, nora.password if new == "same" else new)

    assert code_of(answer) == (403, "E0000014")
    assert causes_of(answer)[0].startswith("Password requirements were not met. ")
    assert begin(http, nora)["status"] == "PASSWORD_EXPIRED"


def test_a_password_that_ends_soon_is_warned_of_when_asked(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    password_rules(admin, "age", maxAgeDays=30, expireWarnDays=5)
    move_clock(admin, 27 * DAY + 60)

    unasked = begin(http, nora)
    warned = begin(http, nora, options={"warnBeforePasswordExpired": True})
    skipped = done(step(http, "/skip", stateToken=warned["stateToken"]))

    assert unasked["status"] == "SUCCESS"
    assert warned["status"] == "PASSWORD_WARN"
    assert warned["_embedded"]["policy"]["expiration"] == {"passwordExpireDays": 2}
    assert set(warned["_links"]) == {"next", "skip", "cancel"}
    assert skipped["status"] == "SUCCESS"


def test_a_warned_password_can_be_changed(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    password_rules(admin, "age", maxAgeDays=30, expireWarnDays=5)
    move_clock(admin, 27 * DAY)
    options = {"warnBeforePasswordExpired": True}
    state = begin(http, nora, options=options)["stateToken"]

    changed = done(change(http, state, nora.password, NEW))

    assert changed["status"] == "SUCCESS"
    again = begin(http, Person(nora.id, nora.login, NEW), options=options)
    assert again["status"] == "SUCCESS"


def test_nobody_is_warned_long_before(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    password_rules(admin, "age", maxAgeDays=30, expireWarnDays=5)

    asked = begin(http, nora, options={"warnBeforePasswordExpired": True})

    assert asked["status"] == "SUCCESS"


def test_an_old_password_is_expired(http: httpx.Client, admin: httpx.Client, nora: Person) -> None:
    password_rules(admin, "age", maxAgeDays=30)
    move_clock(admin, 31 * DAY)

    state = begin(http, nora)

    assert state["status"] == "PASSWORD_EXPIRED"
    assert status_of(admin, nora) == "PASSWORD_EXPIRED"


@pytest.mark.parametrize(("asked", "status"), [(True, 404), (False, 200)])
def test_a_change_ends_other_sessions_when_asked(
    http: httpx.Client, admin: httpx.Client, nora: Person, asked: bool, status: int
) -> None:
    password_rules(admin, "age", maxAgeDays=30, expireWarnDays=5)
    move_clock(admin, 27 * DAY)
    token = begin(http, nora)["sessionToken"]
    made = done(admin.post("/api/v1/sessions", json={"sessionToken": token}))
    state = begin(http, nora, options={"warnBeforePasswordExpired": True})["stateToken"]

    done(change(http, state, nora.password, NEW, revokeSessions=asked))

    assert admin.get(f"/api/v1/sessions/{made['id']}").status_code == status


def test_where_nobody_may_change_passwords_an_expired_one_stays(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    deny(admin, "passwordChange")
    expire(admin, nora)
    state = begin(http, nora)["stateToken"]

    assert code_of(change(http, state, nora.password, NEW)) == (403, "E0000035")


def test_a_locked_account_is_shown_where_the_org_says_so(
    http: httpx.Client, admin: httpx.Client, nora: Person, lab: Lab
) -> None:
    lock(http, nora)
    hidden = step(http, username=nora.login, password=nora.password)
    password_rules(admin, "lockout", showLockoutFailures=True)

    shown = step(http, username=nora.login, password=nora.password)

    assert code_of(hidden) == (401, "E0000004")
    assert done(shown) == {
        "status": "LOCKED_OUT",
        "_embedded": {},
        "_links": {
            "next": {
                "name": "unlock",
                "href": f"{lab.url}/api/v1/authn/recovery/unlock",
                "hints": {"allow": ["POST"]},
            }
        },
    }
