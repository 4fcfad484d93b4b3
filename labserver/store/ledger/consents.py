"""What users said yes to (Okta: user grants)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from labserver.store.base import new_id
from labserver.store.core import add, run, table_of, within_org
from labserver.store.issued import Consent

_TABLE = table_of(Consent)
_FIND = within_org(
    select(_TABLE.c.scope, _TABLE.c.id).where(
        _TABLE.c.user_id == bindparam("user"),
        _TABLE.c.client_id == bindparam("client"),
        _TABLE.c.server_id == bindparam("server"),
    ),
    Consent,
)
_CLIENTS_OF = within_org(
    select(_TABLE.c.client_id).where(_TABLE.c.user_id == bindparam("user")).distinct(), Consent
)
_SAY_YES = insert(_TABLE).on_conflict_do_nothing()
_KEYS = ("id", "user_id", "client_id", "server_id", "scope")


@dataclass(frozen=True, slots=True)
class Yes:
    """One consent. `created` in seconds since the epoch."""

    pk: int
    id: str
    user_id: str
    client_id: str
    server_id: str
    scope: str
    created: int


def consented(session: Session, user_id: str, client_id: str, server_id: str) -> frozenset[str]:
    """The scopes that the user has allowed this client at this server."""
    return frozenset(_ids(session, user_id, client_id, server_id))


def consent(
    session: Session,
    user_id: str,
    client_id: str,
    server_id: str,
    scopes: Iterable[str],
    now: int,
) -> list[str]:
    """The ids of the user's consents to these scopes, given now or before."""
    names = list(scopes)
    rows = [
        {
            "id": new_id("oag"),
            "user_id": user_id,
            "client_id": client_id,
            "server_id": server_id,
            "scope": name,
            "created": now,
        }
        for name in names
    ]
    if rows:
        add(session, _SAY_YES, rows)
    ids = _ids(session, user_id, client_id, server_id)
    return [ids[name] for name in names]


def list_consents(session: Session, most: int, after: int = 0, **which: str) -> list[Yes]:
    """The consents with these values, in the order given, behind the one with the key `after`.

    `which` names any of `id`, `user_id`, `client_id`, `server_id` and `scope`.
    """
    columns = (_TABLE.c[name] for name in ("pk", *_KEYS, "created"))
    statement = select(*columns).where(_TABLE.c.pk > bindparam("place"), *_same(which))
    ordered = within_org(statement, Consent).order_by(_TABLE.c.pk).limit(bindparam("most"))
    found = run(session, ordered, **which, place=after, most=most)
    return [Yes(*row) for row in found]


def clients_consented(session: Session, user_id: str) -> frozenset[str]:
    """The ids of the clients that the person has said yes to."""
    return frozenset(run(session, _CLIENTS_OF, user=user_id).scalars())


def end_consents(session: Session, **which: str) -> None:
    """The consents with these values are taken back; `which` as in `list_consents`."""
    run(session, within_org(delete(_TABLE).where(*_same(which)), Consent), **which)


def _same(which: dict[str, str]) -> list[Any]:
    assert which.keys() <= set(_KEYS)
    return [_TABLE.c[name] == bindparam(name) for name in which]


def _ids(session: Session, user_id: str, client_id: str, server_id: str) -> dict[str, str]:
    found = run(session, _FIND, user=user_id, client=client_id, server=server_id)
    return {row.scope: row.id for row in found}
