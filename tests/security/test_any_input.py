"""No input to any route gives a 5xx, and what is stored reads well afterwards.

Requests go to the WSGI app as a server would hand them over: bytes as they came, nothing mended.
Hypothesis draws the same ones in each run.
"""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode

import httpx
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import RSAKey
from werkzeug.test import run_wsgi_app

from labserver import Settings, create_app
from labserver.domain.operations import OPERATIONS
from tests.conftest import ROOT_TOKEN
from tests.speaking import (
    authorize,
    custom_server,
    done,
    find_person,
    register_app,
    sign_in,
    tokens_for,
)
from tests.web.test_isolation import ids_of

EXAMPLES = 8
"""Requests to each route."""
UNSUPPORTED = 501
"""Okta's own answer to what it has no feature for; always with `E0000060`."""

Json = Any
Route = tuple[str, str]


@dataclass(frozen=True)
class Call:
    """One request, as it comes over the wire; `path` and `query` are percent-encoded."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Victim:
    """A server with an org of its own for this file; `admin` speaks for the org's super admin."""

    app: Flask
    admin: httpx.Client
    token: str
    ids: dict[str, str]
    bodies: dict[Route, Json]
    form: dict[str, str]


PROTOCOL = ("authorize", "token", "introspect", "revoke", "userinfo", "keys", "logout")
PAGES = (
    "/", "/app/UserHome", "/login/consent", "/login/login.htm", "/login/sessionCookieRedirect",
    "/login/signout", "/login/step", "/signin/forgot-password", "/signin/reset-password/{token}",
    "/signin/unlock-account", "/signin/unlock/{token}", "/welcome/{token}",
    "/assets/{filename}",
)  # fmt: skip
METADATA = ("openid-configuration", "oauth-authorization-server")
OTHERS: tuple[str, ...] = (
    *(f"/oauth2/{server}v1/{name}" for server in ("", "{server_id}/") for name in PROTOCOL),
    *(f"/.well-known/{name}" for name in METADATA),
    *(f"/.well-known/{name}/oauth2/{{server_id}}" for name in METADATA),
    *(f"/oauth2/{{server_id}}/.well-known/{name}" for name in METADATA),
    *PAGES,
    "/api/v1/sessions/me",
    "/api/v1/sessions/me/lifecycle/refresh",
    "/api/v1/users/{user_id}/factors/{factor_id}/qr/{token}",
    "/healthz",
    "/lab/operations",
)
"""What has no operation of the management API; each is asked by GET, POST and DELETE."""


def routes() -> Iterator[Route]:
    """Every route, those first that leave the most behind them."""
    for path in OTHERS:
        for method in ("GET", "POST", "DELETE"):
            yield method, path

    def harm(route: Route) -> int:
        method, path = route
        if path in ("/lab/clock", "/lab/reset", "/lab/snapshot", "/api/v1/api-tokens/current"):
            return 4
        if method == "DELETE":
            return 3
        return 2 if "lifecycle" in path else 1

    yield from sorted(OPERATIONS, key=harm)


@pytest.fixture(scope="module")
def victim(
    tmp_path_factory: pytest.TempPathFactory, make_key: Callable[[], RSAKey]
) -> Iterator[Victim]:
    """A server with a movable clock."""
    app = create_app(
        Settings(
            base_url="http://lab.test",
            database=f"sqlite:///{tmp_path_factory.mktemp('victim') / 'lab.db'}",
            admin_token=ROOT_TOKEN,
            movable_clock=True,
            make_key=make_key,
        )
    )
    transport = httpx.WSGITransport(app, raise_app_exceptions=False)
    with httpx.Client(base_url="http://lab.test", transport=transport) as root:
        body = {"subdomain": "victim", "name": "Victim"}
        made = done(root.post("/api/v1/orgs", json=body, headers=ssws(ROOT_TOKEN)))
    url, headers = "http://lab.test/orgs/victim", ssws(made["token"])
    with httpx.Client(base_url=url, transport=transport, headers=headers) as admin:
        ids = ids_of(admin) | {"token": "x", "filename": "pages.css", "factor_type": "sms"}
        ids["token_id"] = done(admin.post("/api/v1/api-tokens", json={"name": "Its own"}))["id"]
        yield Victim(app, admin, made["token"], ids, bodies_of(admin, ids), form_of(admin))
    app.extensions["labserver"][1].close()


def ssws(token: str) -> dict[str, str]:
    return {"Authorization": f"SSWS {token}"}


def filled(path: str, ids: dict[str, str]) -> str:
    """The path with real ids."""
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "x"), path)


def bodies_of(admin: httpx.Client, ids: dict[str, str]) -> dict[Route, Json]:
    """A sound body for each operation that takes one."""
    step = LIVE | {"stateToken": state_token(admin)}
    return {
        (method, path): step if path.startswith("/api/v1/authn/") else sound_body(admin, path, ids)
        for method, path in OPERATIONS
        if method in ("POST", "PUT")
    }


def sound_body(admin: httpx.Client, path: str, ids: dict[str, str]) -> Json:
    """What `SHAPES` says, else what a GET of the same path shows, or the first that it lists."""
    for end, shape in SHAPES.items():
        if path.endswith(end):
            return shape
    if ("GET", path) not in OPERATIONS:
        return {}
    shown = admin.get(filled(path, ids)).json()
    return next(iter(shown), {}) if isinstance(shown, list) else shown


def state_token(admin: httpx.Client) -> str:
    """A transaction that waits for a new password."""
    profile = {"firstName": "P", "lastName": "E", "login": "pe@bank.example"}
    password = {"password": {"value": "Open-Sesame-2026"}}
    body = {"profile": profile | {"email": "pe@bank.example"}, "credentials": password}
    done(admin.post("/api/v1/users?nextLogin=changePassword", json=body))
    signing_in = {"username": "pe@bank.example", "password": "Open-Sesame-2026"}
    token: str = done(admin.post("/api/v1/authn", json=signing_in))["stateToken"]
    return token


def form_of(admin: httpx.Client) -> dict[str, str]:
    """Sound values for the parameters of the protocol and of the pages."""
    cora = find_person(admin)
    app = register_app(admin, cora)
    issuer = custom_server(str(admin.base_url).rstrip("/"))
    tokens = tokens_for(admin, issuer, app, cora, "openid offline_access")
    return {
        "client_id": app.id,
        "client_secret": app.secret or "",
        "grant_type": "authorization_code",
        "scope": "openid offline_access",
        "redirect_uri": app.redirect_uri,
        "response_type": "code",
        "response_mode": "query",
        "state": "s",
        "nonce": "n",
        "prompt": "none",
        "max_age": "10",
        "code": authorize(admin, issuer, app, cora).code,
        "code_verifier": "v" * 50,
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
        "refresh_token": tokens["refresh_token"],
        "token": tokens["access_token"],
        "token_type_hint": "access_token",
        "sessionToken": sign_in(admin, cora),
        "sid": admin.cookies["sid"],
        "request_uri": "urn:x",
        "request": "a.b.c",
        "claims": "{}",
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": "http://127.0.0.1:8765/signed-out",
        "client_assertion": "a.b.c",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "username": cora.login,
        "password": "wrong",
        "decision": "allow",
        "redirectUrl": "http://lab.test/orgs/victim/",
        "checkAccountSetupComplete": "true",
    }


LIVE: dict[str, Json] = {
    "stateToken": "",
    "passCode": "123456",
    "answer": "mayonnaise",
    "oldPassword": "Open-Sesame-2026",
    "newPassword": "Another-Sesame-2026",
    "username": "cora@bank.example",
    "factorType": "question",
    "provider": "OKTA",
    "profile": {"question": "disliked_food", "answer": "mayonnaise"},
    "recoveryToken": "x",
    "relayState": "/",
}
"""All members that a step of a sign-in may send."""

_NEW = {"password": {"value": "Another-Sesame-2026"}}
SHAPES: dict[str, dict[str, Json]] = {
    "/authn": {"username": "cora@bank.example", "password": "wrong", "options": {}, "context": {}},
    "/change_password": {"oldPassword": {"value": "x"}, "newPassword": {"value": "y"}},
    "/change_recovery_question": _NEW | {"recovery_question": {"question": "Q", "answer": "Mine"}},
    "/forgot_password": _NEW | {"recovery_question": {"answer": "Mine"}},
    "/factors": {k: LIVE[k] for k in ("factorType", "provider", "profile")},
    "/verify": {"passCode": "123456", "answer": "mayonnaise"},
    "/activate": {"passCode": "123456"},
    "/resend": {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": "+1"}},
    "/api/v1/sessions": {"sessionToken": "x"},
    "/roles": {"type": "USER_ADMIN"},
    "/keyRotate": {"use": "sig"},
    "/lab/clock": {"forward": 1},
    "/lab/preview": {
        "authorizationServerId": "default",
        "clientId": "x",
        "userId": "cora@bank.example",
        "grantType": "authorization_code",
        "scopes": ["openid"],
    },
    "/api/v1/users": {
        "profile": {
            "firstName": "A",
            "lastName": "B",
            "email": "a@b.example",
            "login": "a@b.example",
        },
        "credentials": {"password": {"value": "Open-Sesame-2026"}},
        "groupIds": [],
    },
    "/api/v1/orgs": {"subdomain": "more", "name": "More"},
    "/associatedServers": {"trusted": ["default"]},
    "/owners": {"id": "x", "type": "USER"},
}
"""Sound bodies of what no GET shows, by the end of the path."""

ODD_TEXT = (
    "", " ", "\0", "a\0b", "\ud800", "\U0001f98a", "é" * 40, "a" * 3000, "../..", "%", "%00",
    "{0}", "${x}", "'; --", '"', "<script>", "\r\nX: y", "me", "NaN", "-0", "1e999", "٣",
    "9" * 400, "default", "*", "EVERYONE", "ALL_CLIENTS", "2026-13-45T99:99:99.000Z",
    "(" * 200, 'id eq "', 'profile.login sw "a" and (', "user.login", "((((", "[[", "a" * 200 + "(",
)  # fmt: skip
ODD_NUMBERS = (0, -1, 1.5, 2**31, 2**53 + 1, 2**63, -(2**70), 10**400, 1e308, float("nan"))
DEEP: Json = json.loads("[" * 500 + "]" * 500)
texts = st.sampled_from(ODD_TEXT) | st.text(max_size=12)
leaves = st.sampled_from((None, True, False, [], {}, DEEP, *ODD_NUMBERS)) | texts
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
QUERY_NAMES = (
    "limit", "after", "q", "filter", "search", "sortBy", "sortOrder", "expand", "since", "until",
    "activate", "nextLogin", "type", "oauthTokens", "sendEmail", "revokeSessions", "tempPassword",
    "userId", "strict", "fields", "updatePhone", "templateId",
)  # fmt: skip
HEADER_NAMES = (
    "Authorization", "Accept", "Accept-Language", "Content-Type", "Cookie", "DPoP", "If-Match",
    "If-None-Match", "Origin", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host",
    "Range", "Expect", "Access-Control-Request-Method", "Host", "Transfer-Encoding",
    "Content-Length",
)  # fmt: skip
header_values = st.sampled_from((
    "", "*", "\xff\xfe", "Basic !!!", "Basic Og==", "Bearer a.b.c", "SSWS", "DPoP x", "text/html",
    "application/xml", 'W/"', '"x", "y"', "sid=1; sid=2; =; x", "a" * 3000, "-1", "chunked", "null",
    "multipart/form-data; boundary=", "application/json; charset=utf-16", "image/*;q=2",
))  # fmt: skip


@st.composite
def changed(draw: st.DrawFn, sound: Json) -> Json:
    """The sound value with something in it replaced, added or left out."""
    if isinstance(sound, dict) and sound and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(sound)))
        what = draw(st.integers(0, 5))
        rest = {each: value for each, value in sound.items() if each != name}
        if what == 0:
            return rest
        if what == 1:
            return sound | {draw(texts): draw(values)}
        return rest | {name: draw(changed(sound[name]))}
    if isinstance(sound, list) and sound and draw(st.booleans()):
        return [draw(changed(sound[0])), *sound[1:]]
    return draw(values)


@st.composite
def json_bodies(draw: st.DrawFn, sound: Json) -> tuple[str, bytes]:
    """A content type, and a body that is or was JSON."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return "application/json", draw(st.binary(max_size=30))
    if kind == 1:
        return "application/json", b'{"a":' * 3000
    document = sound if kind == 2 else draw(values) if kind == 3 else draw(changed(sound))
    return "application/json; charset=UTF-8", json.dumps(document).encode()


@st.composite
def form_bodies(draw: st.DrawFn, sound: dict[str, str]) -> tuple[str, str]:
    """A content type, and a percent-encoded form or query."""
    pairs = []
    for name in draw(st.lists(st.sampled_from(sorted(sound)), max_size=8)):
        value = sound[name] if draw(st.integers(0, 2)) else draw(texts)
        pairs.append((name, value.encode("utf-8", "surrogatepass")))
    raw = draw(
        st.sampled_from(("", "", "", "&%zz=%ff", "&a=%ed%a0%80", "&&=&;", "&a=%00", "&" * 99))
    )
    return "application/x-www-form-urlencoded", urlencode(pairs) + raw


def credentials(sound: dict[str, str]) -> tuple[dict[str, str], ...]:
    """How a request to a protocol endpoint or a page says who sends it."""
    pair = f"{sound['client_id']}:{sound['client_secret']}".encode()
    return (
        {},
        {"Authorization": f"Basic {b64encode(pair).decode()}"},
        {"Authorization": f"Bearer {sound['token']}"},
        {"Cookie": f"sid={sound['sid']}"},
    )


@st.composite
def calls(draw: st.DrawFn, victim: Victim, route: Route) -> Call:
    """A request to the route: sound in part, so that it gets far."""
    method, path = route

    def place(found: re.Match[str]) -> str:
        real = draw(st.integers(0, 3))
        text = victim.ids.get(found[1], "x") if real else draw(texts)
        return quote(text.encode("utf-8", "surrogatepass"), safe="")

    path = re.sub(r"\{(\w+)\}", place, path)
    headers = ssws(victim.token)
    names = st.sampled_from(QUERY_NAMES)
    query = urlencode([
        (name, value.encode("utf-8", "surrogatepass"))
        for name, value in draw(st.lists(st.tuples(names, texts), max_size=2))
    ])  # fmt: skip
    body = b""
    if route not in OPERATIONS:
        headers = draw(st.sampled_from(credentials(victim.form)))
        query = draw(form_bodies(victim.form))[1]
        content_type, form = draw(form_bodies(victim.form))
        headers, body = headers | {"Content-Type": content_type}, form.encode()
    elif method in ("POST", "PUT"):
        headers["Content-Type"], body = draw(json_bodies(victim.bodies[route]))
    odd = st.tuples(st.sampled_from(HEADER_NAMES), header_values)
    headers |= dict(draw(st.lists(odd, max_size=2)) if draw(st.booleans()) else ())
    return Call(method, path, query, headers, body)


def send(app: Flask, call: Call, base: str) -> tuple[int, dict[str, str], bytes]:
    """The app's answer to the call, as a WSGI server would put it."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": call.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(base + call.path).decode("latin-1"),
        "QUERY_STRING": call.query,
        "SERVER_NAME": "lab.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(call.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(call.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in call.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    chunks, status, headers = run_wsgi_app(app, environ, buffered=True)
    return int(status[:3]), dict(headers), b"".join(chunks)


def test_this_list_of_routes_is_whole(victim: Victim) -> None:
    known = {path for _, path in routes()}
    served = set()
    for rule in victim.app.url_map.iter_rules():
        choices = re.search(r"<any\(([^)]*)\):\w+>", rule.rule)
        words = [word.strip("' ") for word in choices[1].split(",")] if choices else [""]
        for word in words:
            path = re.sub(r"<any\([^)]*\):\w+>", word, rule.rule)
            served.add(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path))

    assert served == known


@pytest.mark.parametrize("route", list(routes()), ids=" ".join)
def test_no_input_gives_a_5xx(victim: Victim, route: Route) -> None:
    base = "" if route[1].startswith("/api/v1/orgs") else "/orgs/victim"
    parents = [path for method, path in OPERATIONS if method == "GET" and route[1].startswith(path)]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(victim, route))
    def ask(call: Call) -> None:
        status, headers, body = send(victim.app, call, base)
        assert status < 500 or (status == UNSUPPORTED and b"E0000060" in body), (status, call)
        if status >= 400 and call.path.startswith("/api/v1/") and call.method != "HEAD":
            document = json.loads(body)
            assert {"errorCode", "errorSummary", "errorLink", "errorId"} <= document.keys(), call
        assert "\n" not in "".join(headers.values())

    ask()

    for path in parents:
        shown = victim.admin.get(filled(path, victim.ids))
        assert shown.status_code < 500, (path, shown.text)


def test_all_that_is_stored_still_reads(victim: Victim) -> None:
    faults = []

    for method, path in OPERATIONS:
        if method == "GET":
            answer = victim.admin.get(filled(path, victim.ids))
            if answer.status_code >= 500:
                faults.append((path, answer.text))

    assert faults == []
