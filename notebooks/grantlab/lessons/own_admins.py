"""Admins and service apps of a lesson's own, with the credentials that they call the API by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from grantlab.finding import client_for
from grantlab.lab import Lab
from grantlab.lessons.own_service import own_service


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

    `httpx.HTTPStatusError` when it is refused.
    """
    service = own_service(lab, name, *scopes, role=role)
    asked = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    with client_for(lab.url) as http:
        answer = http.post(service.token_url, data=asked | service.proof(lab.now()))
    return str(answer.raise_for_status().json()["access_token"])
