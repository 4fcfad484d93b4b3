"""`Time.now`: the evaluation's time, in a zone and a format."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from labserver.domain.expressions.errors import Misuse
from labserver.domain.expressions.functions import Function, HandlesNull, function
from labserver.domain.expressions.names import Evaluation
from labserver.domain.expressions.plain import text_of

_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")
_PIECES = re.compile(r"'(?P<text>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>.)", re.DOTALL)


# Not strftime's names: those follow the machine's language.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _offset(now: datetime) -> str:
    return "Z" if now.tzinfo is UTC else now.isoformat()[-6:]


_LETTERS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda now: f"{now.year:04}",
    "yy": lambda now: f"{now.year % 100:02}",
    "MMMM": lambda now: _MONTHS[now.month - 1],
    "MMM": lambda now: _MONTHS[now.month - 1][:3],
    "MM": lambda now: f"{now.month:02}",
    "M": lambda now: str(now.month),
    "dd": lambda now: f"{now.day:02}",
    "d": lambda now: str(now.day),
    "EEEE": lambda now: _DAYS[now.weekday()],
    "EEE": lambda now: _DAYS[now.weekday()][:3],
    "HH": lambda now: f"{now.hour:02}",
    "hh": lambda now: f"{(now.hour + 11) % 12 + 1:02}",
    "mm": lambda now: f"{now.minute:02}",
    "ss": lambda now: f"{now.second:02}",
    "SSS": lambda now: f"{now.microsecond // 1000:03}",
    "a": lambda now: "AM" if now.hour < 12 else "PM",
    "ZZ": _offset,
}
_LETTERS["YYYY"] = _LETTERS["yyyy"]
_DEFAULT_FORMAT = "yyyy-MM-dd'T'HH:mm:ss.SSSZZ"


def _now(evaluation: Evaluation, zone: object = None, pattern: object = None) -> str:
    seconds = evaluation.names.now
    if seconds is None:
        raise Misuse("no time is known here", "leave out Time.now")
    now = datetime.fromtimestamp(seconds, UTC if zone is None else _zone(text_of(zone)))
    chosen = _DEFAULT_FORMAT if pattern is None else text_of(pattern)
    return "".join(_written(piece, now) for piece in _PIECES.finditer(chosen))


def _written(piece: re.Match[str], now: datetime) -> str:
    if letters := piece["letters"]:
        if letters not in _LETTERS:
            raise Misuse(
                f"the format has {letters[:12]!r}", "use " + " ".join(_LETTERS) + " or 'text'"
            )
        return _LETTERS[letters](now)
    text = piece["text"]
    if text is None:
        return piece["other"]
    return text.replace("''", "'") or "'"


def _zone(name: str) -> tzinfo:
    if name in ("UTC", "Z", "GMT"):
        return UTC
    # The key becomes a file name, so only its documented shape gets through.
    if _ZONE.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError):
            pass
    raise Misuse("the time zone is not known", 'write one such as "Europe/Berlin" or "UTC"')


TIMES: dict[str, Function] = dict(
    (function("Time.now(zone, format)", _now, HandlesNull, contextual=True),)
)
