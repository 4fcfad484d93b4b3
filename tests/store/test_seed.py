"""What a new org and a new installation hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from labserver.domain.policy import evaluate
from labserver.domain.values import AccessRequest, AuthorizationServer, Client, Org, User
from labserver.settings import Settings
from labserver.signin.passwords import check_password, password_problems
from labserver.store import apps, directory, ledger, loaders, log, orgs, seed, servers
from labserver.store import sweep as sweeping
from labserver.store.base import Base, OrgOwned
from labserver.store.database import Database, open_database
from labserver.store.sweep import STATEMENTS, UNUSED, sweep
from labserver.store.world import load_world

NOW = 1_800_000_000
PASSWORD = load_world().password or ""


def server_named(database: Database, org: Org, name: str) -> AuthorizationServer:
    with database.session(org) as session:
        server_id = session.scalars(
            select(servers.AuthorizationServer.id).where(servers.AuthorizationServer.name == name)
        ).one()
        server = loaders.load_server(session, server_id)
        assert server is not None
        return server


def client_named(database: Database, org: Org, label: str) -> Client:
    with database.session(org) as session:
        client_id = session.scalars(select(apps.App.client_id).where(apps.App.label == label)).one()
        client = loaders.load_client(session, client_id)
        assert client is not None
        return client


def person(database: Database, org: Org, name: str) -> User:
    with database.session(org) as session:
        user = loaders.find_user(session, f"{name}@bank.example")
        assert user is not None
        return user


@pytest.mark.parametrize(
    ("name", "audience", "scopes"),
    [
        ("default", "api://default", set()),
        ("Home Loan", "api://home-loan", {"loans:read", "loans:apply"}),
        ("Credit Line", "api://credit-line", {"credit:read", "credit:draw"}),
        ("Transfers", "api://transfers", {"transfers:read", "transfers:write"}),
        ("Sync", "api://sync", {"sync:read"}),
        ("Shop", "api://shop", {"prices:read", "prices:write"}),
    ],
)
def test_the_bank_has_its_servers(
    database: Database, org: Org, name: str, audience: str, scopes: set[str]
) -> None:
    server = server_named(database, org, name)

    assert server.audience == audience
    assert {scope.name for scope in server.scopes.values() if not scope.system} == scopes
    assert server.issuer == f"{org.url}/oauth2/{server.id}"


@pytest.mark.parametrize(
    ("server", "app", "who", "scopes", "minutes"),
    [
        ("default", "Bank Web", "cora", "openid profile email", 60),
        ("default", "Nightly Job", None, "", 60),
        ("Home Loan", "Bank Web", "cora", "openid loans:read loans:apply", 60),
        ("Credit Line", "Bank SPA", "tom", "openid credit:read credit:draw", 30),
        ("Transfers", "Bank Web", "cora", "openid offline_access transfers:read", 60),
        ("Transfers", "Bank Mobile", "sam", "openid transfers:write", 5),
        ("Transfers", "Agent", "cora", "openid transfers:read transfers:write", 5),
        ("Transfers", "Nightly Job", None, "transfers:read", None),
        ("Transfers", "Bookkeeper", None, "transfers:write", None),
        ("Sync", "Bookkeeper", None, "sync:read", 480),
        ("Sync", "Nightly Job", None, "sync:read", 480),
        ("Sync", "Directory Job", None, "sync:read", None),
        ("Sync", "Bank Web", "ada", "openid sync:read", None),
        ("Shop", "Bank Web", "cora", "openid prices:read", 60),
        ("Shop", "Bank Web", "cora", "openid prices:write", None),
        ("Shop", "Bank Web", "tom", "openid prices:read prices:write", 60),
    ],
)
def test_the_banks_policies_give_what_the_table_says(
    database: Database,
    org: Org,
    server: str,
    app: str,
    who: str | None,
    scopes: str,
    minutes: int | None,
) -> None:
    user = person(database, org, who) if who else None
    grant = "authorization_code" if who else "client_credentials"
    client = client_named(database, org, app)
    request = AccessRequest(client.id, grant, frozenset(scopes.split()), user)

    decision = evaluate(server_named(database, org, server).policies, request)

    assert (decision.rule.access_token_minutes if decision.rule else None) == minutes


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("cora", {"Customers"}),
        ("tom", {"Staff"}),
        ("sam", {"Customers", "SubGroup"}),
        ("grace", {"Staff"}),
        ("pia", {"Staff"}),
        ("ada", {"Staff"}),
    ],
)
def test_the_banks_people_are_active_in_their_groups_and_can_sign_in(
    database: Database, org: Org, name: str, groups: set[str]
) -> None:
    user = person(database, org, name)

    assert user.status == "ACTIVE"
    assert {group.name for group in user.groups} == {"Everyone", *groups}
    assert password_problems(PASSWORD, user.login) == []
    with database.session(org) as session:
        assert check_password(session, user.login, PASSWORD, NOW).user is not None


def test_roles_and_their_targets_are_those_of_the_table(database: Database, org: Org) -> None:
    with database.session(org) as session:
        rows = session.execute(
            select(directory.User.login, directory.RoleAssignment.type, directory.Group.name)
            .join(directory.RoleAssignment, directory.RoleAssignment.user_pk == directory.User.pk)
            .outerjoin(
                directory.RoleTarget,
                directory.RoleTarget.role_pk == directory.RoleAssignment.pk,
            )
            .outerjoin(directory.Group, directory.Group.pk == directory.RoleTarget.group_pk)
        ).all()

    assert {tuple(row) for row in rows} == {
        ("admin@grantlab.example", "SUPER_ADMIN", None),
        ("grace@bank.example", "USER_ADMIN", "SubGroup"),
        ("pia@bank.example", "API_ACCESS_MANAGEMENT_ADMIN", None),
        ("ada@bank.example", "SUPER_ADMIN", None),
    }


@pytest.mark.parametrize(
    ("label", "kind", "method", "signs_people_in"),
    [
        ("Bank Web", "web", "client_secret_basic", True),
        ("Bank SPA", "browser", "none", True),
        ("Bank Mobile", "native", "none", True),
        ("Nightly Job", "service", "client_secret_basic", False),
        ("Directory Job", "service", "private_key_jwt", False),
        ("Bookkeeper", "service", "client_secret_basic", False),
        ("Agent", "native", "none", True),
    ],
)
def test_the_banks_apps_are_those_of_the_table(
    database: Database, org: Org, label: str, kind: str, method: str, signs_people_in: bool
) -> None:
    client = client_named(database, org, label)

    assert (client.application_type, client.auth_method) == (kind, method)
    assert bool(client.secrets) == (method == "client_secret_basic")
    assert ("http://127.0.0.1:8765/callback" in client.redirect_uris) == signs_people_in
    with database.session(org) as session:
        for name in ("cora", "tom"):
            user = person(database, org, name)
            assert loaders.is_assigned(session, client.id, user) == signs_people_in
        admin = loaders.find_user(session, "admin@grantlab.example")
        assert admin is not None
        assert not loaders.is_assigned(session, client.id, admin)


def test_bank_web_has_two_doors_and_a_grant_that_nobody_uses(database: Database, org: Org) -> None:
    client = client_named(database, org, "Bank Web")

    assert len(client.redirect_uris) == 3
    assert client.grant_types == {"authorization_code", "refresh_token", "implicit"}


def test_secrets_differ_from_org_to_org(database: Database, org: Org, other: Org) -> None:
    secrets = {client_named(database, each, "Bank Web").secrets for each in (org, other)}

    assert len(secrets) == 2


def test_an_org_without_a_world_has_the_default_server_and_its_admin(
    database: Database, settings: Settings
) -> None:
    org, token = orgs.create_org(
        database, settings, subdomain="empty", name="Empty", now=NOW, world=False
    )

    with database.session(org) as session:
        assert session.scalar(select(func.count()).select_from(apps.App)) == 0
        assert loaders.load_server(session, "default") is not None
        assert session.scalars(select(directory.Group.name)).all() == ["Everyone"]
        use = ledger.find_api_token(session, token, NOW)
        assert use is not None
        assert session.scalars(
            select(directory.RoleAssignment.type)
            .join(directory.User, directory.User.pk == directory.RoleAssignment.user_pk)
            .where(directory.User.id == use.user_id)
        ).all() == ["SUPER_ADMIN"]


def test_a_subdomain_is_taken_once(database: Database, settings: Settings, org: Org) -> None:
    with pytest.raises(orgs.SubdomainTaken):
        orgs.create_org(database, settings, subdomain=org.slug, name="Again", now=NOW)


def test_making_one_org_many_times_at_once_makes_one(
    database: Database,
    settings: Settings,
    at_once: Callable[[int, Callable[[], object]], list[object]],
) -> None:
    def make() -> bool:
        try:
            orgs.create_org(database, settings, subdomain="one", name="One", now=NOW)
        except orgs.SubdomainTaken:
            return False
        return True

    assert at_once(16, make).count(True) == 1
    assert [row.slug for row in orgs.list_orgs(database)] == ["one"]


def test_a_deleted_org_takes_all_its_rows_along(database: Database, org: Org, other: Org) -> None:
    with database.session(org) as session:
        loaders.load_keys(session, "default", NOW)
        ledger.start_session(session, "00u", amr=(), now=NOW, lifetime=60)
        session.commit()

    assert orgs.delete_org(database, org.id)

    assert database.find_org(org.slug, "http://127.0.0.1:8080") is None
    with database.every_org() as session:
        for mapper in Base.registry.mappers:
            if issubclass(mapper.class_, OrgOwned):
                owners = set(session.scalars(select(mapper.class_.org_id)))
                assert owners <= {other.pk}


def test_the_root_org_cannot_be_deleted(database: Database, settings: Settings) -> None:
    seed.prepare(database, settings)
    root = database.find_org("", settings.base_url)
    assert root is not None

    assert not orgs.delete_org(database, root.id)


def test_a_deleted_orgs_key_never_comes_back(
    database: Database, settings: Settings, other: Org
) -> None:
    orgs.delete_org(database, other.id)

    made, _ = orgs.create_org(database, settings, subdomain="bob", name="Bob's", now=NOW)

    assert made.pk > other.pk


def token_works(database: Database, settings: Settings, token: str) -> bool:
    root = database.find_org("", settings.base_url)
    assert root is not None
    with database.session(root) as session:
        return ledger.find_api_token(session, token, NOW) is not None


def test_preparing_makes_the_root_org_and_the_admin_token_opens_it(
    database: Database, settings: Settings
) -> None:
    seed.prepare(database, settings)
    seed.prepare(database, settings)

    assert [row.slug for row in orgs.list_orgs(database)] == [""]
    assert token_works(database, settings, "root-token")


def test_another_admin_token_takes_the_place_of_the_earlier_one(
    database: Database, settings: Settings
) -> None:
    seed.prepare(database, settings)

    seed.prepare(database, replace(settings, admin_token="another-token"))

    assert token_works(database, settings, "another-token")
    assert not token_works(database, settings, "root-token")


def test_a_start_after_a_long_rest_lets_the_owner_in(
    database: Database, settings: Settings
) -> None:
    seed.prepare(database, settings)
    later = NOW + 100 * 86400

    seed.prepare(database, replace(settings, clock=lambda: later))

    root = database.find_org("", settings.base_url)
    assert root is not None
    with database.session(root) as session:
        assert ledger.find_api_token(session, "root-token", later) is not None


def test_servers_that_start_at_once_make_one_root_org(
    settings: Settings,
    make_key: Callable[[], RSAKey],
    at_once: Callable[[int, Callable[[], object]], list[object]],
) -> None:
    def start() -> int:
        opened = open_database(settings.database, make_key=make_key, clock=settings.clock)
        try:
            seed.prepare(opened, settings)
            return len(orgs.list_orgs(opened))
        finally:
            opened.close()

    assert set(at_once(4, start)) == {1}


def test_beyond_loopback_the_root_orgs_people_have_no_password(
    database: Database, settings: Settings
) -> None:
    exposed = replace(settings, beyond_loopback=True)
    seed.prepare(database, exposed)
    orgs.create_org(database, exposed, subdomain="class", name="Class", now=NOW)

    signed_in = {}
    for slug in ("", "class"):
        found = database.find_org(slug, settings.base_url)
        assert found is not None
        with database.session(found) as session:
            check = check_password(session, "cora@bank.example", PASSWORD, NOW)
            signed_in[slug] = check.user is not None

    assert signed_in == {"": False, "class": True}


# Sweeping


def test_the_sweep_takes_what_is_over_and_leaves_the_rest(
    database: Database, settings: Settings, org: Org
) -> None:
    with database.session(org) as session:
        over = ledger.start_session(session, "00u", amr=(), now=NOW - 100, lifetime=60)
        good = ledger.start_session(session, "00u", amr=(), now=NOW, lifetime=60)
        session.commit()

    sweep(database, NOW)

    with database.session(org) as session:
        kept = session.scalars(select(directory.UserSession.hash)).all()
    assert kept == [ledger.digest(good)]
    assert ledger.digest(over) not in kept


def test_the_sweep_covers_every_table_that_has_an_end() -> None:
    ending = {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if "expires" in mapper.local_table.c and mapper.local_table.name != "signing_keys"
    }

    assert {statement.table.name for statement in STATEMENTS} == {*ending, "families"}


def test_a_used_code_outlives_its_end_so_that_reuse_is_noticed(
    database: Database, settings: Settings, org: Org
) -> None:
    code = ledger.Code(
        *("default", "0oa", "00u", "u", (), None, None, NOW, (), "oar1", None),
        *(NOW + 60, 60, 0, 10080, "0pr"),
    )
    with database.session(org) as session:
        value, unused = (ledger.save_code(session, code, NOW) for _ in range(2))
        found = ledger.find_code(session, value)
        assert found is not None
        assert ledger.claim_code(session, found, NOW)
        session.commit()

    sweep(database, NOW + 600)

    with database.session(org) as session:
        assert ledger.find_code(session, value) is not None
        assert ledger.find_code(session, unused) is None


@pytest.mark.parametrize(("seconds", "there"), [(UNUSED - 1, True), (UNUSED, False)])
def test_a_temporary_org_goes_when_unused_for_a_day(
    database: Database, settings: Settings, seconds: int, there: bool
) -> None:
    orgs.create_org(database, settings, subdomain="short", name="S", now=NOW, temporary=True)

    sweep(database, NOW + seconds)

    assert (database.find_org("short", settings.base_url) is not None) == there


def test_a_moved_clock_does_not_make_an_org_look_unused(
    database: Database, settings: Settings
) -> None:
    orgs.create_org(database, settings, subdomain="short", name="S", now=NOW, temporary=True)
    with database.every_org() as session:
        session.execute(update(orgs.Org).values(clock_offset=40 * 86400))
        session.commit()

    sweep(database, NOW + 60)

    assert database.find_org("short", settings.base_url) is not None


def test_a_temporary_org_stays_as_long_as_requests_leave_events(
    settings: Settings, make_key: Callable[[], RSAKey]
) -> None:
    times = [NOW]
    opened = open_database(settings.database, make_key=make_key, clock=lambda: times[-1])
    org, _ = orgs.create_org(opened, settings, subdomain="short", name="S", now=NOW, temporary=True)
    times.append(NOW + UNUSED - 1)

    opened.log.add(org.pk, log.LogEvent("lab.request", "used", published=NOW))
    opened.log.flush()
    sweep(opened, NOW + UNUSED)

    assert opened.find_org("short", settings.base_url) is not None
    opened.close()


def test_the_log_keeps_its_newest_events(
    database: Database, settings: Settings, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "KEPT_EVENTS", 2)
    for number in range(5):
        database.log.add(org.pk, log.LogEvent("e", str(number), published=NOW))
    database.log.flush()

    sweep(database, NOW)

    with database.session(org) as session:
        assert session.scalars(select(log.LogRow.display_message)).all() == ["3", "4"]


def test_sweeping_happens_by_itself_while_the_server_is_used(
    database: Database, settings: Settings, org: Org
) -> None:
    swept = threading.Event()
    with database.session(org) as session:
        ledger.start_session(session, "00u", amr=(), now=NOW - 100, lifetime=60)
        session.commit()

    def chore() -> None:
        sweeping.sweep_if_free(database)
        swept.set()

    database.log.every_hour(chore, first_after=0)
    database.log.add(org.pk, log.LogEvent("lab.request", "used", published=NOW))

    assert swept.wait(5)
    with database.session(org) as session:
        assert session.scalars(select(directory.UserSession.hash)).all() == []


def test_a_sweep_that_finds_the_database_held_does_not_raise(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(*_: object) -> None:
        raise OperationalError("", {}, Exception("database is locked"))

    monkeypatch.setattr(sweeping, "sweep", held)

    sweeping.sweep_if_free(database)
