"""Admins and service apps of a lesson's own, with the credentials that they call the API by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from grantlab.finding import client_for
from grantlab.lab import Lab
from grantlab.lessons.own import own_app

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Creator:
    """A person with an API token, which may all that the person may."""

    id: str
    login: str
    api_token: str = field(repr=False)


def own_creator(lab: Lab, name: str, *roles: str) -> Creator:
    """A new person with these standard roles, and an API token of theirs.

    `httpx.HTTPStatusError` when the management API refuses.
    """
    login = f"{name.lower()}-{secrets.token_hex(3)}@bank.example"
    profile = {"login": login, "email": login, "firstName": name, "lastName": "Script"}
    # Somebody without a password isn't active, and has no tokens.
    password = {"value": f"{secrets.token_urlsafe(16)}.Aa1"}
    person = {"profile": profile, "credentials": {"password": password}}
    made = lab.admin.post("/api/v1/users", json=person).raise_for_status().json()["id"]
    for role in roles:
        lab.admin.post(f"/api/v1/users/{made}/roles", json={"type": role}).raise_for_status()
    asked = {"name": f"{name}'s script", "userId": made}
    token = lab.admin.post("/api/v1/api-tokens", json=asked).raise_for_status().json()["token"]
    return Creator(made, login, token)


def own_somebody(lab: Lab) -> str:
    """The id of a new person without a password, a group or a role."""
    login = f"somebody-{secrets.token_hex(3)}@bank.example"
    profile = {"login": login, "email": login, "firstName": "Some", "lastName": "Body"}
    made = lab.admin.post("/api/v1/users", json={"profile": profile}).raise_for_status()
    return str(made.json()["id"])


def own_service_token(lab: Lab, name: str, *scopes: str, role: str = "") -> str:
    """An access token of the org server for a new service app with these scopes and this role.

    The app proves itself by a key (lesson 10). `httpx.HTTPStatusError` when it is refused.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "key-1"}
    app = own_app(lab, name, auth="private_key_jwt", jwks={"keys": [public]})
    for scope in scopes:
        grant = {"scopeId": scope, "issuer": lab.url}
        lab.admin.post(f"/api/v1/apps/{app.id}/grants", json=grant).raise_for_status()
    if role:
        holder = f"/oauth2/v1/clients/{app.client_id}/roles"
        lab.admin.post(holder, json={"type": role}).raise_for_status()
    endpoint = f"{lab.url}/oauth2/v1/token"
    claims = {"iss": app.client_id, "sub": app.client_id, "aud": endpoint}
    once = {"exp": int(lab.now()) + 300, "jti": secrets.token_urlsafe(16)}
    form = {
        "grant_type": "client_credentials",
        "scope": " ".join(scopes),
        "client_assertion_type": _ASSERTION_TYPE,
        "client_assertion": jwt.encode(
            claims | once, key, algorithm="ES256", headers={"kid": "key-1"}
        ),
    }
    with client_for(lab.url) as service:
        answer = service.post(endpoint, data=form).raise_for_status()
    return str(answer.json()["access_token"])
