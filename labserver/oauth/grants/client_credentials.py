"""The client credentials grant: the client asks in its own name."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import grants

from labserver.domain.errors import Refusal
from labserver.domain.scopes import MAY_BE_ASKED, granted_scopes
from labserver.domain.tokens import Access
from labserver.domain.values import AuthorizationServer, Client
from labserver.oauth.client_auth import RegisteredClient
from labserver.oauth.grants import Issues
from labserver.oauth.issuing import decide, issue, lifetimes_of, server_of


def may_act_for_itself(server: AuthorizationServer, client: Client) -> None:
    """The client is confidential and of the kind this server takes; raises `Refusal`."""
    if not client.confidential:
        raise Refusal(
            "unauthorized_client", "Confidential client is required to make this request."
        )
    types = server.service_app_types
    if types is not None and client.application_type not in types:
        raise Refusal(
            "invalid_client",
            "Only clients with 'application_type' of 'service' may use the "
            "client_credentials 'grant_type' with the Org Authorization Server.",
            401,
        )
    if client.integration:
        # Its secret counts, at the one server that knows the management API's scopes.
        if not server.takes_integrations:
            raise Refusal(
                "unauthorized_client",
                "An API service integration gets its tokens from the Org Authorization Server.",
            )
        return
    methods = server.service_client_auth
    if methods is not None and client.auth_method not in methods:
        raise Refusal(
            "invalid_client",
            "Client Credentials requests to the Org Authorization Server must use the "
            "private_key_jwt token_endpoint_auth_method.",
            401,
        )


class ClientCredentials(Issues, grants.ClientCredentialsGrant):
    """RFC 6749 §4.4, with what the server says of service apps (Okta: service apps)."""

    def authenticate_token_endpoint_client(self) -> RegisteredClient:
        """The client, confidential and of the kind this server takes; raises `Refusal`."""
        client = super().authenticate_token_endpoint_client()
        may_act_for_itself(server_of(self.context), client.value)
        return client

    def validate_requested_scope(self) -> None:
        """Decide which scopes are granted, and keep them for the token."""
        client = self.registered
        self.scopes = granted_scopes(
            server_of(self.context), client, self.request.form.get("scope"), self.GRANT_TYPE
        )
        self.context.passed(MAY_BE_ASKED, " ".join(self.scopes))

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """The token response."""
        client = self.registered
        rule = decide(self.context, client, self.GRANT_TYPE, self.scopes)
        access = Access(grant_type=self.GRANT_TYPE, scopes=self.scopes, family=client.token_family)
        return issue(self.context, client, access, lifetimes_of(rule))
