"""The browser in the open, over real sockets."""

from __future__ import annotations

import httpx
import pytest

from grantlab.browser import Browser, BrowserError
from grantlab.pages import read_page
from grantlab.recording import Recording

CAUGHT = "http://127.0.0.1:8765/callback"


@pytest.fixture
def recording() -> Recording:
    return Recording()


@pytest.fixture
def browser(recording: Recording, lab_url: str) -> Browser:
    return Browser(recording, lab_url=lab_url)


def test_it_follows_no_redirect_by_itself(browser: Browser, lab_url: str) -> None:
    browser.go(f"{lab_url}/oauth2/v1/authorize?a=1")

    assert browser.status == 302
    assert browser.location == f"{lab_url}/login/login.htm"
    assert browser.page is None


def test_a_person_walks_from_the_link_back_to_the_app(
    browser: Browser, recording: Recording, lab_url: str
) -> None:
    browser.go(f"{lab_url}/oauth2/v1/authorize")
    browser.follow()
    browser.sign_in("cora@bank.example", "right")
    browser.follow()
    browser.allow()

    assert browser.caught is not None
    assert browser.caught.url == f"{CAUGHT}?code=c-0123456789&state=s1"
    assert browser.caught.params == {"code": "c-0123456789", "state": "s1"}
    assert [one.status for one in recording] == [302, 200, 303, 200, 302, None]
    assert {one.channel for one in recording} == {"front"}
    assert recording.last.receiver == "Your app"
    assert browser.history[-1] == browser.caught.url


def test_signing_in_sends_the_hidden_fields_and_the_pages_origin(
    browser: Browser, recording: Recording, lab_url: str
) -> None:
    browser.go(f"{lab_url}/login/login.htm").sign_in("cora", "right")

    assert recording.last.request_body == "ticket=park-1&username=cora&password=right"
    assert dict(recording.last.request_headers)["origin"] == lab_url


def test_a_pending_redirect_is_followed_before_a_form_is_filled_in(
    browser: Browser, lab_url: str
) -> None:
    browser.go(f"{lab_url}/oauth2/v1/authorize").sign_in("cora", "right").deny()

    assert browser.caught is not None
    assert browser.caught.params == {"error": "access_denied", "state": "s1"}


def test_a_wrong_password_shows_the_page_again(browser: Browser, lab_url: str) -> None:
    browser.go(f"{lab_url}/login/login.htm").sign_in("cora", "wrong")

    assert browser.caught is None
    assert browser.page is not None
    assert "Unable to sign in" in browser.page.text


def test_what_a_consent_page_has_ticked_is_sent_with_the_button(
    browser: Browser, recording: Recording, lab_url: str
) -> None:
    browser.go(f"{lab_url}/login/consent").allow()

    assert recording[1].request_body == "ticket=park-1&scope=sync%3Aread&answer=allow"


def test_one_hop_at_a_time_when_asked(browser: Browser, recording: Recording, lab_url: str) -> None:
    browser.go(f"{lab_url}/loop").follow(hops=1)

    assert len(recording) == 2
    assert browser.location == f"{lab_url}/loop"


def test_an_endless_redirect_ends_with_a_clear_error(browser: Browser, lab_url: str) -> None:
    browser.go(f"{lab_url}/loop")

    with pytest.raises(BrowserError, match="Still redirected after 20 hops"):
        browser.follow()


def test_following_nothing_does_nothing(browser: Browser, recording: Recording) -> None:
    browser.follow()

    assert len(recording) == 0


def test_a_fragment_is_caught_with_its_parameters(browser: Browser, lab_url: str) -> None:
    browser.go(f"{lab_url}/fragment")

    assert browser.caught is not None
    assert browser.caught.params == {"access_token": "t-0123456789", "state": "s1"}


def test_a_page_that_posts_itself_to_the_app_is_caught_with_its_fields(
    browser: Browser, recording: Recording, lab_url: str
) -> None:
    browser.go(f"{lab_url}/form-post")

    assert browser.caught is not None
    assert browser.caught.method == "POST"
    assert browser.caught.params == {"code": "c-0123456789", "state": "s1"}
    assert recording.last.request_body == "code=c-0123456789&state=s1"
    assert recording.last.status is None


def test_a_redirect_uri_on_the_labs_own_address_can_be_registered(
    recording: Recording, lab_url: str
) -> None:
    browser = Browser(recording, lab_url=lab_url, redirect_uris=[f"{lab_url}/login/login.htm"])

    browser.go(f"{lab_url}/oauth2/v1/authorize")

    assert browser.caught is not None
    assert [one.status for one in recording] == [302, None]


def test_without_a_lab_url_the_typed_address_is_the_lab(recording: Recording, lab_url: str) -> None:
    browser = Browser(recording, name="Victim's browser")

    browser.go(f"{lab_url}/fragment")

    assert browser.caught is not None
    assert recording.last.sender == "Victim's browser"


def test_going_somewhere_else_clears_what_was_caught(browser: Browser, lab_url: str) -> None:
    browser.go(f"{lab_url}/fragment").go(f"{lab_url}/me")

    assert browser.caught is None


def test_cookies_are_kept_until_forgotten(
    browser: Browser, recording: Recording, lab_url: str
) -> None:
    browser.go(f"{lab_url}/oauth2/v1/authorize").go(f"{lab_url}/me")
    remembered = recording.last.response_body
    browser.forget().go(f"{lab_url}/me")

    assert remembered == "sid=cookie-of-the-lab-1"
    assert recording.last.response_body == "no cookie"


def test_a_missing_form_or_button_is_named_with_what_is_there(
    browser: Browser, lab_url: str
) -> None:
    with pytest.raises(BrowserError, match="Go to an address first"):
        browser.sign_in("cora", "right")
    browser.go(f"{lab_url}/login/consent")
    with pytest.raises(BrowserError, match='no form with "username" and "password"') as refused:
        browser.sign_in("cora", "right")
    assert "buttons: Allow, Don" in str(refused.value)
    with pytest.raises(BrowserError, match='no button "Perhaps"'):
        browser.press("Perhaps")
    browser.allow()
    with pytest.raises(BrowserError, match="the app caught"):
        browser.allow()


def test_a_page_is_read_as_a_person_would(browser: Browser, lab_url: str) -> None:
    page = browser.go(f"{lab_url}/login/login.htm").page

    assert page is not None
    assert page.title == "Sign in"
    assert page.text == "Username Password Sign in New here? Ask <us>"
    assert page.forms[0].hidden == ("ticket",)
    assert page.links[0].url == f"{lab_url}/help?a=1&b=2"
    assert "at http" in repr(browser)
    assert '"Sign in"' in repr(browser)


def test_broken_html_gives_what_can_be_read() -> None:
    page = read_page(
        "http://x/a", "<p>Hello <form><input type=submit name=go value=Go><button formaction=/b>Or"
    )

    assert page.text == "Hello Or"
    assert [button.text for button in page.forms[0].buttons] == ["Go", "Or"]
    assert page.forms[0].buttons[1].action == "http://x/b"
    assert page.forms[0].method == "GET"


def test_the_main_part_is_read_and_an_announced_problem_stands_out() -> None:
    page = read_page(
        "http://x/",
        "<header>Bank</header><main><h1>Sign in</h1><div role=alert><p>No <br>luck.</p></div>Again?"
        "</main><footer>A lab</footer>",
    )

    assert page.text == "Sign in No luck. Again?"
    assert page.alert == "No luck."


def test_what_is_drawn_only_is_not_read_nor_is_it_part_of_a_button() -> None:
    page = read_page(
        "http://x/",
        '<main><div aria-hidden="true">P<p>Q</div>Price List<br aria-hidden="true"> asks'
        '<form><button><svg aria-hidden="true"><title>Tick</title></svg>Allow</button></form>',
    )

    assert page.text == "Price List asks Allow"
    assert page.title == ""
    assert page.forms[0].buttons[0].text == "Allow"


def test_addresses_that_nobody_can_read_are_kept_as_they_are() -> None:
    page = read_page("http://x/", '<a href="http://[">Go</a><form action="http://["></form>')

    assert page.links[0].url == "http://["
    assert page.forms[0].action == "http://["


def test_a_redirect_that_nobody_can_read_is_caught_and_not_followed() -> None:
    odd = httpx.MockTransport(lambda _: httpx.Response(302, headers={"location": "http://[?a=b"}))
    browser = Browser(Recording(transport=odd), lab_url="http://x")

    browser.go("http://x/")

    assert browser.caught is not None
    assert browser.caught.params == {"a": "b"}


def test_a_form_without_a_method_sends_a_query(recording: Recording, lab_url: str) -> None:
    browser = Browser(recording, lab_url=lab_url)
    browser.go(f"{lab_url}/login/login.htm")
    browser.page = read_page(browser.url, '<form action="/me"><input name="q"></form>')

    browser.submit(q="a b")

    assert recording.last.url == f"{lab_url}/me?q=a+b"
