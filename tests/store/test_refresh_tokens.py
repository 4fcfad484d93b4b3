"""Rotation, the leeway, reuse, and the end of a family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from labserver.domain.values import Org
from labserver.store import ledger
from labserver.store.database import Database
from labserver.store.loaders import find_user

NOW = 1_800_000_000
FAMILY = ledger.Family(
    "oar1", "default", "0oa", "00u", ("openid",), "authorization_code", NOW, ("pwd",), NOW
)
AtOnce = Callable[[int, Callable[[], Any]], list[Any]]


def first_token(session: Session) -> str:
    ledger.open_family(session, FAMILY)
    return ledger.save_refresh(session, FAMILY, ("openid",), NOW + 600, NOW)


def found(session: Session, value: str) -> ledger.Refresh:
    refresh = ledger.find_refresh(session, value)
    assert refresh is not None
    return refresh


def rotated(session: Session, value: str, now: int, leeway: int = 30) -> str | None:
    refresh = found(session, value)
    if not ledger.rotate_refresh(session, refresh, now, leeway):
        return None
    return ledger.save_refresh(session, FAMILY, refresh.scopes, now + 600, now, follows=refresh)


def test_a_refresh_token_comes_back_with_its_family(database: Database, org: Org) -> None:
    with database.session(org) as session:
        refresh = found(session, first_token(session))

        assert refresh.family == FAMILY
        assert refresh.scopes == ("openid",)
        assert refresh.is_current


def test_after_rotation_the_successor_is_the_current_one(database: Database, org: Org) -> None:
    with database.session(org) as session:
        value = first_token(session)
        successor = rotated(session, value, NOW)
        assert successor is not None

        assert not found(session, value).is_current
        assert found(session, successor).is_current


def test_within_the_leeway_the_previous_token_works_again(database: Database, org: Org) -> None:
    with database.session(org) as session:
        value = first_token(session)
        lost = rotated(session, value, NOW)
        assert lost is not None

        again = rotated(session, value, NOW + 29)

        assert again is not None
        assert found(session, again).is_current
        assert not found(session, lost).is_current


@pytest.mark.parametrize(("leeway", "later"), [(30, 30), (30, 31), (0, 0)])
def test_after_the_leeway_it_is_reuse(
    database: Database, org: Org, leeway: int, later: int
) -> None:
    with database.session(org) as session:
        value = first_token(session)
        rotated(session, value, NOW, leeway)

        refresh = found(session, value)

        assert not ledger.rotate_refresh(session, refresh, NOW + later, leeway)
        assert ledger.is_reuse(session, refresh, NOW + later, leeway)


def test_once_the_successor_was_used_the_old_token_is_reuse_at_once(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        value = first_token(session)
        successor = rotated(session, value, NOW)
        assert successor is not None
        rotated(session, successor, NOW + 1)

        refresh = found(session, value)

        assert not ledger.rotate_refresh(session, refresh, NOW + 2, 30)
        assert ledger.is_reuse(session, refresh, NOW + 2, 30)


def test_a_successor_that_was_replaced_is_refused_at_first_and_reuse_later(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        value = first_token(session)
        replaced = rotated(session, value, NOW)
        rotated(session, value, NOW + 1)
        assert replaced is not None

        refresh = found(session, replaced)

        assert not ledger.rotate_refresh(session, refresh, NOW + 2, 30)
        assert not ledger.is_reuse(session, refresh, NOW + 2, 30)
        assert ledger.is_reuse(session, refresh, NOW + 31, 30)


@pytest.mark.parametrize("leeway", [0, 30])
@pytest.mark.parametrize("threads", [16, 64])
def test_uses_at_once_leave_exactly_one_usable_successor(
    database: Database, org: Org, at_once: AtOnce, threads: int, leeway: int
) -> None:
    with database.session(org) as session:
        value = first_token(session)
        session.commit()

    def use() -> str | None:
        with database.session(org) as session:
            successor = rotated(session, value, NOW, leeway)
            session.commit()
            return successor

    successors = [successor for successor in at_once(threads, use) if successor]

    with database.session(org) as session:
        usable = [s for s in successors if ledger.rotate_refresh(session, found(session, s), NOW)]
    assert len(usable) == 1
    assert len(successors) == (1 if leeway == 0 else threads)


def test_a_token_that_is_not_rotated_rests_until_its_new_end(database: Database, org: Org) -> None:
    with database.session(org) as session:
        value = first_token(session)

        ledger.touch_refresh(session, found(session, value), NOW + 5000)

        assert not found(session, value).is_over(NOW + 4999)
        assert found(session, value).is_over(NOW + 5000)


def test_revoking_a_family_ends_its_tokens_and_no_others(database: Database, org: Org) -> None:
    with database.session(org) as session:
        value = first_token(session)

        ledger.revoke_family(session, FAMILY.id, NOW)

        assert found(session, value).is_over(NOW)
        assert ledger.is_revoked(session, "AT.any", FAMILY.id)
        assert not ledger.is_revoked(session, "AT.any", "oar2")
        assert not ledger.is_revoked(session, "AT.any", None)


def test_revoking_twice_is_revoked_once_and_the_later_end_counts(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        for expires in (NOW + 60, NOW + 90, NOW + 30):
            ledger.revoke_jti(session, "AT.x", expires)

        assert ledger.is_revoked(session, "AT.x", None)


def test_a_family_with_an_absolute_end_is_over_then(database: Database, org: Org) -> None:
    family = ledger.Family(
        "oar2", "default", "0oa", "00u", (), "g", NOW, (), NOW, absolute_expires=NOW + 60
    )
    with database.session(org) as session:
        ledger.open_family(session, family)
        refresh = found(session, ledger.save_refresh(session, family, (), NOW + 600, NOW))

        assert not refresh.is_over(NOW + 59)
        assert refresh.is_over(NOW + 60)


@pytest.mark.parametrize("access_tokens", [False, True])
def test_revoking_a_user_ends_sessions_codes_and_families(
    database: Database, org: Org, access_tokens: bool
) -> None:
    with database.session(org) as session:
        value = first_token(session)
        cookie = ledger.start_session(session, "00u", amr=(), now=NOW, lifetime=60)
        other = ledger.start_session(session, "00u2", amr=(), now=NOW, lifetime=60)

        ledger.revoke_user(session, "00u", NOW, access_tokens)

        assert found(session, value).is_over(NOW)
        assert ledger.find_session(session, cookie, NOW) is None
        assert ledger.find_session(session, other, NOW) is not None
        assert ledger.is_revoked(session, "AT.x", FAMILY.id) == access_tokens


@pytest.mark.parametrize(("idle_days", "good"), [(29, True), (30, False)])
def test_an_api_token_ends_after_thirty_idle_days(
    database: Database, org: Org, idle_days: int, good: bool
) -> None:
    later = NOW + idle_days * 86400
    with database.session(org) as session:
        cora = find_user(session, "cora@bank.example")
        assert cora is not None
        value = ledger.save_api_token(session, cora.id, "Cora's", NOW)

        use = ledger.find_api_token(session, value, later)

        assert (use is not None) == good
        if good:
            assert use.user_id == cora.id  # type: ignore[union-attr]
            assert ledger.find_api_token(session, value, later + 29 * 86400) is not None


def test_ended_api_tokens_open_nothing(database: Database, org: Org) -> None:
    with database.session(org) as session:
        cora = find_user(session, "cora@bank.example")
        assert cora is not None
        value = ledger.save_api_token(session, cora.id, "Cora's", NOW)

        ledger.end_api_tokens(session, cora.id)

        assert ledger.find_api_token(session, value, NOW) is None
