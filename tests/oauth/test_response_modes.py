"""How an answer travels: query, fragment, a form, a message between windows."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import urlsplit

import httpx
import pytest

from tests.speaking import (
    CALLBACK,
    App,
    Issuer,
    Person,
    add_scope,
    assert_sent_back,
    authorize,
    challenge_of,
    claims_of,
    done,
    everything,
    exchange_code,
    form_of,
    introspect,
    register_app,
    verified,
)


@pytest.fixture
def hybrid(admin: httpx.Client, cora: Person) -> App:
    """An app that may ask for every response type."""
    return register_app(admin, cora, **everything())


FIELDS = {
    "code": {"code"},
    "token": {"access_token", "token_type", "expires_in", "scope"},
    "id_token": {"id_token"},
    "id_token token": {"id_token", "access_token", "token_type", "expires_in", "scope"},
    "code id_token": {"code", "id_token"},
    "code token": {"code", "access_token", "token_type", "expires_in", "scope"},
    "code id_token token": {
        "code",
        "id_token",
        "access_token",
        "token_type",
        "expires_in",
        "scope",
    },
}


@pytest.mark.parametrize("response_type", FIELDS)
def test_each_response_type_yields_its_fields_in_its_own_mode(
    http: httpx.Client, issuer: Issuer, hybrid: App, cora: Person, response_type: str
) -> None:
    authorized = authorize(http, issuer, hybrid, cora, response_type=response_type, nonce="n-1")

    location = urlsplit(authorized.response.headers["Location"])
    assert set(authorized.fields) == FIELDS[response_type] | {"state", "iss"}
    assert bool(location.query) is (response_type == "code")
    assert bool(location.fragment) is (response_type != "code")


def test_the_words_of_a_response_type_come_in_any_order(
    http: httpx.Client, issuer: Issuer, hybrid: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, hybrid, cora, response_type="token id_token", nonce="n")

    assert {"access_token", "id_token"} <= set(authorized.fields)


def test_tokens_from_the_front_are_real_and_tied_together(
    http: httpx.Client, issuer: Issuer, hybrid: App, cora: Person
) -> None:
    fields = authorize(
        http,
        issuer,
        hybrid,
        cora,
        response_type="code id_token token",
        nonce="n-1",
        scope="openid email",
    ).fields

    claims = verified(http, issuer, fields["id_token"], hybrid.id)
    assert claims["nonce"] == "n-1"
    # The half of a digest in base64url is what the first half of a challenge would be of 16 bytes.
    assert claims["at_hash"] == half(fields["access_token"])
    assert claims["c_hash"] == half(fields["code"])
    assert introspect(http, issuer, hybrid, fields["access_token"])["active"]


def half(value: str) -> str:
    from base64 import urlsafe_b64decode, urlsafe_b64encode

    digest = urlsafe_b64decode(challenge_of(value) + "=")
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def test_a_lone_id_token_is_fat_and_one_beside_an_access_token_thin(
    http: httpx.Client, issuer: Issuer, hybrid: App, cora: Person
) -> None:
    alone, beside = (
        claims_of(
            authorize(
                http,
                issuer,
                hybrid,
                cora,
                response_type=response_type,
                nonce="n",
                scope="openid profile email",
            ).fields["id_token"]
        )
        for response_type in ("id_token", "id_token token")
    )

    assert alone["given_name"] == "Cora"
    assert beside["name"] == "Cora Lind"
    assert beside["email"] == cora.login
    assert "given_name" not in beside


@pytest.mark.parametrize(("kind", "fat"), [("org", True), ("custom", False)])
def test_the_id_token_of_a_code_is_fat_at_the_org_server_and_thin_at_a_custom_one(
    http: httpx.Client,
    web: App,
    cora: Person,
    kind: str,
    fat: bool,
    request: pytest.FixtureRequest,
) -> None:
    issuer = request.getfixturevalue(kind)
    authorized = authorize(http, issuer, web, cora, scope="openid profile")

    claims = claims_of(done(exchange_code(http, issuer, authorized))["id_token"])

    assert ("given_name" in claims) is fat
    assert claims["name"] == "Cora Lind"


@pytest.mark.parametrize("response_type", ["id_token", "id_token token", "code id_token"])
@pytest.mark.parametrize("scope", ["offline_access", "device_sso"])
def test_an_id_token_needs_the_scope_openid(
    http: httpx.Client, custom: Issuer, hybrid: App, cora: Person, response_type: str, scope: str
) -> None:
    answer = authorize(
        http, custom, hybrid, cora, response_type=response_type, scope=scope, nonce="n"
    ).response

    assert_sent_back(
        answer,
        "invalid_scope",
        "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope.",
    )


def test_an_id_token_needs_openid_also_among_the_default_scopes(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, hybrid: App, cora: Person
) -> None:
    add_scope(admin, "orders:default", default=True)

    answer = authorize(
        http, custom, hybrid, cora, response_type="id_token", scope=None, nonce="n"
    ).response

    assert_sent_back(answer, "invalid_scope")


def test_an_implicit_request_ignores_offline_access(
    http: httpx.Client, issuer: Issuer, hybrid: App, cora: Person
) -> None:
    fields = authorize(
        http,
        issuer,
        hybrid,
        cora,
        response_type="token",
        nonce="n",
        scope="openid offline_access",
    ).fields

    assert fields["scope"] == "openid"
    assert "refresh_token" not in fields


def test_a_code_may_travel_in_the_fragment(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora, response_mode="fragment")

    assert authorized.response.headers["Location"].startswith(f"{CALLBACK}#")
    assert exchange_code(http, issuer, authorized).status_code == 200


def test_form_post_is_a_page_that_posts_itself_without_harm(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    state = "<script>\"'&</script>"

    answer = authorize(http, issuer, web, cora, response_mode="form_post", state=state).response

    action, fields = form_of(answer)
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status_code == 200
    assert action == CALLBACK
    assert set(fields) == {"code", "state", "iss"}
    assert fields["state"] == state
    assert state not in answer.text
    assert "unsafe-inline" not in policy
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce
    assert f'nonce="{nonce[1]}"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_an_error_travels_in_the_mode_that_was_asked_for(
    http: httpx.Client, issuer: Issuer, web: App
) -> None:
    answer = authorize(http, issuer, web, response_mode="form_post", prompt="none").response

    _, fields = form_of(answer)
    assert fields["error"] == "login_required"
    assert fields["state"] == "state-of-the-app"


def test_okta_post_message_tells_the_apps_origin_alone(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    state = "</script><script>alert(1)//"

    answer = authorize(
        http, issuer, web, cora, response_mode="okta_post_message", state=state
    ).response

    message = re.search(r"postMessage\((\{.*?\}), (\"[^\"]*\")\)", answer.text)
    assert answer.status_code == 200
    assert message
    fields = json.loads(unescape(message[1]))
    assert set(fields) == {"code", "state", "iss"}
    assert fields["state"] == state
    assert json.loads(message[2]) == "http://127.0.0.1:8765"
    assert state not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors http://127.0.0.1:8765" in policy
    assert "unsafe-inline" not in policy


def test_an_implicit_request_asks_the_policies_about_the_implicit_grant(
    http: httpx.Client, admin: httpx.Client, lab: object, hybrid: App, cora: Person
) -> None:
    from tests.speaking import add_policy, add_rule, add_server, assert_sent_back, custom_server

    server_id = add_server(admin, "Orders", "orders:read")
    policy_id = add_policy(admin, server_id)
    add_rule(admin, server_id, policy_id, grant_types=("authorization_code",))
    issuer = custom_server(str(http.base_url).rstrip("/"), server_id)

    assert_sent_back(
        authorize(http, issuer, hybrid, cora, response_type="token", nonce="n").response,
        "access_denied",
    )
    assert authorize(http, issuer, hybrid, cora).code


def test_trusted_origins_that_may_embed_may_frame_the_message(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    for name, scope in (("portal", "IFRAME_EMBED"), ("shop", "CORS"), ("other", "REDIRECT")):
        body = {"name": name, "origin": f"https://{name}.example", "scopes": [{"type": scope}]}
        assert admin.post("/api/v1/trustedOrigins", json=body).status_code == 200

    answer = authorize(http, issuer, web, cora, response_mode="okta_post_message").response

    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors http://127.0.0.1:8765 https://portal.example" in policy
    assert "shop.example" not in policy
    assert "other.example" not in policy
