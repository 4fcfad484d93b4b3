"""Check a password, count failures, lock; and judge a new one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, case, select, update
from sqlalchemy.orm import Session

from labserver.domain.values import User as UserValue
from labserver.store import loaders
from labserver.store.core import run, table_of, within_org
from labserver.store.database import raise_changes
from labserver.store.directory import User, login_key
from labserver.store.hashing import hash_password, matches

__all__ = ["LOCKED_AT", "PasswordCheck", "check_password", "hash_password", "password_problems"]

LOCKED_AT = 10
"""Failures in a row that lock a user."""
SHORTEST, LONGEST = 8, 72
_LONGEST_LOGIN = 100
_SHORTEST_PART = 4

_USERS = table_of(User)
_FIND = within_org(
    select(_USERS.c.pk, _USERS.c.id, _USERS.c.status, _USERS.c.password_hash).where(
        _USERS.c.key == bindparam("key")
    ),
    User,
)
_FAIL = within_org(
    update(_USERS)
    .where(_USERS.c.pk == bindparam("user"), _USERS.c.status == "ACTIVE")
    .values(
        failed_sign_ins=_USERS.c.failed_sign_ins + 1,
        status=case(
            (_USERS.c.failed_sign_ins + 1 >= LOCKED_AT, "LOCKED_OUT"), else_=_USERS.c.status
        ),
        status_changed=case(
            (_USERS.c.failed_sign_ins + 1 >= LOCKED_AT, bindparam("now")),
            else_=_USERS.c.status_changed,
        ),
    ),
    User,
)
_SUCCEED = within_org(
    update(_USERS)
    .where(_USERS.c.pk == bindparam("user"), _USERS.c.status == "ACTIVE")
    .values(failed_sign_ins=0, last_login=bindparam("now")),
    User,
)
_STATUS = within_org(select(_USERS.c.status).where(_USERS.c.pk == bindparam("user")), User)


@dataclass(frozen=True)
class PasswordCheck:
    """Who signed in, or nobody.

    Why nobody is for the log alone: `reason`, and `locked` when this failure was one too many.
    """

    user: UserValue | None
    reason: str = ""
    locked: bool = False


def check_password(session: Session, login: str, password: str, now: int) -> PasswordCheck:
    """The active user whose login and password these are.

    Unknown, wrong, locked and inactive cost the same work and look alike. A failure counts, the
    tenth in a row locks, a success starts the count again; simultaneous ones count one by one.
    """
    bounded = len(login) <= _LONGEST_LOGIN and len(password) <= LONGEST
    row = run(session, _FIND, key=login_key(login[:_LONGEST_LOGIN])).first()
    active = row is not None and row.status == "ACTIVE"
    hashed = row.password_hash if row is not None and active else None
    right = matches(hashed, password[:LONGEST]) and bounded
    if row is None or not active:
        return PasswordCheck(None, row.status if row is not None else "UNKNOWN_USER")
    if right and run(session, _SUCCEED, user=row.pk, now=now).rowcount == 1:
        return PasswordCheck(loaders.load_user(session, row.id))
    if not right:
        run(session, _FAIL, user=row.pk, now=now)
    locked = run(session, _STATUS, user=row.pk).scalar() == "LOCKED_OUT"
    if locked:
        raise_changes(session)
    return PasswordCheck(None, "LOCKED_OUT" if locked else "INVALID_CREDENTIALS", locked)


def password_problems(value: str, login: str) -> list[str]:
    """What a new password lacks, one sentence each (Okta: the default password policy)."""
    problems = []
    if len(value) < SHORTEST:
        problems.append(f"It must have at least {SHORTEST} characters.")
    if len(value) > LONGEST:
        problems.append(f"It must have at most {LONGEST} characters.")
    for kind, word in ((str.islower, "a lower case letter"), (str.isupper, "an upper case letter")):
        if not any(map(kind, value)):
            problems.append(f"It must have {word}.")
    if not any("0" <= letter <= "9" for letter in value):
        problems.append("It must have a digit.")
    if any(part in value.casefold() for part in _parts(login)):
        problems.append("It must not have parts of the user name.")
    return problems


def _parts(login: str) -> list[str]:
    """The parts of a login that a password must not repeat (Okta: at least four characters)."""
    text = login.casefold()
    for separator in ",.-_#@":
        text = text.replace(separator, " ")
    return [part for part in text.split() if len(part) >= _SHORTEST_PART]
