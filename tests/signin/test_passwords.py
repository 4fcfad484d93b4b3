"""Passwords: one answer for every failure, and the policy says how many in a row lock."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import select, update

from labserver.domain.sign_in_policy import SignInRules
from labserver.domain.values import Org
from labserver.settings import Settings
from labserver.signin import passwords
from labserver.signin.passwords import (
    DAY,
    PasswordCheck,
    check_password,
    password_problems,
)
from labserver.store import hashing, loaders, orgs
from labserver.store.database import Database, open_database
from labserver.store.directory import User
from labserver.store.policies import OrgPolicy
from labserver.store.world import load_world

NOW = 1_800_000_000
LOCKED_AT = SignInRules().max_attempts
PASSWORD = load_world().password or ""
CORA = "cora@bank.example"


@pytest.fixture
def database(tmp_path: Path, make_key: Callable[[], RSAKey]) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'lab.db'}", make_key=make_key, clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def org(database: Database) -> Org:
    settings = Settings("http://127.0.0.1:8080", "", "root-token", clock=lambda: NOW)
    return orgs.create_org(database, settings, subdomain="ada", name="Ada's", now=NOW)[0]


def checked(
    database: Database, org: Org, password: str = PASSWORD, login: str = CORA, now: int = NOW
) -> PasswordCheck:
    """The check as a request makes it, with the org as it is by then."""
    current = database.find_org(org.slug, "http://127.0.0.1:8080")
    assert current is not None
    with database.session(current) as session:
        check = check_password(session, login, password, now)
        session.commit()
        return check


def signs_in(database: Database, org: Org, password: str = PASSWORD, login: str = CORA) -> bool:
    return checked(database, org, password, login).user is not None


def set_policy(database: Database, org: Org, type: str = "PASSWORD", **settings: Any) -> None:
    """The org's policy of this type has these settings."""
    with database.session(org) as session:
        session.add(OrgPolicy(type=type, settings=settings))
        session.commit()


def set_user(database: Database, org: Org, **values: Any) -> None:
    """Cora's row has these values."""
    with database.session(org) as session:
        session.execute(update(User).where(User.login == CORA).values(**values))
        session.commit()


def status_of(database: Database, org: Org, login: str = CORA) -> str:
    with database.session(org) as session:
        return session.scalars(select(User.status).where(User.login == login)).one()


def fail(database: Database, org: Org, times: int) -> None:
    for _ in range(times):
        assert not signs_in(database, org, "wrong")


@pytest.fixture
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparison without the slow hash, for tests that fail many times."""
    monkeypatch.setattr(
        passwords, "matches", lambda hashed, value: hashed is not None and value == PASSWORD
    )


@pytest.mark.parametrize("login", [CORA, "CORA@Bank.Example", "córa@bank.example", f" {CORA} "])
def test_the_right_password_signs_in_however_the_login_is_written(
    database: Database, org: Org, login: str
) -> None:
    with database.session(org) as session:
        check = check_password(session, login, PASSWORD, NOW)

    assert check.user is not None
    assert check.user.login == CORA


@pytest.mark.parametrize(
    ("login", "password"),
    [
        (CORA, "wrong"),
        (CORA, ""),
        (CORA, PASSWORD.lower()),
        (CORA, PASSWORD + " "),
        (CORA, "\x00"),
        (CORA, "\ud800"),
        ("nobody@bank.example", PASSWORD),
        ("", PASSWORD),
        ("admin@grantlab.example", ""),
        ("admin@grantlab.example", "nobody"),
    ],
)
def test_everything_else_signs_nobody_in(
    database: Database, org: Org, login: str, password: str
) -> None:
    assert not signs_in(database, org, password, login)


def test_a_password_is_compared_whole(database: Database, org: Org) -> None:
    long = "A1b" + "x" * 69
    set_user(database, org, password_hash=hashing.hash_password(long))

    assert signs_in(database, org, long)
    assert not signs_in(database, org, long + "y")
    assert not signs_in(database, org, long[:-1])


def test_a_server_hashes_at_the_cost_that_rfc_9106_recommends() -> None:
    # In a process of its own: the tests' own hashes are cheap.
    program = "from labserver.store.hashing import hash_password as h; print(h('Tr0ub4dor'))"

    hashed = subprocess.check_output([sys.executable, "-c", program], text=True)

    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("case", ["unknown", "wrong", "inactive", "no password", "too long"])
def test_each_failure_costs_exactly_one_slow_hash(
    database: Database, org: Org, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = {"unknown": "nobody@bank.example", "no password": "admin@grantlab.example"}.get(
        case, CORA
    )
    if case == "inactive":
        set_user(database, org, status="SUSPENDED")
    seen: list[int] = []
    really = hashing.matches

    def count(hashed: str | None, value: str) -> bool:
        seen.append(len(value))
        return really(hashed, value)

    monkeypatch.setattr(passwords, "matches", count)

    assert not signs_in(database, org, "x" * 1_000_000 if case == "too long" else "x", login)

    assert len(seen) == 1
    assert seen[0] <= 72


@pytest.mark.usefixtures("_cheap_hashes")
def test_the_tenth_failure_in_a_row_locks(database: Database, org: Org) -> None:
    fail(database, org, LOCKED_AT - 1)
    assert status_of(database, org) == "ACTIVE"

    with database.session(org) as session:
        check = check_password(session, CORA, "wrong", NOW)
        session.commit()

    assert check.locked
    assert status_of(database, org) == "LOCKED_OUT"
    assert not signs_in(database, org)


@pytest.mark.usefixtures("_cheap_hashes")
def test_a_success_starts_the_count_again(database: Database, org: Org) -> None:
    fail(database, org, LOCKED_AT - 1)
    assert signs_in(database, org)

    fail(database, org, LOCKED_AT - 1)

    assert signs_in(database, org)


@pytest.mark.usefixtures("_cheap_hashes")
def test_locking_one_user_leaves_others_alone(database: Database, org: Org) -> None:
    fail(database, org, LOCKED_AT)

    assert signs_in(database, org, PASSWORD, "sam@bank.example")


@pytest.mark.usefixtures("_cheap_hashes")
def test_simultaneous_failures_count_one_by_one(database: Database, org: Org) -> None:
    gate = threading.Barrier(16)

    def guess() -> bool:
        gate.wait()
        return signs_in(database, org, "wrong")

    with ThreadPoolExecutor(16) as pool:
        started = [pool.submit(guess) for _ in range(16)]
        assert not any(guessed.result() for guessed in started)

    assert status_of(database, org) == "LOCKED_OUT"
    with database.session(org) as session:
        counted = session.scalars(select(User.failed_sign_ins).where(User.login == CORA)).one()
    assert counted == LOCKED_AT


@pytest.mark.usefixtures("_cheap_hashes")
def test_a_lock_counts_from_the_next_request_for_those_who_kept_the_user(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        cora = loaders.find_user(session, CORA)
        assert cora is not None
        assert loaders.load_user(session, cora.id) is not None

    fail(database, org, LOCKED_AT)

    now = database.find_org(org.slug, "http://127.0.0.1:8080")
    assert now is not None
    with database.session(now) as session:
        user = loaders.load_user(session, cora.id)
    assert user is not None
    assert not user.may_sign_in


@pytest.mark.usefixtures("_cheap_hashes")
def test_the_policy_says_how_many_failures_lock(database: Database, org: Org) -> None:
    set_policy(database, org, max_attempts=3)

    fail(database, org, 2)
    assert status_of(database, org) == "ACTIVE"
    check = checked(database, org, "wrong")

    assert check.locked
    assert status_of(database, org) == "LOCKED_OUT"


@pytest.mark.usefixtures("_cheap_hashes")
def test_a_policy_without_limit_locks_nobody(database: Database, org: Org) -> None:
    set_policy(database, org, max_attempts=0)

    fail(database, org, LOCKED_AT + 1)

    assert signs_in(database, org)


@pytest.mark.usefixtures("_cheap_hashes")
def test_a_lock_is_over_after_the_minutes_of_the_policy_and_the_count_starts_again(
    database: Database, org: Org
) -> None:
    set_policy(database, org, max_attempts=2, auto_unlock_minutes=5)
    fail(database, org, 2)

    early = checked(database, org, now=NOW + 299)
    wrong = checked(database, org, "wrong", now=NOW + 300)
    right = checked(database, org, now=NOW + 300)

    assert early.reason == "LOCKED_OUT"
    assert wrong.reason == "INVALID_CREDENTIALS"
    assert (early.unlocked, wrong.unlocked, right.unlocked) == (False, True, False)
    assert right.user is not None


@pytest.mark.usefixtures("_cheap_hashes")
def test_without_the_setting_a_lock_lasts(database: Database, org: Org) -> None:
    fail(database, org, LOCKED_AT)

    assert checked(database, org, now=NOW + 365 * DAY).reason == "LOCKED_OUT"


@pytest.mark.usefixtures("_cheap_hashes")
def test_a_password_expires_by_its_age_and_says_so_to_whoever_knows_it_only(
    database: Database, org: Org
) -> None:
    set_user(database, org, password_changed=NOW)
    set_policy(database, org, max_age_days=30)

    young = checked(database, org, now=NOW + 30 * DAY - 1)
    wrong = checked(database, org, "wrong", now=NOW + 30 * DAY)
    old = checked(database, org, now=NOW + 30 * DAY)

    assert young.user is not None
    assert young.expires == NOW + 30 * DAY
    assert (wrong.user, wrong.expired) == (None, None)
    assert old.user is None
    assert old.expired is not None
    assert old.expired.login == CORA
    assert old.expired.status == status_of(database, org) == "PASSWORD_EXPIRED"


@pytest.mark.usefixtures("_cheap_hashes")
def test_an_expired_password_is_still_expired_after_a_lock(database: Database, org: Org) -> None:
    set_user(database, org, status="PASSWORD_EXPIRED")
    fail(database, org, LOCKED_AT)
    assert status_of(database, org) == "LOCKED_OUT"
    set_user(database, org, status="ACTIVE", failed_sign_ins=0)

    again = checked(database, org)
    set_user(database, org, status="ACTIVE", password_hash=hashing.hash_password("New-one-2026"))
    changed = checked(database, org)

    assert again.user is None
    assert again.expired is not None
    assert changed.user is not None


@pytest.mark.usefixtures("_cheap_hashes")
def test_a_policy_that_denies_sign_in_denies_the_right_password(
    database: Database, org: Org
) -> None:
    set_policy(database, org, "OKTA_SIGN_ON", allowed=False)

    check = checked(database, org)

    assert check.user is None
    assert check.reason == "SIGN_ON_DENIED"


@pytest.mark.parametrize(
    ("rules", "value", "words"),
    [
        (SignInRules(min_length=12), "Abcdefgh123", ["at least 12"]),
        (SignInRules(min_symbol=1), "Abcdefg1", ["a symbol"]),
        (SignInRules(min_symbol=1), "Abcdefg1 é", ["a symbol"]),
        (SignInRules(min_symbol=1), "Abcdefg1!", []),
        (SignInRules(min_upper_case=0, min_number=0), "abcdefgh", []),
        (SignInRules(exclude_username=False), "xCora12y", []),
        (SignInRules(exclude_attributes=("lastName",)), "xCARTER12y", ["last name"]),
        (SignInRules(exclude_attributes=("firstName",)), "xCarter12y", []),
    ],
)
def test_the_policy_says_what_a_new_password_must_have(
    rules: SignInRules, value: str, words: list[str]
) -> None:
    profile = {"firstName": None, "lastName": "Carter"}

    problems = password_problems(value, CORA, rules, profile)

    assert len(problems) == len(words)
    assert all(word in problem for word, problem in zip(words, problems, strict=True))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Ab1defg", ["at least 8"]),
        ("Ab1" + "x" * 70, ["at most 72"]),
        ("AB1DEFGH", ["lower case"]),
        ("ab1defgh", ["upper case"]),
        ("Abcdefgh", ["digit"]),
        ("Abcdefg٣", ["digit"]),
        ("xBANK12x", ["parts of the user name"]),
        ("xCora12y", ["parts of the user name"]),
        ("", ["at least 8", "lower case", "upper case", "digit"]),
        (PASSWORD, []),
    ],
)
def test_a_new_password_is_told_what_it_lacks(value: str, words: list[str]) -> None:
    problems = password_problems(value, CORA)

    assert len(problems) == len(words)
    assert all(word in problem for word, problem in zip(words, problems, strict=True))


def test_parts_of_the_login_below_four_characters_do_not_count() -> None:
    assert password_problems("Tom-is-here-2026", "tom@bank.example") == []


def test_two_hashes_of_one_password_differ() -> None:
    assert passwords.hash_password(PASSWORD) != passwords.hash_password(PASSWORD)
