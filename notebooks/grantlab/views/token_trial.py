"""What a check of a token depends on: the clock, the issuer's keys, and an API that decides."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from markupsafe import Markup

from grantlab.answers import Reasons
from grantlab.decoding import Decoded
from grantlab.keysets import Jwk, KeySet
from grantlab.recording import Exchange
from grantlab.tokens import Verification
from grantlab.views.html import button, icon, tag
from grantlab.views.message import message
from grantlab.views.reasons import reasons
from grantlab.views.token_parts import inside, moment
from grantlab.views.words import answer_words, header

MOVES = {
    "-3600": "1 hour back",
    "-300": "5 min back",
    "+300": "5 min on",
    "+3600": "1 hour on",
    "expiry": "To its end (exp)",
    "start": "Back to the start",
}
OWN_CLOCK = "Only the checks above see this clock; the server's and the API's own are as they were."
ROTATION = (
    "An issuer changes its key now and then, and tells nobody. An API notices by a kid that is "
    "not in its set: then it fetches the set again, once, and never again for the same made-up kid."
)
FIXED = "These keys are a document that was handed in: they won't follow when the issuer rotates."
LOOK_UPS = {
    "": "No key was looked up: the checks ended before.",
    "known": "The kid was in the set that is kept: no request was needed.",
    "found": "The kid was not in the set that was kept: the set was fetched, and there it is.",
    "in vain": "The kid was not in the set: it was fetched again, and the kid is not there either.",
    "not asked": "The kid is not in the set, and it has caused a fetch before: none this time.",
}
Verify = Callable[..., Verification]

_QUOTED = re.compile(r'([\w-]+)="((?:[^"\\]|\\.)*)"')
ROOM = 0.15


class Api(Protocol):
    """Where a token can be sent: an API of the lab is one."""

    @property
    def url(self) -> str:
        """The address of a protected resource."""

    @property
    def name(self) -> str:
        """What people call it."""


def given(verify: Verify | None, name: str) -> Any:
    """What a `functools.partial` was given under this name."""
    return verify.keywords.get(name) if isinstance(verify, functools.partial) else None


def takes_now(verify: Verify | None) -> bool:
    """Whether the check can be told the time."""
    if verify is None:
        return False
    try:
        found = inspect.signature(verify).parameters
    except (TypeError, ValueError):
        return False
    return "now" in found or any(each.kind is each.VAR_KEYWORD for each in found.values())


def clock_part(claims: Mapping[str, Any], now: float, moved: bool, live: bool) -> Markup:
    """The clock of the checks: where it stands in the token's life, and how to move it."""
    begin, end = claims.get("iat"), claims.get("exp")
    words = "The clock of the checks, moved to " if moved else "The clock of the checks stands at "
    return tag(
        "div",
        tag("h4", "Clock"),
        tag("p", words, tag("strong", moment(now) or f"{now:.0f}"), _left(now, end)),
        _life(begin, end, now),
        tag("div", [button(label, "clock", value) for value, label in MOVES.items()
                    if value != "expiry" or _is_time(end)], class_="gl-bar") if live else None,
        tag("form",
            tag("label", "Seconds since the epoch ",
                tag("input", type="number", name="now", value=f"{now:.0f}", step="1",
                    required=True)),
            tag("button", "Set the clock", type="submit"),
            class_="gl-bar", data_send="clock-to", data_key=f"clock-{now:.0f}")
        if live else None,
        tag("p", OWN_CLOCK, class_="gl-muted gl-small"),
        class_="gl-clock",
    )  # fmt: skip


def keys_part(keys: KeySet | Jwk, decoded: Decoded) -> Markup:
    """The issuer's keys as the checks know them, and what the last look-up took."""
    known = keys.published if isinstance(keys, KeySet) else keys.get("keys", ())
    kid = decoded.header.get("kid")
    heads = [tag("th", word, scope="col") for word in ("Key (kid)", "Kind", "For", "This token")]
    rows = [
        tag("tr",
            tag("th", tag("code", str(key.get("kid"))), scope="row"),
            tag("td", f"{key.get('kty', '')} {key.get('alg', '')}"),
            tag("td", "signatures" if key.get("use") == "sig" else str(key.get("use", ""))),
            tag("td", [icon("here"), "names it"] if key.get("kid") == kid else ""))
        for key in known
    ]  # fmt: skip
    return tag(
        "div",
        tag("h4", "The issuer's keys"),
        tag("p", _source(keys)),
        tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="gl-rows",
            aria_label="The issuer's keys") if rows else None,
        tag("p", LOOK_UPS[keys.last], class_="gl-note") if isinstance(keys, KeySet) else None,
        tag("p", ROTATION, class_="gl-muted gl-small") if isinstance(keys, KeySet) else None,
    )  # fmt: skip


def keys_text(keys: KeySet | Jwk) -> str:
    """The same as plain text."""
    known = keys.published if isinstance(keys, KeySet) else keys.get("keys", ())
    told = LOOK_UPS[keys.last] if isinstance(keys, KeySet) else FIXED
    return f"The issuer's keys: {', '.join(str(key.get('kid')) for key in known)}. {told}"


def sent_part(exchange: Exchange, found: Reasons | None) -> Markup:
    """What an API said to a token: the status, the challenge in its parts, its own reasons."""
    answer = answer_words(exchange)
    sign = "failed" if answer.refused else "passed"
    challenge = header(exchange, "www-authenticate")
    said = [
        tag("tr", tag("th", tag("code", name), scope="row"), tag("td", tag("code", value)))
        for name, value in _QUOTED.findall(challenge)
    ]
    return tag(
        "div",
        tag("h4", f"What {exchange.receiver} says"),
        tag("p", tag("strong", icon(sign), str(answer), class_=f"gl-{sign}"), role="status"),
        tag("p", "Its challenge, the header ", tag("code", "WWW-Authenticate"),
            " (RFC 6750 §3):") if said else None,
        tag("table", tag("tbody", said), class_="gl-rows", aria_label="The challenge")
        if said else None,
        tag("details", tag("summary", "The message"), message(exchange, None, inside),
            data_key=f"sent-{exchange.number}"),
        reasons(found) if found else None,
    )  # fmt: skip


def sent_text(which: str, exchange: Exchange) -> str:
    """The same as plain text."""
    token = "The new token" if which == "changed" else "The token"
    challenge = header(exchange, "www-authenticate")
    said = f"\n  WWW-Authenticate: {challenge}" if challenge else ""
    return f"{token}, sent to {exchange.receiver}: {answer_words(exchange)}{said}"


def _source(keys: KeySet | Jwk) -> list[object]:
    if not isinstance(keys, KeySet):
        return [FIXED]
    fetched = "once" if keys.fetches == 1 else f"{keys.fetches} times"
    counted = f" Fetched {fetched}; asked for a known kid {keys.hits}×, for others {keys.unknown}×."
    return ["Published at ", tag("code", keys.url), ".", counted]


def _left(now: float, end: object) -> list[object]:
    if not _is_time(end):
        return []
    seconds = round(float(str(end)) - now)
    far = _span(abs(seconds))
    if seconds > 0:
        return [f": {far} before the token expires."]
    return [f": the token expired {far} ago." if seconds else ": the token expires now."]


def _span(seconds: int) -> str:
    parts = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    words = []
    for size, unit in parts:
        count, seconds = divmod(seconds, size)
        words += [f"{count} {unit}"] if count else []
    return " ".join(words[:2]) or "0 s"


def _life(begin: object, end: object, now: float) -> Markup | None:
    """The token's life as a strip, with the moment of the check on it."""
    if not (_is_time(begin) and _is_time(end)):
        return None
    start, stop = float(str(begin)), float(str(end))
    if stop <= start:
        return None
    room = (stop - start) * ROOM
    at = min(max((now - start + room) / (stop - start + 2 * room), 0.0), 1.0) * 100
    good = start <= now < stop
    return tag(
        "div",
        tag("div", tag("span", "iat"), tag("span", "exp"), class_="gl-life"),
        tag("div", icon("passed" if good else "failed"), "now", style=f"left:{at:.1f}%",
            class_=f"gl-now gl-{'passed' if good else 'failed'}"),
        class_="gl-strip",
        aria_hidden="true",
    )  # fmt: skip


def _is_time(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return bool(moment(value))
