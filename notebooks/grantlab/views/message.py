"""One exchange, taken apart: each value with its name, its meaning and where the spec says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote_plus

from markupsafe import Markup

from grantlab.masking import MASK, Headers, holds_secrets, masked_headers
from grantlab.parts import Field, content_type_of
from grantlab.reading import split_url
from grantlab.recording import Exchange, parts
from grantlab.views.html import icon, join, section, tag
from grantlab.views.meaning import meaning
from grantlab.views.token_parts import looks_like_jwt
from grantlab.views.words import CHANNELS, answer_words, clip, json_of, since

# Headers that carry the protocol. The others are there too, one click away.
TELLING = frozenset(
    {
        *("authorization", "www-authenticate", "dpop", "dpop-nonce", "cookie", "set-cookie"),
        *("content-type", "location", "cache-control", "retry-after"),
    }
)
# What nearly every message repeats, and never a secret: drawn once.
SAME_EVERY_TIME = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-type", "host", "user-agent"),
        *("cache-control", "pragma", "server", "vary", "x-content-type-options"),
        *("content-security-policy", "x-frame-options", "referrer-policy", "expires"),
        *("strict-transport-security", "x-rate-limit-limit"),
    }
)
NEVER_EVEN_IN_PART = frozenset({"password", "client_secret", "passCode", "answer"})
LONGEST_BODY = 20_000
HIDDEN = "••••••••"

Inside = Callable[[str], Markup]


def earlier_like(exchanges: Sequence[Exchange], exchange: Exchange) -> Exchange | None:
    """The last message before this one that went to the same endpoint, if there was one."""
    same = _endpoint(exchange)
    before = [each for each in exchanges if each.number < exchange.number]
    return next((each for each in reversed(before) if _endpoint(each) == same), None)


def message(
    exchange: Exchange,
    earlier: Exchange | None = None,
    inside: Inside | None = None,
    *rest: object,
    start: float | None = None,
) -> Markup:
    """The inspector of one exchange.

    With `earlier`, what wasn't in that message is marked as new. `inside` draws what is found
    in a JWT; `rest` goes below. `start` is when the recording began, in seconds since the epoch.
    """
    pieces = parts(exchange)
    known = {field.name for field in parts(earlier).request} if earlier else None
    answer = answer_words(exchange)
    title = f"{exchange.number}. {exchange.sender} → {exchange.receiver}"
    chip = tag("span", f"{exchange.channel} channel", class_=f"gl-chip gl-chip-{exchange.channel}",
               title=CHANNELS[exchange.channel])  # fmt: skip
    return section(
        "message",
        tag("h3", title, " ", chip),
        tag("h4", "Request", _when(exchange, start)),
        _request_line(exchange),
        _fields(pieces.request, known, inside),
        _gone(pieces.request, earlier),
        _raw("Body of the request", exchange.request_headers, exchange.request_body),
        tag("h4", "Answer"),
        _status_line(exchange, answer.refused, str(answer)),
        _fields(pieces.response, None, inside),
        _raw("Body of the answer", exchange.response_headers, exchange.response_body),
        *rest,
        label=f"Message {exchange.number}",
        data_key=f"message-{exchange.number}",
    )


def message_text(exchange: Exchange) -> str:
    """The exchange as plain text, without its secrets."""
    pieces, answer = parts(exchange), answer_words(exchange)
    lines = [f"{exchange.number}. {exchange.sender} → {exchange.receiver}"]
    lines.append(f"{exchange.method} {split_url(exchange.url).path or '/'}")
    lines += [f"    {field.name}: {preview(field)}" for field in pieces.request]
    lines.append(f"Answer: {answer}{' (refused)' if answer.refused else ''}")
    lines += [f"    {field.name}: {preview(field)}" for field in pieces.response]
    return "\n".join(lines)


def _endpoint(exchange: Exchange) -> tuple[str, str, str]:
    pieces = split_url(exchange.url)
    return exchange.method, pieces.netloc, pieces.path


def _when(exchange: Exchange, start: float | None) -> Markup:
    after = f", {since(exchange.started, start)} after the first message" if start else ""
    at = datetime.fromtimestamp(exchange.started, UTC).strftime("%H:%M:%S")
    return tag("span", f" at {at} UTC{after}", class_="gl-when gl-muted")


def _request_line(exchange: Exchange) -> Markup:
    pieces = split_url(exchange.url)
    at = f"{pieces.scheme}://{pieces.netloc.rpartition('@')[2]}" if pieces.netloc else ""
    line = [tag("strong", exchange.method), " ", tag("span", at, class_="gl-muted")]
    return tag("pre", tag("code", line, tag("strong", pieces.path or "/")))


def _status_line(exchange: Exchange, refused: bool, words: str) -> Markup:
    if exchange.status is None:
        caught = f"Caught by {exchange.receiver}: the app reads this URL, nothing is sent back."
        if not refused:
            return tag("p", caught)
        words = f"{words}. {caught}"
    sign = "failed" if refused else "passed"
    said = f"{words} (refused)" if refused else words
    took = f" after {exchange.seconds * 1000:.0f} ms" if exchange.status is not None else ""
    result = tag("span", icon(sign), said, class_=f"gl-{sign}", style="font-weight:650")
    return tag("p", result, tag("span", took, class_="gl-muted"))


def _fields(
    fields: Iterable[Field], known: set[str] | None, inside: Inside | None
) -> Markup:  # fmt: skip
    shown = [each for each in fields if each.place != "header" or each.name in TELLING]
    other = [each for each in fields if each.place == "header" and each.name not in TELLING]
    rest = None
    if other:
        counted = f"Other headers ({len(other)})"
        rest = tag(
            "details", tag("summary", counted), _table(other, known, inside, counted),
            data_key=counted,
        )  # fmt: skip
    return tag("div", _table(shown, known, inside, "Parts of the message"), rest)


def _table(
    fields: Sequence[Field], known: set[str] | None, inside: Inside | None, caption: str
) -> Markup | None:
    if not fields:
        return None
    heads = [
        tag("th", word, scope="col", class_=look)
        for word, look in (("Name", "gl-narrow"), ("Value", None), ("Meaning", None))
    ]
    rows = [_row(field, known is not None and field.name not in known, inside) for field in fields]
    return tag(
        "table", tag("thead", tag("tr", heads)), tag("tbody", rows),
        class_="gl-rows", aria_label=caption,
    )  # fmt: skip


def _row(field: Field, new: bool, inside: Inside | None) -> Markup:
    if field.place == "header" and field.name in SAME_EVERY_TIME:
        return _usual_row(field, new)
    row = _plain_row(field, new)
    # A token needs the whole width.
    token = _jwt(field, inside)
    return join(
        [row, tag("tr", tag("td", token, colspan=3), class_="gl-inside")] if token else [row]
    )


def _plain_row(field: Field, new: bool) -> Markup:
    place = {"form": "body", "json": "body", "location": "redirect"}.get(field.place, field.place)
    mark = tag("span", "new since last time", class_="gl-chip gl-chip-new") if new else None
    where = tag("div", f"in the {place} " if place != "header" else "header ", mark,
                class_="gl-muted gl-small", style="font-weight:400")  # fmt: skip
    return tag(
        "tr",
        tag("th", tag("code", field.name), where, scope="row"),
        tag("td", _value(field)),
        tag("td", meaning(field.name, field.place, "not a name of the specs we know")),
    )


_usual_row = lru_cache(maxsize=256)(_plain_row)


def _value(field: Field) -> Markup:
    shown = preview(field)
    if shown == field.value:
        return tag("code", field.value or "(empty)")
    return tag(
        "details",
        tag("summary", shown, " ", tag("span", f"Show {field.name}", class_="gl-reveal"),
            tag("span", f"Hide {field.name}", class_="gl-hide")),
        tag("code", field.value),
        class_="gl-secret",
    )  # fmt: skip


def preview(field: Field) -> str:
    """The value as it may stand on a projector."""
    if field.place == "header":
        return _header_preview(field)
    if not field.secret or field.value in ("", MASK):
        return field.value
    if field.name in NEVER_EVEN_IN_PART or field.value.startswith(("{", "[")):
        return HIDDEN
    return f"{field.value[:6]}••• ({len(field.value)} characters)"


def _header_preview(field: Field) -> str:
    masked = masked_headers(((field.name, field.value),))[0][1]
    if masked == field.value:
        return field.value
    return masked.replace(MASK, HIDDEN).replace(quote_plus(MASK), HIDDEN)


def _jwt(field: Field, inside: Inside | None) -> Markup | None:
    token = field.value.removeprefix("Bearer ").removeprefix("DPoP ")
    if inside is None or not looks_like_jwt(token):
        return None
    return tag(
        "details",
        tag("summary", "This is a JWT: look inside"),
        inside(token),
        data_key=f"jwt-{field.place}-{field.name}",
    )


def _gone(fields: Iterable[Field], earlier: Exchange | None) -> Markup | None:
    if earlier is None:
        return None
    now = {field.name for field in fields}
    before = dict.fromkeys(field.name for field in parts(earlier).request)
    gone = [name for name in before if name not in now]
    if not gone:
        return None
    names = [[tag("code", name), " "] for name in gone]
    said = f"In message {earlier.number} to the same endpoint, but not here: "
    return tag("p", said, names, class_="gl-small gl-muted")


def _raw(title: str, headers: Headers, body: str) -> Markup | None:
    if not body:
        return None
    document = json_of(body)
    text = body if document is None else json.dumps(document, indent=2, ensure_ascii=False)
    open_doors = holds_secrets(content_type_of(headers), body)
    size = f" ({len(body):,} characters{', with its secrets' if open_doors else ''})"
    return tag(
        "details", tag("summary", title, tag("span", size, class_="gl-muted")),
        tag("pre", clip(text, LONGEST_BODY)), data_key=title,
    )  # fmt: skip
