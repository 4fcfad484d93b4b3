"""Sign-ins on their way over `/api/v1/authn` (Okta: authentication transaction, state token)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from labserver.store.core import add, digest, run, table_of, within_org
from labserver.store.transactions import AuthnTransaction, RememberedDevice

_TABLE = table_of(AuthnTransaction)
_DEVICES = table_of(RememberedDevice)
_OPEN = insert(_TABLE)
_FIND = within_org(
    select(
        _TABLE.c.user_id,
        _TABLE.c.status,
        _TABLE.c.memory,
        _TABLE.c.version,
        _TABLE.c.expires,
    ).where(_TABLE.c.id == bindparam("hash"), _TABLE.c.expires > bindparam("now")),
    AuthnTransaction,
)
_MOVE = within_org(
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("hash"),
        _TABLE.c.version == bindparam("seen"),
        _TABLE.c.expires > bindparam("now"),
    )
    .values(
        status=bindparam("to"),
        memory=bindparam("kept", type_=JSON),
        version=_TABLE.c.version + 1,
        expires=bindparam("until"),
    ),
    AuthnTransaction,
)
_PROLONG = within_org(
    update(_TABLE).where(_TABLE.c.id == bindparam("hash")).values(expires=bindparam("until")),
    AuthnTransaction,
)
_END = within_org(
    delete(_TABLE).where(_TABLE.c.id == bindparam("hash"), _TABLE.c.version == bindparam("seen")),
    AuthnTransaction,
)
_REMEMBER = upsert(_DEVICES).on_conflict_do_nothing(index_elements=["org_id", "id"])
_FORGET = within_org(delete(_DEVICES).where(_DEVICES.c.id == bindparam("device")), RememberedDevice)
_REMEMBERED = within_org(
    select(_DEVICES.c.pk).where(
        _DEVICES.c.id == bindparam("device"), _DEVICES.c.expires > bindparam("now")
    ),
    RememberedDevice,
)


@dataclass(frozen=True)
class Stored:
    """A transaction as it was read; `memory` holds no secret."""

    user_id: str | None
    status: str
    memory: Mapping[str, Any]
    version: int
    expires: int


def new_state_token() -> str:
    """A value for a transaction that is about to be opened."""
    return f"00{secrets.token_urlsafe(30)}"


def open_transaction(
    session: Session,
    value: str,
    *,
    user_id: str | None,
    status: str,
    memory: Mapping[str, Any],
    now: int,
    lifetime: int,
) -> None:
    """The transaction goes on under this state token, `lifetime` seconds from its last use."""
    row = {
        "id": digest(value),
        "user_id": user_id,
        "status": status,
        "memory": dict(memory),
        "version": 0,
        "expires": now + lifetime,
    }
    add(session, _OPEN, row)


def find_transaction(session: Session, value: str, now: int) -> Stored | None:
    """The transaction with this state token; None when it is unknown or over."""
    row = run(session, _FIND, hash=digest(value), now=now).first()
    return None if row is None else Stored(*row)


def move_transaction(
    session: Session,
    value: str,
    version: int,
    *,
    status: str,
    memory: Mapping[str, Any],
    now: int,
    lifetime: int,
) -> bool:
    """Whether this call, and no other one, takes the transaction a step on from `version`."""
    values = {"to": status, "kept": dict(memory), "until": now + lifetime}
    moved = run(session, _MOVE, hash=digest(value), seen=version, now=now, **values)
    return moved.rowcount == 1


def prolong_transaction(session: Session, value: str, *, now: int, lifetime: int) -> None:
    """The transaction was looked at, so it ends `lifetime` seconds from now."""
    run(session, _PROLONG, hash=digest(value), until=now + lifetime)


def end_transaction(session: Session, value: str, version: int) -> bool:
    """Whether this call, and no other one, ends the transaction as it was at `version`."""
    return run(session, _END, hash=digest(value), seen=version).rowcount == 1


def remember_device(
    session: Session, user_id: str, device: str, *, now: int, lifetime: int
) -> None:
    """The person's factor counts on this device for `lifetime` seconds."""
    hashed = digest(f"{user_id} {device}")
    run(session, _FORGET, device=hashed)
    row = {"id": hashed, "user_id": user_id, "expires": now + lifetime}
    add(session, _REMEMBER, row)


def is_remembered(session: Session, user_id: str, device: str, now: int) -> bool:
    """Whether the person's factor still counts on this device."""
    hashed = digest(f"{user_id} {device}")
    return run(session, _REMEMBERED, device=hashed, now=now).first() is not None
