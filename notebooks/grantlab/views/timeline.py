"""The life of a token family on one line: issued, refreshed, introspected, revoked, reused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qs

from markupsafe import Markup

from grantlab.reading import split_url
from grantlab.recording import Exchange
from grantlab.views.html import section, tag
from grantlab.views.token import Verify, looks_like_jwt
from grantlab.views.words import answer_words, json_of

Kind = Literal["issued", "refreshed", "reused", "introspected", "revoked", "used", "refused"]


@dataclass(frozen=True)
class Moment:
    """Something that happened to tokens: when (seconds after the first), and what came of it.

    `tokens` are the names given to them here (A1 is the first access token, R1 the first refresh
    token); `number` is the exchange's. `alive` is False when somebody was turned away. `local` is
    what a check of the signature and the claims alone says of the same token.
    """

    number: int
    after: float
    kind: Kind
    tokens: tuple[str, ...]
    outcome: str
    alive: bool
    local: bool | None = None


def moments(exchanges: Sequence[Exchange], verify: Verify | None = None) -> tuple[Moment, ...]:
    """Read the lives of all tokens in a recording, in order.

    A token is told by its value, which is never shown: it gets a name. With `verify`, each
    introspection has the verdict of a local check beside it.
    """
    names: dict[str, str] = {}
    spent: set[str] = set()
    found: list[Moment] = []
    for exchange in exchanges:
        moment = _moment(exchange, names, spent, exchanges[0].started)
        if moment is not None:
            found.append(replace(moment, local=_checked(exchange, verify)))
    return tuple(found)


def timeline(exchanges: Sequence[Exchange], verify: Verify | None = None) -> Markup:
    """Draw the lives: one row a moment, one column a token, and the same in words."""
    lives = moments(exchanges, verify)
    if not lives:
        nothing = tag("p", "No token has been issued in this recording yet.")
        return section("timeline", tag("h3", "Life of the tokens"), nothing, label="Timeline")
    tokens = sorted({name for each in lives for name in each.tokens}, key=_age)
    heads = [tag("th", word, scope="col") for word in ("Message", "What happened", *tokens)]
    rows = [_row(each, tokens, lives) for each in lives]
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="gl-lives")
    legend = "A: access token, R: refresh token, I: ID token, numbered as they were issued."
    return section(
        "timeline",
        tag("h3", "Life of the tokens"),
        tag("p", legend, class_="gl-muted gl-small"),
        tag("div", table, class_="gl-scroll", tabindex="0", role="group", aria_label="Timeline"),
        label="Timeline",
    )


def timeline_text(exchanges: Sequence[Exchange], verify: Verify | None = None) -> str:
    """The lives as plain text, one moment a line."""
    lines = [
        f"{each.number:3}. +{each.after:.1f} s  {each.kind}: {', '.join(each.tokens)} "
        f"({each.outcome}{_local(each)})"
        for each in moments(exchanges, verify)
    ]
    return "\n".join(lines) or "No token has been issued yet."


def _moment(
    exchange: Exchange, names: dict[str, str], spent: set[str], start: float
) -> Moment | None:
    kind, given = _asked(exchange)
    answer = answer_words(exchange)
    known = [names[given]] if given in names else []
    if kind == "refreshed" and given in spent:
        kind = "reused"
    if kind is None or (given and not known):
        return None
    issued = [] if kind in ("introspected", "revoked", "used") else _issued(exchange, names)
    if kind == "refreshed" and not answer.refused and len(issued) > 1:
        spent.add(given)
    if kind == "issued" and not issued:
        return None
    return Moment(
        exchange.number,
        exchange.started - start,
        kind,
        (*known, *issued),
        str(answer),
        not answer.refused and "false" not in answer.word,
    )


def _asked(exchange: Exchange) -> tuple[Kind | None, str]:
    """What the request wants, and the token that it brings along."""
    end = split_url(exchange.url).path.rsplit("/", 1)[-1]
    form = {name: values[0] for name, values in parse_qs(exchange.request_body).items()}
    if end == "token":
        refreshing = form.get("grant_type") == "refresh_token"
        return ("refreshed", form.get("refresh_token", "")) if refreshing else ("issued", "")
    if end in ("introspect", "revoke"):
        return ("introspected" if end == "introspect" else "revoked"), form.get("token", "")
    scheme, _, token = dict(exchange.request_headers).get("authorization", "").partition(" ")
    return ("used", token) if scheme.lower() in ("bearer", "dpop") else (None, "")


def _issued(exchange: Exchange, names: dict[str, str]) -> list[str]:
    body = json_of(exchange.response_body)
    if not isinstance(body, dict) or exchange.status != 200:
        return []
    made = []
    for member, letter in (("access_token", "A"), ("refresh_token", "R"), ("id_token", "I")):
        token = body.get(member)
        if isinstance(token, str) and token not in names:
            count = sum(name[0] == letter for name in names.values())
            names[token] = f"{letter}{count + 1}"
            made.append(names[token])
    return made


def _checked(exchange: Exchange, verify: Verify | None) -> bool | None:
    kind, token = _asked(exchange)
    if verify is None or kind != "introspected" or not looks_like_jwt(token):
        return None
    return verify(token).valid


def _local(moment: Moment) -> str:
    if moment.local is None:
        return ""
    return f"; local check: {'valid' if moment.local else 'not valid'}"


def _age(name: str) -> tuple[str, int]:
    return name[0], int(name[1:])


def _row(moment: Moment, tokens: Sequence[str], lives: Sequence[Moment]) -> Markup:
    words = [
        tag("strong", moment.kind),
        # Also here: with many tokens their columns are out of sight.
        f" {', '.join(moment.tokens)}",
        tag("div", moment.outcome, _local(moment), class_="gl-muted gl-small"),
    ]
    sign = None if moment.alive else tag("span", "✗ ", class_="gl-failed")
    return tag(
        "tr",
        tag("th", f"{moment.number}. ", tag("span", f"+{moment.after:.1f} s", class_="gl-muted"),
            scope="row"),
        tag("td", sign, words),
        [_cell(moment, token, lives) for token in tokens],
    )  # fmt: skip


def _cell(moment: Moment, token: str, lives: Sequence[Moment]) -> Markup:
    if token in moment.tokens:
        first = next(each for each in lives if token in each.tokens)
        said = "issued" if first is moment else moment.kind
        look = "gl-mark" if moment.alive else "gl-mark gl-failed"
        return tag("td", tag("span", said if moment.alive else f"✗ {said}", class_=look))
    return tag("td")
