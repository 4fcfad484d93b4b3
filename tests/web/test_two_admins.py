"""Two administrators edit the same thing: whoever sends the version they saw loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.speaking import (
    add_claim,
    add_policy,
    add_rule,
    add_scope,
    add_server,
    assign,
    done,
    find_person,
    reasons_of,
    register_app,
)

SERVERS = "/api/v1/authorizationServers"
Json = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """Where a document is, and how it reads with another text in it."""

    path: str
    with_text: Callable[[Json, str], Json]
    method: str = "PUT"


def described(document: Json, text: str) -> Json:
    """The document with this description."""
    return document | {"description": text}


def a_server(admin: httpx.Client) -> Document:
    return Document(f"{SERVERS}/{add_server(admin)}", described)


def a_scope(admin: httpx.Client) -> Document:
    scope = add_scope(admin, "orders:read")
    return Document(f"{SERVERS}/default/scopes/{scope['id']}", described)


def a_claim(admin: httpx.Client) -> Document:
    claim = add_claim(admin, "said", '"x"')
    path = f"{SERVERS}/default/claims/{claim['id']}"
    return Document(path, lambda document, text: document | {"value": f'"{text}"'})


def a_policy(admin: httpx.Client) -> Document:
    return Document(f"{SERVERS}/default/policies/{add_policy(admin, 'default')}", described)


def a_rule(admin: httpx.Client) -> Document:
    policy = add_policy(admin, "default")
    path = f"{SERVERS}/default/policies/{policy}/rules/{add_rule(admin, 'default', policy)}"
    return Document(path, lambda document, text: document | {"name": text})


def an_app(admin: httpx.Client) -> Document:
    path = f"/api/v1/apps/{register_app(admin).id}"
    return Document(path, lambda document, text: document | {"profile": {"note": text}})


def a_client(admin: httpx.Client) -> Document:
    def change(document: Json, text: str) -> Json:
        return document | {"client_uri": f"https://shop.example/{text}"}

    return Document(f"/oauth2/v1/clients/{register_app(admin).id}", change)


def a_group(admin: httpx.Client) -> Document:
    made = done(admin.post("/api/v1/groups", json={"profile": {"name": "Testers"}}))

    def change(document: Json, text: str) -> Json:
        return {"profile": document["profile"] | {"description": text}}

    return Document(f"/api/v1/groups/{made['id']}", change)


def an_app_user(admin: httpx.Client) -> Document:
    app, cora = register_app(admin), find_person(admin)
    assign(admin, app, cora)

    def change(document: Json, text: str) -> Json:
        return {"credentials": {"userName": text}}

    return Document(f"/api/v1/apps/{app.id}/users/{cora.id}", change, "POST")


def an_app_group(admin: httpx.Client) -> Document:
    app = register_app(admin)
    group = done(admin.get("/api/v1/groups", params={"q": "Staff"}))[0]["id"]
    path = f"/api/v1/apps/{app.id}/groups/{group}"
    done(admin.put(path, json={}))
    return Document(path, lambda document, text: {"priority": sum(map(ord, text))})


KINDS = [
    *(a_server, a_scope, a_claim, a_policy, a_rule, an_app, a_client, a_group),
    *(an_app_user, an_app_group),
]
each_kind = pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)


@each_kind
def test_a_version_that_is_old_changes_and_deletes_nothing(
    admin: httpx.Client, make: Callable[[httpx.Client], Document]
) -> None:
    found = make(admin)
    seen = admin.get(found.path)
    version = {"If-Match": seen.headers["ETag"]}

    first = admin.request(
        found.method, found.path, json=found.with_text(seen.json(), "first"), headers=version
    )
    second = admin.request(
        found.method, found.path, json=found.with_text(seen.json(), "second"), headers=version
    )
    deleted = admin.delete(found.path, headers=version)

    after = admin.get(found.path)
    assert first.status_code == 200
    assert (second.status_code, second.json()["errorCode"]) == (412, "E0000231")
    # An active app cannot be deleted at all.
    assert deleted.status_code == (403 if make is an_app else 412)
    assert after.headers["ETag"] == first.headers["ETag"] != seen.headers["ETag"]


@each_kind
def test_of_simultaneous_writes_with_the_same_version_exactly_one_wins(
    admin: httpx.Client, make: Callable[[httpx.Client], Document]
) -> None:
    found = make(admin)
    seen = admin.get(found.path)
    headers = {**admin.headers, "If-Match": seen.headers["ETag"]}
    url = f"{str(admin.base_url).rstrip('/')}{found.path}"

    def write(text: str) -> tuple[int, str]:
        body = found.with_text(seen.json(), text)
        answer = httpx.request(found.method, url, json=body, headers=headers, trust_env=False)
        return answer.status_code, answer.headers.get("ETag", "")

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(write, ["one", "two", "three", "four"]))

    assert [status for status, _ in answers] == [200, 412, 412, 412]
    assert admin.get(found.path).headers["ETag"] == answers[0][1]


@each_kind
def test_without_a_version_the_last_write_wins_and_the_log_tells_what_it_replaced(
    admin: httpx.Client, make: Callable[[httpx.Client], Document]
) -> None:
    found = make(admin)
    seen = admin.get(found.path)

    answer = admin.request(found.method, found.path, json=found.with_text(seen.json(), "second"))

    assert answer.status_code == 200
    replaced = [
        reason["detail"]
        for reason in reasons_of(admin, answer)
        if reason["check"] == "last write wins"
    ]
    assert len(replaced) == 1
    assert seen.headers["ETag"] in replaced[0]


def test_a_group_that_was_unassigned_meanwhile_is_not_assigned_again(admin: httpx.Client) -> None:
    found = an_app_group(admin)
    version = {"If-Match": admin.get(found.path).headers["ETag"]}
    done(admin.delete(found.path))

    answer = admin.put(found.path, json={"priority": 3}, headers=version)

    assert answer.status_code == 412
    assert admin.get(found.path).status_code == 404
