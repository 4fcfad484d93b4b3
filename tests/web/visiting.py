"""A person's browser in the tests: cookies, forms, redirects below the lab only."""

from __future__ import annotations

from types import TracebackType
from urllib.parse import urljoin

import httpx

from tests.speaking import App, Issuer, Person, authorize_parameters, form_of

_VERIFIER = "v" * 43


class Visitor:
    """Follows the lab's redirects; one that leaves the lab stays in `page` for the test to see."""

    def __init__(self, lab_url: str) -> None:
        self.lab_url = lab_url
        self.client = httpx.Client(trust_env=False)
        self.page = httpx.Response(200)

    def __enter__(self) -> Visitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()

    def open(self, address: str) -> httpx.Response:
        """The page at an address of the lab; below the org when it is only a path."""
        url = address if address.startswith("http") else f"{self.lab_url}{address}"
        return self._arrive(self.client.get(url))

    def begin(self, issuer: Issuer, app: App, **changes: str | None) -> httpx.Response:
        """What the browser shows when the app sends it to authorize."""
        parameters = authorize_parameters(app, _VERIFIER, **changes)
        return self._arrive(self.client.get(issuer.at("authorize"), params=parameters))

    def submit(self, *, without_token: bool = False, **fields: str | list[str]) -> httpx.Response:
        """What follows when the form on the page is sent with these fields."""
        action, hidden = form_of(self.page)
        if without_token:
            del hidden["form_token"]
        url = urljoin(str(self.page.url), action)
        return self._arrive(self.client.post(url, data=hidden | fields))

    def sign_in(self, person: Person) -> httpx.Response:
        """What follows the right password."""
        return self.submit(username=person.login, password=person.password)

    def _arrive(self, answer: httpx.Response) -> httpx.Response:
        hops = 0
        while answer.has_redirect_location and hops < 10:
            target = urljoin(str(answer.url), answer.headers["Location"])
            if not target.startswith(self.lab_url):
                break
            answer, hops = self.client.get(target), hops + 1
        self.page = answer
        return answer
