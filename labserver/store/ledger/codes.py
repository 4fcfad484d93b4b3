"""Authorization codes (RFC 6749 §4.1.2): saved, found, claimed once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from labserver.store.core import add, digest, run, table_of, within_org
from labserver.store.issued import AuthorizationCode

_TABLE = table_of(AuthorizationCode)
_SAVE = insert(_TABLE)
_FIND = within_org(
    select(_TABLE.c.pk, _TABLE.c.used_at, _TABLE.c.facts).where(_TABLE.c.id == bindparam("hash")),
    AuthorizationCode,
)
_CLAIM = within_org(
    update(_TABLE)
    .where(
        _TABLE.c.pk == bindparam("code"),
        _TABLE.c.used_at.is_(None),
        _TABLE.c.expires > bindparam("now"),
    )
    .values(used_at=bindparam("now")),
    AuthorizationCode,
)


@dataclass(frozen=True)
class Code:
    """What an authorization code stands for; the lifetimes are those of the rule at authorize.

    `pk` and `used` are set on codes that were found.
    """

    server_id: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str | None
    auth_time: int
    amr: tuple[str, ...]
    family: str
    session_id: str | None
    expires: int
    access_token_minutes: int
    refresh_token_minutes: int
    refresh_window_minutes: int
    rule_id: str
    used: bool = False
    pk: int = 0


_FACTS = tuple(field.name for field in fields(Code) if field.name not in {"used", "pk"})


def save_code(session: Session, code: Code, now: int) -> str:
    """The code's value, of 256 random bits; only its digest is kept."""
    value = secrets.token_urlsafe(32)
    facts: dict[str, Any] = {name: getattr(code, name) for name in _FACTS}
    row = {
        "id": digest(value),
        "user_id": code.user_id,
        "facts": facts,
        "expires": code.expires,
    }
    add(session, _SAVE, row)
    return value


def find_code(session: Session, value: str) -> Code | None:
    """The code with this value, used and expired ones too."""
    row = run(session, _FIND, hash=digest(value)).first()
    if row is None:
        return None
    pk, used_at, facts = row
    facts = {**facts, "scopes": tuple(facts["scopes"]), "amr": tuple(facts["amr"])}
    return Code(**facts, used=used_at is not None, pk=pk)


def claim_code(session: Session, code: Code, now: int) -> bool:
    """Whether this call, and no other one, may redeem the code; never when it has expired."""
    return run(session, _CLAIM, code=code.pk, now=now).rowcount == 1
