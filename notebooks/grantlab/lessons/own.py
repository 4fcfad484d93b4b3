"""Servers and apps of a lesson's own, so that it changes nothing that another lesson uses."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from grantlab.flows import FlowSetup
from grantlab.lab import App, Lab, Person
from grantlab.library import authorization_code_pkce
from grantlab.recording import Recording

CALLBACK = "http://127.0.0.1:8765/callback"


@dataclass(frozen=True)
class OwnServer:
    """A custom server with one policy and one rule, which covers everybody and every scope.

    `rule` is the path of the rule in the management API.
    """

    id: str
    name: str
    issuer: str
    audience: str
    rule: str


def own_server(lab: Lab, name: str, *scopes: str, **lifetimes: int) -> OwnServer:
    """A new custom server with these scopes, for the audience `api://lesson/<name>`.

    `lifetimes` are those of `actions.token` in a rule, in minutes. `httpx.HTTPStatusError` when
    the management API refuses.
    """
    audience = f"api://lesson/{name.lower().replace(' ', '-')}"
    asked = {"name": _unique(name), "description": name, "audiences": [audience]}
    made = _post(lab, "/api/v1/authorizationServers", asked)
    path = f"/api/v1/authorizationServers/{made['id']}"
    for scope in scopes:
        _post(lab, f"{path}/scopes", {"name": scope, "metadataPublish": "ALL_CLIENTS"})
    policy = {
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "name": "All",
        "description": "Every client",
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    }
    rules = f"{path}/policies/{_post(lab, f'{path}/policies', policy)['id']}/rules"
    rule = {
        "type": "RESOURCE_ACCESS",
        "name": "Everybody",
        "conditions": {
            "people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["authorization_code", "client_credentials"]},
            "scopes": {"include": ["*"]},
        },
        "actions": {"token": lifetimes},
    }
    path_of_rule = f"{rules}/{_post(lab, rules, rule)['id']}"
    return OwnServer(made["id"], name, made["issuer"], made["audiences"][0], path_of_rule)


def own_app(lab: Lab, name: str, *people: str, auth: str = "", **settings: Any) -> App:
    """A new app, these people assigned; without people, a service app.

    `auth` is its client authentication, `client_secret_basic` unless said. `settings` are those
    of `settings.oauthClient`. `httpx.HTTPStatusError` when the management API refuses.
    """
    label = _unique(name)
    asked = {
        "name": "oidc_client",
        "label": label,
        "signOnMode": "OPENID_CONNECT",
        "credentials": {
            "oauthClient": {"token_endpoint_auth_method": auth or "client_secret_basic"}
        },
        "settings": {"oauthClient": (_of_people() if people else _of_a_service()) | settings},
    }
    made = _post(lab, "/api/v1/apps", asked)
    for person in people:
        assigned = {"id": lab.person(person).id, "scope": "USER"}
        _post(lab, f"/api/v1/apps/{made['id']}/users", assigned)
    return lab.app(label)


def own_admin(lab: Lab, login: str, recording: Recording, *scopes: str) -> httpx.Client:
    """A client of the management API for somebody who has signed in for these `okta.*` scopes.

    What it may do is what the scopes name and the person's roles allow. Its access token is the
    org server's: it lives an hour. `httpx.HTTPStatusError` when the scopes can't be granted.
    """
    console = own_app(lab, "Console", login, auth="none", application_type="browser")
    for scope in scopes:
        _post(lab, f"/api/v1/apps/{console.id}/grants", {"scopeId": scope, "issuer": lab.url})
    person = lab.person(login)
    setup = FlowSetup(
        issuer=lab.url,
        client_id=console.client_id,
        scopes=("openid", *scopes),
        username=person.login,
        password=person.password,
    )
    tokens = authorization_code_pkce.flow(setup).run_all().state.tokens
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    return recording.client(person.name, base_url=lab.url, headers=bearer)


def own_person(
    lab: Lab, first_name: str, last_name: str, *, groups: Iterable[str] = (), **profile: Any
) -> Person:
    """A new person with the bank's readable password, whose login is not their e-mail address.

    They belong to these `groups`, by name. `profile` are further members of the profile.
    `httpx.HTTPStatusError` when the management API refuses, `LookupError` without such a group.
    """
    login = f"{first_name.lower()}-{secrets.token_hex(3)}@bank.example"
    named = {"login": login, "firstName": first_name, "lastName": last_name}
    address = {"email": f"{first_name}.{last_name}@post.example".lower()}
    asked = {
        "profile": named | address | profile,
        "credentials": {"password": {"value": lab.person("cora").password}},
        "groupIds": [_group(lab, group) for group in groups],
    }
    _post(lab, "/api/v1/users?activate=true", asked)
    return lab.person(login)


def _group(lab: Lab, name: str) -> str:
    found = lab.admin.get("/api/v1/groups", params={"q": name}).raise_for_status().json()
    return str({each["profile"]["name"]: each["id"] for each in found}[name])


def _of_people() -> dict[str, Any]:
    return {
        "application_type": "web",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [CALLBACK],
    }


def _of_a_service() -> dict[str, Any]:
    return {
        "application_type": "service",
        "grant_types": ["client_credentials"],
        "response_types": ["token"],
    }


def _unique(name: str) -> str:
    # A lesson that is run again in the same org makes another one.
    return f"{name} {secrets.token_hex(3)}"


def _post(lab: Lab, path: str, document: dict[str, Any]) -> Any:
    return lab.admin.post(path, json=document).raise_for_status().json()
