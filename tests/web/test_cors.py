"""Which answers scripts of other origins may read, and which requests they may make."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.conftest import Lab
from tests.web.test_trusted_origins import PATH, described

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHOP = "http://127.0.0.1:3000"
FOR_TRUSTED = [
    ("POST", "/api/v1/authn"),
    ("POST", "/api/v1/authn/recovery/password"),
    ("GET", "/api/v1/sessions/me"),
    ("DELETE", "/api/v1/sessions/me"),
    ("GET", "/api/v1/users/me"),
    ("PUT", "/api/v1/trustedOrigins/x"),
    ("GET", "/integrations/api/v1/api-services"),
]
PUBLIC = [
    ("POST", "/oauth2/v1/token"),
    ("POST", "/oauth2/default/v1/token"),
    ("GET", "/oauth2/v1/keys"),
    ("GET", "/.well-known/openid-configuration"),
]


@pytest.fixture
def shop(admin: httpx.Client) -> dict[str, Any]:
    """A trusted origin with the scope CORS."""
    document: dict[str, Any] = admin.post(PATH, json=described("Shop", SHOP, "CORS")).json()
    return document


def preflight(http: httpx.Client, path: str, method: str, origin: str = SHOP) -> httpx.Response:
    """What a browser asks before a script's call."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return http.options(path, headers=headers)


def allowed(answer: httpx.Response) -> dict[str, str]:
    """What the answer says to browsers about other origins."""
    return {
        name: value
        for name, value in answer.headers.items()
        if name.startswith("access-control-allow")
    }


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("method", "path"), FOR_TRUSTED)
def test_a_preflight_of_a_trusted_origin_needs_no_credential(
    http: httpx.Client, method: str, path: str
) -> None:
    answer = preflight(http, path, method)

    said = allowed(answer)
    assert (answer.status_code, answer.content) == (204, b"")
    assert said["access-control-allow-origin"] == SHOP
    assert said["access-control-allow-credentials"] == "true"
    assert method in said["access-control-allow-methods"].split(", ")
    for name in ("content-type", "authorization", "dpop", "x-okta-user-agent-extended"):
        assert name in said["access-control-allow-headers"].split(", ")
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:3001", "https://127.0.0.1:3000", "null"])
@pytest.mark.parametrize(("method", "path"), FOR_TRUSTED[:3])
@pytest.mark.usefixtures("shop")
def test_a_preflight_of_any_other_origin_allows_nothing(
    http: httpx.Client, method: str, path: str, origin: str
) -> None:
    answer = preflight(http, path, method, origin)

    assert allowed(answer) == {}
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.usefixtures("shop")
def test_a_trusted_origin_reads_the_answer_with_the_persons_cookies(
    admin: httpx.Client, http: httpx.Client
) -> None:
    answers = [
        admin.get("/api/v1/users/me", headers={"Origin": SHOP}),
        http.get("/api/v1/users/me", headers={"Origin": SHOP}),
        http.get("/api/v1/sessions/me", headers={"Origin": SHOP}),
        http.post("/api/v1/authn", headers={"Origin": SHOP}, json={"username": "x"}),
    ]

    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert "X-Okta-Request-Id" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Vary"] == "Origin"
    assert [answer.status_code for answer in answers] == [200, 401, 404, 400]


@pytest.mark.usefixtures("shop")
def test_nobody_else_reads_it(admin: httpx.Client) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": f"{SHOP}.evil.example"}):
        answer = admin.get("/api/v1/users/me", headers=headers)

        assert answer.status_code == 200
        assert allowed(answer) == {}
        assert answer.headers["Vary"] == "Origin"


def test_an_origin_without_the_scope_or_switched_off_is_not_trusted(
    admin: httpx.Client, http: httpx.Client, shop: dict[str, Any]
) -> None:
    path = f"{PATH}/{shop['id']}"

    admin.put(path, json=described("Shop", SHOP, "REDIRECT"))
    without_scope = preflight(http, "/api/v1/authn", "POST")
    admin.put(path, json=described("Shop", SHOP, "CORS"))
    with_scope = preflight(http, "/api/v1/authn", "POST")
    admin.post(f"{path}/lifecycle/deactivate")
    switched_off = preflight(http, "/api/v1/authn", "POST")
    admin.post(f"{path}/lifecycle/activate")
    admin.delete(path)
    deleted = preflight(http, "/api/v1/authn", "POST")

    assert "access-control-allow-origin" in allowed(with_scope)
    for answer in (without_scope, switched_off, deleted):
        assert allowed(answer) == {}


@pytest.mark.usefixtures("shop")
def test_another_org_trusts_nobody_for_that(new_lab: Callable[[], Lab]) -> None:
    with httpx.Client(base_url=new_lab().url, trust_env=False) as elsewhere:
        answer = preflight(elsewhere, "/api/v1/authn", "POST")

    assert allowed(answer) == {}


@pytest.mark.parametrize(("method", "path"), PUBLIC)
def test_public_endpoints_let_every_origin_in_without_credentials(
    http: httpx.Client, method: str, path: str
) -> None:
    asked = preflight(http, path, method, "https://anybody.example")
    answer = http.request(method, path, headers={"Origin": "https://anybody.example"})

    for each in (asked, answer):
        assert each.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in each.headers


def test_a_preflight_to_an_org_that_does_not_exist_breaks_nothing(lab: Lab) -> None:
    with httpx.Client(base_url=f"{lab.root.url}/orgs/nobody", trust_env=False) as nowhere:
        asked = preflight(nowhere, "/api/v1/authn", "POST")
        answer = nowhere.get("/api/v1/users/me", headers={"Origin": SHOP})

    assert allowed(asked) == {}
    assert answer.status_code == 404
    assert allowed(answer) == {}


class Silent(WSGIRequestHandler):
    """Writes no access log."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


class TestInABrowser:
    """The same, as a script in Chromium finds it."""

    @pytest.fixture
    def site(self) -> Iterator[str]:
        """The origin of a page that calls the lab."""

        def page(_: object, start_response: Any) -> list[bytes]:
            start_response("200 OK", [("Content-Type", "text/html")])
            return [b"<title>Shop</title>"]

        server = make_server("127.0.0.1", 0, page, threaded=True, request_handler=Silent)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.port}"
        server.shutdown()
        thread.join()
        server.server_close()

    def test_only_a_trusted_origins_script_learns_who_is_signed_in(
        self, chromium: Browser, lab: Lab, admin: httpx.Client, site: str
    ) -> None:
        ask = f"""async () => {{
            try {{
                const answer = await fetch("{lab.url}/api/v1/authn", {{
                    method: "POST", credentials: "include",
                    headers: {{"Content-Type": "application/json"}},
                    body: JSON.stringify({{username: "nobody", password: "wrong"}}),
                }});
                return (await answer.json()).errorCode;
            }} catch (error) {{ return "unreadable"; }}
        }}"""
        context = chromium.new_context()
        page = context.new_page()
        page.goto(site)

        before = page.evaluate(ask)
        admin.post(PATH, json=described("Shop", site, "CORS"))
        # The browser remembers no refusal of a preflight.
        after = page.evaluate(ask)
        context.close()

        assert (before, after) == ("unreadable", "E0000004")
