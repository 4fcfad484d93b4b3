"""Sign-in and consent as a browser without scripts meets them, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import Lab
from tests.speaking import (
    CALLBACK,
    App,
    Issuer,
    Person,
    add_scope,
    add_user,
    assign,
    custom_server,
    events_of,
    fields_of,
    find_person,
    org_server,
    reasons_of,
    register_app,
    set_status,
)
from tests.web.visiting import Visitor

NASTY = "<b onclick='x'>\"&"


@pytest.fixture
def visitor(lab: Lab) -> Iterator[Visitor]:
    with Visitor(lab.url) as found:
        yield found


@pytest.fixture
def somebody_else(lab: Lab) -> Iterator[Visitor]:
    with Visitor(lab.url) as found:
        yield found


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    return find_person(admin, "cora")


@pytest.fixture
def app(admin: httpx.Client, cora: Person) -> App:
    return register_app(admin, cora, label="Holiday Planner")


@pytest.fixture
def asking(admin: httpx.Client, cora: Person) -> App:
    """An app whose people are asked for consent."""
    return register_app(admin, cora, label="Holiday Planner", consent_method="REQUIRED")


@pytest.fixture(params=[org_server, custom_server])
def issuer(request: pytest.FixtureRequest, lab: Lab) -> Issuer:
    make: Callable[[str], Issuer] = request.param
    return make(lab.url)


@pytest.fixture
def custom(lab: Lab, admin: httpx.Client) -> Issuer:
    """The server `default` with a scope that must be consented to and an optional one."""
    add_scope(
        admin,
        "trips:read",
        consent="REQUIRED",
        displayName="See your trips",
        description="Dates and places",
    )
    add_scope(admin, "trips:write", consent="REQUIRED", optional=True)
    return custom_server(lab.url)


def test_the_sign_in_page_names_the_app_and_the_org(
    visitor: Visitor, lab: Lab, issuer: Issuer, app: App
) -> None:
    page = visitor.begin(issuer, app)

    assert page.status_code == 200
    assert "Sign in" in page.text
    assert "to continue to <strong>Holiday Planner</strong>" in page.text
    assert f"Bank {lab.slug}" in page.text
    assert "Grantlab lab server" in page.text


def test_the_right_password_leads_back_to_the_app_with_a_code(
    visitor: Visitor, issuer: Issuer, app: App, cora: Person
) -> None:
    visitor.begin(issuer, app)

    answer = visitor.sign_in(cora)

    assert answer.headers["Location"].startswith(CALLBACK)
    assert set(fields_of(answer)) == {"code", "state", "iss"}


def test_after_one_sign_in_the_next_request_shows_no_page(
    visitor: Visitor, issuer: Issuer, app: App, cora: Person
) -> None:
    visitor.begin(issuer, app)
    visitor.sign_in(cora)

    answer = visitor.begin(issuer, app)

    assert "code" in fields_of(answer)


def test_a_wrong_password_shows_the_form_again_without_the_password(
    visitor: Visitor, issuer: Issuer, app: App, cora: Person
) -> None:
    visitor.begin(issuer, app)

    page = visitor.submit(username=cora.login, password="Not-her-password-1")

    assert page.status_code == 401
    assert "Unable to sign in" in page.text
    assert 'role="alert"' in page.text
    assert f'value="{cora.login}"' in page.text
    assert "Not-her-password-1" not in page.text
    assert "sid" not in visitor.client.cookies


def test_the_form_still_works_after_a_wrong_password(
    visitor: Visitor, issuer: Issuer, app: App, cora: Person
) -> None:
    visitor.begin(issuer, app)
    visitor.submit(username=cora.login, password="wrong")

    answer = visitor.sign_in(cora)

    assert "code" in fields_of(answer)


@pytest.mark.parametrize("status", ["unknown", "suspended", "deactivated", "empty"])
def test_who_cannot_sign_in_sees_the_same_page_as_after_a_wrong_password(
    visitor: Visitor, admin: httpx.Client, status: str
) -> None:
    visitor.open("/login/login.htm")
    nora = add_user(admin, "nora")
    wrong = visitor.submit(username=nora.login, password="wrong").text
    if status == "suspended":
        set_status(admin, nora, "suspend")
    elif status == "deactivated":
        set_status(admin, nora, "deactivate")
    login = {"unknown": "nobody@bank.example", "empty": ""}.get(status, nora.login)

    page = visitor.submit(username=login, password=nora.password)

    assert page.status_code == 401
    same = page.text.replace(login, nora.login) if login else page.text
    if status == "empty":
        assert "Unable to sign in" in same
    else:
        assert same == wrong


def test_a_refused_sign_in_says_in_the_log_what_was_wrong(
    visitor: Visitor, admin: httpx.Client
) -> None:
    visitor.open("/login/login.htm")

    page = visitor.submit(username="nobody@bank.example", password="Secret-of-the-test-1")

    events = events_of(admin, page)
    assert [event["eventType"] for event in events] == ["user.session.start"]
    assert events[0]["outcome"] == {"result": "FAILURE", "reason": "UNKNOWN_USER"}
    assert "Secret-of-the-test-1" not in str(events)
    assert reasons_of(admin, page)[-1]["result"] == "failed"


def test_the_login_hint_fills_in_the_username(visitor: Visitor, issuer: Issuer, app: App) -> None:
    page = visitor.begin(issuer, app, login_hint="cora@bank.example")

    assert 'value="cora@bank.example"' in page.text


@pytest.mark.parametrize("way", ["login_hint", "username"])
def test_what_comes_from_outside_is_escaped(visitor: Visitor, lab: Lab, app: App, way: str) -> None:
    page = visitor.begin(org_server(lab.url), app, login_hint=NASTY)
    if way == "username":
        page = visitor.submit(username=NASTY, password=NASTY)

    assert "<b onclick" not in page.text
    assert "&lt;b onclick=&#39;x&#39;&gt;&#34;&amp;" in page.text


def test_the_apps_label_is_escaped(visitor: Visitor, lab: Lab, admin: httpx.Client) -> None:
    nasty = register_app(admin, label="<script>alert(1)</script>")

    page = visitor.begin(org_server(lab.url), nasty)

    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_form_without_its_token_signs_nobody_in(
    visitor: Visitor, issuer: Issuer, app: App, cora: Person
) -> None:
    visitor.begin(issuer, app)

    page = visitor.submit(without_token=True, username=cora.login, password=cora.password)

    assert page.status_code == 403
    assert "invalid_form" in page.text
    assert "sid" not in visitor.client.cookies


def test_a_form_of_one_request_is_no_good_for_another(
    visitor: Visitor, issuer: Issuer, app: App, cora: Person
) -> None:
    visitor.begin(issuer, app)
    first = visitor.page
    visitor.begin(issuer, app)
    token = re.search(r'name="form_token" value="([^"]+)"', first.text)
    assert token is not None

    page = visitor.submit(form_token=token[1], username=cora.login, password=cora.password)

    assert page.status_code == 403


def test_a_waiting_request_does_not_open_in_another_browser(
    visitor: Visitor, somebody_else: Visitor, issuer: Issuer, app: App
) -> None:
    page = visitor.begin(issuer, app)
    somebody_else.open("/login/login.htm")

    theirs = somebody_else.open(str(page.url))

    assert theirs.status_code == 403
    assert "started in another browser" in theirs.text


def test_a_finished_request_cannot_be_signed_in_to_again(
    visitor: Visitor, issuer: Issuer, app: App, cora: Person
) -> None:
    address = str(visitor.begin(issuer, app).url)
    visitor.sign_in(cora)

    page = visitor.open(address)

    assert page.status_code == 400
    assert "finished or too old" in page.text


def test_each_sign_in_has_a_new_session_and_ends_the_browsers_old_one(
    visitor: Visitor, somebody_else: Visitor, issuer: Issuer, app: App, cora: Person
) -> None:
    visitor.begin(issuer, app)
    visitor.sign_in(cora)
    old = visitor.client.cookies["sid"]
    visitor.begin(issuer, app, prompt="login")
    visitor.sign_in(cora)

    assert visitor.client.cookies["sid"] != old
    somebody_else.client.cookies.set("sid", old)
    assert somebody_else.open("/api/v1/sessions/me").status_code == 404


def test_a_session_that_was_planted_before_is_worth_nothing(
    visitor: Visitor, lab: Lab, cora: Person
) -> None:
    path = urlsplit(lab.url).path
    visitor.open("/login/login.htm")
    visitor.client.cookies.set("sid", "planted", domain="127.0.0.1", path=path)

    visitor.sign_in(cora)

    assert visitor.client.cookies.get("sid", path=path) != "planted"


@pytest.mark.parametrize(
    "path", ["/login/login.htm", "/login/login.htm?request_uri=urn:okta:none", "/nowhere"]
)
def test_each_page_forbids_scripts_frames_caches_and_referrers(visitor: Visitor, path: str) -> None:
    page = visitor.open(path)

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text
    assert " style=" not in page.text


def test_the_cookies_are_out_of_reach_of_scripts_and_of_other_orgs(
    visitor: Visitor, lab: Lab, cora: Person
) -> None:
    form = visitor.open("/login/login.htm")
    submitted = _only_post(visitor, cora)

    for answer, name in ((form, "browser"), (submitted, "sid")):
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"{name}=")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert f"Path=/orgs/{lab.slug}" in cookie
        assert "Secure" not in cookie


def _only_post(visitor: Visitor, person: Person) -> httpx.Response:
    """The answer to the form itself, its redirect not followed."""
    visitor.sign_in(person)
    home = str(visitor.page.url)
    visitor.open("/login/login.htm?switch=")
    found: list[httpx.Response] = []
    visitor.client.event_hooks = {"response": [found.append]}
    visitor.sign_in(person)
    assert str(visitor.page.url) == home
    return found[0]


def test_a_person_of_one_org_is_not_signed_in_at_another(
    visitor: Visitor, new_lab: Callable[[], Lab], cora: Person
) -> None:
    other = new_lab()
    visitor.open("/login/login.htm")
    visitor.sign_in(cora)
    value = visitor.client.cookies["sid"]

    answer = httpx.get(
        f"{other.url}/app/UserHome", headers={"Cookie": f"sid={value}"}, trust_env=False
    )

    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/login/login.htm")


def test_an_address_below_an_unknown_org_is_a_page(lab: Lab) -> None:
    answer = httpx.get(f"{lab.root.url}/orgs/nobody-here/login/login.htm", trust_env=False)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


# Consent


def test_the_consent_page_lists_the_scopes_the_app_and_the_person(
    visitor: Visitor, custom: Issuer, asking: App, cora: Person
) -> None:
    visitor.begin(custom, asking, scope="openid trips:read trips:write")

    page = visitor.sign_in(cora)

    assert page.status_code == 200
    assert "Holiday Planner" in page.text
    assert cora.login in page.text
    assert "Not you?" in page.text
    assert "See your trips" in page.text
    assert "Dates and places" in page.text
    assert re.findall(r'type="checkbox" name="scope" value="([^"]+)"', page.text) == ["trips:write"]
    assert re.findall(r"<button[^>]*>([^<]+)</button>", page.text) == ["Don't allow", "Allow"]


def test_allow_leads_back_with_a_code_and_is_not_asked_again(
    visitor: Visitor, custom: Issuer, asking: App, cora: Person
) -> None:
    visitor.begin(custom, asking, scope="openid trips:read")
    visitor.sign_in(cora)

    answer = visitor.submit(decision="allow")

    assert "code" in fields_of(answer)
    assert "code" in fields_of(visitor.begin(custom, asking, scope="openid trips:read"))


def test_dont_allow_tells_the_app_access_denied(
    visitor: Visitor, custom: Issuer, asking: App, cora: Person
) -> None:
    visitor.begin(custom, asking, scope="openid trips:read")
    visitor.sign_in(cora)

    answer = visitor.submit(decision="deny")

    assert fields_of(answer)["error"] == "access_denied"
    assert "code" not in fields_of(answer)
    page = visitor.begin(custom, asking, scope="openid trips:read")
    assert "See your trips" in page.text


def test_the_app_gets_the_ticked_scopes_only(
    visitor: Visitor, custom: Issuer, asking: App, cora: Person
) -> None:
    visitor.begin(custom, asking, scope="openid trips:read trips:write")
    visitor.sign_in(cora)

    code = fields_of(visitor.submit(decision="allow", scope=["trips:read"]))["code"]

    token = httpx.post(
        custom.at("token"),
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": "v" * 43,
        },
        auth=(asking.id, asking.secret or ""),
        trust_env=False,
    ).json()
    assert token["scope"].split() == ["openid", "trips:read"]


@pytest.mark.parametrize("how", ["no token", "no decision"])
def test_consent_without_its_form_is_not_given(
    visitor: Visitor, custom: Issuer, asking: App, cora: Person, how: str
) -> None:
    visitor.begin(custom, asking, scope="openid trips:read")
    address = str(visitor.sign_in(cora).url)

    if how == "no token":
        page = visitor.submit(without_token=True, decision="allow")
    else:
        page = visitor.submit(decision="perhaps")

    assert page.status_code in (400, 403)
    assert "See your trips" in visitor.open(address).text


def test_the_answer_of_one_person_is_not_taken_for_the_next_one(
    visitor: Visitor, custom: Issuer, asking: App, cora: Person, admin: httpx.Client
) -> None:
    nora = add_user(admin, "nora")
    assign(admin, asking, nora)
    visitor.begin(custom, asking, scope="openid trips:read")
    asked = visitor.sign_in(cora)
    switch = re.search(r'<a href="([^"]+)">Switch</a>', asked.text)
    assert switch is not None
    visitor.open(f"{lab_root(visitor)}{switch[1].replace('&amp;', '&')}")
    assert nora.login in visitor.sign_in(nora).text
    visitor.page = asked

    page = visitor.submit(decision="allow")

    assert page.status_code == 403


def lab_root(visitor: Visitor) -> str:
    parts = urlsplit(visitor.lab_url)
    return f"{parts.scheme}://{parts.netloc}"


def test_the_consent_page_without_a_session_asks_to_sign_in_first(
    visitor: Visitor, custom: Issuer, asking: App, cora: Person
) -> None:
    visitor.begin(custom, asking, scope="openid trips:read")
    address = str(visitor.sign_in(cora).url)
    del visitor.client.cookies["sid"]

    page = visitor.open(address)

    assert 'name="password"' in page.text
