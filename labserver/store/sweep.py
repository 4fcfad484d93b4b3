"""What is over leaves the database: expired rows, old log events, forgotten temporary orgs."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Delete, bindparam, delete, exists, or_, select
from sqlalchemy.exc import OperationalError

from labserver.domain import values
from labserver.store import directory, issued, log, recovery, transactions
from labserver.store.base import OrgOwned
from labserver.store.core import run, table_of, within_org
from labserver.store.database import Database
from labserver.store.ledger.families import LONGEST_ACCESS_TOKEN
from labserver.store.orgs import delete_org, list_orgs

KEPT_EVENTS = 100_000
"""Log events that an org keeps."""
UNUSED = 24 * 3600
"""Seconds after which a temporary org that nobody uses is deleted."""

_LOG = table_of(log.LogRow)
_FAMILIES = table_of(issued.Family)
_TOKENS = table_of(issued.RefreshToken)
_EXPIRING: tuple[type[OrgOwned], ...] = (
    issued.ParkedRequest,
    issued.RefreshToken,
    issued.Revocation,
    issued.SeenJti,
    directory.UserSession,
    directory.SessionToken,
    recovery.RecoveryToken,
    transactions.AuthnTransaction,
    transactions.RememberedDevice,
)


def _over(model: type[OrgOwned]) -> Delete:
    table = table_of(model)
    return within_org(delete(table).where(table.c.expires <= bindparam("now")), model)


_CODES = table_of(issued.AuthorizationCode)
_OLD_CODES = within_org(
    # A used code stays as long as the tokens it gave, so that its reuse still ends them.
    delete(_CODES).where(
        or_(_CODES.c.used_at.is_(None), _CODES.c.expires <= bindparam("oldest")),
        _CODES.c.expires <= bindparam("now"),
    ),
    issued.AuthorizationCode,
)
_OLD_FAMILIES = within_org(
    delete(_FAMILIES).where(
        _FAMILIES.c.created <= bindparam("oldest"),
        ~exists().where(_TOKENS.c.family_pk == _FAMILIES.c.pk),
    ),
    issued.Family,
)
_FIRST_KEPT = within_org(
    select(_LOG.c.pk).order_by(_LOG.c.pk.desc()).offset(bindparam("kept")).limit(1), log.LogRow
)
_OLD_EVENTS = within_org(delete(_LOG).where(_LOG.c.pk < bindparam("first")), log.LogRow)

STATEMENTS = tuple(_over(model) for model in _EXPIRING) + (_OLD_CODES, _OLD_FAMILIES)


def sweep_if_free(database: Database) -> None:
    """As `sweep` at the installation's time, unless somebody holds the database for long."""
    # What is over is over whether its rows are there or not: the next sweep takes them.
    with suppress(OperationalError):
        sweep(database, int(database.clock()))


def sweep(database: Database, now: int) -> None:
    """Expired rows, log events beyond the newest 100,000 and unused temporary orgs are gone.

    `now` is the installation's time; each org's own is ahead of it by its clock offset.
    """
    for row in list_orgs(database):
        org = database.find_org(row.slug, "")
        if org is None:
            continue
        if row.temporary and row.last_used <= now - UNUSED:
            delete_org(database, row.id)
        else:
            _sweep_org(database, org, now + org.clock_offset)


def _sweep_org(database: Database, org: values.Org, now: int) -> None:
    for statement in STATEMENTS:
        # One short transaction each: nobody waits long for the sweep.
        with database.session(org) as session:
            run(session, statement, now=now, oldest=now - LONGEST_ACCESS_TOKEN)
            session.commit()
    with database.session(org) as session:
        first = run(session, _FIRST_KEPT, kept=KEPT_EVENTS - 1).scalar()
        if first is not None:
            run(session, _OLD_EVENTS, first=first)
            session.commit()
