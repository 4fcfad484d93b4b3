"""The ready flows, each walked right and with every mistake on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest

from grantlab import library
from grantlab.browser import Browser
from grantlab.flows import Flow, FlowSetup
from grantlab.lab import Lab
from grantlab.library import (
    authorization_code,
    authorization_code_pkce,
    client_credentials,
    introspection,
    refresh,
    revocation,
    sign_out,
)
from grantlab.library.sign_in import at_hash
from grantlab.recording import Recording
from grantlab.setups import setup_for
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
    assert "still passes: only the server knows" in flow.remarks[5]


def test_revoking_something_else_ends_nothing() -> None:
    other = service_flow(revocation).set("unknown-token").run_all()
    nobody = service_flow(revocation).set("nobody-asks").run_all()

    assert other.remarks[4] == "active is true."
    assert "nobody revoked it" in other.remarks[5]
    assert nobody.failed == "401 invalid_client"


def test_a_local_check_names_what_failed() -> None:
    recording = Recording(transport=server.AuthorizationServer(public=False).transport)
    flow = revocation.flow(replace(SERVICE, audience="api://sync"), recording)

    assert flow.run_all().failed == "The token failed: aud"


class AnotherProvider(server.AuthorizationServer):
    """A provider of another make: other pages, opaque tokens, and one metadata document alone."""

    def _oauth_authorization_server(self, *_: Any) -> httpx.Response:
        return httpx.Response(404)

    def _openid_configuration(self, *_: Any) -> httpx.Response:
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
        offered = {name: server.ENDPOINTS[name] for name in names}
        return httpx.Response(200, json={"issuer": server.ISSUER, **offered})

    def _login_htm(self, request: httpx.Request, form: dict[str, str]) -> httpx.Response:
        fields = '<input name="login"><input name="password">'
        if request.method == "GET":
            hidden = '<input type="hidden" name="prompt" value="login">'
            page = f'<form method="post">{hidden}{fields}<button>Sign-in</button>'
            return httpx.Response(200, html=page)
        assert (form["login"], form["prompt"]) == ("cora@bank.example", "login")
        ask = '<form method="post" action="/login/consent"><button>Continue</button>'
        return httpx.Response(200, html=ask)

    def _tokens(self, scope: str, sub: str = "cora@bank.example") -> dict[str, Any]:
        answer = super()._tokens(scope, sub)
        self._alive.add("opaque")
        return {**answer, "access_token": "opaque"}


def elsewhere(module: Any, setup: FlowSetup) -> Flow[Any]:
    public = not setup.client_secret
    flow: Flow[Any] = module.flow(
        setup, Recording(transport=AnotherProvider(public=public).transport)
    )
    return flow


@pytest.mark.parametrize("module", [authorization_code, authorization_code_pkce])
def test_the_code_flow_goes_through_at_a_provider_with_other_pages(module: Any) -> None:
    secret = "" if module is authorization_code_pkce else "s3cret"
    options = {"public": not secret, "pkce_required": bool(not secret)}
    transport = AnotherProvider(**options).transport
    setup = replace(PERSON, client_secret=secret)

    flow = module.flow(setup, Recording(transport=transport)).run_all()

    assert flow.failed is None
    assert flow.recording.last.status == 200


def test_a_service_finds_the_one_metadata_document_and_its_opaque_token_is_called_that() -> None:
    flow = elsewhere(client_credentials, SERVICE).run_all()

    assert flow.failed is None
    assert paths(flow)[:2] == ["oauth-authorization-server", "openid-configuration"]
    assert "opaque" in flow.remarks[2]


@pytest.mark.parametrize(
    ("module", "lacks", "step"),
    [(introspection, "introspection_endpoint", 3), (revocation, "introspection_endpoint", 3)],
)
def test_what_a_provider_does_not_offer_is_said_in_words(
    module: Any, lacks: str, step: int
) -> None:
    flow = elsewhere(module, SERVICE).run_all()

    assert flow.failed == f"This server's metadata has no {lacks}: step {step} can't be done here."
    assert flow.remarks[0] == flow.failed


def test_a_server_without_sign_out_says_so() -> None:
    flow = elsewhere(sign_out, PERSON)

    flow.advance()

    assert "no end_session_endpoint: step 4 can't be done" in flow.remarks[0]


# At the lab itself, over HTTP


SETUPS: dict[str, dict[str, Any]] = {
    "api_token": {"app": "Directory Job"},
    "authorization_code": {
        "app": "Bank Web",
        "server": "Transfers",
        "person": "cora",
        "scopes": "openid transfers:read",
    },
    "authorization_code_pkce": {
        "app": "Bank SPA",
        "server": "Transfers",
        "person": "cora",
        "scopes": "openid transfers:read",
    },
    "client_credentials": {"app": "Nightly Job", "server": "Sync", "scopes": "sync:read"},
    "introspection": {"app": "Nightly Job", "server": "Sync", "scopes": "sync:read"},
    "private_key": {"app": "Directory Job", "scopes": "okta.groups.read"},
    "refresh": {
        "app": "Bank SPA",
        "server": "Transfers",
        "person": "cora",
        "scopes": "openid offline_access transfers:read",
    },
    "revocation": {"app": "Nightly Job", "server": "Sync", "scopes": "sync:read"},
    "sign_in": {
        "app": "Bank Web",
        "server": "Transfers",
        "person": "cora",
        "scopes": "openid profile transfers:read",
    },
    "sign_out": {"app": "Bank Web", "person": "cora", "scopes": "openid profile"},
}

# What each mistake comes to: a part of the refusal, or None where nothing refuses it, and what
# the run answers to the last question that was reached.
MISTAKES: dict[str, dict[str, tuple[str | None, str | None]]] = {
    "api_token": {
        "bearer-scheme": ("401 E0000011", None),
        "in-the-address": ("401 E0000011", None),
        "owner-leaves": (None, "401"),
        "owner-promoted": (None, "200"),
    },
    "authorization_code": {
        "redirect-not-registered": ("400 invalid_request", "error-on-the-server"),
        "state-not-checked": (None, "tokens"),
        "redirect-changed": ("400 invalid_grant", "the-code"),
        "wrong-secret": ("401 invalid_client", "the-app"),
        "secret-left-out": ("401 invalid_client", "the-app"),
        "code-used-twice": ("400 invalid_grant", "the-code"),
    },
    "authorization_code_pkce": {
        "no-challenge": ("invalid_request: PKCE", "error-in-the-app"),
        "plain": ("invalid_request: PKCE", "error-in-the-app"),
        "verifier-swapped": ("400 invalid_grant", "the-code"),
        "verifier-too-short": ("400 invalid_grant", "the-code"),
        "redirect-not-registered": ("400 invalid_request", "error-on-the-server"),
        "state-not-checked": (None, "tokens"),
        "code-used-twice": ("400 invalid_grant", "the-code"),
        "secret-of-a-public-client": ("401 invalid_client", "the-app"),
        "basic-without-secret": ("401 invalid_client", "the-app"),
    },
    "client_credentials": {
        "wrong-secret": ("401 invalid_client", "invalid_client"),
        "secret-in-the-query": ("400 invalid_request", "invalid_request"),
        "secret-in-the-body": (None, "token"),
        "unknown-scope": ("400 invalid_scope", "invalid_scope"),
        "openid-scope": ("400 invalid_scope", "invalid_scope"),
    },
    "introspection": {
        "edited-token": (None, "inactive"),
        "nobody-asks": ("401 invalid_client", "refused"),
    },
    "private_key": {
        "no-role": ("403 E0000006", "no"),
        "not-granted": ("400 invalid_scope", "invalid_scope"),
        "other-key": ("401 invalid_client", "invalid_client"),
        "other-audience": ("401 invalid_client", "invalid_client"),
        "unknown-kid": ("401 invalid_client", "invalid_client"),
        "shared-key": ("401 invalid_client", "invalid_client"),
        "other-subject": ("401 invalid_client", "invalid_client"),
        "expired": ("401 invalid_client", "invalid_client"),
        "too-long": ("401 invalid_client", "invalid_client"),
        "assertion-twice": ("401 invalid_client", "invalid_client"),
    },
    "refresh": {"old-token-replayed": ("400 invalid_grant", "family")},
    "revocation": {
        "unknown-token": (None, "passes"),
        "nobody-asks": ("401 invalid_client", None),
    },
    "sign_in": {
        "nonce-of-another-visit": ("not for this visit to this app: nonce", "nonce"),
        "token-of-another-app": ("not for this visit to this app: aud", "aud"),
        "openid-left-out": ("No ID token came", "none"),
        "id-token-as-access-token": ("401 Bearer", "passes"),
        "state-not-checked": (None, "passes"),
    },
    "sign_out": {
        "only-the-app": (None, "code"),
        "no-hint": ("400 invalid_request", None),
        "address-not-registered": ("400 invalid_request", None),
    },
}
RIGHT = {
    "api_token": "403",
    "authorization_code": "tokens",
    "authorization_code_pkce": "tokens",
    "client_credentials": "token",
    "introspection": "active",
    "private_key": "yes",
    "refresh": "works",
    "revocation": "passes",
    "sign_in": "passes",
    "sign_out": "error",
}
# A repetition is forgiven for some seconds, and a program can't move the lab's clock past them.
NEEDS_A_CLOCK = {("refresh", "old-token-replayed")}
EVERY_MISTAKE = [(name, mistake) for name, rows in MISTAKES.items() for mistake in rows]


@pytest.fixture(scope="module")
def bank(server: Any) -> Iterator[Lab]:
    """The kit in an org that all of these tests share: each flow begins in a new browser."""
    with Lab.connect(server.url, server.token) as connected:
        yield connected


@pytest.fixture
def own_bank(server: Any) -> Iterator[Lab]:
    """The kit in an org of the test's own, whose clock may be moved."""
    with Lab.connect(server.url, server.token) as connected:
        yield connected


def at_the_lab(bank: Lab, name: str) -> Flow[Any]:
    flow: Flow[Any] = library.all_flows()[name].flow(setup_for(bank, **SETUPS[name]))
    return flow


def last_answer(flow: Flow[Any]) -> str | None:
    return list(flow.verdicts.values())[-1].came.name if flow.verdicts else None


def test_the_library_has_these_flows_and_each_asks_something_decisive(bank: Lab) -> None:
    assert set(library.names()) == set(SETUPS) == set(MISTAKES) == set(RIGHT)
    for name in library.names():
        flow = at_the_lab(bank, name)
        assert names(flow.switches) == set(MISTAKES[name]), name
        asked = [step.predict for step in flow.steps if step.predict]
        assert asked, name
        assert all(2 <= len(question.choices) <= 4 for question in asked), name


@pytest.mark.parametrize("name", library.names())
def test_the_right_way_goes_through_to_its_end_twice(bank: Lab, name: str) -> None:
    flow = at_the_lab(bank, name)

    for _ in range(2):
        flow.back_to_start().run_all()

        assert flow.failed is None
        assert flow.position == len(flow.steps)
        assert last_answer(flow) == RIGHT[name]


@pytest.mark.parametrize(("name", "mistake"), EVERY_MISTAKE)
def test_each_mistake_comes_to_what_is_said_of_it(
    name: str, mistake: str, request: pytest.FixtureRequest
) -> None:
    refusal, came = MISTAKES[name][mistake]
    moves_the_clock = (name, mistake) in NEEDS_A_CLOCK
    lab: Lab = request.getfixturevalue("own_bank" if moves_the_clock else "bank")

    flow = at_the_lab(lab, name).set(mistake).run_all()

    assert (flow.failed is None) == (refusal is None), flow.failed
    assert refusal is None or refusal in str(flow.failed)
    assert last_answer(flow) == came


class Person:
    """Somebody at a browser, for a program that opens an address and asks where it ended."""

    def __init__(self, flow: Flow[Any]) -> None:
        self.flow = flow
        self.browser: Browser = flow.state.browser

    def open(self, url: str) -> bool:
        self.browser.go(url).follow()
        if self.browser.page and self.browser.page.form_with("password"):
            setup = self.flow.state.setup
            self.browser.sign_in(setup.username, setup.password).follow()
        if self.browser.page and self.browser.page.button("Allow"):
            self.browser.allow().follow()
        return True

    def tell(self, _: str) -> str:
        if self.browser.caught is None:
            raise EOFError("The browser stands at a page of the server.")
        return self.browser.caught.url


@pytest.fixture
def run_program(bank: Lab, monkeypatch: pytest.MonkeyPatch) -> Callable[[Flow[Any]], None]:
    """Runs the flow's code as a program of its own, with a person at hand."""

    def run(flow: Flow[Any]) -> None:
        monkeypatch.setenv("CLIENT_SECRET", flow.state.setup.client_secret)
        token = bank.admin.headers["authorization"].removeprefix("SSWS ")
        monkeypatch.setenv("API_TOKEN", token)
        if hasattr(flow.state, "browser"):
            person = Person(flow)
            monkeypatch.setattr("webbrowser.open", person.open)
            monkeypatch.setattr("builtins.input", person.tell)
        with ExitStack() as ends:
            names: dict[str, Any] = {}
            ends.callback(lambda: [names[one].close() for one in ("app", "admin") if one in names])
            exec(compile(flow.program(), "<program>", "exec"), names)

    return run


@pytest.mark.parametrize("name", library.names())
def test_the_code_of_a_flow_is_a_program_that_runs(
    bank: Lab, name: str, run_program: Callable[[Flow[Any]], None]
) -> None:
    flow = at_the_lab(bank, name)

    assert "grantlab" not in flow.program()
    assert flow.state.setup.client_secret not in flow.program() or not flow.state.client_secret
    run_program(flow)


@pytest.mark.parametrize(("name", "mistake"), sorted(set(EVERY_MISTAKE) - NEEDS_A_CLOCK))
def test_the_program_of_a_mistake_goes_as_the_flow_goes(
    bank: Lab, name: str, mistake: str, run_program: Callable[[Flow[Any]], None]
) -> None:
    flow = at_the_lab(bank, name).set(mistake)

    if MISTAKES[name][mistake][0] is None:
        run_program(flow)
    else:
        with pytest.raises(GOES_WRONG):
            run_program(flow)


GOES_WRONG = (httpx.HTTPStatusError, AssertionError, KeyError, EOFError, jwt.PyJWTError)


def test_an_administrators_part_is_seen_in_the_recording(own_bank: Lab) -> None:
    flow = at_the_lab(own_bank, "private_key").run_all()

    by_admin = [
        f"{one.method} {one.path.rpartition('/')[2]}"
        for one in flow.recording
        if one.sender == "Administrator"
    ]
    assert by_admin == [
        *("GET jwks", "POST jwks", "GET grants", "POST grants", "GET roles", "POST roles"),
    ]
    assert flow.recording.last.path.endswith("/api/v1/groups")


def test_without_a_management_api_the_words_say_so(bank: Lab) -> None:
    setup = replace(setup_for(bank, **SETUPS["private_key"]), admin=None)

    key = library.all_flows()["private_key"].flow(setup).run_all()
    token = library.all_flows()["api_token"].flow(setup).run_all()

    assert "neither a management API" in key.failed
    assert "none is at hand" in token.failed


def test_a_key_that_is_registered_needs_no_administrator(bank: Lab) -> None:
    first = at_the_lab(bank, "private_key").run_all()
    pair = first.state.pair
    setup = setup_for(
        bank, **SETUPS["private_key"], private_key=pair.pem, key_id=pair.jwk["kid"], admin=None
    )

    flow = library.all_flows()["private_key"].flow(setup).run_all()

    assert flow.failed is None
    assert "entries came" in flow.remarks[7]


def test_the_id_token_is_checked_line_by_line(bank: Lab) -> None:
    flow = at_the_lab(bank, "sign_in").run_all()

    checks = {check.name: check.result for check in flow.checks[7].checks}
    for name in ("alg", "kid", "signature", "iss", "aud", "exp", "nonce", "at_hash"):
        assert checks[name] == "passed", name


def test_an_id_token_beside_another_access_token_is_noticed() -> None:
    token = jwt.encode({"at_hash": "x"}, "k" * 32, algorithm="HS256")

    assert at_hash(token, "another").result == "failed"
    assert at_hash(jwt.encode({}, "k" * 32, algorithm="HS256"), "another").result == "skipped"


def test_nothing_is_left_of_an_api_token_or_its_owner(own_bank: Lab) -> None:
    before = len(own_bank.admin.get("/api/v1/api-tokens").json())

    at_the_lab(own_bank, "api_token").run_all()

    assert len(own_bank.admin.get("/api/v1/api-tokens").json()) == before
    logins = [user["profile"]["login"] for user in own_bank.admin.get("/api/v1/users").json()]
    assert not [login for login in logins if login.startswith("robot-")]
