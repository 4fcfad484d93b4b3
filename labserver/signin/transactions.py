"""One sign-in over `/api/v1/authn`: loaded, judged by `domain.authn`, taken a step on.

Each step returns the transaction as it stands afterwards, or raises `AuthnRefused` or
`FactorRefusal`; what a refused step has counted must be committed. At SUCCESS the transaction is
over, and `amr` says how the person signed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from labserver.domain.authn import (
    AuthnRefused,
    Operation,
    Progress,
    Status,
    amr_of,
    leads,
    next_status,
)
from labserver.domain.values import User
from labserver.signin import factors
from labserver.signin.passwords import hash_password, password_problems
from labserver.store import directory, ledger, loaders
from labserver.store.core import digest

LIFETIME = 300
"""Seconds that a transaction rests before it is over (Okta: stateToken)."""
DAY = 24 * 3600

Purpose = Literal["sign-in", "password", "unlock", "activation"]

MAY_GO_ON: Mapping[Purpose, tuple[str, ...]] = {
    "sign-in": ("ACTIVE", "PASSWORD_EXPIRED"),
    "password": ("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY"),
    "unlock": ("LOCKED_OUT",),
    # Who got a password from an admin is active at once, and may still choose another.
    "activation": ("PROVISIONED", "ACTIVE"),
}
"""The statuses that a user must have for a transaction of each purpose."""


@dataclass(frozen=True)
class Memory:
    """What a transaction keeps between two steps; no secret is in it, digests alone."""

    purpose: Purpose = "sign-in"
    relay_state: str | None = None
    multi_optional: bool = False
    password_ends: int | None = None
    """When the password expires, for a caller who wants to be warned and a time that is near."""
    device: str | None = None
    """The digest of a device token."""
    proven: tuple[str, ...] = ()
    """The types of the factors that were shown or enrolled, in order."""
    enrolled_now: bool = False
    enroll_skipped: bool = False
    warning_skipped: bool = False
    factor: str | None = None
    """The id of the factor that is activated or asked."""
    channel: str | None = None
    """How a recovery code was sent: `sms` or `call`; `email` for a link."""
    code: str | None = None
    """The digest of a recovery code, made with the state token, which is not kept."""
    code_sent: int = 0
    tries: int = 0
    """The wrong recovery codes and answers."""


@dataclass(frozen=True)
class Transaction:
    """A sign-in on its way. Without `user` it only looks like one, for a name that nobody has.

    `token` is empty once it is over, and where it has none. `recovery_token` is set where a
    trusted caller gets one.
    """

    token: str
    status: Status
    user: User | None
    memory: Memory
    version: int
    expires: int
    recovery_token: str | None = None

    @property
    def amr(self) -> tuple[str, ...]:
        """The authentication methods so far (RFC 8176)."""
        return amr_of(self.memory.proven)


def begin(
    session: Session,
    user: User,
    now: int,
    *,
    password_ends: int | None = None,
    multi_optional: bool = False,
    warn: bool = False,
    device: str | None = None,
    relay_state: str | None = None,
) -> Transaction:
    """The sign-in of a user whose password was right, as far as that alone leads.

    `password_ends` is when the password expires by its age, `warn` whether the caller wants to
    hear of it, `device` the device token of a trusted caller. Raises `AuthnRefused` E0000006 when
    the rules can't be fulfilled.
    """
    soon = now + DAY * loaders.load_sign_in_rules(session, user).expire_warn_days
    memory = Memory(
        relay_state=relay_state,
        multi_optional=multi_optional,
        password_ends=password_ends if warn and password_ends and password_ends <= soon else None,
        device=digest(device) if device else None,
    )
    found = Transaction("", "UNAUTHENTICATED", user, memory, 0, now + LIFETIME)
    status = next_status(progress_of(session, found, now))
    return replace(found, status=status) if status == "SUCCESS" else start(session, found, status)


def start(session: Session, transaction: Transaction, status: Status) -> Transaction:
    """The transaction is kept, with a state token of its own."""
    found = replace(transaction, token=ledger.new_state_token(), status=status)
    ledger.open_transaction(
        session,
        found.token,
        user_id=found.user.id if found.user else None,
        status=status,
        memory=asdict(found.memory),
        now=found.expires - LIFETIME,
        lifetime=LIFETIME,
    )
    return found


def resume(session: Session, token: str, now: int) -> Transaction:
    """The transaction with this state token. Raises `AuthnRefused` E0000011."""
    stored = ledger.find_transaction(session, token, now)
    if stored is None:
        raise AuthnRefused("E0000011")
    user = loaders.load_user(session, stored.user_id) if stored.user_id else None
    kept = dict(stored.memory)
    memory = Memory(**kept | {"proven": tuple(kept["proven"])})
    status: Status = stored.status  # type: ignore[assignment]  # `start` and `move` wrote it
    return Transaction(token, status, user, memory, stored.version, stored.expires)


def show(session: Session, transaction: Transaction, now: int) -> Transaction:
    """The transaction as it is; it lives on."""
    must_be_legal(transaction, "show")
    if transaction.status != "RECOVERY_CHALLENGE":
        person(transaction)
    ledger.prolong_transaction(session, transaction.token, now=now, lifetime=LIFETIME)
    return replace(transaction, expires=now + LIFETIME)


def progress_of(session: Session, transaction: Transaction, now: int) -> Progress:
    """What lies behind the transaction's user, and what the rules still ask."""
    user, memory = transaction.user, transaction.memory
    assert user is not None
    rules = loaders.load_sign_in_rules(session, user)
    remembered = (
        memory.device is not None
        and rules.factor_prompt_mode != "ALWAYS"
        and ledger.is_remembered(session, user.id, memory.device, now)
    )
    held = factors.enrolled(session, user.id)
    return Progress(
        require_factor=rules.require_factor,
        enroll=rules.enroll,
        held=frozenset(each.factor_type for each in held if each.status == "ACTIVE"),
        proven=bool(memory.proven) or remembered,
        enrolled_now=memory.enrolled_now,
        multi_optional=memory.multi_optional,
        enroll_skipped=memory.enroll_skipped,
        password_expired=user.status == "PASSWORD_EXPIRED",
        password_warned=memory.password_ends is not None,
        warning_skipped=memory.warning_skipped,
    )


def must_be_legal(transaction: Transaction, operation: Operation) -> None:
    """Raises `AuthnRefused` E0000079 unless the operation is legal in the transaction's state."""
    if not leads(transaction.status, operation):
        raise AuthnRefused("E0000079")


def person(transaction: Transaction) -> User:
    """Whose transaction it is.

    Raises `AuthnRefused` E0000069 for a user who was locked since, E0000011 for one whose account
    was stopped.
    """
    user, purpose = transaction.user, transaction.memory.purpose
    if user is None or user.status not in MAY_GO_ON[purpose]:
        raise AuthnRefused("E0000069" if user and user.status == "LOCKED_OUT" else "E0000011")
    return user


def move(
    session: Session, transaction: Transaction, status: Status, now: int, memory: Memory
) -> Transaction:
    """The transaction is in this status. Raises `AuthnRefused` E0000079 when another call moved it.

    Of two steps at once one is taken.
    """
    version = transaction.version
    moved = ledger.move_transaction(
        session,
        transaction.token,
        version,
        status=status,
        memory=asdict(memory),
        now=now,
        lifetime=LIFETIME,
    )
    if not moved:
        raise AuthnRefused("E0000079")
    return replace(
        transaction, status=status, memory=memory, version=version + 1, expires=now + LIFETIME
    )


def claim(session: Session, transaction: Transaction, now: int) -> Transaction:
    """This call alone goes on from here, so that what it changes besides is changed once."""
    return move(session, transaction, transaction.status, now, transaction.memory)


def go_on(session: Session, transaction: Transaction, now: int, memory: Memory) -> Transaction:
    """The transaction stands where its user now has to; at SUCCESS it is over."""
    user = transaction.user
    assert user is not None
    fresh = loaders.load_user(session, user.id)
    found = replace(transaction, user=fresh, memory=memory)
    if not loaders.load_sign_in_rules(session, fresh).allowed:
        raise AuthnRefused("E0000006")
    status = next_status(progress_of(session, found, now))
    if status == "SUCCESS":
        return end(session, found, status)
    return move(session, found, status, now, memory)


def set_password(session: Session, transaction: Transaction, now: int, new: str) -> Transaction:
    """The user is ACTIVE with this password. Raises `AuthnRefused` E0000014 for a weak one."""
    user = transaction.user
    assert user is not None
    rules = loaders.load_sign_in_rules(session, user)
    if problems := password_problems(new, user.login, rules, user.profile):
        raise not_good_enough(" ".join(problems))
    hashed = hash_password(new)
    claimed = claim(session, transaction, now)
    row = row_of(session, user)
    row.password_hash, row.password_changed = hashed, now
    row.failed_sign_ins = 0
    make_active(row, now)
    session.flush()
    ledger.end_recovery_tokens(session, user.id)
    return claimed


def make_active(row: directory.User, now: int) -> None:
    """The user is ACTIVE, since now unless they were."""
    if row.status != "ACTIVE":
        row.status, row.status_changed = "ACTIVE", now
    row.activated = row.activated or now


def row_of(session: Session, user: User) -> directory.User:
    """The row of a user who was loaded."""
    return session.scalars(select(directory.User).where(directory.User.id == user.id)).one()


def end(session: Session, transaction: Transaction, status: Status) -> Transaction:
    """The transaction is over, in this status. Raises `AuthnRefused` E0000079 as `move`."""
    if not ledger.end_transaction(session, transaction.token, transaction.version):
        raise AuthnRefused("E0000079")
    return replace(transaction, token="", status=status)


def not_good_enough(words: str) -> AuthnRefused:
    """The refusal of a new password."""
    return AuthnRefused("E0000014", f"Password requirements were not met. {words}")
