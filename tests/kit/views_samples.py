"""Recordings that the tests of the views draw: an honest one and a hostile one."""

import base64
import json
from dataclasses import replace
from typing import Any

from grantlab.flows import Flow, FlowSetup, Step, Switch, Walk
from grantlab.recording import Exchange, Recording

ISSUER = "http://127.0.0.1:8080/oauth2/default"
CALLBACK = "http://127.0.0.1:8765/callback"
FORM = (("content-type", "application/x-www-form-urlencoded"), ("user-agent", "python-httpx"))
JSON = (("content-type", "application/json"), ("x-okta-request-id", "req-1"))
HOSTILE = """"><script>alert(1)</script><img src=x onerror='alert(2)'>]]>&\x00\u202e"""


def jwt(claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """An unsigned text of three parts: shaped like a JWT, good for nothing but looking at."""
    parts = [header or {"alg": "RS256", "kid": "key-1", "typ": "JWT"}, claims]
    texts = [json.dumps(part).encode() for part in parts]
    encoded = [base64.urlsafe_b64encode(text).rstrip(b"=").decode() for text in texts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


ACCESS = jwt(
    {
        "ver": 1,
        "jti": "AT.b3Blbg",
        "iss": ISSUER,
        "aud": "api://default",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
        "cid": "0oabankspa0000000001",
        "uid": "00ucora0000000000001",
        "scp": ["openid", "profile"],
        "sub": "cora@bank.example",
    }
)


def exchange(**changes: Any) -> Exchange:
    """One back-channel request for a token that succeeds, with these changes."""
    plain = Exchange(
        number=1,
        sender="Bank SPA",
        receiver="Authorization server",
        channel="back",
        method="POST",
        url=f"{ISSUER}/v1/token",
        request_headers=FORM,
        request_body="grant_type=authorization_code&code=abcdefghijkl&client_id=0oabankspa"
        "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        status=200,
        response_headers=JSON,
        response_body=json.dumps(
            {"token_type": "Bearer", "expires_in": 3600, "access_token": ACCESS, "scope": "openid"}
        ),
        started=1_700_000_000.0,
        seconds=0.012,
    )
    return replace(plain, **changes)


def code_flow() -> Recording:
    """A person signs in; the app redeems the code, calls the API, and tries the code again."""
    recording = Recording()
    query = "client_id=0oabankspa&response_type=code&state=s-123&code_challenge=E9Melhoa"
    front = {"sender": "Browser", "channel": "front", "method": "GET", "request_body": ""}
    page = {"response_headers": (("content-type", "text/html"),), "response_body": "<h1>Hi</h1>"}
    to_page = (("location", "/login?request_uri=urn:x"), ("set-cookie", "sid=abc; Path=/"))
    back = (("location", f"{CALLBACK}?code=abcdefghijkl&state=s-123"),)
    refused = json.dumps(
        {"error": "invalid_grant", "error_description": "The authorization code is invalid."}
    )
    api = {
        "receiver": "Transfers API",
        "method": "GET",
        "url": "http://127.0.0.1:9000/transfers",
        "request_body": "",
        "request_headers": (("authorization", f"Bearer {ACCESS}"),),
    }
    challenge = (("www-authenticate", 'Bearer realm="transfers"'),)
    for each in (
        exchange(**front, url=f"{ISSUER}/v1/authorize?{query}", status=302,
                 response_headers=to_page, response_body=""),
        exchange(**front, url="http://127.0.0.1:8080/login?request_uri=urn:x", **page),
        exchange(**front | {"method": "POST", "request_body": "username=cora&password=hunter22"},
                 url="http://127.0.0.1:8080/login", status=302, response_headers=back,
                 response_body=""),
        exchange(**front, receiver="Bank SPA", url=f"{CALLBACK}?code=abcdefghijkl&state=s-123",
                 status=None, response_headers=(), response_body="", seconds=0.0),
        exchange(),
        exchange(**api, response_body='{"transfers": []}'),
        exchange(request_body="grant_type=authorization_code&code=abcdefghijkl"
                 "&client_id=0oabankspa&client_secret=topsecret",
                 status=400, response_body=refused),
        exchange(**api | {"request_headers": ()}, status=401, response_headers=challenge,
                 response_body=""),
    ):  # fmt: skip
        recording.add(each)
    return recording


def hostile() -> Recording:
    """A recording whose every text is markup."""
    recording = Recording()
    evil = HOSTILE
    token = jwt({"sub": evil, evil: evil}, {"alg": evil, "kid": evil})
    for status in (200, 302, 400, 999, None):
        recording.add(
            exchange(
                sender=evil,
                receiver=evil + "2",
                method=evil,
                url=f"http://{evil}/{evil}?{evil}={evil}&error={evil}&access_token={token}",
                request_headers=((evil, evil), ("authorization", evil), *FORM),
                request_body=f"{evil}={evil}&client_secret={evil}",
                status=status,
                response_headers=(("location", evil), ("content-type", "application/json")),
                response_body=json.dumps({"error": evil, evil: evil, "id_token": token}),
            )
        )
    recording.add(exchange(url="http://[", response_headers=(("location", "http://["),)))
    return recording


def flow(*steps: Step[Walk], switches: tuple[Switch, ...] = ()) -> Flow[Walk]:
    """A flow whose steps add to its recording by hand."""
    recording = Recording()

    def state(mistakes: frozenset[str]) -> Walk:
        app = recording.client("Your app")
        setup = FlowSetup(ISSUER, "0oabankspa")
        return Walk(setup=setup, recording=recording, mistakes=mistakes, app=app)

    return Flow("A flow", steps, switches, state)
