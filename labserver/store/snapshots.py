"""An org as one document, and back: all of it or nothing, in one transaction.

A snapshot holds every row of the org but its log, secrets, keys and hashes of tokens included, so
whoever has the file has the org.

Restored into the org that it was taken of, everything is as it was then. What was issued since is
over: refresh tokens, codes, sessions and API tokens are unknown, and access and ID tokens of that
stretch are inactive (`undone`). What was used or ended since is good again. Restored into another
org, it brings the content alone: nothing that was issued in the first org's name, so the other one
gets new keys, and everything that was issued there before is over.

The org keeps its own id, address, name and log. Two kinds of API tokens stay in any case: the one
that the caller came with, and the lab's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row as Found
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from labserver.domain.rights import SUPER_ADMIN
from labserver.settings import Settings
from labserver.store.base import Base, OrgOwned, new_id
from labserver.store.core import add, org_of, run, table_of, within_org
from labserver.store.database import raise_changes
from labserver.store.directory import ApiToken, User
from labserver.store.orgs import Org
from labserver.store.planting import ADMIN_LOGIN, plant
from labserver.store.seed import TOKEN_NAME
from labserver.store.snapshot_documents import (
    Row,
    Snapshot,
    SnapshotRefused,
    columns_of,
    models,
    read,
    references,
    write,
)
from labserver.store.undone import Undone
from labserver.store.world import load_world

__all__ = ["Snapshot", "SnapshotRefused", "read", "reset", "restore", "take"]

_TOKENS = table_of(ApiToken)
_USERS = table_of(User)
_KEPT = within_org(
    select(_TOKENS, _USERS.c.id.label("owner"))
    .join(_USERS, _USERS.c.pk == _TOKENS.c.user_pk)
    .where(
        or_(
            _TOKENS.c.id == bindparam("caller"),
            and_(_TOKENS.c.name == TOKEN_NAME, _USERS.c.key == ADMIN_LOGIN),
        )
    ),
    ApiToken,
    User,
)


@dataclass(frozen=True)
class _Moment:
    """Where the org stands in its own history."""

    changes: int
    clock_offset: int


def take(session: Session) -> bytes:
    """The org as a document, as it is at one moment; the change counter rises with it.

    So what is issued later can be told from what was issued before.
    """
    raise_changes(session)
    here = _moment(session)
    rows = {table_of(model).name: _rows_of(session, model) for model in models()}
    return write(Snapshot(org_of(session).id, here.changes, here.clock_offset, rows))


def restore(
    session: Session, snapshot: Snapshot, clock: float, *, caller: str = ""
) -> dict[str, int]:
    """The org holds what the snapshot does; how many rows of each table that is.

    `clock` is the installation's time, `caller` the id of the API token that stays valid.
    Nothing is final before the session commits. Raises `SnapshotRefused`; roll back then.
    """
    raise_changes(session)
    here = _moment(session)
    rows = {name: [dict(row) for row in held] for name, held in snapshot.rows.items()}
    if snapshot.org_id != org_of(session).id:
        for model in models():
            if model.issued:
                rows[table_of(model).name] = []
    elif snapshot.changes < here.changes:
        rows["undone"].append(_stretch(rows["undone"], snapshot.changes, here.changes))
    now = int(clock) + snapshot.clock_offset
    _keep_tokens(rows, run(session, _KEPT, caller=caller).all(), now)
    _clear(session)
    try:
        _fill(session, rows)
    except IntegrityError:
        raise SnapshotRefused(
            "The snapshot holds two things that can't both be there; take another snapshot."
        ) from None
    _set_clock(session, snapshot.clock_offset)
    return {name: len(held) for name, held in rows.items()}


def reset(session: Session, settings: Settings, clock: float, *, caller: str = "") -> None:
    """The org is as it was first seeded: its world anew, its clock on time, no keys yet.

    Nothing that was issued before is good any more. `clock` and `caller` as in `restore`.
    Raises `WorldError` when the world's file is bad.
    """
    seeded = run(session, select(_ORGS).where(_ORGS.c.pk == bindparam("own_org"))).one()
    world = load_world(settings.world) if seeded.with_world else None
    raise_changes(session)
    kept = run(session, _KEPT, caller=caller).all()
    _clear(session)
    _set_clock(session, 0)
    now = int(clock)
    admin = plant(session, world, now, passwords=seeded.with_passwords)
    tokens = [_token(found, admin.pk, now) for found in kept]
    if tokens:
        add(session, insert(_TOKENS), tokens)


_ORGS: Any = Org.__table__


def _moment(session: Session) -> _Moment:
    found = select(_ORGS.c.changes, _ORGS.c.clock_offset).where(_ORGS.c.pk == bindparam("own_org"))
    return _Moment(*run(session, found).one())


def _set_clock(session: Session, offset: int) -> None:
    org = org_of(session)
    run(
        session,
        update(_ORGS).where(_ORGS.c.pk == bindparam("own_org")).values(clock_offset=offset),
    )
    # Rows that this session adds are stamped with the org's time.
    session.info["org"] = replace(org, clock_offset=offset)


def _rows_of(session: Session, model: type[OrgOwned]) -> list[Row]:
    table = table_of(model)
    found = run(session, within_org(select(*columns_of(table)).order_by(table.c.pk), model))
    return [dict(row._mapping) for row in found]


def _stretch(earlier: list[Row], since: int, until: int) -> Row:
    """The row of what this restore takes back."""
    pk = max((row["pk"] for row in earlier), default=0) + 1
    return {"pk": pk, "id": new_id(Undone.id_prefix), "since": since, "until": until}


def _keep_tokens(rows: dict[str, list[Row]], kept: Sequence[Any], now: int) -> None:
    """The tokens that stay are among the rows, as those of a person who is there."""
    admin = _super_admin(rows)
    people = {row["id"]: row["pk"] for row in rows["users"] if row["status"] == "ACTIVE"}
    hashes = {found.hash for found in kept}
    held = [row for row in rows["api_tokens"] if row["hash"] not in hashes]
    pk = max((row["pk"] for row in held), default=0)
    for number, found in enumerate(kept, start=1):
        owner = people.get(found.owner, admin)
        held.append(_token(found, owner, now) | {"pk": pk + number})
    rows["api_tokens"] = held


def _super_admin(rows: dict[str, list[Row]]) -> int:
    """The key of an active person who is a super admin: by preference the one from birth."""
    roles = [row for row in rows["role_assignments"] if row["type"] == SUPER_ADMIN]
    groups = {row["group_pk"] for row in roles} - {None}
    members = {row["user_pk"] for row in rows["memberships"] if row["group_pk"] in groups}
    supers = {row["user_pk"] for row in roles} | members
    active = [row for row in rows["users"] if row["status"] == "ACTIVE" and row["pk"] in supers]
    if not active:
        raise SnapshotRefused("Nobody in the snapshot is a super admin; take another snapshot.")
    active.sort(key=lambda row: (row["key"] != ADMIN_LOGIN, row["pk"]))
    return int(active[0]["pk"])


def _token(found: Found[Any], user_pk: int, now: int) -> Row:
    columns = {column.name: getattr(found, column.name) for column in columns_of(_TOKENS)}
    del columns["pk"]
    return columns | {"user_pk": user_pk, "last_used": now}


def _clear(session: Session) -> None:
    """The org holds nothing but its log."""
    session.expunge_all()
    # While everything is exchanged, a row may name one that comes later.
    session.connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for model in reversed(models()):
        run(session, within_org(delete(table_of(model)), model))


def _fill(session: Session, rows: dict[str, list[Row]]) -> None:
    """The rows are the org's, under primary keys that nobody has."""
    places: dict[str, dict[int, int]] = {}
    for name, held in rows.items():
        table = Base.metadata.tables[name]
        # Keys are the database's, not an org's.
        last = session.connection().scalar(select(func.max(table.c.pk))) or 0
        held.sort(key=lambda row: row["pk"])
        places[name] = {row["pk"]: last + number for number, row in enumerate(held, start=1)}
    for model in models():
        table = table_of(model)
        meant = list(references(table))
        for row in rows[table.name]:
            row["pk"] = places[table.name][row["pk"]]
            for column, other, _ in meant:
                row[column] = places[other].get(row[column])
        if rows[table.name]:
            add(session, insert(table), rows[table.name])
