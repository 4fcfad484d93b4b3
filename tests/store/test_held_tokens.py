"""Lists of refresh tokens: what is good now, page by page, and how the database finds it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from labserver.domain.values import Org
from labserver.store import ledger
from labserver.store.database import Database
from labserver.store.ledger import Whose

NOW = 1_800_000_000


def hold(
    session: Session,
    name: str,
    client: str = "0oa",
    server: str = "default",
    user: str = "00u",
    absolute: int | None = None,
) -> str:
    """A family with a refresh token that rests for ten minutes; the token's value."""
    family = ledger.Family(
        name, server, client, user, ("openid",), "authorization_code", NOW, ("pwd",), NOW, absolute
    )
    ledger.open_family(session, family)
    return ledger.save_refresh(session, family, ("openid",), NOW + 600, NOW)


def names(session: Session, whose: Whose, now: int = NOW) -> list[str]:
    """The ids of what is good now."""
    return [held.family.id for held in ledger.list_held(session, whose, now, 100) or []]


def test_a_list_holds_what_it_means_and_nothing_else(database: Database, org: Org) -> None:
    with database.session(org) as session:
        hold(session, "one")
        hold(session, "two", server="orders")
        hold(session, "three", user="00uOther")
        hold(session, "four", client="0oaOther")

        assert names(session, Whose("0oa")) == ["one", "three", "two"]
        assert names(session, Whose("0oa", "default")) == ["one", "three"]
        assert names(session, Whose("0oa", None, "00u")) == ["one", "two"]
        assert names(session, Whose(user_id="00uOther")) == ["three"]


def test_what_is_over_is_in_no_list(database: Database, org: Org) -> None:
    with database.session(org) as session:
        hold(session, "revoked")
        hold(session, "ended", absolute=NOW + 100)
        hold(session, "resting")
        ledger.revoke_family(session, "revoked", NOW)

        assert names(session, Whose("0oa")) == ["ended", "resting"]
        assert names(session, Whose("0oa"), NOW + 100) == ["resting"]
        assert names(session, Whose("0oa"), NOW + 600) == []


def test_a_rotated_token_is_listed_once_with_the_time_of_its_present_value(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        first = ledger.find_refresh(session, hold(session, "one"))
        assert first is not None
        ledger.rotate_refresh(session, first, NOW + 60)
        ledger.save_refresh(session, first.family, ("openid",), NOW + 900, NOW + 60, follows=first)

        found = ledger.list_held(session, Whose("0oa"), NOW + 60, 10)

        assert [(held.updated, held.expires) for held in found or []] == [(NOW + 60, NOW + 900)]


def test_pages_go_on_behind_the_last_one_shown_and_show_each_once(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        for number in range(7):
            hold(session, f"oar{number}", server=f"server {number % 2}")

        seen: list[str] = []
        after = None
        while page := ledger.list_held(session, Whose("0oa"), NOW, 2, after):
            seen += [held.family.id for held in page]
            after = seen[-1]

        assert seen == ["oar0", "oar2", "oar4", "oar6", "oar1", "oar3", "oar5"]
        assert ledger.list_held(session, Whose("0oa"), NOW, 2, "nobody") is None


def test_the_end_of_those_that_are_meant_ends_no_other_one(database: Database, org: Org) -> None:
    with database.session(org) as session:
        hold(session, "one")
        hold(session, "two", server="orders")
        hold(session, "three", client="0oaOther")

        ledger.end_held(session, Whose("0oa", "default"), NOW)

        assert names(session, Whose("0oa")) == ["two"]
        assert names(session, Whose("0oaOther")) == ["three"]
        assert ledger.is_revoked(session, "AT.x", "one")
        assert not ledger.is_revoked(session, "AT.x", "two")


def test_one_org_neither_lists_nor_ends_what_another_holds(
    database: Database, org: Org, other: Org
) -> None:
    with database.session(org) as session:
        hold(session, "one")
        session.commit()

    with database.session(other) as session:
        assert names(session, Whose("0oa")) == []
        ledger.end_held(session, Whose("0oa"), NOW)
        ledger.revoke_client(session, "0oa", NOW)
        session.commit()

    with database.session(org) as session:
        assert names(session, Whose("0oa")) == ["one"]


def plan_of(database: Database, session: Session, work: Any) -> str:
    """How the database goes about the last statement that the work runs."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    work()
    event.remove(database.engine, "before_cursor_execute", note)
    statement, parameters = seen[-1]
    cursor = session.connection().connection.cursor()
    rows = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
    return " | ".join(row[3] for row in rows)


@pytest.mark.parametrize(
    ("whose", "index"),
    [
        (Whose("0oa"), "ix_families_client_live"),
        (Whose("0oa", "default"), "ix_families_client_live"),
        (Whose("0oa", None, "00u"), "ix_families_user_live"),
        (Whose("0oa", "default", "00u"), "ix_families_user_live"),
    ],
)
def test_a_page_walks_an_index_and_sorts_nothing(
    database: Database, org: Org, whose: Whose, index: str
) -> None:
    with database.session(org) as session:
        after = hold(session, "one") and "one"

        plan = plan_of(database, session, lambda: ledger.list_held(session, whose, NOW, 20, after))

        assert index in plan
        assert "ix_refresh_tokens_family" in plan
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan
