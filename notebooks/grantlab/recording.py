"""Exchanges as they happened on the wire, and the recording that collects them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import httpx

from grantlab.answers import Reasons
from grantlab.masking import (
    Headers,
    leave_out,
    masked_body,
    masked_headers,
    masked_url,
    secrets_of,
)
from grantlab.parts import (
    Field,
    content_type_of,
    fields_of_body,
    fields_of_headers,
    fields_of_location,
    fields_of_url,
    without_foreign_cookies,
)
from grantlab.reading import read_json, split_url

__all__ = ["Exchange", "Field", "Headers", "Parts", "Recording", "RecordingError", "parts"]

Channel = Literal["front", "back"]
Watcher = Callable[["Exchange"], None]

NOT_TEXT = re.compile(r"\(\d+ bytes, not text: [^)]*\)")
"""What stands in an exchange for a body that is no text."""

_FORMAT = 1
# The last second that a date can be made of.
_END_OF_TIME = 253402300800
_STARTED = "grantlab.started"
_NO_PROXY = {f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")}

# First match wins. A prefix such as /orgs/<slug> or a notebook proxy's may stand before each.
_RECEIVERS = (
    (re.compile(r"(^|/)\.well-known/(?!oauth-protected-resource)"), "Authorization server"),
    (re.compile(r"(^|/)api/v1/(authn|sessions)(/|$)"), "Authorization server"),
    (re.compile(r"(^|/)api/v1(/|$)"), "Okta API"),
    (re.compile(r"(^|/)(oauth2|login|activate)(/|$)"), "Authorization server"),
    (re.compile(r"(^|/)lab(/|$)"), "Lab"),
)


@dataclass(frozen=True)
class Exchange:
    """One request with its response, both as they crossed the wire.

    A redirect that the app catches is an exchange without an answer: `status` is None.
    Header names are lower case; bodies are text (`request_body`, `response_body`).
    `started` is seconds since the epoch, `seconds` how long the answer took.
    The `number` is the place in the recording, counted from 1.
    """

    number: int
    sender: str
    receiver: str
    channel: Channel
    method: str
    url: str
    request_headers: Headers
    request_body: str
    status: int | None
    response_headers: Headers
    response_body: str
    started: float
    seconds: float

    @property
    def request_id(self) -> str | None:
        """The answer's `X-Okta-Request-Id`, or an API's `X-Request-Id`: it leads to the reasons."""
        headers = dict(self.response_headers)
        return headers.get("x-okta-request-id") or headers.get("x-request-id")

    @property
    def path(self) -> str:
        """The path of the URL, without its query."""
        return split_url(self.url).path or "/"

    def json(self) -> Any:
        """The response body read as JSON; `ValueError` if it is something else."""
        return read_json(self.response_body)


@dataclass(frozen=True)
class Parts:
    """The labelled parts of both messages of an exchange, in their order on the wire."""

    request: tuple[Field, ...]
    response: tuple[Field, ...]


def parts(exchange: Exchange) -> Parts:
    """Take an exchange apart: query, fragment, form, JSON members, headers, redirect target."""
    request, response = exchange.request_headers, exchange.response_headers
    location = dict(response).get("location", "")
    return Parts(
        request=(
            *fields_of_url(exchange.url),
            *fields_of_body(content_type_of(request), exchange.request_body),
            *fields_of_headers(request),
        ),
        response=(
            *fields_of_location(location),
            *fields_of_body(content_type_of(response), exchange.response_body),
            *fields_of_headers(response),
        ),
    )


class RecordingError(ValueError):
    """The file is not a saved recording; the message names the file and the trouble."""


class Recording:
    """Every exchange of the clients that it watches, in the order of their answers.

    It may be filled from several threads. Watchers are called with each new exchange,
    on the thread that made it. Options are httpx's and hold for all of its clients: `verify`
    for a server with a CA of its own elsewhere, `transport` where no sockets are wanted.
    `loaded` is true of one that came from a file.
    """

    loaded = False

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._exchanges: list[Exchange] = []
        self._reasons: dict[int, Reasons] = {}
        self._names: dict[str, str] = {}
        self._authorization_servers: set[str] = set()
        self._watchers: list[Watcher] = []
        self._lock = Lock()

    def client(self, sender: str, *, channel: Channel = "back", **options: Any) -> httpx.Client:
        """An ordinary `httpx.Client` whose every hop is recorded; options are httpx's own.

        It keeps no idle connection, so a lesson may leave it open and restart the lab. A proxy
        of the environment has no part in what goes to this machine itself, and a lab here that
        speaks https is trusted by its CA.
        """
        options = {**self._options, **options}
        # Only who makes a client asks where this machine keeps its labs' CA.
        from grantlab.finding import local_transports, usual_trust

        limits = options.setdefault("limits", httpx.Limits(max_keepalive_connections=0))
        own = options.keys() & {"verify", "transport"}
        trusted = {} if own else local_transports(limits=limits)
        if not own and "cert" not in options:
            options["verify"] = usual_trust(trust_env=options.get("trust_env", True))
        options["mounts"] = {**_NO_PROXY, **trusted, **(options.get("mounts") or {})}
        given = options.pop("event_hooks", {})
        hooks = self.hooks(sender, channel=channel)
        both = {kind: [*given.get(kind, []), *hooks[kind]] for kind in hooks}
        return httpx.Client(event_hooks=both, **options)

    def hooks(
        self, sender: str, *, channel: Channel = "back"
    ) -> dict[str, list[Callable[[Any], None]]]:
        """Event hooks that record a client of httpx, httpx2 or Authlib under this name."""

        def note_start(request: Any) -> None:
            request.extensions[_STARTED] = (time.time(), time.perf_counter())

        def record(response: Any) -> None:
            response.read()
            self.add(self._exchange_of(response, sender, channel))

        return {"request": [note_start], "response": [record]}

    def name(self, url: str, participant: str) -> None:
        """Call whoever answers below this URL by this name; the longest URL wins."""
        with self._lock:
            self._names[url.rstrip("/")] = participant

    def caught(
        self,
        url: str,
        *,
        sender: str = "Browser",
        receiver: str | None = None,
        method: str = "GET",
        body: str = "",
    ) -> Exchange:
        """Record a redirect that the app catches: it arrives and has no answer.

        The receiver is the name registered for the URL, else "Your app".
        """
        form = (("content-type", "application/x-www-form-urlencoded"),) if body else ()
        return self.add(
            Exchange(
                number=0,
                sender=sender,
                receiver=receiver or self._registered(url) or "Your app",
                channel="front",
                method=method,
                url=url,
                request_headers=form,
                request_body=body,
                status=None,
                response_headers=(),
                response_body="",
                started=time.time(),
                seconds=0.0,
            )
        )

    def add(self, exchange: Exchange) -> Exchange:
        """Append the exchange under the next number, tell the watchers, and return it."""
        with self._lock:
            numbered = replace(exchange, number=len(self._exchanges) + 1)
            self._exchanges.append(numbered)
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher(numbered)
        return numbered

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell the watcher of each exchange from now on; call the result to stop that."""
        with self._lock:
            self._watchers.append(watcher)

        def stop() -> None:
            with self._lock:
                if watcher in self._watchers:
                    self._watchers.remove(watcher)

        return stop

    def clear(self) -> None:
        """Forget all exchanges and their reasons; names and watchers stay."""
        with self._lock:
            self._exchanges.clear()
            self._reasons.clear()

    def keep_reasons(self, exchange: Exchange, reasons: Reasons) -> Reasons:
        """Remember why the server answered this exchange so: it is saved with the recording."""
        with self._lock:
            self._reasons[exchange.number] = reasons
        return reasons

    def reasons_of(self, exchange: Exchange) -> Reasons | None:
        """The reasons kept for this exchange; None while nobody has asked for them."""
        with self._lock:
            return self._reasons.get(exchange.number)

    @property
    def last(self) -> Exchange:
        """The newest exchange; `IndexError` while nothing is recorded."""
        return self[-1]

    def __getitem__(self, index: int) -> Exchange:
        with self._lock:
            return self._exchanges[index]

    def __iter__(self) -> Iterator[Exchange]:
        with self._lock:
            return iter(tuple(self._exchanges))

    def __len__(self) -> int:
        with self._lock:
            return len(self._exchanges)

    def __bool__(self) -> bool:
        """A recording is there even while it is empty."""
        return True

    def __repr__(self) -> str:
        lines = [f"Recording of {len(self)} exchanges"]
        for one in self:
            answer = "caught" if one.status is None else str(one.status)
            path = one.path if one.status is not None else one.url.partition("?")[0]
            lines.append(
                f"{one.number:3} {one.sender} → {one.receiver}: {one.method} {path} {answer}"
            )
        return "\n".join(lines)

    def receiver_of(self, url: str) -> str:
        """Who answers at this URL, as far as its registered names and its path tell."""
        if name := self._registered(url):
            return name
        split = split_url(url)
        for pattern, receiver in _RECEIVERS:
            if pattern.search(split.path):
                if receiver == "Authorization server":
                    self._authorization_servers.add(split.netloc)
                return receiver
        known = split.netloc in self._authorization_servers
        return "Authorization server" if known else split.netloc.rpartition("@")[2]

    def save(self, path: str | Path) -> None:
        """Write the recording as JSON, with every credential, code and token left out.

        The reasons that were asked for go with it.
        """
        exchanges = tuple(self)
        masked = leave_out({value for one in exchanges for value in _secrets_in(one)})
        document: dict[str, Any] = {
            "format": _FORMAT,
            "exchanges": [asdict(without_secrets(one, masked)) for one in exchanges],
        }
        kept = {one.number: self.reasons_of(one) for one in exchanges}
        if asked := {number: asdict(found) for number, found in kept.items() if found}:
            document["reasons"] = _everywhere(asked, masked)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        Path(path).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Recording:
        """Read a saved recording; `RecordingError` when the file is something else."""
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
            if document["format"] != _FORMAT:
                raise RecordingError(f"{path}: saved by another version of grantlab.")
            exchanges = [_exchange_from(row) for row in document["exchanges"]]
            reasons = {
                int(number): _reasons_from(row)
                for number, row in document.get("reasons", {}).items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as trouble:
            if isinstance(trouble, RecordingError):
                raise
            raise RecordingError(f"{path} is not a saved recording ({trouble}).") from trouble
        recording = cls()
        recording.loaded = True
        for exchange in exchanges:
            recording.add(exchange)
        recording._reasons = reasons
        return recording

    def _registered(self, url: str) -> str | None:
        with self._lock:
            below = [base for base in self._names if _lies_below(url, base)]
            return self._names[max(below, key=len)] if below else None

    def _exchange_of(self, response: Any, sender: str, channel: Channel) -> Exchange:
        request = response.request
        started, counted = request.extensions.get(_STARTED, (time.time(), time.perf_counter()))
        request_headers = tuple(request.headers.multi_items())
        response_headers = tuple(response.headers.multi_items())
        return Exchange(
            number=0,
            sender=sender,
            receiver=self.receiver_of(str(request.url)),
            channel=channel,
            method=request.method,
            url=str(request.url),
            request_headers=without_foreign_cookies(request_headers),
            request_body=_text(request.read(), request_headers),
            status=response.status_code,
            response_headers=without_foreign_cookies(response_headers),
            response_body=_text(response.content, response_headers),
            started=started,
            seconds=time.perf_counter() - counted,
        )


def without_secrets(exchange: Exchange, masked: Callable[[str], str]) -> Exchange:
    """The exchange as it may be shown to anybody: fields masked, then `masked` everywhere."""

    def headers(given: Headers) -> Headers:
        return tuple((name, masked(value)) for name, value in masked_headers(given))

    def body(given: Headers, text: str) -> str:
        return masked(masked_body(content_type_of(given), text))

    return replace(
        exchange,
        url=masked(masked_url(exchange.url)),
        request_headers=headers(exchange.request_headers),
        response_headers=headers(exchange.response_headers),
        request_body=body(exchange.request_headers, exchange.request_body),
        response_body=body(exchange.response_headers, exchange.response_body),
    )


def _secrets_in(exchange: Exchange) -> Iterator[str]:
    for url, headers, body in (
        (exchange.url, exchange.request_headers, exchange.request_body),
        ("", exchange.response_headers, exchange.response_body),
    ):
        yield from secrets_of(url, headers, body, content_type_of(headers))


def _lies_below(url: str, base: str) -> bool:
    return url.startswith(base) and (len(url) == len(base) or url[len(base)] in "/?#")


def _text(body: bytes, headers: Headers) -> str:
    charset = dict(headers).get("content-type", "").partition("charset=")[2]
    try:
        text = body.decode(charset.strip("\"' ;") or "utf-8")
    except (UnicodeDecodeError, LookupError):
        text = "\0"
    if "\0" in text:
        kind = content_type_of(headers) or "unnamed type"
        return f"({len(body)} bytes, not text: {kind})"
    return text


def _exchange_from(row: dict[str, Any]) -> Exchange:
    pairs = {
        side: tuple((str(name), str(value)) for name, value in row[side])
        for side in ("request_headers", "response_headers")
    }
    one = Exchange(**{**row, **pairs})
    texts = (one.sender, one.receiver, one.method, one.url, one.request_body, one.response_body)
    sound = (
        all(isinstance(text, str) for text in texts)
        and one.channel in ("front", "back")
        and (one.status is None or type(one.status) is int)
        and all(isinstance(moment, (int, float)) for moment in (one.started, one.seconds))
        and 0 <= one.started < _END_OF_TIME
        and 0 <= one.seconds < _END_OF_TIME
    )
    if not sound:
        raise ValueError("one of its exchanges is not one")
    return one


def _everywhere(value: Any, change: Callable[[str], str]) -> Any:
    """The JSON value with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _everywhere(item, change) for name, item in value.items()}
    return (
        [_everywhere(each, change) for each in value] if isinstance(value, (list, tuple)) else value
    )


def _reasons_from(row: dict[str, Any]) -> Reasons:
    events = tuple(dict(event) for event in row["events"])
    for event in events:
        debug = event.get("debugContext") or {}
        maps = (event.get("outcome") or {}, debug, debug.get("debugData") or {})
        lists = (event.get("target") or [], (debug.get("debugData") or {}).get("reasons") or [])
        if not (
            all(isinstance(each, dict) for each in maps)
            and all(isinstance(each, list) for each in lists)
        ):
            raise ValueError("its reasons are none")
    return Reasons(str(row["request_id"]), events)
