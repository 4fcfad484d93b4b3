"""Check a password, count failures, lock; and judge a new one. All by the org's policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, bindparam, case, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from labserver.domain.sign_in_policy import SignInRules
from labserver.domain.values import User as UserValue
from labserver.store import loaders
from labserver.store.base import new_id
from labserver.store.core import add, digest, run, table_of, within_org
from labserver.store.database import raise_changes
from labserver.store.directory import User, login_key
from labserver.store.hashing import hash_password, matches
from labserver.store.policies import ExpiredPassword

__all__ = ["LONGEST", "PasswordCheck", "check_password", "hash_password", "password_problems"]

LONGEST = 72
"""Characters that a password may have."""
DAY = 24 * 3600
_LONGEST_LOGIN = 100
_SHORTEST_PART = 4
_WITHOUT_LIMIT = 1 << 31
_MAY_TRY = ("ACTIVE", "PASSWORD_EXPIRED")

_USERS = table_of(User)
_EXPIRED = table_of(ExpiredPassword)
_FIND = within_org(
    select(
        _USERS.c.pk,
        _USERS.c.id,
        _USERS.c.status,
        _USERS.c.status_changed,
        _USERS.c.password_hash,
        _USERS.c.password_changed,
        _USERS.c.created,
    ).where(_USERS.c.key == bindparam("key")),
    User,
)
_LOCKS = _USERS.c.failed_sign_ins + 1 >= bindparam("most")
_FAIL = within_org(
    update(_USERS)
    .where(_USERS.c.pk == bindparam("user"), _USERS.c.status.in_(_MAY_TRY))
    .values(
        failed_sign_ins=_USERS.c.failed_sign_ins + 1,
        status=case((_LOCKS, "LOCKED_OUT"), else_=_USERS.c.status),
        status_changed=case((_LOCKS, bindparam("now")), else_=_USERS.c.status_changed),
    ),
    User,
)
_SUCCEED = within_org(
    update(_USERS)
    .where(_USERS.c.pk == bindparam("user"), _USERS.c.status == "ACTIVE")
    .values(failed_sign_ins=0, last_login=bindparam("now")),
    User,
)
_EXPIRE = within_org(
    update(_USERS)
    .where(_USERS.c.pk == bindparam("user"), _USERS.c.status.in_(_MAY_TRY))
    .values(
        failed_sign_ins=0,
        status="PASSWORD_EXPIRED",
        status_changed=case(
            (_USERS.c.status == "PASSWORD_EXPIRED", _USERS.c.status_changed), else_=bindparam("now")
        ),
    ),
    User,
)
_UNLOCK = within_org(
    update(_USERS)
    .where(
        _USERS.c.pk == bindparam("user"),
        _USERS.c.status == "LOCKED_OUT",
        _USERS.c.status_changed == bindparam("since"),
    )
    .values(failed_sign_ins=0, status="ACTIVE", status_changed=bindparam("now")),
    User,
)
_STATUS = within_org(select(_USERS.c.status).where(_USERS.c.pk == bindparam("user")), User)
_FOUND_EXPIRED = within_org(
    select(_EXPIRED.c.hash).where(_EXPIRED.c.user_pk == bindparam("user")), ExpiredPassword
)
_insert_expired = upsert(_EXPIRED)
_NOTE_EXPIRED = _insert_expired.on_conflict_do_update(
    index_elements=["user_pk"], set_={"hash": _insert_expired.excluded.hash}
)


@dataclass(frozen=True)
class PasswordCheck:
    """Who signed in, or nobody.

    Why nobody is for the log alone: `reason`, and `locked` when this failure was one too many.
    """

    user: UserValue | None
    reason: str = ""
    locked: bool = False
    expired: UserValue | None = None
    """Whose password was right but is expired: it must be changed before anything else."""
    expires: int | None = None
    """When the password of `user` expires by its age."""
    unlocked: bool = False
    """Whether a lock that had lasted long enough was taken away."""


def check_password(session: Session, login: str, password: str, now: int) -> PasswordCheck:
    """The active user whose login and password these are.

    Unknown, wrong, locked and inactive cost the same work and look alike. A failure counts, as
    many in a row as the password policy says lock, a success starts the count again; simultaneous
    ones count one by one. A lock that has lasted as long as the policy says is over.
    """
    rules = loaders.load_sign_in_rules(session)
    bounded = len(login) <= _LONGEST_LOGIN and len(password) <= LONGEST
    row = run(session, _FIND, key=login_key(login[:_LONGEST_LOGIN])).first()
    unlocks = row is not None and _lock_is_over(row, rules, now)
    may_try = row is not None and (unlocks or row.status in _MAY_TRY)
    hashed = row.password_hash if row is not None and may_try else None
    right = matches(hashed, password[:LONGEST]) and bounded
    if row is None or not may_try:
        return PasswordCheck(None, row.status if row is not None else "UNKNOWN_USER")
    if unlocks:
        run(session, _UNLOCK, user=row.pk, since=row.status_changed, now=now)
        raise_changes(session)
    if row.status == "PASSWORD_EXPIRED":
        _note_expired(session, row)
    judge = _succeeded if right else _failed
    return replace(judge(session, row, rules, now), unlocked=unlocks)


def password_problems(
    value: str,
    login: str,
    rules: SignInRules | None = None,
    profile: Mapping[str, Any] | None = None,
) -> list[str]:
    """What a new password lacks, one sentence each (Okta: password policy, complexity).

    `rules` are the default ones unless given; `profile` is asked for the attributes that they
    keep out of passwords.
    """
    rules = rules or SignInRules()
    problems = []
    if len(value) < rules.min_length:
        problems.append(f"It must have at least {rules.min_length} characters.")
    if len(value) > LONGEST:
        problems.append(f"It must have at most {LONGEST} characters.")
    wanted = (
        (rules.min_lower_case, str.islower, "a lower case letter"),
        (rules.min_upper_case, str.isupper, "an upper case letter"),
        (rules.min_number, _is_digit, "a digit"),
        (rules.min_symbol, _is_symbol, "a symbol"),
    )
    problems += [
        f"It must have {words}." for least, kind, words in wanted if sum(map(kind, value)) < least
    ]
    if rules.exclude_username and any(part in value.casefold() for part in _parts(login)):
        problems.append("It must not have parts of the user name.")
    for name in rules.exclude_attributes:
        held = str((profile or {}).get(name) or "").casefold()
        if held and held in value.casefold():
            problems.append(f"It must not have the {_ATTRIBUTES[name]}.")
    return problems


def _lock_is_over(row: Row[Any], rules: SignInRules, now: int) -> bool:
    if row.status != "LOCKED_OUT" or not rules.auto_unlock_minutes:
        return False
    return bool(now >= (row.status_changed or 0) + 60 * rules.auto_unlock_minutes)


def _failed(session: Session, row: Row[Any], rules: SignInRules, now: int) -> PasswordCheck:
    run(session, _FAIL, user=row.pk, now=now, most=rules.max_attempts or _WITHOUT_LIMIT)
    return _refused(session, row)


def _succeeded(session: Session, row: Row[Any], rules: SignInRules, now: int) -> PasswordCheck:
    """Signed in, or stopped: by the sign-on policy, or by a password that is expired."""
    if not rules.allowed:
        return PasswordCheck(None, "SIGN_ON_DENIED")
    changed = row.password_changed or row.created
    expires = changed + rules.max_age_days * DAY if rules.max_age_days else None
    known = run(session, _FOUND_EXPIRED, user=row.pk).scalar()
    if (expires is not None and now >= expires) or known == digest(row.password_hash):
        if run(session, _EXPIRE, user=row.pk, now=now).rowcount != 1:
            return _refused(session, row)
        _note_expired(session, row)
        raise_changes(session)
        user = loaders.load_user(session, row.id)
        return PasswordCheck(None, "PASSWORD_EXPIRED", expired=user)
    if run(session, _SUCCEED, user=row.pk, now=now).rowcount != 1:
        return _refused(session, row)
    return PasswordCheck(loaders.load_user(session, row.id), expires=expires)


def _refused(session: Session, row: Row[Any]) -> PasswordCheck:
    """The failure was counted, or others have locked the user in the meantime."""
    locked = run(session, _STATUS, user=row.pk).scalar() == "LOCKED_OUT"
    if locked:
        raise_changes(session)
    return PasswordCheck(None, "LOCKED_OUT" if locked else "INVALID_CREDENTIALS", locked)


def _note_expired(session: Session, row: Row[Any]) -> None:
    """That this password is expired outlives a lock, which takes the status away."""
    if row.password_hash is not None:
        found = {"id": new_id(ExpiredPassword.id_prefix), "user_pk": row.pk}
        add(session, _NOTE_EXPIRED, {**found, "hash": digest(row.password_hash)})


def _is_digit(letter: str) -> bool:
    return "0" <= letter <= "9"


def _is_symbol(letter: str) -> bool:
    return not letter.isalnum() and not letter.isspace() and letter.isprintable()


def _parts(login: str) -> list[str]:
    """The parts of a login that a password must not repeat (Okta: at least four characters)."""
    text = login.casefold()
    for separator in ",.-_#@":
        text = text.replace(separator, " ")
    return [part for part in text.split() if len(part) >= _SHORTEST_PART]


_ATTRIBUTES = {"firstName": "first name", "lastName": "last name"}
