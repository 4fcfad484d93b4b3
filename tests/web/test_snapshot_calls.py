"""`/lab/snapshot` and `/lab/reset` over HTTP: who may, what is good afterwards, how large."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests import speaking
from tests.conftest import Lab, running
from tests.oauth.serving import TOKEN, serve
from tests.speaking import App, Issuer, Person

JSON = {"Content-Type": "application/json"}
Restore = Callable[[bytes], httpx.Response]


@pytest.fixture
def restore(admin: httpx.Client) -> Restore:
    """Puts a document back, as the org's super admin."""
    return lambda document: admin.put("/lab/snapshot", content=document, headers=JSON)


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return speaking.find_person(admin)


@pytest.fixture
def app(admin: httpx.Client, cora: Person) -> App:
    """An app that cora may use, and that may refresh and introspect."""
    return speaking.register_app(admin, cora)


@pytest.fixture
def issuer(lab: Lab) -> Issuer:
    return speaking.custom_server(lab.url)


def is_active(http: httpx.Client, issuer: Issuer, app: App, token: str) -> bool:
    return bool(speaking.introspect(http, issuer, app, token)["active"])


def test_only_a_super_admin_takes_and_restores(
    lab: Lab, http: httpx.Client, admin: httpx.Client, cora: Person
) -> None:
    document = admin.get("/lab/snapshot").content
    speaking.done(admin.post(f"/api/v1/users/{cora.id}/roles", json={"type": "ORG_ADMIN"}))
    token = speaking.done(admin.post("/api/v1/api-tokens", json={"name": "x", "userId": cora.id}))
    lesser = {"Authorization": f"SSWS {token['token']}", "Content-Type": "application/json"}
    calls = [("GET", "/lab/snapshot"), ("PUT", "/lab/snapshot"), ("POST", "/lab/reset")]

    nobody = [http.request(method, path, content=document) for method, path in calls]
    somebody = [
        http.request(method, path, content=document, headers=lesser) for method, path in calls
    ]

    assert [answer.status_code for answer in nobody] == [401, 401, 401]
    assert [answer.status_code for answer in somebody] == [403, 403, 403]
    assert admin.get(f"/api/v1/users/{cora.id}").json()["status"] == "ACTIVE"


def test_a_snapshot_is_kept_by_no_cache(admin: httpx.Client) -> None:
    answer = admin.get("/lab/snapshot")

    assert answer.headers["Cache-Control"] == "no-cache, no-store"
    assert answer.headers["Content-Type"] == "application/json"


def test_a_mess_is_undone_and_the_caller_goes_on(
    admin: httpx.Client, restore: Restore, cora: Person
) -> None:
    document = admin.get("/lab/snapshot").content
    speaking.set_status(admin, cora, "suspend")
    app = admin.get("/api/v1/apps", params={"q": "Bank Web"}).json()[0]["id"]
    admin.post(f"/api/v1/apps/{app}/lifecycle/deactivate")
    speaking.done(admin.delete(f"/api/v1/apps/{app}"))

    answer = restore(document)

    assert answer.status_code == 200
    assert answer.json()["rows"]["users"] == 7
    assert admin.get(f"/api/v1/users/{cora.id}").json()["status"] == "ACTIVE"
    assert admin.get(f"/api/v1/apps/{app}").json()["label"] == "Bank Web"


def test_tokens_are_good_afterwards_as_they_were_at_the_snapshot(
    admin: httpx.Client,
    http: httpx.Client,
    restore: Restore,
    issuer: Issuer,
    app: App,
    cora: Person,
) -> None:
    speaking.sign_in(http, cora)
    scope = "openid offline_access"
    before = speaking.tokens_for(http, issuer, app, cora, scope=scope)
    document = admin.get("/lab/snapshot").content
    since = speaking.tokens_for(http, issuer, app, cora, scope=scope)

    restore(document)

    kinds = ("access_token", "id_token", "refresh_token")
    after = speaking.tokens_for(http, issuer, app, cora, scope=scope)
    assert [is_active(http, issuer, app, before[kind]) for kind in kinds] == [True] * 3
    assert [is_active(http, issuer, app, since[kind]) for kind in kinds] == [False] * 3
    assert [is_active(http, issuer, app, after[kind]) for kind in kinds] == [True] * 3
    refused = speaking.refresh(http, issuer, app, since["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_tokens_issued_at_a_moved_clock_are_over_when_it_is_back(
    admin: httpx.Client,
    http: httpx.Client,
    restore: Restore,
    issuer: Issuer,
    app: App,
    cora: Person,
) -> None:
    document = admin.get("/lab/snapshot").content
    speaking.move_clock(admin, 40 * 24 * 3600)
    late = speaking.tokens_for(http, issuer, app, cora)["access_token"]

    restore(document)

    assert admin.get("/lab/clock").json()["offset"] == 0
    assert not is_active(http, issuer, app, late)
    fresh = speaking.tokens_for(http, issuer, app, cora)["access_token"]
    assert is_active(http, issuer, app, fresh)


def test_what_was_undone_once_stays_so_after_the_next_restore(
    admin: httpx.Client,
    http: httpx.Client,
    restore: Restore,
    issuer: Issuer,
    app: App,
    cora: Person,
) -> None:
    first = admin.get("/lab/snapshot").content
    undone = speaking.tokens_for(http, issuer, app, cora)["access_token"]
    restore(first)
    second = admin.get("/lab/snapshot").content

    restore(second)

    assert not is_active(http, issuer, app, undone)


def test_sign_ins_since_the_snapshot_are_over(
    admin: httpx.Client, lab: Lab, restore: Restore, issuer: Issuer, app: App, cora: Person
) -> None:
    def signed_in() -> httpx.Client:
        browser = httpx.Client(base_url=lab.url, trust_env=False)
        assert speaking.authorize(browser, issuer, app, cora).code
        return browser

    early = signed_in()
    document = admin.get("/lab/snapshot").content
    late = signed_in()
    assert late.get("/api/v1/sessions/me").status_code == 200

    restore(document)

    assert early.get("/api/v1/sessions/me").status_code == 200
    assert late.get("/api/v1/sessions/me").status_code == 404
    early.close()
    late.close()


def test_a_bad_document_is_refused_in_one_line_and_nothing_changes(
    admin: httpx.Client, restore: Restore, cora: Person
) -> None:
    document = admin.get("/lab/snapshot").content
    speaking.set_status(admin, cora, "suspend")

    answers = [restore(b""), restore(document[:-9]), restore(document.replace(b"Cora", b"Kora"))]

    for answer in answers:
        assert answer.status_code == 400
        assert answer.json()["errorCode"] == "E0000001"
        assert answer.json()["errorSummary"] == "Api validation failed: snapshot"
    assert admin.get(f"/api/v1/users/{cora.id}").json()["status"] == "SUSPENDED"


def test_a_masters_snapshot_fills_another_org(
    admin: httpx.Client, new_lab: Callable[[], Lab], lab: Lab
) -> None:
    speaking.add_server(admin, "Trainer's")
    document = admin.get("/lab/snapshot").content
    room = new_lab()
    headers = {"Authorization": f"SSWS {room.token}"}

    with httpx.Client(base_url=room.url, headers=headers, trust_env=False) as learner:
        answer = learner.put("/lab/snapshot", content=document)
        servers = learner.get("/api/v1/authorizationServers").json()
        stranger = learner.get("/api/v1/users", headers={"Authorization": f"SSWS {lab.token}"})

    assert answer.status_code == 200
    assert answer.json()["id"] == room.id
    assert "Trainer's" in {server["name"] for server in servers}
    assert {server["issuer"].split("/oauth2/")[0] for server in servers} == {room.url}
    assert stranger.status_code == 401


def test_a_reset_org_is_as_first_seeded_and_the_caller_goes_on(
    admin: httpx.Client,
    http: httpx.Client,
    lab: Lab,
    issuer: Issuer,
    app: App,
    cora: Person,
) -> None:
    token = speaking.tokens_for(http, issuer, app, cora)["access_token"]
    speaking.move_clock(admin, 3600)

    answer = admin.post("/lab/reset")

    assert (answer.status_code, answer.json()["id"]) == (200, lab.id)
    assert admin.get("/lab/clock").json()["offset"] == 0
    labels = [each["label"] for each in admin.get("/api/v1/apps").json()]
    assert app.label not in labels
    assert "Bank Web" in labels
    again = speaking.find_person(admin)
    other = speaking.register_app(admin, again)
    assert not is_active(http, issuer, other, token)
    assert is_active(
        http, issuer, other, speaking.tokens_for(http, issuer, other, again)["access_token"]
    )


def test_a_server_whose_clock_does_not_move_takes_no_snapshot_that_would_move_it(
    tmp_path: Path, make_key: Callable[[], RSAKey]
) -> None:
    def ahead(url: str, headers: dict[str, str]) -> bytes:
        httpx.post(f"{url}/lab/clock", headers=headers, json={"forward": 60}, trust_env=False)
        return httpx.get(f"{url}/lab/snapshot", headers=headers, trust_env=False).content

    folders = [tmp_path / "moves", tmp_path / "stands"]
    for folder in folders:
        folder.mkdir()
    with running(folders[0], make_key) as server:
        headers = {"Authorization": f"SSWS {server.token}"}
        document = ahead(server.url, headers)
    with running(folders[1], make_key, movable_clock=False) as server:
        answer = httpx.put(
            f"{server.url}/lab/snapshot", headers=headers, content=document, trust_env=False
        )

    assert answer.status_code == 400
    assert "--movable-clock" in answer.json()["errorCauses"][0]["errorSummary"]


def test_each_call_leaves_its_event(admin: httpx.Client, restore: Restore) -> None:
    restore(admin.get("/lab/snapshot").content)
    admin.post("/lab/reset")

    events = admin.get("/api/v1/logs", params={"limit": 100}).json()

    kinds = [event["eventType"] for event in events]
    assert [kind for kind in kinds if kind.startswith("lab.org.")] == [
        "lab.org.snapshot",
        "lab.org.restore",
        "lab.org.reset",
    ]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real program, with two workers."""
    with serve(tmp_path_factory.mktemp("process")) as found:
        yield found.url


def test_every_worker_sees_a_restore_at_the_very_next_request(process: str) -> None:
    headers = {"Authorization": f"SSWS {TOKEN}"}
    with httpx.Client(base_url=process, headers=headers, trust_env=False, timeout=30) as admin:
        document = admin.get("/lab/snapshot").content
        app = speaking.register_app(admin, label="Since")

        def found_in(paths: list[str]) -> set[int]:
            # A connection each, so that both workers are asked.
            return {
                httpx.get(f"{process}{path}", headers=headers, trust_env=False).status_code
                for path in paths * 12
            }

        assert found_in([f"/api/v1/apps/{app.id}"]) == {200}
        restored = admin.put("/lab/snapshot", content=document)

        assert restored.status_code == 200
        assert found_in([f"/api/v1/apps/{app.id}"]) == {404}
        assert found_in(["/api/v1/users/cora"]) == {200}


def test_a_large_snapshot_is_taken_from_super_admins_only(process: str) -> None:
    headers = {"Authorization": f"SSWS {TOKEN}"}
    with httpx.Client(base_url=process, trust_env=False, timeout=60) as client:
        document = client.get("/lab/snapshot", headers=headers).content
        spaces = b" " * (3 << 20)

        restored = client.put("/lab/snapshot", headers=headers, content=document + spaces)
        others = [
            client.put("/lab/snapshot", content=document + spaces),
            client.put("/lab/snapshot", headers={"Authorization": "SSWS x"}, content=spaces),
            client.post("/lab/preview", headers=headers | JSON, content=spaces),
        ]

    assert restored.status_code == 200
    assert [answer.status_code for answer in others] == [401, 401, 413]


def test_a_snapshot_larger_than_any_is_refused_before_it_came(process: str) -> None:
    host, _, port = process.removeprefix("http://").partition(":")
    head = (
        "PUT /lab/snapshot HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n"
        f"Authorization: SSWS {TOKEN}\r\nContent-Length: {(64 << 20) + 1}\r\n\r\n"
    )

    with socket.create_connection((host, int(port)), timeout=20) as greedy:
        greedy.sendall(head.encode() + b"{")
        answer = greedy.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 413")
