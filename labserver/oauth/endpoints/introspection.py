"""Introspection: does this token hold, here and now?"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from labserver.domain.errors import Refusal
from labserver.oauth.client_auth import RegisteredClient
from labserver.oauth.context import Context
from labserver.oauth.found_tokens import FoundToken, find_token
from labserver.oauth.grants import CLIENT_AUTH_METHODS
from labserver.oauth.wire import LabRequest
from labserver.store import loaders


class Introspection(IntrospectionEndpoint):
    """RFC 7662; whatever does not hold is exactly `{"active": false}`."""

    CLIENT_AUTH_METHODS = CLIENT_AUTH_METHODS

    @property
    def context(self) -> Context:
        """The request's context."""
        context: Context = self.server.context
        return context

    def check_params(self, request: LabRequest, client: RegisteredClient) -> None:
        """A token is there; hints are ignored, as RFC 7662 §2.1 allows."""
        token_is_there(request)

    def query_token(self, token_string: str, token_type_hint: str | None) -> FoundToken | None:
        """The token, if it holds."""
        return find_token(self.context, token_string)

    def check_permission(
        self, token: FoundToken, client: RegisteredClient, request: LabRequest
    ) -> bool:
        """Confidential clients see any access or ID token, otherwise each its own alone."""
        own = token.check_client(client)
        allowed = own or (client.value.confidential and token.kind != "refresh_token")
        self.context.note("client may ask about this token", "passed" if allowed else "failed")
        return allowed

    def introspect_token(self, token: FoundToken) -> dict[str, Any]:
        """The answer about a token that holds (RFC 7662 §2.2)."""
        answer: dict[str, Any] = {"active": True, "token_type": "Bearer"}
        if token.kind == "refresh_token":
            return answer | token.claims
        claims = dict(token.claims)
        if token.kind == "access_token":
            answer |= {"scope": " ".join(claims.pop("scp", [])), "client_id": claims.pop("cid")}
        user_id = claims.get("uid") or (claims["sub"] if token.kind == "id_token" else None)
        user = loaders.load_user(self.context.session, user_id) if user_id else None
        if user is not None:
            answer["username"] = user.login
        claims.pop("ver", None)
        return answer | claims


def token_is_there(request: LabRequest) -> None:
    """Refuse a request without the `token` parameter."""
    if "token" not in request.form:
        raise Refusal("invalid_request", "The 'token' parameter is required.")
