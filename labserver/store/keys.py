"""Signing keys as objects: made at the first need, imported once in a process, rotated."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from labserver.domain.values import ORG_SERVER, ClientKey, KeyRing, SigningKey
from labserver.store import servers
from labserver.store.base import new_id
from labserver.store.core import add, run, table_of, within_org
from labserver.store.database import raise_changes
from labserver.store.kept import keep

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, RSAKey

STILL_PUBLISHED = 24 * 3600
"""Seconds that an expired key stays published: the longest life of a token it signed."""
ROTATES_EVERY = 90 * 24 * 3600
"""Seconds between two rotations of a server that rotates by itself (Okta: AUTO)."""

_KEYS = table_of(servers.SigningKey)
_SERVERS = table_of(servers.AuthorizationServer)
_OF_SERVER = within_org(
    select(
        _KEYS.c.id,
        _KEYS.c.purpose,
        _KEYS.c.status,
        _KEYS.c.pem,
        _KEYS.c.expires,
        _KEYS.c.updated,
        _SERVERS.c.rotation_mode,
        func.coalesce(_SERVERS.c.last_rotated, _SERVERS.c.created).label("last_turn"),
    )
    # One statement: keys of before a turn beside the time of after it would be a ring that never
    # was. The org server has no row of its own.
    .outerjoin(
        _SERVERS,
        and_(
            _SERVERS.c.org_id == _KEYS.c.org_id,
            _SERVERS.c.id == _KEYS.c.server_id,
            _SERVERS.c.status == "ACTIVE",
        ),
    )
    .where(_KEYS.c.server_id == bindparam("server"))
    .order_by(_KEYS.c.pk.desc()),
    servers.SigningKey,
)
_TAKE_SLOT = insert(_KEYS).on_conflict_do_nothing()
_EXPIRE = within_org(
    update(_KEYS)
    .where(
        _KEYS.c.server_id == bindparam("server"),
        _KEYS.c.id == bindparam("key"),
        _KEYS.c.status == "ACTIVE",
    )
    .values(status="EXPIRED", expires=bindparam("until"), updated=bindparam("now")),
    servers.SigningKey,
)
_NOTE_TURN = within_org(
    update(_SERVERS)
    .where(_SERVERS.c.id == bindparam("server"))
    .values(last_rotated=bindparam("now")),
    servers.AuthorizationServer,
)
_PROMOTE = within_org(
    update(_KEYS)
    .where(
        _KEYS.c.server_id == bindparam("server"),
        _KEYS.c.purpose == "published",
        _KEYS.c.status == "NEXT",
    )
    .values(status="ACTIVE", updated=bindparam("now")),
    servers.SigningKey,
)

Key = TypeVar("Key")


class _Imported:
    """Key objects by their material. Importing costs 50 ms and more, so each is imported once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._objects: OrderedDict[str, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, material: str, make: Callable[[], Key]) -> Key:
        with self._lock:
            if material not in self._objects:
                self._objects[material] = make()
                if len(self._objects) > self._most:
                    self._objects.popitem(last=False)
            self._objects.move_to_end(material)
            found: Key = self._objects[material]
            return found


_imported = _Imported(most=4096)


def load_keys(session: Session, server_id: str, now: int) -> KeyRing:
    """The keys of an authorization server, made when it has none.

    Of two workers that make them at once, one wins and both use the winner's.
    """
    ring, until = keep(session, ("keys", server_id), lambda: _ring(session, server_id, now))
    if until is not None and until <= now:
        ring, _ = _ring(session, server_id, now)
    return ring


def rotate(session: Session, server_id: str, now: int) -> None:
    """The NEXT key signs, the former ACTIVE one stays published, and there is a new NEXT one."""
    active = load_keys(session, server_id, now).id_token_key.kid
    _turn(session, server_id, active, now)


def rotate_when_due(session: Session, server_id: str, now: int) -> tuple[KeyRing, bool]:
    """The server's keys after a rotation that is due, and whether this call has made it.

    Of two workers that find it due, one rotates and both use its keys. While nothing is due this
    costs no more than `load_keys`.
    """
    ring = load_keys(session, server_id, now)
    if ring.next_rotation is None or now < ring.next_rotation:
        return ring, False
    turned = _turn(session, server_id, ring.id_token_key.kid, now)
    # What this process kept may be from before another worker's turn.
    ring, _ = _ring(session, server_id, now)
    return ring, turned


def _turn(session: Session, server_id: str, active: str, now: int) -> bool:
    """Rotate unless somebody did since the key `active` was the ACTIVE one; whether it was done."""
    # Before anything is written: making a key takes long, and others wait for who writes.
    made = session.info["database"].make_key()
    until = now + STILL_PUBLISHED
    if run(session, _EXPIRE, server=server_id, key=active, until=until, now=now).rowcount != 1:
        return False
    run(session, _PROMOTE, server=server_id, now=now)
    _add(session, made, server_id, "published", "NEXT", now)
    run(session, _NOTE_TURN, server=server_id, now=now)
    session.flush()
    session.expire_all()
    raise_changes(session)
    return True


def client_key(jwk: dict[str, Any]) -> ClientKey:
    """A client's registered public key, as an object that is ready to verify."""
    return ClientKey(
        jwk.get("kid"), _imported.get(json.dumps(jwk), lambda: _public(jwk)), jwk.get("alg")
    )


def _ring(session: Session, server_id: str, now: int) -> tuple[KeyRing, int | None]:
    """The server's keys, and the time at which the first of the expired ones goes."""
    rows = run(session, _OF_SERVER, server=server_id).all()
    if not rows:
        _make_first(session, server_id, now)
        rows = run(session, _OF_SERVER, server=server_id).all()
    held = [row for row in rows if row.status != "EXPIRED" or row.expires > now]
    held.sort(key=lambda row: ("ACTIVE", "NEXT", "EXPIRED").index(row.status))
    published = tuple(_signing_key(row) for row in held if row.purpose == "published")
    active = next(key for key in published if key.status == "ACTIVE")
    access = next((_signing_key(row) for row in held if row.purpose == "access"), active)
    ends = [row.expires for row in held if row.status == "EXPIRED"]
    due = _next_rotation(server_id, rows, active)
    return KeyRing(published, active, access, due), min(ends, default=None)


def _next_rotation(server_id: str, rows: Sequence[Any], active: SigningKey) -> int | None:
    """When the server's keys rotate by themselves.

    A custom server counts from its last rotation, or from its birth, as its document says. The
    org server has no document: it counts from the time at which its ACTIVE key became it.
    """
    row = next(row for row in rows if row.id == active.kid)
    if server_id == ORG_SERVER:
        return int(row.updated) + ROTATES_EVERY
    return int(row.last_turn) + ROTATES_EVERY if row.rotation_mode == "AUTO" else None


def _make_first(session: Session, server_id: str, now: int) -> None:
    _make(session, server_id, "published", "ACTIVE", now)
    _make(session, server_id, "published", "NEXT", now)
    if server_id == ORG_SERVER:
        _make(session, server_id, "access", "ACTIVE", now)
    raise_changes(session)


def _make(session: Session, server_id: str, purpose: str, status: str, now: int) -> None:
    _add(session, session.info["database"].make_key(), server_id, purpose, status, now)


def _add(
    session: Session, key: RSAKey, server_id: str, purpose: str, status: str, now: int
) -> None:
    pem = key.as_pem(private=True).decode("ascii")
    row = {
        "id": new_id("k"),
        "server_id": server_id,
        "purpose": purpose,
        "status": status,
        "pem": pem,
        "created": now,
        "updated": now,
    }
    if add(session, _TAKE_SLOT, row).rowcount == 1:
        _imported.get(pem, lambda: key)


def _signing_key(row: Any) -> SigningKey:
    return SigningKey(row.id, _imported.get(row.pem, lambda: _private(row.pem)), row.status)


def _private(pem: str) -> RSAKey:
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(pem)


def _public(jwk: dict[str, Any]) -> RSAKey | ECKey:
    from joserfc.jwk import ECKey, RSAKey

    return ECKey.import_key(jwk) if jwk.get("kty") == "EC" else RSAKey.import_key(jwk)
