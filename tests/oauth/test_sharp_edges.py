"""Authlib's sharp edges, each by its name, each with its guard."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    assert_refused,
    assert_sent_back,
    authorize,
    call,
    done,
    exchange_code,
    fields_of,
    introspect,
    register_app,
)


@pytest.mark.parametrize("value", ['"quoted"', "é", "a\\b", "\x7f"])
def test_request_values_in_error_texts_raise_a_value_error(
    http: httpx.Client, issuer: Issuer, web: App, value: str
) -> None:
    at_authorize = authorize(http, issuer, web, response_type=value, scope=value).response
    at_token = call(http, issuer, "token", web, grant_type=value)

    assert "error" in fields_of(at_authorize)
    assert at_token.status_code == 400
    assert value not in at_token.json()["error_description"]


def test_a_challenge_without_a_method_counts_as_plain(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person
) -> None:
    answer = authorize(
        http, issuer, spa, cora, code_challenge="v" * 43, code_challenge_method=None
    ).response

    assert_sent_back(answer, "invalid_request")


def test_pkce_is_enforced_at_the_token_endpoint_and_for_public_clients_only(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    confidential = register_app(admin, cora, pkce=True)

    answer = authorize(
        http, issuer, confidential, cora, code_challenge=None, code_challenge_method=None
    ).response

    assert_sent_back(answer, "invalid_request")


def test_token_parameters_are_read_from_the_query(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora)

    answer = http.post(
        issuer.at("token"),
        params={"grant_type": "authorization_code", "redirect_uri": web.redirect_uri},
        auth=(web.id, str(web.secret)),
    )

    assert_refused(answer, "invalid_request")
    assert exchange_code(http, issuer, authorized).status_code == 200


def test_duplicate_parameters_are_accepted(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora)
    pairs = f"grant_type=authorization_code&code={authorized.code}&code={authorized.code}"

    answer = http.post(
        issuer.at("token"),
        content=pairs,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(web.id, str(web.secret)),
    )

    assert_refused(
        answer,
        "invalid_request",
        "The request contained multiple parameters with the same name.",
    )


def test_two_client_authentications_at_once_are_accepted(
    http: httpx.Client, issuer: Issuer, web: App
) -> None:
    answer = http.post(
        issuer.at("token"),
        data={"grant_type": "x", "client_id": web.id, "client_secret": str(web.secret)},
        auth=(web.id, str(web.secret)),
    )

    assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type")
    answer = http.post(
        issuer.at("introspect"),
        data={"token": "x", "client_id": web.id, "client_secret": str(web.secret)},
        auth=(web.id, str(web.secret)),
    )
    assert_refused(answer, "invalid_request")


def test_a_missing_grant_type_is_an_unsupported_one(
    http: httpx.Client, issuer: Issuer, web: App
) -> None:
    missing = call(http, issuer, "token", web)
    unknown = call(http, issuer, "token", web, grant_type="unknown")

    assert_refused(
        missing,
        "invalid_request",
        "The token request must specify a 'grant_type'. "
        "Valid values: [authorization_code, refresh_token, client_credentials].",
    )
    assert_refused(
        unknown,
        "unsupported_grant_type",
        "The authorization grant type is not supported by the authorization server. "
        "Configured grant types: [authorization_code, refresh_token, client_credentials].",
    )


@pytest.mark.parametrize("endpoint", ["introspect", "revoke"])
def test_an_unknown_token_type_hint_is_unauthorized(
    http: httpx.Client, issuer: Issuer, web: App, endpoint: str
) -> None:
    answer = call(http, issuer, endpoint, web, token="x", token_type_hint="device_secret")

    assert answer.status_code == 200


def test_a_used_code_is_deleted(http: httpx.Client, issuer: Issuer, web: App, cora: Person) -> None:
    authorized = authorize(http, issuer, web, cora)
    token = done(exchange_code(http, issuer, authorized))["access_token"]

    exchange_code(http, issuer, authorized)

    assert introspect(http, issuer, web, token) == {"active": False}


def test_plain_http_raises_outside_the_error_handling(
    http: httpx.Client, issuer: Issuer, web: App
) -> None:
    answer = call(http, issuer, "token", web, grant_type="authorization_code", code="x")

    assert answer.status_code == 400
    assert issuer.url.startswith("http://")


def test_the_whole_token_response_goes_to_the_debug_log(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, caplog: Any
) -> None:
    with caplog.at_level("DEBUG"):
        tokens = done(exchange_code(http, issuer, authorize(http, issuer, web, cora)))

    assert tokens["access_token"] not in caplog.text
    assert str(web.secret) not in caplog.text
