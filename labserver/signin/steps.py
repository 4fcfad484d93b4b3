"""The steps of a sign-in that has begun: show a factor, enroll one, change the password, go back.

Each takes the transaction that `transactions.resume` found, and returns it as it stands after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy.orm import Session

from labserver.domain.authn import AuthnRefused, is_skippable, leads
from labserver.domain.values import User
from labserver.signin import factors
from labserver.signin.failures import count_failure
from labserver.signin.passwords import LONGEST
from labserver.signin.transactions import (
    Memory,
    Transaction,
    claim,
    end,
    go_on,
    move,
    must_be_legal,
    not_good_enough,
    person,
    progress_of,
    row_of,
    set_password,
)
from labserver.store import ledger, loaders
from labserver.store.factors import Factor
from labserver.store.hashing import matches


def verify(
    session: Session,
    transaction: Transaction,
    now: int,
    factor_id: str,
    *,
    answer: str | None = None,
    pass_code: str | None = None,
    remember: bool | None = None,
) -> Transaction:
    """The factor was shown, or without an answer its code was sent.

    `remember`: it won't be asked for on this device, where the rules allow that; None: as they say.
    """
    must_be_legal(transaction, "verify")
    user = person(transaction)
    factor = _own_factor(session, user, factor_id)
    if transaction.status == "MFA_CHALLENGE" and factor.id != transaction.memory.factor:
        raise AuthnRefused("E0000079")
    memory = transaction.memory
    if not factors.verify(session, factor, now, answer, pass_code):
        return move(session, transaction, "MFA_CHALLENGE", now, replace(memory, factor=factor.id))
    proven = (*memory.proven, factor.factor_type)
    gone_on = go_on(session, transaction, now, replace(memory, proven=proven, factor=None))
    _remember(session, user, memory, now, remember)
    return gone_on


def enroll(
    session: Session,
    transaction: Transaction,
    now: int,
    factor_type: str,
    provider: str,
    profile: Mapping[str, Any],
    *,
    update_phone: bool = False,
) -> Transaction:
    """The person has the factor: a question at once, others wait for their first code.

    `update_phone` replaces the number of an active phone too, for whoever has shown a factor.
    """
    must_be_legal(transaction, "enroll")
    user = person(transaction)
    rules = loaders.load_sign_in_rules(session, user)
    if factor_type not in {kind for kind, mode in rules.enroll.items() if mode != "NOT_ALLOWED"}:
        raise AuthnRefused("E0000001", "The org lets nobody enroll this factor.", "factorType")
    claimed = claim(session, transaction, now)
    row = factors.enroll(
        session,
        user.id,
        factor_type,
        provider,
        profile,
        now,
        # The password alone must not take the phone away from its owner.
        update_phone=update_phone and bool(transaction.memory.proven),
    )
    memory = replace(transaction.memory, factor=row.id)
    if row.status != "ACTIVE":
        return move(session, claimed, "MFA_ENROLL_ACTIVATE", now, memory)
    return _enrolled(session, claimed, now, row)


def activate(
    session: Session, transaction: Transaction, now: int, factor_id: str, pass_code: str
) -> Transaction:
    """The new factor counts, for its first code was right."""
    must_be_legal(transaction, "activate")
    user = person(transaction)
    factor = _factor_at_work(session, transaction, user, factor_id)
    factors.activate(session, factor, pass_code, now)
    return _enrolled(session, transaction, now, factor)


def resend(
    session: Session,
    transaction: Transaction,
    now: int,
    factor_id: str,
    operation: Literal["resend activation", "resend verification"],
    factor_type: str = "",
) -> Transaction:
    """The factor at work got a new code. `factor_type` must be its own, where one is named."""
    must_be_legal(transaction, operation)
    user = person(transaction)
    factor = _factor_at_work(session, transaction, user, factor_id)
    if factor_type and factor_type != factor.factor_type:
        raise AuthnRefused("E0000079")
    factors.send_code(session, factor, now)
    return move(session, transaction, transaction.status, now, transaction.memory)


def change_password(
    session: Session,
    transaction: Transaction,
    now: int,
    old: str,
    new: str,
    *,
    revoke_sessions: bool = False,
) -> Transaction:
    """The password is new, for whoever knows the old one."""
    must_be_legal(transaction, "change password")
    user = person(transaction)
    if not loaders.load_sign_in_rules(session, user).may_change_password:
        raise AuthnRefused("E0000035")
    row = row_of(session, user)
    if not matches(row.password_hash, old[:LONGEST]) or len(old) > LONGEST:
        locked = count_failure(session, row.pk, now)
        words = "oldPassword: The credentials provided were incorrect."
        raise AuthnRefused("E0000014", words, locked=locked)
    if old == new:
        raise not_good_enough("It must not be the old one.")
    claimed = set_password(session, transaction, now, new)
    if revoke_sessions:
        ledger.end_sessions(session, user.id)
        ledger.revoke_user(session, user.id, now, access_tokens=False)
    return go_on(session, claimed, now, replace(transaction.memory, password_ends=None))


def skip(session: Session, transaction: Transaction, now: int) -> Transaction:
    """What is optional is left as it is."""
    must_be_legal(transaction, "skip")
    person(transaction)
    if transaction.status == "PASSWORD_WARN":
        memory = replace(transaction.memory, warning_skipped=True)
    elif is_skippable(progress_of(session, transaction, now)):
        memory = replace(transaction.memory, enroll_skipped=True)
    else:
        raise AuthnRefused("E0000079")
    return go_on(session, transaction, now, memory)


def previous(session: Session, transaction: Transaction, now: int) -> Transaction:
    """The transaction is back where it was before a code was asked for."""
    must_be_legal(transaction, "previous")
    (before,) = leads(transaction.status, "previous")
    if before == "UNAUTHENTICATED":
        return end(session, transaction, before)
    return move(session, transaction, before, now, replace(transaction.memory, factor=None))


def cancel(session: Session, transaction: Transaction) -> Transaction:
    """The transaction is over, and nobody has signed in."""
    must_be_legal(transaction, "cancel")
    return end(session, transaction, "UNAUTHENTICATED")


def _enrolled(session: Session, transaction: Transaction, now: int, factor: Factor) -> Transaction:
    memory = transaction.memory
    proven = (*memory.proven, factor.factor_type)
    memory = replace(memory, proven=proven, enrolled_now=True, factor=None)
    return go_on(session, transaction, now, memory)


def _own_factor(session: Session, user: User, factor_id: str) -> Factor:
    for row in factors.enrolled(session, user.id):
        if row.id == factor_id and row.status == "ACTIVE":
            return row
    raise AuthnRefused("E0000007", field=factor_id)


def _factor_at_work(
    session: Session, transaction: Transaction, user: User, factor_id: str
) -> Factor:
    if factor_id == transaction.memory.factor:
        for row in factors.enrolled(session, user.id):
            if row.id == factor_id:
                return row
    raise AuthnRefused("E0000007", field=factor_id)


def _remember(session: Session, user: User, memory: Memory, now: int, asked: bool | None) -> None:
    rules = loaders.load_sign_in_rules(session, user)
    wanted = rules.remember_device_by_default if asked is None else asked
    if wanted and memory.device is not None and rules.factor_prompt_mode != "ALWAYS":
        lifetime = 60 * rules.factor_lifetime_minutes
        ledger.remember_device(session, user.id, memory.device, now=now, lifetime=lifetime)
