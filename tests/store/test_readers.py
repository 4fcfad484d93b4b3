"""Reads outside transactions see what is so, and their connections go from hand to hand."""

from __future__ import annotations

from labserver.domain.values import Org
from labserver.store import ledger
from labserver.store.database import Database

NOW = 1_800_000_000


def revoked(database: Database, org: Org) -> bool:
    with database.session(org) as session:
        return ledger.is_revoked(session, "AT.one", None)


def test_who_only_reads_begins_no_transaction(database: Database, org: Org) -> None:
    with database.session(org) as session:
        ledger.is_revoked(session, "AT.one", None)

        assert not session.in_transaction()


def test_a_session_reads_what_it_has_written_before_anybody_else(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        assert not ledger.is_revoked(session, "AT.one", None)

        ledger.revoke_jti(session, "AT.one", NOW + 60)

        assert ledger.is_revoked(session, "AT.one", None)
        assert not revoked(database, org)


def test_what_was_committed_is_read_and_what_was_undone_is_not(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        ledger.revoke_jti(session, "AT.one", NOW + 60)
        session.rollback()
        assert not ledger.is_revoked(session, "AT.one", None)

        ledger.revoke_jti(session, "AT.one", NOW + 60)
        session.commit()

        assert ledger.is_revoked(session, "AT.one", None)
        assert revoked(database, org)


def test_sessions_after_one_another_read_on_one_connection(database: Database, org: Org) -> None:
    revoked(database, org)
    in_use = database.engine.pool.checkedout()  # type: ignore[attr-defined]

    for _ in range(3):
        revoked(database, org)

    assert database.engine.pool.checkedout() == in_use  # type: ignore[attr-defined]
