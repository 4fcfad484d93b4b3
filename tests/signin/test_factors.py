"""Second factors: who has one, which code is right, and how often one may guess."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pyotp
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from labserver.domain.values import Org
from labserver.settings import Settings
from labserver.signin import factors, outbox
from labserver.signin.answers import answer_problem, check_recovery_answer, hash_answer
from labserver.signin.factors import FactorRefusal
from labserver.signin.passwords import check_password
from labserver.store import orgs
from labserver.store.database import Database, open_database
from labserver.store.directory import User
from labserver.store.factors import Factor
from labserver.store.world import load_world

NOW = 1_800_000_000
CORA = "cora@bank.example"
PASSWORD = load_world().password or ""
PHONE = {"phoneNumber": "+1-555-415-1337"}
TOTP = "token:software:totp"
QUESTION = {"question": "disliked_food", "answer": "Mayonnaise"}


@pytest.fixture
def database(tmp_path: Path, make_key: Callable[[], RSAKey]) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'lab.db'}", make_key=make_key, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def org(database: Database) -> Org:
    settings = Settings("http://127.0.0.1:8080", "", "root-token", clock=lambda: NOW)
    return orgs.create_org(database, settings, subdomain="ada", name="Ada's", now=NOW)[0]


@pytest.fixture
def session(database: Database, org: Org) -> Iterator[Session]:
    with database.session(org) as opened:
        yield opened


@pytest.fixture
def cora(session: Session) -> str:
    return session.scalars(select(User.id).where(User.login == CORA)).one()


def status_of(session: Session) -> str:
    return session.scalars(select(User.status).where(User.login == CORA)).one()


def sent_code(session: Session) -> str:
    """The code of the newest message."""
    code = outbox.messages(session)[0].code
    assert code is not None
    return code


def an_active_phone(session: Session, user_id: str) -> Factor:
    return factors.enroll(session, user_id, "sms", "OKTA", PHONE, NOW, activate=True)


def an_active_app(session: Session, user_id: str) -> tuple[Factor, pyotp.TOTP]:
    factor = factors.enroll(session, user_id, TOTP, "OKTA", {}, NOW - 60)
    app = pyotp.TOTP(factor.secret or "")
    factors.activate(session, factor, app.at(NOW - 60), NOW - 60)
    return factor, app


def wrong(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**6:06d}"


def refusal(work: Callable[[], Any]) -> FactorRefusal:
    with pytest.raises(FactorRefusal) as caught:
        work()
    return caught.value


def test_a_question_is_active_at_once_and_its_answer_rests_hashed(
    session: Session, cora: str
) -> None:
    factor = factors.enroll(session, cora, "question", "OKTA", QUESTION, NOW)

    assert factor.status == "ACTIVE"
    assert "answer" not in factor.profile
    assert (factor.secret or "").startswith("$argon2")
    assert factors.enrolled(session, cora) == [factor]


@pytest.mark.parametrize("answer", ["Mayonnaise", " mayonnaise ", "MAYONNAISE"])
def test_an_answer_counts_however_its_letters_are_written(
    session: Session, cora: str, answer: str
) -> None:
    factor = factors.enroll(session, cora, "question", "OKTA", QUESTION, NOW)

    assert factors.verify(session, factor, NOW, answer=answer)


@pytest.mark.parametrize(
    ("factor_type", "provider", "profile", "field"),
    [
        ("retina", "OKTA", {}, "factorType"),
        ("sms", "GOOGLE", PHONE, "provider"),
        ("question", "OKTA", {"question": "shoe_size", "answer": "forty-four"}, "question"),
        ("question", "OKTA", {"question": "disliked_food"}, "answer"),
        ("question", "OKTA", {"question": "disliked_food", "answer": "egg"}, "answer"),
        ("question", "OKTA", {"question": "disliked_food", "answer": "Least liked"}, "answer"),
        ("question", "OKTA", {"question": "disliked_food", "answer": 7777}, "answer"),
        ("sms", "OKTA", {}, "phoneNumber"),
        ("sms", "OKTA", {"phoneNumber": "mum"}, "phoneNumber"),
        ("call", "OKTA", {"phoneNumber": "123"}, "phoneNumber"),
        ("sms", "OKTA", {"phoneNumber": "0049 30 901820"}, "phoneNumber"),
        ("sms", "OKTA", {"phoneNumber": "+1 555 415 1337 ext 9"}, "phoneNumber"),
        ("email", "OKTA", {"email": "nowhere"}, "email"),
    ],
)
def test_a_factor_that_does_not_fit_is_refused_by_field(
    session: Session, cora: str, factor_type: str, provider: str, profile: Any, field: str
) -> None:
    refused = refusal(lambda: factors.enroll(session, cora, factor_type, provider, profile, NOW))

    assert (refused.code, refused.field) == ("E0000001", field)
    assert factors.enrolled(session, cora) == []


@pytest.mark.parametrize(
    ("factor_type", "profile", "channel", "to"),
    [
        ("sms", PHONE, "SMS", "+15554151337"),
        ("call", PHONE, "CALL", "+15554151337"),
        ("email", {}, "EMAIL", CORA),
    ],
)
def test_a_sent_code_lies_in_the_outbox_and_activates_once(
    session: Session, cora: str, factor_type: str, profile: Any, channel: str, to: str
) -> None:
    factor = factors.enroll(session, cora, factor_type, "OKTA", profile, NOW)
    waiting = factor.status
    message = outbox.messages(session)[0]

    factors.activate(session, factor, message.code or "", NOW)

    assert waiting == "PENDING_ACTIVATION"
    assert (message.channel, message.to, message.user_id) == (channel, to, cora)
    assert (message.code or "none") in message.text
    assert factor.status == "ACTIVE"
    assert refusal(lambda: factors.activate(session, factor, "123456", NOW)).code == "E0000107"


def test_two_codes_are_thirty_seconds_apart_and_the_newer_one_counts(
    session: Session, cora: str
) -> None:
    factor = an_active_phone(session, cora)

    asked = factors.verify(session, factor, NOW)
    first = sent_code(session)
    too_early = refusal(lambda: factors.send_code(session, factor, NOW + 29))
    factors.send_code(session, factor, NOW + 30)
    second = sent_code(session)

    assert not asked
    assert too_early.code == "E0000109"
    if first != second:
        assert (
            refusal(lambda: factors.verify(session, factor, NOW + 31, pass_code=first)).code
            == "E0000068"
        )
    assert factors.verify(session, factor, NOW + 31, pass_code=second)


def test_a_sent_code_is_good_once_and_for_five_minutes(session: Session, cora: str) -> None:
    factor = an_active_phone(session, cora)
    factors.verify(session, factor, NOW)
    code = sent_code(session)

    late = refusal(lambda: factors.verify(session, factor, NOW + 300, pass_code=code))
    in_time = factors.verify(session, factor, NOW + 299, pass_code=code)
    again = refusal(lambda: factors.verify(session, factor, NOW + 299, pass_code=code))

    assert late.code == again.code == "E0000068"
    assert late.cause == "Your passcode doesn't match our records. Please try again."
    assert in_time


def test_a_phone_is_replaced_only_when_the_call_says_so(session: Session, cora: str) -> None:
    an_active_phone(session, cora)
    other = {"phoneNumber": "+49 30 901820"}

    refused = refusal(lambda: factors.enroll(session, cora, "sms", "OKTA", other, NOW))
    replaced = factors.enroll(session, cora, "sms", "OKTA", other, NOW, update_phone=True)

    assert refused.cause == "There is an existing verified phone number."
    assert replaced.status == "PENDING_ACTIVATION"
    assert [factor.profile for factor in factors.enrolled(session, cora)] == [
        {"phoneNumber": "+4930901820"}
    ]


def test_beginning_anew_sends_no_second_code_within_thirty_seconds(
    session: Session, cora: str
) -> None:
    factors.enroll(session, cora, "sms", "OKTA", PHONE, NOW)

    early = refusal(lambda: factors.enroll(session, cora, "sms", "OKTA", PHONE, NOW + 1))
    later = factors.enroll(session, cora, "sms", "OKTA", PHONE, NOW + 30)

    assert early.code == "E0000109"
    assert factors.enrolled(session, cora) == [later]
    assert len(outbox.messages(session)) == 2


@pytest.mark.parametrize("offset", [-30, 0, 30])
def test_an_apps_code_is_taken_a_step_before_and_after_its_time(
    session: Session, cora: str, offset: int
) -> None:
    factor, app = an_active_app(session, cora)
    moment = NOW + 300

    assert factors.verify(session, factor, moment, pass_code=app.at(moment + offset))


@pytest.mark.parametrize("offset", [-90, 90])
def test_an_apps_code_of_another_time_is_wrong(session: Session, cora: str, offset: int) -> None:
    factor, app = an_active_app(session, cora)
    moment = NOW + 300

    refused = refusal(
        lambda: factors.verify(session, factor, moment, pass_code=app.at(moment + offset))
    )

    assert refused.code == "E0000068"


def test_an_apps_code_and_all_older_ones_are_used_once(session: Session, cora: str) -> None:
    factor, app = an_active_app(session, cora)

    assert factors.verify(session, factor, NOW, pass_code=app.at(NOW))

    for code in (app.at(NOW), app.at(NOW - 30)):
        refused = refusal(partial(factors.verify, session, factor, NOW, pass_code=code))
        assert refused.code == "E0000082"


def test_of_simultaneous_uses_of_one_code_one_wins(
    database: Database, org: Org, session: Session, cora: str
) -> None:
    factor, app = an_active_app(session, cora)
    pk = factor.pk
    session.commit()
    gate = threading.Barrier(8)

    def use() -> bool:
        with database.session(org) as own:
            found = own.scalars(select(Factor).where(Factor.pk == pk)).one()
            gate.wait()
            try:
                factors.verify(own, found, NOW, pass_code=app.at(NOW))
            except FactorRefusal:
                return False
            finally:
                own.commit()
            return True

    with ThreadPoolExecutor(8) as pool:
        won = [each.result() for each in [pool.submit(use) for _ in range(8)]]

    assert won.count(True) == 1


def test_wrong_codes_lock_the_user_like_wrong_passwords(session: Session, cora: str) -> None:
    factor, app = an_active_app(session, cora)
    code = wrong(app.at(NOW))

    refused = [
        refusal(lambda: factors.verify(session, factor, NOW, pass_code=code)) for _ in range(10)
    ]

    assert [each.locked for each in refused] == [False] * 9 + [True]
    assert status_of(session) == "LOCKED_OUT"
    locked = refusal(lambda: factors.verify(session, factor, NOW, pass_code=app.at(NOW)))
    assert locked.code == "E0000069"


def test_who_knows_the_password_cannot_guess_codes_for_ever(session: Session, cora: str) -> None:
    factor, app = an_active_app(session, cora)
    code = wrong(app.at(NOW))

    for _ in range(10):
        check_password(session, CORA, PASSWORD, NOW)
        refusal(lambda: factors.verify(session, factor, NOW, pass_code=code))

    assert status_of(session) == "LOCKED_OUT"


def test_a_right_code_starts_the_count_of_wrong_ones_again(session: Session, cora: str) -> None:
    factor, app = an_active_app(session, cora)
    for moment in (NOW, NOW + 300):
        for _ in range(9):
            check_password(session, CORA, PASSWORD, NOW)
            code = wrong(app.at(moment))
            refusal(partial(factors.verify, session, factor, NOW, pass_code=code))

        assert factors.verify(session, factor, moment, pass_code=app.at(moment))

    assert status_of(session) == "ACTIVE"


def test_a_factor_that_waits_for_its_first_code_verifies_nobody(
    session: Session, cora: str
) -> None:
    factor = factors.enroll(session, cora, TOTP, "GOOGLE", {}, NOW)
    code = pyotp.TOTP(factor.secret or "").at(NOW)

    refused = refusal(lambda: factors.verify(session, factor, NOW, pass_code=code))

    assert refused.code == "E0000107"


def test_a_wrong_recovery_answer_counts_toward_the_lock(session: Session, cora: str) -> None:
    user = session.scalars(select(User).where(User.login == CORA)).one()
    user.recovery_answer_hash = hash_answer("Mayonnaise")
    session.flush()

    right = check_recovery_answer(session, cora, "mayonnaise", NOW)
    guesses = [check_recovery_answer(session, cora, "ketchup", NOW) for _ in range(10)]

    assert right
    assert not any(guesses)
    assert status_of(session) == "LOCKED_OUT"
    assert not check_recovery_answer(session, cora, "mayonnaise", NOW)


@pytest.mark.parametrize("answer", ["abc", "a" * 101, "least liked", "  ab  "])
def test_an_answer_that_is_too_short_too_long_or_in_the_question_will_not_do(answer: str) -> None:
    assert answer_problem("What is the food you least liked?", answer)


def test_the_outbox_keeps_the_newest_messages_only(
    session: Session, cora: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "KEPT", 3)

    for number in range(5):
        outbox.send(
            session, user_id=cora, channel="SMS", to="+1", text=f"message {number}", now=NOW
        )

    assert [found.text for found in outbox.messages(session)] == [
        "message 4",
        "message 3",
        "message 2",
    ]
