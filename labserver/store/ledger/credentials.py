"""Session tokens, API tokens and client assertions: what is shown to prove who calls."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from labserver.domain.lifecycle import KEEP_API_TOKENS
from labserver.store.base import new_id
from labserver.store.core import add, digest, run, table_of, within_org
from labserver.store.directory import ApiToken, SessionToken, User
from labserver.store.issued import SeenJti
from labserver.store.ledger.sessions import NOTED_EVERY

IDLE_DAYS = 30
"""Days without use after which an API token is over (Okta: token window P30D)."""

_SESSION_TOKENS = table_of(SessionToken)
_API_TOKENS = table_of(ApiToken)
_USERS = table_of(User)
_JTIS = table_of(SeenJti)

_SAVE_SESSION_TOKEN = insert(_SESSION_TOKENS)
_CLAIM_SESSION_TOKEN = within_org(
    update(_SESSION_TOKENS)
    .where(
        _SESSION_TOKENS.c.id == bindparam("hash"),
        _SESSION_TOKENS.c.used_at.is_(None),
        _SESSION_TOKENS.c.expires > bindparam("now"),
    )
    .values(used_at=bindparam("now")),
    SessionToken,
)
_PROVEN = within_org(
    select(_SESSION_TOKENS.c.user_id, _SESSION_TOKENS.c.amr).where(
        _SESSION_TOKENS.c.id == bindparam("hash")
    ),
    SessionToken,
)
_SEEN = upsert(_JTIS).on_conflict_do_nothing(index_elements=["org_id", "id"])
_SAVE_API_TOKEN = insert(_API_TOKENS)
_FIND_API_TOKEN = within_org(
    select(_API_TOKENS.c.pk, _API_TOKENS.c.id, _USERS.c.id, _API_TOKENS.c.last_used)
    .select_from(_API_TOKENS)
    .join(_USERS, _USERS.c.pk == _API_TOKENS.c.user_pk)
    .where(
        _API_TOKENS.c.hash == bindparam("hash"),
        _API_TOKENS.c.last_used > bindparam("oldest"),
        _USERS.c.status.in_(KEEP_API_TOKENS),
    ),
    ApiToken,
    User,
)
_USE_API_TOKEN = within_org(
    update(_API_TOKENS)
    .where(_API_TOKENS.c.pk == bindparam("token"))
    .values(last_used=bindparam("now")),
    ApiToken,
)
_USER_PK = within_org(select(_USERS.c.pk).where(_USERS.c.id == bindparam("user")), User)
_END_API_TOKENS = within_org(
    delete(_API_TOKENS).where(_API_TOKENS.c.user_pk == bindparam("user")), ApiToken
)


@dataclass(frozen=True)
class Proven:
    """Who has signed in, and by which methods (RFC 8176)."""

    user_id: str
    amr: tuple[str, ...]


@dataclass(frozen=True)
class ApiTokenUse:
    """An API token that is good now: its id and the user it acts as."""

    id: str
    user_id: str


def save_session_token(
    session: Session, user_id: str, *, amr: tuple[str, ...], now: int, lifetime: int
) -> str:
    """The value of a one-time session token, good for `lifetime` seconds."""
    value = f"20111{secrets.token_urlsafe(32)}"
    row = {"id": digest(value), "user_id": user_id, "amr": amr, "expires": now + lifetime}
    add(session, _SAVE_SESSION_TOKEN, row)
    return value


def claim_session_token(session: Session, value: str, now: int) -> Proven | None:
    """Who signed in and how, for this call and no other one."""
    hashed = digest(value)
    if run(session, _CLAIM_SESSION_TOKEN, hash=hashed, now=now).rowcount != 1:
        return None
    user_id, amr = run(session, _PROVEN, hash=hashed).one()
    return Proven(user_id, tuple(amr))


def claim_assertion(session: Session, client_id: str, jti: str, expires: int) -> bool:
    """Whether this call is the first with this client's assertion id (RFC 7523 §3)."""
    row = {"id": digest(f"{client_id} {jti}"), "expires": expires}
    return add(session, _SEEN, row).rowcount == 1


def save_api_token(session: Session, user_id: str, name: str, now: int, value: str = "") -> str:
    """The value of a new API token of the user, which is made unless it is given."""
    value = value or f"00{secrets.token_urlsafe(30)}"
    row = {
        "id": new_id("00T"),
        "hash": digest(value),
        "name": name,
        "user_pk": run(session, _USER_PK, user=user_id).scalar_one(),
        "last_used": now,
        "created": now,
        "updated": now,
    }
    add(session, _SAVE_API_TOKEN, row)
    return value


def find_api_token(session: Session, value: str, now: int) -> ApiTokenUse | None:
    """The API token with this value and the user it acts as; its 30 days start again.

    None too when the user has been put out (`domain.lifecycle`).

    The use is noted once a minute at most.
    """
    oldest = now - IDLE_DAYS * 24 * 3600
    row = run(session, _FIND_API_TOKEN, hash=digest(value), oldest=oldest).first()
    if row is None:
        return None
    pk, token_id, user_id, last_used = row
    if now - last_used >= NOTED_EVERY:
        run(session, _USE_API_TOKEN, token=pk, now=now)
    return ApiTokenUse(token_id, user_id)


def end_api_tokens(session: Session, user_id: str) -> None:
    """All API tokens of the user are over."""
    pk = run(session, _USER_PK, user=user_id).scalar()
    if pk is not None:
        run(session, _END_API_TOKENS, user=pk)
