"""A protected API: it knows an issuer, an audience, and which scope each of its methods needs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import httpx
from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, MissingAuthorizationError
from authlib.oauth2.rfc6749.errors import UnsupportedTokenTypeError
from authlib.oauth2.rfc6750 import (
    BearerTokenValidator,
    InsufficientScopeError,
    InvalidTokenError,
)
from flask import Flask, Response, abort, g, jsonify, make_response, request, url_for
from werkzeug.exceptions import HTTPException

from labserver.sample.checks import (
    OFF_HEADER,
    Checks,
    Note,
    TokenChecks,
    judge,
    switched_off,
)
from labserver.sample.issuer import Claims, Counters, Issuer
from labserver.sample.products import PRODUCTS, Entry, Product

__all__ = ["PRODUCTS", "ProtectedApi"]

MOST_KEPT = 1000
LARGEST_BODY = 64 * 1024


class Bearer(BearerTokenValidator):  # type: ignore[misc]
    """Reads and judges the token of a request, and what its scopes allow."""

    def __init__(self, checks: TokenChecks, realm: str) -> None:
        super().__init__(realm=realm)
        self.checks = checks

    def authenticate_token(self, token_string: str) -> Claims:
        """The claims of a good token; `InvalidTokenError` for any other."""
        return self.checks.claims_of(token_string, note)

    def validate_token(self, token: Claims, scopes: list[str], request: object) -> None:
        """Nothing happens when the token holds the scope; else `InsufficientScopeError`."""
        held = token.get("scp")
        if held is None and isinstance(token.get("scope"), str):
            # RFC 9068 §2.2.3: other servers than Okta's put them into one text.
            held = token["scope"].split()
        enough = isinstance(held, list) and set(scopes) <= set(map(str, held))
        try:
            detail = f"needs {' '.join(scopes)}, has {' '.join(map(str, held or []))}"
            judge(note, "scope", self.checks.on.scope, enough, detail)
        except InvalidTokenError:
            raise InsufficientScopeError() from None


class Protector(ResourceProtector):  # type: ignore[misc]
    """Lets a request in, or answers with the challenge of RFC 6750 §3."""

    def parse_request_authorization(self, request: Any) -> tuple[Bearer, str]:
        """The token in the `Authorization` header, and who judges it."""
        checks = self.get_token_validator("bearer").checks
        elsewhere = token_elsewhere()
        if elsewhere and not checks.on.header:
            note(Note("header", "skipped", "switched off; the token came in URL or body"))
            return self.get_token_validator("bearer"), elsewhere
        given = request.headers.get("Authorization", "").split(None, 1)
        if len(given) == 1 and given[0].lower() == "bearer":
            raise InvalidRequestError("A token must follow the word Bearer.")
        try:
            found: tuple[Bearer, str] = super().parse_request_authorization(request)
        except (MissingAuthorizationError, UnsupportedTokenTypeError):
            lost = "; one in URL or body is not read" if elsewhere else ""
            note(Note("header", "failed", f"no bearer token in the Authorization header{lost}"))
            raise
        note(Note("header", "passed", "a bearer token in the Authorization header"))
        return found

    def raise_error_response(self, error: OAuth2Error) -> None:
        """End the request: 401, 403 or 400, with a challenge that says what is missing."""
        asks = [f'realm="{self._default_realm}"', f'scope="{g.scope}"']
        body = {"message": "Show an access token in the Authorization header."}
        # RFC 6750 §3.1: who sent no token at all is told how to, and nothing of errors.
        if not isinstance(error, MissingAuthorizationError | UnsupportedTokenTypeError):
            description = error.description or "The token is good, but its scopes don't allow this."
            body = {"error": error.error, "error_description": description}
            asks += [f'{name}="{value}"' for name, value in body.items()]
        answer = make_response(jsonify(body), error.status_code)
        answer.headers["WWW-Authenticate"] = f"Bearer {', '.join(asks)}"
        abort(answer)


class ProtectedApi:
    """One product's API. `app` is the WSGI application; the rest are its settings.

    `checks` are the switches of its checks, `counters` its questions to the authorization server;
    while a check is off, each answer says so in `X-Lab-Checks-Off`. Every caller sees the same
    entries: whose they are is not what this API shows.
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
        self.notes: dict[str, tuple[Note, ...]] = {}
        self._entries: dict[str, Entry] = {str(one["id"]): one for one in product.entries}
        self.app = self._application()

    def _application(self) -> Flask:
        app = Flask("sample")
        app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
        app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
        protect = Protector()
        protect.register_token_validator(Bearer(self.tokens, self.product.noun))
        app.before_request(_begin)
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
        return app

    def list(self) -> Response:
        """All entries."""
        return jsonify({self.product.noun: [*self._entries.values()]})

    def read(self, id: str) -> Response:
        """One entry; 404 when there is none of that id."""
        return jsonify(self._entries.get(id) or abort(404))

    def add(self) -> Response:
        """A new entry of the members that the others have; 400 when one is missing."""
        asked, members = request.get_json(), self.product.entries[0].keys() - {"id"}
        if not isinstance(asked, dict) or not members <= asked.keys():
            abort(make_response(jsonify(message=f"Needed: {', '.join(sorted(members))}."), 400))
        if len(self._entries) >= MOST_KEPT:
            abort(507)
        entry: Entry = {"id": f"{self.product.noun[:2]}-{secrets.token_hex(4)}"}
        entry |= {name: asked[name] for name in sorted(members)}
        self._entries[str(entry["id"])] = entry
        answer = make_response(jsonify(entry), 201)
        answer.headers["Location"] = url_for("one", id=entry["id"])
        return answer

    def remove(self, id: str) -> Response:
        """The entry is gone; 404 when there was none of that id."""
        self._entries.pop(id, None) or abort(404)
        return Response(status=204)

    def _needs(self, protect: Protector, scope: str) -> Callable[[Any], Any]:
        def with_scope(view: Callable[..., Response]) -> Callable[..., Response]:
            guarded = protect(scope)(view)

            def named(**arguments: str) -> Response:
                g.scope = scope
                answer: Response = guarded(**arguments)
                return answer

            named.__name__ = view.__name__
            return named

        return with_scope

    def _end(self, answer: Response) -> Response:
        answer.headers["X-Request-Id"] = g.id
        answer.headers["Cache-Control"] = "no-store"
        if off := switched_off(self.checks):
            answer.headers[OFF_HEADER] = ", ".join(off)
        self.notes[g.id] = tuple(g.notes)
        while len(self.notes) > MOST_KEPT:
            self.notes.pop(next(iter(self.notes)))
        return answer


def note(found: Note) -> None:
    """Keep what a check of this request came to."""
    g.notes.append(found)


def token_elsewhere() -> str | None:
    """A token where none belongs: in the query or a form, where logs and histories keep it."""
    return request.args.get("access_token") or request.form.get("access_token")


def _begin() -> None:
    g.id, g.notes = f"req-{secrets.token_hex(8)}", []


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
