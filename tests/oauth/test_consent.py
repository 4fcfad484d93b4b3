"""Consent: asked for where app and scope want it, kept, partial only where it may be."""

from __future__ import annotations

from html import unescape

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    add_scope,
    answer_consent,
    assert_sent_back,
    authorize,
    done,
    exchange_code,
    fields_of,
    register_app,
    target_of,
    type_password,
)

SCOPE = "openid orders:approve"


@pytest.fixture
def orders(admin: httpx.Client, custom: Issuer) -> Issuer:
    """The custom server with a scope that a person must agree to, and an optional one."""
    add_scope(admin, "orders:approve", consent="REQUIRED", displayName="Approve <your> orders")
    add_scope(admin, "orders:list", consent="FLEXIBLE", optional=True)
    return custom


@pytest.fixture
def asking(admin: httpx.Client, cora: Person) -> App:
    """An app whose people are asked."""
    return register_app(admin, cora, consent_method="REQUIRED")


def leads_to_consent(answer: httpx.Response) -> bool:
    return "/login/consent" in answer.headers.get("Location", "")


def test_a_trusted_app_asks_nobody(
    http: httpx.Client, orders: Issuer, web: App, cora: Person
) -> None:
    assert authorize(http, orders, web, cora, scope=SCOPE).code


def test_an_app_that_asks_shows_what_it_wants_and_who_wants_it(
    http: httpx.Client, orders: Issuer, asking: App, cora: Person
) -> None:
    answer = authorize(http, orders, asking, cora, scope=SCOPE).response

    page = http.get(target_of(answer))
    assert leads_to_consent(answer)
    assert asking.label in page.text
    assert "Approve <your> orders" in unescape(page.text)
    assert "<your>" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_yes_leads_to_a_code_and_is_remembered(
    http: httpx.Client, orders: Issuer, asking: App, cora: Person
) -> None:
    authorized = authorize(http, orders, asking, cora, scope=SCOPE)

    answer = answer_consent(http, authorized.response)

    assert fields_of(answer)["state"] == "state-of-the-app"
    token = done(exchange_code(http, orders, authorized, code=fields_of(answer)["code"]))
    assert token["scope"] == SCOPE
    assert authorize(http, orders, asking, scope=SCOPE).code


def test_no_is_the_apps_to_hear(
    http: httpx.Client, orders: Issuer, asking: App, cora: Person
) -> None:
    authorized = authorize(http, orders, asking, cora, scope=SCOPE)

    answer = answer_consent(http, authorized.response, "deny")

    assert_sent_back(
        answer,
        "access_denied",
        "The resource owner or authorization server denied the request.",
    )
    assert leads_to_consent(authorize(http, orders, asking, scope=SCOPE).response)


def test_yes_covers_one_app_one_server_and_the_scopes_asked_about(
    http: httpx.Client, admin: httpx.Client, orders: Issuer, asking: App, cora: Person
) -> None:
    add_scope(admin, "orders:cancel", consent="REQUIRED")
    answer_consent(http, authorize(http, orders, asking, cora, scope=SCOPE).response)
    other = register_app(admin, cora, consent_method="REQUIRED")

    assert leads_to_consent(authorize(http, orders, other, scope=SCOPE).response)
    assert leads_to_consent(
        authorize(http, orders, asking, scope=f"{SCOPE} orders:cancel").response
    )


def test_prompt_consent_asks_every_time_also_for_a_trusted_app(
    http: httpx.Client, orders: Issuer, web: App, cora: Person
) -> None:
    for _ in range(2):
        answer = authorize(http, orders, web, cora, scope=SCOPE, prompt="consent").response
        assert leads_to_consent(answer)
        assert "code" in fields_of(answer_consent(http, answer))


def test_prompt_consent_asks_nothing_about_implicit_scopes(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    assert authorize(http, issuer, web, cora, prompt="consent").code


def test_prompt_login_consent_asks_for_both(
    http: httpx.Client, orders: Issuer, web: App, cora: Person
) -> None:
    assert authorize(http, orders, web, cora).code
    authorized = authorize(http, orders, web, scope=SCOPE, prompt="login consent")

    signed_in = type_password(http, authorized.response, cora)
    answer = answer_consent(http, signed_in)

    assert leads_to_consent(signed_in)
    assert "code" in fields_of(answer)


def test_a_silent_request_is_told_that_consent_is_missing(
    http: httpx.Client, orders: Issuer, asking: App, cora: Person
) -> None:
    assert authorize(http, orders, asking, cora).code

    assert_sent_back(
        authorize(http, orders, asking, scope=SCOPE, prompt="none").response, "consent_required"
    )


def test_a_silent_request_goes_through_after_the_consent(
    http: httpx.Client, orders: Issuer, asking: App, cora: Person
) -> None:
    answer_consent(http, authorize(http, orders, asking, cora, scope=SCOPE).response)

    assert authorize(http, orders, asking, scope=SCOPE, prompt="none").code


@pytest.mark.parametrize(
    ("ticked", "scope"),
    [
        ((), SCOPE),
        (("orders:list",), f"{SCOPE} orders:list"),
    ],
)
def test_an_optional_scope_may_be_unticked_and_is_then_missing(
    http: httpx.Client,
    orders: Issuer,
    asking: App,
    cora: Person,
    ticked: tuple[str, ...],
    scope: str,
) -> None:
    authorized = authorize(http, orders, asking, cora, scope=f"{SCOPE} orders:list")

    answer = answer_consent(http, authorized.response, "allow", *ticked)

    tokens = done(exchange_code(http, orders, authorized, code=fields_of(answer)["code"]))
    assert tokens["scope"] == scope


def test_a_scope_that_nobody_asked_for_cannot_be_ticked(
    http: httpx.Client, orders: Issuer, asking: App, cora: Person
) -> None:
    authorized = authorize(http, orders, asking, cora, scope=SCOPE)

    answer = answer_consent(http, authorized.response, "allow", "orders:list", "orders:write")

    tokens = done(exchange_code(http, orders, authorized, code=fields_of(answer)["code"]))
    assert tokens["scope"] == SCOPE
    assert leads_to_consent(authorize(http, orders, asking, scope="openid orders:list").response)


def test_without_the_forms_token_nothing_happens(
    http: httpx.Client, orders: Issuer, asking: App, cora: Person
) -> None:
    answer = authorize(http, orders, asking, cora, scope=SCOPE).response

    refused = http.post(target_of(answer), data={"decision": "allow"})

    assert refused.status_code in (400, 403)
    assert leads_to_consent(authorize(http, orders, asking, scope=SCOPE).response)
