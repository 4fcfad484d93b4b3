"""Sign-ins of people in their browsers (Okta: session)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from labserver.store.base import new_id
from labserver.store.core import add, digest, run, table_of, within_org
from labserver.store.directory import UserSession

_TABLE = table_of(UserSession)
_START = insert(_TABLE)
_ALIVE = select(
    _TABLE.c.id,
    _TABLE.c.user_id,
    _TABLE.c.auth_time,
    _TABLE.c.amr,
    _TABLE.c.created,
    _TABLE.c.expires,
    _TABLE.c.last_used,
).where(_TABLE.c.expires > bindparam("now"))
_FIND = within_org(_ALIVE.where(_TABLE.c.hash == bindparam("hash")), UserSession)
_OF_ID = within_org(_ALIVE.where(_TABLE.c.id == bindparam("signed_in")), UserSession)
_TOUCH = within_org(
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("signed_in"))
    .values(last_used=bindparam("now"), expires=bindparam("until")),
    UserSession,
)
_END = within_org(delete(_TABLE).where(_TABLE.c.id == bindparam("signed_in")), UserSession)
_END_OF_USER = within_org(delete(_TABLE).where(_TABLE.c.user_id == bindparam("user")), UserSession)

NOTED_EVERY = 60
"""Seconds between two notes of a use, so that reading does not always write."""


@dataclass(frozen=True)
class SignedIn:
    """A sign-in that is not over."""

    id: str
    user_id: str
    auth_time: int
    amr: tuple[str, ...]
    created: int
    expires: int
    last_used: int


def start_session(
    session: Session, user_id: str, *, amr: tuple[str, ...], now: int, lifetime: int
) -> str:
    """The cookie value of a new sign-in, which ends after `lifetime` seconds without use."""
    value = secrets.token_urlsafe(32)
    row = {
        "id": new_id("102"),
        "hash": digest(value),
        "user_id": user_id,
        "auth_time": now,
        "amr": amr,
        "created": now,
        "last_used": now,
        "expires": now + lifetime,
    }
    add(session, _START, row)
    return value


def find_session(session: Session, value: str, now: int) -> SignedIn | None:
    """The sign-in with this cookie value; None when it is unknown or over."""
    return _signed_in(run(session, _FIND, hash=digest(value), now=now).first())


def session_of_id(session: Session, id: str, now: int) -> SignedIn | None:
    """The sign-in with this id (`102…`); None when it is unknown or over."""
    return _signed_in(run(session, _OF_ID, signed_in=id, now=now).first())


def touch_session(session: Session, signed_in: SignedIn, *, now: int, lifetime: int) -> None:
    """The sign-in was used: it ends `lifetime` seconds from now. Noted once a minute at most."""
    if now - signed_in.last_used >= NOTED_EVERY:
        prolong_session(session, signed_in.id, now=now, lifetime=lifetime)


def prolong_session(session: Session, id: str, *, now: int, lifetime: int) -> None:
    """The sign-in with this id lasts `lifetime` seconds from now."""
    run(session, _TOUCH, signed_in=id, now=now, until=now + lifetime)


def end_session(session: Session, id: str) -> None:
    """The sign-in with this id (`102…`) is over."""
    run(session, _END, signed_in=id)


def end_sessions(session: Session, user_id: str) -> None:
    """All sign-ins of the user are over."""
    run(session, _END_OF_USER, user=user_id)


def _signed_in(row: Row[Any] | None) -> SignedIn | None:
    if row is None:
        return None
    session_id, user_id, auth_time, amr, *times = tuple(row)
    return SignedIn(session_id, user_id, auth_time, tuple(amr), *times)
