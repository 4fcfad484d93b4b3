"""The protected API: what it asks of a token, how it answers, and what it asks the issuer."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from grantlab.apis import RunningApi
from grantlab.recording import Recording
from labserver.sample.verdicts import Verdict, Verdicts
from tests.sample.conftest import AUDIENCE, Issuer

NEW = {"to": "City Museum", "amount": 12, "on": "2026-03-10"}
ANY_TOKEN = "a.b.c"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def unsigned(**claims: Any) -> str:
    parts = ({"alg": "none", "typ": "JWT", "kid": "key-1"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode() for one in parts]
    return ".".join(text.rstrip("=") for text in texts) + "."


def test_a_good_token_opens_what_its_scope_names(api, issuer, app):
    answer = app.get(api.url, headers=bearer(issuer.token()))

    assert answer.status_code == 200
    assert [one["id"] for one in answer.json()["transfers"]] == ["tr-301", "tr-302", "tr-303"]
    assert answer.headers["cache-control"] == "no-store"


def test_who_sends_no_token_is_told_how_and_nothing_of_errors(api, app):
    answer = app.get(api.url)

    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert challenge == 'Bearer realm="transfers", scope="transfers:read"'


def test_another_scheme_gets_the_same_challenge_as_no_token(api, app):
    answer = app.get(api.url, auth=("cora", "Open-Sesame-2026"))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="transfers", scope="transfers:read"'


def test_the_word_bearer_alone_is_a_malformed_request(api, app):
    answer = app.get(api.url, headers={"authorization": "Bearer"})

    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_good_token_without_the_scope_is_forbidden_and_the_challenge_names_the_scope(
    api, issuer, app
):
    answer = app.post(api.url, headers=bearer(issuer.token()), json=NEW)

    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="transfers:write"' in challenge


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("issuer", {"iss": "http://127.0.0.1:1/oauth2/other"}),
        ("issuer", {"iss": None}),
        ("audience", {"aud": "api://transfers-2"}),
        ("audience", {"aud": "api://transfer"}),
        ("audience", {"aud": None}),
        ("times", {"exp": 1}),
        ("times", {"exp": None}),
        ("times", {"exp": "soon"}),
        ("times", {"nbf": 4_000_000_000, "exp": 4_000_000_100}),
        ("scope", {"scp": ["transfers:reader"]}),
        ("scope", {"scp": "transfers:read transfers:write"}),
        ("scope", {"scp": None}),
    ],
)
def test_each_check_refuses_its_fault_and_lets_it_pass_when_switched_off(
    check, changes, api, issuer, app
):
    token = issuer.token(**changes)

    refused = app.get(api.url, headers=bearer(token))
    setattr(api.checks, check, False)
    let_in = app.get(api.url, headers=bearer(token))

    assert refused.status_code == (403 if check == "scope" else 401)
    error = "insufficient_scope" if check == "scope" else "invalid_token"
    assert f'error="{error}"' in refused.headers["www-authenticate"]
    assert let_in.status_code == 200


def test_two_audiences_are_fine_when_one_of_them_is_meant(api, issuer, app):
    token = issuer.token(aud=["api://sync", "api://transfers"])

    assert app.get(api.url, headers=bearer(token)).status_code == 200


def test_only_named_clients_get_in_when_there_is_a_list(api, issuer, app):
    api.clients = ["app-2"]

    refused = app.get(api.url, headers=bearer(issuer.token()))
    known = app.get(api.url, headers=bearer(issuer.token(cid="app-2")))

    assert (refused.status_code, known.status_code) == (401, 200)


@pytest.mark.parametrize("make", ["another key", "no algorithm", "another letter", "no JWT"])
def test_a_token_that_the_issuer_did_not_sign_is_refused(make, api, issuer, app, make_key):
    good = issuer.token()
    head, payload, signature = good.split(".")
    tokens = {
        "another key": issuer.token(key=make_key()),
        "no algorithm": unsigned(iss=issuer.url, aud=api.audience, scp=["transfers:read"]),
        "another letter": f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "no JWT": "opaque-value",
    }

    answer = app.get(api.url, headers=bearer(tokens[make]))

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_nothing_a_token_says_comes_back_in_the_challenge(api, issuer, app):
    token = issuer.token(iss='x", error="ok"\r\nX-Evil: 1')

    answer = app.get(api.url, headers=bearer(token))

    assert "evil" not in str(answer.headers).lower()


@pytest.mark.parametrize("place", ["query", "form"])
def test_a_token_elsewhere_than_in_the_header_is_not_read(place, api, issuer, app):
    token = issuer.token(scp=["transfers:read", "transfers:write"])

    def call() -> httpx.Response:
        if place == "query":
            return app.get(api.url, params={"access_token": token})
        return app.post(api.url, data={"access_token": token})

    refused = call()
    api.checks.header = False
    read = call()

    assert refused.status_code == 401
    assert "error" not in refused.headers["www-authenticate"]
    assert read.status_code in {200, 415}


def test_the_clock_is_the_one_that_was_passed_in(api, issuer, app, clock):
    token = issuer.token()

    before = app.get(api.url, headers=bearer(token))
    clock[0] = 301
    after = app.get(api.url, headers=bearer(token))

    assert (before.status_code, after.status_code) == (200, 401)


def test_a_hundred_calls_fetch_the_keys_once(api, issuer, app):
    token = issuer.token()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: app.get(api.url, headers=bearer(token)), range(100)))

    assert {one.status_code for one in answers} == {200}
    assert (api.counters.key_fetches, issuer.key_requests) == (1, 1)


def test_a_new_key_is_fetched_when_a_token_names_it(api, issuer, app, make_key):
    app.get(api.url, headers=bearer(issuer.token()))
    issuer.keys["key-2"] = make_key()

    answer = app.get(api.url, headers=bearer(issuer.token(kid="key-2")))

    assert answer.status_code == 200
    assert api.counters.key_fetches == 2


def test_made_up_key_ids_cause_five_fetches_at_most(api, issuer, app, make_key):
    key = make_key()

    for number in range(20):
        app.get(api.url, headers=bearer(issuer.token(kid=f"made-up-{number}", key=key)))

    assert issuer.key_requests == 5


def asks_about_tokens(api: RunningApi) -> None:
    api.credentials = ("api-1", "secret-of-the-api")
    api.introspects = True


def test_a_hundred_calls_cost_one_introspection_when_answers_are_kept(api, issuer, app):
    asks_about_tokens(api)
    api.cache.seconds = 60
    token = issuer.token()

    answers = [app.get(api.url, headers=bearer(token)) for _ in range(100)]

    assert {one.status_code for one in answers} == {200}
    assert (api.counters.introspections, api.counters.cache_hits) == (1, 99)


def test_a_kept_answer_lets_a_revoked_token_in_until_its_life_is_over(api, issuer, app, clock):
    asks_about_tokens(api)
    api.cache.seconds = 60
    token = issuer.token()

    before = app.get(api.url, headers=bearer(token))
    issuer.revoked.add(token)
    clock[0] = 59
    kept = app.get(api.url, headers=bearer(token))
    clock[0] = 61
    after = app.get(api.url, headers=bearer(token))

    assert [one.status_code for one in (before, kept, after)] == [200, 200, 401]


@pytest.mark.parametrize("introspects", [False, True])
def test_no_verdict_outlives_its_token_unless_that_is_switched_off(
    introspects, api, issuer, app, clock
):
    if introspects:
        asks_about_tokens(api)
    api.cache.seconds = 3600
    token = issuer.token()

    def statuses() -> list[int]:
        clock[0] = 0
        found = [app.get(api.url, headers=bearer(token)).status_code]
        clock[0] = 301
        return [*found, app.get(api.url, headers=bearer(token)).status_code]

    honest = statuses()
    api.checks.cache_ends_at_exp = False
    fixed_hour = statuses()

    assert (honest, fixed_hour) == ([200, 401], [200, 200])


def test_a_signature_is_judged_once_and_kept_until_exp(api, issuer):
    recording, token = Recording(trust_env=False), issuer.token()
    with recording.client("Your app") as app:
        for _ in range(2):
            app.get(api.url, headers=bearer(token))

    first, second = ([one["check"] for one in api.reasons(each).checks] for each in recording)

    assert first == ["header", "signature", "issuer", "audience", "times", "client", "scope"]
    assert second == ["header", "cache", "scope"]
    assert api.counters.cache_hits == 1


def test_a_kept_verdict_opens_no_other_method(api, issuer, app):
    reading = bearer(issuer.token())

    read = app.get(api.url, headers=reading)
    written = app.post(api.url, headers=reading, json=NEW)

    assert (read.status_code, written.status_code) == (200, 403)


def test_a_cache_that_is_switched_off_keeps_nothing(api, issuer, app):
    asks_about_tokens(api)
    api.cache.seconds, api.cache.on = 60, False

    for _ in range(3):
        app.get(api.url, headers=bearer(issuer.token()))

    assert (api.counters.introspections, api.counters.cache_hits, len(api.cache)) == (3, 0, 0)


def test_a_verdict_reached_without_a_check_is_none_with_it(api, issuer, app):
    token = issuer.token(aud="api://sync")

    api.checks.audience = False
    let_in = app.get(api.url, headers=bearer(token))
    api.checks.audience = True
    refused = app.get(api.url, headers=bearer(token))

    assert (let_in.status_code, refused.status_code) == (200, 401)


def test_a_refusal_is_not_kept_unless_that_is_switched_off(api, issuer, app, clock):
    now = int(time.time())
    token = issuer.token(iat=now + 100, nbf=now + 100)

    def statuses() -> list[int]:
        clock[0] = 0
        found = [app.get(api.url, headers=bearer(token)).status_code]
        clock[0] = 120
        return [*found, app.get(api.url, headers=bearer(token)).status_code]

    honest = statuses()
    api.cache.clear()
    api.checks.cache_holds_no_refusals = False
    stubborn = statuses()

    assert (honest, stubborn) == ([401, 200], [401, 401])


def test_a_flood_of_tokens_fills_no_memory(monkeypatch):
    monkeypatch.setattr("labserver.sample.verdicts.MOST_VERDICTS", 2)
    cache, verdict = Verdicts(), Verdict({}, None, 0, 100)

    for token in ("first", "second", "third"):
        cache.keep(token, (), verdict)

    assert [cache.find(token, (), 1) for token in ("first", "third")] == [None, verdict]
    assert len(cache) == 2


def test_the_cache_holds_no_token():
    cache = Verdicts()

    cache.keep("the-token", (), Verdict({}, None, 0, 100))

    assert "the-token" not in repr(cache._kept)


def test_without_a_limit_every_made_up_key_id_is_a_fetch(api, issuer, app, make_key):
    key = make_key()
    api.checks.key_fetches_limited = False

    for number in range(20):
        app.get(api.url, headers=bearer(issuer.token(kid=f"made-up-{number}", key=key)))

    assert issuer.key_requests == 20


def test_a_minute_later_keys_are_fetched_again(api, issuer, app, clock, make_key):
    key = make_key()
    for number in range(10):
        app.get(api.url, headers=bearer(issuer.token(kid=f"made-up-{number}", key=key)))
    issuer.keys["key-2"] = key

    at_once = app.get(api.url, headers=bearer(issuer.token(kid="key-2")))
    clock[0] = 61
    later = app.get(api.url, headers=bearer(issuer.token(kid="key-2")))

    assert (at_once.status_code, later.status_code) == (401, 200)


def test_every_answer_says_loudly_which_checks_are_off(api, issuer, app):
    quiet = app.get(api.url)

    api.checks.signature = api.checks.key_fetches_limited = False
    loud = app.get(api.url)

    assert "x-lab-checks-off" not in quiet.headers
    assert loud.headers["x-lab-checks-off"] == "signature, key_fetches_limited"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 10**400},
        {"exp": float("nan")},
        {"exp": float("inf"), "iat": -float("inf")},
        {"exp": True},
        {"cid": ["app-1"]},
        {"cid": {}},
        {"aud": {"a": 1}},
        {"scp": {"transfers:read": 1}},
        {"scp": [["transfers:read"]]},
        {"iss": ["x"]},
    ],
    ids=repr,
)
def test_odd_claims_are_refused_and_break_nothing(claims, api, issuer, app):
    api.clients = ["app-1"]
    api.checks.signature = False
    good = {"iss": issuer.url, "aud": AUDIENCE, "exp": 4e9, "cid": "app-1", "scp": []}

    answer = app.get(api.url, headers=bearer(unsigned(**(good | claims))))

    assert answer.status_code in {401, 403}


def test_introspection_sees_a_revoked_token_in_the_next_call(api, issuer, app):
    token = issuer.token()
    asks_about_tokens(api)

    before = app.get(api.url, headers=bearer(token))
    issuer.revoked.add(token)
    after = app.get(api.url, headers=bearer(token))
    api.introspects = False
    by_signature = app.get(api.url, headers=bearer(token))

    assert [one.status_code for one in (before, after, by_signature)] == [200, 401, 200]
    assert (api.counters.introspections, api.counters.key_fetches) == (2, 1)


@pytest.mark.parametrize("changes", [{"aud": "api://sync"}, {"scp": ["transfers:write"]}])
def test_an_active_token_must_be_meant_for_this_api_all_the_same(changes, api, issuer, app):
    asks_about_tokens(api)

    assert app.get(api.url, headers=bearer(issuer.token(**changes))).status_code in {401, 403}


def test_introspection_without_credentials_is_refused_before_it_starts(api):
    with pytest.raises(ValueError, match="credentials"):
        api.introspects = True


def test_without_the_authorization_server_the_api_is_unavailable_and_lets_nobody_in(
    api, issuer, app
):
    issuer.down = True

    answer = app.get(api.url, headers=bearer(issuer.token()))

    assert answer.status_code == 503
    assert "www-authenticate" not in answer.headers


WELL_KNOWN = "/.well-known/oauth-authorization-server"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (WELL_KNOWN, "no JSON"),
        (WELL_KNOWN, "[]"),
        (WELL_KNOWN, "{}"),
        ("/keys", "{}"),
        ("/keys", '{"keys": 7}'),
        ("/keys", '{"keys": ["x"]}'),
        ("/keys", '{"keys": [{"kty": "RSA", "kid": "key-1"}]}'),
        ("/introspect", "null"),
    ],
)
def test_an_authorization_server_that_talks_nonsense_lets_nobody_in_and_breaks_nothing(
    path, text, api, issuer, app
):
    if path == "/introspect":
        asks_about_tokens(api)
    issuer.odd[path] = text

    answer = app.get(api.url, headers=bearer(issuer.token()))

    assert answer.status_code == 503


def test_a_body_that_is_nested_too_deeply_is_a_bad_request(api, issuer, app):
    headers = bearer(issuer.token(scp=["transfers:write"])) | {"content-type": "application/json"}

    answer = app.post(api.url, headers=headers, content=b"[" * 60_000)

    assert answer.status_code == 400


def test_a_new_entry_says_who_added_it(api, issuer, app):
    made = app.post(api.url, headers=bearer(issuer.token(scp=["transfers:write"])), json=NEW)

    assert made.json()["by"] == "cora@bank.example"


def test_an_api_that_asks_for_a_key_knows_who_calls_and_not_what_for(api, app):
    api.asks_for = "key"
    key = {"x-api-key": api.keys.issue("Partner")}

    refused = app.get(api.url, headers={"x-api-key": "key-guessed"})
    read = app.get(api.url, headers=key)
    written = app.post(api.url, headers=key, json=NEW)
    api.keys.withdraw("Partner")
    after = app.get(api.url, headers=key)

    assert [one.status_code for one in (refused, read, written, after)] == [401, 200, 201, 401]
    assert written.json()["by"] == "Partner"


def test_an_api_that_asks_for_nothing_says_so_loudly(api, app):
    api.asks_for = "nothing"

    answer = app.post(api.url, json=NEW)

    assert answer.status_code == 201
    assert "by" not in answer.json()
    assert answer.headers["x-lab-checks-off"] == "credential"


def test_the_switchboards_settings_are_the_apis_own(api):
    api.credentials = ("api-1", "secret-of-the-api")
    for name, value in [("asks_for", "key"), ("introspects", "True"), ("cache.seconds", "60")]:
        api.choose(name, value)
    api.choose("cache.on", "False")

    assert (api.asks_for, api.introspects, api.cache.seconds, api.cache.on) == (
        "key",
        True,
        60.0,
        False,
    )
    assert [one.value for one in api.settings()] == ["key", "True", "False", "60"]
    with pytest.raises(ValueError, match="no number of seconds"):
        api.choose("cache.seconds", "soon")


def test_entries_are_added_and_removed_with_the_other_scope(api, issuer, app):
    writing = bearer(issuer.token(scp=["transfers:read", "transfers:write"]))

    made = app.post(api.url, headers=writing, json=NEW)
    found = app.get(httpx.URL(api.url).join(made.headers["location"]), headers=writing)
    gone = app.delete(f"{api.url}/{made.json()['id']}", headers=writing)
    again = app.delete(f"{api.url}/{made.json()['id']}", headers=writing)

    assert [one.status_code for one in (made, found, gone, again)] == [201, 200, 204, 404]
    assert found.json() == made.json()
    assert NEW.items() <= made.json().items()


def test_an_entry_without_its_members_is_refused_with_their_names(api, issuer, app):
    writing = bearer(issuer.token(scp=["transfers:write"]))

    answer = app.post(api.url, headers=writing, json={"to": "City Museum"})

    assert answer.status_code == 400
    assert answer.json() == {"message": "Needed: amount, on, to."}


def test_the_reasons_of_an_answer_are_kept_beside_it(api, issuer):
    recording = Recording(trust_env=False)
    recording.name(api.url, api.name)
    with recording.client("Your app") as app:
        app.get(api.url, headers=bearer(issuer.token(aud="api://sync")))

    found = api.reasons(recording.last)

    assert recording.last.receiver == "Transfers API"
    assert [(one["check"], one["result"]) for one in found.checks] == [
        ("header", "passed"),
        ("signature", "passed"),
        ("issuer", "passed"),
        ("audience", "failed"),
    ]
    assert found.checks[-1]["detail"] == "aud is api://sync"


def test_of_a_token_that_names_no_key_the_reasons_say_so(api, issuer):
    recording = Recording(trust_env=False)
    _, claims, signature = issuer.token().split(".")
    nameless = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    with recording.client("Your app") as app:
        app.get(api.url, headers=bearer(f"{nameless}.{claims}.{signature}"))

    found = api.reasons(recording.last).checks[-1]

    assert (found["check"], found["result"]) == ("signature", "failed")
    assert found["detail"] == "the token names no key (alg none)"


def test_no_token_is_in_the_reasons(api: RunningApi, issuer: Issuer) -> None:
    recording = Recording(trust_env=False)
    token = issuer.token()
    with recording.client("Your app") as app:
        app.get(api.url, headers=bearer(token))
        app.get(api.url, headers=bearer(ANY_TOKEN))

    told = str([api.reasons(one) for one in recording])

    assert token not in told
    assert ANY_TOKEN not in told


def test_the_reasons_of_another_server_are_not_here(api, issuer):
    recording = Recording(trust_env=False)
    with recording.client("Your app") as app:
        app.get(f"{issuer.url}/keys")

    with pytest.raises(LookupError, match="not answered by Transfers API"):
        api.reasons(recording.last)


def test_reasons_are_kept_for_the_newest_thousand(api, app, monkeypatch):
    monkeypatch.setattr("labserver.sample.api.MOST_KEPT", 2)
    recording = Recording(trust_env=False)
    with recording.client("Your app") as client:
        for _ in range(3):
            client.get(api.url)

    assert [api.knows(one) for one in recording] == [False, True, True]


def test_a_switch_that_does_not_exist_is_an_error(api: RunningApi) -> None:
    with pytest.raises(AttributeError):
        api.checks.audiance = False


def test_the_reader_of_a_product_without_writing_finds_no_way_to_write(
    issuer: Issuer, app: httpx.Client, make_key: Callable[[], Any]
) -> None:
    from labserver.sample.api import PRODUCTS, ProtectedApi

    with httpx.Client(trust_env=False) as client:
        sync = ProtectedApi(
            PRODUCTS["sync"], issuer.url, "api://sync", client=client, clock=lambda: 0
        )
        running = RunningApi(sync, "Sync API")
        answer = app.post(running.url, json={})
        running.stop()

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
