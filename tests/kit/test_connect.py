"""Connecting to a server that is no lab: its metadata, the learner's token, and what is missing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from grantlab.browser import Browser, BrowserError
from grantlab.desk import PolicyDesk
from grantlab.lab import Lab, LabError
from grantlab.offers import beyond_standards, endpoints_in
from grantlab.recording import Recording
from grantlab.views import view
from grantlab.views.server import server_panel, server_text, unavailable_panel
from tests.kit.views_samples import HOSTILE, exchange


class Elsewhere:
    """A server of somebody else: what lies at which path, and the requests that came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, Any] = {}
        self.asked: list[tuple[str, str | None]] = []

    def publish(self, path: str, issuer: str, **more: Any) -> None:
        """Metadata of that issuer, at that path."""
        self.pages[path] = {"issuer": issuer, "token_endpoint": f"{issuer}/v1/token", **more}


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """A server on a free port of loopback; it is gone after the test."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            found.asked.append((path, self.headers.get("Authorization")))
            page = found.pages.get(path)
            body = page.encode() if isinstance(page, str) else json.dumps(page).encode()
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.daemon_threads = True
        found = Elsewhere(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def words(html: str) -> str:
    return " ".join("".join(ElementTree.fromstring(f"<all>{html}</all>").itertext()).split())


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-authorization-server/oauth2/default",
        "/oauth2/default/.well-known/openid-configuration",
        "/oauth2/default/.well-known/oauth-authorization-server",
    ],
    ids=["RFC 8414", "OpenID Connect", "Okta's own"],
)
def test_metadata_is_found_where_each_standard_puts_it(elsewhere: Elsewhere, path: str) -> None:
    issuer = f"{elsewhere.url}/oauth2/default"
    elsewhere.publish(path, issuer)

    with Lab.connect(issuer) as lab:
        assert lab.elsewhere
        assert lab.server().issuer == lab.url == issuer
        assert lab.metadata["token_endpoint"] == f"{issuer}/v1/token"


@pytest.mark.parametrize("given", ["", "/"])
@pytest.mark.parametrize("real", ["", "/"])
def test_a_slash_at_the_end_is_the_metadatas_affair(
    elsewhere: Elsewhere, given: str, real: str
) -> None:
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url + real)

    with Lab.connect(elsewhere.url + given) as lab:
        assert lab.url == elsewhere.url + real


def test_the_metadata_of_another_issuer_is_refused(elsewhere: Elsewhere) -> None:
    elsewhere.publish("/.well-known/openid-configuration", "https://evil.example")

    with pytest.raises(LabError, match=r"another issuer's, https://evil\.example"):
        Lab.connect(elsewhere.url)


@pytest.mark.parametrize("page", ["<html>", "[]", '{"no": "issuer"}', "null", '"text"'])
def test_what_is_no_metadata_counts_for_nothing(elsewhere: Elsewhere, page: str) -> None:
    elsewhere.pages["/.well-known/openid-configuration"] = page

    with pytest.raises(LabError, match="no authorization server with metadata"):
        Lab.connect(elsewhere.url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[", "nonsense", ""])
def test_an_address_where_nobody_answers_is_said_in_one_line(url: str) -> None:
    with pytest.raises(LabError, match="No lab answers") as caught:
        Lab.connect(url)

    assert caught.value._render_traceback_() == [f"LabError: {caught.value}"]


@pytest.mark.parametrize("health", ["OK", '{"status": "ok"}', "[]", "<html>"])
def test_a_health_page_of_its_own_makes_no_lab(elsewhere: Elsewhere, health: str) -> None:
    elsewhere.pages["/healthz"] = health
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url)

    with Lab.connect(elsewhere.url) as lab:
        assert lab.elsewhere


def test_this_machines_token_is_never_sent_there(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRANTLAB_ADMIN_TOKEN", "this-machines-own")
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url)

    with Lab.connect(elsewhere.url) as lab, pytest.raises(LabError, match="management API"):
        lab.app("Bank Web")

    assert {token for _, token in elsewhere.asked} == {None}


def test_a_token_that_is_given_opens_the_orgs_management_api(elsewhere: Elsewhere) -> None:
    issuer = f"{elsewhere.url}/oauth2/default"
    elsewhere.publish("/oauth2/default/.well-known/oauth-authorization-server", issuer)
    elsewhere.pages["/api/v1/authorizationServers"] = [
        {"id": "default", "name": "default", "issuer": issuer, "audiences": ["api://default"]}
    ]
    elsewhere.pages["/api/v1/users/cora@shop.example"] = {
        "id": "00u1",
        "profile": {"firstName": "Cora", "login": "cora@shop.example"},
    }

    with Lab.connect(issuer, token="00token") as lab:
        server, person = lab.server("default"), lab.person("cora@shop.example")

    assert (server.issuer, server.audience) == (issuer, "api://default")
    assert (person.name, person.password) == ("Cora", "")
    with_token = [path for path, token in elsewhere.asked if token == "SSWS 00token"]
    assert with_token == ["/api/v1/authorizationServers", "/api/v1/users/cora@shop.example"]


def test_its_log_gives_the_events_of_a_request_to_who_has_a_token(elsewhere: Elsewhere) -> None:
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url)
    elsewhere.pages["/api/v1/logs"] = [{"displayMessage": "OIDC token request"}]

    with Lab.connect(elsewhere.url, token="00token") as lab:
        found = lab.reasons(exchange())

    assert [event["displayMessage"] for event in found.events] == ["OIDC token request"]
    assert "OIDC token request" in words(view(found).html)


def test_without_a_token_the_button_for_reasons_says_why_there_are_none(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url)
    recording = Recording()
    recording.add(exchange())

    with Lab.connect(elsewhere.url) as lab:
        panel = view(recording, lab=lab)
        panel._handle_custom_msg({"name": "reasons", "value": None}, [])

    assert "is another server: it says no more" in words(panel.html)


def test_the_policy_desk_says_what_it_lacks(elsewhere: Elsewhere) -> None:
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url)

    with Lab.connect(elsewhere.url) as lab:
        shown = words(view(PolicyDesk(lab, "default")).html)

    assert "management API is closed to us" in shown


def test_time_is_this_machines_own_there(elsewhere: Elsewhere) -> None:
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url)

    with Lab.connect(elsewhere.url, token="00token") as lab:
        before = time.time()
        assert before <= lab.now() <= time.time()

    assert "/lab/clock" not in [path for path, _ in elsewhere.asked]


def test_an_app_is_told_by_hand(elsewhere: Elsewhere) -> None:
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url)

    with Lab.connect(elsewhere.url) as lab:
        app = lab.app_of("0oa1", "s3cret", name="Shop")

    assert (app.client_id, app.client_secret, app.name) == ("0oa1", "s3cret", "Shop")
    assert app.redirect_uris == ("http://127.0.0.1:8765/callback",)
    assert "s3cret" not in repr(app)


def test_a_page_there_is_opened_at_its_own_address() -> None:
    lab = Lab("https://x.example/oauth2/default", None, metadata={"issuer": "x"})
    url = "https://x.example/oauth2/default/v1/authorize?a=b"

    assert lab.page_url(url) == url


# Its pages


def browser_of(*pages: str) -> tuple[Browser, list[bytes]]:
    """A browser to which a server answers these pages in turn, and the forms that it sends."""
    sent: list[bytes] = []
    left = iter(pages)

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, html=next(left))

    return Browser(Recording(transport=httpx.MockTransport(answer))), sent


@pytest.mark.parametrize("name", ["username", "login", "email", "j_username"])
def test_a_person_signs_in_whatever_the_form_calls_the_name(name: str) -> None:
    page = (
        '<form><input name="q"></form><form method="post"><input type="hidden" name="csrf" '
        f'value="1"><input name="{name}"><input type="password" name="pwd"><button>Go</button>'
    )
    browser, sent = browser_of(page, "In")

    browser.go("https://x.example/login").sign_in("cora", "s3cret")

    assert sent[-1].decode() == f"csrf=1&{name}=cora&pwd=s3cret"


@pytest.mark.parametrize("word", ["Allow", "Continue", "Accept", "Authorize", "Yes"])
def test_a_person_says_yes_in_the_servers_words(word: str) -> None:
    page = f'<form method="post"><button name="no">Cancel</button><button name="yes">{word}</form>'
    browser, sent = browser_of(page, "Done")

    browser.go("https://x.example/consent").allow()

    assert sent[-1] == b"yes="


def test_a_page_that_scripts_make_is_said_to_be_one_with_the_way_through_it() -> None:
    browser, _ = browser_of("<title>Sign in</title><script>widget()</script>")

    with pytest.raises(BrowserError, match=r"If scripts make it, .* browser\.arrived\(url\)"):
        browser.go("https://x.example/login").sign_in("cora", "s3cret")


def test_the_address_at_which_another_browser_ended_is_caught() -> None:
    browser, _ = browser_of("<script>widget()</script>")
    browser.go("https://x.example/login")

    browser.arrived("http://127.0.0.1:8765/callback?code=abc&state=s1")

    assert browser.caught is not None
    assert browser.caught.params == {"code": "abc", "state": "s1"}


# What it offers


def test_each_offer_is_there_with_its_address_or_missing_with_the_reason() -> None:
    offers = endpoints_in({"token_endpoint": "https://x.example/token"})

    told = {offer.what: (offer.there, offer.says) for offer in offers}
    assert told["Tokens: for a code, for a refresh token, for a program"] == (
        True,
        "https://x.example/token",
    )
    assert told["Ending a token"] == (False, "Its metadata names no revocation_endpoint.")
    assert told["New access tokens without the person"][0] is False


@pytest.mark.parametrize("grants", [None, 7, "refresh_token", ["refresh_token"], {}])
def test_odd_lists_of_grant_types_break_nothing(grants: Any) -> None:
    offers = endpoints_in({"grant_types_supported": grants})

    assert offers[-1].there == (grants == ["refresh_token"])


def test_a_lab_offers_everything_and_a_server_elsewhere_what_a_token_opens() -> None:
    assert all(offer.there for offer in beyond_standards(elsewhere=False, token=True))
    assert not any(offer.there for offer in beyond_standards(elsewhere=False, token=False))
    with_token = beyond_standards(elsewhere=True, token=True)
    assert [offer.there for offer in with_token] == [True, *[False] * 6]
    assert all(offer.says for offer in with_token)


def test_the_view_says_by_sign_and_word_what_is_there() -> None:
    lab = Lab("https://x.example", None, metadata={"issuer": "x", "jwks_uri": "https://x/keys"})

    panel = server_panel(lab)

    rows = ElementTree.fromstring(f"<all>{panel.html}</all>").findall(".//li")
    assert len(rows) == len(lab.offers())
    assert {row[0][0].tag for row in rows} == {"svg"}
    assert "not thereA clock that can be moved" in words(panel.html)
    assert "✓ Public keys, to verify tokens with: https://x/keys" in server_text(lab)


def test_no_hostile_value_becomes_markup() -> None:
    metadata = {"issuer": HOSTILE, "token_endpoint": HOSTILE, "grant_types_supported": [HOSTILE]}

    pages = [
        server_panel(Lab(HOSTILE, None, metadata=metadata)).html,
        unavailable_panel(LabError(HOSTILE)).html,
    ]

    for page in pages:
        found = {each.tag for each in ElementTree.fromstring(f"<all>{page}</all>").iter()}
        assert found & {"script", "img"} == set()


def test_start_takes_another_server_that_the_environment_names(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.publish("/.well-known/openid-configuration", elsewhere.url)
    monkeypatch.setenv("GRANTLAB_URL", elsewhere.url)
    monkeypatch.setenv("GRANTLAB_CLIENT_ID", "web-1")
    monkeypatch.setenv("GRANTLAB_AUDIENCE", "api://yours")
    monkeypatch.setenv("GRANTLAB_ADMIN_TOKEN", "of-this-machine")

    with Lab.start() as lab:
        server = lab.server("Transfers")

        assert lab.elsewhere
        assert (server.issuer, server.audience) == (elsewhere.url, "api://yours")
        assert lab.app("Bank Web").client_id == "web-1"
        assert lab.api("prices").audience == "api://yours"
        assert "of-this-machine" not in str(elsewhere.asked)


def test_who_registered_elsewhere_is_given_no_lab_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GRANTLAB_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GRANTLAB_CLIENT_ID", "web-1")

    with pytest.raises(LabError, match="No lab answers at http://127.0.0.1:9"):
        Lab.start()
