"""Families: all tokens of one authorization; and what has been revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from labserver.store.base import new_id
from labserver.store.core import add, run, table_of, within_org
from labserver.store.issued import AuthorizationCode, Revocation
from labserver.store.issued import Family as Row
from labserver.store.ledger.sessions import end_sessions

LONGEST_ACCESS_TOKEN = 24 * 3600
"""Seconds after which no access token lives any more, whatever its rule says."""

_FAMILIES = table_of(Row)
_REVOCATIONS = table_of(Revocation)
_CODES = table_of(AuthorizationCode)

FIELDS = (
    _FAMILIES.c.id,
    _FAMILIES.c.server_id,
    _FAMILIES.c.client_id,
    _FAMILIES.c.user_id,
    _FAMILIES.c.scopes,
    _FAMILIES.c.grant_type,
    _FAMILIES.c.auth_time,
    _FAMILIES.c.amr,
    _FAMILIES.c.created,
    _FAMILIES.c.absolute_expires,
    _FAMILIES.c.revoked_at,
)
_OPEN = insert(_FAMILIES)
_FIND = within_org(select(*FIELDS).where(_FAMILIES.c.id == bindparam("family")), Row)
_END = within_org(
    update(_FAMILIES)
    .where(_FAMILIES.c.id == bindparam("family"), _FAMILIES.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now")),
    Row,
)
_END_OF_USER = within_org(
    update(_FAMILIES)
    .where(_FAMILIES.c.user_id == bindparam("user"), _FAMILIES.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now")),
    Row,
)
_CODES_OF_USER = within_org(
    delete(_CODES).where(_CODES.c.user_id == bindparam("user")), AuthorizationCode
)
_REVOKE = upsert(_REVOCATIONS)
_REVOKE = _REVOKE.on_conflict_do_update(
    index_elements=["org_id", "id"],
    set_={"expires": func.max(_REVOCATIONS.c.expires, _REVOKE.excluded.expires)},
)
_LIVE_OF_USER = within_org(
    select(_FAMILIES.c.id).where(_FAMILIES.c.user_id == bindparam("user")), Row
)
_IS_REVOKED = within_org(
    select(_REVOCATIONS.c.pk)
    .where(or_(_REVOCATIONS.c.id == bindparam("jti"), _REVOCATIONS.c.id == bindparam("family")))
    .limit(1),
    Revocation,
)


@dataclass(frozen=True)
class Family:
    """One authorization. `absolute_expires` None: its refresh token has no absolute end."""

    id: str
    server_id: str
    client_id: str
    user_id: str | None
    scopes: tuple[str, ...]
    grant_type: str
    auth_time: int | None
    amr: tuple[str, ...]
    created: int
    absolute_expires: int | None = None
    revoked_at: int | None = None


def family_of(columns: Sequence[Any]) -> Family:
    """The family in the columns `FIELDS` of a row."""
    family = Family(*columns)
    return replace(family, scopes=tuple(family.scopes), amr=tuple(family.amr))


def new_family_id() -> str:
    """An id for a family that is not open yet."""
    return new_id("oar")


def open_family(session: Session, family: Family) -> None:
    """The family exists, and tokens may name it."""
    row = {
        "id": family.id,
        "server_id": family.server_id,
        "client_id": family.client_id,
        "user_id": family.user_id,
        "scopes": family.scopes,
        "grant_type": family.grant_type,
        "auth_time": family.auth_time,
        "amr": family.amr,
        "created": family.created,
        "absolute_expires": family.absolute_expires,
    }
    add(session, _OPEN, row)


def find_family(session: Session, family_id: str) -> Family | None:
    """The family with this id, revoked ones too."""
    row = run(session, _FIND, family=family_id).first()
    return None if row is None else family_of(row)


def revoke_family(session: Session, family_id: str, now: int) -> None:
    """The family's refresh and access tokens are over, also ones that were never saved here."""
    run(session, _END, family=family_id, now=now)
    revoke_jti(session, family_id, now + LONGEST_ACCESS_TOKEN)


def revoke_jti(session: Session, jti: str, expires: int) -> None:
    """The token with this id is over; the note of it may go after `expires`."""
    add(session, _REVOKE, {"id": jti, "expires": expires})


def is_revoked(session: Session, jti: str, family: str | None) -> bool:
    """Whether the token or its family has been revoked."""
    return run(session, _IS_REVOKED, jti=jti, family=family or jti).first() is not None


def revoke_user(session: Session, user_id: str, now: int, access_tokens: bool) -> None:
    """The user's sessions, codes and refresh tokens are over, and the access tokens if asked."""
    end_sessions(session, user_id)
    run(session, _CODES_OF_USER, user=user_id)
    run(session, _END_OF_USER, user=user_id, now=now)
    if access_tokens:
        families = [family for (family,) in run(session, _LIVE_OF_USER, user=user_id)]
        revoke_families(session, families, now)


def revoke_families(session: Session, family_ids: Sequence[str], now: int) -> None:
    """The access tokens of all these families are over."""
    if family_ids:
        expires = now + LONGEST_ACCESS_TOKEN
        add(session, _REVOKE, [{"id": family, "expires": expires} for family in family_ids])
