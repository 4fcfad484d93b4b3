"""Authlib's client against both kinds of server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import httpx2
import jwt
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey

from tests.speaking import CALLBACK, App, Issuer, Person, public_jwk, register_app, sign_in


@contextmanager
def discovered(issuer: Issuer, *args: Any, **options: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """An Authlib client, and the metadata that it has read."""
    with OAuth2Client(*args, trust_env=False, **options) as client:
        url = f"{issuer.url}/.well-known/openid-configuration"
        yield client, client.request("GET", url, withhold_token=True).json()


def signed_in(
    client: Any, metadata: dict[str, Any], http: httpx.Client, person: Person, **extra: str
) -> dict[str, Any]:
    """The tokens after a code flow with PKCE and nonce."""
    verifier = "v" * 64
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"],
        code_verifier=verifier,
        nonce="nonce-of-the-app",
        sessionToken=sign_in(http, person),
        **extra,
    )
    back = http.get(url).headers["Location"]
    tokens: dict[str, Any] = client.fetch_token(
        metadata["token_endpoint"],
        authorization_response=back,
        state=state,
        code_verifier=verifier,
    )
    return tokens


def test_discovery_code_pkce_nonce_and_refresh(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    app = register_app(admin, cora)
    options = {
        "scope": "openid email offline_access",
        "redirect_uri": CALLBACK,
        "code_challenge_method": "S256",
    }
    with discovered(issuer, app.id, app.secret, **options) as (client, metadata):
        tokens = signed_in(client, metadata, http, cora)
        keys = jwt.PyJWKSet.from_dict(
            client.request("GET", metadata["jwks_uri"], withhold_token=True).json()
        )
        kid = jwt.get_unverified_header(tokens["id_token"])["kid"]
        claims = jwt.decode(
            tokens["id_token"], keys[kid], ["RS256"], audience=app.id, issuer=issuer.url
        )
        userinfo = client.get(metadata["userinfo_endpoint"]).json()
        renewed = client.refresh_token(metadata["token_endpoint"])

    assert claims["nonce"] == "nonce-of-the-app"
    assert claims["sub"] == userinfo["sub"] == cora.id
    assert userinfo["email"] == cora.login
    assert renewed["access_token"] != tokens["access_token"]


def test_a_public_client(
    http: httpx.Client, admin: httpx.Client, issuer: Issuer, cora: Person
) -> None:
    app = register_app(admin, cora, type="browser")
    options = {
        "scope": "openid",
        "redirect_uri": CALLBACK,
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": "none",
    }

    with discovered(issuer, app.id, **options) as (client, metadata):
        tokens = signed_in(client, metadata, http, cora)
        client.revoke_token(metadata["revocation_endpoint"], token=tokens["access_token"])
        gone = client.get(metadata["userinfo_endpoint"])

    assert gone.status_code == 401


def test_client_credentials_with_a_secret_introspection_and_revocation(
    lab: Any, admin: httpx.Client, issuer: Issuer
) -> None:
    if issuer.is_org:
        return  # The org server takes keys only; see the next test.
    app = register_app(admin, type="service")

    with discovered(issuer, app.id, app.secret, scope="orders:read") as (client, metadata):
        token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
        found = [introspected(client, metadata, token)]
        client.revoke_token(metadata["revocation_endpoint"], token=token["access_token"])
        found.append(introspected(client, metadata, token))

    assert token["scope"] == "orders:read"
    assert found[0]["active"]
    assert found[1] == {"active": False}


def introspected(client: Any, metadata: dict[str, Any], token: dict[str, Any]) -> Any:
    answer: httpx2.Response = client.introspect_token(
        metadata["introspection_endpoint"], token=token["access_token"]
    )
    return answer.json()


def test_client_credentials_with_a_private_key(
    issuer: Issuer, keyed: App, machine_scope: str, private_key: rsa.RSAPrivateKey
) -> None:
    jwk = public_jwk(private_key, "of-the-test")
    key = RSAKey.import_key(private_key, {"kid": jwk["kid"]})
    options = {"scope": machine_scope, "token_endpoint_auth_method": "private_key_jwt"}

    with discovered(issuer, keyed.id, key, **options) as (client, metadata):
        client.register_client_auth_method(
            PrivateKeyJWT(metadata["token_endpoint"], headers={"kid": jwk["kid"]})
        )
        token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")

    assert token["scope"] == machine_scope
