"""Signing keys that rotate by themselves when their time has come, by the org's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    done,
    events_of,
    header_of,
    move_clock,
    tokens_for,
    verified,
)

SERVER = "/api/v1/authorizationServers/default"
DAY = 24 * 3600
PERIOD = 90 * DAY


def signing(admin: httpx.Client) -> dict[str, Any]:
    """What the server's document says of its keys."""
    found: dict[str, Any] = done(admin.get(SERVER))["credentials"]["signing"]
    return found


def seconds(date: str) -> float:
    """A date of the API, since the epoch."""
    return datetime.fromisoformat(date).timestamp()


def kid_of(http: httpx.Client, issuer: Issuer, app: App, person: Person) -> str:
    """The key that an ID token of this moment is signed with."""
    kid: str = header_of(tokens_for(http, issuer, app, person)["id_token"])["kid"]
    return kid


def states(admin: httpx.Client) -> dict[str, str]:
    """The state of each key of the custom server."""
    return {key["kid"]: key["status"] for key in done(admin.get(f"{SERVER}/credentials/keys"))}


def rollovers(admin: httpx.Client, kind: str = "oauth2.as") -> list[dict[str, Any]]:
    """The log events of rotations so far."""
    query = {"filter": f'eventType eq "app.{kind}.key.rollover"'}
    found: list[dict[str, Any]] = done(admin.get("/api/v1/logs", params=query))
    return found


def set_mode(admin: httpx.Client, mode: str) -> None:
    """The custom server rotates by itself (AUTO), or when asked (MANUAL)."""
    document = done(admin.get(SERVER))
    document["credentials"]["signing"]["rotationMode"] = mode
    done(admin.put(SERVER, json=document))


def test_the_next_rotation_is_announced_ninety_days_ahead(admin: httpx.Client) -> None:
    shown = signing(admin)

    assert shown["rotationMode"] == "AUTO"
    assert seconds(shown["nextRotation"]) - seconds(shown["lastRotated"]) == PERIOD


def test_when_it_is_due_the_next_key_signs(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    before = kid_of(http, issuer, web, cora)
    move_clock(admin, PERIOD - 600)
    shortly_before = kid_of(http, issuer, web, cora)
    announced = {key["kid"] for key in done(http.get(issuer.at("keys")))["keys"]} - {before}

    move_clock(admin, 600)
    after = kid_of(http, issuer, web, cora)

    assert shortly_before == before
    assert {after} == announced


def test_the_document_and_the_keys_show_what_happened(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    old = kid_of(http, custom, web, cora)
    (following,) = [kid for kid, state in states(admin).items() if state == "NEXT"]
    move_clock(admin, PERIOD)

    shown = signing(admin)

    assert shown["kid"] == following
    assert seconds(shown["nextRotation"]) - seconds(shown["lastRotated"]) == PERIOD
    assert seconds(shown["lastRotated"]) == pytest.approx(admin.get("/lab/clock").json()["now"], 60)
    after = states(admin)
    assert (after[following], after[old]) == ("ACTIVE", "EXPIRED")
    assert sorted(after.values()) == ["ACTIVE", "EXPIRED", "NEXT"]


def test_the_old_key_is_published_as_long_as_its_tokens_may_live(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    token = tokens_for(http, issuer, web, cora)["id_token"]
    old = header_of(token)["kid"]
    move_clock(admin, PERIOD)
    kid_of(http, issuer, web, cora)

    claims = verified(http, issuer, token, web.id)
    move_clock(admin, DAY)
    later = {key["kid"] for key in done(http.get(issuer.at("keys")))["keys"]}

    assert claims["sub"] == cora.id
    assert old not in later
    assert len(later) == 2


def test_published_keys_alone_make_it_happen(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer
) -> None:
    before = [key["kid"] for key in done(http.get(issuer.at("keys")))["keys"]]
    move_clock(admin, PERIOD)

    after = [key["kid"] for key in done(http.get(issuer.at("keys")))["keys"]]

    assert after[0] == before[1]
    assert after[2] == before[0]


def test_it_happens_once_and_leaves_an_event(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    kid_of(http, custom, web, cora)
    move_clock(admin, PERIOD)

    seen = {kid_of(http, custom, web, cora) for _ in range(3)} | {signing(admin)["kid"]}

    (event,) = rollovers(admin)
    assert len(seen) == 1
    assert event["target"][0]["id"] == "default"
    assert event["outcome"]["result"] == "SUCCESS"


def test_the_org_server_rotates_without_being_asked(
    http: httpx.Client, admin: httpx.Client, org: Issuer, web: App, cora: Person, lab: Any
) -> None:
    before = kid_of(http, org, web, cora)
    move_clock(admin, PERIOD)

    after = kid_of(http, org, web, cora)

    (event,) = rollovers(admin, "oauth2")
    assert before != after
    assert event["target"][0]["id"] == lab.id
    assert rollovers(admin) == []


def test_each_period_brings_another_key(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    seen = [kid_of(http, custom, web, cora)]
    for _ in range(3):
        move_clock(admin, PERIOD)
        seen.append(kid_of(http, custom, web, cora))

    assert len(set(seen)) == 4


def test_a_server_that_rests_for_years_rotates_once_when_it_is_needed_again(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    kid_of(http, custom, web, cora)
    move_clock(admin, 9 * PERIOD)

    kid_of(http, custom, web, cora)

    assert len(rollovers(admin)) == 1


def test_a_manual_server_rotates_by_the_call_alone(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    set_mode(admin, "MANUAL")
    before = kid_of(http, custom, web, cora)
    move_clock(admin, 4 * PERIOD)

    rested = kid_of(http, custom, web, cora)
    shown = signing(admin)
    answer = admin.post(f"{SERVER}/credentials/lifecycle/keyRotate", json={"use": "sig"})

    assert rested == before
    assert "nextRotation" not in shown
    assert kid_of(http, custom, web, cora) != before
    assert [event["eventType"] for event in events_of(admin, answer)] == [
        "app.oauth2.as.key.rollover"
    ]


def test_a_rotation_by_hand_starts_the_period_again(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    move_clock(admin, PERIOD - DAY)
    done(admin.post(f"{SERVER}/credentials/lifecycle/keyRotate", json={"use": "sig"}))
    by_hand = kid_of(http, custom, web, cora)
    move_clock(admin, PERIOD - DAY)
    still = kid_of(http, custom, web, cora)
    move_clock(admin, DAY)

    assert still == by_hand
    assert kid_of(http, custom, web, cora) != by_hand


def test_a_server_that_becomes_auto_when_it_is_overdue_rotates_at_once(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    set_mode(admin, "MANUAL")
    before = kid_of(http, custom, web, cora)
    move_clock(admin, 2 * PERIOD)
    set_mode(admin, "AUTO")

    assert kid_of(http, custom, web, cora) != before


def test_a_server_that_is_switched_off_keeps_its_keys(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    before = kid_of(http, custom, web, cora)
    done(admin.post(f"{SERVER}/lifecycle/deactivate"))
    move_clock(admin, 2 * PERIOD)

    assert signing(admin)["kid"] == before
    assert rollovers(admin) == []
