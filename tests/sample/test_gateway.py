"""The gateway: what it lets through, what it refuses, and what it passes on, over real HTTP."""

from __future__ import annotations

import json
import socket

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grantlab.lab import Lab, LabError
from grantlab.recording import Recording
from tests.sample.conftest import AUDIENCE

NEW = {"to": "City Museum", "amount": 12, "on": "2026-03-10"}
BOTH = ["transfers:read", "transfers:write"]
JSON = {"content-type": "application/json"}


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} | more


def raw(url: str, request: bytes) -> bytes:
    """What comes back for these very bytes."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 80), timeout=10) as line:
        line.sendall(request)
        answer = b""
        while got := line.recv(65536):
            answer += got
    return answer


# Every check, on and off


def test_a_good_token_goes_through_to_the_api(behind, issuer, app):
    gateway = behind
    answer = app.get(gateway.url, headers=bearer(issuer.token()))

    assert answer.status_code == 200
    assert len(answer.json()["transfers"]) == 3
    assert answer.headers["x-request-id"].startswith("gw-")
    assert "x-lab-checks-off" not in answer.headers


def test_a_location_of_the_api_leads_through_the_gateway(behind, issuer, app):
    gateway = behind
    writing = bearer(issuer.token(scp=BOTH))

    made = app.post(gateway.url, headers=writing, json=NEW)
    found = app.get(httpx.URL(gateway.url).join(made.headers["location"]), headers=writing)
    gone = app.delete(f"{gateway.url}/{made.json()['id']}", headers=writing)

    assert [one.status_code for one in (made, found, gone)] == [201, 200, 204]


@pytest.mark.parametrize(
    ("check", "changes", "status"),
    [
        ("issuer", {"iss": "http://127.0.0.1:1"}, 401),
        ("audience", {"aud": "api://sync"}, 401),
        ("times", {"exp": 1}, 401),
        ("scope", {"scp": ["transfers:write"]}, 403),
        ("scope", {"scp": ["transfers:reader"]}, 403),
        ("scope", {"scp": None}, 403),
    ],
)
def test_each_check_of_a_token_refuses_at_the_edge_and_not_when_it_is_off(
    check, changes, status, gateway, echo, issuer, app
):
    token = issuer.token(**changes)

    refused = app.get(gateway.url, headers=bearer(token))
    before = len(echo.requests)
    setattr(gateway.checks, check, False)
    let_in = app.get(gateway.url, headers=bearer(token))

    assert (refused.status_code, let_in.status_code, before) == (status, 200, 0)
    assert refused.headers["www-authenticate"].startswith('Bearer realm="transfers"')
    assert let_in.headers["x-lab-checks-off"] == f"gateway {check}"


def test_a_token_that_anybody_signed_is_refused_and_not_without_the_check(
    gateway, echo, issuer, app, make_key
):
    token = issuer.token(key=make_key())

    refused = app.get(gateway.url, headers=bearer(token))
    gateway.checks.signature = False
    let_in = app.get(gateway.url, headers=bearer(token))

    assert (refused.status_code, let_in.status_code) == (401, 200)


def test_no_token_gets_the_challenge_with_the_scope_and_nothing_of_errors(gateway, app):
    answer = app.post(gateway.url, json=NEW)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="transfers", scope="transfers:write"'
    )


def test_a_token_in_the_address_is_not_read_unless_that_check_is_off(gateway, echo, issuer, app):
    refused = app.get(gateway.url, params={"access_token": issuer.token()})
    gateway.checks.header = False
    read = app.get(gateway.url, params={"access_token": issuer.token()})

    assert (refused.status_code, read.status_code) == (401, 200)


def test_only_named_clients_get_through_when_there_is_a_list(gateway, echo, issuer, app):
    gateway.clients = ["app-2"]

    refused = app.get(gateway.url, headers=bearer(issuer.token()))
    known = app.get(gateway.url, headers=bearer(issuer.token(cid="app-2")))

    assert (refused.status_code, known.status_code) == (401, 200)


def test_a_method_without_a_line_in_the_map_is_refused_with_those_that_have_one(
    gateway, echo, issuer, app
):
    gateway.verbs = {"transfers": {"GET": "transfers:read"}}
    token = issuer.token(scp=BOTH)

    refused = app.delete(f"{gateway.url}/tr-301", headers=bearer(token))
    gateway.checks.scope = False
    let_in = app.delete(f"{gateway.url}/tr-301", headers=bearer(token))

    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert let_in.status_code == 200


def test_the_map_says_which_scope_a_method_needs(gateway, echo, issuer, app):
    gateway.verbs = {"transfers": {"GET": "transfers:list"}}

    refused = app.get(gateway.url, headers=bearer(issuer.token()))
    let_in = app.get(gateway.url, headers=bearer(issuer.token(scp=["transfers:list"])))

    assert (refused.status_code, let_in.status_code) == (403, 200)
    assert 'scope="transfers:list"' in refused.headers["www-authenticate"]


# Keys, and nothing


def test_a_key_says_who_calls_and_opens_everything(gateway, echo, app):
    gateway.asks_for = "key"
    key = gateway.keys.issue("Partner")

    answers = [
        app.get(gateway.url),
        app.get(gateway.url, headers={"x-api-key": "key-guessed"}),
        app.get(gateway.url, headers={"x-api-key": key}),
        app.delete(f"{gateway.url}/tr-301", headers={"x-api-key": key}),
    ]
    gateway.keys.withdraw("Partner")
    answers.append(app.get(gateway.url, headers={"x-api-key": key}))

    assert [one.status_code for one in answers] == [401, 401, 200, 200, 401]
    assert echo.requests[-1].headers["x-user"] == "Partner"
    assert "x-api-key" not in echo.requests[-1].headers


def test_who_asks_for_nothing_says_so_loudly(gateway, echo, app):
    gateway.asks_for = "nothing"

    answer = app.get(gateway.url)

    assert answer.status_code == 200
    assert answer.headers["x-lab-checks-off"] == "gateway credential"


def test_another_credential_than_these_is_refused_when_it_is_set(gateway):
    with pytest.raises(ValueError, match="nothing, key, token"):
        gateway.asks_for = "gateway"


# Paths


ODD_PATHS = [
    "/",
    "/status",
    "/accounts",
    "/%74ransfers",
    "/transfers/",
    "/transfers/..",
    "/transfers/%2e%2e/status",
    "/transfers/..%2fstatus",
    "/transfers/%252e%252e/status",
    "/transfers%2ftr-301",
    "/transfers/tr-301/x",
    "/transfers/a%2fb",
    "/transfers/a;b",
    "/transfers/a%00",
    "/transfers/a%0d%0ax",
    "/transfers/@evil.example",
    "/http://169.254.169.254/latest/meta-data",
    "/transfers/http:%2f%2f169.254.169.254",
    "/TRANSFERS",
    "/transfers/ü",
    "/transfers\\..\\status",
    "/transfers/" + "a" * 65,
]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_a_path_that_is_not_known_to_the_letter_goes_nowhere(path, gateway, echo, issuer):
    token = issuer.token()
    line = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"

    answer = raw(gateway.url, line.encode())

    assert answer.split(b" ", 2)[1] == b"404"
    assert echo.requests == []


@pytest.mark.parametrize(
    "line",
    [
        "GET http://169.254.169.254/transfers HTTP/1.1\r\nHost: 169.254.169.254",
        "GET /transfers HTTP/1.1\r\nHost: 169.254.169.254",
        "GET /transfers HTTP/1.1\r\nHost: x\r\nX-Forwarded-Host: 169.254.169.254",
    ],
)
def test_no_request_says_to_which_host_it_goes(line, gateway, echo, issuer):
    answer = raw(gateway.url, f"{line}\r\nAuthorization: Bearer {issuer.token()}\r\n\r\n".encode())

    assert answer.split(b" ", 2)[1] == b"200"
    assert [one.path for one in echo.requests] == ["/transfers"]
    assert echo.requests[0].headers["host"] == httpx.URL(echo.url).netloc.decode()


def test_without_the_check_of_the_path_dots_reach_a_page_for_the_house(behind, api, issuer, app):
    gateway = behind
    address = f"{gateway.url}/%2e%2e/status"
    reading = bearer(issuer.token())

    refused = app.get(address, headers=reading)
    gateway.checks.path = False
    reached = app.get(address, headers=reading)

    assert (refused.status_code, reached.status_code) == (404, 200)
    assert reached.json()["entries"] == 3


@pytest.mark.parametrize("path", ODD_PATHS)
def test_even_without_that_check_nothing_leaves_for_another_host_or_breaks(
    path, gateway, echo, issuer
):
    gateway.checks.path = False
    line = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {issuer.token()}\r\n\r\n"

    answer = raw(gateway.url, line.encode())

    assert answer.split(b" ", 2)[1] in {b"200", b"400", b"404"}


# Bodies


def test_a_large_body_is_refused_and_not_without_the_check(gateway, echo, issuer, app):
    writing = bearer(issuer.token(scp=BOTH))
    large = NEW | {"to": "x" * 50_000}

    refused = app.post(gateway.url, headers=writing, json=large)
    gateway.checks.body_size = False
    let_in = app.post(gateway.url, headers=writing, json=large)

    assert (refused.status_code, let_in.status_code) == (413, 200)
    assert len(echo.requests) == 1


def test_a_large_body_in_chunks_is_refused_as_well(gateway, echo, issuer, app):
    chunks = (b"x" * 1000 for _ in range(100))
    writing = bearer(issuer.token(scp=BOTH)) | JSON

    answer = app.post(gateway.url, headers=writing, content=chunks)

    assert (answer.status_code, echo.requests) == (413, [])


@pytest.mark.parametrize(("size", "status"), [(8192, 200), (8193, 413)])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_the_limit_is_exact(size, status, in_chunks, gateway, echo, issuer, app):
    body = b'"' + b"x" * (size - 2) + b'"'
    content = (body[at : at + 1000] for at in range(0, size, 1000)) if in_chunks else body

    answer = app.post(gateway.url, headers=bearer(issuer.token(scp=BOTH)) | JSON, content=content)

    assert answer.status_code == status


def test_a_small_body_in_chunks_arrives_whole(gateway, echo, issuer, app):
    body = json.dumps(NEW).encode()
    chunks = (body[at : at + 7] for at in range(0, len(body), 7))

    app.post(gateway.url, headers=bearer(issuer.token(scp=BOTH)) | JSON, content=chunks)

    assert echo.requests[0].get_data() == body
    assert "transfer-encoding" not in echo.requests[0].headers


def test_the_answer_to_a_huge_body_can_be_read(gateway, echo, issuer, app):
    writing = bearer(issuer.token(scp=BOTH)) | JSON

    answer = app.post(gateway.url, headers=writing, content=b"x" * 3_000_000)

    assert answer.status_code == 413


def test_a_broken_chunk_is_a_bad_request(gateway, echo, issuer):
    head = f"POST /transfers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {issuer.token(scp=BOTH)}"
    body = "Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nZZ\r\n{}\r\n"

    answer = raw(gateway.url, f"{head}\r\n{body}".encode())

    assert answer.split(b" ", 2)[1] == b"400"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"amount": NaN}',
        b'{"amount": -Infinity}',
        b'{"amount": 1, "amount": 5000}',
        b'{"to": {"a": 1, "a": 2}}',
        b"\xff\xfe",
        b"to=City&amount=1",
        b"[" * 5000,
        b"\xef\xbb\xbf{}",
    ],
)
def test_a_body_that_is_no_json_to_the_letter_is_refused_and_not_without_the_check(
    body, gateway, echo, issuer, app
):
    writing = bearer(issuer.token(scp=BOTH)) | JSON

    refused = app.post(gateway.url, headers=writing, content=body)
    gateway.checks.body_form = False
    let_in = app.post(gateway.url, headers=writing, content=body)

    assert (refused.status_code, let_in.status_code) == (400, 200)
    assert [one.get_data() for one in echo.requests] == [body]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_kind_is_refused(kind, gateway, echo, issuer, app):
    headers = bearer(issuer.token(scp=BOTH)) | {"content-type": kind}

    answer = app.post(gateway.url, headers=headers, content=b"{}")

    assert (answer.status_code, echo.requests) == (400, [])


# Headers


SMUGGLED = {
    "x-user": "ada@bank.example",
    "X_User": "ada@bank.example",
    "x-client": "another",
    "x-forwarded-for": "10.0.0.1",
    "x-forwarded-user": "ada@bank.example",
    "x-forwarded-host": "evil.example",
    "forwarded": "for=10.0.0.1",
    "x-original-url": "/status",
    "x-http-method-override": "DELETE",
    "x-gateway-secret": "guessed",
    "cookie": "session=1",
    "x-anything": "1",
}


def test_nothing_a_caller_says_of_itself_is_passed_on(gateway, echo, issuer, app):
    app.get(gateway.url, headers=bearer(issuer.token()) | SMUGGLED)

    arrived = echo.requests[0].headers
    assert arrived["x-user"] == "cora@bank.example"
    assert arrived["x-client"] == "app-1"
    assert arrived["x-forwarded-for"] == "127.0.0.1"
    others = {name for name in SMUGGLED if name not in {"x-user", "x-client", "x-forwarded-for"}}
    assert not others & {name.lower() for name, _ in arrived}
    assert "ada@bank.example" not in str(arrived)


def test_without_that_check_a_caller_is_whom_it_says(gateway, echo, issuer, app):
    gateway.checks.identity = False

    answer = app.get(gateway.url, headers=bearer(issuer.token()) | SMUGGLED)

    assert echo.requests[0].headers["x-user"] == "ada@bank.example"
    assert answer.headers["x-lab-checks-off"] == "gateway identity"


def test_the_connection_header_takes_nothing_of_the_gateways_own_away(gateway, echo, issuer, app):
    gateway.only_way_in = True
    named = {"connection": "close, X-User, X-Gateway-Secret", "x-user": "ada@bank.example"}

    app.get(gateway.url, headers=bearer(issuer.token()) | named)

    arrived = echo.requests[0].headers
    assert arrived["x-user"] == "cora@bank.example"
    assert arrived["x-gateway-secret"] == gateway.way_in[1]
    assert "X-User" not in arrived.get("connection", "")


def test_headers_about_the_connection_end_here_both_ways(gateway, echo, issuer, app):
    gateway.checks.identity = False
    hop = {
        "keep-alive": "timeout=5",
        "te": "trailers",
        "proxy-authorization": "Basic eA==",
        "upgrade": "h2c",
        "connection": "upgrade, x-private",
        "x-private": "1",
    }
    echo.answer_headers = {"Proxy-Authenticate": "Basic", "X-Kept": "1", "Upgrade": "h2c"}

    answer = app.get(gateway.url, headers=bearer(issuer.token()) | hop)

    arrived = {name.lower() for name, _ in echo.requests[0].headers}
    assert not arrived & {"te", "proxy-authorization", "upgrade", "x-private"}
    assert "timeout=5" not in str(echo.requests[0].headers)
    assert answer.headers["x-kept"] == "1"
    assert "proxy-authenticate" not in answer.headers
    assert "upgrade" not in answer.headers


def test_a_name_that_no_header_can_hold_is_passed_on_by_percent_signs(gateway, echo, issuer, app):
    app.get(gateway.url, headers=bearer(issuer.token(sub="zoë\r\nX-Evil: 1")))

    assert echo.requests[0].headers["x-user"] == "zo%C3%AB%0D%0AX-Evil%3A 1"
    assert "x-evil" not in echo.requests[0].headers


# Floods


def test_a_flood_ends_at_the_limit_and_goes_on_a_minute_later(gateway, echo, issuer, app, clock):
    gateway.calls_a_minute = 5
    token = bearer(issuer.token())

    flood = [app.get(gateway.url, headers=token) for _ in range(8)]
    clock[0] = 61
    later = app.get(gateway.url, headers=token)

    assert [one.status_code for one in flood] == [200] * 5 + [429] * 3
    assert 0 < int(flood[-1].headers["retry-after"]) <= 60
    assert (later.status_code, len(echo.requests)) == (200, 6)


def test_callers_are_counted_one_by_one_and_made_up_tokens_by_their_address(
    gateway, echo, issuer, app
):
    gateway.calls_a_minute = 3

    mine = [app.get(gateway.url, headers=bearer(issuer.token())) for _ in range(4)]
    other = app.get(gateway.url, headers=bearer(issuer.token(cid="app-2")))
    made_up = [app.get(gateway.url, headers=bearer(f"a.b.{n}")) for n in range(40)]

    assert [one.status_code for one in (*mine, other)] == [200, 200, 200, 429, 200]
    assert {one.status_code for one in made_up} == {401, 429}
    assert len([one for one in made_up if one.status_code == 401]) == 25


def test_without_a_limit_a_flood_goes_through(gateway, echo, issuer, app):
    gateway.calls_a_minute, gateway.checks.rate = 1, False

    answers = [app.get(gateway.url, headers=bearer(issuer.token())) for _ in range(12)]

    assert {one.status_code for one in answers} == {200}


# The edge's cache


def test_the_edge_goes_on_saying_yes_for_as_long_as_it_keeps_the_answer(
    gateway, echo, issuer, app, clock
):
    gateway.credentials = ("api-1", "secret-of-the-api")
    gateway.introspects = True
    gateway.cache.seconds = 60
    token = issuer.token()

    def at(seconds: float) -> int:
        clock[0] = seconds
        return app.get(gateway.url, headers=bearer(token)).status_code

    first = at(0)
    issuer.revoked.add(token)

    assert (first, at(30), at(59), at(61)) == (200, 200, 200, 401)
    assert gateway.counters.introspections == 2


@pytest.mark.parametrize("ends_at_exp", [True, False])
def test_no_kept_answer_outlives_its_token_unless_that_is_switched_off(
    ends_at_exp, gateway, echo, issuer, app, clock
):
    gateway.cache.seconds = 3600
    gateway.checks.cache_ends_at_exp = ends_at_exp
    token = issuer.token()

    before = app.get(gateway.url, headers=bearer(token))
    clock[0] = 301
    after = app.get(gateway.url, headers=bearer(token))

    assert (before.status_code, after.status_code) == (200, 401 if ends_at_exp else 200)


def test_one_cannot_ask_about_tokens_without_credentials(gateway):
    with pytest.raises(ValueError, match="Give the gateway credentials first"):
        gateway.introspects = True


# The only way in


def test_past_the_gateway_nobody_reaches_an_api_that_asks_for_its_secret(behind, api, issuer, app):
    gateway, token = behind, issuer.token()

    before = app.get(api.url, headers=bearer(token))
    gateway.only_way_in = True
    past = [
        app.get(api.url, headers=bearer(token, **more))
        for more in ({}, {"x-gateway-secret": "1"}, {"x-gateway-secret": ""})
    ]
    by_the_door = app.get(gateway.url, headers=bearer(token, **{"x-gateway-secret": "1"}))
    status = app.get(f"{api.base}/status")
    gateway.only_way_in = False
    after = app.get(api.url, headers=bearer(token))

    assert before.status_code == after.status_code == by_the_door.status_code == 200
    assert [one.status_code for one in (*past, status)] == [403] * 4


def test_an_api_that_believes_the_gateway_takes_the_smuggled_name_for_the_callers(
    behind, api, issuer, app
):
    gateway = behind
    gateway.only_way_in, api.asks_for = True, "gateway"
    smuggling = bearer(issuer.token(scp=BOTH)) | {"x-user": "ada@bank.example"}

    honest = app.post(gateway.url, headers=smuggling, json=NEW)
    gateway.checks.identity = False
    fooled = app.post(gateway.url, headers=smuggling, json=NEW)

    assert honest.json()["by"] == "cora@bank.example"
    assert fooled.json()["by"] == "ada@bank.example"


def test_an_api_that_believes_everybodys_word_says_so_loudly(api, app):
    api.asks_for = "gateway"

    answer = app.get(api.url, headers={"x-user": "ada@bank.example"})

    assert answer.status_code == 200
    assert answer.headers["x-lab-checks-off"] == "way_in"


def test_the_signs_of_api_and_gateway_stand_beside_each_other(behind, api, issuer, app):
    behind.checks.rate = api.checks.audience = False

    answer = app.get(behind.url, headers=bearer(issuer.token()))

    assert answer.headers.get_list("x-lab-checks-off") == ["audience", "gateway rate"]


# When somebody is down


def test_an_api_that_is_down_is_a_bad_gateway(behind, api, issuer, app):
    api.stop()

    answer = app.get(behind.url, headers=bearer(issuer.token()))

    assert answer.status_code == 502


def test_an_api_that_takes_too_long_is_a_gateway_time_out(gateway, echo, issuer, app):
    echo.fault = "slow"
    gateway._inside._forward.timeout = 0.05

    answer = app.get(gateway.url, headers=bearer(issuer.token()))
    echo.go_on.set()

    assert answer.status_code == 504


def test_without_the_authorization_server_nobody_gets_through(gateway, echo, issuer, app):
    issuer.down = True

    answer = app.get(gateway.url, headers=bearer(issuer.token()))

    assert (answer.status_code, echo.requests) == (503, [])


# Seen from the lab


def test_the_recording_shows_app_gateway_and_api_by_name_with_the_reasons_of_each(issuer):
    recording = Recording(trust_env=False)
    with Lab(issuer.url, None) as lab:
        api = lab.api("transfers", recording, issuer=issuer.url, audience=AUDIENCE)
        gateway = lab.gateway(api, recording, only_way_in=True)
        with recording.client("Your app") as app:
            app.get(gateway.url, headers=bearer(issuer.token()))
            app.get(f"{gateway.base}/status", headers=bearer(issuer.token()))

        through = [one for one in recording if one.path == "/transfers"]
        seen = [(one.sender, one.receiver) for one in through]
        checks = [[each["check"] for each in lab.reasons(one).checks] for one in through]
        refused = lab.reasons(recording.last).checks

    assert seen == [("Gateway", "Transfers API"), ("Your app", "Gateway")]
    token = ["header", "signature", "issuer", "audience", "times", "client"]
    assert checks[0] == ["way_in", *token, "scope"]
    assert checks[1] == ["path", "rate", *token, "rate", "scope", "identity"]
    assert [(one["check"], one["result"]) for one in refused] == [("path", "failed")]


def test_one_gateway_stands_before_several_apis_of_one_audience(issuer, app):
    with Lab(issuer.url, None) as lab:
        trust = {"issuer": issuer.url, "audience": AUDIENCE}
        gateway = lab.gateway([lab.api("loans", **trust), lab.api("credit", **trust)])
        token = bearer(issuer.token(scp=["loans:read"]))

        answers = [app.get(gateway.url_of(noun), headers=token) for noun in ("loans", "credit")]

    assert [one.status_code for one in answers] == [200, 403]


def test_a_gateway_needs_apis_that_trust_alike(issuer):
    with Lab(issuer.url, None) as lab:
        one = lab.api("loans", issuer=issuer.url, audience="api://a")
        other = lab.api("credit", issuer=issuer.url, audience="api://b")

        with pytest.raises(LabError, match="must trust one server alike"):
            lab.gateway([one, other])
        with pytest.raises(LookupError, match="no way to 'prices'"):
            lab.gateway(one).url_of("prices")


# Whatever comes


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "OPTIONS", "HEAD", "BREW"]),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40),
    header=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
    body=st.binary(max_size=200),
    switched=st.sets(st.sampled_from(["path", "body_form", "identity", "scope", "header"])),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_that_comes_in_breaks_the_gateway(
    gateway, echo, issuer, method, path, header, body, switched
):
    for check in ("path", "body_form", "identity", "scope", "header"):
        setattr(gateway.checks, check, check not in switched)
    gateway.calls_a_minute = 100_000
    head = (
        f"{method} /transfers/{path} HTTP/1.1\r\nHost: {header}\r\nX-User: {header}\r\n"
        f"Connection: {header}\r\nContent-Type: {header}\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Bearer {issuer.token(scp=BOTH)}\r\n\r\n"
    )

    answer = raw(gateway.url, head.encode("latin-1") + body)

    status = answer.split(b" ", 2)[1] if answer.startswith(b"HTTP") else b"400"
    assert status < b"500"
