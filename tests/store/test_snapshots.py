"""Snapshots: an org as one document and back, checked as a whole, all of it or nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Integer, String, func, select

from labserver.domain.values import Org
from labserver.settings import Settings
from labserver.store import apps, directory, ledger, loaders, log, orgs, snapshots
from labserver.store.base import Base, OrgOwned
from labserver.store.core import table_of
from labserver.store.database import Database
from labserver.store.snapshot_documents import _checksum as checksum_of
from labserver.store.snapshot_documents import columns_of, models, references
from labserver.store.snapshots import SnapshotRefused

NOW = 1_800_000_000
Document = dict[str, Any]


def take(database: Database, org: Org) -> bytes:
    with database.session(org) as session:
        document = snapshots.take(session)
        session.commit()
    return document


def restore(database: Database, org: Org, document: bytes, caller: str = "") -> dict[str, int]:
    with database.session(org) as session:
        held = snapshots.restore(session, snapshots.read(document), NOW, caller=caller)
        session.commit()
    return held


def content(document: bytes) -> Document:
    """What the document says of each table, with public ids where it has primary keys."""
    tables = json.loads(document)["tables"]
    rows = {
        name: [dict(zip(part["columns"], row, strict=True)) for row in part["rows"]]
        for name, part in tables.items()
    }
    ids = {name: {row["pk"]: row["id"] for row in held} for name, held in rows.items()}
    for model in models():
        table = table_of(model)
        for row in rows[table.name]:
            for column, meant, _ in references(table):
                row[column] = ids[meant].get(row[column])
            del row["pk"]
    return {name: held for name, held in rows.items() if name not in ("undone", "api_tokens")}


def changed(document: bytes, change: Callable[[Document], object]) -> bytes:
    """The document after a change by somebody who knows how its checksum is made."""
    tree = json.loads(document)
    change(tree)
    tree.pop("checksum")
    return json.dumps(tree | {"checksum": checksum_of(tree)}).encode()


def make_a_mess(database: Database, org: Org) -> None:
    with database.session(org) as session:
        session.delete(session.scalars(select(apps.App).where(apps.App.label == "Bank Web")).one())
        cora = session.scalars(
            select(directory.User).where(directory.User.key == "cora@bank.example")
        ).one()
        cora.status = "SUSPENDED"
        session.add(directory.Group(name="New here"))
        session.commit()


def test_every_table_of_an_org_but_its_log_is_in_it(database: Database, org: Org) -> None:
    owned = {
        mapper.local_table.name
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, OrgOwned)
    }

    tables = json.loads(take(database, org))["tables"]

    assert tables.keys() == owned - {"log_events"}
    assert len(tables["users"]["rows"]) == 7


def test_every_column_is_of_a_kind_that_a_snapshot_can_check() -> None:
    columns = [column for model in models() for column in columns_of(table_of(model))]

    strange = [
        column
        for column in columns
        if not isinstance(column.type, Boolean | Integer | String | JSON)
    ]
    nowhere = [
        f"{column.table.name}.{column.name}"
        for column in columns
        if column.name.endswith("_pk") and not column.foreign_keys and "row_of" not in column.info
    ]
    assert strange == []
    # A key without a foreign key says in its `info` which table it means: {"row_of": …}.
    assert nowhere == []


def test_what_goes_to_another_org_refers_to_nothing_that_stays() -> None:
    issued = {table_of(model).name for model in models() if model.issued}

    assert {"api_tokens", "user_sessions", "signing_keys", "refresh_tokens"} <= issued
    for model in models():
        if not model.issued:
            assert {meant for _, meant, _ in references(table_of(model))} & issued == set()


def test_an_org_comes_back_as_it_was(database: Database, org: Org) -> None:
    before = take(database, org)
    make_a_mess(database, org)
    assert content(take(database, org)) != content(before)

    held = restore(database, org, before)

    assert content(take(database, org)) == content(before)
    assert held["users"] == 7


def test_restoring_twice_is_restoring_once(database: Database, org: Org) -> None:
    before = take(database, org)

    restore(database, org, before)
    restore(database, org, before)

    assert content(take(database, org)) == content(before)


def test_references_within_a_table_are_kept(database: Database, org: Org) -> None:
    with database.session(org) as session:
        family = ledger.Family(
            ledger.new_family_id(), "default", "0oa", None, (), "authorization_code", NOW, (), NOW
        )
        ledger.open_family(session, family)
        first = ledger.find_refresh(
            session, ledger.save_refresh(session, family, (), NOW + 60, NOW)
        )
        assert first is not None
        second = ledger.save_refresh(session, family, (), NOW + 60, NOW, follows=first)
        session.commit()
    before = take(database, org)

    restore(database, org, before)

    tokens = content(take(database, org))["refresh_tokens"]
    assert [row["predecessor_pk"] for row in tokens] == [None, tokens[0]["id"]]
    with database.session(org) as session:
        assert ledger.find_refresh(session, second) is not None


def test_the_change_counter_only_ever_rises(
    database: Database, org: Org, settings: Settings
) -> None:
    def counter() -> int:
        found = database.find_org("ada", settings.base_url)
        assert found is not None
        return found.changes

    steps = [counter()]
    before = take(database, org)
    steps.append(counter())
    make_a_mess(database, org)
    steps.append(counter())
    restore(database, org, before)
    steps.append(counter())
    restore(database, org, before)
    steps.append(counter())

    assert steps == sorted(set(steps))


def test_what_was_kept_in_memory_is_not_used_after_a_restore(
    database: Database, org: Org, settings: Settings
) -> None:
    with database.session(org) as session:
        client_id = session.scalars(
            select(apps.App.client_id).where(apps.App.label == "Bank Web")
        ).one()
    before = take(database, org)
    make_a_mess(database, org)
    messy = database.find_org("ada", settings.base_url)
    assert messy is not None
    with database.session(messy) as session:
        assert loaders.load_client(session, client_id) is None

    restore(database, org, before)

    now = database.find_org("ada", settings.base_url)
    assert now is not None
    with database.session(now) as session:
        assert loaders.load_client(session, client_id) is not None


def test_neighbours_notice_nothing(database: Database, org: Org, other: Org) -> None:
    theirs = content(take(database, other))
    before = take(database, org)

    restore(database, org, before)

    assert content(take(database, other)) == theirs


def test_the_log_is_neither_in_it_nor_touched_by_it(database: Database, org: Org) -> None:
    before = take(database, org)
    database.log.add(org.pk, log.LogEvent("user.session.start", "A person", published=NOW))
    database.log.flush()

    restore(database, org, before)

    with database.session(org) as session:
        assert session.scalar(select(func.count()).select_from(log.LogRow)) == 1


def api_token(database: Database, org: Org, value: str) -> ledger.ApiTokenUse | None:
    with database.session(org) as session:
        return ledger.find_api_token(session, value, NOW)


def new_api_token(database: Database, org: Org, login: str, name: str) -> tuple[str, str]:
    """The value and the id."""
    with database.session(org) as session:
        user = loaders.find_user(session, login)
        assert user is not None
        value = ledger.save_api_token(session, user.id, name, NOW)
        found = ledger.find_api_token(session, value, NOW)
        assert found is not None
        session.commit()
        return value, found.id


def test_tokens_made_since_are_unknown_but_the_callers(database: Database, org: Org) -> None:
    early, _ = new_api_token(database, org, "admin@grantlab.example", "Early")
    before = take(database, org)
    late, _ = new_api_token(database, org, "admin@grantlab.example", "Late")
    own, caller = new_api_token(database, org, "admin@grantlab.example", "Caller's")

    restore(database, org, before, caller=caller)

    assert api_token(database, org, early) is not None
    assert api_token(database, org, late) is None
    assert api_token(database, org, own) is not None


def test_the_token_of_a_caller_who_is_not_there_acts_as_the_super_admin(
    database: Database, org: Org
) -> None:
    before = take(database, org)
    with database.session(org) as session:
        later = directory.User(login="x@y.z", key="x@y.z", status="ACTIVE", profile={})
        session.add(later)
        session.flush()
        session.add(directory.RoleAssignment(type="SUPER_ADMIN", user_pk=later.pk))
        session.commit()
    value, caller = new_api_token(database, org, "x@y.z", "Later's")

    restore(database, org, before, caller=caller)

    found = api_token(database, org, value)
    assert found is not None
    with database.session(org) as session:
        acts_as = loaders.load_user(session, found.user_id)
        assert acts_as is not None
        assert acts_as.login == "admin@grantlab.example"


def test_somebody_elses_token_of_the_labs_name_does_not_stay(database: Database, org: Org) -> None:
    before = take(database, org)
    value, _ = new_api_token(database, org, "cora@bank.example", "The lab's own")

    restore(database, org, before)

    assert api_token(database, org, value) is None


def test_another_org_gets_the_content_and_nothing_that_was_issued(
    database: Database, settings: Settings, other: Org
) -> None:
    master, token = orgs.create_org(database, settings, subdomain="m", name="Master", now=NOW)
    room, own = orgs.create_org(database, settings, subdomain="room", name="Room", now=NOW)
    mine, _ = new_api_token(database, master, "admin@grantlab.example", "Mine")
    with database.session(master) as session:
        user = loaders.find_user(session, "cora@bank.example")
        assert user is not None
        cookie = ledger.start_session(session, user.id, amr=("pwd",), now=NOW, lifetime=60)
        session.add(directory.Group(name="Made by the trainer"))
        loaders.load_keys(session, "default", NOW)
        session.commit()
    document = take(database, master)

    restore(database, room, document)

    issued = {table_of(model).name for model in models() if model.issued}
    wanted = {name: rows for name, rows in content(document).items() if name not in issued}
    found = content(take(database, room))
    assert {name: rows for name, rows in found.items() if name not in issued} == wanted
    assert found["signing_keys"] == []
    assert api_token(database, room, own) is not None
    assert api_token(database, room, token) is None
    assert api_token(database, room, mine) is None
    with database.session(room) as session:
        assert ledger.find_session(session, cookie, NOW) is None
    again = database.find_org("room", settings.base_url)
    assert again is not None
    assert (again.id, again.name) == (room.id, "Room")


DAMAGES: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("empty", lambda text: b"", "cut off or no JSON"),
    ("cut off", lambda text: text[: len(text) // 2], "cut off or no JSON"),
    ("not text", lambda text: b"\xff\xfe" + text, "cut off or no JSON"),
    ("deep", lambda text: b"[" * 100_000, "cut off or no JSON"),
    ("another JSON", lambda text: b'{"users": []}', "no snapshot"),
    ("a list", lambda text: b"[1]", "no snapshot"),
    ("edited", lambda text: text.replace(b"Bank Web", b"Bank Wob"), "changed or damaged"),
    ("without its checksum", lambda text: text.replace(b"checksum", b"chicksum"), "changed"),
    ("of a newer format", lambda text: changed(text, lambda t: t.update(version=2)), "newer"),
    ("of a newer schema", lambda text: changed(text, lambda t: t.update(schema=99)), "newer"),
    ("of an older schema", lambda text: changed(text, lambda t: t.update(schema=1)), "another"),
    ("without a table", lambda text: changed(text, lambda t: t["tables"].pop("users")), "tables"),
    ("without an org", lambda text: changed(text, lambda t: t.pop("org")), "org"),
    (
        "with a clock of text",
        lambda text: changed(text, lambda t: t["org"].update(clockOffset="1")),
        "org",
    ),
    (
        "with a column more",
        lambda text: changed(text, lambda t: t["tables"]["users"]["columns"].append("x")),
        "users",
    ),
    (
        "with a row too short",
        lambda text: changed(text, lambda t: t["tables"]["users"]["rows"][0].pop()),
        "users",
    ),
    ("with a number for a name", lambda text: put(text, "apps", "label", 5), "apps.label"),
    ("with a text for a list", lambda text: put(text, "apps", "grant_types", "x"), "apps.grant"),
    ("with an object for a list", lambda text: put(text, "apps", "grant_types", {}), "apps.grant"),
    ("with nothing for a name", lambda text: put(text, "apps", "label", None), "apps.label"),
    ("with a name too long", lambda text: put(text, "apps", "label", "x" * 101), "apps.label"),
    ("with a NUL", lambda text: put(text, "apps", "label", "a\0"), "apps.label"),
    ("with a huge number", lambda text: put(text, "users", "created", 1 << 70), "users.created"),
    ("with a yes for a number", lambda text: put(text, "users", "created", True), "users.created"),
    ("with a loose reference", lambda text: put(text, "rules", "policy_pk", 10**6), "rules.policy"),
    ("with one key twice", lambda text: put(text, "apps", "pk", 10**6, rows=2), "apps.pk"),
    ("with one login twice", lambda text: put(text, "users", "key", "a@b.c", rows=2), "both"),
    (
        "without an admin",
        lambda text: put(text, "users", "status", "SUSPENDED", rows=9),
        "super admin",
    ),
]


def put(text: bytes, table: str, column: str, value: object, *, rows: int = 1) -> bytes:
    def change(tree: Document) -> None:
        part = tree["tables"][table]
        for row in part["rows"][:rows]:
            row[part["columns"].index(column)] = value

    return changed(text, change)


@pytest.mark.parametrize(("kind", "damage", "words"), DAMAGES, ids=[each[0] for each in DAMAGES])
def test_a_document_that_is_not_whole_changes_nothing(
    database: Database, org: Org, kind: str, damage: Callable[[bytes], bytes], words: str
) -> None:
    document = take(database, org)
    make_a_mess(database, org)
    before = content(take(database, org))

    with pytest.raises(SnapshotRefused) as caught:
        restore(database, org, damage(document))

    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert "; " in message
    assert content(take(database, org)) == before


def test_lone_surrogates_are_no_text(database: Database, org: Org) -> None:
    document = take(database, org).replace(b"Bank Web", b"Bank \\ud800")

    with pytest.raises(SnapshotRefused):
        snapshots.read(document)


def test_a_reset_org_is_as_first_seeded(database: Database, org: Org, settings: Settings) -> None:
    first = content(take(database, org))
    make_a_mess(database, org)
    ahead = replace(org, clock_offset=3600)
    with database.session(ahead) as session:
        session.scalars(select(orgs.Org)).one().clock_offset = 3600
        loaders.load_keys(session, "default", NOW)
        session.commit()

    with database.session(ahead) as session:
        snapshots.reset(session, settings, NOW)
        session.commit()

    again = database.find_org("ada", settings.base_url)
    assert again is not None
    assert (again.id, again.pk, again.clock_offset) == (org.id, org.pk, 0)
    second = content(take(database, again))
    for name, field in (("users", "login"), ("apps", "label"), ("groups", "name")):
        assert sorted(row[field] for row in second[name]) == sorted(
            row[field] for row in first[name]
        )
    assert {row["created"] for row in second["users"]} == {NOW}
    assert second["signing_keys"] == []


def test_an_org_without_a_world_is_reset_to_one_without(
    database: Database, settings: Settings
) -> None:
    bare, token = orgs.create_org(
        database, settings, subdomain="bare", name="Bare", now=NOW, world=False
    )
    with database.session(bare) as session:
        session.add(directory.Group(name="New here"))
        session.commit()

    with database.session(bare) as session:
        snapshots.reset(session, settings, NOW)
        session.commit()

    held = content(take(database, bare))
    assert len(held["users"]) == 1
    assert [row["name"] for row in held["groups"]] == ["Everyone"]
    assert api_token(database, bare, token) is not None


def test_a_large_org_is_taken_and_restored_in_seconds(database: Database, org: Org) -> None:
    with database.session(org) as session:
        people = [
            directory.User(login=f"u{n}@x.y", key=f"u{n}@x.y", status="ACTIVE", profile={"n": n})
            for n in range(10_000)
        ]
        session.add_all(people)
        session.commit()

    started = time.monotonic()
    document = take(database, org)
    held = restore(database, org, document)

    assert held["users"] == 10_007
    # Measured: under two seconds. Whatever grows with the square of the rows takes minutes.
    assert time.monotonic() - started < 20
