"""No org reaches another one's things, on any route of the management API."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from labserver import Settings, create_app
from labserver.domain.operations import OPERATIONS
from tests.conftest import Lab
from tests.speaking import find_person, sign_in

SERVERS = "/api/v1/authorizationServers"
SERVICES = "/integrations/api/v1/api-services"


def ids_of(admin: httpx.Client) -> dict[str, str]:
    """One id of each kind, as the paths of operations call them."""
    server = admin.post(SERVERS, json={"name": "Mine", "audiences": ["api://mine"]}).json()["id"]
    path = f"{SERVERS}/{server}"
    policy_document = {
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "name": "P",
        "description": "P",
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    }
    policy = admin.post(f"{path}/policies", json=policy_document).json()["id"]
    rule_document = {
        "type": "RESOURCE_ACCESS",
        "name": "R",
        "conditions": {
            "grantTypes": {"include": ["password"]},
            "scopes": {"include": ["*"]},
        },
    }
    rules = f"{path}/policies/{policy}/rules"
    app = admin.get("/api/v1/apps", params={"q": "Bank Web"}).json()[0]["id"]
    issuer = str(admin.base_url).rstrip("/")
    grant = {"scopeId": "okta.logs.read", "issuer": issuer}
    origin = {"name": "Shop", "origin": "https://shop.example", "scopes": [{"type": "CORS"}]}
    signed_in = {"sessionToken": sign_in(admin, find_person(admin))}
    declared = {"type": "mine", "name": "Mine", "scopes": ["okta.logs.read"], "published": False}
    declaration = admin.post("/lab/integrations", json=declared).json()["id"]
    installing = {"type": "mine", "grantedScopes": ["okta.logs.read"]}
    service = admin.post(SERVICES, json=installing).json()["id"]
    service_secrets = admin.get(f"{SERVICES}/{service}/credentials/secrets").json()
    names = {"label": "Mine", "description": "Mine"}
    permissions = {"permissions": ["okta.users.read"]}
    custom_role = admin.post("/api/v1/iam/roles", json=names | permissions).json()["id"]
    resources = {"resources": [f"{issuer}/api/v1/users"]}
    places = admin.post("/api/v1/iam/resource-sets", json=names | resources).json()["id"]
    inside = admin.get(f"/api/v1/iam/resource-sets/{places}/resources").json()["resources"]
    return {
        "custom_role_id": custom_role,
        "permission": "okta.users.read",
        "resource_set_id": places,
        "resource_id": inside[0]["id"],
        "member_id": "ra1Nobody",
        "server_id": server,
        "policy_id": policy,
        "rule_id": admin.post(rules, json=rule_document).json()["id"],
        "scope_id": admin.post(f"{path}/scopes", json={"name": "mine"}).json()["id"],
        "claim_id": admin.get(f"{path}/claims").json()[0]["id"],
        "key_id": admin.get(f"{path}/credentials/keys").json()[0]["kid"],
        "app_id": app,
        "credential_id": admin.get(f"/api/v1/apps/{app}/credentials/secrets").json()[0]["id"],
        "grant_id": admin.post(f"/api/v1/apps/{app}/grants", json=grant).json()["id"],
        "user_id": admin.get("/api/v1/users/cora").json()["id"],
        "group_id": admin.get("/api/v1/groups", params={"q": "Staff"}).json()[0]["id"],
        "origin_id": admin.post("/api/v1/trustedOrigins", json=origin).json()["id"],
        "session_id": admin.post("/api/v1/sessions", json=signed_in).json()["id"],
        "declaration_id": declaration,
        "service_id": service,
        "secret_id": service_secrets[0]["id"],
        "token_id": admin.get("/api/v1/api-tokens").json()[0]["id"],
        "role_id": admin.get("/api/v1/users/grace/roles").json()[0]["id"],
        "target_id": admin.get("/api/v1/groups", params={"q": "SubGroup"}).json()[0]["id"],
        "app_name": "oidc_client",
        "client_id": app,
        "other_id": "default",
        "owner_id": "00uNobody",
        "factor_id": a_factor(admin),
        "org_id": "00oNobody",
    }


def a_factor(admin: httpx.Client) -> str:
    """The id of a factor of Cora's."""
    profile = {"question": "disliked_food", "answer": "mayonnaise"}
    body = {"factorType": "question", "provider": "OKTA", "profile": profile}
    made: str = admin.post("/api/v1/users/cora/factors", json=body).json()["id"]
    return made


def state_of(admin: httpx.Client, ids: dict[str, str]) -> list[str]:
    """Everything that the walk could have changed, as the org shows it."""
    path = f"{SERVERS}/{ids['server_id']}"
    rules = f"{path}/policies/{ids['policy_id']}/rules"
    app = f"/api/v1/apps/{ids['app_id']}"
    parts = [SERVERS, path, f"{path}/scopes", f"{path}/claims", f"{path}/policies", rules, app]
    parts += [f"{app}/users", f"{app}/groups", f"{app}/grants", f"{app}/credentials/secrets"]
    parts += [
        "/api/v1/trustedOrigins",
        f"/api/v1/sessions/{ids['session_id']}",
        "/lab/integrations",
        SERVICES,
        f"{SERVICES}/{ids['service_id']}/credentials/secrets",
        "/api/v1/users",
        "/api/v1/groups",
        f"/api/v1/groups/{ids['group_id']}/users",
    ]
    return [admin.get(part).text for part in parts]


def test_no_route_opens_another_orgs_things(
    admin: httpx.Client, new_lab: Callable[[], Lab]
) -> None:
    ids = ids_of(admin)
    before = state_of(admin, ids)
    other = new_lab()
    headers = {"Authorization": f"SSWS {other.token}"}
    opened = []

    with httpx.Client(base_url=other.url, headers=headers, trust_env=False) as stranger:
        for (method, path), operation in OPERATIONS.items():
            # What is public opens nothing by its path: there a state token decides.
            if "{" not in path or operation.right == "public":
                continue
            url = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)
            sends = method in ("POST", "PUT") and "lifecycle" not in path
            answer = stranger.request(method, url, json={} if sends else None)
            # Only a root super admin may name orgs at all.
            expected = 403 if path.startswith("/api/v1/orgs") else 404
            if answer.status_code != expected:
                opened.append((method, path, answer.status_code))

    assert opened == []
    assert state_of(admin, ids) == before


def test_one_orgs_token_is_unknown_in_another(lab: Lab, new_lab: Callable[[], Lab]) -> None:
    headers = {"Authorization": f"SSWS {new_lab().token}"}
    accepted = []

    with httpx.Client(base_url=lab.url, headers=headers, trust_env=False) as stranger:
        for method, path in OPERATIONS:
            answer = stranger.request(method, re.sub(r"\{\w+\}", "x", path))
            if answer.status_code != 401:
                accepted.append((method, path, answer.status_code))

    assert accepted == []


@pytest.mark.parametrize("kind", ["groups", "users"])
def test_a_rule_cannot_name_another_orgs_people(
    admin: httpx.Client, new_lab: Callable[[], Lab], kind: str
) -> None:
    other = new_lab()
    headers = {"Authorization": f"SSWS {other.token}"}
    theirs = httpx.get(f"{other.url}/api/v1/{kind}", headers=headers).json()[-1]["id"]
    policies = f"{SERVERS}/default/policies"
    policy = admin.get(policies).json()[0]["id"]

    answer = admin.post(
        f"{policies}/{policy}/rules",
        json={
            "type": "RESOURCE_ACCESS",
            "name": "Theirs",
            "conditions": {
                "people": {kind: {"include": [theirs]}},
                "grantTypes": {"include": ["password"]},
                "scopes": {"include": ["*"]},
            },
        },
    )

    assert answer.status_code == 400


def test_each_route_has_an_operation_and_each_operation_a_route(tmp_path: Path) -> None:
    settings = Settings(
        base_url="http://127.0.0.1:1", database=f"sqlite:///{tmp_path}/lab.db", admin_token="x"
    )
    app = create_app(settings)
    routes = set()
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith(
            ("management.", "management_beside.", "authn.", "clients.")
        ):
            continue
        choices = re.search(r"<any\(([^)]*)\):\w+>", rule.rule)
        words = [word.strip("' ") for word in choices[1].split(",")] if choices else [""]
        for word in words:
            path = re.sub(r"<any\([^)]*\):\w+>", word, rule.rule)
            path = re.sub(r"<(\w+)>", r"{\1}", path)
            routes |= {(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    app.extensions["labserver"][1].close()

    assert routes == {found for found in OPERATIONS if not found[1].startswith("/lab/")}
