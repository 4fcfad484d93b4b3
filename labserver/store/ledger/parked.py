"""Authorization requests that wait for a person, or were pushed (RFC 9126)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from labserver.store.core import add, digest, run, table_of, within_org
from labserver.store.issued import ParkedRequest

_TABLE = table_of(ParkedRequest)
_PARK = insert(_TABLE)
_FIND = within_org(
    select(
        _TABLE.c.server_id,
        _TABLE.c.client_id,
        _TABLE.c.parameters,
        _TABLE.c.browser,
        _TABLE.c.answers,
        _TABLE.c.created,
        _TABLE.c.expires,
    ).where(
        _TABLE.c.id == bindparam("hash"),
        _TABLE.c.used_at.is_(None),
        _TABLE.c.expires > bindparam("now"),
    ),
    ParkedRequest,
)
_ANSWER = within_org(
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("hash"), _TABLE.c.used_at.is_(None))
    .values(answers=func.json_patch(_TABLE.c.answers, bindparam("more", type_=JSON))),
    ParkedRequest,
)
_CLAIM = within_org(
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("hash"),
        _TABLE.c.used_at.is_(None),
        _TABLE.c.expires > bindparam("now"),
    )
    .values(used_at=bindparam("now")),
    ParkedRequest,
)


@dataclass(frozen=True)
class Parked:
    """A parked request. `browser` is the digest of the browser's cookie, where one was given."""

    server_id: str
    client_id: str
    parameters: Mapping[str, str]
    browser: str | None
    answers: Mapping[str, Any]
    created: int
    expires: int


def park(
    session: Session,
    *,
    server_id: str,
    client_id: str,
    parameters: dict[str, str],
    browser: str | None,
    now: int,
    lifetime: int,
) -> str:
    """The request waits under the request URI that is returned, for `lifetime` seconds.

    `browser` is the cookie's value; its digest is kept.
    """
    request_uri = f"urn:okta:{secrets.token_urlsafe(32)}"
    row = {
        "id": digest(request_uri),
        "server_id": server_id,
        "client_id": client_id,
        "parameters": parameters,
        "answers": {},
        "browser": None if browser is None else digest(browser),
        "created": now,
        "expires": now + lifetime,
    }
    add(session, _PARK, row)
    return request_uri


def parked(session: Session, request_uri: str, now: int) -> Parked | None:
    """The request that waits here; None when it is unknown, used or over."""
    row = run(session, _FIND, hash=digest(request_uri), now=now).first()
    return None if row is None else Parked(*row)


def answer_parked(session: Session, request_uri: str, **answers: Any) -> None:
    """What the person answered is kept with the request, beside earlier answers."""
    run(session, _ANSWER, hash=digest(request_uri), more=answers)


def claim_parked(session: Session, request_uri: str, now: int) -> bool:
    """Whether this call, and no other one, may answer the request."""
    return run(session, _CLAIM, hash=digest(request_uri), now=now).rowcount == 1
