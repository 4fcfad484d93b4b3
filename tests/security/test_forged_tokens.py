"""Tokens that others signed, and tokens in another one's place, open nothing."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.speaking import (
    ASSERTION_TYPE,
    CALLBACK,
    App,
    Authorized,
    Issuer,
    Person,
    authorize,
    call,
    claims_of,
    custom_server,
    done,
    exchange_code,
    fields_of,
    find_person,
    header_of,
    introspect,
    org_server,
    public_jwk,
    refresh,
    register_app,
    sign_in,
    tokens_for,
)

Forge = Callable[[str, dict[str, Any]], str]

STRANGER = rsa.generate_private_key(65537, 2048)


@pytest.fixture(params=["org", "custom"])
def issuer(request: pytest.FixtureRequest, lab: Any) -> Issuer:
    """Each kind of server."""
    return org_server(lab.url) if request.param == "org" else custom_server(lab.url)


@pytest.fixture
def cora(admin: httpx.Client) -> Person:
    """A customer."""
    return find_person(admin, "cora")


@pytest.fixture
def web(admin: httpx.Client, cora: Person) -> App:
    """A web app that sends its secret in the body."""
    return register_app(admin, cora, auth="client_secret_post")


def _unsigned(token: str, published: dict[str, Any]) -> str:
    return jwt.encode(claims_of(token), "", "none", headers={"kid": header_of(token)["kid"]})


def _signature_left_out(token: str, published: dict[str, Any]) -> str:
    return token.rpartition(".")[0] + "."


def _hmac_by_public_key(token: str, published: dict[str, Any]) -> str:
    public: Any = jwt.PyJWK(published).key
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = urlsafe_b64encode(b'{"alg":"HS256","kid":"%s"}' % published["kid"].encode())
    signed = head.rstrip(b"=") + b"." + token.split(".")[1].encode()
    tag = urlsafe_b64encode(hmac.new(pem, signed, hashlib.sha256).digest()).rstrip(b"=")
    return (signed + b"." + tag).decode()


def _signed_with(**headers: Any) -> Forge:
    def forge(token: str, published: dict[str, Any]) -> str:
        given = {"kid": header_of(token)["kid"]} | headers
        known = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(claims_of(token), STRANGER, "RS256", headers=known)

    return forge


FORGERIES = {
    "alg none": _unsigned,
    "no signature": _signature_left_out,
    "HS256 by the public key": _hmac_by_public_key,
    "a stranger's key": _signed_with(),
    "jwk": _signed_with(jwk=public_jwk(STRANGER, "k")),
    "jku": _signed_with(jku="http://127.0.0.1:9/keys"),
    "x5u": _signed_with(x5u="http://127.0.0.1:9/cert"),
    "no kid": _signed_with(kid=None),
    "kid of a file": _signed_with(kid="../../../../dev/null"),
    "kid of a statement": _signed_with(kid="' OR 1=1 --"),
    "crit": _signed_with(crit=["exp"]),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_opens_nothing(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, forge: Forge
) -> None:
    tokens = tokens_for(http, issuer, web, cora)
    published = done(http.get(issuer.at("keys")))["keys"][0]
    access = forge(tokens["access_token"], published)
    hint = forge(tokens["id_token"], published)

    userinfo = http.get(issuer.at("userinfo"), headers={"Authorization": f"Bearer {access}"})
    signed_out = http.get(issuer.at("logout"), params={"id_token_hint": hint})
    call(http, issuer, "revoke", web, token=access)

    assert userinfo.status_code == 401
    assert signed_out.status_code == 400
    assert introspect(http, issuer, web, access) == {"active": False}
    assert introspect(http, issuer, web, hint) == {"active": False}
    assert introspect(http, issuer, web, tokens["access_token"])["active"] is True


def _places(
    http: httpx.Client, issuer: Issuer, authorized: Authorized, value: str
) -> dict[str, bool]:
    """Where this value is good."""
    at, web = issuer.at("authorize"), authorized.app
    ask = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "s"}
    code = exchange_code(http, issuer, authorized, code=value)
    grant = {"grant_type": "refresh_token", "refresh_token": "unknown"}
    by_secret = {"client_id": web.id, "client_secret": value} | grant
    secret = http.post(issuer.at("token"), data=by_secret)
    by_assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": value} | grant
    assertion = http.post(issuer.at("token"), data=by_assertion)
    http.cookies.clear()
    with_session_token = http.get(at, params={"client_id": web.id} | ask | {"sessionToken": value})
    http.cookies.clear()
    resumed = http.get(at, params={"client_id": web.id, "request_uri": value})
    bearer = {"Authorization": f"Bearer {value}"}
    api = "/api/v1/users/me"
    return {
        "code": code.is_success,
        "refresh token": refresh(http, issuer, web, value).is_success,
        "introspection": introspect(http, issuer, web, value)["active"],
        "userinfo": http.get(issuer.at("userinfo"), headers=bearer).is_success,
        "hint": http.get(issuer.at("logout"), params={"id_token_hint": value}).is_redirect,
        "session token": "code" in fields_of(with_session_token),
        "cookie": http.get("/api/v1/sessions/me", headers={"Cookie": f"sid={value}"}).is_success,
        "API token": http.get(api, headers={"Authorization": f"SSWS {value}"}).is_success,
        "bearer of the API": http.get(api, headers=bearer).is_success,
        "parked request": resumed.is_redirect,
        "secret": secret.json()["error"] != "invalid_client",
        "assertion": assertion.json()["error"] != "invalid_client",
    }


GOOD_IN = {
    "access token": {"introspection", "userinfo"},
    "ID token": {"introspection", "hint"},
    "refresh token": {"refresh token", "introspection"},
    "code": {"code"},
    "session token": {"session token"},
    "API token": {"API token"},
    "cookie": {"cookie"},
    "browser cookie": set(),
    "parked request": set(),
    "secret": {"secret"},
}


@pytest.mark.parametrize("kind", GOOD_IN)
def test_kinds_of_tokens_do_not_mix(
    http: httpx.Client, issuer: Issuer, web: App, cora: Person, lab: Any, kind: str
) -> None:
    tokens = tokens_for(http, issuer, web, cora, "openid profile offline_access")
    cookie = http.cookies["sid"]
    http.cookies.clear()
    ask = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "s"}
    parked = http.get(issuer.at("authorize"), params={"client_id": web.id} | ask)
    browser = http.cookies["browser"]
    http.cookies.clear()
    authorized = authorize(http, issuer, web, cora)
    values = {
        "access token": tokens["access_token"],
        "ID token": tokens["id_token"],
        "refresh token": tokens["refresh_token"],
        "code": authorized.code,
        "session token": sign_in(http, cora),
        "API token": lab.token,
        "cookie": cookie,
        "browser cookie": browser,
        "parked request": fields_of(parked)["request_uri"],
        "secret": web.secret,
    }
    http.cookies.clear()

    places = _places(http, issuer, authorized, str(values[kind]))

    assert {place for place, good in places.items() if good} == GOOD_IN[kind]
