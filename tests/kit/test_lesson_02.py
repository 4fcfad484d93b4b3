"""Lesson 02: its exercises before a real server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from grantlab.browser import Browser
from grantlab.exercises import exercises_of
from grantlab.lessons import lesson_02
from grantlab.lessons.lesson_02 import (
    CALLBACK,
    DOORS,
    GRANTS,
    NO_QUERY,
    NO_SCOPE,
    NO_SLASH,
    NO_STATE,
    NO_TOKEN_HERE,
    NOT_ASKED,
    NOT_HTTPS,
    OTHER_ADDRESS,
    STILL_ALIVE,
    STILL_WORKS,
)
from grantlab.recording import Recording


@pytest.fixture
def shop(http, admin, lab) -> Shop:
    """A web app at the shop's server, with what its exercises know of it."""
    return Shop(http, admin, lab)


class Shop:
    def __init__(self, http: httpx.Client, admin: httpx.Client, lab: Any) -> None:
        self.admin = admin
        self.lab = lab
        servers = admin.get("/api/v1/authorizationServers").json()
        issuer = next(one["issuer"] for one in servers if one["name"] == "Shop")
        self.root = f"{issuer}/v1"
        settings = {
            "application_type": "web",
            "redirect_uris": [*DOORS],
            "grant_types": ["authorization_code"],
        }
        document = {
            "label": "Price List",
            "signOnMode": "OPENID_CONNECT",
            "settings": {"oauthClient": settings},
        }
        self.app = admin.post("/api/v1/apps", json=document).json()
        everyone = admin.get("/api/v1/groups", params={"q": "Everyone"}).json()[0]
        admin.put(f"/api/v1/apps/{self.app['id']}/groups/{everyone['id']}", json={})
        secret = self.app["credentials"]["oauthClient"]
        self.client = secret["client_id"], secret["client_secret"]
        self.recording = Recording(trust_env=False)
        self.browser = Browser(self.recording, lab_url=lab.url)

    def address(self, **changes: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self.client[0],
            "redirect_uri": CALLBACK,
            "scope": "prices:read",
            "state": "state-of-the-test",
        } | changes
        return f"{self.root}/authorize?{urlencode({k: v for k, v in query.items() if v})}"

    def code(self) -> str:
        self.browser.go(self.address()).follow()
        if self.browser.caught is None:
            self.browser.sign_in("cora@bank.example", "Open-Sesame-2026").follow()
        assert self.browser.caught is not None
        return self.browser.caught.params["code"]


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({}, None),
        ({"redirect_uri": "https://127.0.0.1:8765/callback"}, NOT_HTTPS),
        ({"redirect_uri": f"{CALLBACK}/"}, NO_SLASH),
        ({"redirect_uri": f"{CALLBACK}?from=shop"}, NO_QUERY),
        ({"redirect_uri": "http://127.0.0.1:8765/Callback"}, OTHER_ADDRESS),
        ({"response_type": "token"}, NO_TOKEN_HERE),
        ({"scope": ""}, NO_SCOPE),
        ({"state": ""}, NO_STATE),
        ({"client_id": "0oa-nobody"}, "The server refused: with status 400."),
        ({"prompt": "sing"}, "The server refused: error=invalid_request"),
    ],
)
def test_a_real_server_and_the_check_agree_on_an_authorization_request(shop, changes, hint):
    shop.browser.go(shop.address(**changes))

    outcome = exercises_of("02")["send-the-person-off"].judge(shop.recording)

    if hint is None:
        assert outcome.passed
    else:
        assert any(hint in reason for reason in outcome.reasons), outcome.reasons


def test_all_that_is_wrong_with_a_request_is_said_at_once(shop):
    shop.browser.go(shop.address(redirect_uri=f"{CALLBACK}/", scope="", state=""))

    outcome = exercises_of("02")["send-the-person-off"].judge(shop.recording)

    assert outcome.reasons == (NO_SLASH, NO_SCOPE, NO_STATE)


@pytest.mark.parametrize(
    ("second_status", "active", "hint"),
    [(400, False, None), (200, False, STILL_WORKS), (400, True, STILL_ALIVE)],
)
def test_using_a_code_twice_over_the_wire_passes_with_the_right_reading_only(
    shop, second_status, active, hint
):
    form = {"grant_type": "authorization_code", "code": shop.code(), "redirect_uri": CALLBACK}
    with shop.recording.client("Price List", auth=shop.client) as app:
        token = app.post(f"{shop.root}/token", data=form).json()["access_token"]
        app.post(f"{shop.root}/token", data=form)
        app.post(f"{shop.root}/introspect", data={"token": token})

    outcome = exercises_of("02")["redeem-once"].judge(
        {
            "recording": shop.recording,
            "second_status": second_status,
            "first_token_is_active": active,
        }
    )

    assert outcome.reasons == (() if hint is None else (hint,))


def test_asking_about_the_token_before_the_second_try_is_not_asking():
    too_early = (lesson_02._FIRST, lesson_02._LOOK, lesson_02._SECOND)

    outcome = exercises_of("02")["redeem-once"].judge(lesson_02._redeemed(*too_early))

    assert outcome.reasons == (NOT_ASKED,)


def test_an_app_with_all_its_doors_is_not_attempted_and_one_door_passes(shop):
    close = exercises_of("02")["close-the-door"]
    path = f"/api/v1/apps/{shop.app['id']}"
    document = shop.app
    document["settings"]["oauthClient"] |= {
        "grant_types": [*GRANTS],
        "response_types": ["code", "id_token"],
    }

    generous = shop.admin.put(path, json=document).json()
    document["settings"]["oauthClient"] |= {
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    }
    closed = shop.admin.put(path, json=document).json()

    assert close.judge(generous).status == "not attempted"
    assert close.judge(closed).passed
