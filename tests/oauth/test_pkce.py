"""PKCE: the verifier at the token endpoint must fit the challenge at authorize (RFC 7636)."""

from __future__ import annotations

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    assert_refused,
    assert_sent_back,
    authorize,
    challenge_of,
    exchange_code,
    register_app,
)

REQUIRED = "PKCE code challenge is required by the application."
NOT_S256 = "PKCE code challenge method is not supported. Valid values: [S256]"


def test_a_public_client_with_verifier_gets_tokens(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person
) -> None:
    assert exchange_code(http, issuer, authorize(http, issuer, spa, cora)).status_code == 200


@pytest.mark.parametrize("length", [43, 128])
def test_verifiers_of_43_to_128_characters_are_taken(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person, length: int
) -> None:
    verifier = ("aZ09-._~" * 16)[:length]
    authorized = authorize(http, issuer, spa, cora, code_challenge=challenge_of(verifier))

    answer = exchange_code(http, issuer, authorized, code_verifier=verifier)

    assert answer.status_code == 200


def test_a_public_client_must_send_a_challenge(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, spa, cora, code_challenge=None, code_challenge_method=None)

    assert_sent_back(authorized.response, "invalid_request", REQUIRED)


def test_a_confidential_client_that_asks_for_pkce_must_send_a_challenge(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    app = register_app(admin, cora, pkce=True)

    authorized = authorize(http, issuer, app, cora, code_challenge=None, code_challenge_method=None)

    assert_sent_back(authorized.response, "invalid_request", REQUIRED)


def test_a_confidential_client_may_do_without_pkce(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora, code_challenge=None, code_challenge_method=None)

    assert exchange_code(http, issuer, authorized, code_verifier=None).status_code == 200


@pytest.mark.parametrize("method", [None, "plain", "S512"])
def test_s256_is_the_only_method(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, method: str | None
) -> None:
    authorized = authorize(http, issuer, web, cora, code_challenge_method=method)

    assert_sent_back(authorized.response, "invalid_request", NOT_S256)


def test_a_challenge_with_padding_is_refused(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora, code_challenge="a" * 43 + "=")

    assert_sent_back(
        authorized.response,
        "invalid_request",
        "PKCE code challenge contains illegal characters.",
    )


@pytest.mark.parametrize("client", ["web", "spa"])
def test_a_challenge_makes_the_verifier_mandatory(
    http: httpx.Client, issuer: Issuer, cora: Person, client: str, request: pytest.FixtureRequest
) -> None:
    app = request.getfixturevalue(client)

    answer = exchange_code(http, issuer, authorize(http, issuer, app, cora), code_verifier=None)

    assert_refused(answer, "invalid_request", "PKCE code verifier is required by the application.")


def test_a_verifier_without_a_challenge_is_refused(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, web, cora, code_challenge=None, code_challenge_method=None)

    answer = exchange_code(http, issuer, authorized)

    assert_refused(
        answer,
        "invalid_request",
        "PKCE code challenge should be specified in the authorize request for code verification.",
    )


@pytest.mark.parametrize("verifier", ["x" * 43, "x" * 42, "x" * 129, "x" * 42 + "+", "x y" * 20])
def test_a_verifier_that_does_not_fit_is_refused(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person, verifier: str
) -> None:
    answer = exchange_code(http, issuer, authorize(http, issuer, spa, cora), code_verifier=verifier)

    assert_refused(answer, "invalid_grant", "PKCE verification failed.")


@pytest.mark.parametrize("verifier", ["x" * 42, "x" * 129, "x" * 42 + "+"])
def test_a_verifier_outside_the_rules_is_refused_even_when_its_digest_fits(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person, verifier: str
) -> None:
    authorized = authorize(http, issuer, spa, cora, code_challenge=challenge_of(verifier))

    answer = exchange_code(http, issuer, authorized, code_verifier=verifier)

    assert_refused(answer, "invalid_grant", "PKCE verification failed.")


def test_the_challenge_itself_is_no_verifier(
    http: httpx.Client, issuer: Issuer, spa: App, cora: Person
) -> None:
    authorized = authorize(http, issuer, spa, cora)
    challenge = challenge_of(authorized.verifier)

    answer = exchange_code(http, issuer, authorized, code_verifier=challenge)

    assert_refused(answer, "invalid_grant", "PKCE verification failed.")
