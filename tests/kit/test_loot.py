"""What a stolen credential tells by itself, what the lab adds, and what a recording gives away."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from grantlab.browser import Browser
from grantlab.finding import json_of
from grantlab.haul import loot_in
from grantlab.lab import App, Lab
from grantlab.loot import DAY, KINDS, Loot, examine
from grantlab.recording import Recording
from grantlab.views.meter import meter_text
from grantlab.whose import ask
from tests.conftest import Server
from tests.kit.views_samples import ACCESS, code_flow, exchange, jwt
from tests.speaking import register_app

API_TOKEN = "00" + "a" * 40
NOW = 1_700_000_000.0


@pytest.fixture(scope="module")
def lesson(server: Server) -> Iterator[Lab]:
    with Lab.connect(server.url, server.token) as found:
        yield found


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


def basic(who: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{who}:{secret}".encode()).decode()


def of_kind(found: tuple[Loot, ...], kind: str) -> Loot:
    (one,) = (each for each in found if each.kind == kind)
    return one


def sync_token(lesson: Lab, http: httpx.Client, app: App) -> str:
    form = {"grant_type": "client_credentials", "scope": "sync:read"}
    answer = http.post(
        f"{lesson.server('Sync').issuer}/v1/token",
        data=form,
        auth=(app.client_id, app.client_secret),
    )
    return str(json_of(answer)["access_token"])


def api_token(lesson: Lab, name: str) -> str:
    body = {"name": "loot", "userId": lesson.person(name).id}
    return str(json_of(lesson.admin.post("/api/v1/api-tokens", json=body))["token"])


def key_pair() -> tuple[Any, str]:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key, pem.decode()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (ACCESS, "access token"),
        (jwt({"sub": "a", "aud": "api", "scope": "x"}), "access token"),
        (jwt({"sub": "a", "aud": "client", "nonce": "n"}), "ID token"),
        (jwt({"iss": "0oa1", "sub": "0oa1", "aud": "https://as/token"}), "client assertion"),
        (API_TOKEN, "API token"),
        (f"SSWS {API_TOKEN}", "API token"),
        ("20111" + "b" * 40, "session token"),
        ('{"kty": "RSA", "n": "1", "d": "2"}', "private key"),
        ("-----BEGIN EC PRIVATE KEY-----\nabc\n", "private key"),
        ("something else", "unknown value"),
    ],
)
def test_the_value_itself_shows_its_kind_where_it_can(value: str, kind: str):
    assert examine(value).kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_of_every_kind_it_is_known_what_it_opens(kind: Any):
    assert examine("0123456789abcdef" * 3, kind).opens


def test_a_jwt_tells_whose_it_is_what_it_may_where_and_for_how_long():
    found = examine(f"Bearer {ACCESS}")

    assert (found.owner, found.client) == ("cora@bank.example", "0oabankspa0000000001")
    assert found.scopes == ("openid", "profile")
    assert found.opens == ("api://default",)
    assert found.seconds_left(NOW) == 3600
    assert found.seconds_left(NOW + 3601) == 0
    assert not found.works(NOW + 3600)
    assert found.alive is None
    assert found.sources == ("the token's own claims, not verified",)


def test_a_password_has_no_scope_and_no_end():
    found = examine("Open sesame", "password", owner="cora@bank.example")

    assert found.scopes is None
    assert found.value == "Open sesame"
    assert found.seconds_left(NOW + 31 * DAY) is None
    assert found.works(NOW + 31 * DAY)


@pytest.mark.parametrize("claim", ["soon", None, True, [1]])
def test_a_claim_that_is_no_time_is_no_end(claim: Any):
    assert examine(jwt({"scp": ["a"], "exp": claim})).expires is None


def test_an_api_key_is_found_in_its_header_and_neither_scope_nor_time_limits_it():
    call = exchange(
        url="http://127.0.0.1:9/prices",
        request_headers=(("x-api-key", "key-of-somebody"),),
        request_body="",
        response_body="{}",
    )

    (found,) = loot_in([call])

    assert (found.kind, found.value, found.scopes) == ("API key", "key-of-somebody", None)
    assert found.works(NOW + 365 * DAY)


def test_no_secret_is_in_what_loot_says_of_itself():
    password = examine("Open-Sesame-2026", "password")
    token = examine(API_TOKEN)

    assert "Open" not in repr(password) + password.masked
    assert API_TOKEN not in repr(token) + token.masked
    assert token.masked == "00aa… (42 characters)"


def test_a_recording_gives_every_credential_away_once():
    found = loot_in(code_flow())

    kinds = [each.kind for each in found]
    assert kinds.count("access token") == 1
    assert of_kind(found, "authorization code").alive is False
    assert of_kind(found, "authorization code").over_because == "it has been redeemed"
    assert kinds.count("session cookie") == 1


def test_a_basic_header_is_an_app_s_at_the_token_endpoint_and_a_person_s_elsewhere():
    app = exchange(request_headers=(("authorization", basic("0oa1", "secret-of-app")),))
    person = exchange(
        url="http://127.0.0.1:9/prices",
        request_headers=(("authorization", basic("cora", "Open-Sesame")),),
        request_body="",
        response_body="{}",
    )

    secret = of_kind(loot_in([app]), "client secret")
    password = of_kind(loot_in([person]), "password")

    assert (secret.value, secret.client) == ("secret-of-app", "0oa1")
    assert (password.value, password.owner) == ("Open-Sesame", "cora")


@pytest.mark.parametrize("odd", ["soon", -1, [], {"a": 1}, None, "9" * 5000, 10**400, 1.5])
def test_whatever_stands_in_an_answer_or_a_claim_something_is_found(odd: Any):
    token = jwt({"scp": odd, "aud": odd, "exp": odd, "sub": odd, "cid": odd, "jti": odd})
    answer = {"access_token": token, "expires_in": odd, "scope": odd, "sessionToken": "20111abc"}
    strange = exchange(response_body=json.dumps({**answer, "expiresAt": odd}))

    found = loot_in([strange])

    assert {"access token", "session token"} <= {each.kind for each in found}
    assert meter_text(found, NOW)


def test_two_people_with_one_password_are_two_finds():
    signed = [
        exchange(
            url="http://127.0.0.1:9/api/v1/authn",
            request_headers=(("content-type", "application/json"),),
            request_body=json.dumps({"username": who, "password": "Open-Sesame"}),
            response_body="{}",
        )
        for who in ("cora", "ada")
    ]

    assert [each.owner for each in loot_in(signed)] == ["cora", "ada"]


def test_what_a_saved_recording_left_out_is_not_found(tmp_path):
    code_flow().save(tmp_path / "saved.json")

    assert loot_in(Recording.load(tmp_path / "saved.json")) == ()


def test_the_lab_tells_whose_an_access_token_is_and_whether_it_holds(lesson, http):
    app = lesson.app("Nightly Job")
    token = sync_token(lesson, http, app)

    before = ask(lesson, examine(token))
    http.post(
        f"{lesson.server('Sync').issuer}/v1/revoke",
        data={"token": token},
        auth=(app.client_id, app.client_secret),
    )
    after = ask(lesson, examine(token))

    assert (before.alive, before.owner, before.client) == (True, "Nightly Job", "Nightly Job")
    assert before.reach is not None
    assert (before.reach.opened, before.reach.things) == (1, "scopes of all APIs here")
    assert before.reach.total > 5
    assert "introspection" in before.sources
    assert (after.alive, after.seconds_left(lesson.now())) == (False, 0)


def test_an_api_token_may_all_that_its_owner_may_until_it_is_revoked(lesson):
    ada = ask(lesson, examine(f"SSWS {api_token(lesson, 'ada')}"))
    grace = ask(lesson, examine(api_token(lesson, "grace")))
    nobody = ask(lesson, examine(API_TOKEN))

    assert (ada.owner, ada.roles, ada.scopes) == ("ada@bank.example", ("Super admin",), None)
    assert ada.reach is not None
    assert grace.reach is not None
    assert ada.reach.opened == ada.reach.total > grace.reach.opened > 0
    assert nobody.alive is False
    assert "E0000011" in nobody.over_because


def test_a_password_is_never_tried_and_the_person_is_looked_up(lesson):
    found = ask(lesson, examine("wrong-on-purpose", "password", owner="cora@bank.example"))

    assert found.owner == "cora@bank.example"
    assert found.reach is None
    log = json_of(lesson.admin.get("/api/v1/logs", params={"q": "cora@bank.example"}))
    assert not [each for each in log if each["eventType"] == "user.session.start"]


def test_a_client_secret_is_found_at_its_app_with_what_the_app_would_get(lesson):
    app = lesson.app("Nightly Job")

    found = ask(lesson, examine(app.client_secret, "client secret"))
    other = ask(lesson, examine("no-such-secret-anywhere", "client secret"))

    assert (found.alive, found.owner, found.scopes) == (True, "Nightly Job", ("sync:read",))
    assert "api://sync" in found.opens
    assert (other.alive, other.over_because) == (False, "no app of this org has it")


def test_a_private_key_is_found_by_its_public_half(lesson):
    key, pem = key_pair()
    app = register_app(lesson.admin, type="service", auth="private_key_jwt", key=key)
    grant = {"scopeId": "okta.users.read", "issuer": lesson.url}
    json_of(lesson.admin.post(f"/api/v1/apps/{app.id}/grants", json=grant))
    stranger = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    found = ask(lesson, examine(pem))
    unknown = ask(lesson, examine(stranger.decode()))
    broken = ask(lesson, examine("-----BEGIN PRIVATE KEY-----\nabc\n"))

    assert (found.alive, found.owner, found.scopes) == (True, app.label, ("okta.users.read",))
    assert found.reach is not None
    assert found.reach.opened == 0  # a scope, and no role
    assert unknown.alive is broken.alive is False


def test_a_token_of_another_issuer_is_shown_to_nobody(lesson):
    found = ask(lesson, examine(ACCESS))

    assert found.alive is None
    assert "nobody was asked" in found.sources[-1]


def test_a_forged_claim_leads_the_lab_s_own_token_nowhere_else(lesson):
    token = jwt({"iss": lesson.url, "aud": lesson.url, "scp": ["a"], "cid": "../../lab/outbox?x="})

    found = ask(lesson, examine(token))

    assert found.alive is False
    assert found.client == "../../lab/outbox?x="


def test_a_lab_that_cannot_be_asked_is_said_to_be_so(server, lesson):
    with Lab(f"{server.url}/orgs/nowhere", "00no-such-token") as gone:
        found = ask(gone, replace(examine("x", "password"), owner="cora"))

    assert found.alive is None
    assert "could not be asked" in found.sources[-1]


def test_a_session_and_a_refresh_token_are_asked_about_in_their_own_way(lesson):
    recording = Recording()
    web, transfers, cora = lesson.app("Bank Web"), lesson.server("Transfers"), lesson.person("cora")
    sign_in_at(recording, lesson, web, transfers.issuer, cora)

    found = loot_in(recording, lesson)

    refresh = of_kind(found, "refresh token")
    assert (refresh.alive, refresh.client, refresh.owner) == (True, "Bank Web", cora.login)
    assert "transfers:read" in (refresh.scopes or ())
    assert refresh.opens == ("the token endpoint of Transfers, again and again",)
    cookie = of_kind(found, "session cookie")
    assert (cookie.alive, cookie.owner) == (True, cora.login)
    assert of_kind(found, "ID token").alive is True
    assert of_kind(found, "authorization code").over_because == "it has been redeemed"
    left = of_kind(found, "access token").seconds_left(lesson.now())
    assert left is not None
    assert 0 < left <= 3600


def sign_in_at(recording: Recording, lesson: Lab, web: App, issuer: str, cora: Any) -> None:
    """A whole code flow of Bank Web in this recording."""
    asked = {
        "client_id": web.client_id,
        "response_type": "code",
        "scope": "openid offline_access transfers:read",
        "redirect_uri": web.redirect_uris[0],
        "state": "s",
        "nonce": "n",
    }
    browser = Browser(recording)
    browser.go(f"{issuer}/v1/authorize?{urlencode(asked)}").sign_in(cora.login, cora.password)
    browser.follow().allow().follow()
    browser.close()
    code = parse_qs(urlsplit(recording.last.url).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": web.redirect_uris[0],
    }
    with recording.client("Bank Web", auth=(web.client_id, web.client_secret)) as app:
        json_of(app.post(f"{issuer}/v1/token", data=form))
