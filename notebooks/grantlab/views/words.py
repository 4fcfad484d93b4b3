"""What a view says about an exchange: short words for a picture, whole sentences for a reader."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from grantlab.reading import read_json, split_url
from grantlab.recording import Exchange

CHANNELS = {
    "front": "front channel: through the browser, where others can look",
    "back": "back channel: straight from program to server",
}


@dataclass(frozen=True)
class Answer:
    """How an exchange ended: `status` ("400", or "caught"), a word, and whether it is a refusal."""

    status: str
    word: str
    refused: bool

    def __str__(self) -> str:
        return f"{self.status} {self.word}".strip()


def json_of(text: str) -> Any:
    """Read a body as JSON, or answer None when it is something else."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return read_json(text)
    except ValueError:
        return None


def header(exchange: Exchange, name: str) -> str:
    """The response header of that (lower case) name, or an empty text."""
    return next((value for known, value in exchange.response_headers if known == name), "")


def request_words(exchange: Exchange, room: int) -> str:
    """Method and path in at most `room` characters; the end of a path says more than its start."""
    path = split_url(exchange.url).path or "/"
    left = max(room - len(exchange.method) - 1, 4)
    return f"{clip(exchange.method, room)} {clip_start(path, left)}"


def clip(text: str, room: int) -> str:
    """Shorten a text to `room` characters at its end."""
    return text if len(text) <= room else text[: room - 1] + "…"


def clip_start(path: str, room: int) -> str:
    """Shorten a path to `room` characters at its start, at a slash where possible."""
    if len(path) <= room:
        return path
    kept = path[-(room - 1) :]
    slash = kept.find("/")
    return "…" + (kept[slash:] if 0 <= slash < len(kept) - 1 else kept)


def answer_words(exchange: Exchange) -> Answer:
    """Say in a status and a word how the exchange ended."""
    if exchange.status is None:
        error = error_in(exchange.url)
        return Answer("caught", error or f"by {exchange.receiver}", error is not None)
    if exchange.status >= 400:
        return Answer(str(exchange.status), _error_word(exchange), True)
    if 300 <= exchange.status < 400:
        target = header(exchange, "location")
        error = error_in(target)
        return Answer(str(exchange.status), error or f"to {_place(target)}", error is not None)
    return Answer(str(exchange.status), _good_word(exchange), False)


def error_in(url: str) -> str | None:
    """The OAuth error that a redirect carries in query or fragment (RFC 6749 §4.1.2.1)."""
    pieces = split_url(url)
    for part in (pieces.query, pieces.fragment):
        for name, value in parse_qsl(part):
            if name == "error":
                return value
    return None


def sentence(exchange: Exchange) -> str:
    """Tell the exchange in one sentence, for lists, screen readers and plain text."""
    answer = answer_words(exchange)
    path = split_url(exchange.url).path or "/"
    asked = f"{exchange.sender} to {exchange.receiver}: {exchange.method} {path}"
    mark = " (refused)" if answer.refused else ""
    return f"{asked} → {answer}{mark}, {exchange.channel} channel"


def since(moment: float, start: float) -> str:
    """The time from `start` (both seconds since the epoch) in two or three figures."""
    seconds = max(moment - start, 0.0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def story(exchanges: list[Exchange]) -> str:
    """Tell a whole recording as numbered lines."""
    if not exchanges:
        return "Nothing recorded yet."
    return "\n".join(f"{at}. {sentence(each)}" for at, each in enumerate(exchanges, 1))


def _error_word(exchange: Exchange) -> str:
    body = json_of(exchange.response_body)
    if isinstance(body, dict):
        for name in ("error", "errorCode"):
            if isinstance(body.get(name), str):
                return str(body[name])
    return _phrase(exchange.status)


def _good_word(exchange: Exchange) -> str:
    body = json_of(exchange.response_body)
    if isinstance(body, dict) and isinstance(body.get("active"), bool):
        return f"active: {str(body['active']).lower()}"
    return _phrase(exchange.status)


def _phrase(status: int | None) -> str:
    try:
        return HTTPStatus(status or 0).phrase
    except ValueError:
        return ""


def _place(url: str) -> str:
    pieces = split_url(url)
    return clip_start(pieces.path or pieces.netloc or "/", 24)
