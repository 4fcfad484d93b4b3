"""A session sees one org: nothing it does reaches another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete, event, func, insert, select, text, update
from sqlalchemy.orm import Session

from labserver.domain.values import Org
from labserver.signin.passwords import check_password
from labserver.store import apps, directory, issued, ledger, loaders, log, servers, sweep
from labserver.store.base import Base, OrgOwned
from labserver.store.core import NoOrg
from labserver.store.database import Database
from labserver.store.log import LogRow, read_log
from labserver.store.orgs import Org as OrgRow

NOW = 1_800_000_000


def label_of(database: Database, org: Org, app_pk: int) -> str | None:
    with database.session(org) as session:
        return session.scalar(select(apps.App.label).where(apps.App.pk == app_pk))


@pytest.fixture
def web(database: Database, other: Org) -> apps.App:
    with database.session(other) as session:
        return session.scalars(select(apps.App).where(apps.App.label == "Bank Web")).one()


def test_a_select_returns_rows_of_the_own_org_only(
    database: Database, org: Org, other: Org
) -> None:
    with database.session(org) as session:
        found = session.scalars(select(apps.App)).all()

        assert found
        assert {app.org_id for app in found} == {org.pk}


def test_a_join_stays_inside_on_both_sides(database: Database, org: Org, other: Org) -> None:
    query = select(directory.User, directory.Membership).join(
        directory.Membership, directory.Membership.user_pk == directory.User.pk
    )

    with database.session(org) as session:
        rows = session.execute(query).all()

    assert rows
    assert {row.org_id for pair in rows for row in pair} == {org.pk}


def test_a_count_counts_the_own_org_only(database: Database, org: Org, other: Org) -> None:
    with database.session(org) as session:
        counted = session.scalar(select(func.count()).select_from(apps.App))

    assert counted == 7


def test_get_by_primary_key_finds_nothing_of_another_org(
    database: Database, org: Org, web: apps.App
) -> None:
    with database.session(org) as session:
        assert session.get(apps.App, web.pk) is None


def test_an_update_touches_nothing_of_another_org(
    database: Database, org: Org, other: Org, web: apps.App
) -> None:
    with database.session(org) as session:
        session.execute(update(apps.App).values(client_uri="https://changed.example"))
        session.commit()

    with database.session(other) as session:
        assert session.get(apps.App, web.pk).client_uri is None  # type: ignore[union-attr]


def test_a_delete_takes_nothing_of_another_org(
    database: Database, org: Org, other: Org, web: apps.App
) -> None:
    with database.session(org) as session:
        session.execute(delete(apps.App))
        session.commit()

    assert label_of(database, other, web.pk) == "Bank Web"


def test_a_new_row_gets_the_sessions_org(database: Database, org: Org) -> None:
    group = directory.Group(name="New")

    with database.session(org) as session:
        session.add(group)
        session.commit()

    assert group.org_id == org.pk
    assert group.created == NOW


def test_a_row_of_another_org_cannot_be_written(
    database: Database, org: Org, web: apps.App
) -> None:
    with database.session(org) as session:
        session.add(web)
        web.label = "Mine now"

        with pytest.raises(NoOrg):
            session.flush()


def test_a_row_cannot_be_handed_to_another_org(database: Database, org: Org, other: Org) -> None:
    with database.session(org) as session:
        app = session.scalars(select(apps.App)).first()
        assert app is not None
        app.org_id = other.pk

        with pytest.raises(NoOrg):
            session.flush()


def test_other_orgs_themselves_are_out_of_sight(database: Database, org: Org, other: Org) -> None:
    with database.session(org) as session:
        assert [row.slug for row in session.scalars(select(OrgRow))] == [org.slug]


@pytest.mark.parametrize(
    "work",
    [
        lambda session: session.scalars(select(apps.App)).all(),
        lambda session: session.get(apps.App, 1),
        lambda session: session.execute(delete(apps.App)),
        lambda session: loaders.load_client(session, "0oa"),
        lambda session: ledger.is_revoked(session, "AT.x", None),
    ],
)
def test_a_session_of_no_org_raises_at_the_first_touch(database: Database, work: Any) -> None:
    with database.session(None) as session, pytest.raises(NoOrg):  # type: ignore[arg-type]
        work(session)


def test_a_session_of_no_org_writes_nothing(database: Database) -> None:
    with database.session(None) as session:  # type: ignore[arg-type]
        session.add(directory.Group(name="Nobody's"))

        with pytest.raises(NoOrg):
            session.flush()


@pytest.mark.parametrize(
    "statement",
    [
        select(apps.App.__table__),
        text("SELECT * FROM apps"),
        insert(apps.App).values(label="x"),
    ],
)
def test_statements_that_would_slip_past_the_listener_are_refused(
    database: Database, org: Org, statement: Any
) -> None:
    with database.session(org) as session, pytest.raises(NoOrg):
        session.execute(statement)


def test_every_org_sees_all_of_them(database: Database, org: Org, other: Org) -> None:
    with database.every_org() as session:
        seen = set(session.scalars(select(apps.App.org_id)))

    assert seen == {org.pk, other.pk}


def test_one_public_id_may_stand_in_two_orgs(database: Database, org: Org, other: Org) -> None:
    found = []

    for each in (org, other):
        with database.session(each) as session:
            server = loaders.load_server(session, "default")
            assert server is not None
            found.append(server.issuer)

    assert found == [f"{org.url}/oauth2/default", f"{other.url}/oauth2/default"]


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL that reaches the database."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, sql: str, *_: Any) -> None:
        seen.append(sql)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def test_each_core_statement_names_the_org(
    database: Database, org: Org, statements: list[str]
) -> None:
    with database.session(org) as session:
        client = session.scalars(select(apps.App)).first()
        cora = loaders.find_user(session, "cora@bank.example")
        assert client is not None
        assert cora is not None
        use_everything(session, client.client_id, cora.id)
        session.commit()
    sweep.sweep(database, NOW)
    owned = [
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, OrgOwned)
    ]

    touching = [sql for sql in statements if any(f" {name}" in f" {sql} " for name in owned)]

    assert len(touching) > 40
    assert [sql for sql in touching if "org_id" not in sql] == []


def use_everything(session: Session, client_id: str, user_id: str) -> None:
    """Every public function of loaders and ledger, once."""
    user = loaders.load_user(session, user_id)
    assert user is not None
    loaders.load_server(session, "default")
    loaders.load_client(session, client_id)
    loaders.is_assigned(session, client_id, user)
    loaders.app_username(session, client_id, user)
    loaders.load_keys(session, "default", NOW)
    check_password(session, "cora@bank.example", "wrong", NOW)
    uri = ledger.park(
        session,
        server_id="default",
        client_id=client_id,
        parameters={},
        browser=None,
        now=NOW,
        lifetime=60,
    )
    ledger.answer_parked(session, uri, denied=True)
    ledger.parked(session, uri, NOW)
    ledger.claim_parked(session, uri, NOW)
    family = ledger.Family(
        ledger.new_family_id(),
        "default",
        client_id,
        user_id,
        (),
        "authorization_code",
        NOW,
        (),
        NOW,
    )
    ledger.open_family(session, family)
    ledger.find_family(session, family.id)
    value = ledger.save_refresh(session, family, (), NOW + 60, NOW)
    refresh = ledger.find_refresh(session, value)
    assert refresh is not None
    ledger.touch_refresh(session, refresh, NOW + 90)
    ledger.rotate_refresh(session, refresh, NOW)
    ledger.rotate_refresh(session, refresh, NOW, leeway=30)
    ledger.is_reuse(session, refresh, NOW)
    ledger.revoke_family(session, family.id, NOW)
    ledger.is_revoked(session, "AT.x", family.id)
    cookie = ledger.start_session(session, user_id, amr=("pwd",), now=NOW, lifetime=60)
    signed_in = ledger.find_session(session, cookie, NOW)
    assert signed_in is not None
    ledger.touch_session(session, signed_in, now=NOW + 60, lifetime=60)
    ledger.end_session(session, signed_in.id)
    token = ledger.save_session_token(session, user_id, amr=("pwd",), now=NOW, lifetime=60)
    ledger.claim_session_token(session, token, NOW)
    link = ledger.new_recovery_token(session, user_id, "password", NOW, 60)
    ledger.find_recovery_token(session, link, "password", NOW)
    ledger.claim_recovery_token(session, link, "password", NOW)
    ledger.end_recovery_tokens(session, user_id)
    ledger.consent(session, user_id, client_id, "default", ["a"], NOW)
    ledger.consented(session, user_id, client_id, "default")
    ledger.claim_assertion(session, client_id, "jti", NOW)
    token = ledger.save_api_token(session, user_id, "t", NOW)
    ledger.find_api_token(session, token, NOW + 90)
    ledger.end_api_tokens(session, user_id)
    ledger.revoke_user(session, user_id, NOW, access_tokens=True)


def test_the_ledger_of_one_org_knows_nothing_of_anothers(
    database: Database, org: Org, other: Org
) -> None:
    with database.session(org) as session:
        cookie = ledger.start_session(session, "00u", amr=("pwd",), now=NOW, lifetime=60)
        ledger.revoke_jti(session, "AT.x", NOW)
        assert ledger.claim_assertion(session, "0oa", "jti", NOW)
        session.commit()

    with database.session(other) as session:
        assert ledger.find_session(session, cookie, NOW) is None
        assert not ledger.is_revoked(session, "AT.x", None)
        assert ledger.claim_assertion(session, "0oa", "jti", NOW)


def test_the_log_of_one_org_shows_nothing_of_anothers(
    database: Database, org: Org, other: Org
) -> None:
    database.log.add(other.pk, log.LogEvent("a", "theirs", published=NOW))
    database.log.flush()

    with database.session(org) as session:
        assert read_log(session).events == ()
        assert session.scalar(select(func.count()).select_from(LogRow)) == 0


def test_tables_are_owned_by_an_org_but_for_the_two_at_the_root() -> None:
    free = {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if not issubclass(mapper.class_, OrgOwned)
    }

    assert free == {"orgs", "installation"}
    assert issued.Family.__tablename__ in Base.metadata.tables
    assert servers.SigningKey.__tablename__ in Base.metadata.tables
