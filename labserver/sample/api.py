"""A protected API: it knows an issuer, an audience, and which scope each of its methods needs."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx
from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, abort, g, jsonify, make_response, request, url_for
from werkzeug.exceptions import BadRequest, HTTPException

from labserver.sample.bearer import Bearer, challenge, token_of
from labserver.sample.checks import OFF_HEADER, Checks, Note, TokenChecks, switched_off
from labserver.sample.issuer import Counters, Issuer
from labserver.sample.keys import KEY_HEADER, KeyRing
from labserver.sample.products import PRODUCTS, Entry, Product

__all__ = ["PRODUCTS", "ProtectedApi"]

MOST_KEPT = 1000
LARGEST_BODY = 64 * 1024
USER_HEADER = "X-User"
"""Whom a gateway says it has let in."""
ASKS_FOR = ("nothing", "key", "token", "gateway")


class Protector(ResourceProtector):  # type: ignore[misc]
    """Lets a request in, or answers with the challenge of RFC 6750 §3."""

    def parse_request_authorization(self, _: object) -> tuple[Bearer, str]:
        """The token in the `Authorization` header, and who judges it."""
        bearer: Bearer = self.get_token_validator("bearer")
        return bearer, token_of(request, bearer.checks.on, note)

    def raise_error_response(self, error: OAuth2Error) -> None:
        """End the request: 401, 403 or 400, with a challenge that says what is missing."""
        abort(challenge(error, self._default_realm, g.scope))


class ProtectedApi:
    """One product's API. `app` is the WSGI application; the rest are its settings.

    `checks` are the switches of its checks, `counters` its questions to the authorization server;
    while a check is off, each answer says so in `X-Lab-Checks-Off`. Every caller sees the same
    entries: whose they are is not what this API shows; a new one says who added it.

    `asks_for` is a token, unless a lesson shows what comes of less: an API key of `keys`, the
    word of a gateway, or nothing. `way_in` is a header and its value that every request must
    have, when the API is to be reached through a gateway only.
    """

    def __init__(
        self,
        product: Product,
        issuer: str,
        audience: str,
        *,
        client: httpx.Client,
        clock: Callable[[], float],
    ) -> None:
        self.product = product
        self.checks = Checks()
        self.counters = Counters()
        known = Issuer(issuer, client, self.counters, clock)
        self.tokens = TokenChecks(known, audience, clock, self.checks)
        self.asks_for = "token"
        self.keys = KeyRing()
        self.way_in: tuple[str, str] | None = None
        self.notes: dict[str, tuple[Note, ...]] = {}
        self._entries: dict[str, Entry] = {str(one["id"]): one for one in product.entries}
        self.app = self._application()

    def off(self) -> tuple[str, ...]:
        """What this API doesn't ask and should: the names that `X-Lab-Checks-Off` tells."""
        believes_all = self.asks_for == "gateway" and self.way_in is None
        by_setting = ("credential",) if self.asks_for == "nothing" else ()
        return (*by_setting, *(("way_in",) if believes_all else ()), *switched_off(self.checks))

    def _application(self) -> Flask:
        app = Flask("sample")
        app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
        app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
        protect = Protector()
        protect.register_token_validator(Bearer(self.tokens, self.product.noun, note))
        app.before_request(self._begin)
        app.after_request(self._end)
        app.register_error_handler(httpx.HTTPError, _nobody_answers)
        app.register_error_handler(HTTPException, _in_json)
        reads = self._needs(protect, self.product.read_scope)
        app.get(f"/{self.product.noun}")(reads(self.list))
        app.get(f"/{self.product.noun}/<id>", endpoint="one")(reads(self.read))
        if self.product.write_scope:
            writes = self._needs(protect, self.product.write_scope)
            app.post(f"/{self.product.noun}")(writes(self.add))
            app.delete(f"/{self.product.noun}/<id>")(writes(self.remove))
        app.get("/status")(self.status)
        return app

    def list(self) -> Response:
        """All entries."""
        return jsonify({self.product.noun: [*self._entries.values()]})

    def read(self, id: str) -> Response:
        """One entry; 404 when there is none of that id."""
        return jsonify(self._entries.get(id) or abort(404))

    def add(self) -> Response:
        """A new entry of the members that the others have; 400 when one is missing."""
        asked, members = _sent_json(), self.product.entries[0].keys() - {"id"}
        if not isinstance(asked, dict) or not members <= asked.keys():
            abort(make_response(jsonify(message=f"Needed: {', '.join(sorted(members))}."), 400))
        if len(self._entries) >= MOST_KEPT:
            abort(507)
        entry: Entry = {"id": f"{self.product.noun[:2]}-{secrets.token_hex(4)}"}
        entry |= {name: asked[name] for name in sorted(members)}
        entry |= {"by": g.caller} if g.caller else {}
        self._entries[str(entry["id"])] = entry
        answer = make_response(jsonify(entry), 201)
        answer.headers["Location"] = url_for("one", id=entry["id"])
        return answer

    def remove(self, id: str) -> Response:
        """The entry is gone; 404 when there was none of that id."""
        self._entries.pop(id, None) or abort(404)
        return Response(status=204)

    def status(self) -> Response:
        """How it does, for those who run it: meant for the house, so it asks for no token."""
        return jsonify(entries=len(self._entries), trusts=self.tokens.issuer.url)

    def _needs(self, protect: Protector, scope: str) -> Callable[[Any], Any]:
        def with_scope(view: Callable[..., Response]) -> Callable[..., Response]:
            def known(**arguments: str) -> Response:
                g.caller = str(current_token.get("sub") or "")
                return view(**arguments)

            guarded = protect(scope)(known)

            def named(**arguments: str) -> Response:
                g.scope = scope
                if self.asks_for == "token":
                    answer: Response = guarded(**arguments)
                    return answer
                g.caller = self._caller_without_token()
                return view(**arguments)

            named.__name__ = view.__name__
            return named

        return with_scope

    def _caller_without_token(self) -> str | None:
        if self.asks_for == "nothing":
            note(Note("credential", "skipped", "nothing is asked for"))
            return None
        if self.asks_for == "key":
            caller = self.keys.owner(request.headers.get(KEY_HEADER, ""))
            told = f"a key of {caller}; it may do everything" if caller else "no key that is known"
        else:
            caller = unquote(request.headers.get(USER_HEADER, "")) or None
            told = f"{USER_HEADER} says {caller}, and is believed" if caller else "no word of whom"
        note(Note(self.asks_for, "passed" if caller else "failed", told))
        if caller is None:
            answer = make_response(jsonify(message="Say who you are."), 401)
            answer.headers["WWW-Authenticate"] = f'{self.asks_for} realm="{self.product.noun}"'
            abort(answer)
        return caller

    def _begin(self) -> Response | None:
        g.id, g.notes = f"req-{secrets.token_hex(8)}", []
        if self.way_in is None:
            return None
        header, value = self.way_in
        came = hmac.compare_digest(request.headers.get(header, "").encode(), value.encode())
        told = f"{header} {'is' if came else 'is not'} the gateway's"
        note(Note("way_in", "passed" if came else "failed", told))
        return None if came else make_response(jsonify(message="Come by the gateway."), 403)

    def _end(self, answer: Response) -> Response:
        answer.headers["X-Request-Id"] = g.id
        answer.headers["Cache-Control"] = "no-store"
        if off := self.off():
            answer.headers[OFF_HEADER] = ", ".join(off)
        self.notes[g.id] = tuple(g.notes)
        while len(self.notes) > MOST_KEPT:
            self.notes.pop(next(iter(self.notes)), None)
        return answer


def note(found: Note) -> None:
    """Keep what a check of this request came to."""
    g.notes.append(found)


def _sent_json() -> Any:
    try:
        return request.get_json()
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None


def _in_json(fault: HTTPException) -> Response:
    answer = fault.get_response()
    answer.data = jsonify(message=fault.description).data
    answer.content_type = "application/json"
    return make_response(answer)


def _nobody_answers(fault: httpx.HTTPError) -> Response:
    note(Note("authorization server", "failed", f"no answer: {type(fault).__name__}"))
    answer = make_response(jsonify(message="The authorization server doesn't answer."), 503)
    answer.headers["Retry-After"] = "1"
    return answer
