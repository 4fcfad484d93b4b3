"""A server that others wrote (oidc-provider): the kit connects to it, plays, and shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from grantlab.browser import Browser, BrowserError
from grantlab.flows import Flow, FlowSetup
from grantlab.lab import Lab, LabError
from grantlab.library import (
    authorization_code_pkce,
    client_credentials,
    introspection,
    refresh,
    revocation,
)
from grantlab.recording import Recording
from grantlab.tokens import KeySet, decode, verify
from grantlab.views import view
from grantlab.views.server import server_text
from grantlab.views.timeline import moments, timeline_panel
from tests.clients.node_server import node_server

pytestmark = pytest.mark.npm


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The address of the server, which ends with the tests of this file."""
    with node_server("third_party_server.mjs") as address:
        yield address


@pytest.fixture
def lab(issuer: str) -> Iterator[Lab]:
    """The kit's view of that server."""
    with Lab.connect(f"{issuer}/") as found:
        yield found


def setup_for(lab: Lab, client_id: str, *scopes: str, **more: Any) -> FlowSetup:
    secret = "" if client_id == "spa" else f"secret-of-{client_id}"
    app = lab.app_of(client_id, secret, name="Shop")
    return FlowSetup(
        issuer=lab.server().issuer,
        client_id=app.client_id,
        client_secret=app.client_secret,
        redirect_uri=app.redirect_uris[0],
        app_name=app.name,
        scopes=scopes,
        username="cora",
        password="whatever",
        now=lab.now,
        **more,
    )


def played(flow: Flow[Any]) -> Flow[Any]:
    """The flow at its end, by the buttons of its view; nothing was refused."""
    panel = view(flow)
    panel._handle_custom_msg({"name": "all", "value": None}, [])
    assert flow.failed is None, flow
    assert flow.done
    assert 'role="alert"' not in panel.html
    return flow


def words(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def test_its_metadata_is_found_and_it_is_no_lab(lab: Lab, issuer: str) -> None:
    assert lab.elsewhere
    assert lab.server().issuer == lab.metadata["issuer"] == issuer
    assert repr(lab) == f"Server elsewhere at {issuer}"


@pytest.mark.parametrize("client_id", ["web", "spa"])
def test_a_person_signs_in_on_its_own_pages_and_the_code_is_redeemed(
    lab: Lab, client_id: str
) -> None:
    flow = played(authorization_code_pkce.flow(setup_for(lab, client_id, "openid", "email")))

    userinfo = flow.recording.last
    assert userinfo.json() == {"sub": "cora", "email": "cora@shop.example"}
    assert flow.state.tokens["scope"] == "openid email"
    pages = [one for one in flow.recording if one.channel == "front" and one.status == 200]
    assert len(pages) == 2


def test_a_wrong_way_is_refused_there_too(lab: Lab) -> None:
    flow = authorization_code_pkce.flow(setup_for(lab, "spa", "openid"))

    flow.set("verifier-swapped").run_all()

    assert "invalid_grant" in str(flow.failed)


def test_an_id_token_is_read_and_every_check_of_it_passes(lab: Lab) -> None:
    flow = played(authorization_code_pkce.flow(setup_for(lab, "web", "openid")))
    token = flow.state.tokens["id_token"]
    keys = KeySet(lab.metadata["jwks_uri"], Recording().client("Shop"))

    checked = verify(token, issuer=lab.url, audience="web", keys=keys, now=lab.now())

    assert decode(token).payload["sub"] == "cora"
    assert checked.valid, checked


def test_an_opaque_access_token_is_shown_as_what_it_is(lab: Lab) -> None:
    flow = played(authorization_code_pkce.flow(setup_for(lab, "web", "openid")))

    assert "opaque" in view(flow.state.tokens["access_token"]).html


def test_refresh_tokens_rotate_and_a_reused_one_ends_the_family(lab: Lab) -> None:
    setup = setup_for(lab, "web", "openid", "offline_access")

    turned = played(refresh.flow(setup))
    stolen = refresh.flow(setup).set("old-token-replayed").run_all()

    assert len(set(turned.state.family)) == 4
    assert "invalid_grant" in str(stolen.failed)
    assert "reused" in [moment.kind for moment in moments(list(stolen.recording))]


def test_a_token_is_introspected_and_revoked(lab: Lab) -> None:
    setup = setup_for(lab, "clerk", "sync:read")

    asked = played(introspection.flow(setup))
    ended = played(revocation.flow(setup))

    assert "active is true." in asked.remarks.values()
    assert "active is false." in ended.remarks.values()
    lives = [(each.kind, each.active) for each in moments(list(ended.recording))]
    assert lives == [
        ("issued", None),
        ("introspected", True),
        ("revoked", None),
        ("introspected", False),
    ]


def test_a_programs_token_opens_the_kits_own_api(lab: Lab) -> None:
    recording = Recording()
    api = lab.api("sync", recording, audience="api://sync")
    flow = client_credentials.flow(setup_for(lab, "job", "sync:read", api_url=api.url), recording)

    played(flow)

    answer = recording[-1]
    assert answer.status == 200
    checks = {check["check"]: check["result"] for check in lab.reasons(answer).checks}
    assert checks["signature"] == checks["audience"] == checks["scope"] == "passed"


def test_the_views_of_a_recording_show_what_happened(lab: Lab) -> None:
    flow = played(authorization_code_pkce.flow(setup_for(lab, "web", "openid")))
    keys = KeySet(lab.metadata["jwks_uri"], Recording().client("Shop"))
    check = partial(verify, issuer=lab.url, audience="web", keys=keys, now=lab.now())

    recording = view(flow.recording, lab=lab)
    lives = timeline_panel(flow.recording, check)

    assert "Authorization server" in recording.html
    assert "issued" in words(lives.html)


def test_what_is_missing_is_said_in_a_view_instead_of_an_exception(lab: Lab) -> None:
    shown = words(view(lab).html)

    assert "Introspection" in shown or "Asking whether a token is good now" in shown
    assert "its management API is closed to us" in shown.replace("Its", "its")
    assert "clock can't be moved" in shown.replace("&#39;", "'")
    assert "names no device_authorization_endpoint" in shown
    assert "✓ Ending a token" in server_text(lab)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda lab: lab.admin, "management API"),
        (lambda lab: lab.app("Bank Web"), "management API"),
        (lambda lab: lab.server("Sync"), "management API"),
        (lambda lab: lab.person("cora"), "management API"),
        (lambda lab: lab.move_clock(60), "clock"),
        (lambda lab: lab.preview(client="Bank Web"), "preview"),
        (lambda lab: lab.outbox(), "mail"),
        (lambda lab: lab.operations(), "operations"),
        (lambda lab: lab.snapshot("x.json"), "saved"),
        (lambda lab: lab.restore("x.json"), "put back"),
        (lambda lab: lab.reset(), "put back"),
        (lambda lab: lab.api("sync"), "audience"),
    ],
)
def test_what_only_a_lab_has_is_refused_in_words(lab: Lab, ask: Any, said: str) -> None:
    with pytest.raises(LabError, match=said):
        ask(lab)


def test_a_sign_in_in_a_browser_of_ones_own_is_taken_up_by_the_flow(lab: Lab) -> None:
    flow = authorization_code_pkce.flow(setup_for(lab, "spa", "openid"))
    while not flow.state.browser.history:
        flow.advance()
    own = Browser(Recording(), redirect_uris=[flow.state.setup.redirect_uri])
    own.go(flow.state.browser.history[0]).sign_in("cora", "whatever").follow()
    own.allow().follow()
    assert own.caught is not None

    flow.state.browser.arrived(own.caught.url)
    played(flow)

    assert flow.state.tokens["access_token"]


def test_a_page_without_a_form_names_the_way_through_it(lab: Lab) -> None:
    browser = Browser(Recording())
    browser.go(f"{lab.url}/nothing-here").follow()

    with pytest.raises(BrowserError):
        browser.sign_in("cora", "whatever")
