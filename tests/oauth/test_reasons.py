"""The server's reasons: readable by request id, complete, and without any secret."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    add_policy,
    add_rule,
    add_server,
    authorize,
    call,
    custom_server,
    done,
    events_of,
    exchange_code,
    introspect,
    reasons_of,
    refresh,
    register_app,
    sign_in,
    target_of,
    type_password,
)


def checks(reasons: list[dict[str, Any]], result: str) -> list[str]:
    return [reason["check"] for reason in reasons if reason["result"] == result]


def test_every_answer_has_a_request_id_of_its_own_that_the_request_cannot_choose(
    http: httpx.Client, issuer: Issuer
) -> None:
    headers = {"X-Okta-Request-Id": "mine"}

    ids = [
        http.get(issuer.at("keys"), headers=headers).headers["X-Okta-Request-Id"],
        http.get(issuer.at("authorize"), headers=headers).headers["X-Okta-Request-Id"],
        http.post(issuer.at("token"), headers=headers).headers["X-Okta-Request-Id"],
        http.get("/no/such/path", headers=headers).headers["X-Okta-Request-Id"],
    ]

    assert len(set(ids)) == 4
    assert "mine" not in ids


def test_a_granted_code_shows_every_check_in_order(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    reasons = reasons_of(admin, authorize(http, custom, web, cora).response)

    passed = checks(reasons, "passed")
    order = [
        "client is known",
        "redirect uri is registered",
        "response type is allowed",
        "state is sound",
        "pkce is s256",
        "all scopes exist and may be asked for",
        "session token is good",
        "person is signed in",
        "person is assigned to the app",
        "access policy allows it",
        "no consent is missing",
    ]
    assert [check for check in passed if check in order] == order
    assert checks(reasons, "failed") == []


def test_a_failed_check_shows_what_was_skipped_after_it(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App
) -> None:
    answer = authorize(http, issuer, web, redirect_uri="https://evil.example").response

    reasons = reasons_of(admin, answer)
    assert checks(reasons, "failed") == ["redirect uri is registered"]
    event = events_of(admin, answer)[0]
    assert event["outcome"]["result"] == "FAILURE"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"code_verifier": "v" * 43}, "PKCE verifier fits the challenge"),
        (
            {"redirect_uri": "http://127.0.0.1:8765/other"},
            "redirect_uri is the one of the authorization request",
        ),
        ({"client_secret": "wrong"}, "client authentication succeeds"),
    ],
    ids=["verifier", "redirect", "secret"],
)
def test_a_refused_code_names_the_one_check_that_failed(
    http: httpx.Client,
    admin: httpx.Client,
    custom: Issuer,
    web: App,
    cora: Person,
    change: dict[str, str],
    check: str,
) -> None:
    authorized = authorize(http, custom, web, cora)
    if "client_secret" in change:
        form = {"grant_type": "authorization_code", "client_id": web.id, "code": authorized.code}
        answer = http.post(custom.at("token"), data=form | change)
    else:
        answer = exchange_code(http, custom, authorized, **change)

    reasons = reasons_of(admin, answer)

    assert answer.status_code in (400, 401)
    assert checks(reasons, "failed") == [check]


def test_a_policy_decision_shows_every_policy_and_rule_that_was_looked_at(
    http: httpx.Client, admin: httpx.Client, lab: Any, job: App, web: App
) -> None:
    server_id = add_server(admin, "Orders", "orders:read", "orders:write")
    others = add_policy(admin, server_id, "Others", (web.id,))
    add_rule(admin, server_id, others, "Never")
    mine = add_policy(admin, server_id, "Mine", (job.id,))
    people = add_rule(admin, server_id, mine, "People", grant_types=("authorization_code",))
    reading = add_rule(admin, server_id, mine, "Reading", scopes=("orders:read",))
    issuer = custom_server(lab.url, server_id)

    granted = call(http, issuer, "token", job, grant_type="client_credentials", scope="orders:read")
    denied = call(http, issuer, "token", job, grant_type="client_credentials", scope="orders:write")

    def walk(answer: httpx.Response) -> set[tuple[str | None, str | None, str]]:
        return {
            (reason.get("policyId"), reason.get("ruleId"), reason["result"])
            for reason in reasons_of(admin, answer)
            if "policyId" in reason
        }

    assert granted.status_code == 200
    assert denied.json()["error"] == "access_denied"
    assert (mine, None, "passed") in walk(granted)
    assert (mine, reading, "passed") in walk(granted)
    assert walk(denied) == {
        (others, None, "failed"),
        (mine, None, "passed"),
        (mine, people, "failed"),
        (mine, reading, "failed"),
    }
    details = [
        reason["detail"] for reason in reasons_of(admin, denied) if reason.get("ruleId") == reading
    ]
    assert "orders:write" in details[0]


def test_the_trace_is_for_admins_and_not_in_the_answer(
    http: httpx.Client, admin: httpx.Client, lab: Any, job: App
) -> None:
    server_id = add_server(admin, "Orders", "orders:read")
    policy_id = add_policy(admin, server_id, "Secret policy name")
    issuer = custom_server(lab.url, server_id)

    answer = call(http, issuer, "token", job, grant_type="client_credentials", scope="orders:read")

    assert "Secret policy name" not in answer.text
    assert policy_id in json.dumps(events_of(admin, answer))


def test_each_token_leaves_an_event_that_names_client_and_server_kind(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora, scope="openid offline_access")

    answer = exchange_code(http, issuer, authorized)

    prefix = "app.oauth2" if issuer.is_org else "app.oauth2.as"
    events = events_of(admin, answer)
    assert {event["eventType"] for event in events} == {
        f"{prefix}.token.grant.access_token",
        f"{prefix}.token.grant.id_token",
        f"{prefix}.token.grant.refresh_token",
    }
    assert {target["id"] for event in events for target in event["target"]} == {web.id}


def test_every_kind_of_request_leaves_an_event(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App
) -> None:
    answers = [
        http.get(issuer.at("keys")),
        http.get(f"{issuer.url}/.well-known/openid-configuration"),
        http.get(issuer.at("userinfo")),
        http.get(issuer.at("logout")),
        http.post(issuer.at("token")),
        call(http, issuer, "introspect", web, token="x"),
        call(http, issuer, "revoke", web, token="x"),
        authorize(http, issuer, web).response,
    ]

    for answer in answers:
        assert events_of(admin, answer), answer.request.url


def test_a_refused_client_is_told_little_and_the_log_more(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App
) -> None:
    answer = http.post(
        issuer.at("token"), data={"grant_type": "authorization_code"}, auth=(web.id, "wrong")
    )

    event = events_of(admin, answer)[0]
    assert event["outcome"] == {"result": "FAILURE", "reason": "invalid_client"}
    assert checks(reasons_of(admin, answer), "failed")


def test_no_secret_code_token_or_cookie_ever_enters_the_log(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    app = register_app(admin, cora, refresh_token={"rotation_type": "ROTATE", "leeway": 0})
    session_token = sign_in(http, cora)
    authorized = authorize(
        http, issuer, app, scope="openid offline_access", sessionToken=session_token, nonce="non-ce"
    )
    tokens = done(exchange_code(http, issuer, authorized))
    exchange_code(http, issuer, authorized)
    refresh(http, issuer, app, tokens["refresh_token"])
    refresh(http, issuer, app, tokens["refresh_token"])
    introspect(http, issuer, app, tokens["access_token"])
    call(http, issuer, "revoke", app, token=tokens["access_token"])
    http.get(issuer.at("userinfo"), headers={"Authorization": f"Bearer {tokens['access_token']}"})
    http.get(issuer.at("logout"), params={"id_token_hint": tokens["id_token"]})
    waiting = authorize(http, issuer, app).response
    http.post(target_of(waiting), data={"username": cora.login, "password": "hunter2!"})
    type_password(http, waiting, cora)
    http.post(issuer.at("token"), data={"client_id": app.id, "client_secret": "guessed-secret"})

    log = admin.get("/api/v1/logs", params={"limit": 1000}).text
    secrets = [
        session_token,
        authorized.code,
        authorized.verifier,
        *(tokens[kind] for kind in ("access_token", "id_token", "refresh_token")),
        str(app.secret),
        cora.password,
        "hunter2!",
        "guessed-secret",
        http.cookies["sid"],
        http.cookies["browser"],
        waiting.headers["Location"].split("request_uri=")[1],
        admin.headers["Authorization"].removeprefix("SSWS "),
    ]
    assert cora.login in log
    assert [secret for secret in secrets if secret in log] == []


def test_one_orgs_log_shows_nothing_of_another(
    http: httpx.Client, root: httpx.Client, issuer: Issuer, web: App
) -> None:
    answer = authorize(http, issuer, web).response

    query = {"filter": f'transaction.id eq "{answer.headers["X-Okta-Request-Id"]}"'}
    assert done(root.get("/api/v1/logs", params=query)) == []
