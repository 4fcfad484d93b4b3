"""Wrong codes and answers count like wrong passwords: as many in a row lock the user."""

from __future__ import annotations

from sqlalchemy import case, false, select, true, update
from sqlalchemy.orm import Session

from labserver.store import loaders
from labserver.store.directory import User

_COUNTED = ("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY")


def most_failures(session: Session) -> int:
    """How many failures in a row lock a user; 0: none do (Okta: password policy, lockout)."""
    return loaders.load_sign_in_rules(session).max_attempts


def count_failure(session: Session, user_pk: int, now: int, *, lock: bool = False) -> bool:
    """One failure more is counted; whether the user is locked now. `lock`: whatever the count.

    Simultaneous ones count one by one. The caller's refusal must not roll this back.
    """
    most = most_failures(session)
    failed = User.failed_sign_ins + 1
    locks = true() if lock else failed >= most if most else false()
    session.flush()
    session.execute(
        update(User)
        .where(User.pk == user_pk, User.status.in_(_COUNTED))
        .values(
            failed_sign_ins=failed,
            status=case((locks, "LOCKED_OUT"), else_=User.status),
            status_changed=case((locks, now), else_=User.status_changed),
        )
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return session.scalar(select(User.status).where(User.pk == user_pk)) == "LOCKED_OUT"
