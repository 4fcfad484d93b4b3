"""The lives of tokens, read from a recording: what happened when, and which came from which."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, unquote_plus

import httpx

from grantlab.answers import ClockMove
from grantlab.reading import split_url
from grantlab.recording import Exchange
from grantlab.tokens import Verification, decode
from grantlab.views.words import answer_words, json_of

Kind = Literal[
    "issued", "refreshed", "reused", "introspected", "revoked", "used", "expired", "clock moved"
]
Lane = Literal["", "alive", "doubted", "over"]
Verify = Callable[[str], Verification]

_TIMES = {"exp", "nbf", "iat"}
_LATEST = 1e11
_SLACK = 5.0
"""Seconds by which two clocks may differ without one having been moved."""


@dataclass(frozen=True)
class Moment:
    """Something that happened to tokens, and what came of it.

    `after` is seconds since the first exchange by the server's clock, `number` the exchange's;
    what no exchange did, time alone, has none. `tokens` are the names given to them here (A1 is
    the first access token, R1 the first refresh token). `alive` is False when somebody was turned
    away. `local` is what a check of signature and claims alone says of the token at that moment,
    `active` what the server says; None where nobody asked. `lanes` is how each token stands then.
    """

    number: int | None
    after: float
    kind: Kind
    tokens: tuple[str, ...]
    outcome: str
    alive: bool = True
    local: bool | None = None
    active: bool | None = None
    lanes: dict[str, Lane] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """The check alone says otherwise than the server."""
        return None not in (self.local, self.active) and self.local != self.active


@dataclass
class Life:
    """One token: its name, the refresh token that bought it, and all that was heard of it."""

    name: str
    family: int
    parent: str | None
    issued_in: int
    grant: str
    client: str
    expires: float | None
    readable: bool
    lane: Lane = "alive"
    spent: bool = False
    suspected: bool = False
    heard: list[str] = field(default_factory=list)


class Lives(NamedTuple):
    """All moments in order, and every token by its name, oldest first."""

    moments: tuple[Moment, ...]
    tokens: tuple[Life, ...]

    def families(self) -> dict[int, list[Life]]:
        """The tokens by family: all that stem from one authorization."""
        found: dict[int, list[Life]] = {}
        for life in self.tokens:
            found.setdefault(life.family, []).append(life)
        return found


def read_lives(
    exchanges: Sequence[Exchange],
    verify: Verify | None = None,
    moves: Iterable[ClockMove] | None = None,
    until: float | None = None,
) -> Lives:
    """Read the lives of all tokens in a recording.

    A token is told by its value, which is never shown: it gets a name. `moves` are those of the
    server's clock; without them they are told by the times in the tokens. `until` is the server's
    time now, for what expired after the last exchange.
    """
    reader = _Reader(exchanges, verify, moves)
    for exchange in exchanges:
        reader.pass_time(exchange.started)
        reader.take(exchange)
    if until is not None:
        reader.pass_time(None, until)
    return Lives(tuple(reader.moments), tuple(reader.lives.values()))


class _Reader:
    def __init__(
        self,
        exchanges: Sequence[Exchange],
        verify: Verify | None,
        moves: Iterable[ClockMove] | None,
    ) -> None:
        self.moments: list[Moment] = []
        self.lives: dict[str, Life] = {}
        self._names: dict[str, str] = {}
        self._verify = verify
        self._verified: dict[str, bool] = {}
        started = exchanges[0].started if exchanges else 0.0
        if moves is None:
            self._offset, self._moves = _told_by_tokens(exchanges)
        else:
            earlier = [move.forward for move in moves if move.at < started]
            self._offset = float(sum(earlier))
            self._moves = [move for move in moves if move.at >= started]
        self._start = started + self._offset

    def pass_time(self, started: float | None, until: float | None = None) -> None:
        """Take the moves of the clock up to this machine's time `started`, then what expired."""
        while self._moves and (started is None or self._moves[0].at <= started):
            move = self._moves.pop(0)
            if self.lives:
                after = move.at + self._offset - self._start
                forward = f"forward by {lasting(move.forward)}"
                self._add(Moment(None, after, "clock moved", (), forward))
            self._offset += move.forward
        now = until if started is None else started + self._offset
        due = [life for life in self.lives.values() if life.expires and life.expires <= (now or 0)]
        for life in sorted(due, key=lambda one: one.expires or 0):
            if life.lane == "over":
                continue
            after = (life.expires or 0) - self._start
            life.lane, life.expires = "over", None
            life.heard.append(f"expired {since(after)}")
            local = False if self._verify and life.readable else None
            self._add(Moment(None, after, "expired", (life.name,), "its time is over", local=local))

    def take(self, exchange: Exchange) -> None:
        """Add what this exchange did to tokens, if anything."""
        kind, given = _asked(exchange)
        known = self.lives.get(self._names.get(given, ""))
        if kind is None or (given and known is None):
            return
        answer = answer_words(exchange)
        if kind == "refreshed" and known and known.spent:
            kind = "reused"
        asks = kind in ("introspected", "revoked", "used")
        issued = [] if asks else self._issue(exchange, known)
        if kind == "issued" and not issued:
            return
        active = _active(exchange) if kind == "introspected" else None
        refused = answer.refused or active is False
        if known and active is False and _is_anothers(known, exchange):
            words = "another client is told that it is not active"
            known.heard.append(f"{words} in message {exchange.number}")
        elif known:
            self._hear(known, kind, exchange.number, issued, refused, active)
        moment = Moment(
            exchange.number,
            exchange.started + self._offset - self._start,
            kind,
            (*([known.name] if known else []), *issued),
            str(answer),
            alive=not refused,
            local=self._alone(given, exchange.started + self._offset) if asks else None,
            active=active,
        )
        self._add(moment)

    def _add(self, moment: Moment) -> None:
        lanes = {life.name: life.lane for life in self.lives.values()}
        self.moments.append(replace(moment, lanes=lanes))

    def _hear(
        self,
        life: Life,
        kind: Kind,
        number: int,
        issued: list[str],
        refused: bool,
        active: bool | None,
    ) -> None:
        rotated = [name for name in issued if name[0] == "R"]
        if kind == "reused" and not refused:
            life.heard.append(f"used again in message {number}, and forgiven")
        elif kind == "refreshed" and rotated and not refused:
            life.lane, life.spent = "over", True
            life.heard.append(f"traded for {' and '.join(issued)} in message {number}")
        elif kind in ("refreshed", "reused") and refused:
            again = " again" if kind == "reused" else ""
            life.lane = "over"
            life.heard.append(f"used{again} in message {number}, and refused")
            if again:
                self._doubt_family(life, number)
        elif kind == "revoked" and not refused:
            life.lane = "doubted" if life.name[0] == "A" else "over"
            life.heard.append(f"revoked in message {number}")
        elif (
            kind == "introspected" and active is False and (life.lane == "alive" or life.suspected)
        ):
            life.lane, life.suspected = "doubted", False
            life.heard.append(f"not active, the server says in message {number}")
        elif kind == "introspected" and active and life.lane == "doubted":
            # Who asks matters: a server may tell another client nothing.
            life.lane, life.suspected = "alive", False
            life.heard.append(f"active, it says in message {number}")
        elif kind == "used" and refused:
            life.heard.append(f"refused in message {number}")

    def _doubt_family(self, reused: Life, number: int) -> None:
        """RFC 9700 §4.14.2: a second use that is refused ends the newest token, too."""
        for life in self.lives.values():
            if life.family == reused.family and life.lane == "alive":
                life.lane, life.suspected = "doubted", True
                life.heard.append(f"its family was to end with message {number}")

    def _issue(self, exchange: Exchange, by: Life | None) -> list[str]:
        body = json_of(exchange.response_body)
        if not isinstance(body, dict) or exchange.status != 200:
            return []
        family = (
            by.family if by else 1 + max((one.family for one in self.lives.values()), default=0)
        )
        made = []
        for member, letter in (("access_token", "A"), ("refresh_token", "R"), ("id_token", "I")):
            token = body.get(member)
            if isinstance(token, str) and token not in self._names:
                name = f"{letter}{1 + sum(known[0] == letter for known in self.lives)}"
                self._names[token] = name
                self.lives[name] = Life(
                    name,
                    family,
                    by.name if by else None,
                    exchange.number,
                    _form(exchange).get("grant_type", "").replace("_", " "),
                    _client(exchange),
                    self._expiry(exchange, token, body) if letter == "A" else None,
                    not decode(token).opaque,
                )
                made.append(name)
        return made

    def _expiry(self, exchange: Exchange, token: str, body: dict[str, Any]) -> float | None:
        told = _number(decode(token).payload.get("exp"))
        lasts = _number(body.get("expires_in"))
        if told is None and lasts is not None:
            return exchange.started + self._offset + lasts
        return told

    def _alone(self, token: str, at: float) -> bool | None:
        if self._verify is None or decode(token).opaque:
            return None
        if token not in self._verified:
            try:
                checks = self._verify(token).checks
            except httpx.HTTPError:
                return None
            # The times are judged as of each moment, not as of now.
            bad = [one for one in checks if one.result == "failed" and one.name not in _TIMES]
            signed = any(one.name == "signature" and one.result == "passed" for one in checks)
            self._verified[token] = signed and not bad
        claims = decode(token).payload
        begins = max(_number(claims.get("iat")) or 0, _number(claims.get("nbf")) or 0)
        ends = _number(claims.get("exp")) or 0
        return self._verified[token] and begins <= at + _SLACK and at < ends


def since(seconds: float) -> str:
    """How long after the first exchange: seconds at first, then hours, minutes, seconds."""
    return f"+{seconds:.1f} s" if seconds < 60 else f"+{lasting(seconds)}"


def lasting(seconds: float) -> str:
    """A span of time as hours, minutes and seconds."""
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"


def _told_by_tokens(exchanges: Sequence[Exchange]) -> tuple[float, list[ClockMove]]:
    """How far the server's clock was ahead at first, and each time that it has jumped since."""
    first, last, moves = 0.0, None, []
    for exchange in exchanges:
        body = json_of(exchange.response_body)
        token = body.get("access_token") if isinstance(body, dict) else None
        issued = _number(decode(token).payload.get("iat")) if isinstance(token, str) else None
        if issued is None:
            continue
        ahead = issued - exchange.started
        if last is None:
            first = last = ahead if abs(ahead) > _SLACK else 0.0
        elif ahead - last > _SLACK:
            moves.append(ClockMove(exchange.started, round(ahead - last)))
            last = ahead
    return first, moves


def _asked(exchange: Exchange) -> tuple[Kind | None, str]:
    """What the request wants, and the token that it brings along."""
    end = split_url(exchange.url).path.rstrip("/").rsplit("/", 1)[-1]
    form = _form(exchange)
    if exchange.method == "POST" and "grant_type" in form:
        refreshing = form["grant_type"] == "refresh_token"
        return ("refreshed", form.get("refresh_token", "")) if refreshing else ("issued", "")
    if "introspect" in end or "revo" in end:
        return ("introspected" if "introspect" in end else "revoked"), form.get("token", "")
    scheme, _, token = dict(exchange.request_headers).get("authorization", "").partition(" ")
    return ("used", token) if scheme.lower() in ("bearer", "dpop") else (None, "")


def _form(exchange: Exchange) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(exchange.request_body).items()}


def _client(exchange: Exchange) -> str:
    """The client that says it is asking; empty where it can't be told."""
    form = _form(exchange)
    scheme, _, pair = dict(exchange.request_headers).get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return unquote_plus(base64.b64decode(pair).decode().partition(":")[0])
        except (binascii.Error, UnicodeDecodeError):
            return ""
    told = decode(form.get("client_assertion", "")).payload.get("sub")
    return form.get("client_id", told if isinstance(told, str) else "")


def _is_anothers(life: Life, exchange: Exchange) -> bool:
    # Who may not ask about a token is told "not active" of a good one, too (RFC 7662 §2.2). A
    # resource server may ask about access tokens; a refresh token is its own client's.
    asks = _client(exchange)
    return life.name[0] == "R" and "" not in (asks, life.client) and asks != life.client


def _active(exchange: Exchange) -> bool | None:
    body = json_of(exchange.response_body)
    active = body.get("active") if isinstance(body, dict) else None
    return active if isinstance(active, bool) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _LATEST else None
