"""The tokens in links that activate, reset a password or unlock: each is good once."""

from __future__ import annotations

import secrets
from typing import Literal

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from labserver.store.core import add, digest, run, table_of, within_org
from labserver.store.recovery import RecoveryToken

RecoveryKind = Literal["activation", "password", "unlock"]

_TABLE = table_of(RecoveryToken)
_SAVE = insert(_TABLE)
_FIND = within_org(
    select(_TABLE.c.user_id).where(
        _TABLE.c.id == bindparam("hash"),
        _TABLE.c.kind == bindparam("of_kind"),
        _TABLE.c.used_at.is_(None),
        _TABLE.c.expires > bindparam("now"),
    ),
    RecoveryToken,
)
_CLAIM = within_org(
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("hash"),
        _TABLE.c.kind == bindparam("of_kind"),
        _TABLE.c.used_at.is_(None),
        _TABLE.c.expires > bindparam("now"),
    )
    .values(used_at=bindparam("now")),
    RecoveryToken,
)
_END_KIND = within_org(
    delete(_TABLE).where(
        _TABLE.c.user_id == bindparam("user"), _TABLE.c.kind == bindparam("of_kind")
    ),
    RecoveryToken,
)
_END_ALL = within_org(delete(_TABLE).where(_TABLE.c.user_id == bindparam("user")), RecoveryToken)


def new_recovery_token(
    session: Session, user_id: str, kind: RecoveryKind, now: int, lifetime: int
) -> str:
    """The value of a one-time token, good for `lifetime` seconds; an older one of its kind is not.

    Only its digest is kept.
    """
    run(session, _END_KIND, user=user_id, of_kind=kind)
    value = secrets.token_urlsafe(30)
    row = {"id": digest(value), "user_id": user_id, "kind": kind, "expires": now + lifetime}
    add(session, _SAVE, row)
    return value


def find_recovery_token(session: Session, value: str, kind: RecoveryKind, now: int) -> str | None:
    """The id of the user whose token this is, which stays unused; None when it is not good."""
    found = run(session, _FIND, hash=digest(value), of_kind=kind, now=now).scalar()
    return None if found is None else str(found)


def claim_recovery_token(session: Session, value: str, kind: RecoveryKind, now: int) -> str | None:
    """The id of the user whose token this is, for this call and no other one."""
    user_id = find_recovery_token(session, value, kind, now)
    claimed = run(session, _CLAIM, hash=digest(value), of_kind=kind, now=now)
    return user_id if claimed.rowcount == 1 else None


def end_recovery_tokens(session: Session, user_id: str) -> None:
    """No link that was made for the user works any more."""
    run(session, _END_ALL, user=user_id)
