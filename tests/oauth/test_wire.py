"""Odd bytes on the wire: an exact refusal in the right form, never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import Lab, Server
from tests.speaking import (
    App,
    Issuer,
    assert_refused,
    authorize_parameters,
    custom_server,
    done,
    register_app,
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ENDPOINTS = ("token", "introspect", "revoke")


@pytest.fixture(scope="module")
def lab(server: Server, root: httpx.Client) -> Lab:
    """One org for this file: its requests change nothing."""
    made = done(root.post("/api/v1/orgs", json={"subdomain": "wire", "name": "Wire"}))
    return Lab(f"{server.url}/orgs/wire", made["id"], "wire", made["token"], server)


@pytest.fixture(scope="module")
def admin(lab: Lab) -> Iterator[httpx.Client]:
    """The org's super admin."""
    headers = {"Authorization": f"SSWS {lab.token}"}
    with httpx.Client(base_url=lab.url, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def web(admin: httpx.Client) -> App:
    """A web app with a secret."""
    return register_app(admin)


@pytest.fixture
def custom(lab: Lab) -> Issuer:
    """The custom server `default`."""
    return custom_server(lab.url)


def send(
    http: httpx.Client, issuer: Issuer, endpoint: str, app: App, body: bytes | str, **headers: str
) -> httpx.Response:
    return http.post(
        issuer.at(endpoint),
        content=body,
        headers=FORM | headers,
        auth=(app.id, str(app.secret)),
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_repeated_parameter_is_refused_even_with_the_same_value_or_unknown(
    http: httpx.Client, issuer: Issuer, web: App, endpoint: str
) -> None:
    for body in ("token=x&token=x", "token=x&foo=1&foo=2", "token=&token=x"):
        assert_refused(
            send(http, issuer, endpoint, web, body),
            "invalid_request",
            "The request contained multiple parameters with the same name.",
        )


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "body",
    ["token=%C3%A9", "token=%00", "token=%FF%FE", "t%C3%A9=1", "token=%0D%0A", b"token=\xff"],
)
def test_what_is_not_printable_ascii_is_refused(
    http: httpx.Client, issuer: Issuer, web: App, endpoint: str, body: bytes | str
) -> None:
    assert_refused(
        send(http, issuer, endpoint, web, body),
        "invalid_request",
        "A parameter is not UTF-8."
        if body in ("token=%FF%FE", b"token=\xff")
        else "A parameter holds characters other than printable ASCII.",
    )


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"]
)
def test_a_body_that_is_no_form_is_refused(
    http: httpx.Client, issuer: Issuer, web: App, endpoint: str, content_type: str
) -> None:
    answer = http.post(
        issuer.at(endpoint),
        content='{"token": "x"}',
        headers={"Content-Type": content_type},
        auth=(web.id, str(web.secret)),
    )

    assert_refused(answer, "invalid_request")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_charset_in_the_content_type_is_welcome(
    http: httpx.Client, issuer: Issuer, web: App, endpoint: str
) -> None:
    content_type = "application/x-www-form-urlencoded; charset=UTF-8"
    headers = {"Content-Type": content_type}

    answer = http.post(
        issuer.at(endpoint),
        content="token=x&grant_type=refresh_token&refresh_token=x",
        headers=headers,
        auth=(web.id, str(web.secret)),
    )

    assert answer.status_code == (400 if endpoint == "token" else 200)
    if endpoint == "token":
        assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_huge_body_is_refused_in_the_form_of_the_protocol(
    http: httpx.Client, issuer: Issuer, web: App, endpoint: str
) -> None:
    answer = send(http, issuer, endpoint, web, "token=" + "x" * (2 << 20))

    assert_refused(answer, "invalid_request", status=413)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_too_many_parameters_are_refused(
    http: httpx.Client, issuer: Issuer, web: App, endpoint: str
) -> None:
    for count in (101, 5000):
        body = "&".join(f"p{number}=x" for number in range(count))
        answer = send(http, issuer, endpoint, web, body)
        assert answer.status_code in (400, 413)
        assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_an_unknown_method_is_refused_with_the_known_ones(
    http: httpx.Client, issuer: Issuer, endpoint: str, method: str
) -> None:
    answer = http.request(method, issuer.at(endpoint))

    assert (answer.status_code, answer.json()["errorCode"]) == (405, "E0000022")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_keys_are_only_read(http: httpx.Client, issuer: Issuer, method: str) -> None:
    assert http.request(method, issuer.at("keys")).status_code == 405


def test_a_strange_method_is_refused(http: httpx.Client, issuer: Issuer) -> None:
    assert http.request("BREW", issuer.at("token")).status_code in (405, 501)


def test_an_unknown_path_is_not_found(http: httpx.Client, issuer: Issuer) -> None:
    answer = http.get(issuer.at("nothing"))

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000008")


def hostile() -> Iterator[tuple[str, str]]:
    values = {
        "nul": "\0",
        "newlines": "\r\nX-Injected: 1",
        "non-ascii": "é漢\U0001f600",
        "long": "x" * 20_000,
        "quotes": "\"'<script>alert(1)</script>",
        "percent": "%00%ff%",
        "dots": "../../etc/passwd",
        "sql": "' OR 1=1 --",
    }
    yield from values.items()


PARAMETERS = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
    "code_challenge", "code_challenge_method", "prompt", "max_age", "login_hint", "sessionToken",
    "request_uri", "request",
)  # fmt: skip


@pytest.mark.parametrize("value", [pytest.param(value, id=name) for name, value in hostile()])
def test_a_hostile_value_in_any_parameter_of_authorize_is_a_plain_refusal_or_harmless(
    http: httpx.Client, issuer: Issuer, web: App, value: str
) -> None:
    statuses = {}
    for name in PARAMETERS:
        parameters = authorize_parameters(web, "v" * 43) | {name: value}
        answer = http.post(issuer.at("authorize"), data=parameters)
        statuses[name] = answer.status_code
        assert "X-Injected" not in answer.headers
        assert "<script>alert(1)" not in answer.text

    assert set(statuses.values()) <= {302, 303, 400}, statuses


@pytest.mark.parametrize("value", [pytest.param(value, id=name) for name, value in hostile()])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_hostile_value_in_any_parameter_of_the_back_channel_is_a_plain_refusal(
    http: httpx.Client, issuer: Issuer, web: App, endpoint: str, value: str
) -> None:
    names = (
        "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "token",
        "token_type_hint", "client_id", "client_secret", "client_assertion",
        "client_assertion_type",
    )  # fmt: skip
    statuses = {}
    for name in names:
        form = {"grant_type": "authorization_code", "token": "x", name: value}
        answer = http.post(issuer.at(endpoint), data=form, auth=(web.id, str(web.secret)))
        statuses[name] = answer.status_code
        assert answer.headers["Content-Type"].startswith(("application/json", "text/html"))

    assert set(statuses.values()) <= {200, 400, 401, 413}, statuses


@pytest.mark.parametrize("value", [pytest.param(value, id=name) for name, value in hostile()])
def test_a_hostile_cookie_is_nobody(
    http: httpx.Client, issuer: Issuer, web: App, value: str
) -> None:
    header = f"sid={value}; browser={value}".replace("\0", "").replace("\r\n", "")
    answer = http.get(
        issuer.at("authorize"),
        params=authorize_parameters(web, "v" * 43),
        headers=[(b"Cookie", header[:8000].encode())],
    )

    assert answer.status_code in (302, 303)


@pytest.mark.parametrize(
    "header",
    [b"Basic \xff\xfe", b"Basic " + b"A" * 30_000, b"\x80", b"Bearer " + b"." * 5000, b"a" * 100],
)
@pytest.mark.parametrize("endpoint", [*ENDPOINTS, "userinfo"])
def test_a_hostile_authorization_header_is_unauthorized(
    http: httpx.Client, issuer: Issuer, endpoint: str, header: bytes
) -> None:
    form = {"token": "x", "grant_type": "refresh_token", "refresh_token": "x"}

    answer = http.post(issuer.at(endpoint), data=form, headers=[(b"Authorization", header)])

    assert answer.status_code in (401, 431)


@pytest.mark.parametrize(
    "path",
    [
        "/oauth2/%00/v1/token",
        "/oauth2/%ff/v1/keys",
        "/oauth2/..%2f..%2fetc/v1/keys",
        "/oauth2/default/v1/keys/",
        "/orgs/%00/oauth2/v1/keys",
        "/orgs/",
        "/orgs/UPPER/oauth2/v1/keys",
        "/.well-known/openid-configuration/x/y",
        "/oauth2/" + "x" * 5000 + "/v1/keys",
    ],
)
def test_a_hostile_path_is_not_found(root: httpx.Client, path: str) -> None:
    assert root.get(path).status_code in (400, 404, 405, 414)


def test_a_content_length_that_lies_or_is_missing_harms_nobody(
    http: httpx.Client, issuer: Issuer
) -> None:
    import socket

    parts = urlsplit(issuer.at("token"))
    assert parts.hostname is not None
    for length in ("Content-Length: -1", "Content-Length: 99999999999", "Content-Length: x", ""):
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=10) as raw:
            head = f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{length}\r\n"
            raw.sendall((head.replace("\r\n\r\n", "\r\n") + "\r\n").encode())
            raw.shutdown(socket.SHUT_WR)
            first = raw.recv(4096)
        assert not first.startswith(b"HTTP/1.1 5"), (length, first)

    assert done(http.get(issuer.at("keys")))


def test_every_refusal_of_the_token_endpoint_is_kept_by_no_cache(
    http: httpx.Client, issuer: Issuer, web: App
) -> None:
    answers: list[Any] = [
        http.post(issuer.at("token")),
        http.post(issuer.at("token"), json={}),
        send(http, issuer, "token", web, "grant_type=x"),
        http.get(issuer.at("token")),
    ]

    for answer in answers:
        assert "no-store" in answer.headers["Cache-Control"]
