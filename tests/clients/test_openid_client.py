"""openid-client, the certified client for Node, against both kinds of server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.speaking import CALLBACK, App, Issuer, Person, register_app, sign_in

pytestmark = pytest.mark.npm

HERE = Path(__file__).parent
PACKAGE = HERE.parent / "node_modules" / "openid-client"


@pytest.fixture(scope="module", autouse=True)
def _node_is_there() -> None:
    if shutil.which("node") and PACKAGE.is_dir():
        return
    missing = "Node and the packages of tests/package.json are missing; `make test` installs them."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def run(lab: dict[str, Any]) -> dict[str, Any]:
    """What the script did at this lab."""
    ended = subprocess.run(
        ["node", str(HERE / "openid_client.mjs")],
        input=json.dumps(lab),
        capture_output=True,
        text=True,
        timeout=60,
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    )
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def test_openid_client_walks_every_flow(
    http: httpx.Client,
    admin: httpx.Client,
    issuer: Issuer,
    cora: Person,
    keyed: App,
    machine_scope: str,
    private_key: rsa.RSAPrivateKey,
) -> None:
    web = register_app(admin, cora)
    spa = register_app(admin, cora, type="browser")
    job = register_app(admin, type="service")
    jwk = json.loads(RSAAlgorithm.to_jwk(private_key)) | {"kid": "of-the-test"}

    result = run(
        {
            "issuer": issuer.url,
            "redirect_uri": CALLBACK,
            "session_tokens": [sign_in(http, cora), sign_in(http, cora)],
            "web": {"id": web.id, "secret": web.secret},
            "spa": {"id": spa.id},
            "job": {"id": job.id, "secret": job.secret},
            "scope": None if issuer.is_org else "orders:read",
            "keyed": {"id": keyed.id, "jwk": jwk, "scope": machine_scope},
        }
    )

    assert result["metadata"] == {"issuer": issuer.url, "pkce": True}
    assert result["code"]["claims"]["sub"] == cora.id
    assert result["code"]["scope"] == "openid email offline_access"
    assert result["userinfo"]["email"] == cora.login
    assert result["refresh"]["changed"]
    assert result["refresh"]["claims"]["sub"] == cora.id
    assert result["before"]["active"]
    assert result["after"] == {"active": False}
    assert result["dead"]
    assert result["public"]["claims"]["aud"] == spa.id
    assert result["signOut"].startswith(issuer.at("logout"))
    assert result["keyed"]["scope"] == machine_scope
    if not issuer.is_org:
        assert result["machine"]["scope"] == "orders:read"
