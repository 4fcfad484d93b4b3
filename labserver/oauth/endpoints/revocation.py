"""Revocation: a client ends its own token."""

from __future__ import annotations

from authlib.oauth2.rfc7009 import RevocationEndpoint

from labserver.oauth.client_auth import RegisteredClient
from labserver.oauth.context import Context
from labserver.oauth.endpoints.introspection import token_is_there
from labserver.oauth.found_tokens import FoundToken, find_token
from labserver.oauth.grants import CLIENT_AUTH_METHODS
from labserver.oauth.issuing import event_prefix
from labserver.oauth.wire import NO_STORE, LabRequest
from labserver.store import ledger


class Revocation(RevocationEndpoint):
    """RFC 7009: 200 with an empty body, also for tokens that nobody knows."""

    CLIENT_AUTH_METHODS = CLIENT_AUTH_METHODS

    @property
    def context(self) -> Context:
        """The request's context."""
        context: Context = self.server.context
        return context

    def check_params(self, request: LabRequest, client: RegisteredClient) -> None:
        """A token is there; hints are ignored, as RFC 7009 §2.1 allows."""
        token_is_there(request)

    def query_token(self, token_string: str, token_type_hint: str | None) -> FoundToken | None:
        """The token, if it holds and belongs to the client; others are left alone."""
        found = find_token(self.context, token_string)
        client = self.context.actor_client
        own = found is not None and client is not None and found.client_id == client.id
        self.context.note(
            "token belongs to the client", "passed" if own else "skipped",
            "" if own else "Unknown, ended already or of another client: nothing to revoke.",
        )  # fmt: skip
        return found if own else None

    def revoke_token(self, token: FoundToken, request: LabRequest) -> None:
        """End an access token alone; a refresh token with all that stems from it."""
        context = self.context
        if token.kind == "refresh_token" and token.family is not None:
            ledger.revoke_family(context.session, token.family, context.now)
            context.passed("refresh token and its access tokens are revoked")
        elif token.kind == "access_token":
            ledger.revoke_jti(context.session, token.claims["jti"], token.claims["exp"])
            context.passed("access token is revoked")
        context.event(f"{event_prefix(context)}.token.revoke", "OAuth 2.0 token is revoked")

    def create_endpoint_response(self, request: LabRequest) -> tuple[int, None, object]:
        """As Authlib does it, with the empty body that RFC 7009 §2.2 asks for."""
        super().create_endpoint_response(request)
        return 200, None, NO_STORE
