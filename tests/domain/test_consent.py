"""The consent matrix, row by row: which scopes a person is asked about."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from labserver.domain.catalog import RESERVED_SCOPES
from labserver.domain.scopes import unconsented
from labserver.domain.values import AuthorizationServer, Client, Consent, Scope

Method = Literal["TRUSTED", "REQUIRED"]
APP = Client("0oaweb", "Web", "web", "client_secret_basic")


def server(consent: Consent) -> AuthorizationServer:
    scope = Scope("orders:read", consent=consent)
    return AuthorizationServer(
        "aus1", "Orders", "http://lab.test", "http://lab.test/v1", "api://orders",
        dict(RESERVED_SCOPES) | {scope.name: scope},
    )  # fmt: skip


def asked_about(
    consent: Consent, method: Method, *, prompted: bool, given: frozenset[str] = frozenset()
) -> list[str]:
    client = replace(APP, consent_method=method)
    scopes = ("openid", "orders:read")
    open_questions = unconsented(server(consent), client, scopes, given, prompted=prompted)
    return [scope.name for scope in open_questions]


@pytest.mark.parametrize(
    ("prompted", "method", "consent", "page"),
    [
        (True, "TRUSTED", "REQUIRED", True),
        (True, "TRUSTED", "FLEXIBLE", True),
        (True, "REQUIRED", "REQUIRED", True),
        (True, "REQUIRED", "FLEXIBLE", True),
        (True, "TRUSTED", "IMPLICIT", False),
        (True, "REQUIRED", "IMPLICIT", False),
        (False, "TRUSTED", "IMPLICIT", False),
        (False, "TRUSTED", "REQUIRED", False),
        (False, "TRUSTED", "FLEXIBLE", False),
        (False, "REQUIRED", "REQUIRED", True),
        (False, "REQUIRED", "FLEXIBLE", True),
        (False, "REQUIRED", "IMPLICIT", False),
    ],
)
def test_prompt_app_and_scope_decide_together_whether_a_person_is_asked(
    prompted: bool, method: Method, consent: Consent, page: bool
) -> None:
    expected = ["orders:read"] if page else []

    assert asked_about(consent, method, prompted=prompted) == expected


@pytest.mark.parametrize("consent", ["REQUIRED", "FLEXIBLE"])
def test_what_was_agreed_to_before_is_not_asked_again(consent: Consent) -> None:
    given = frozenset({"orders:read"})

    assert asked_about(consent, "REQUIRED", prompted=False, given=given) == []


@pytest.mark.parametrize("method", ["TRUSTED", "REQUIRED"])
def test_prompt_consent_asks_again_about_what_was_agreed_to(method: Method) -> None:
    given = frozenset({"orders:read"})

    assert asked_about("REQUIRED", method, prompted=True, given=given) == ["orders:read"]
