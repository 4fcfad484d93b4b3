"""The outbox: what would have been sent lies there, for the super admin alone."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.conftest import Lab
from tests.speaking import done, find_person

OUTBOX = "/lab/outbox"


def text_to(admin: httpx.Client, name: str) -> str:
    """The id of a person to whom a code was just sent."""
    person = find_person(admin, name)
    profile = {"phoneNumber": "+1-555-415-1337"}
    body = {"factorType": "sms", "provider": "OKTA", "profile": profile}
    done(admin.post(f"/api/v1/users/{person.id}/factors", json=body))
    return person.id


def test_messages_are_listed_newest_first(admin: httpx.Client) -> None:
    cora, tom = text_to(admin, "cora"), text_to(admin, "tom")

    answer = admin.get(OUTBOX)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert [message["userId"] for message in answer.json()] == [tom, cora]
    first = answer.json()[0]
    assert set(first) == {"id", "created", "channel", "to", "userId", "text", "code"}
    assert (first["channel"], first["to"]) == ("SMS", "+15554151337")
    assert first["code"] in first["text"]


def test_messages_to_one_person_are_found_by_id_or_login(admin: httpx.Client) -> None:
    cora = text_to(admin, "cora")
    text_to(admin, "tom")

    by_id = done(admin.get(OUTBOX, params={"userId": cora}))
    by_login = done(admin.get(OUTBOX, params={"userId": "cora@bank.example"}))
    to_nobody = done(admin.get(OUTBOX, params={"userId": "00uNobody"}))

    assert [message["userId"] for message in by_id] == [cora]
    assert by_login == by_id
    assert to_nobody == []


def test_the_outbox_is_emptied_for_one_person_or_for_all(admin: httpx.Client) -> None:
    cora, tom = text_to(admin, "cora"), text_to(admin, "tom")

    one = admin.delete(OUTBOX, params={"userId": cora})
    left = [message["userId"] for message in done(admin.get(OUTBOX))]
    rest = admin.delete(OUTBOX)

    assert (one.status_code, one.content) == (204, b"")
    assert left == [tom]
    assert rest.status_code == 204
    assert done(admin.get(OUTBOX)) == []


def test_nobody_but_the_super_admin_reads_it(admin: httpx.Client, http: httpx.Client) -> None:
    person = find_person(admin, "sam")
    done(admin.post(f"/api/v1/users/{person.id}/roles", json={"type": "ORG_ADMIN"}))
    made = done(admin.post("/api/v1/api-tokens", json={"name": "Org", "userId": person.id}))
    headers = {"Authorization": f"SSWS {made['token']}"}

    assert http.get(OUTBOX).status_code == 401
    assert http.get(OUTBOX, headers=headers).status_code == 403
    assert http.delete(OUTBOX, headers=headers).status_code == 403


def test_one_orgs_messages_are_not_in_anothers_outbox(
    admin: httpx.Client, new_lab: Callable[[], Lab]
) -> None:
    cora = text_to(admin, "cora")
    other = new_lab()
    headers = {"Authorization": f"SSWS {other.token}"}

    theirs = httpx.get(f"{other.url}{OUTBOX}", headers=headers, params={"userId": cora})
    httpx.delete(f"{other.url}{OUTBOX}", headers=headers)

    assert theirs.json() == []
    assert len(done(admin.get(OUTBOX))) == 1
