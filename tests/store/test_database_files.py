"""The database file: made privately, found whole, and refused in one line when it is not."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from labserver.domain.values import Org
from labserver.settings import Settings
from labserver.store import ledger, orgs
from labserver.store.database import Database, DatabaseUnusable, open_database

NOW = 1_800_000_000


def refusal(url: str) -> str:
    with pytest.raises(DatabaseUnusable) as caught:
        open_database(url)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_file_and_side_files_are_for_their_owner_only(
    database: Database, org: Org, tmp_path: Path
) -> None:
    files = sorted(path for path in tmp_path.iterdir() if path.name.startswith("lab.db"))

    assert [path.name for path in files] == ["lab.db", "lab.db-shm", "lab.db-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_what_was_committed_is_there_after_opening_again(settings: Settings) -> None:
    first = open_database(settings.database)
    made, token = orgs.create_org(first, settings, subdomain="ada", name="Ada's", now=NOW)
    first.close()

    second = open_database(settings.database)
    again = second.find_org("ada", settings.base_url)

    assert again == made
    assert again is not None
    with second.session(again) as session:
        assert ledger.find_api_token(session, token, NOW) is not None
    assert second.secret == first.secret
    second.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgres://localhost/lab", "'postgres' is unknown"),
        ("mysql+pymysql://localhost/lab", "'mysql+pymysql' is unknown"),
        ("lab.db", "is no database URL"),
        ("", "is no database URL"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("sqlite:////no/such/folder/lab.db", "folder of the database /no/such/folder/lab.db"),
    ],
)
def test_a_url_that_cannot_be_used_is_named_with_the_cure(url: str, words: str) -> None:
    message = refusal(url)

    assert words in message
    assert "sqlite:///lab.db" in message or "make it or choose another" in message


def test_a_url_with_a_password_in_it_is_not_repeated() -> None:
    assert "hunter2" not in refusal("postgres://ada:hunter2@localhost/lab")


def test_a_folder_is_not_a_database(tmp_path: Path) -> None:
    assert "is not a file" in refusal(f"sqlite:///{tmp_path}")


def test_another_kind_of_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Buy milk, and also bread, and something else.")

    assert "is not a database of grantlab" in refusal(f"sqlite:///{file}")

    assert file.read_text() == "Buy milk, and also bread, and something else."
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()

    assert "is not a database of grantlab" in refusal(f"sqlite:///{file}")

    connection = sqlite3.connect(file)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    connection.close()
    assert tables == ["songs"]


@pytest.mark.parametrize("damage", ["middle", "truncated"])
def test_a_damaged_database_is_noticed_at_the_start_and_left_alone(
    settings: Settings, tmp_path: Path, damage: str
) -> None:
    opened = open_database(settings.database)
    orgs.create_org(opened, settings, subdomain="ada", name="Ada's", now=NOW)
    opened.close()
    file = tmp_path / "lab.db"
    content = bytearray(file.read_bytes())
    if damage == "middle":
        content[4096:12288] = b"\xaa" * 8192
    else:
        del content[len(content) // 2 :]
    file.write_bytes(content)

    assert "is damaged" in refusal(settings.database)

    assert file.read_bytes() == bytes(content)


def test_an_empty_file_becomes_a_database(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "lab.db").touch(0o600)

    open_database(settings.database).close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_database_is_noticed_at_the_start(settings: Settings, tmp_path: Path) -> None:
    open_database(settings.database).close()
    (tmp_path / "lab.db").chmod(0o400)

    assert "can't be written" in refusal(settings.database)


def test_a_database_of_another_version_is_named(settings: Settings, tmp_path: Path) -> None:
    open_database(settings.database).close()
    with sqlite3.connect(tmp_path / "lab.db") as connection:
        connection.execute("UPDATE installation SET version = 99")
    connection.close()

    assert "another version of grantlab (99" in refusal(settings.database)


def test_servers_that_start_at_once_make_one_schema(
    settings: Settings,
    make_key: Callable[[], RSAKey],
    at_once: Callable[[int, Callable[[], str]], list[str]],
) -> None:
    def start() -> str:
        opened = open_database(settings.database, make_key=make_key)
        opened.close()
        return opened.secret

    assert len(set(at_once(8, start))) == 1


def test_an_unknown_org_is_none(database: Database) -> None:
    assert database.find_org("nobody", "http://127.0.0.1:8080") is None


def test_the_root_orgs_url_is_the_base_url(database: Database, settings: Settings) -> None:
    root, _ = orgs.create_org(database, settings, subdomain="", name="Root", now=NOW)
    child, _ = orgs.create_org(database, settings, subdomain="ada", name="Ada's", now=NOW)

    assert root.url == settings.base_url
    assert child.url == f"{settings.base_url}/orgs/ada"
