"""A forgotten password, a locked account: who proves to be the person may go on (Okta: recovery).

Nothing that an untrusted caller gets tells whether somebody has the name.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Literal

from sqlalchemy.orm import Session

from labserver.domain.authn import AuthnRefused, Status
from labserver.domain.sign_in_policy import SignInRules
from labserver.domain.values import User
from labserver.signin import factors, outbox
from labserver.signin.answers import is_answer
from labserver.signin.failures import count_failure
from labserver.signin.transactions import (
    LIFETIME,
    MAY_GO_ON,
    Memory,
    Transaction,
    claim,
    go_on,
    make_active,
    move,
    must_be_legal,
    person,
    row_of,
    set_password,
    start,
)
from labserver.store import ledger, loaders
from labserver.store.core import digest, org_of

Recovery = Literal["password", "unlock"]
Channel = Literal["email", "sms", "call"]

MOST_TRIES = 10
"""Wrong codes or answers that end a recovery."""
LONGEST_LOGIN = 100
CODE_LIFETIME = 300
"""Seconds that a recovery code is good."""
_NOBODY = ""
"""Whose link it is that goes to nobody."""
_NOT_ALLOWED = {"password": "E0000034", "unlock": "E0000032"}
_NUMBERS = {"sms": ("mobilePhone",), "call": ("primaryPhone", "mobilePhone")}


def recover(
    session: Session,
    purpose: Recovery,
    login: str,
    now: int,
    *,
    channel: Channel,
    link_prefix: str,
    relay_state: str | None = None,
) -> Transaction:
    """A link by mail, or a code by text message or call, is on its way to whoever has the login.

    By mail the transaction has no state token: the link's value follows `link_prefix`. An unknown
    name, or one that may not recover this way, leads to the same answers after the same work.
    """
    user = _find(session, login)
    rules = loaders.load_sign_in_rules(session, user)
    found = user if user and _may_recover(user, purpose, rules, channel) else None
    memory = Memory(purpose=purpose, relay_state=relay_state, channel=channel)
    transaction = Transaction("", "RECOVERY_CHALLENGE", found, memory, 0, now + LIFETIME)
    if channel == "email":
        if found is not None and (address := found.profile.get("email")):
            _mail_link(session, found, purpose, str(address), link_prefix, now)
        else:
            ledger.new_recovery_token(session, _NOBODY, purpose, now, lifetime=0)
            _write_to_nobody(session, "EMAIL", now)
        return transaction
    if found is not None and _number(session, found, channel) is None:
        found = None
    started = start(session, replace(transaction, user=found), "RECOVERY_CHALLENGE")
    return _send_code(session, started, now)


def recovery_token(
    session: Session, purpose: Recovery, login: str, now: int, relay_state: str | None = None
) -> Transaction:
    """A recovery token for a trusted caller, who carries it to the person.

    Raises `AuthnRefused` E0000095 for an unknown login, E0000034 or E0000032 for somebody who may
    not recover.
    """
    user = must_be_recoverable(session, purpose, login)
    rules = loaders.load_sign_in_rules(session, user)
    lifetime = 60 * rules.recovery_email_minutes
    value = ledger.new_recovery_token(session, user.id, purpose, now, lifetime)
    memory = Memory(purpose=purpose, relay_state=relay_state)
    return Transaction("", "RECOVERY", user, memory, 0, now + lifetime, value)


def must_be_recoverable(session: Session, purpose: Recovery, login: str) -> User:
    """The user with this login, for a trusted caller. Raises as `recovery_token`."""
    user = _find(session, login)
    if user is None:
        raise AuthnRefused("E0000095")
    if not _may_recover(user, purpose, loaders.load_sign_in_rules(session, user)):
        raise AuthnRefused(_NOT_ALLOWED[purpose])
    return user


def accept_recovery_token(session: Session, value: str, now: int) -> Transaction:
    """The person who holds a recovery token goes on. Raises `AuthnRefused` E0000011."""
    for purpose in ("password", "unlock"):
        user_id = ledger.claim_recovery_token(session, value, purpose, now)
        if user_id is not None:
            found = _accepted(session, user_id, purpose, now)
            return _recovered(session, start(session, found, "RECOVERY"), now)
    raise AuthnRefused("E0000011")


def accept_activation_token(session: Session, value: str, now: int) -> Transaction:
    """The person who holds an activation token chooses a password. Raises E0000011."""
    user_id = ledger.claim_recovery_token(session, value, "activation", now)
    if user_id is None:
        raise AuthnRefused("E0000011")
    return start(session, _accepted(session, user_id, "activation", now), "PASSWORD_RESET")


def verify_recovery(
    session: Session, transaction: Transaction, now: int, channel: str, pass_code: str
) -> Transaction:
    """The recovery code was right. Raises `AuthnRefused` E0000068."""
    _must_be_asked(transaction, channel, verify=True)
    user, memory = transaction.user, transaction.memory
    wanted = memory.code or ""
    same = secrets.compare_digest(wanted, _code_hash(transaction, pass_code))
    fresh = now < memory.code_sent + CODE_LIFETIME
    if not (same and fresh and user and user.status in MAY_GO_ON[memory.purpose]):
        _wrong(session, transaction, now)
        words = "Your passcode doesn't match our records. Please try again."
        raise AuthnRefused("E0000068", words)
    return _recovered(session, transaction, now)


def resend_recovery(
    session: Session, transaction: Transaction, now: int, channel: str
) -> Transaction:
    """A new recovery code is on its way. Raises `AuthnRefused` E0000109 when one just went."""
    _must_be_asked(transaction, channel, verify=False)
    if now < transaction.memory.code_sent + factors.RESEND_AFTER:
        raise AuthnRefused("E0000109")
    return _send_code(session, transaction, now)


def answer(session: Session, transaction: Transaction, now: int, said: str) -> Transaction:
    """The recovery question was answered. Raises `AuthnRefused` E0000087."""
    must_be_legal(transaction, "answer")
    user = person(transaction)
    if not is_answer(row_of(session, user).recovery_answer_hash, said):
        locked = _wrong(session, transaction, now)
        raise AuthnRefused("E0000087", locked=locked)
    return _answered(session, transaction, now)


def reset_password(session: Session, transaction: Transaction, now: int, new: str) -> Transaction:
    """The person has this password, and goes on as after a sign-in with it."""
    must_be_legal(transaction, "reset password")
    person(transaction)
    claimed = set_password(session, transaction, now, new)
    return go_on(session, claimed, now, replace(transaction.memory, purpose="sign-in"))


def _find(session: Session, login: str) -> User | None:
    return loaders.find_user(session, login) if len(login) <= LONGEST_LOGIN else None


def _may_recover(
    user: User, purpose: Recovery, rules: SignInRules, channel: Channel | None = None
) -> bool:
    allowed = rules.may_reset_password if purpose == "password" else rules.may_unlock
    open_ways = {
        "email": rules.recovery_email,
        "sms": rules.recovery_sms,
        "call": rules.recovery_call,
    }
    way = channel is None or open_ways[channel]
    return allowed and way and user.status in MAY_GO_ON[purpose]


def _accepted(
    session: Session, user_id: str, purpose: Recovery | Literal["activation"], now: int
) -> Transaction:
    user = loaders.load_user(session, user_id)
    if user is None or user.status not in MAY_GO_ON[purpose]:
        raise AuthnRefused("E0000011")
    return Transaction("", "RECOVERY", user, Memory(purpose=purpose), 0, now + LIFETIME)


def _recovered(session: Session, transaction: Transaction, now: int) -> Transaction:
    """Token or code was good: the recovery question comes next, where there is one."""
    user = transaction.user
    assert user is not None
    memory = replace(transaction.memory, code=None, channel=None)
    asks = loaders.load_sign_in_rules(session, user).recovery_question
    if asks and row_of(session, user).recovery_question:
        return move(session, transaction, "RECOVERY", now, memory)
    return _answered(session, replace(transaction, memory=memory), now)


def _answered(session: Session, transaction: Transaction, now: int) -> Transaction:
    """The person is who they say: they choose a password, or are unlocked and may sign in."""
    memory = transaction.memory
    if memory.purpose == "password":
        return move(session, transaction, "PASSWORD_RESET", now, memory)
    user = transaction.user
    assert user is not None
    claimed = claim(session, transaction, now)
    row = row_of(session, user)
    row.failed_sign_ins = 0
    make_active(row, now)
    session.flush()
    ledger.end_transaction(session, claimed.token, claimed.version)
    unlocked: Status = "SUCCESS"
    return replace(claimed, token="", status=unlocked, user=loaders.load_user(session, user.id))


def _must_be_asked(transaction: Transaction, channel: str, *, verify: bool) -> None:
    must_be_legal(transaction, "verify recovery" if verify else "resend recovery")
    if channel != transaction.memory.channel:
        raise AuthnRefused("E0000079")


def _wrong(session: Session, transaction: Transaction, now: int) -> bool:
    """One failure more is counted, for the user too; whether that locked them.

    Of several guesses at once one is judged, and the others hear nothing of theirs.
    """
    memory = replace(transaction.memory, tries=transaction.memory.tries + 1)
    moved = move(session, transaction, transaction.status, now, memory)
    if memory.tries >= MOST_TRIES:
        ledger.end_transaction(session, moved.token, moved.version)
    user = transaction.user
    if user is None or user.status == "LOCKED_OUT":
        return False
    return count_failure(session, row_of(session, user).pk, now)


def _send_code(session: Session, transaction: Transaction, now: int) -> Transaction:
    user, memory = transaction.user, transaction.memory
    code = f"{secrets.randbelow(10**6):06d}"
    hashed = _code_hash(transaction, code) if user else None
    moved = move(
        session,
        transaction,
        "RECOVERY_CHALLENGE",
        now,
        replace(memory, code=hashed, code_sent=now),
    )
    channel: Literal["sms", "call"] = "call" if memory.channel == "call" else "sms"
    number = _number(session, user, channel) if user else None
    if user is not None and number is not None:
        outbox.send(
            session,
            user_id=user.id,
            channel=factors.CHANNELS[channel],
            to=number,
            text=f"{org_of(session).name}: your recovery code is {code}.",
            code=code,
            now=now,
        )
    else:
        _write_to_nobody(session, factors.CHANNELS[channel], now)
    return moved


def _write_to_nobody(session: Session, channel: outbox.Channel, now: int) -> None:
    """The work of a message, so that the time of an answer doesn't tell whether there was one."""
    session.delete(outbox.send(session, user_id=None, channel=channel, to="", text="", now=now))
    session.flush()


def _mail_link(
    session: Session, user: User, purpose: Recovery, address: str, link_prefix: str, now: int
) -> None:
    rules = loaders.load_sign_in_rules(session, user)
    lifetime = 60 * rules.recovery_email_minutes
    value = ledger.new_recovery_token(session, user.id, purpose, now, lifetime)
    words = "choose a new password" if purpose == "password" else "unlock your account"
    outbox.send(
        session,
        user_id=user.id,
        channel="EMAIL",
        to=address,
        text=f"{org_of(session).name}: follow this link to {words}.",
        link=f"{link_prefix}{value}",
        now=now,
    )


def _number(session: Session, user: User, channel: Literal["sms", "call"]) -> str | None:
    """Where a code goes: to the phone of the factor, else to that of the profile."""
    for row in factors.enrolled(session, user.id):
        if row.factor_type == channel and row.status == "ACTIVE":
            return str(row.profile["phoneNumber"])
    numbers = (user.profile.get(name) for name in _NUMBERS[channel])
    return next((str(number) for number in numbers if number), None)


def _code_hash(transaction: Transaction, code: str) -> str:
    return digest(f"{transaction.token} {code}")
