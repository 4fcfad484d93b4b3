"""Values that were loaded are kept until the org changes, by whatever worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import event, select, update

from labserver.domain.values import ORG_SERVER, Client, Org
from labserver.settings import Settings
from labserver.store import apps, directory, keys, loaders, servers
from labserver.store.base import OrgOwned
from labserver.store.database import Database, open_database

NOW = 1_800_000_000
URL = "http://127.0.0.1:8080"


@pytest.fixture
def second(settings: Settings, make_key: Callable[[], RSAKey]) -> Iterator[Database]:
    """The same database, opened as another worker does."""
    opened = open_database(settings.database, make_key=make_key, clock=settings.clock)
    yield opened
    opened.close()


def current(database: Database, org: Org) -> Org:
    found = database.find_org(org.slug, URL)
    assert found is not None
    return found


def web_of(database: Database, org: Org) -> Client:
    with database.session(current(database, org)) as session:
        client_id = session.scalars(
            select(apps.App.client_id).where(apps.App.label == "Bank Web")
        ).one()
        client = loaders.load_client(session, client_id)
        assert client is not None
        return client


def change(database: Database, org: Org, **values: Any) -> None:
    with database.session(current(database, org)) as session:
        app = session.scalars(select(apps.App).where(apps.App.label == "Bank Web")).one()
        for name, value in values.items():
            setattr(app, name, value)
        session.commit()


def test_what_was_loaded_is_the_same_object_until_something_changes(
    database: Database, org: Org
) -> None:
    first = web_of(database, org)

    assert web_of(database, org) is first


def test_a_change_through_another_worker_counts_from_the_next_request(
    database: Database, second: Database, org: Org
) -> None:
    assert "implicit" in web_of(database, org).grant_types

    change(second, org, grant_types=["authorization_code"])

    assert web_of(database, org).grant_types == {"authorization_code"}


def test_a_bulk_statement_counts_as_a_change(
    database: Database, second: Database, org: Org
) -> None:
    before = web_of(database, org)

    with second.session(current(second, org)) as session:
        session.execute(
            update(apps.App).where(apps.App.client_id == before.id).values(status="INACTIVE")
        )
        session.commit()

    with database.session(current(database, org)) as session:
        assert loaders.load_client(session, before.id) is None


def test_a_change_in_one_org_leaves_the_values_of_others(
    database: Database, org: Org, other: Org
) -> None:
    kept = web_of(database, other)

    change(database, org, consent_method="TRUSTED")

    assert web_of(database, other) is kept


def test_a_change_that_is_rolled_back_leaves_nothing_behind(database: Database, org: Org) -> None:
    before = web_of(database, org)
    with database.session(current(database, org)) as session:
        app = session.scalars(select(apps.App).where(apps.App.label == "Bank Web")).one()
        app.consent_method = "TRUSTED"
        seen = loaders.load_client(session, before.id)
        session.rollback()

    assert seen is not None
    assert seen.consent_method == "TRUSTED"
    assert web_of(database, org).consent_method == "REQUIRED"


def test_the_counter_rises_once_in_a_transaction(database: Database, org: Org) -> None:
    with database.session(org) as session:
        for name in ("One", "Two"):
            session.add(directory.Group(name=name))
            session.flush()
        session.commit()

    assert current(database, org).changes == org.changes + 1


@pytest.mark.parametrize("model", [apps.App, directory.User, servers.Rule, servers.Claim])
def test_deleting_counts_as_a_change(database: Database, org: Org, model: type[OrgOwned]) -> None:
    with database.session(org) as session:
        session.delete(session.scalars(select(model)).first())
        session.commit()

    assert current(database, org).changes > org.changes


def test_group_membership_counts_from_the_next_request(database: Database, org: Org) -> None:
    with database.session(current(database, org)) as session:
        cora = loaders.find_user(session, "cora@bank.example")
        assert cora is not None
        assert loaders.load_user(session, cora.id) == cora
        user = session.scalars(select(directory.User).where(directory.User.id == cora.id)).one()
        staff = session.scalars(
            select(directory.Group).where(directory.Group.name == "Staff")
        ).one()
        session.add(directory.Membership(user_pk=user.pk, group_pk=staff.pk))
        session.commit()

    with database.session(current(database, org)) as session:
        again = loaders.load_user(session, cora.id)

    assert again is not None
    assert [group.name for group in again.groups] == ["Everyone", "Customers", "Staff"]


def test_an_assignment_of_its_own_gives_the_name_in_the_app(database: Database, org: Org) -> None:
    client = web_of(database, org)
    with database.session(current(database, org)) as session:
        cora = loaders.find_user(session, "cora@bank.example")
        assert cora is not None
        assert loaders.app_username(session, client.id, cora) == "cora@bank.example"
        app = session.scalars(select(apps.App).where(apps.App.client_id == client.id)).one()
        user = session.scalars(select(directory.User).where(directory.User.id == cora.id)).one()
        session.add(apps.AppUser(app_pk=app.pk, user_pk=user.pk, username="cora-at-the-web"))

        assert loaders.app_username(session, client.id, cora) == "cora-at-the-web"


def test_who_is_in_no_assigned_group_is_not_assigned(database: Database, org: Org) -> None:
    client = web_of(database, org)
    with database.session(org) as session:
        cora = loaders.find_user(session, "CORA@bank.example")
        admin = loaders.find_user(session, "admin@grantlab.example")
        assert cora is not None
        assert admin is not None

        assert loaders.is_assigned(session, client.id, cora)
        assert not loaders.is_assigned(session, client.id, admin)
        assert loaders.app_username(session, client.id, admin) is None


def test_an_inactive_server_is_not_there(database: Database, org: Org) -> None:
    with database.session(org) as session:
        row = session.scalars(
            select(servers.AuthorizationServer).where(servers.AuthorizationServer.id == "default")
        ).one()
        row.status = "INACTIVE"

        assert loaders.load_server(session, "default") is None


def test_a_kept_client_costs_no_statement(database: Database, org: Org) -> None:
    client = web_of(database, org)
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, sql: str, *_: Any) -> None:
        seen.append(sql)

    with database.session(current(database, org)) as session:
        loaders.load_client(session, client.id)
        event.listen(database.engine, "before_cursor_execute", note)
        loaders.load_client(session, client.id)
        event.remove(database.engine, "before_cursor_execute", note)

    assert seen == []


# Keys


def test_keys_are_made_at_the_first_need_active_and_next_together(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        ring = loaders.load_keys(session, "default", NOW)

    assert [key.status for key in ring.published] == ["ACTIVE", "NEXT"]
    assert ring.id_token_key is ring.published[0]
    assert ring.access_token_key is ring.published[0]


def test_the_org_servers_access_token_key_is_never_published(database: Database, org: Org) -> None:
    with database.session(org) as session:
        ring = loaders.load_keys(session, ORG_SERVER, NOW)

    assert ring.access_token_key.kid not in {key.kid for key in ring.published}


def test_workers_that_make_keys_at_once_agree(
    database: Database, org: Org, at_once: Callable[[int, Callable[[], Any]], list[Any]]
) -> None:
    def load() -> tuple[str, ...]:
        with database.session(org) as session:
            ring = loaders.load_keys(session, "default", NOW)
            session.commit()
            return tuple(key.kid for key in ring.published)

    seen = at_once(16, load)

    assert len(set(seen)) == 1


def test_a_key_is_imported_at_most_once_in_a_process(
    database: Database, second: Database, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.session(org) as session:
        loaders.load_keys(session, "default", NOW)
        session.commit()
    monkeypatch.setattr(keys, "_imported", keys._Imported(most=100))
    imports: list[str] = []
    really = keys._private
    monkeypatch.setattr(keys, "_private", lambda pem: imports.append(pem) or really(pem))

    for opened in (database, second, database):
        with opened.session(current(opened, org)) as session:
            loaders.load_keys(session, "default", NOW)
            session.add(directory.Group(name=f"Change {len(imports)} {id(session)}"))
            session.commit()

    assert len(imports) == len(set(imports))
    assert 0 < len(imports) <= 2


def test_after_rotation_the_next_key_signs_and_the_old_one_stays_published(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        before = loaders.load_keys(session, "default", NOW)
        keys.rotate(session, "default", NOW)
        after = loaders.load_keys(session, "default", NOW)
        session.commit()

    assert after.id_token_key.kid == before.published[1].kid
    assert [key.status for key in after.published] == ["ACTIVE", "NEXT", "EXPIRED"]
    assert after.published[2].kid == before.id_token_key.kid


def test_workers_that_find_a_rotation_due_at_once_rotate_once_and_agree(
    database: Database,
    second: Database,
    org: Org,
    at_once: Callable[[int, Callable[[], Any]], list[Any]],
) -> None:
    later = NOW + keys.ROTATES_EVERY
    with database.session(org) as session:
        before = loaders.load_keys(session, "default", NOW)
        session.commit()
    workers = [database, second] * 8

    def find() -> tuple[bool, str]:
        with workers.pop().session(current(database, org)) as session:
            ring, turned = keys.rotate_when_due(session, "default", later)
            session.commit()
            return turned, ring.id_token_key.kid

    seen = at_once(16, find)

    assert sum(turned for turned, _ in seen) == 1
    assert {kid for _, kid in seen} == {before.published[1].kid}


def test_as_long_as_no_rotation_is_due_asking_costs_no_statement(
    database: Database, org: Org
) -> None:
    with database.session(org) as session:
        loaders.load_keys(session, "default", NOW)
        session.commit()
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, sql: str, *_: Any) -> None:
        seen.append(sql)

    with database.session(current(database, org)) as session:
        keys.rotate_when_due(session, "default", NOW)
        event.listen(database.engine, "before_cursor_execute", note)
        keys.rotate_when_due(session, "default", NOW + keys.ROTATES_EVERY - 1)
        event.remove(database.engine, "before_cursor_execute", note)

    assert seen == []


@pytest.mark.parametrize(("later", "shown"), [(24 * 3600 - 1, 3), (24 * 3600, 2)])
def test_an_expired_key_goes_when_its_last_token_is_over(
    database: Database, org: Org, later: int, shown: int
) -> None:
    with database.session(org) as session:
        keys.rotate(session, "default", NOW)
        session.commit()

    with database.session(current(database, org)) as session:
        loaders.load_keys(session, "default", NOW)
        ring = loaders.load_keys(session, "default", NOW + later)

    assert len(ring.published) == shown


@pytest.mark.parametrize("kind", [RSAKey, ECKey])
def test_a_clients_registered_keys_are_ready_to_verify(
    database: Database, org: Org, kind: Any, make_key: Callable[[], RSAKey]
) -> None:
    key = make_key() if kind is RSAKey else ECKey.generate_key("P-256", private=True)
    client = web_of(database, org)
    with database.session(org) as session:
        app = session.scalars(select(apps.App).where(apps.App.client_id == client.id)).one()
        jwk = {**key.as_dict(private=False), "kid": "k1"}
        session.add(apps.AppKey(app_pk=app.pk, jwk=jwk))

        loaded = loaders.load_client(session, client.id)

    assert loaded is not None
    assert loaded.keys[0].kid == "k1"
    assert isinstance(loaded.keys[0].key, kind)
