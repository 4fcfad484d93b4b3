"""Second factors: enrolled, activated, asked (Okta: factors)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NoReturn

import pyotp
from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from labserver.signin import outbox
from labserver.signin.answers import QUESTIONS, is_answer
from labserver.signin.factor_facts import BLANK, TOTP, FactorRefusal, facts_of
from labserver.signin.failures import count_failure, most_failures
from labserver.store.core import digest, org_of
from labserver.store.directory import User
from labserver.store.factors import Factor

__all__ = [
    "CHANNELS",
    "CODE_LIFETIME",
    "PROVIDERS",
    "QUESTIONS",
    "RESEND_AFTER",
    "TIME_STEP",
    "FactorRefusal",
    "activate",
    "enroll",
    "enrolled",
    "send_code",
    "verify",
]

PROVIDERS: Mapping[str, tuple[str, ...]] = {
    "question": ("OKTA",),
    TOTP: ("OKTA", "GOOGLE"),
    "sms": ("OKTA",),
    "call": ("OKTA",),
    "email": ("OKTA",),
}
"""The factor types, and who may provide each."""
CHANNELS: Mapping[str, outbox.Channel] = {"sms": "SMS", "call": "CALL", "email": "EMAIL"}
"""The factor types whose codes are sent, and how."""
CODE_LIFETIME = 300
"""Seconds that a sent code is good."""
RESEND_AFTER = 30
"""Seconds between two codes to one factor."""
TIME_STEP = 30
"""Seconds that an app shows one code; the one before and the one after are taken too."""

_EXISTS = {"sms": "There is an existing verified phone number."}
_WRONG = {
    "answer": "Your answer doesn't match our records. Please try again.",
    "passCode": "Your passcode doesn't match our records. Please try again.",
}


def enrolled(session: Session, user_id: str) -> list[Factor]:
    """The user's factors in the order they were made, those that wait for their first code too."""
    users = select(User.pk).where(User.id == user_id)
    wanted = select(Factor).where(Factor.user_pk.in_(users)).order_by(Factor.pk)
    return list(session.scalars(wanted))


def enroll(
    session: Session,
    user_id: str,
    factor_type: str,
    provider: str,
    profile: Mapping[str, Any],
    now: int,
    update_phone: bool = False,
    *,
    activate: bool = False,
    lifetime: int = CODE_LIFETIME,
) -> Factor:
    """The user has this factor: a question at once, all others when their first code was right.

    The first code is sent where one is sent. A factor that still waits begins anew; an active
    phone is replaced with `update_phone`. `activate` leaves out the first code of a phone or mail.
    Raises `FactorRefusal` E0000001 that names the field, E0000109 when a code was just sent.
    """
    if provider not in PROVIDERS.get(factor_type, ()):
        field = "provider" if factor_type in PROVIDERS else "factorType"
        raise FactorRefusal("E0000001", "This lab has no such factor.", field)
    user = session.scalars(select(User).where(User.id == user_id)).one()
    row = session.scalars(
        select(Factor).where(
            Factor.user_pk == user.pk,
            Factor.factor_type == factor_type,
            Factor.provider == provider,
        )
    ).one_or_none()
    if row is not None and row.status == "ACTIVE" and not _is_replaced(factor_type, update_phone):
        cause = _EXISTS.get(factor_type, "A factor of this type is already set up.")
        raise FactorRefusal("E0000001", cause, "factorEnrollRequest")
    shown, secret = facts_of(user, factor_type, profile)
    sends = factor_type in CHANNELS and not activate
    if row is not None and sends:
        _must_have_rested(row, now)
    if row is None:
        row = Factor(user_pk=user.pk, factor_type=factor_type, provider=provider)
        session.add(row)
    at_once = factor_type == "question" or (factor_type in CHANNELS and activate)
    row.status = "ACTIVE" if at_once else "PENDING_ACTIVATION"
    row.profile, row.secret, row.code_hash, row.last_step = shown, secret, None, None
    session.flush()
    if sends:
        send_code(session, row, now, lifetime)
    return row


def send_code(session: Session, factor: Factor, now: int, lifetime: int = CODE_LIFETIME) -> None:
    """A new code lies in the outbox, and the one before is over.

    Raises `FactorRefusal` E0000109 within 30 seconds of the last one, E0000001 where none is sent.
    """
    if factor.factor_type not in CHANNELS:
        raise FactorRefusal("E0000001", "No code is sent to this factor.", "factorType")
    _must_have_rested(factor, now)
    code = f"{secrets.randbelow(10**6):06d}"
    factor.code_hash = _hash(factor, code)
    factor.code_expires, factor.code_sent = now + lifetime, now
    outbox.send(
        session,
        user_id=session.scalars(select(User.id).where(User.pk == factor.user_pk)).one(),
        channel=CHANNELS[factor.factor_type],
        to=factor.profile["email" if factor.factor_type == "email" else "phoneNumber"],
        text=f"{org_of(session).name}: your verification code is {code}.",
        code=code,
        now=now,
    )


def activate(session: Session, factor: Factor, pass_code: str, now: int) -> None:
    """The factor counts from now on, for its first code was right.

    Raises `FactorRefusal` as `verify` does, E0000107 when it waits for no code.
    """
    if factor.status != "PENDING_ACTIVATION":
        raise FactorRefusal("E0000107")
    _check_code(session, factor, now, pass_code)
    factor.status = "ACTIVE"
    session.flush()


def verify(
    session: Session,
    factor: Factor,
    now: int,
    answer: str | None = None,
    pass_code: str | None = None,
    *,
    lifetime: int = CODE_LIFETIME,
) -> bool:
    """True when the answer or code is right; False when there was none and a code was sent.

    Raises `FactorRefusal`: E0000068 for a wrong one, which counts like a wrong password; E0000069
    when the user is locked, E0000082 for a code of an app that was used, E0000107 when the factor
    is not active, and as `send_code`.
    """
    if factor.status != "ACTIVE":
        raise FactorRefusal("E0000107")
    if factor.factor_type == "question":
        _check_answer(session, factor, now, answer)
        return True
    if not pass_code and factor.factor_type in CHANNELS:
        _must_be_free(session, factor)
        send_code(session, factor, now, lifetime)
        return False
    _check_code(session, factor, now, pass_code)
    return True


def _is_replaced(factor_type: str, update_phone: bool) -> bool:
    return update_phone and factor_type in ("sms", "call")


def _must_have_rested(factor: Factor, now: int) -> None:
    if factor.code_sent is not None and now < factor.code_sent + RESEND_AFTER:
        raise FactorRefusal("E0000109")


def _must_be_free(session: Session, factor: Factor) -> None:
    if session.scalar(select(User.status).where(User.pk == factor.user_pk)) == "LOCKED_OUT":
        raise FactorRefusal("E0000069")


def _check_answer(session: Session, factor: Factor, now: int, answer: str | None) -> None:
    if not answer:
        raise FactorRefusal("E0000001", BLANK, "answer")
    _must_be_free(session, factor)
    if not is_answer(factor.secret, answer):
        _refuse(session, factor, now, "answer")
    _changed(session, factor, failures=0)


def _check_code(session: Session, factor: Factor, now: int, pass_code: str | None) -> None:
    """The code is right, and claimed: nobody can use it once more."""
    if not pass_code:
        raise FactorRefusal("E0000001", BLANK, "passCode")
    _must_be_free(session, factor)
    if factor.factor_type == TOTP:
        _claim_step(session, factor, now, pass_code)
    elif not _claim_code(session, factor, now, pass_code):
        _refuse(session, factor, now, "passCode")
    _changed(session, factor, failures=0)


def _claim_step(session: Session, factor: Factor, now: int, pass_code: str) -> None:
    app = pyotp.TOTP(factor.secret or "")
    here = now // TIME_STEP
    steps = [
        step
        for step in (here - 1, here, here + 1)
        if secrets.compare_digest(app.at(step * TIME_STEP).encode(), pass_code.encode())
    ]
    if not steps:
        _refuse(session, factor, now, "passCode")
    unused = or_(Factor.last_step.is_(None), Factor.last_step < steps[-1])
    if not _changed(session, factor, unused, last_step=steps[-1]):
        raise FactorRefusal("E0000082")


def _claim_code(session: Session, factor: Factor, now: int, pass_code: str) -> bool:
    right = Factor.code_hash == _hash(factor, pass_code)
    return _changed(session, factor, right & (Factor.code_expires > now), code_hash=None)


def _refuse(session: Session, factor: Factor, now: int, what: str) -> NoReturn:
    _changed(session, factor, failures=Factor.failures + 1)
    failures = session.scalars(select(Factor.failures).where(Factor.pk == factor.pk)).one()
    # A right password starts the user's own count again, so that one alone would let somebody who
    # knows the password guess codes for ever.
    lock = 0 < most_failures(session) <= failures
    if lock:
        _changed(session, factor, failures=0)
    locked = count_failure(session, factor.user_pk, now, lock=lock)
    raise FactorRefusal("E0000068", _WRONG[what], locked=locked)


def _changed(session: Session, factor: Factor, *where: Any, **values: Any) -> bool:
    """Whether the row was as `where` says, and has these values now."""
    session.flush()
    found = session.execute(
        update(Factor)
        .where(Factor.pk == factor.pk, *where)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    session.expire(factor)
    assert isinstance(found, CursorResult)
    return found.rowcount == 1


def _hash(factor: Factor, code: str) -> str:
    return digest(f"{factor.id} {code}")
