"""Refresh tokens (RFC 6749 §6), with rotation and reuse detection (RFC 9700 §4.14.2)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from labserver.store.core import add, digest, run, table_of, within_org
from labserver.store.issued import Family as FamilyRow
from labserver.store.issued import RefreshToken
from labserver.store.ledger.families import FIELDS, Family, family_of

_TOKENS = table_of(RefreshToken)
_FAMILIES = table_of(FamilyRow)
_SAVE = insert(_TOKENS)
_FAMILY_PK = within_org(
    select(_FAMILIES.c.pk).where(_FAMILIES.c.id == bindparam("family")), FamilyRow
)
_JOINED = (
    select(
        _TOKENS.c.pk,
        _TOKENS.c.scopes,
        _TOKENS.c.created,
        _TOKENS.c.expires,
        _TOKENS.c.rotated_at,
        _TOKENS.c.replaced_at,
        *FIELDS,
    )
    .select_from(_TOKENS)
    .join(_FAMILIES, _FAMILIES.c.pk == _TOKENS.c.family_pk)
)
_FIND = within_org(_JOINED.where(_TOKENS.c.id == bindparam("hash")), RefreshToken, FamilyRow)
_AGAIN = within_org(_JOINED.where(_TOKENS.c.pk == bindparam("token")), RefreshToken, FamilyRow)
_ROTATE = within_org(
    update(_TOKENS)
    .where(
        _TOKENS.c.pk == bindparam("token"),
        _TOKENS.c.rotated_at.is_(None),
        _TOKENS.c.replaced_at.is_(None),
    )
    .values(rotated_at=bindparam("now")),
    RefreshToken,
)
_EARLIER = _TOKENS.alias("earlier")
_ROTATED_LATELY = select(_EARLIER.c.pk).where(
    _EARLIER.c.org_id == bindparam("own_org"),
    _EARLIER.c.pk == bindparam("token"),
    _EARLIER.c.replaced_at.is_(None),
    _EARLIER.c.rotated_at > bindparam("now") - bindparam("leeway"),
)
_REPLACE = within_org(
    update(_TOKENS)
    .where(
        _TOKENS.c.predecessor_pk == bindparam("token"),
        _TOKENS.c.rotated_at.is_(None),
        _TOKENS.c.replaced_at.is_(None),
        _ROTATED_LATELY.exists(),
    )
    .values(replaced_at=bindparam("now")),
    RefreshToken,
)
_TOUCH = within_org(
    update(_TOKENS).where(_TOKENS.c.pk == bindparam("token")).values(expires=bindparam("until")),
    RefreshToken,
)


@dataclass(frozen=True)
class Refresh:
    """A refresh token with its family. `expires` ends the idle window."""

    pk: int
    scopes: tuple[str, ...]
    created: int
    expires: int
    rotated_at: int | None
    replaced_at: int | None
    family: Family

    def is_over(self, now: int) -> bool:
        """Whether its time has run out, or its family was revoked."""
        end = self.family.absolute_expires
        return (
            self.family.revoked_at is not None
            or self.expires <= now
            or (end is not None and end <= now)
        )

    @property
    def is_current(self) -> bool:
        """Whether it is the family's newest one: neither rotated nor replaced."""
        return self.rotated_at is None and self.replaced_at is None


def save_refresh(
    session: Session,
    family: Family | str,
    scopes: tuple[str, ...],
    expires: int,
    now: int,
    follows: Refresh | None = None,
) -> str:
    """The value of a new refresh token of an open family.

    `follows` is the token that was rotated for it.
    """
    value = secrets.token_urlsafe(32)
    family_id = family if isinstance(family, str) else family.id
    row = {
        "id": digest(value),
        "family_pk": run(session, _FAMILY_PK, family=family_id).scalar_one(),
        "predecessor_pk": follows.pk if follows else None,
        "scopes": scopes,
        "created": now,
        "expires": expires,
    }
    add(session, _SAVE, row)
    return value


def find_refresh(session: Session, value: str) -> Refresh | None:
    """The refresh token with this value, whatever has become of it."""
    row = run(session, _FIND, hash=digest(value)).first()
    if row is None:
        return None
    pk, scopes, created, expires, rotated_at, replaced_at, *family = row
    return Refresh(pk, tuple(scopes), created, expires, rotated_at, replaced_at, family_of(family))


def rotate_refresh(session: Session, refresh: Refresh, now: int, leeway: int = 0) -> bool:
    """Whether this call may give out a successor, to be saved with `follows=refresh`.

    A token that was rotated less than `leeway` seconds ago may come again as long as nobody has
    used its successor; that successor then never counts. So however many uses come at once, one
    usable successor is left at most. After False, `is_reuse` says whether the family must end.
    """
    if run(session, _ROTATE, token=refresh.pk, now=now).rowcount == 1:
        return True
    if leeway <= 0:
        return False
    return run(session, _REPLACE, token=refresh.pk, now=now, leeway=leeway).rowcount > 0


def is_reuse(session: Session, refresh: Refresh, now: int, leeway: int = 0) -> bool:
    """Whether a token that could not be rotated shows that two parties hold the family.

    Only a successor that was replaced a moment ago does not: of two uses at once, one got it.
    """
    row = run(session, _AGAIN, token=refresh.pk).first()
    if row is None:
        return False
    replaced_at = row[5]
    return replaced_at is None or row[4] is not None or replaced_at <= now - leeway


def touch_refresh(session: Session, refresh: Refresh, expires: int) -> None:
    """The idle window of a refresh token that is not rotated ends at `expires` now."""
    run(session, _TOUCH, token=refresh.pk, until=expires)
