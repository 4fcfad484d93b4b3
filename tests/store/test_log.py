"""Log events: late by a moment at most, all there, in order, page by page."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from labserver.domain.reasons import Check, Step
from labserver.domain.values import Org
from labserver.store import log, orgs
from labserver.store.database import Database
from labserver.store.log import COLUMNS, LogEvent, read_log

NOW = 1_800_000_000
EVENT = LogEvent(
    "app.oauth2.as.token.grant.access_token",
    "OAuth2 access token is granted",
    actor={"id": "0oa1", "type": "PublicClientApp", "alternateId": "0oa1", "displayName": "Job"},
    client={"ipAddress": "127.0.0.1", "userAgent": "tests"},
    targets=({"id": "aus1", "type": "AuthorizationServer"},),
    transaction_id="request-1",
    published=NOW + 0.5,
    checks=(Check("client", "passed"), Step("00p1", "P", "0pr1", "R", "")),
)


def put(database: Database, org: Org, *events: LogEvent) -> None:
    for event in events:
        database.log.add(org.pk, event)
    database.log.flush()


def messages(database: Database, org: Org, **query: Any) -> list[str]:
    with database.session(org) as session:
        return [row.display_message for row in read_log(session, **query).events]


def test_an_event_is_written_without_anybody_asking(
    database: Database, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = threading.Event()
    insert = database.log._insert

    def note(events: Any) -> None:
        insert(events)
        written.set()

    monkeypatch.setattr(database.log, "_insert", note)

    database.log.add(org.pk, EVENT)

    assert written.wait(5)
    assert messages(database, org) == ["OAuth2 access token is granted"]


def test_an_event_rests_with_its_reasons_rendered(database: Database, org: Org) -> None:
    put(database, org, EVENT)

    with database.session(org) as session:
        (row,) = read_log(session).events

    assert row.published == (NOW * 1000) + 500
    assert (row.outcome, row.severity, row.actor_id) == ("SUCCESS", "INFO", "0oa1")
    assert row.document["target"] == [{"id": "aus1", "type": "AuthorizationServer"}]
    assert row.document["client"]["ipAddress"] == "127.0.0.1"
    assert row.document["reasons"][0] == {"check": "client", "result": "passed", "detail": ""}
    assert row.document["reasons"][1]["ruleId"] == "0pr1"


def test_a_full_buffer_is_written_by_the_one_who_fills_it(
    database: Database, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "FULL", 3)
    monkeypatch.setattr(log, "INTERVAL", 3600)

    for _ in range(3):
        database.log.add(org.pk, EVENT)

    assert len(messages(database, org)) == 3


def test_closing_writes_what_is_left(
    database: Database, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.log.add(org.pk, EVENT)

    database.log.close()

    assert len(messages(database, org)) == 1


def test_events_of_an_org_that_was_deleted_do_not_stop_the_others(
    database: Database, org: Org, other: Org
) -> None:
    orgs.delete_org(database, other.id)

    for each in (other, org):
        database.log.add(each.pk, EVENT)
    database.log.flush()

    assert len(messages(database, org)) == 1


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("transaction.id", "request-2"),
        ("eventType", "user.session.start"),
        ("actor.id", "00u2"),
        ("outcome.result", "DENY"),
        ("severity", "WARN"),
    ],
)
def test_events_are_found_by_what_a_filter_names(
    database: Database, org: Org, attribute: str, value: str
) -> None:
    sought = LogEvent(
        "user.session.start",
        "sought",
        "DENY",
        actor={"id": "00u2"},
        transaction_id="request-2",
        published=NOW,
    )
    put(database, org, EVENT, sought, EVENT)

    assert messages(database, org, condition=COLUMNS[attribute] == value) == ["sought"]


def test_since_is_included_and_until_is_not(database: Database, org: Org) -> None:
    put(
        database,
        org,
        *(replace(EVENT, display_message=str(n), published=NOW + n) for n in range(4)),
    )

    found = messages(database, org, since=(NOW + 1) * 1000, until=(NOW + 3) * 1000)

    assert found == ["1", "2"]


@pytest.mark.parametrize(
    ("q", "found"), [("granted", 1), ("GRANTED job", 1), ("granted nobody", 0), ("100%", 0)]
)
def test_every_word_that_is_searched_must_be_there(
    database: Database, org: Org, q: str, found: int
) -> None:
    put(database, org, EVENT)

    assert len(messages(database, org, q=q)) == found


@pytest.mark.parametrize("descending", [False, True])
def test_pages_show_every_event_once(database: Database, org: Org, descending: bool) -> None:
    put(database, org, *(replace(EVENT, display_message=str(n)) for n in range(7)))
    seen, after, more = [], None, True

    while more:
        with database.session(org) as session:
            page = read_log(session, limit=3, after=after, descending=descending)
        seen += [row.display_message for row in page.events]
        after, more = page.after, page.more

    assert seen == sorted(map(str, range(7)), reverse=descending)


def test_an_empty_page_keeps_its_place(database: Database, org: Org) -> None:
    put(database, org, EVENT)
    with database.session(org) as session:
        after = read_log(session).after

        page = read_log(session, after=after)

    assert page.events == ()
    assert page.after == after


@pytest.mark.parametrize(
    "cursor", ["", "x", "bG9nOi0x", "bG9nOmFi", "ü", "bG9nOjk5OTk5OTk5OTk5OTk5OTk5OTk5"]
)
def test_a_cursor_of_ones_own_is_refused(database: Database, org: Org, cursor: str) -> None:
    with database.session(org) as session, pytest.raises(log.BadCursor):
        read_log(session, after=cursor)
