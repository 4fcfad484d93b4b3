"""A flow: a list of steps that make real requests, and switches for the classic mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar

import httpx

from grantlab.recording import Recording


@dataclass(frozen=True)
class FlowSetup:
    """What a flow needs to know of the server, the app and the person; any lab will do.

    `client_secret` is empty for a public client. `api_url` is an API that takes the token,
    if the flow should end with a call; `now` tells the lab's time for token checks, and
    `move_clock` moves it forward by some seconds.
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


@dataclass(frozen=True)
class Refused:
    """A step's result when the server, or the app itself, said no. The flow ends here."""

    says: str


@dataclass(frozen=True)
class Remark:
    """A step's result worth a word, though nothing was refused."""

    says: str


StepResult = Refused | Remark | None


@dataclass(kw_only=True)
class Walk:
    """What one play of a flow has gathered so far; each step adds to it."""

    setup: FlowSetup
    recording: Recording
    mistakes: frozenset[str]
    app: httpx.Client
    metadata: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def client_auth(self) -> dict[str, Any]:
        """How the app says who it is: its secret in a Basic header, or only its id in the body.

        RFC 6749 §2.3.1 and §3.2.1, as arguments of an httpx request with a `data` of its own.
        """
        if not self.setup.client_secret:
            return {"data": {"client_id": self.setup.client_id}}
        return {"data": {}, "auth": (self.setup.client_id, self.setup.client_secret)}

    def ask(self, endpoint: str, **form: str) -> httpx.Response:
        """Post the form to an endpoint of the metadata, as the app itself."""
        request = self.client_auth
        request["data"] = {**request["data"], **form}
        return self.app.post(self.metadata[endpoint], **request)

    def makes(self, mistake: str) -> bool:
        """The switch of this name is on."""
        return mistake in self.mistakes


W = TypeVar("W", bound=Walk)


@dataclass(frozen=True)
class Step(Generic[W]):
    """One step: its title, what it does in a sentence, and the function that does it."""

    title: str
    says: str
    run: Callable[[W], StepResult]


@dataclass(frozen=True)
class Switch:
    """A classic mistake to make on purpose: a short name, a label, and what goes wrong."""

    name: str
    label: str
    mistake: str


class Flow(Generic[W]):
    """Plays its steps one by one, or all at once; a refusal is a result, not an exception.

    `state` makes the walk of one play from the switches that are on. The watchers are told
    after every change.
    """

    def __init__(
        self,
        name: str,
        steps: Iterable[Step[W]],
        switches: Iterable[Switch],
        state: Callable[[frozenset[str]], W],
    ) -> None:
        self.name = name
        self.steps = tuple(steps)
        self.switches = tuple(switches)
        self.position = 0
        self.failed: str | None = None
        self.remarks: dict[int, str] = {}
        self._on: frozenset[str] = frozenset()
        self._make = state
        self._watchers: list[Callable[[Flow[W]], None]] = []
        # A widget's clicks may come on another thread than a running cell.
        self._lock = Lock()
        self.state = state(self._on)

    @property
    def recording(self) -> Recording:
        """The exchanges of this play."""
        return self.state.recording

    @property
    def done(self) -> bool:
        """Nothing is left to do: every step has run, or one was refused."""
        return self.failed is not None or self.position == len(self.steps)

    def is_on(self, switch: str) -> bool:
        """The switch of this name is on."""
        return switch in self._on

    def advance(self) -> Flow[W]:
        """Run the next step; nothing happens when the flow is done.

        A server that doesn't answer ends the flow like a refusal.
        """
        with self._lock:
            if self.done:
                return self
            self._run(self.steps[self.position])
        self._tell()
        return self

    def run_all(self) -> Flow[W]:
        """Run the steps that are left, up to the end or the first refusal."""
        while not self.done:
            self.advance()
        return self

    def back_to_start(self) -> Flow[W]:
        """Forget this play and its exchanges; the switches stay as they are."""
        with self._lock:
            self._start_anew()
        self._tell()
        return self

    def set(self, switch: str, on: bool = True) -> Flow[W]:
        """Turn a switch on or off and go back to the start: one play tells one story.

        `ValueError` for a switch that this flow doesn't have.
        """
        if switch not in {one.name for one in self.switches}:
            names = ", ".join(one.name for one in self.switches)
            raise ValueError(f"This flow has no switch {switch!r}. It has: {names}.")
        self._on = self._on | {switch} if on else self._on - {switch}
        return self.back_to_start()

    def watch(self, watcher: Callable[[Flow[W]], None]) -> Callable[[], None]:
        """Tell the watcher after every change from now on; call the result to stop that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    def __repr__(self) -> str:
        lines = [f"{self.name}: step {self.position} of {len(self.steps)}"]
        for number, step in enumerate(self.steps):
            mark = "x" if number < self.position else " "
            note = f" ({self.remarks[number]})" if number in self.remarks else ""
            lines.append(f"[{mark}] {number + 1}. {step.title}{note}")
        return "\n".join([*lines, f"Refused: {self.failed}"] if self.failed else lines)

    def _run(self, step: Step[W]) -> None:
        try:
            result = step.run(self.state)
        except httpx.HTTPError as trouble:
            result = Refused(f"No answer: {trouble}")
        if isinstance(result, Refused):
            self.failed = result.says
        elif isinstance(result, Remark):
            self.remarks[self.position] = result.says
        self.position += 1

    def _start_anew(self) -> None:
        # Whoever watches the recording keeps watching: it is emptied, not replaced.
        self.position, self.failed, self.remarks = 0, None, {}
        self.recording.clear()
        self.state = self._make(self._on)

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher(self)


def refusal_of(answer: httpx.Response) -> Refused | None:
    """The refusal in an answer, in the server's own words; None for a success."""
    if answer.is_success:
        return None
    try:
        document = answer.json()
    except ValueError:
        document = {}
    if not isinstance(document, dict) or "error" not in document:
        challenge = answer.headers.get("www-authenticate", "")
        return Refused(" ".join(f"{answer.status_code} {challenge}".split()))
    description = document.get("error_description", "")
    return Refused(f"{answer.status_code} {document['error']}: {description}".rstrip(": "))


def discover(walk: Walk) -> StepResult:
    """Read the server's metadata: after this, every endpoint is known.

    RFC 8414 §3, and OpenID Connect Discovery §4 when somebody is to be signed in.
    """
    signs_in = "openid" in walk.setup.scopes
    document = "openid-configuration" if signs_in else "oauth-authorization-server"
    answer = walk.app.get(f"{walk.setup.issuer}/.well-known/{document}")
    if refused := refusal_of(answer):
        return refused
    walk.metadata = answer.json()
    if walk.metadata.get("issuer") != walk.setup.issuer:
        return Refused(f"The metadata belongs to another issuer: {walk.metadata.get('issuer')}")
    return None


def call_with_token(walk: Walk) -> StepResult:
    """Call the API with the access token, or userinfo where that is what the token opens."""
    url = walk.setup.api_url
    if url is None and "openid" in walk.tokens.get("scope", "").split():
        url = walk.metadata.get("userinfo_endpoint")
    if url is None:
        return Remark("No API was named, and without the scope openid userinfo is closed.")
    bearer = {"authorization": f"Bearer {walk.tokens['access_token']}"}
    return refusal_of(walk.app.get(url, headers=bearer))


DISCOVER: Step[Any] = Step(
    "Read the metadata", "The app asks the server for the addresses of its endpoints.", discover
)

CALL: Step[Any] = Step(
    "Call with the token", "The app shows the access token in a header.", call_with_token
)
