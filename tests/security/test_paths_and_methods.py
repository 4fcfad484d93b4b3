"""Odd paths, methods and headers lead nowhere that was not meant."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

ODD_PATHS = [
    "//evil.example/login/login.htm",
    "/login//login.htm",
    "//oauth2//v1//authorize",
    "/oauth2//v1/keys",
    "/oauth2/v1/keys/",
    "/login/login.htm/",
    "/assets//etc/passwd",
    "/assets/..%2f..%2fapp.py",
    "/assets/%2e%2e/%2e%2e/app.py",
    "/.well-known//openid-configuration",
    "/oauth2/%2e%2e/v1/keys",
    "/oauth2/default%0d%0aX:1/v1/keys",
    "/orgs/x/oauth2/v1/keys",
]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_an_odd_path_is_not_found_and_redirects_nowhere(lab: Any, path: str) -> None:
    with httpx.Client(trust_env=False) as client:
        request = client.build_request("GET", lab.url, headers={"Host": "evil.example"})
        prefix = request.url.raw_path
        request.url = request.url.copy_with(raw_path=prefix + path.encode())
        answer = client.send(request)

    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert "evil.example" not in answer.text.replace(path, "")


@pytest.mark.parametrize("path", ["/login/login.htm", "/app/UserHome", "/oauth2/v1/token"])
@pytest.mark.parametrize("method", ["PUT", "TRACE", "PROPFIND"])
def test_an_unknown_method_is_told_the_known_ones(
    http: httpx.Client, path: str, method: str
) -> None:
    answer = http.request(method, path)

    assert answer.status_code == 405
    assert {"POST", "GET"} & set(answer.headers["Allow"].split(", "))


def test_headers_of_proxies_count_only_behind_one(http: httpx.Client, lab: Any) -> None:
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.example;proto=https",
        "X-HTTP-Method-Override": "DELETE",
    }

    page = http.get("/login/login.htm", headers=headers)
    metadata = http.get("/oauth2/default/.well-known/openid-configuration", headers=headers)

    assert "evil" not in page.text + metadata.text
    assert "Secure" not in page.headers["Set-Cookie"]
    assert metadata.json()["issuer"] == f"{lab.url}/oauth2/default"
