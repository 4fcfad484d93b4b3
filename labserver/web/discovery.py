"""The well-known documents, in every form that clients look for them."""

from __future__ import annotations

from flask import Blueprint, Response, request

from labserver.domain.values import ORG_SERVER
from labserver.oauth.metadata import oauth_metadata, openid_configuration
from labserver.store import loaders
from labserver.web import published
from labserver.web.context import current_context
from labserver.web.cors import allow_any_origin
from labserver.web.errors import ApiError, not_found

discovery = Blueprint("discovery", __name__)

_DOCUMENTS = {
    "openid-configuration": openid_configuration,
    "oauth-authorization-server": oauth_metadata,
}
_NAMES = "any('openid-configuration', 'oauth-authorization-server')"


@discovery.get(f"/.well-known/<{_NAMES}:name>")
@discovery.get(f"/oauth2/<server_id>/.well-known/<{_NAMES}:name>")
@discovery.get(f"/.well-known/<{_NAMES}:name>/oauth2/<server_id>")
def well_known(name: str, server_id: str = ORG_SERVER) -> Response:
    """RFC 8414 §3, also with its inserted path, and OpenID Connect Discovery §4."""
    context = current_context()
    context.server_id = server_id
    named = "server_id" in (request.view_args or {})
    if context.server is None or (named and server_id == ORG_SERVER):
        raise not_found(server_id, "AuthorizationServer")
    _known_client(request.args.get("client_id"))
    return published.publish(context, _DOCUMENTS[name](context.server))


@discovery.after_request
def for_browser_apps(response: Response) -> Response:
    """Apps in a browser read the documents too."""
    allow_any_origin(response)
    return response


def _known_client(client_id: str | None) -> None:
    """Refuse a `client_id` that nobody has (Okta: issuer by client)."""
    if client_id is not None and not loaders.load_client(current_context().session, client_id):
        raise ApiError("invalid_client")
