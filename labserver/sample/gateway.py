"""A gateway before protected APIs: what it lets through is known, small, counted and clean."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote, urlsplit

import httpx
from authlib.oauth2 import OAuth2Error
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from labserver.sample.api import MOST_KEPT, USER_HEADER
from labserver.sample.bearer import Bearer, challenge, token_of
from labserver.sample.bodies import body_of, is_strict_json
from labserver.sample.checks import OFF_HEADER, Checks, Note, TokenChecks, switched_off
from labserver.sample.forwarding import answer_back, headers_on
from labserver.sample.issuer import Claims, Counters, Issuer
from labserver.sample.keys import KEY_HEADER, KeyRing
from labserver.sample.rates import Rates

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

KNOWN_PATH = re.compile(r"/([a-z]+)(?:/([A-Za-z0-9_-]{1,64}))?", re.ASCII)
MOST_BYTES = 16 * 1024 * 1024
"""What no body may exceed, whatever is switched off."""
PER_ADDRESS = 10
"""An address may make that many times the calls of one caller: several sit behind one."""
CLIENT_HEADER = "X-Client"
ASKS_FOR = ("nothing", "key", "token")


@dataclass(slots=True)
class GatewayChecks(Checks):
    """The switches of an API's token checks, and those of what only a gateway looks at."""

    path: bool = True
    rate: bool = True
    body_size: bool = True
    body_form: bool = True
    identity: bool = True


@dataclass(slots=True)
class GatewayCounters(Counters):
    """How many requests went on to an API, and how many ended here."""

    passed_on: int = 0
    refused: int = 0


@dataclass
class Call:
    """One request on its way through, and what the checks came to."""

    request: Request
    id: str = field(default_factory=lambda: f"gw-{secrets.token_hex(8)}")
    notes: list[Note] = field(default_factory=list)
    user: str = ""
    client: str = ""

    def note(self, found: Note) -> None:
        """Keep what a check came to."""
        self.notes.append(found)

    def judge(self, check: str, is_on: bool, holds: bool, detail: str) -> bool:
        """Note what the check came to; whether the request may go on."""
        if not is_on:
            self.note(Note(check, "skipped", f"switched off; {detail}"))
            return True
        self.note(Note(check, "passed" if holds else "failed", detail))
        return holds


class Gateway:
    """The one door to some APIs, which are given as `upstreams`: a noun, and where its API is.

    `verbs` says which scope each method of a noun needs; what stands in no such line is refused.
    `asks_for` is a token, a key of `keys`, or nothing. `way_in` is a header with a secret value
    that goes with each request, for APIs that ask for it. `forward` is the client that calls the
    APIs, `client` the one that asks the authorization server; `clock` tells the seconds since the
    epoch. Nothing in a request says where it goes but the noun.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        upstreams: Mapping[str, str],
        *,
        client: httpx.Client,
        forward: httpx.Client,
        clock: Callable[[], float],
    ) -> None:
        self.checks = GatewayChecks()
        self.counters = GatewayCounters()
        self.tokens = TokenChecks(
            Issuer(issuer, client, self.counters, clock), audience, clock, self.checks
        )
        self.upstreams = dict(upstreams)
        self.verbs: dict[str, dict[str, str]] = {}
        self.asks_for = "token"
        self.keys = KeyRing()
        self.way_in: tuple[str, str] | None = None
        self.calls_a_minute = 60
        self.largest_body = 8 * 1024
        self.notes: dict[str, tuple[Note, ...]] = {}
        self._forward = forward
        self._rates = Rates(clock)

    def off(self) -> tuple[str, ...]:
        """What this gateway doesn't ask and should: the names that `X-Lab-Checks-Off` tells."""
        by_setting = ("credential",) if self.asks_for == "nothing" else ()
        return (*by_setting, *switched_off(self.checks))

    def app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        return self._answer(Call(Request(environ)))(environ, start_response)

    def _answer(self, call: Call) -> Response:
        try:
            answer = self._pass_on(call, *self._checked(call))
        except HTTPException as refused:
            self.counters.refused += 1
            answer = _in_json(refused)
        except httpx.HTTPError as fault:
            # Only the authorization server is asked outside of `_pass_on`.
            call.note(Note("authorization server", "failed", type(fault).__name__))
            answer = _message(503, "The authorization server doesn't answer.")
        return self._end(call, answer)

    def _checked(self, call: Call) -> tuple[str, str, bytes]:
        """The noun, the path and the body to send on, after every check of the request."""
        noun, path = self._target(call)
        self._count(call, f"address {call.request.remote_addr}", PER_ADDRESS)
        body = self._body(call)
        claims = self._who_calls(call, noun)
        if call.user or call.client:
            self._count(call, f"caller {call.client} {call.user}", 1)
        self._scope(call, noun, claims)
        self._form(call, body)
        return noun, path, body

    def _target(self, call: Call) -> tuple[str, str]:
        path = call.request.path
        known = KNOWN_PATH.fullmatch(path)
        noun = known[1] if known else ""
        holds = noun in self.upstreams and _as_sent(call.request) == path
        if not call.judge("path", self.checks.path, holds, f"the path is {path!a}"):
            _refuse(404, "There is no such path.")
        if holds:
            return noun, path
        # This is the mistake: what came is pasted behind the API's address as it stands.
        first = path.split("/")[1]
        return (first if first in self.upstreams else next(iter(self.upstreams))), path

    def _count(self, call: Call, caller: str, times: int) -> None:
        most = self.calls_a_minute * times
        told = f"{most} calls a minute of this {caller.partition(' ')[0]}"
        if not self.checks.rate:
            call.judge("rate", False, True, told)
        elif not call.judge("rate", True, self._rates.allow(caller, most), told):
            wait = str(self._rates.wait(caller, most))
            _refuse(429, "Too many calls.", {"Retry-After": wait})

    def _body(self, call: Call) -> bytes:
        most = self.largest_body if self.checks.body_size else MOST_BYTES
        try:
            body = body_of(call.request, most)
        except HTTPException:
            call.judge("body_size", True, False, f"{most} bytes at most, and readable")
            raise
        if body:
            call.judge("body_size", self.checks.body_size, True, f"{len(body)} of {most} bytes")
        return body

    def _who_calls(self, call: Call, noun: str) -> Claims | None:
        if self.asks_for == "nothing":
            call.note(Note("credential", "skipped", "nothing is asked for"))
            return None
        if self.asks_for == "key":
            call.user = self.keys.owner(call.request.headers.get(KEY_HEADER, "")) or ""
            told = f"a key of {call.user}" if call.user else "no key that is known"
            if not call.judge("key", True, bool(call.user), told):
                _refuse(401, "Show an API key.", {"WWW-Authenticate": f'key realm="{noun}"'})
            return None
        try:
            token = token_of(call.request, self.checks, call.note)
            claims = self._bearer(call, noun).authenticate_token(token)
        except OAuth2Error as error:
            raise HTTPException(response=challenge(error, noun, self._needed(call, noun))) from None
        call.user, call.client = str(claims.get("sub") or ""), str(claims.get("cid") or "")
        return claims

    def _scope(self, call: Call, noun: str, claims: Claims | None) -> None:
        if claims is None:
            call.note(Note("scope", "skipped", "who has no token has no scopes"))
            return
        needed, bearer = self._needed(call, noun), self._bearer(call, noun)
        if not needed:
            told = f"no scope opens {call.request.method} of {noun}"
            if not call.judge("scope", self.checks.scope, False, told):
                allowed = ", ".join(sorted(self.verbs.get(noun, {})))
                _refuse(405, "There is no such method here.", {"Allow": allowed})
            return
        try:
            bearer.validate_token(claims, [needed], call.request)
        except OAuth2Error as error:
            raise HTTPException(response=challenge(error, noun, needed)) from None

    def _form(self, call: Call, body: bytes) -> None:
        if not body:
            return
        kind = call.request.mimetype
        is_json = kind == "application/json" and is_strict_json(body)
        told = f"{kind or 'no kind'}, {'' if is_json else 'not '}to the letter of JSON"
        if not call.judge("body_form", self.checks.body_form, is_json, told):
            _refuse(400, "The body must be JSON, with each name once.")

    def _pass_on(self, call: Call, noun: str, path: str, body: bytes) -> Response:
        own = {USER_HEADER: _named(call.user), CLIENT_HEADER: _named(call.client)}
        own = {name: value for name, value in own.items() if value}
        own["X-Forwarded-For"] = call.request.remote_addr or ""
        own |= dict([self.way_in] if self.way_in else [])
        clean = self.checks.identity
        told = f"the API hears {call.user or 'of nobody'}" + ("" if clean else ", or what came")
        call.judge("identity", clean, True, told)
        query = httpx.QueryParams([*call.request.args.items(multi=True)])
        try:
            address = httpx.URL(self.upstreams[noun]).copy_with(path=path, params=query)
            headers = headers_on(call.request, own, only_known=clean)
            sent = self._forward.build_request(
                call.request.method, address, headers=headers, content=body
            )
            answer = answer_back(self._forward.send(sent))
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError):
            _refuse(400, "This request can't be passed on.")
        except httpx.TimeoutException:
            _refuse(504, "The API takes too long.")
        except httpx.HTTPError:
            _refuse(502, "The API doesn't answer.")
        self.counters.passed_on += 1
        return answer

    def _needed(self, call: Call, noun: str) -> str:
        return self.verbs.get(noun, {}).get(call.request.method, "")

    def _bearer(self, call: Call, noun: str) -> Bearer:
        return Bearer(self.tokens, noun, call.note)

    def _end(self, call: Call, answer: Response) -> Response:
        answer.headers["X-Request-Id"] = call.id
        answer.headers["Cache-Control"] = "no-store"
        if off := self.off():
            answer.headers.add(OFF_HEADER, ", ".join(f"gateway {name}" for name in off))
        self.notes[call.id] = tuple(call.notes)
        while len(self.notes) > MOST_KEPT:
            self.notes.pop(next(iter(self.notes)), None)
        return answer


def _as_sent(request: Request) -> str:
    # WSGI has decoded the path. A known path needs no percent sign, so whoever sends one hides.
    sent = str(request.environ.get("REQUEST_URI") or request.path).partition("?")[0]
    return sent if sent.startswith("/") else urlsplit(sent).path


def _named(who: str) -> str:
    # A name may hold what no header can; the API reads it back by percent signs.
    return quote(who, safe="@ ", errors="replace")


def _refuse(status: int, message: str, headers: Mapping[str, str] | None = None) -> NoReturn:
    raise HTTPException(response=_message(status, message, headers))


def _message(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps({"message": message})
    return Response(body, status, headers, content_type="application/json")


def _in_json(refused: HTTPException) -> Response:
    ready = refused.response
    if isinstance(ready, Response):
        return ready
    return _message(refused.code or 400, refused.description or "Refused.")
