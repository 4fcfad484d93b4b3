"""`/api/v1/authn/recovery`: forgotten passwords, locked accounts, callers trusted or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import (
    PASSWORD,
    Person,
    done,
    events_of,
    find_person,
    move_clock,
    set_status,
)
from tests.web.signing_in import (
    ANSWER,
    PHONE,
    add_person,
    another,
    begin,
    causes_of,
    close_way,
    code_of,
    deny,
    give_factor,
    link_token,
    lock,
    newest,
    require_factor,
    status_of,
    step,
)

NEW = "Another-Sesame-27"
NOBODY = "nobody@bank.example"


@pytest.fixture
def nora(admin: httpx.Client) -> Person:
    return add_person(admin)


def forgot(http: httpx.Client, login: str, way: str = "EMAIL", **more: Any) -> httpx.Response:
    return step(http, "/recovery/password", username=login, factorType=way, **more)


def unlock(http: httpx.Client, login: str, way: str = "EMAIL", **more: Any) -> httpx.Response:
    return step(http, "/recovery/unlock", username=login, factorType=way, **more)


def by_code(http: httpx.Client, state: str, code: str, way: str = "SMS") -> httpx.Response:
    return step(http, f"/recovery/factors/{way}/verify", stateToken=state, passCode=code)


def reset(http: httpx.Client, state: str, new: str = NEW) -> httpx.Response:
    return step(http, "/credentials/reset_password", stateToken=state, newPassword=new)


def messages(admin: httpx.Client) -> int:
    return len(done(admin.get("/lab/outbox")))


# By mail


def test_a_forgotten_password_by_mail(
    http: httpx.Client, admin: httpx.Client, nora: Person, lab: Lab
) -> None:
    asked = forgot(http, nora.login, relayState="/cart")
    mail = newest(admin)
    token = link_token(admin)

    opened = done(step(http, "/recovery/token", recoveryToken=token))
    state = opened["stateToken"]
    answered = done(step(http, "/recovery/answer", stateToken=state, answer=ANSWER))
    changed = reset(http, state)

    assert done(asked) == {
        "status": "RECOVERY_CHALLENGE",
        "factorResult": "WAITING",
        "relayState": "/cart",
        "factorType": "EMAIL",
        "recoveryType": "PASSWORD",
    }
    assert (mail["channel"], mail["to"], mail["userId"]) == ("EMAIL", nora.login, nora.id)
    assert mail["link"] == f"{lab.url}/signin/reset-password/{token}"
    assert (opened["status"], opened["recoveryType"]) == ("RECOVERY", "PASSWORD")
    question = opened["_embedded"]["user"]["recovery_question"]
    assert question == {"question": "Which food do you dislike?"}
    assert opened["_links"]["next"]["name"] == "answer"
    assert answered["status"] == "PASSWORD_RESET"
    assert answered["_links"]["next"]["name"] == "resetPassword"
    assert done(changed)["status"] == "SUCCESS"
    assert begin(http, Person(nora.id, nora.login, NEW))["status"] == "SUCCESS"
    assert "user.account.reset_password" in {e["eventType"] for e in events_of(admin, changed)}


def test_a_recovery_token_is_good_once(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    done(forgot(http, nora.login))
    token = link_token(admin)
    done(step(http, "/recovery/token", recoveryToken=token))

    again = step(http, "/recovery/token", recoveryToken=token)

    assert code_of(again) == (401, "E0000011")


def test_a_recovery_token_ends_by_its_lifetime(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    done(forgot(http, nora.login))
    token = link_token(admin)
    move_clock(admin, 7 * 24 * 3600 + 1)

    late = step(http, "/recovery/token", recoveryToken=token)

    assert code_of(late) == (401, "E0000011")


def test_without_a_question_the_link_is_enough(http: httpx.Client, admin: httpx.Client) -> None:
    otto = add_person(admin, "otto", question=False)
    done(forgot(http, otto.login))

    opened = done(step(http, "/recovery/token", recoveryToken=link_token(admin)))

    assert opened["status"] == "PASSWORD_RESET"
    assert done(reset(http, opened["stateToken"]))["status"] == "SUCCESS"


@pytest.mark.parametrize("call", [forgot, unlock])
@pytest.mark.parametrize("way", ["EMAIL", "SMS", "CALL"])
def test_the_public_hears_the_same_of_people_who_are_not_there(
    http: httpx.Client,
    admin: httpx.Client,
    nora: Person,
    call: Callable[..., httpx.Response],
    way: str,
) -> None:
    otto = add_person(admin, "otto", phone=None)
    set_status(admin, otto, "suspend")
    if call is unlock:
        lock(http, nora)

    answers = [done(call(http, login, way)) for login in (nora.login, NOBODY, otto.login)]

    for answer in answers:
        assert bool(answer.pop("stateToken", "")) == (way != "EMAIL")
        answer.pop("expiresAt", None)
    assert answers[0] == answers[1] == answers[2]
    assert messages(admin) == 1


# By text message and call


@pytest.mark.parametrize(("way", "in_path"), [("SMS", "SMS"), ("SMS", "sms"), ("CALL", "Call")])
def test_a_forgotten_password_by_code(
    http: httpx.Client, admin: httpx.Client, nora: Person, way: str, in_path: str
) -> None:
    asked = done(forgot(http, nora.login, way))
    state, code = asked["stateToken"], newest(admin)["code"]

    wrong = by_code(http, state, another(code), in_path)
    right = done(by_code(http, state, code, in_path))
    done(step(http, "/recovery/answer", stateToken=state, answer=ANSWER))
    changed = done(reset(http, state))

    assert set(asked) == {
        "stateToken",
        "expiresAt",
        "status",
        "factorType",
        "recoveryType",
        "_links",
    }
    assert set(asked["_links"]) == {"next", "cancel", "prev", "resend"}
    assert asked["_links"]["next"]["href"].endswith(f"/recovery/factors/{way}/verify")
    assert (newest(admin)["channel"], newest(admin)["to"]) == (way, PHONE)
    assert code_of(wrong) == (403, "E0000068")
    assert causes_of(wrong) == ["Your passcode doesn't match our records. Please try again."]
    assert right["status"] == "RECOVERY"
    assert changed["status"] == "SUCCESS"


def test_a_recovery_code_lives_five_minutes(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    state = done(forgot(http, nora.login, "SMS"))["stateToken"]
    code = newest(admin)["code"]
    move_clock(admin, 200)
    done(step(http, stateToken=state))
    move_clock(admin, 101)

    assert code_of(by_code(http, state, code)) == (403, "E0000068")


@pytest.mark.parametrize("login", ["nora@bank.example", NOBODY])
def test_a_recovery_code_is_sent_again_after_half_a_minute(
    http: httpx.Client, admin: httpx.Client, nora: Person, login: str
) -> None:
    state = done(forgot(http, login, "SMS"))["stateToken"]
    path = "/recovery/factors/SMS/resend"

    early = step(http, path, stateToken=state)
    move_clock(admin, 31)
    late = step(http, path, stateToken=state)

    assert code_of(early) == (429, "E0000109")
    assert done(late)["status"] == "RECOVERY_CHALLENGE"
    if login == nora.login:
        assert done(by_code(http, state, newest(admin)["code"]))["status"] == "RECOVERY"


def test_another_way_than_the_one_that_was_asked_for_is_not_legal(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    state = done(forgot(http, nora.login, "SMS"))["stateToken"]
    code = newest(admin)["code"]

    assert code_of(by_code(http, state, code, "CALL")) == (403, "E0000079")
    assert code_of(by_code(http, state, code, "email")) == (403, "E0000079")


@pytest.mark.parametrize("login", ["nora@bank.example", NOBODY])
def test_ten_wrong_recovery_codes_look_the_same_for_whoever_is_there_or_not(
    http: httpx.Client, admin: httpx.Client, nora: Person, login: str
) -> None:
    state = done(forgot(http, login, "SMS"))["stateToken"]
    code = another(newest(admin)["code"]) if login == nora.login else "123456"

    answers = [code_of(by_code(http, state, code)) for _ in range(12)]

    assert answers == [(403, "E0000068")] * 10 + [(401, "E0000011")] * 2
    if login == nora.login:
        assert status_of(admin, nora) == "LOCKED_OUT"


def test_a_lock_in_between_makes_the_right_code_wrong(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    state = done(forgot(http, nora.login, "SMS"))["stateToken"]
    code = newest(admin)["code"]
    lock(http, nora)

    assert code_of(by_code(http, state, code)) == (403, "E0000068")


def test_previous_ends_a_recovery_by_code(http: httpx.Client, nora: Person) -> None:
    state = done(forgot(http, nora.login, "SMS", relayState="/x"))["stateToken"]

    back = done(step(http, "/previous", stateToken=state))

    assert (back["status"], back["relayState"]) == ("UNAUTHENTICATED", "/x")
    assert "stateToken" not in back
    assert code_of(step(http, stateToken=state)) == (401, "E0000011")


def test_a_way_that_the_org_closed_sends_nothing(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    close_way(admin, "okta_sms")

    done(forgot(http, nora.login, "SMS"))

    assert messages(admin) == 0


@pytest.mark.parametrize(
    ("action", "call", "code"),
    [
        ("selfServicePasswordReset", forgot, "E0000034"),
        ("selfServiceUnlock", unlock, "E0000032"),
    ],
)
def test_what_the_org_denies_sends_nothing_and_a_trusted_caller_is_told(
    http: httpx.Client,
    admin: httpx.Client,
    nora: Person,
    action: str,
    call: Callable[..., httpx.Response],
    code: str,
) -> None:
    deny(admin, action)
    if call is unlock:
        lock(http, nora)

    public, trusted = call(http, nora.login), call(admin, nora.login)

    assert done(public)["status"] == "RECOVERY_CHALLENGE"
    assert messages(admin) == 0
    assert code_of(trusted) == (403, code)


# The question


def test_wrong_answers_to_the_recovery_question_count(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    done(forgot(http, nora.login))
    state = done(step(http, "/recovery/token", recoveryToken=link_token(admin)))["stateToken"]

    answers = [
        code_of(step(http, "/recovery/answer", stateToken=state, answer="wrong")) for _ in range(10)
    ]

    assert answers == [(403, "E0000087")] * 10
    assert status_of(admin, nora) == "LOCKED_OUT"
    right = step(http, "/recovery/answer", stateToken=state, answer=ANSWER)
    assert code_of(right) == (401, "E0000011")


def test_a_reset_asks_for_the_second_factor_too(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    require_factor(admin)
    give_factor(admin, nora, "sms")
    done(forgot(http, nora.login))
    state = done(step(http, "/recovery/token", recoveryToken=link_token(admin)))["stateToken"]
    done(step(http, "/recovery/answer", stateToken=state, answer=ANSWER))

    changed = done(reset(http, state))

    assert changed["status"] == "MFA_REQUIRED"
    assert "sessionToken" not in changed


def test_a_weak_password_is_not_set(http: httpx.Client, admin: httpx.Client) -> None:
    otto = add_person(admin, "otto", question=False)
    done(forgot(http, otto.login))
    state = done(step(http, "/recovery/token", recoveryToken=link_token(admin)))["stateToken"]

    weak = reset(http, state, "weak")
    good = reset(http, state, NEW)

    assert code_of(weak) == (403, "E0000014")
    assert done(good)["status"] == "SUCCESS"


# Unlocking


@pytest.mark.parametrize("way", ["EMAIL", "SMS"])
def test_a_locked_account_is_unlocked_and_nobody_is_signed_in_by_that(
    http: httpx.Client, admin: httpx.Client, nora: Person, way: str
) -> None:
    lock(http, nora)
    asked = done(unlock(http, nora.login, way, relayState="/x"))
    if way == "EMAIL":
        opened = step(http, "/recovery/token", recoveryToken=link_token(admin))
    else:
        opened = by_code(http, asked["stateToken"], newest(admin)["code"])
    state = done(opened)["stateToken"]

    unlocked = step(http, "/recovery/answer", stateToken=state, answer=ANSWER)

    document = done(unlocked)
    assert asked["recoveryType"] == "ACCOUNT_UNLOCK"
    assert (document["status"], document["recoveryType"]) == ("SUCCESS", "ACCOUNT_UNLOCK")
    assert not {"sessionToken", "stateToken"} & set(document)
    assert status_of(admin, nora) == "ACTIVE"
    assert begin(http, nora)["status"] == "SUCCESS"
    assert "user.account.unlock" in {e["eventType"] for e in events_of(admin, unlocked)}
    assert code_of(step(http, stateToken=state)) == (401, "E0000011")


def test_nobody_is_unlocked_by_an_expired_password(http: httpx.Client, admin: httpx.Client) -> None:
    otto = add_person(admin, "otto", question=False)
    done(admin.post(f"/api/v1/users/{otto.id}/lifecycle/expire_password"))
    lock(http, otto)
    done(unlock(http, otto.login))

    opened = done(step(http, "/recovery/token", recoveryToken=link_token(admin)))

    assert opened["status"] == "SUCCESS"
    assert begin(http, otto)["status"] == "PASSWORD_EXPIRED"


def test_wrong_answers_end_an_unlocking_too(
    http: httpx.Client, admin: httpx.Client, nora: Person
) -> None:
    lock(http, nora)
    done(unlock(http, nora.login))
    state = done(step(http, "/recovery/token", recoveryToken=link_token(admin)))["stateToken"]

    answers = [
        code_of(step(http, "/recovery/answer", stateToken=state, answer=said))
        for said in ["wrong"] * 10 + [ANSWER]
    ]

    assert answers == [(403, "E0000087")] * 10 + [(401, "E0000011")]
    assert status_of(admin, nora) == "LOCKED_OUT"


# Trusted callers


@pytest.mark.parametrize("more", [{}, {"factorType": "EMAIL"}])
def test_a_trusted_caller_gets_the_recovery_token_itself(
    admin: httpx.Client, http: httpx.Client, nora: Person, more: dict[str, str]
) -> None:
    asked = done(step(admin, "/recovery/password", username=nora.login, relayState="/x", **more))

    opened = done(step(http, "/recovery/token", recoveryToken=asked["recoveryToken"]))

    assert set(asked) == {
        "expiresAt",
        "status",
        "recoveryToken",
        "relayState",
        "recoveryType",
        "_embedded",
        "_links",
    }
    assert (asked["status"], asked["recoveryType"]) == ("RECOVERY", "PASSWORD")
    user = asked["_embedded"]["user"]
    assert user["recovery_question"] == {"question": "Which food do you dislike?"}
    assert opened["status"] == "RECOVERY"
    assert messages(admin) == 0


def test_a_trusted_caller_unlocks(admin: httpx.Client, http: httpx.Client, nora: Person) -> None:
    lock(http, nora)

    asked = done(step(admin, "/recovery/unlock", username=nora.login))

    assert (asked["status"], asked["recoveryType"]) == ("RECOVERY", "ACCOUNT_UNLOCK")
    state = done(step(http, "/recovery/token", recoveryToken=asked["recoveryToken"]))["stateToken"]
    done(step(http, "/recovery/answer", stateToken=state, answer=ANSWER))
    assert status_of(admin, nora) == "ACTIVE"


@pytest.mark.parametrize("way", ["EMAIL", "SMS"])
def test_a_trusted_caller_is_told_who_cannot_recover(
    admin: httpx.Client, nora: Person, way: str
) -> None:
    unknown = forgot(admin, NOBODY, way)
    not_locked = unlock(admin, nora.login, way)
    set_status(admin, nora, "suspend")
    stopped = forgot(admin, nora.login, way)

    assert code_of(unknown) == (403, "E0000095")
    assert code_of(not_locked) == (403, "E0000032")
    assert code_of(stopped) == (403, "E0000034")


@pytest.mark.parametrize("way", ["EMAIL", "SMS"])
def test_a_lesser_admins_token_recovers_people_but_no_other_admin(
    admin: httpx.Client, http: httpx.Client, nora: Person, way: str
) -> None:
    grace = find_person(admin, "grace")
    body = {"name": "Portal", "userId": grace.id}
    token = done(admin.post("/api/v1/api-tokens", json=body))["token"]
    headers = {"Authorization": f"SSWS {token}"}
    otto = add_person(admin, "otto")
    done(admin.post(f"/api/v1/users/{otto.id}/roles", json={"type": "HELP_DESK_ADMIN"}))

    def ask(login: str) -> httpx.Response:
        body = {"username": login, "factorType": way}
        return http.post("/api/v1/authn/recovery/password", json=body, headers=headers)

    assert done(ask(nora.login))
    assert code_of(ask(otto.login)) == (403, "E0000006")
    assert code_of(ask(NOBODY)) == (403, "E0000095")


def test_a_trusted_caller_can_have_a_code_sent(
    admin: httpx.Client, http: httpx.Client, nora: Person
) -> None:
    asked = done(forgot(admin, nora.login, "SMS"))

    verified = done(by_code(http, asked["stateToken"], newest(admin)["code"]))

    assert (asked["status"], verified["status"]) == ("RECOVERY_CHALLENGE", "RECOVERY")


def test_a_bad_api_token_is_refused_whatever_is_asked(http: httpx.Client, nora: Person) -> None:
    headers = {"Authorization": "SSWS 00nobody"}
    body = {"username": nora.login, "password": PASSWORD}

    answer = http.post("/api/v1/authn", json=body, headers=headers)

    assert code_of(answer) == (401, "E0000011")


def test_a_trusted_caller_says_where_the_person_is(
    admin: httpx.Client, http: httpx.Client, nora: Person
) -> None:
    body = {"username": nora.login, "password": PASSWORD}
    headers = {"X-Forwarded-For": "203.0.113.7, 10.0.0.1"}

    said = admin.post("/api/v1/authn", json=body, headers=headers)
    odd = admin.post("/api/v1/authn", json=body, headers={"X-Forwarded-For": "<script>"})
    public = http.post("/api/v1/authn", json=body, headers=headers)

    seen = [events_of(admin, answer)[0]["client"]["ipAddress"] for answer in (said, odd, public)]
    assert seen == ["203.0.113.7", "127.0.0.1", "127.0.0.1"]


# Activation


def test_an_activation_token_leads_to_the_first_password(
    http: httpx.Client, admin: httpx.Client
) -> None:
    login = "ida@bank.example"
    profile = {"firstName": "Ida", "lastName": "Tester", "email": login, "login": login}
    made = done(
        admin.post("/api/v1/users", params={"activate": "false"}, json={"profile": profile})
    )
    path = f"/api/v1/users/{made['id']}/lifecycle/activate"
    token = done(admin.post(path, params={"sendEmail": "false"}))["activationToken"]

    opened = done(step(http, token=token))
    again = step(http, token=token)
    chosen = done(reset(http, opened["stateToken"]))

    assert opened["status"] == "PASSWORD_RESET"
    assert code_of(again) == (401, "E0000011")
    assert chosen["status"] == "SUCCESS"
    ida = Person(made["id"], login, NEW)
    assert status_of(admin, ida) == "ACTIVE"
    assert begin(http, ida)["status"] == "SUCCESS"
