"""The engine: Authlib's server with our grants, endpoints and client authentication."""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer as AuthlibServer
from authlib.oauth2.rfc6749 import InvalidClientError, UnsupportedGrantTypeError

from labserver.domain.errors import Refusal
from labserver.oauth import client_auth
from labserver.oauth.client_auth import ClientAssertion, RegisteredClient
from labserver.oauth.context import Context
from labserver.oauth.endpoints.introspection import Introspection
from labserver.oauth.endpoints.revocation import Revocation
from labserver.oauth.grants.authorization_code import AuthorizationCode, S256Challenge
from labserver.oauth.grants.client_credentials import ClientCredentials
from labserver.oauth.grants.refresh_token import RefreshToken
from labserver.oauth.issuing import event_prefix
from labserver.oauth.wire import NO_STORE, Answer, LabRequest
from labserver.store import loaders

GRANTS: tuple[tuple[type[Any], list[Any]], ...] = (
    (AuthorizationCode, [S256Challenge(required=True)]),
    (RefreshToken, []),
    (ClientCredentials, []),
)
GRANT_TYPES = tuple(grant.GRANT_TYPE for grant, _ in GRANTS)


class Engine(AuthlibServer):
    """Answers the token, introspection and revocation endpoints of one request's server."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        for grant, extensions in GRANTS:
            self.register_grant(grant, extensions)
        self.register_endpoint(Introspection)
        self.register_endpoint(Revocation)

    def token(self, request: LabRequest) -> Answer:
        """The answer of the token endpoint (RFC 6749 §3.2)."""
        return self._answered("token.grant", request, self._token)

    def introspect(self, request: LabRequest) -> Answer:
        """The answer of the introspection endpoint (RFC 7662)."""
        return self._answered("token.introspect", request, self._endpoint(Introspection))

    def revoke(self, request: LabRequest) -> Answer:
        """The answer of the revocation endpoint (RFC 7009)."""
        return self._answered("token.revoke", request, self._endpoint(Revocation))

    def _token(self, request: LabRequest) -> Answer:
        grant_type = request.form.get("grant_type")
        if grant_type is None:
            raise Refusal(
                "invalid_request",
                "The token request must specify a 'grant_type'. "
                f"Valid values: [{', '.join(GRANT_TYPES)}].",
            )
        answer: Answer = self.create_token_response(request)
        return answer

    def _endpoint(self, endpoint: Any) -> Any:
        return lambda request: self.create_endpoint_response(endpoint.ENDPOINT_NAME, request)

    def _answered(self, event: str, request: LabRequest, respond: Any) -> Answer:
        try:
            answer: Answer = respond(request)
            return answer
        except Refusal as refusal:
            self.context.refused(refusal)
            self.context.event(
                f"{event_prefix(self.context)}.{event}",
                "OAuth 2.0 request is refused",
                outcome="FAILURE",
                reason=refusal.name,
            )
            return refusal_answer(refusal, basic=bool(request.headers.get("Authorization")))

    # What Authlib asks of a server class.

    def query_client(self, client_id: str) -> RegisteredClient | None:
        """The active client of this id."""
        client = loaders.load_client(self.context.session, client_id)
        return RegisteredClient(client) if client is not None else None

    def authenticate_client(
        self, request: LabRequest, methods: list[str], endpoint: str = "token"
    ) -> RegisteredClient:
        """The client that the request proves to come from; raises `Refusal`.

        Authlib's registry runs the one method that the request shows, after we counted them.
        """
        method = client_auth.presented_method(request)
        if method == "none" and "none" not in methods:
            raise client_auth.refused("No client credentials found.")
        self._register_methods(endpoint)
        client: RegisteredClient = self._client_auth.authenticate(request, [method], endpoint)
        self.context.actor_client = client.value
        self.context.passed("client is known", client.value.name)
        self.context.passed("client authentication succeeds", method)
        return client

    def _register_methods(self, endpoint: str) -> None:
        server = self.context.server
        assert server is not None
        url = f"{server.endpoint_root}/{_PATHS[endpoint]}"
        by_basic = client_auth.by_basic_name if endpoint == "revocation" else client_auth.by_basic
        self.register_client_auth_method("client_secret_basic", by_basic)
        self.register_client_auth_method("client_secret_post", client_auth.by_post)
        self.register_client_auth_method("none", client_auth.by_name)
        self.register_client_auth_method("client_assertion", ClientAssertion(self.context, url))

    def create_oauth2_request(self, request: LabRequest) -> LabRequest:
        """The request is one already."""
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens: the log events are ours."""

    def save_token(self, token: dict[str, Any], request: LabRequest) -> None:
        """Nothing: `issuing` has written what must last."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """An `Answer` of what Authlib hands over."""
        return Answer(status, body)

    def handle_error_response(self, request: LabRequest, error: OAuth2Error) -> Answer:
        """Turn what Authlib refuses by itself into a refusal of ours."""
        if isinstance(error, UnsupportedGrantTypeError):
            raise Refusal(
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server. "
                f"Configured grant types: [{', '.join(GRANT_TYPES)}].",
            )
        if isinstance(error, InvalidClientError):
            raise client_auth.refused(client_auth.FAILED)
        raise Refusal(error.error, error.description or "", error.status_code)


_PATHS = {"token": "token", "introspection": "introspect", "revocation": "revoke"}


def refusal_answer(refusal: Refusal, *, basic: bool = False) -> Answer:
    """The JSON error of a refusal; a failed Basic header is challenged (RFC 6749 §5.2)."""
    headers: tuple[tuple[str, str], ...] = NO_STORE
    if refusal.status == 401 and basic:
        headers = (*headers, ("WWW-Authenticate", 'Basic realm="Grantlab"'))
    body = {"error": refusal.error, "error_description": refusal.description}
    return Answer(refusal.status, body, headers)
