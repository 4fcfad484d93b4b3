"""What is measured: exchanges with the server, as ready bytes."""

from __future__ import annotations

import json
import re
import secrets
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlencode

from tests.bench.load import Exchange, expect
from tests.speaking import challenge_of

_CODE = re.compile(rb"\r\nlocation: [^\r]*[?&]code=([^&\r]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """A prepared org: paths below its root, and who may ask for what.

    `session` is the cookie of somebody who is signed in and assigned to the app.
    """

    root: str
    app: str
    app_secret: str
    redirect_uri: str
    service: str
    service_secret: str
    scope: str
    session: str


def discovery(target: Target, part: int, parts: int) -> Iterator[Exchange]:
    """The metadata document, again and again."""
    return _fetch(f"{target.root}/.well-known/openid-configuration")


def keys(target: Target, part: int, parts: int) -> Iterator[Exchange]:
    """The key document, again and again."""
    return _fetch(f"{target.root}/v1/keys")


def client_credentials(target: Target, part: int, parts: int) -> Iterator[Exchange]:
    """Access tokens of the service app; each exchange returns the token response."""
    form = {"grant_type": "client_credentials", "scope": target.scope}
    request = _post(target, "token", target.service, target.service_secret, form)
    while True:
        yield _once(request)


def introspection(
    target: Target, tokens: Sequence[str], part: int, parts: int
) -> Iterator[Exchange]:
    """Questions about these tokens in turn, all of which hold."""
    asked = [
        _post(target, "introspect", target.service, target.service_secret, {"token": token})
        for token in tokens[part::parts]
    ]
    return (_once(request) for request in cycle(asked))


def revocation(target: Target, tokens: Sequence[str], part: int, parts: int) -> Iterator[Exchange]:
    """The end of these tokens, each once."""
    for token in tokens[part::parts]:
        form = {"token": token}
        yield _once(_post(target, "revoke", target.service, target.service_secret, form))


def code_flow(target: Target, part: int, parts: int) -> Iterator[Exchange]:
    """Authorization code with PKCE, from the authorize request to access and ID token."""
    while True:
        yield _flow(target)


def management(token: str, path: str, part: int, parts: int) -> Iterator[Exchange]:
    """A GET of the management API with this API token, again and again."""
    return _fetch(path, f"Authorization: SSWS {token}\r\n")


def access_tokens(responses: Sequence[bytes]) -> list[str]:
    """The access tokens of token responses."""
    return [json.loads(response)["access_token"] for response in responses]


def _flow(target: Target) -> Exchange:
    verifier = secrets.token_urlsafe(32)
    parameters = {
        "client_id": target.app,
        "redirect_uri": target.redirect_uri,
        "response_type": "code",
        "scope": "openid",
        "state": "s",
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }
    path = f"{target.root}/v1/authorize?{urlencode(parameters)}"
    sent_back = expect((yield _get(path, f"Cookie: sid={target.session}\r\n")), 302)
    code = _CODE.search(sent_back.head)
    assert code is not None, sent_back
    form = {
        "grant_type": "authorization_code",
        "code": code[1].decode(),
        "redirect_uri": target.redirect_uri,
        "code_verifier": verifier,
    }
    answer = yield _post(target, "token", target.app, target.app_secret, form)
    return expect(answer, 200).body


def _fetch(path: str, headers: str = "") -> Iterator[Exchange]:
    request = _get(path, headers)
    while True:
        yield _once(request)


def _once(request: bytes) -> Exchange:
    answer = yield request
    return expect(answer, 200).body


def _get(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()


def _post(target: Target, endpoint: str, name: str, secret: str, form: dict[str, str]) -> bytes:
    body = urlencode(form)
    credentials = b64encode(f"{name}:{secret}".encode()).decode()
    return (
        f"POST {target.root}/v1/{endpoint} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Basic {credentials}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
