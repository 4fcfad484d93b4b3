"""Two recordings side by side: which messages belong together, and what differs in them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal
from urllib.parse import unquote_plus

from grantlab.masking import MASK
from grantlab.parts import Field, content_type_of
from grantlab.reading import split_url
from grantlab.recording import Exchange, parts
from grantlab.tokens import decode

Likeness = Literal["same", "changed", "fresh", "left out", "only first", "only second"]
Side = Literal["request", "answer"]

# What nobody can expect to be equal twice: made at random, counted up, or taken from the clock.
FRESH = frozenset(
    {
        *("state", "nonce", "code", "code_verifier", "code_challenge", "request_uri"),
        *("device_code", "user_code", "verification_uri_complete"),
        *("access_token", "refresh_token", "id_token", "id_token_hint", "token", "device_secret"),
        *("client_assertion", "subject_token", "actor_token", "assertion", "request", "ticket"),
        *("sessionToken", "stateToken", "recoveryToken", "activationToken", "expiresAt"),
        *("form_token", "csrf_token", "registration_access_token", "passCode"),
        *("jti", "sid", "at_hash", "c_hash", "iat", "exp", "nbf", "auth_time", "id"),
        *("created", "lastUpdated", "statusChanged", "lastLogin", "passwordChanged", "published"),
        *("date", "expires", "x-okta-request-id", "x-request-id", "x-rate-limit-remaining"),
        *("x-rate-limit-reset", "cookie", "set-cookie", "dpop", "dpop-nonce", "etag", "errorId"),
    }
)
# Lengths follow from everything else: they would say each difference twice.
_FOLLOWS = frozenset({"content-length"})
_ENDPOINT = re.compile(r"/oauth2(/[^/]+)?/v1(?=/)")
_ORG = re.compile(r"^.*/orgs/[^/]+(?=/)")
_ID = re.compile(r"\b0[0o][a-z][A-Za-z0-9]{17}\b|\b(?:aus|ocl|scp)[A-Za-z0-9]{17}\b")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d{10}(?:\.\d+)?\b")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\]):\d+")
_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_SERVERS = frozenset({"Authorization server", "Okta API", "Lab", "Browser"})


@dataclass(frozen=True)
class Row:
    """One named value in both messages; a field is None where the value isn't there."""

    side: Side
    place: str
    name: str
    first: Field | None
    second: Field | None
    likeness: Likeness


@dataclass(frozen=True)
class Pair:
    """Two messages that do the same in both runs, or one that only one run has."""

    first: Exchange | None
    second: Exchange | None
    rows: tuple[Row, ...]

    @property
    def present(self) -> Exchange:
        """The first of the two that is there."""
        found = self.first or self.second
        assert found is not None
        return found

    @property
    def alone(self) -> bool:
        """Only one of the two runs has such a message."""
        return self.first is None or self.second is None

    @property
    def differing(self) -> tuple[Row, ...]:
        """The rows that tell the two messages apart: changed, or only on one side."""
        return tuple(row for row in self.rows if row.likeness in TELLING)

    @property
    def differs(self) -> bool:
        """The runs part here."""
        return self.alone or bool(self.differing)


TELLING: frozenset[Likeness] = frozenset({"changed", "only first", "only second"})


def compare(first: Iterable[Exchange], second: Iterable[Exchange]) -> tuple[Pair, ...]:
    """Both runs in one order: messages of the same role, method and endpoint beside each other."""
    one, other = list(first), list(second)
    bonds = (bonds_of(one), bonds_of(other))
    matcher = SequenceMatcher(
        None, [_what(each) for each in one], [_what(each) for each in other], autojunk=False
    )
    pairs: list[Pair] = []
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == "equal":
            together = zip(one[start:end], other[begin:stop], strict=True)
            pairs += [_paired(mine, theirs, bonds) for mine, theirs in together]
        else:
            pairs += [Pair(each, None, ()) for each in one[start:end]]
            pairs += [Pair(None, each, ()) for each in other[begin:stop]]
    return tuple(pairs)


def _what(exchange: Exchange) -> tuple[str, str, str, str]:
    path = _ORG.sub("", split_url(exchange.url).path)
    endpoint = _ID.sub("…", _ENDPOINT.sub("/oauth2/…/v1", path))
    return _role(exchange.sender), _role(exchange.receiver), exchange.method, endpoint


def _role(name: str) -> str:
    """Two apps under two names still play the same part."""
    return name if name in _SERVERS or name.endswith(" API") else "app"


def _paired(first: Exchange, second: Exchange, bonds: Bonds) -> Pair:
    rows = (
        *_bound(bonds[0].get(first.number, {}), bonds[1].get(second.number, {})),
        *_rows("request", first, second),
        *_rows("answer", first, second),
    )
    return Pair(first, second, rows)


Bonds = tuple[dict[int, dict[str, bool]], dict[int, dict[str, bool]]]


def bonds_of(run: Sequence[Exchange]) -> dict[int, dict[str, bool]]:
    """What must hang together in a run though it is new each time, by number of the message.

    The verifier belongs to the challenge (RFC 7636 §4.6), the state that comes back to the one
    that was sent (RFC 6749 §10.12).
    """
    sent: dict[str, str] = {}
    found: dict[int, dict[str, bool]] = {}
    for one in run:
        fields = {field.name: field.value for field in parts(one).request}
        if "code_challenge" in fields:
            sent = fields
        elif one.status is None and "state" in fields:
            found[one.number] = {"state is the app's own": fields["state"] == sent.get("state")}
        elif "code_verifier" in fields and MASK not in fields["code_verifier"]:
            fits = _challenge_of(fields["code_verifier"], sent) == sent.get("code_challenge")
            found[one.number] = {"code_verifier fits the code_challenge": fits}
    return found


def _challenge_of(verifier: str, sent: dict[str, str]) -> str:
    if sent.get("code_challenge_method") != "S256":
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _bound(first: dict[str, bool], second: dict[str, bool]) -> Iterator[Row]:
    for name in first.keys() & second.keys():
        mine, other = (
            Field(name, "yes" if side[name] else "no", "line", False) for side in (first, second)
        )
        yield Row("request", "line", name, mine, other, likeness(mine, other))


def _rows(side: Side, first: Exchange, second: Exchange) -> Iterator[Row]:
    ours, theirs = dict(_values(side, first)), dict(_values(side, second))
    places = [{place for place, _, _ in each} for each in (ours, theirs)]
    tokens = {
        place: all(place in each for each in places)
        for place in places[0] | places[1]
        if " " in place
    }
    for key in dict.fromkeys((*ours, *theirs)):
        place, name, _ = key
        mine, other = ours.get(key), theirs.get(key)
        # What is in a token that only one run has differs as a whole.
        if place in tokens and (mine is None or other is None) and not tokens[place]:
            continue
        yield Row(side, place, name, mine, other, likeness(mine, other))


def likeness(first: Field | None, second: Field | None) -> Likeness:
    """How the same place looks in two messages; what is fresh by nature has not changed."""
    if first is None or second is None:
        return "only second" if first is None else "only first"
    if first.value == second.value:
        return "same"
    if MASK in first.value or MASK in second.value:
        return "left out"
    if _is_fresh(first, second) or _still(first.value) == _still(second.value):
        return "fresh"
    return "changed"


def _is_fresh(first: Field, second: Field) -> bool:
    if first.name == "authorization":
        schemes = {each.value.partition(" ")[0] for each in (first, second)}
        return len(schemes) == 1 and schemes <= {"Bearer", "DPoP"}
    return first.name in FRESH


def _still(value: str) -> str:
    """The value without what a clock or a dice put into it."""
    value = _LOOPBACK.sub(r"\1", value)
    return _MOMENT.sub("…", _ID.sub("…", value)) if value.startswith(("{", "[")) else value


Key = tuple[str, str, int]


def _values(side: Side, exchange: Exchange) -> Iterator[tuple[Key, Field]]:
    seen: Counter[tuple[str, str]] = Counter()
    for field in (*_line(side, exchange), *_fields(side, exchange)):
        place = (str(field.place), field.name)
        yield (*place, seen[place]), field
        seen[place] += 1
        yield from _claims(field)


def _line(side: Side, exchange: Exchange) -> Iterator[Field]:
    if side == "request":
        yield Field("URL", exchange.url.partition("?")[0].partition("#")[0], "line", False)
    else:
        status = "caught" if exchange.status is None else str(exchange.status)
        yield Field("status", status, "line", False)


def _fields(side: Side, exchange: Exchange) -> Sequence[Field]:
    pieces = parts(exchange)
    fields = pieces.request if side == "request" else pieces.response
    headers = exchange.request_headers if side == "request" else exchange.response_headers
    body = exchange.request_body if side == "request" else exchange.response_body
    found = [_without_query(each) for each in fields if each.name not in _FOLLOWS]
    # A page is made anew each time; of other bodies without fields the text is what counts.
    plain = body and not any(each.place in ("form", "json") for each in fields)
    if plain and content_type_of(headers) != "text/html":
        found.append(Field("body", body, "body", True))
    return found


def _without_query(field: Field) -> Field:
    """The parameters of these addresses are rows of their own, or those of an earlier message."""
    if field.place == "header" and field.name in ("location", "referer"):
        address = field.value.partition("?")[0].partition("#")[0]
        return Field(field.name, address, field.place, field.secret)
    return field


def _client_in(header: str) -> Field:
    """Who asks, in the words of a Basic header (RFC 6749 §2.3.1)."""
    try:
        said = base64.b64decode(header.removeprefix("Basic ")).decode()
    except ValueError:
        said = ":"
    return Field("client_id", unquote_plus(said.partition(":")[0]), "claim", False)


def _claims(field: Field) -> Iterator[tuple[Key, Field]]:
    """What can be read in a token: its claims, and how long it was meant to live."""
    if field.value.startswith("Basic ") and field.name == "authorization":
        yield ("inside authorization", "client_id", 0), _client_in(field.value)
    token = field.value.removeprefix("Bearer ").removeprefix("DPoP ")
    if field.place == "location" or not _JWT.fullmatch(token):
        return
    read = decode(token)
    place = f"claim of {field.name}"
    claims: dict[str, Any] = {**read.header, **read.payload}
    begin, end = claims.get("iat"), claims.get("exp")
    if isinstance(begin, int) and isinstance(end, int):
        claims["exp − iat"] = end - begin
    for name, value in claims.items():
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield (place, name, 0), Field(name, said, "claim", False)
