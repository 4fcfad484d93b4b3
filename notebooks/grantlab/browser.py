"""A user agent in the open: cookies, one hop at a time, and redirects to the app caught."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import httpx

from grantlab.pages import Button, Form, Page, read_page
from grantlab.reading import join_url, split_url
from grantlab.recording import Recording

_MOST_HOPS = 20
_YES = ("Allow", "Allow Access", "Continue", "Accept", "Authorize", "Approve", "Agree", "Yes")
_MADE_BY_SCRIPTS = (
    "If scripts make it, open the address in your own browser, and give the one at which that "
    "ends to browser.arrived(url)."
)


class BrowserError(RuntimeError):
    """The page doesn't have what was asked of it; the message says what it has."""


@dataclass(frozen=True)
class Callback:
    """A message that reached the app through the browser: by query, fragment or form.

    `url` is the whole address, as the app and the browser's history see it.
    """

    url: str
    params: dict[str, str]
    method: str = "GET"

    def __repr__(self) -> str:
        return (
            f"Callback({self.method} {self.url.partition('?')[0].partition('#')[0]}, {self.params})"
        )


class Browser:
    """A person's browser whose every hop is seen: it follows no redirect by itself.

    A redirect that leaves the lab is caught, not fetched: `caught` then holds what the app
    was told. The lab is the origin of `lab_url`, or else of the address last typed in.
    A form that posts itself to the app (`form_post`) is caught in the same way.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        lab_url: str | None = None,
        redirect_uris: Iterable[str] = (),
        name: str = "Browser",
    ) -> None:
        self.name = name
        self.page: Page | None = None
        self.caught: Callback | None = None
        self.location: str | None = None
        self.url = ""
        self.status: int | None = None
        self.history: list[str] = []
        self._recording = recording
        self._lab = None if lab_url is None else _origin(lab_url)
        self._typed = self._lab
        self._redirect_uris = tuple(redirect_uris)
        self._client = recording.client(
            name,
            channel="front",
            headers={"accept": "text/html,application/xhtml+xml", "user-agent": "grantlab-browser"},
        )

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookie jar."""
        return self._client.cookies

    def go(self, url: str) -> Browser:
        """Open the address, as if typed in: one request, no redirect followed."""
        self.caught = None
        self._typed = self._lab or _origin(url)
        return self._visit("GET", url)

    def follow(self, hops: int = _MOST_HOPS) -> Browser:
        """Follow pending redirects until a page shows or the app catches one.

        With `hops=1` just the next one. Nothing happens when nothing is pending.
        `BrowserError` after twenty redirects in a row.
        """
        for _ in range(hops):
            if self.location is None:
                return self
            self._visit("GET", self.location)
        if self.location is not None and hops == _MOST_HOPS:
            raise BrowserError(f"Still redirected after {hops} hops, now to {self.location}")
        return self

    def sign_in(self, username: str, password: str) -> Browser:
        """Fill in the sign-in form and send it; pending redirects are followed to it first.

        Any form with one input for a name and one for a password will do.
        """
        found = self._page_in_front().sign_in_form()
        if found is None:
            return self.submit(username=username, password=password)
        form, name, secret = found
        button = form.buttons[0] if form.buttons else None
        return self._send(form, button, {name: username, secret: password})

    def allow(self) -> Browser:
        """Press "Allow" on the consent page, or the word that another server has for it."""
        return self.press(_yes(self._page_in_front()) or "Allow")

    def arrived(self, url: str) -> Browser:
        """Take the address at which another browser ended: the app caught what it carries.

        For pages that scripts make: this browser runs none. The person goes through them in
        a browser of their own, and copies the address from its bar.
        """
        return self._catch("GET", url, {})

    def deny(self) -> Browser:
        """Press "Don't allow" on the consent page."""
        return self.press("Don't allow")

    def submit(self, **fields: str) -> Browser:
        """Send the first form that has these inputs, with its hidden fields as they stand."""
        page = self._page_in_front()
        form = page.form_with(*fields)
        if form is None and not page.forms:
            raise BrowserError(f"{self._where()} has no form. {_MADE_BY_SCRIPTS}")
        if form is None:
            raise BrowserError(f"{self._where()} has no form with {_listed(fields)}. {_has(page)}")
        button = form.buttons[0] if form.buttons else None
        return self._send(form, button, fields)

    def press(self, text: str, **fields: str) -> Browser:
        """Press the button with these words; `fields` change the form before it is sent."""
        page = self._page_in_front()
        found = page.button(text)
        if found is None:
            raise BrowserError(f'{self._where()} has no button "{text}". {_has(page)}')
        return self._send(*found, fields)

    def forget(self) -> Browser:
        """Drop all cookies, as a new private window would."""
        self._client.cookies.clear()
        return self

    def close(self) -> None:
        """Close the connections; the recording stays."""
        self._client.close()

    def __repr__(self) -> str:
        if self.caught is not None:
            return f"{self.name}: the app caught {self.caught!r}"
        if self.location is not None:
            return f"{self.name} at {self.url}: {self.status}, redirected to {self.location}"
        title = f' "{self.page.title}"' if self.page else ""
        return f"{self.name} at {self.url or 'no page yet'}: {self.status}{title}"

    def _page_in_front(self) -> Page:
        self.follow()
        if self.caught is not None:
            raise BrowserError(f"No page is open: the app caught {self.caught.url}")
        if self.page is None:
            raise BrowserError("No page is open. Go to an address first.")
        return self.page

    def _send(self, form: Form, button: Button | None, changes: dict[str, str]) -> Browser:
        pressed = {button.name: button.value} if button is not None and button.name else {}
        fields = {**form.fields, **pressed, **changes}
        action = button.action if button is not None and button.action else form.action
        if form.method == "POST":
            return self._visit("POST", action, fields)
        return self._visit("GET", f"{action.partition('?')[0]}?{urlencode(fields)}")

    def _visit(self, method: str, url: str, form: dict[str, str] | None = None) -> Browser:
        if not self._is_lab(url):
            return self._catch(method, url, form or {})
        origin = {"origin": _origin(self.url)} if method == "POST" else None
        answer = self._client.request(method, url, data=form, headers=origin)
        self.history.append(url)
        self.url, self.status, self.location, self.page = url, answer.status_code, None, None
        if answer.has_redirect_location:
            self.location = join_url(url, answer.headers["location"])
            if not self._is_lab(self.location):
                self._catch("GET", self.location, {})
        elif "html" in answer.headers.get("content-type", ""):
            self.page = read_page(url, answer.text)
            self._catch_posting_page(self.page)
        return self

    def _catch_posting_page(self, page: Page) -> None:
        for form in page.forms:
            if form.method == "POST" and not self._is_lab(form.action):
                self._catch("POST", form.action, form.fields)
                return

    def _catch(self, method: str, url: str, form: dict[str, str]) -> Browser:
        split = split_url(url)
        pairs = [*parse_qsl(split.query, True), *parse_qsl(split.fragment, True), *form.items()]
        self._recording.caught(url, sender=self.name, method=method, body=urlencode(form))
        self.history.append(url)
        self.location = None
        self.caught = Callback(url, dict(pairs), method)
        return self

    def _is_lab(self, url: str) -> bool:
        bare = url.partition("?")[0].partition("#")[0]
        return _origin(url) == self._typed and bare not in self._redirect_uris

    def _where(self) -> str:
        title = f' ("{self.page.title}")' if self.page and self.page.title else ""
        return f"The page {self.url.partition('?')[0]}{title}"


def _yes(page: Page) -> str | None:
    if page.sign_in_form() is not None:
        return None
    return next((word for word in _YES if page.button(word)), None)


def _origin(url: str) -> str:
    split = split_url(url)
    return f"{split.scheme}://{split.netloc}"


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f'"{name}"' for name in names) or "any input"


def _has(page: Page) -> str:
    inputs = [name for form in page.forms for name in form.fields]
    buttons = [button.text for form in page.forms for button in form.buttons]
    says = f' It says: "{page.text[:200]}"' if page.text else ""
    return f"Inputs: {', '.join(inputs) or 'none'}; buttons: {', '.join(buttons) or 'none'}.{says}"
