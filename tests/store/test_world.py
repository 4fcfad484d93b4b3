"""World files: what is right is read, what is wrong names file, line, field and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from labserver.domain.expressions import parse
from labserver.domain.values import Org
from labserver.settings import Settings
from labserver.store import orgs, seed
from labserver.store.database import Database
from labserver.store.loaders import find_user
from labserver.store.world import BANK, WorldError, load_world

NOW = 1_800_000_000
GOOD = """\
password: Open-Sesame-2026
groups:
  - profile: {name: Readers}
users:
  - profile: {login: rosa@books.example, email: rosa@books.example, firstName: Rosa, lastName: Ink}
    groups: [Readers]
    roles:
      - {type: USER_ADMIN, targets: {groups: [Readers]}}
apps:
  - label: Reading Room
    settings:
      oauthClient:
        application_type: web
        grant_types: [authorization_code]
        response_types: [code]
        redirect_uris: [http://127.0.0.1:8765/callback]
        refresh_token: {rotation_type: STATIC, leeway: 30}
    groups: [Readers]
authorizationServers:
  - name: Books
    audiences: [api://books]
    scopes:
      - {name: "books:read"}
    claims:
      - {name: city, claimType: RESOURCE, value: user.city, conditions: {scopes: ["books:read"]}}
    policies:
      - name: Readers
        description: Who reads
        conditions: {clients: {include: [Reading Room]}}
        rules:
          - name: Read
            conditions:
              people: {groups: {include: [Readers]}}
              grantTypes: {include: [authorization_code]}
              scopes: {include: [openid, "books:read"]}
            actions: {token: {accessTokenLifetimeMinutes: 30}}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "books.yaml"
    file.write_text(text, "utf-8")
    return file


def test_a_trainers_own_world_is_planted_in_each_org(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    from dataclasses import replace

    own = replace(settings, world=written(tmp_path, GOOD))

    org, _ = orgs.create_org(database, own, subdomain="books", name="Books", now=NOW)

    with database.session(org) as session:
        rosa = find_user(session, "rosa@books.example")
        assert rosa is not None
        assert [group.name for group in rosa.groups] == ["Everyone", "Readers"]
        assert find_user(session, "cora@bank.example") is None


@pytest.mark.parametrize(
    ("before", "after", "line", "field", "words"),
    [
        ("leeway: 30", "leeway: 61", 17, "leeway", "less than or equal to 60"),
        ("leeway: 30", "leeway: soon", 17, "leeway", "valid integer"),
        ("lastName: Ink", "lastname: Ink", 5, "users[0].profile.lastName", "missing; add it"),
        (
            "    groups: [Readers]\n    roles",
            "    group: [Readers]\n    roles",
            6,
            "users[0].group",
            "no such field",
        ),
        (
            "groups: [Readers]\nauth",
            "groups: [Writers]\nauth",
            18,
            "apps[0].groups[0]",
            "there is: Readers",
        ),
        (
            "targets: {groups: [Readers]}",
            "targets: {groups: [W]}",
            8,
            "targets.groups[0]",
            "Readers",
        ),
        ("include: [Reading Room]", "include: [Reading]", 29, "clients.include[0]", "Reading Room"),
        (
            'include: [openid, "books:read"]',
            "include: [books]",
            35,
            "scopes.include[0]",
            "books:read",
        ),
        ("type: USER_ADMIN", "type: USER_BOSS", 8, "users[0].roles[0].type", "SUPER_ADMIN"),
        ("audiences: [api://books]", "audiences: []", 21, "audiences", "at least 1"),
        (
            "Minutes: 30",
            "Minutes: 4",
            36,
            "accessTokenLifetimeMinutes",
            "greater than or equal to 5",
        ),
        ('name: "books:read"', "name: openid", 23, "scopes[0].name", "reserved"),
        ("name: Readers}", "name: Everyone}", 3, "groups[0].profile", "remove it"),
        ("name: Books", "name: default", 20, "authorizationServers[0].name", "choose another"),
        ("value: user.city", "value: 'user.city +'", 25, "claims[0].value", "can't be read"),
        ("password:", "passwort:", 1, "passwort", "remove it or mend its name"),
        ("groups:\n  - profile", "groups:\n - - profile", 3, "groups[0]", ""),
    ],
)
def test_a_mistake_names_file_line_field_and_cure(
    tmp_path: Path, before: str, after: str, line: int, field: str, words: str
) -> None:
    assert before in GOOD
    file = written(tmp_path, GOOD.replace(before, after, 1))

    with pytest.raises(WorldError) as caught:
        load_world(file)

    message = str(caught.value)
    assert message.startswith(f"{file}, line {line}: ")
    assert field in caught.value.field
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("users: [", "no YAML"),
        ("users:\n  - a\n b: c", "no YAML"),
        ("password: a\npassword: b", "no YAML"),
        ("", "dictionary"),
        ("just text", "dictionary"),
        ("- a", "dictionary"),
        ("password: \x00", "no YAML"),
    ],
)
def test_what_is_no_world_is_said_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    file = written(tmp_path, text)

    with pytest.raises(WorldError, match="books.yaml") as caught:
        load_world(file)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.yaml"
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\xfa")

    for file, words in ((missing, "can't be read"), (binary, "UTF-8"), (tmp_path, "can't be read")):
        with pytest.raises(WorldError, match=words):
            load_world(file)


def test_a_bad_world_stops_the_start_and_leaves_the_database_without_orgs(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    from dataclasses import replace

    with pytest.raises(WorldError):
        seed.prepare(database, replace(settings, world=written(tmp_path, "users: 3")))

    assert orgs.list_orgs(database) == []


def test_the_banks_expressions_can_be_read() -> None:
    for server in load_world().authorization_servers:
        for claim in server.claims:
            if claim.value_type == "EXPRESSION":
                parse(claim.value)


def test_a_file_may_be_checked_by_its_bundled_copy(tmp_path: Path, org: Org) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_bytes(BANK.read_bytes())

    assert load_world(copy) == load_world()
