"""Databases of earlier versions: brought up to date at the first opening, or left as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from labserver import Settings, create_app
from labserver.store import migrations
from labserver.store.database import DatabaseUnusable, open_database
from labserver.store.files import VERSION
from labserver.store.ledger import digest

NOW = 1_800_000_000
TOKEN = "00token-of-version-1"
VERSION_1 = Path(__file__).with_name("version_1.sql").read_text()
ROWS = f"""
    INSERT INTO installation VALUES (1, 1, '{"5e" * 32}');
    INSERT INTO orgs VALUES (1, '00oRoot', '', 'Root', 7, 60, 0, {NOW}, {NOW});
    INSERT INTO orgs VALUES (2, '00oBare', 'bare', 'Bare', 1, 0, 0, {NOW}, {NOW});
    INSERT INTO users (pk, login, key, status, profile, password_hash, failed_sign_ins, org_id, id,
                       created, updated)
        VALUES (1, 'admin@grantlab.example', 'admin@grantlab.example', 'ACTIVE',
                '{{"login": "admin@grantlab.example"}}', 'hash', 0, 1, '00uAdmin', 1, 1);
    INSERT INTO groups (pk, name, type, membership_updated, org_id, id, created, updated)
        VALUES (1, 'Everyone', 'BUILT_IN', 0, 1, '00gEveryone', 1, 1);
    INSERT INTO role_assignments (pk, type, user_pk, org_id, id, created, updated)
        VALUES (1, 'SUPER_ADMIN', 1, 1, 'ra1', 1, 1), (2, 'USER_ADMIN', 1, 1, 'ra2', 1, 1);
    INSERT INTO role_targets (pk, role_pk, group_pk, org_id, id) VALUES (1, 2, 1, 1, 'rat1');
    INSERT INTO apps (pk, client_id, name, label, status, application_type, auth_method,
                      pkce_required, redirect_uris, post_logout_redirect_uris, response_types,
                      grant_types, consent_method, rotation_type, refresh_leeway, dpop_bound,
                      profile, more, org_id, id, created, updated)
        VALUES (1, '0oaApp', 'oidc_client', 'Old', 'ACTIVE', 'web', 'client_secret_basic', 1,
                '[]', '[]', '[]', '[]', 'TRUSTED', 'STATIC', 30, 0, '{{}}', '{{}}', 1, '0oaApp',
                1, 1);
    INSERT INTO api_tokens (pk, hash, name, user_pk, last_used, org_id, id, created, updated)
        VALUES (1, '{digest(TOKEN)}', 'Mine', 1, {NOW}, 1, '00TMine', 1, 1);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database that a version-1 server made and used."""
    file = tmp_path / "old.db"
    connection = sqlite3.connect(file)
    connection.executescript(VERSION_1 + ROWS)
    connection.close()
    return file


def shape_of(file: Path) -> dict[str, Any]:
    """Tables with their columns and foreign keys, and the indexes, as SQLite tells them."""
    connection = sqlite3.connect(file)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    shape = {}
    for (name,) in tables:
        if name.startswith("sqlite_"):
            continue
        shape[name] = (
            # Name, type, NOT NULL, place in the primary key: all but the order and the default.
            sorted(
                (c[1], c[2], c[3], c[5]) for c in connection.execute(f"PRAGMA table_info({name})")
            ),
            sorted(c[2:] for c in connection.execute(f"PRAGMA foreign_key_list({name})")),
            sorted(c[1:] for c in connection.execute(f"PRAGMA index_list({name})")),
        )
    connection.close()
    return shape


def test_a_database_of_version_1_becomes_like_a_fresh_one(old: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.db"

    for file in (old, fresh):
        open_database(f"sqlite:///{file}").close()

    upgraded, wanted = shape_of(old), shape_of(fresh)
    different = [name for name in wanted if upgraded.get(name) != wanted[name]]
    # Write a step in store/migrations.py for a new column of a table that is named here.
    assert [(name, upgraded.get(name), wanted[name]) for name in different] == []
    assert upgraded.keys() == wanted.keys()


def test_what_it_held_works_on_with_todays_server(
    old: Path, make_key: Callable[[], RSAKey]
) -> None:
    settings = Settings(
        "http://127.0.0.1:9",
        f"sqlite:///{old}",
        "another-token",
        clock=lambda: NOW,
        make_key=make_key,
    )
    app = create_app(settings)
    headers = {"Authorization": f"SSWS {TOKEN}"}

    with app.test_client() as client:
        users = client.get("/api/v1/users", headers=headers)
        made = client.post(
            "/api/v1/authorizationServers",
            headers=headers,
            json={"name": "New", "description": "New", "audiences": ["api://new"]},
        )
        keys = client.get("/oauth2/v1/keys")

    database = app.extensions["labserver"][1]
    org = database.find_org("", settings.base_url)
    database.close()
    assert [user["id"] for user in users.get_json()] == ["00uAdmin"]
    assert made.status_code == 201
    assert len(keys.get_json()["keys"]) == 2
    assert (org.id, org.clock_offset) == ("00oRoot", 60)
    assert org.changes > 7
    assert database.secret == "5e" * 32


def test_earlier_orgs_are_taken_as_seeded_by_what_they_hold(old: Path) -> None:
    open_database(f"sqlite:///{old}").close()

    connection = sqlite3.connect(old)
    seeded = connection.execute("SELECT slug, with_world, with_passwords FROM orgs").fetchall()
    connection.close()
    assert seeded == [("", 1, 1), ("bare", 0, 0)]


def test_a_role_with_targets_was_limited_before_it_was_noted(old: Path) -> None:
    open_database(f"sqlite:///{old}").close()

    connection = sqlite3.connect(old)
    limited = connection.execute("SELECT id, limited FROM role_assignments").fetchall()
    connection.close()
    assert limited == [("ra1", 0), ("ra2", 1)]


def test_a_step_that_fails_leaves_the_database_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shape_of(old)

    half = ("ALTER TABLE orgs ADD COLUMN half INTEGER", "INSERT INTO nothing VALUES (1)")
    monkeypatch.setitem(migrations.STEPS, VERSION, half)

    with pytest.raises(DatabaseUnusable) as caught:
        open_database(f"sqlite:///{old}")

    message = str(caught.value)
    assert "\n" not in message
    assert str(old) in message
    assert f"from version 1 to {VERSION}" in message
    assert shape_of(old) == before
    monkeypatch.undo()
    open_database(f"sqlite:///{old}").close()


def test_a_newer_database_is_left_alone(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute("UPDATE installation SET version = ?", (VERSION + 1,))
    connection.commit()
    connection.close()
    before = shape_of(old)

    with pytest.raises(DatabaseUnusable, match="another version"):
        open_database(f"sqlite:///{old}")

    assert shape_of(old) == before


def test_of_two_servers_that_start_at_once_one_brings_it_up_to_date(
    old: Path, at_once: Callable[[int, Callable[[], str]], list[str]]
) -> None:
    def start() -> str:
        database = open_database(f"sqlite:///{old}")
        database.close()
        return database.secret

    assert at_once(4, start) == ["5e" * 32] * 4


def test_every_version_has_its_step() -> None:
    assert sorted(migrations.STEPS) == list(range(2, VERSION + 1))
