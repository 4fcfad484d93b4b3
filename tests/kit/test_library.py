"""The ready flows, each walked right and with every mistake on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from grantlab.flows import Flow, FlowSetup
from grantlab.library import (
    authorization_code_pkce,
    client_credentials,
    introspection,
    refresh,
    revocation,
)
from grantlab.recording import Recording
from tests.kit import authorization_server as server

PERSON = FlowSetup(
    issuer=server.ISSUER,
    client_id="0oa1",
    scopes=("openid", "offline_access"),
    username="cora@bank.example",
    password="right",
    app_name="Bank SPA",
)
SERVICE = FlowSetup(
    issuer=server.ISSUER,
    client_id="0oa1",
    client_secret="s3cret",
    scopes=("transfers:read",),
    audience="api://transfers",
    now=lambda: float(server.NOW),
    app_name="Nightly Job",
)


def code_flow(setup: FlowSetup = PERSON, **options: bool) -> Flow[Any]:
    public = not setup.client_secret
    recording = Recording(transport=server.AuthorizationServer(public=public, **options).transport)
    return authorization_code_pkce.flow(setup, recording)


def service_flow(module: Any) -> Flow[Any]:
    recording = Recording(transport=server.AuthorizationServer(public=False).transport)
    flow: Flow[Any] = module.flow(SERVICE, recording)
    return flow


def refresh_flow(**options: bool) -> Flow[Any]:
    recording = Recording(transport=server.AuthorizationServer(**options).transport)
    return refresh.flow(PERSON, recording)


def paths(flow: Flow[Any]) -> list[str]:
    return [one.path.rpartition("/")[2] for one in flow.recording]


def names(switches: Iterable[Any]) -> set[str]:
    return {switch.name for switch in switches}


@pytest.mark.parametrize("setup", [PERSON, replace(PERSON, client_secret="s3cret")])
def test_the_code_flow_reaches_the_api(setup: FlowSetup) -> None:
    flow = code_flow(setup).run_all()

    assert flow.failed is None
    assert paths(flow) == [
        *("openid-configuration", "authorize", "login.htm", "login.htm", "callback"),
        *("token", "userinfo"),
    ]
    assert [one.receiver for one in flow.recording][-3:] == [
        *("Bank SPA", "Authorization server", "Authorization server"),
    ]
    assert flow.recording.last.status == 200


def test_consent_is_given_when_the_server_asks() -> None:
    flow = code_flow(consent=True).run_all()

    assert flow.failed is None
    assert "consent" in paths(flow)
    assert 4 not in flow.remarks


REFUSED = [
    ("no-challenge", "Send the person off", "invalid_request: PKCE is required."),
    ("plain", "Send the person off", "invalid_request: PKCE is required."),
    ("redirect-not-registered", "Send the person off", "400 invalid_request: It is unknown."),
    ("verifier-swapped", "Redeem the code", "400 invalid_grant"),
    ("verifier-too-short", "Redeem the code", "400 invalid_grant"),
    ("code-used-twice", "Redeem the code", "400 invalid_grant"),
    ("secret-of-a-public-client", "Redeem the code", "401 invalid_client"),
    ("basic-without-secret", "Redeem the code", "401 invalid_client"),
]


@pytest.mark.parametrize(("mistake", "step", "refusal"), REFUSED)
def test_each_mistake_is_refused_where_it_is_made(mistake: str, step: str, refusal: str) -> None:
    flow = code_flow().set(mistake).run_all()

    assert flow.failed == refusal
    assert flow.steps[flow.position - 1].title == step


def test_without_a_challenge_an_app_that_needs_none_goes_unprotected() -> None:
    setup = replace(PERSON, client_secret="s3cret")

    flow = code_flow(setup, pkce_required=False).set("no-challenge").run_all()

    assert flow.failed is None
    assert "without PKCE" in flow.remarks[6]


def test_an_unchecked_state_lets_a_foreign_redirect_in() -> None:
    flow = code_flow().set("state-not-checked").run_all()

    assert flow.failed is None
    assert "foreign state" in flow.remarks[5]
    assert "made-up-by-somebody-else" in flow.recording[5].url


def test_every_switch_of_the_code_flow_is_covered_here() -> None:
    assert names(code_flow().switches) == {row[0] for row in REFUSED} | {"state-not-checked"}
    confidential = code_flow(replace(PERSON, client_secret="s3cret"))
    assert names(code_flow().switches) - names(confidential.switches) == {
        "secret-of-a-public-client",
        "basic-without-secret",
    }


def test_a_wrong_password_ends_the_flow_with_the_pages_words() -> None:
    flow = code_flow(replace(PERSON, password="wrong")).run_all()

    assert "Unable to sign in" in str(flow.failed)


def test_each_play_starts_with_a_fresh_browser_and_fresh_secrets() -> None:
    flow = code_flow().run_all()
    first = flow.state.verifier

    flow.back_to_start().run_all()

    assert flow.failed is None
    assert flow.state.verifier != first
    assert len(flow.recording) == 7


def test_metadata_of_another_issuer_is_refused() -> None:
    flow = code_flow(replace(PERSON, issuer=f"{server.ISSUER}/x")).advance()

    assert "another issuer" in str(flow.failed)


def test_client_credentials_give_a_token_about_the_service_itself() -> None:
    flow = service_flow(client_credentials).run_all()

    assert flow.failed is None
    assert "no person" in flow.remarks[2]
    assert "without the scope openid" in flow.remarks[3]


@pytest.mark.parametrize(
    ("mistake", "refusal"),
    [
        ("wrong-secret", "401 invalid_client"),
        ("secret-in-the-query", "400 invalid_request"),
        ("secret-in-the-body", None),
        ("unknown-scope", "400 invalid_scope"),
        ("openid-scope", "400 invalid_scope"),
    ],
)
def test_each_mistake_of_a_service_is_refused(mistake: str, refusal: str | None) -> None:
    flow = service_flow(client_credentials).set(mistake).run_all()

    assert flow.failed == refusal


def test_a_public_client_has_nothing_to_prove_itself_with() -> None:
    flow = client_credentials.flow(
        PERSON, Recording(transport=server.AuthorizationServer().transport)
    )

    assert "no secret" in str(flow.run_all().failed)


def test_refreshing_goes_on_with_the_newest_token() -> None:
    flow = refresh_flow().run_all()

    assert flow.failed is None
    assert len(set(flow.state.family)) == 4
    assert paths(flow).count("token") == 4


def test_a_replayed_refresh_token_ends_the_family() -> None:
    flow = refresh_flow().set("old-token-replayed").run_all()

    assert flow.failed == (
        "400 invalid_grant The newest refresh token after that: 400 invalid_grant"
    )


def test_the_replay_comes_after_the_time_in_which_a_repetition_is_forgiven() -> None:
    moved: list[int] = []
    recording = Recording(transport=server.AuthorizationServer().transport)
    flow = refresh.flow(replace(PERSON, move_clock=moved.append), recording)

    flow.set("old-token-replayed").run_all()

    assert moved == [61]


def test_without_rotation_a_copy_of_a_refresh_token_goes_unnoticed() -> None:
    flow = refresh_flow(rotates=False).set("old-token-replayed").run_all()

    assert flow.failed is None
    assert "don't rotate" in flow.remarks[1]
    assert "still works" in flow.remarks[3]


def test_a_refresh_needs_a_refresh_token() -> None:
    recording = Recording(transport=server.AuthorizationServer().transport)
    flow = refresh.flow(replace(PERSON, scopes=("openid",)), recording)

    assert "offline_access" in str(flow.run_all().failed)


def test_introspection_tells_good_tokens_from_others() -> None:
    right = service_flow(introspection).run_all()
    edited = service_flow(introspection).set("edited-token").run_all()
    nobody = service_flow(introspection).set("nobody-asks").run_all()

    assert right.failed is None
    assert right.remarks[2] == "active is true."
    assert '"active":false' in right.remarks[3]
    assert edited.remarks[2] == "active is false."
    assert nobody.failed == "401 invalid_client"


def test_only_the_server_knows_of_a_revocation() -> None:
    flow = service_flow(revocation).run_all()

    assert flow.failed is None
    assert [flow.remarks[2], flow.remarks[4]] == ["active is true.", "active is false."]
    assert "still passes" in flow.remarks[5]


def test_revoking_something_else_ends_nothing() -> None:
    other = service_flow(revocation).set("unknown-token").run_all()
    nobody = service_flow(revocation).set("nobody-asks").run_all()

    assert other.remarks[4] == "active is true."
    assert nobody.failed == "401 invalid_client"


def test_a_local_check_names_what_failed() -> None:
    recording = Recording(transport=server.AuthorizationServer(public=False).transport)
    flow = revocation.flow(replace(SERVICE, audience="api://sync"), recording)

    assert flow.run_all().failed == "The token failed: aud"
