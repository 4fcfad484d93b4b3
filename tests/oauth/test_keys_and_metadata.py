"""Keys and metadata: true, complete, and found wherever clients look for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc.jwk import RSAKey

from tests.conftest import running
from tests.speaking import (
    App,
    Issuer,
    Person,
    add_server,
    custom_server,
    done,
    header_of,
    introspect,
    move_clock,
    org_server,
    tokens_for,
    verified,
)

OPENID = "openid-configuration"
OAUTH = "oauth-authorization-server"
CLASSES = {OPENID: OpenIDProviderMetadata, OAUTH: AuthorizationServerMetadata}


def metadata(http: httpx.Client, issuer: Issuer, name: str = OPENID) -> dict[str, Any]:
    document: dict[str, Any] = done(http.get(f"{issuer.url}/.well-known/{name}"))
    return document


@pytest.mark.parametrize("name", [OPENID, OAUTH])
def test_metadata_is_valid(http: httpx.Client, issuer: Issuer, name: str) -> None:
    document = metadata(http, issuer, name)

    CLASSES[name](document).validate()
    assert document["issuer"] == issuer.url
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "none" not in str(
        [value for key, value in document.items() if key.endswith("signing_alg_values_supported")]
    )
    assert all(value not in (None, "", []) for value in document.values())


@pytest.mark.parametrize("name", [OPENID, OAUTH])
def test_every_url_that_metadata_lists_answers(
    http: httpx.Client, issuer: Issuer, name: str
) -> None:
    document = metadata(http, issuer, name)
    urls = {
        key: value
        for key, value in document.items()
        if key.endswith("_endpoint") or key == "jwks_uri"
    }

    statuses = {}
    for key, url in urls.items():
        # Clients are registered with the org, whichever server they ask.
        root = f"{http.base_url}oauth2/v1" if key == "registration_endpoint" else issuer.root
        assert url.startswith(f"{root}/"), key
        send = http.get if key in _BY_GET else http.post
        statuses[key] = send(url).status_code

    assert statuses == {key: _EXPECTED[key] for key in urls}


_BY_GET = {"authorization_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"}
_EXPECTED = {
    "authorization_endpoint": 400,
    "token_endpoint": 401,
    "jwks_uri": 200,
    "userinfo_endpoint": 401,
    "introspection_endpoint": 401,
    "revocation_endpoint": 401,
    "end_session_endpoint": 400,
    "registration_endpoint": 401,
}
"""What each endpoint says to a bare request: it is there, and asks for what is missing.

The token endpoint's first question is the grant type.
"""
_EXPECTED["token_endpoint"] = 400


def test_the_oauth_document_leaves_out_what_is_about_id_tokens(
    http: httpx.Client, issuer: Issuer
) -> None:
    document = metadata(http, issuer, OAUTH)

    assert "userinfo_endpoint" not in document
    assert not [key for key in document if key.startswith("id_token_")]
    assert "token" in document["response_types_supported"]
    assert ("client_credentials" in document["grant_types_supported"]) is not issuer.is_org


def test_metadata_names_published_scopes_only(http: httpx.Client, custom: Issuer) -> None:
    scopes = metadata(http, custom)["scopes_supported"]

    assert "orders:read" in scopes
    assert "orders:write" not in scopes
    assert {"openid", "profile", "email", "address", "phone", "offline_access"} <= set(scopes)


def test_the_org_server_does_not_advertise_api_scopes(http: httpx.Client, org: Issuer) -> None:
    scopes = metadata(http, org)["scopes_supported"]

    assert not [scope for scope in scopes if scope.startswith("okta.")]
    assert "groups" in scopes


@pytest.mark.parametrize("name", [OPENID, OAUTH])
def test_advertised_client_authentication_is_all_five_methods(
    http: httpx.Client, issuer: Issuer, name: str
) -> None:
    document = metadata(http, issuer, name)

    for endpoint in ("token", "introspection", "revocation"):
        assert set(document[f"{endpoint}_endpoint_auth_methods_supported"]) == {
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "none",
        }


@pytest.fixture(scope="module", params=["", "/lab"], ids=["no prefix", "prefix"])
def place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    make_key: Callable[[], RSAKey],
) -> Iterator[tuple[str, str]]:
    """A server's bare address and its URL prefix, with an org `ada` beside the root org."""
    folder = tmp_path_factory.mktemp("place")
    with running(folder, make_key, url_prefix=request.param) as server:
        answer = httpx.post(
            f"{server.url}/api/v1/orgs",
            json={"subdomain": "ada", "name": "Ada"},
            headers={"Authorization": f"SSWS {server.token}"},
            trust_env=False,
        )
        assert answer.status_code == 201, answer.text
        yield server.url.removesuffix(request.param), request.param


@pytest.mark.parametrize("name", [OPENID, OAUTH])
@pytest.mark.parametrize("org", ["", "/orgs/ada"], ids=["root", "ada"])
@pytest.mark.parametrize("server", ["", "/oauth2/default"], ids=["org", "custom"])
@pytest.mark.parametrize("inserted", [False, True], ids=["after", "inserted"])
def test_every_form_of_a_well_known_path_leads_to_the_same_issuer(
    place: tuple[str, str], name: str, org: str, server: str, inserted: bool
) -> None:
    address, prefix = place
    path = f"{prefix}{org}{server}"
    well_known = f"/.well-known/{name}"

    answer = httpx.get(
        address + (well_known + path if inserted else path + well_known), trust_env=False
    )

    assert answer.status_code == 200, answer.text
    assert answer.json()["issuer"] == f"{address}{path}"
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("place", ["/lab"], indirect=True, ids=["prefix"])
def test_outside_the_prefix_there_is_nothing(place: tuple[str, str]) -> None:
    address, _ = place

    for path in ("/oauth2/default/v1/keys", "/.well-known/openid-configuration", "/labs/x"):
        assert httpx.get(address + path, trust_env=False).status_code == 404


def test_the_host_header_decides_nothing(http: httpx.Client, issuer: Issuer) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "x"}

    answer = http.get(f"{issuer.url}/.well-known/{OPENID}", headers=headers)

    assert answer.json()["issuer"] == issuer.url
    assert "evil" not in answer.text


@pytest.mark.parametrize("name", [OPENID, OAUTH])
def test_metadata_may_be_cached_and_read_by_any_script(
    http: httpx.Client, issuer: Issuer, name: str
) -> None:
    url = f"{issuer.url}/.well-known/{name}"
    first = http.get(url, headers={"Origin": "https://app.example"})

    again = http.get(url, headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age" in first.headers["Cache-Control"]
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
)
@pytest.mark.parametrize("server_id", ["nobody", "org"])
def test_an_unknown_server_has_no_metadata(
    http: httpx.Client, lab: Any, server_id: str, path: str
) -> None:
    answer = http.get(f"{lab.url}/oauth2/{server_id}{path}")

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000007")


def test_an_unknown_org_has_nothing(root: httpx.Client) -> None:
    answer = root.get("/orgs/nobody/.well-known/openid-configuration")

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "E0000007")


# Keys


def test_keys_are_public_and_strong(http: httpx.Client, issuer: Issuer) -> None:
    answer = http.get(issuer.at("keys"))

    keys = done(answer)["keys"]
    assert len(keys) == 2
    for key in keys:
        assert set(key) == {"kty", "alg", "use", "kid", "e", "n"}
        assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
        assert RSAKey.import_key(key).raw_value.key_size >= 2048
    assert len({key["kid"] for key in keys}) == 2
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age" in answer.headers["Cache-Control"]


def test_each_server_has_keys_of_its_own(http: httpx.Client, org: Issuer, custom: Issuer) -> None:
    kids = [
        {key["kid"] for key in done(http.get(issuer.at("keys")))["keys"]}
        for issuer in (org, custom)
    ]

    assert not kids[0] & kids[1]


def test_after_a_rotation_old_tokens_are_still_proven_until_the_last_one_has_ended(
    http: httpx.Client, admin: httpx.Client, custom: Issuer, web: App, cora: Person
) -> None:
    old = tokens_for(http, custom, web, cora)["access_token"]
    path = "/api/v1/authorizationServers/default/credentials/lifecycle/keyRotate"

    done(admin.post(path, json={"use": "sig"}))

    new = tokens_for(http, custom, web, cora)["access_token"]
    assert header_of(new)["kid"] != header_of(old)["kid"]
    for token in (old, new):
        assert verified(http, custom, token, "api://default")
        assert introspect(http, custom, web, token)["active"]
    assert len(done(http.get(custom.at("keys")))["keys"]) == 3
    move_clock(admin, 24 * 3600 + 1)
    kids = {key["kid"] for key in done(http.get(custom.at("keys")))["keys"]}
    assert header_of(old)["kid"] not in kids
    assert header_of(new)["kid"] in kids


def test_a_deactivated_server_is_gone_from_all_its_paths_and_back_when_activated(
    http: httpx.Client, admin: httpx.Client, lab: Any
) -> None:
    server_id = add_server(admin, "Orders")
    issuer = custom_server(lab.url, server_id)
    path = f"/api/v1/authorizationServers/{server_id}/lifecycle"
    assert http.get(issuer.at("keys")).status_code == 200

    done(admin.post(f"{path}/deactivate"))

    answers = {
        "metadata": http.get(f"{issuer.url}/.well-known/{OPENID}").status_code,
        "keys": http.get(issuer.at("keys")).status_code,
        "authorize": http.get(issuer.at("authorize")).status_code,
        "logout": http.get(issuer.at("logout")).status_code,
        **{
            name: http.post(issuer.at(name)).status_code
            for name in ("token", "introspect", "revoke", "userinfo")
        },
    }
    assert answers == {
        "metadata": 404, "keys": 404, "authorize": 404, "logout": 404,
        "token": 400, "introspect": 400, "revoke": 400, "userinfo": 400,
    }  # fmt: skip
    done(admin.post(f"{path}/activate"))
    assert http.get(issuer.at("keys")).status_code == 200


def test_an_unknown_server_is_named_invalid(http: httpx.Client, lab: Any) -> None:
    issuer = custom_server(lab.url, "nobody")

    for endpoint in ("token", "introspect", "revoke"):
        answer = http.post(issuer.at(endpoint))
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "invalid_request",
            "error_description": "The authorization server id is invalid.",
        }


def test_two_orgs_have_keys_apart(http: httpx.Client, new_lab: Callable[[], Any]) -> None:
    kids = [
        {key["kid"] for key in done(http.get(org_server(new_lab().url).at("keys")))["keys"]}
        for _ in range(2)
    ]

    assert not kids[0] & kids[1]


@pytest.mark.parametrize(
    "endpoint", ["token", "introspect", "revoke", "userinfo", "keys", "authorize", "logout"]
)
def test_preflights_are_answered_for_what_scripts_call(
    http: httpx.Client, issuer: Issuer, endpoint: str
) -> None:
    answer = http.options(
        issuer.at(endpoint),
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,x-okta-user-agent-extended",
        },
    )

    if endpoint in ("authorize", "logout"):
        assert "Access-Control-Allow-Origin" not in answer.headers
        return
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    for name in ("content-type", "authorization", "dpop", "x-okta-user-agent-extended"):
        assert name in allowed
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_new_org_costs_no_key(make_key: Callable[[], RSAKey], tmp_path: Path) -> None:
    made = []

    def counting() -> RSAKey:
        made.append(1)
        return make_key()

    with running(tmp_path, counting) as server:
        headers = {"Authorization": f"SSWS {server.token}"}
        body = {"subdomain": "ada", "name": "Ada"}
        url = f"{server.url}/api/v1/orgs"
        assert httpx.post(url, json=body, headers=headers, trust_env=False).status_code == 201

    assert made == []
