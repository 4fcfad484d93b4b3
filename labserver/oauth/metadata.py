"""The metadata documents: what is advertised works (RFC 8414, OpenID Connect Discovery)."""

from __future__ import annotations

from typing import Any

from labserver.domain.authorize import RESPONSE_MODES
from labserver.domain.values import AuthorizationServer

AUTH_METHODS = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "none",
]
_ASSERTION_ALGORITHMS = [
    *("HS256", "HS384", "HS512"),
    *("RS256", "RS384", "RS512"),
    *("ES256", "ES384", "ES512"),
]
_ID_TOKEN_CLAIMS = (
    "iss ver sub aud iat exp jti auth_time amr idp nonce name nickname preferred_username "
    "given_name middle_name family_name email email_verified profile zoneinfo locale address "
    "phone_number picture website gender birthdate updated_at at_hash c_hash"
)
_ACCESS_TOKEN_CLAIMS = "ver jti iss aud iat exp cid uid scp sub"
_RESPONSE_TYPES = ["code", "id_token", "code id_token", "code token", "id_token token"]


def openid_configuration(server: AuthorizationServer) -> dict[str, Any]:
    """The OpenID Connect document of a server (OIDC Discovery §3)."""
    root = server.endpoint_root
    return _common(server) | {
        "userinfo_endpoint": f"{root}/userinfo",
        "end_session_endpoint": f"{root}/logout",
        "response_types_supported": [*_RESPONSE_TYPES, "code id_token token"],
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": _ID_TOKEN_CLAIMS.split(),
    }


def oauth_metadata(server: AuthorizationServer) -> dict[str, Any]:
    """The OAuth document of a server: without what is about ID tokens (RFC 8414 §2)."""
    grant_types = ["authorization_code", "implicit", "refresh_token"]
    if server.service_app_types is None:
        grant_types.append("client_credentials")
    return _common(server) | {
        "end_session_endpoint": f"{server.endpoint_root}/logout",
        "response_types_supported": [*_RESPONSE_TYPES, "token", "code id_token token"],
        "grant_types_supported": grant_types,
        "claims_supported": _ACCESS_TOKEN_CLAIMS.split(),
    }


def _common(server: AuthorizationServer) -> dict[str, Any]:
    root = server.endpoint_root
    org_url = server.issuer.removesuffix(f"/oauth2/{server.id}")
    return {
        "issuer": server.issuer,
        "authorization_endpoint": f"{root}/authorize",
        "token_endpoint": f"{root}/token",
        "jwks_uri": f"{root}/keys",
        # Clients are the org's, whichever servers they ask.
        "registration_endpoint": f"{org_url}/oauth2/v1/clients",
        "introspection_endpoint": f"{root}/introspect",
        "revocation_endpoint": f"{root}/revoke",
        "response_modes_supported": list(RESPONSE_MODES),
        "subject_types_supported": ["public"],
        "scopes_supported": [scope.name for scope in server.scopes.values() if scope.published],
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": AUTH_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": _ASSERTION_ALGORITHMS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
