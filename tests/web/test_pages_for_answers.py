"""Pages that carry an answer to the app, or say why there is none."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from labserver.web.rendering import csp_source
from tests.conftest import Lab
from tests.speaking import (
    CALLBACK,
    App,
    Person,
    change_app,
    everything,
    find_person,
    form_of,
    org_server,
    register_app,
)
from tests.web.visiting import Visitor


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


@pytest.fixture
def app(admin: httpx.Client, cora: Person) -> App:
    return register_app(admin, cora, **everything())


@pytest.fixture
def visitor(lab: Lab, cora: Person) -> Iterator[Visitor]:
    """Cora's browser, signed in to the org."""
    with Visitor(lab.url) as found:
        found.open("/login/login.htm")
        found.sign_in(cora)
        yield found


def test_an_unregistered_redirect_uri_is_explained_and_nothing_is_sent(
    visitor: Visitor, lab: Lab, app: App
) -> None:
    page = visitor.begin(org_server(lab.url), app, redirect_uri="http://127.0.0.1:8765/other")

    assert page.status_code == 400
    assert "Location" not in page.headers
    assert "400 Bad Request" in page.text
    assert "Your request resulted in an error." in page.text
    assert "invalid_request" in page.text
    assert "must be a Login redirect URI in the client app settings." in page.text
    assert "Nothing was sent to the app" in page.text
    assert page.headers["X-Okta-Request-Id"] in page.text


def test_an_unknown_client_is_explained_and_nothing_is_sent(visitor: Visitor, lab: Lab) -> None:
    page = visitor.begin(org_server(lab.url), App("0oaUnknown", None, "none", "Unknown"))

    assert page.status_code == 400
    assert "invalid_client" in page.text
    assert "does not know which app" in page.text


def test_form_post_puts_the_answer_into_a_form_that_one_script_sends(
    visitor: Visitor, lab: Lab, app: App
) -> None:
    page = visitor.begin(
        org_server(lab.url), app, response_mode="form_post", state="\"><script>alert('x')</script>"
    )

    action, fields = form_of(page)
    policy = page.headers["Content-Security-Policy"]
    assert page.status_code == 200
    assert action == CALLBACK
    assert fields["state"] == "\"><script>alert('x')</script>"
    assert set(fields) == {"code", "state", "iss"}
    assert page.text.count("<script") == 1
    nonce = page.text.partition('<script nonce="')[2].partition('"')[0]
    assert f"script-src 'nonce-{nonce}'" in policy
    assert "form-action http://127.0.0.1:* http://localhost:*" in policy
    assert "Continue</button>" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_the_nonce_is_new_for_each_page(visitor: Visitor, lab: Lab, app: App) -> None:
    policies = {
        visitor.begin(org_server(lab.url), app, response_mode="form_post").headers[
            "Content-Security-Policy"
        ]
        for _ in range(2)
    }

    assert len(policies) == 2


def test_a_posted_message_goes_to_the_apps_origin_only_and_may_be_framed_by_it(
    visitor: Visitor, lab: Lab, admin: httpx.Client, app: App
) -> None:
    change_app(admin, app, redirect_uris=["https://app.example/callback"])

    page = visitor.begin(
        org_server(lab.url),
        app,
        redirect_uri="https://app.example/callback",
        response_mode="okta_post_message",
        state="</script><script>alert(1)//",
    )

    policy = page.headers["Content-Security-Policy"]
    assert page.status_code == 200
    assert page.text.count("<script") == 1
    assert '"https://app.example")' in page.text
    assert "frame-ancestors https://app.example" in policy
    assert "X-Frame-Options" not in page.headers


@pytest.mark.parametrize(
    ("redirect_uri", "sources"),
    [
        ("https://app.example/callback", "https://app.example"),
        ("https://app.example:8443/callback", "https://app.example:8443"),
        ("http://localhost:3000/callback", "http://127.0.0.1:* http://localhost:*"),
        ("http://[::1]:3000/callback", "http:"),
        ("com.example.bank:/callback", "com.example.bank:"),
        ("https://app.example;script-src */callback", "https:"),
    ],
)
def test_a_redirect_uri_becomes_csp_sources_that_add_no_directive(
    redirect_uri: str, sources: str
) -> None:
    assert csp_source(redirect_uri) == sources
