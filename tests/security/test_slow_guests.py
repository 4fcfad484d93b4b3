"""Clients that are slow, silent or many keep nobody else from being served."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import httpx
import pytest

from labserver.patience import OneAtATime
from tests.security.conftest import Guests

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"

UNFINISHED = {
    "silent": b"",
    "half a header": b"GET /healthz HTTP/1.1\r\nHost: lab\r\nX-Ha",
    "half a form": b"POST /oauth2/v1/token HTTP/1.1\r\nHost: lab\r\n"
    + FORM
    + b"Content-Length: 1000\r\n\r\ngrant_type=",
    "half a chunk": b"POST /api/v1/authn HTTP/1.1\r\nHost: lab\r\n"
    b"Content-Type: application/json\r\n"
    b'Transfer-Encoding: chunked\r\n\r\n50\r\n{"username":',
    "half a page form": b"POST /login/login.htm HTTP/1.1\r\nHost: lab\r\n"
    + FORM
    + b"Content-Length: 1000\r\n\r\nusername=",
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED.keys())
def test_fifty_unfinished_requests_stop_nobody(
    guests: Guests, visitor: httpx.Client, sent: bytes
) -> None:
    guests(50, sent)

    answers = [visitor.post("/oauth2/v1/token", data={"client_id": "nobody"}) for _ in range(8)]

    assert {answer.status_code for answer in answers} == {400}


def test_a_slow_body_is_answered_when_it_is_complete(guests: Guests, visitor: httpx.Client) -> None:
    head = b"POST /oauth2/v1/token HTTP/1.1\r\nHost: lab\r\n" + FORM
    (slow,) = guests(1, head + b"Content-Length: 24\r\nConnection: close\r\n\r\ngrant_type=")

    meanwhile = visitor.get("/healthz")
    slow.sendall(b"nonsense&x=yz")

    assert meanwhile.status_code == 200
    assert b"grant_type" in slow.makefile("rb").read()


def test_five_hundred_connections_are_all_answered(guests: Guests) -> None:
    open_ones = guests(500, b"")
    for guest in open_ones:
        guest.sendall(b"GET /healthz HTTP/1.1\r\nHost: lab\r\n\r\n")

    answers = [guest.recv(100) for guest in open_ones]

    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)


def test_a_body_that_says_it_is_too_large_is_refused_before_it_came(
    guests: Guests,
) -> None:
    head = b"POST /oauth2/v1/token HTTP/1.1\r\nHost: lab\r\n" + FORM
    (greedy,) = guests(1, head + b"Content-Length: 5000000000\r\nConnection: close\r\n\r\na")

    answer = greedy.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 413")


def test_an_endless_chunked_body_is_refused(guests: Guests) -> None:
    head = b"POST /oauth2/v1/token HTTP/1.1\r\nHost: lab\r\n" + FORM
    (endless,) = guests(1, head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
    megabyte_and_more = b"a" * (1 << 16)

    for _ in range(17):
        endless.sendall(b"10000\r\n" + megabyte_and_more + b"\r\n")

    assert endless.recv(1000).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    ("framing", "sent", "seen"),
    [
        ({"CONTENT_LENGTH": "10"}, b"0123456789", [b"0123456789"]),
        ({"CONTENT_LENGTH": "10"}, b"01234", []),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, b"01234", [b"01234"]),
        ({}, b"", [b""]),
    ],
)
def test_a_body_that_ends_too_early_is_no_request(
    framing: dict[str, str], sent: bytes, seen: list[bytes]
) -> None:
    found: list[bytes] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        found.append(environ["wsgi.input"].read())
        return []

    OneAtATime(app, 100)({"wsgi.input": BytesIO(sent)} | framing, lambda *_: lambda _: None)

    assert found == seen
