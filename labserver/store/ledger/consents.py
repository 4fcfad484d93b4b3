"""What users said yes to (Okta: user grants)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import bindparam, select
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
_SAY_YES = insert(_TABLE).on_conflict_do_nothing()


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


def _ids(session: Session, user_id: str, client_id: str, server_id: str) -> dict[str, str]:
    found = run(session, _FIND, user=user_id, client=client_id, server=server_id)
    return {row.scope: row.id for row in found}
