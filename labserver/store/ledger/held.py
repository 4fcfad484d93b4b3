"""Which refresh tokens are good now: of a client, at a server, of a person; and their end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, or_, select, tuple_, update
from sqlalchemy.orm import Session

from labserver.store.apps import App
from labserver.store.core import run, table_of, within_org
from labserver.store.issued import AuthorizationCode, RefreshToken
from labserver.store.issued import Family as Row
from labserver.store.ledger.families import (
    FIELDS,
    LONGEST_ACCESS_TOKEN,
    Family,
    family_of,
    revoke_families,
)

_FAMILIES = table_of(Row)
_TOKENS = table_of(RefreshToken)
_CODES = table_of(AuthorizationCode)
_APPS = table_of(App)

_GOOD = (
    _FAMILIES.c.revoked_at.is_(None),
    or_(_FAMILIES.c.absolute_expires.is_(None), _FAMILIES.c.absolute_expires > bindparam("now")),
    _TOKENS.c.family_pk == _FAMILIES.c.pk,
    _TOKENS.c.rotated_at.is_(None),
    _TOKENS.c.replaced_at.is_(None),
    _TOKENS.c.expires > bindparam("now"),
)
_PLACE = (_FAMILIES.c.server_id, _FAMILIES.c.pk)
"""The order of lists: that of the indexes, so that no list is sorted."""

_PLACE_OF = within_org(select(*_PLACE).where(_FAMILIES.c.id == bindparam("family")), Row)
_APP_PK = within_org(select(_APPS.c.pk).where(_APPS.c.id == bindparam("app")), App)
_CODES_OF_CLIENT = within_org(
    select(_CODES.c.pk, _CODES.c.facts).where(
        _CODES.c.expires > bindparam("oldest"),
        _CODES.c.facts["client_id"].as_string() == bindparam("client"),
    ),
    AuthorizationCode,
)
_DELETE_CODE = within_org(delete(_CODES).where(_CODES.c.pk == bindparam("code")), AuthorizationCode)


@dataclass(frozen=True, slots=True)
class Held:
    """A refresh token that is good now. `updated`: when its present value was made."""

    family: Family
    scopes: tuple[str, ...]
    updated: int
    expires: int


@dataclass(frozen=True, slots=True)
class Whose:
    """Which refresh tokens are meant: those of all clients, servers and people that it names."""

    client_id: str | None = None
    server_id: str | None = None
    user_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The families that it means, as conditions on their table."""
        return [_FAMILIES.c[f"{name}_id"] == bindparam(name) for name in self.values()]

    def values(self) -> dict[str, str]:
        """The values of the conditions."""
        named = {"client": self.client_id, "server": self.server_id, "user": self.user_id}
        return {name: value for name, value in named.items() if value is not None}


def list_held(
    session: Session, whose: Whose, now: int, most: int, after: str | None = None
) -> list[Held] | None:
    """The first refresh tokens, or those behind the one with the id `after`; at most `most`.

    None when no family has the id `after`.
    """
    # At one server the order is that of the keys alone; SQLite would sort by both.
    order = _PLACE[1:] if whose.server_id else _PLACE
    statement = _of(whose).order_by(*order).limit(bindparam("most"))
    values: dict[str, Any] = whose.values() | {"now": now, "most": most}
    if after is not None:
        place = run(session, _PLACE_OF, family=after).first()
        if place is None:
            return None
        behind: Any = (bindparam("server_of"), bindparam("pk_of"))[-len(order) :]
        statement = statement.where(tuple_(*order) > tuple_(*behind))
        values |= {"server_of": place[0], "pk_of": place[1]}
    return [_held(row) for row in run(session, statement, **values)]


def find_held(session: Session, whose: Whose, family_id: str, now: int) -> Held | None:
    """The refresh token with this id, if it is meant and good now."""
    statement = _of(whose).where(_FAMILIES.c.id == bindparam("family"))
    row = run(session, statement, **whose.values(), family=family_id, now=now).first()
    return None if row is None else _held(row)


def end_held(session: Session, whose: Whose, now: int) -> None:
    """All refresh tokens that are meant are over, and the access tokens that stem from them."""
    ending = (
        update(_FAMILIES)
        .where(_FAMILIES.c.revoked_at.is_(None), *whose.conditions())
        .values(revoked_at=bindparam("moment"))
        .returning(_FAMILIES.c.id)
    )
    ended: Any = run(session, within_org(ending, Row), **whose.values(), moment=now)
    revoke_families(session, [family for (family,) in ended], now)


def revoke_client(session: Session, client_id: str, now: int) -> None:
    """The client's codes, refresh tokens and the access tokens that stem from them are over."""
    end_held(session, Whose(client_id=client_id), now)
    # A used code stays as long as the access tokens live that it gave.
    oldest = now - LONGEST_ACCESS_TOKEN
    codes = run(session, _CODES_OF_CLIENT, client=client_id, oldest=oldest).all()
    revoke_families(session, [facts["family"] for _, facts in codes], now)
    for pk, _ in codes:
        run(session, _DELETE_CODE, code=pk)


def clients_held(
    session: Session, now: int, most: int, after: str | None = None, *, server_id: str
) -> list[int] | None:
    """The primary keys of apps that hold a refresh token of this server, in the order made.

    None when no app has the id `after`.
    """
    place = 0
    if after is not None:
        found = run(session, _APP_PK, app=after).scalar()
        if found is None:
            return None
        place = found
    holding = (
        select(_FAMILIES.c.pk)
        .select_from(_FAMILIES)
        .join(_TOKENS, _TOKENS.c.family_pk == _FAMILIES.c.pk)
        .where(
            _FAMILIES.c.org_id == _APPS.c.org_id,
            _FAMILIES.c.client_id == _APPS.c.client_id,
            _FAMILIES.c.server_id == bindparam("server"),
            *_GOOD,
        )
        .correlate(_APPS)
    )
    statement = (
        select(_APPS.c.pk)
        .where(_APPS.c.pk > bindparam("place"), holding.exists())
        .order_by(_APPS.c.pk)
        .limit(bindparam("most"))
    )
    rows = run(
        session, within_org(statement, App), server=server_id, now=now, place=place, most=most
    )
    return list(rows.scalars())


def clients_of_user(session: Session, user_id: str, now: int) -> frozenset[str]:
    """The ids of the clients that hold a refresh token of this person."""
    statement = _of(Whose(user_id=user_id)).with_only_columns(_FAMILIES.c.client_id).distinct()
    return frozenset(run(session, statement, user=user_id, now=now).scalars())


def _of(whose: Whose) -> Any:
    statement = select(*FIELDS, _TOKENS.c.scopes, _TOKENS.c.created, _TOKENS.c.expires)
    return within_org(statement.where(*whose.conditions(), *_GOOD), Row)


def _held(row: Any) -> Held:
    *family, scopes, created, expires = row
    return Held(family_of(family), tuple(scopes), created, expires)
