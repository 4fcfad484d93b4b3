"""One play of a flow: what it knows of the server, what it has gathered, how it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from grantlab.calls import Call, Known, expression
from grantlab.recording import Recording
from grantlab.tokens import Verification


@dataclass(frozen=True)
class FlowSetup:
    """What a flow needs to know of the server, the app and the person; any server will do.

    `client_secret` is empty for a public client. `api_url` is an API that takes the token,
    if the flow should end with a call; `now` tells the lab's time for token checks, and
    `move_clock` moves it forward by some seconds. `admin` is a client of the management API,
    such as `lab.admin`, for the flows in which an administrator has a part. `private_key` (PEM)
    and its `key_id` are those of an app whose public key is registered already.
    """

    issuer: str
    client_id: str
    client_secret: str = ""
    redirect_uri: str = "http://127.0.0.1:8765/callback"
    scopes: tuple[str, ...] = ()
    username: str = ""
    password: str = ""
    audience: str = ""
    api_url: str | None = None
    app_name: str = "Your app"
    now: Callable[[], float] | None = None
    move_clock: Callable[[int], object] | None = None
    post_logout_redirect_uri: str = "http://127.0.0.1:8765/signed-out"
    admin: httpx.Client | None = None
    private_key: str = field(default="", repr=False)
    key_id: str = ""


@dataclass(frozen=True)
class Refused:
    """A step's result when the server, or the app itself, said no. The flow ends here.

    `checks` are those of a token that failed, if that is why.
    """

    says: str
    checks: Verification | None = None

    @property
    def error(self) -> str:
        """The error's own name, such as `invalid_grant`; empty when there is none."""
        words = self.says.replace(":", " ").split()
        return next((word for word in words if "_" in word or word.startswith("E0")), "")


@dataclass(frozen=True)
class Remark:
    """A step's result worth a word, though nothing was refused."""

    says: str
    checks: Verification | None = None


StepResult = Refused | Remark | None


@dataclass(kw_only=True)
class Walk:
    """What one play of a flow has gathered so far; each step adds to it.

    `document` is the name of the metadata document that the server has.
    """

    setup: FlowSetup
    recording: Recording
    mistakes: frozenset[str]
    app: httpx.Client
    metadata: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    document: str = ""

    @property
    def client_id(self) -> str:
        """The app's id."""
        return Known(self.setup.client_id, "client_id")

    @property
    def client_secret(self) -> str:
        """The app's secret; empty for a public client."""
        return Known(self.setup.client_secret, "client_secret")

    def endpoint(self, name: str) -> str:
        """The address that the metadata gives; empty before it is read."""
        return Known(str(self.metadata.get(name, "")), f'metadata["{name}"]')

    def token(self, name: str = "access_token") -> str:
        """The token of that name in the last answer; empty before it came."""
        return Known(str(self.tokens.get(name, "")), f'tokens["{name}"]')

    def bearer(self, name: str = "access_token") -> dict[str, str]:
        """The header that shows a token (RFC 6750 §2.1)."""
        token = self.token(name)
        return {"Authorization": Known(f"Bearer {token}", f"f\"Bearer {{tokens['{name}']}}\"")}

    def post(self, endpoint: str, form: Mapping[str, str]) -> Call:
        """A request of the app itself: its secret in a Basic header, or only its id in the body.

        RFC 6749 §2.3.1 and §3.2.1.
        """
        url = self.endpoint(endpoint)
        if not self.setup.client_secret:
            return Call(method="POST", url=url, data={"client_id": self.client_id, **form})
        return Call(method="POST", url=url, auth=(self.client_id, self.client_secret), data=form)

    def send(self, call: Call) -> httpx.Response:
        """The answer to a request of the app."""
        return call.send(self.app)

    def ask(self, endpoint: str, **form: str) -> httpx.Response:
        """Post the form to an endpoint of the metadata, as the app itself."""
        return self.send(self.post(endpoint, form))

    def makes(self, mistake: str) -> bool:
        """The switch of this name is on."""
        return mistake in self.mistakes


def refusal_of(answer: httpx.Response) -> Refused | None:
    """The refusal in an answer, in the server's own words; None for a success."""
    if answer.is_success:
        return None
    try:
        document = answer.json()
    except ValueError:
        document = {}
    if isinstance(document, dict) and "errorCode" in document:
        return Refused(
            f"{answer.status_code} {document['errorCode']}: {document.get('errorSummary', '')}"
        )
    if not isinstance(document, dict) or "error" not in document:
        challenge = answer.headers.get("www-authenticate", "")
        return Refused(" ".join(f"{answer.status_code} {challenge}".split()))
    description = document.get("error_description", "")
    return Refused(f"{answer.status_code} {document['error']}: {description}".rstrip(": "))


def first_lines(walk: Walk) -> str:
    """How a program of the learner's own begins: what it knows, and its client."""
    setup = walk.setup
    lines = ["import httpx", f"issuer = {expression(setup.issuer)}"]
    if setup.client_id:
        lines.append(f"client_id = {expression(setup.client_id)}")
    if setup.client_secret:
        lines += ["import os", 'client_secret = os.environ["CLIENT_SECRET"]']
    if setup.admin is not None:
        lines += ["import os", *_admin_lines(str(setup.admin.base_url).rstrip("/"))]
    return "\n".join([*lines, "app = httpx.Client()"])


def _admin_lines(base_url: str) -> list[str]:
    return [
        "admin = httpx.Client(",
        f"    base_url={expression(base_url)},",
        '    headers={"Authorization": f"SSWS {os.environ[\'API_TOKEN\']}"},',
        ")",
    ]
