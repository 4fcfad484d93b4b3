"""One file a grant, and what all of them share."""

from __future__ import annotations

from typing import Any

from labserver.domain.errors import Refusal
from labserver.domain.values import Client, User
from labserver.oauth.client_auth import RegisteredClient
from labserver.oauth.context import Context
from labserver.oauth.wire import LabRequest
from labserver.store import loaders

CLIENT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "client_assertion", "none")
PERSON = "person is active and assigned to the app"
"""The check's name among the server's reasons."""


def may_use(context: Context, client: Client, grant_type: str) -> None:
    """The client is set up for this grant type; raises `Refusal`."""
    if grant_type not in client.grant_types:
        configured = ", ".join(sorted(client.grant_types))
        raise Refusal(
            "unauthorized_client",
            "The client is not authorized to use the provided grant type. "
            f"Configured grant types: [{configured}].",
            check="client may use the grant type",
        )
    context.passed("client may use the grant type", grant_type)


class Issues:
    """What our grants share: client authentication in Okta's words, tokens made by `issuing`."""

    TOKEN_ENDPOINT_AUTH_METHODS = CLIENT_AUTH_METHODS
    GRANT_TYPE: str
    request: LabRequest
    server: Any

    @property
    def context(self) -> Context:
        """The request's context."""
        context: Context = self.server.context
        return context

    @property
    def registered(self) -> Client:
        """The authenticated client."""
        client: RegisteredClient = self.request.client
        return client.value

    def authenticate_token_endpoint_client(self) -> RegisteredClient:
        """The client, once it has proven itself and may use this grant; raises `Refusal`."""
        client: RegisteredClient = self.server.authenticate_client(
            self.request, self.TOKEN_ENDPOINT_AUTH_METHODS
        )
        may_use(self.context, client.value, self.GRANT_TYPE)
        return client

    def living_user(self, user_id: str | None, problem: Refusal) -> User:
        """The person of a grant, still active and still assigned to the app; raises `Refusal`."""
        user = loaders.load_user(self.context.session, user_id) if user_id else None
        if user is None or not user.may_sign_in:
            raise problem
        self.context.actor_user = user
        if not loaders.is_assigned(self.context.session, self.registered.id, user):
            raise Refusal(
                "access_denied",
                "User is not assigned to the client application.",
                name="user_not_assigned",
                check=PERSON,
            )
        self.context.passed(PERSON, user.login)
        return user
