"""How a bearer token comes in, and how a request without a good one is answered (RFC 6750)."""

from __future__ import annotations

import json

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, MissingAuthorizationError
from authlib.oauth2.rfc6749.errors import UnsupportedTokenTypeError
from authlib.oauth2.rfc6750 import (
    BearerTokenValidator,
    InsufficientScopeError,
    InvalidTokenError,
)
from werkzeug import Request, Response

from labserver.sample.checks import Checks, Note, Tell, TokenChecks, judge
from labserver.sample.issuer import Claims


class Bearer(BearerTokenValidator):  # type: ignore[misc]
    """Judges a token, and what its scopes allow."""

    def __init__(self, checks: TokenChecks, realm: str, note: Tell) -> None:
        super().__init__(realm=realm)
        self.checks = checks
        self.note = note

    def authenticate_token(self, token_string: str) -> Claims:
        """The claims of a good token; `InvalidTokenError` for any other."""
        return self.checks.claims_of(token_string, self.note)

    def validate_token(self, token: Claims, scopes: list[str], request: object) -> None:
        """Nothing happens when the token holds the scope; else `InsufficientScopeError`."""
        held = token.get("scp")
        if held is None and isinstance(token.get("scope"), str):
            # RFC 9068 §2.2.3: other servers than Okta's put them into one text.
            held = token["scope"].split()
        enough = isinstance(held, list) and set(scopes) <= set(map(str, held))
        try:
            detail = f"needs {' '.join(scopes)}, has {' '.join(map(str, held or []))}"
            judge(self.note, "scope", self.checks.on.scope, enough, detail)
        except InvalidTokenError:
            raise InsufficientScopeError() from None


def token_of(request: Request, on: Checks, note: Tell) -> str:
    """The token in the `Authorization` header.

    `MissingAuthorizationError` without one, `UnsupportedTokenTypeError` for another scheme,
    `InvalidRequestError` when nothing follows the word Bearer.
    """
    # In a query or a form, logs and histories would keep it.
    elsewhere = request.args.get("access_token") or request.form.get("access_token")
    if elsewhere and not on.header:
        note(Note("header", "skipped", "switched off; the token came in URL or body"))
        return elsewhere
    scheme, *rest = request.headers.get("Authorization", "").split(None, 1) or [""]
    if scheme.lower() != "bearer":
        lost = "; one in URL or body is not read" if elsewhere else ""
        note(Note("header", "failed", f"no bearer token in the Authorization header{lost}"))
        raise UnsupportedTokenTypeError() if scheme else MissingAuthorizationError()
    if not rest:
        raise InvalidRequestError("A token must follow the word Bearer.")
    note(Note("header", "passed", "a bearer token in the Authorization header"))
    return rest[0]


def challenge(error: OAuth2Error, realm: str, scope: str) -> Response:
    """401, 403 or 400, with a challenge that says what is missing (RFC 6750 §3)."""
    asks = [f'realm="{realm}"', f'scope="{scope}"']
    body = {"message": "Show an access token in the Authorization header."}
    # RFC 6750 §3.1: who sent no token at all is told how to, and nothing of errors.
    if not isinstance(error, MissingAuthorizationError | UnsupportedTokenTypeError):
        description = error.description or "The token is good, but its scopes don't allow this."
        body = {"error": error.error, "error_description": description}
        asks += [f'{name}="{value}"' for name, value in body.items()]
    answer = Response(json.dumps(body), error.status_code, content_type="application/json")
    answer.headers["WWW-Authenticate"] = f"Bearer {', '.join(asks)}"
    return answer
