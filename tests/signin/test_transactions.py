"""Sign-ins on their way: one step wins, secrets rest as digests, strangers look like people."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from labserver.domain.authn import AuthnRefused
from labserver.domain.values import Org, User
from labserver.settings import Settings
from labserver.signin import factors, outbox, recovering, steps, transactions
from labserver.signin.answers import hash_answer
from labserver.signin.factors import FactorRefusal
from labserver.signin.passwords import check_password
from labserver.signin.transactions import Transaction
from labserver.store import directory, ledger, loaders, orgs
from labserver.store.database import Database, open_database
from labserver.store.policies import OrgPolicy
from labserver.store.sweep import sweep
from labserver.store.transactions import AuthnTransaction, RememberedDevice
from labserver.store.world import load_world

NOW = 1_800_000_000
CORA = "cora@bank.example"
PASSWORD = load_world().password or ""
NEW = "Another-Sesame-27"
QUESTION = {"question": "disliked_food", "answer": "Mayonnaise"}
PHONE = "+1-555-415-1337"
THREADS = 12
Found = TypeVar("Found")


@pytest.fixture
def database(tmp_path: Path, make_key: Callable[[], RSAKey]) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'lab.db'}", make_key=make_key, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def org(database: Database) -> Org:
    settings = Settings("http://127.0.0.1:8080", "", "root-token", clock=lambda: NOW)
    made = orgs.create_org(database, settings, subdomain="ada", name="Ada's", now=NOW)[0]
    with database.session(made) as session:
        session.add(
            OrgPolicy(
                type="OKTA_SIGN_ON",
                settings={"require_factor": True, "factor_prompt_mode": "DEVICE"},
            )
        )
        row = session.scalars(select(directory.User).where(directory.User.login == CORA)).one()
        row.recovery_question, row.recovery_answer_hash = "Which food?", hash_answer("Mayonnaise")
        row.profile = dict(row.profile) | {"mobilePhone": PHONE}
        factors.enroll(session, row.id, "question", "OKTA", QUESTION, NOW)
        session.commit()
    found = database.find_org("ada", "http://127.0.0.1:8080")
    assert found is not None
    return found


def committed(database: Database, org: Org, work: Callable[[Session], Found]) -> Found:
    """What the work gives; it is committed, also when it is refused, as a request's is."""
    with database.session(org) as session:
        try:
            return work(session)
        finally:
            session.commit()


def at_once(work: Callable[[int], Transaction]) -> list[str]:
    """Where each of many simultaneous steps led: a status, or the code of its refusal."""
    gate = threading.Barrier(THREADS)

    def step(number: int) -> str:
        gate.wait()
        try:
            return work(number).status
        except (AuthnRefused, FactorRefusal) as refusal:
            return refusal.code

    with ThreadPoolExecutor(THREADS) as pool:
        return sorted(pool.map(step, range(THREADS)))


def cora(session: Session) -> User:
    found = loaders.find_user(session, CORA)
    assert found is not None
    return found


def begun(database: Database, org: Org, device: str | None = None) -> Transaction:
    """Cora's sign-in, which waits for her factor."""
    return committed(
        database,
        org,
        lambda session: transactions.begin(session, cora(session), NOW, device=device),
    )


def recovering_by_code(database: Database, org: Org, login: str = CORA) -> tuple[Transaction, str]:
    """A recovery by text message, and the code that was sent, if one was."""

    def start(session: Session) -> tuple[Transaction, str]:
        asked = recovering.recover(
            session, "password", login, NOW, channel="sms", link_prefix="http://127.0.0.1/"
        )
        sent = outbox.messages(session)
        return asked, (sent[0].code or "") if sent else ""

    return committed(database, org, start)


def factor_id(database: Database, org: Org) -> str:
    return committed(
        database, org, lambda session: factors.enrolled(session, cora(session).id)[0].id
    )


def verify(
    database: Database, org: Org, token: str, answer: str = "Mayonnaise", remember: bool = False
) -> Transaction:
    """Cora's answer in the transaction with this state token."""
    factor = factor_id(database, org)

    def work(session: Session) -> Transaction:
        found = transactions.resume(session, token, NOW)
        return steps.verify(session, found, NOW, factor, answer=answer, remember=remember)

    return committed(database, org, work)


def test_of_many_right_answers_at_once_one_signs_in(database: Database, org: Org) -> None:
    token = begun(database, org).token

    ends = at_once(lambda _: verify(database, org, token))

    assert ends.count("SUCCESS") == 1
    assert set(ends) <= {"SUCCESS", "E0000079", "E0000011"}


def test_of_many_new_passwords_at_once_one_is_set(database: Database, org: Org) -> None:
    asked, code = recovering_by_code(database, org)

    def opened(session: Session) -> Transaction:
        found = transactions.resume(session, asked.token, NOW)
        found = recovering.verify_recovery(session, found, NOW, "sms", code)
        return recovering.answer(session, found, NOW, "Mayonnaise")

    token = committed(database, org, opened).token
    taken: list[int] = []

    def reset(number: int) -> Transaction:
        def work(session: Session) -> Transaction:
            found = transactions.resume(session, token, NOW)
            return recovering.reset_password(session, found, NOW, f"{NEW}-{number}")

        after = committed(database, org, work)
        taken.append(number)
        return after

    ends = at_once(reset)

    assert len(taken) == 1
    assert set(ends) <= {"MFA_REQUIRED", "E0000079", "E0000011"}
    password = f"{NEW}-{taken[0]}"
    with database.session(org) as session:
        assert check_password(session, CORA, password, NOW).user is not None


def test_of_many_guesses_at_once_one_is_judged(database: Database, org: Org) -> None:
    asked, code = recovering_by_code(database, org)
    wrong = f"{(int(code) + 1) % 10**6:06d}"

    def guess(number: int) -> Transaction:
        def work(session: Session) -> Transaction:
            found = transactions.resume(session, asked.token, NOW)
            return recovering.verify_recovery(session, found, NOW, "sms", wrong)

        return committed(database, org, work)

    ends = at_once(guess)

    assert set(ends) <= {"E0000068", "E0000079"}
    judged = ends.count("E0000068")
    with database.session(org) as session:
        tries = transactions.resume(session, asked.token, NOW).memory.tries
        row = session.scalars(select(directory.User).where(directory.User.login == CORA)).one()
        assert tries == judged == row.failed_sign_ins


def test_cancelling_and_going_on_at_once_do_not_both_happen(database: Database, org: Org) -> None:
    token = begun(database, org).token

    def work(number: int) -> Transaction:
        if number % 2:
            return verify(database, org, token)

        def cancel(session: Session) -> Transaction:
            return steps.cancel(session, transactions.resume(session, token, NOW))

        return committed(database, org, cancel)

    ends = at_once(work)

    assert len([end for end in ends if end in ("SUCCESS", "UNAUTHENTICATED")]) == 1


def test_no_token_code_or_device_rests_in_the_file(database: Database, org: Org) -> None:
    signing_in = begun(database, org, device="device-of-the-test")
    asked, code = recovering_by_code(database, org)
    verify(database, org, signing_in.token, remember=True)

    with database.session(org) as session:
        rows = session.scalars(select(AuthnTransaction)).all()
        text = str([(row.id, row.memory) for row in rows])
        devices = session.scalars(select(RememberedDevice)).all()

    assert rows
    assert len(devices) == 1
    assert code not in text
    whole = b"".join(
        path.read_bytes() for path in Path(str(database.engine.url.database)).parent.glob("lab.db*")
    )
    for secret in (signing_in.token, asked.token, "device-of-the-test", PASSWORD, "Mayonnaise"):
        assert secret.encode() not in whole


def test_a_transaction_of_one_org_is_nothing_in_another(database: Database, org: Org) -> None:
    token = begun(database, org).token
    settings = Settings("http://127.0.0.1:8080", "", "root-token", clock=lambda: NOW)
    other = orgs.create_org(database, settings, subdomain="bob", name="Bob's", now=NOW)[0]

    with database.session(other) as session, pytest.raises(AuthnRefused) as caught:
        transactions.resume(session, token, NOW)

    assert caught.value.code == "E0000011"


def test_every_statement_on_transactions_names_the_org(database: Database, org: Org) -> None:
    seen: list[str] = []

    def watch(_: object, __: object, statement: str, *___: object) -> None:
        if "authn_transactions" in statement or "remembered_devices" in statement:
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", watch)
    token = begun(database, org, device="laptop").token
    verify(database, org, token, remember=True)
    again = begun(database, org, device="laptop")

    assert again.status == "SUCCESS"
    assert len(seen) >= 5
    assert all("org_id" in statement for statement in seen)


def test_over_is_over_and_the_sweep_takes_it(database: Database, org: Org) -> None:
    begun(database, org)

    sweep(database, NOW + transactions.LIFETIME)

    with database.session(org) as session:
        assert session.scalars(select(AuthnTransaction)).all() == []


def test_a_remembered_device_is_one_persons(database: Database, org: Org) -> None:
    verify(database, org, begun(database, org, device="laptop").token, remember=True)

    with database.session(org) as session:
        sam = loaders.find_user(session, "sam@bank.example")
        assert sam is not None
        device = transactions.begin(session, cora(session), NOW, device="laptop")
        factors.enroll(session, sam.id, "question", "OKTA", QUESTION, NOW)
        theirs = transactions.begin(session, sam, NOW, device="laptop")

    assert (device.status, theirs.status) == ("SUCCESS", "MFA_REQUIRED")


@pytest.mark.parametrize("login", [CORA, "nobody@bank.example", "x" * 100_000])
def test_a_recovery_writes_as_much_for_whoever_is_there_or_not(
    database: Database, org: Org, login: str
) -> None:
    asked, code = recovering_by_code(database, org, login)

    assert asked.status == "RECOVERY_CHALLENGE"
    assert bool(code) == (login == CORA)
    with database.session(org) as session:
        (row,) = session.scalars(select(AuthnTransaction))
        assert row.status == "RECOVERY_CHALLENGE"
        assert ledger.find_transaction(session, asked.token, NOW) is not None


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_recovery_does_the_same_work_for_whoever_is_there_or_not(
    database: Database, org: Org, channel: recovering.Channel
) -> None:
    def written(login: str) -> set[str]:
        seen: set[str] = set()

        def watch(_: object, __: object, statement: str, *___: object) -> None:
            if statement.startswith(("INSERT", "UPDATE")):
                seen.add(statement)

        def ask(session: Session) -> Transaction:
            return recovering.recover(
                session, "password", login, NOW, channel=channel, link_prefix="/reset/"
            )

        event.listen(database.engine, "before_cursor_execute", watch)
        committed(database, org, ask)
        event.remove(database.engine, "before_cursor_execute", watch)
        return seen

    there, nobody = written(CORA), written("nobody@bank.example")

    assert there == nobody
    assert len(there) >= 2
    with database.session(org) as session:
        assert [message.user_id for message in outbox.messages(session)] == [cora(session).id]
