"""Authorization servers, scopes, claims, policies, rules and keys over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

SERVERS = "/api/v1/authorizationServers"
DEFAULT = f"{SERVERS}/default"
RULE: dict[str, Any] = {
    "type": "RESOURCE_ACCESS",
    "name": "Everybody",
    "conditions": {
        "people": {"groups": {"include": ["EVERYONE"]}},
        "grantTypes": {"include": ["authorization_code"]},
        "scopes": {"include": ["*"]},
    },
}


def causes(answer: httpx.Response) -> str:
    """All causes of an error, as one text."""
    assert answer.headers["Content-Type"] == "application/json"
    return " | ".join(cause["errorSummary"] for cause in answer.json()["errorCauses"])


def policy(name: str, **more: Any) -> dict[str, Any]:
    """A policy's document."""
    return {
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "name": name,
        "description": f"{name} policy",
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
        **more,
    }


@pytest.fixture
def orders(admin: httpx.Client) -> str:
    """The path of a server without policies."""
    body = {"name": "Orders", "description": "Orders API", "audiences": ["api://orders"]}
    answer = admin.post(SERVERS, json=body)
    assert answer.status_code == 201, answer.text
    return f"{SERVERS}/{answer.json()['id']}"


def test_a_new_server_has_its_own_issuer_and_signing_key_at_once(
    admin: httpx.Client, http: httpx.Client, orders: str
) -> None:
    document = admin.get(orders).json()

    assert document["id"].startswith("aus")
    assert document["status"] == "ACTIVE"
    metadata = http.get(f"/oauth2/{document['id']}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == document["issuer"]
    published = {key["kid"] for key in httpx.get(metadata["jwks_uri"]).json()["keys"]}
    assert document["credentials"]["signing"]["kid"] in published
    assert "nextRotation" in document["credentials"]["signing"]


def test_a_new_server_has_reserved_scopes_and_the_claim_sub_and_no_policy(
    admin: httpx.Client, orders: str
) -> None:
    scopes = admin.get(f"{orders}/scopes").json()
    claims = admin.get(f"{orders}/claims").json()

    assert {"openid", "profile", "offline_access"} <= {scope["name"] for scope in scopes}
    assert all(scope["system"] for scope in scopes)
    assert [(claim["name"], claim["valueType"]) for claim in claims] == [("sub", "SYSTEM")]
    assert admin.get(f"{orders}/policies").json() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"audiences": []}, "audiences"),
        ({"audiences": ["a", "b"]}, "audiences"),
        ({"audiences": ["://x"]}, "audiences"),
        ({"audiences": "api://x"}, "audiences"),
        ({"issuerMode": "ELSEWHERE"}, "issuerMode"),
    ],
)
def test_a_server_that_is_described_wrongly_is_refused_by_field(
    admin: httpx.Client, change: dict[str, Any], field: str
) -> None:
    answer = admin.post(SERVERS, json={"name": "New", "audiences": ["api://x"], **change})

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000001"
    assert field in causes(answer)


def test_two_servers_cannot_share_a_name(admin: httpx.Client, orders: str) -> None:
    answer = admin.post(SERVERS, json={"name": "Orders", "audiences": ["api://two"]})

    assert answer.status_code == 400
    assert answer.json()["errorSummary"] == "Api validation failed: name"


def test_what_a_get_showed_can_be_put_back_changed(admin: httpx.Client, orders: str) -> None:
    document = admin.get(orders).json()
    document["description"] = "Other words"
    document["credentials"]["signing"]["rotationMode"] = "MANUAL"

    answer = admin.put(orders, json=document)

    assert answer.status_code == 200
    assert answer.json()["description"] == "Other words"
    assert answer.json()["id"] == document["id"]
    assert answer.json()["created"] == document["created"]
    assert "nextRotation" not in answer.json()["credentials"]["signing"]


def test_a_deactivated_server_serves_nothing_until_it_is_activated(
    admin: httpx.Client, http: httpx.Client, orders: str
) -> None:
    path = f"/oauth2/{orders.rpartition('/')[2]}/.well-known/openid-configuration"

    off = admin.post(f"{orders}/lifecycle/deactivate")
    while_off = http.get(path)
    on = admin.post(f"{orders}/lifecycle/activate")

    assert (off.status_code, off.content) == (204, b"")
    assert while_off.status_code == 404
    assert while_off.json()["errorCode"] == "E0000007"
    assert on.status_code == 204
    assert http.get(path).status_code == 200


def test_a_deleted_server_is_gone_and_default_stays(admin: httpx.Client, orders: str) -> None:
    deleted = admin.delete(orders)
    refused = admin.delete(DEFAULT)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert admin.get(orders).status_code == 404
    assert admin.get(f"{orders}/scopes").json()["errorCode"] == "E0000007"
    assert refused.status_code == 403
    assert admin.get(DEFAULT).status_code == 200


def test_a_list_is_paged_by_links_and_shows_each_server_once(admin: httpx.Client) -> None:
    names: list[str] = []
    page = admin.get(SERVERS, params={"limit": 2})
    while True:
        names += [server["name"] for server in page.json()]
        assert "self" in page.links
        if "next" not in page.links:
            break
        page = admin.get(page.links["next"]["url"])

    everything = [server["name"] for server in admin.get(SERVERS).json()]
    assert len(everything) > 2
    assert names == everything


def test_a_cursor_that_no_page_gave_out_is_refused(admin: httpx.Client) -> None:
    answer = admin.get(SERVERS, params={"after": "nonsense"})

    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "E0000029"


def test_q_finds_servers_by_the_beginning_of_name_or_audience(
    admin: httpx.Client, orders: str
) -> None:
    by_name = admin.get(SERVERS, params={"q": "ord"}).json()
    by_audience = admin.get(SERVERS, params={"q": "api://ord"}).json()

    assert [server["name"] for server in by_name] == ["Orders"]
    assert [server["name"] for server in by_audience] == ["Orders"]
    assert admin.get(SERVERS, params={"q": "%"}).json() == []


def test_a_stale_version_is_refused_and_the_right_one_goes_through(
    admin: httpx.Client, orders: str
) -> None:
    first = admin.get(orders)
    body = {**first.json(), "description": "Second"}
    admin.put(orders, json=body)

    stale = admin.put(orders, json=body, headers={"If-Match": first.headers["ETag"]})
    fresh = admin.put(orders, json=body, headers={"If-Match": admin.get(orders).headers["ETag"]})
    odd = admin.put(orders, json=body, headers={"If-Match": "no quotes"})

    assert (stale.status_code, stale.json()["errorCode"]) == (412, "E0000231")
    assert fresh.status_code == 200
    assert (odd.status_code, odd.json()["errorCode"]) == (400, "E0000242")


def test_of_simultaneous_writes_with_one_version_one_wins(admin: httpx.Client, orders: str) -> None:
    document = admin.get(orders)
    headers = {**admin.headers, "If-Match": document.headers["ETag"]}

    def write(number: int) -> int:
        body = {**document.json(), "description": f"Number {number}"}
        url = f"{admin.base_url}{orders}"
        return httpx.put(url, json=body, headers=headers, trust_env=False).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(write, range(8)))

    assert statuses == [200] + [412] * 7


def test_keys_rotate_and_the_old_one_still_verifies(
    admin: httpx.Client, http: httpx.Client, orders: str
) -> None:
    before = {key["status"]: key["kid"] for key in admin.get(f"{orders}/credentials/keys").json()}

    answer = admin.post(f"{orders}/credentials/lifecycle/keyRotate", json={"use": "sig"})

    after = {key["status"]: key["kid"] for key in answer.json()}
    assert answer.status_code == 200
    assert after["ACTIVE"] == before["NEXT"]
    assert after["EXPIRED"] == before["ACTIVE"]
    assert after["NEXT"] not in before.values()
    published = http.get(f"/oauth2/{orders.rpartition('/')[2]}/v1/keys").json()["keys"]
    assert {key["kid"] for key in published} == set(after.values())
    assert not any("d" in key for key in answer.json())
    assert admin.get(f"{orders}/credentials/keys/{after['ACTIVE']}").status_code == 200


def test_only_signing_keys_rotate(admin: httpx.Client, orders: str) -> None:
    answer = admin.post(f"{orders}/credentials/lifecycle/keyRotate", json={"use": "enc"})

    assert answer.status_code == 400
    assert answer.json()["errorSummary"] == "Api validation failed: rotateKeys"
    assert causes(answer) == "Invalid value specified for key 'use' parameter."


@pytest.mark.parametrize(
    "name", ["", "with space", 'quo"te', "okta.users.read", "okta:x", "okta", "*", "a<b>", "openid"]
)
def test_a_scope_name_that_okta_refuses_is_refused(
    admin: httpx.Client, orders: str, name: str
) -> None:
    answer = admin.post(f"{orders}/scopes", json={"name": name})

    assert answer.status_code == 400
    assert causes(answer).startswith("name: ")


def test_a_scope_is_made_shown_changed_and_deleted(admin: httpx.Client, orders: str) -> None:
    made = admin.post(f"{orders}/scopes", json={"name": "orders:read", "consent": "REQUIRED"})
    path = f"{orders}/scopes/{made.json()['id']}"
    again = admin.post(f"{orders}/scopes", json={"name": "orders:read"})
    changed = admin.put(path, json={**made.json(), "default": True})
    deleted = admin.delete(path)

    assert made.status_code == 201
    assert made.json()["metadataPublish"] == "NO_CLIENTS"
    assert again.status_code == 400
    assert changed.json()["default"] is True
    assert changed.json()["consent"] == "REQUIRED"
    assert deleted.status_code == 204
    assert admin.get(path).status_code == 404


def test_a_reserved_scope_keeps_its_name_and_stays(admin: httpx.Client, orders: str) -> None:
    scope = next(s for s in admin.get(f"{orders}/scopes").json() if s["name"] == "email")
    path = f"{orders}/scopes/{scope['id']}"

    renamed = admin.put(path, json={**scope, "name": "mail"})
    deleted = admin.delete(path)
    changed = admin.put(path, json={**scope, "consent": "REQUIRED"})

    assert renamed.status_code == 400
    assert deleted.status_code == 403
    assert changed.json()["consent"] == "REQUIRED"


def test_a_deleted_scope_leaves_the_rules_that_named_it(admin: httpx.Client, orders: str) -> None:
    ids = {}
    for name in ("a:read", "a:write"):
        ids[name] = admin.post(f"{orders}/scopes", json={"name": name}).json()["id"]
    rules = f"{orders}/policies/{admin.post(f'{orders}/policies', json=policy('P')).json()['id']}"
    conditions = {**RULE["conditions"], "scopes": {"include": ["a:read", "a:write"]}}
    made = admin.post(f"{rules}/rules", json={**RULE, "conditions": conditions}).json()

    admin.delete(f"{orders}/scopes/{ids['a:write']}")

    rule = admin.get(f"{rules}/rules/{made['id']}").json()
    assert rule["conditions"]["scopes"]["include"] == ["a:read"]


def test_a_claim_whose_only_scope_is_deleted_is_in_no_token(
    admin: httpx.Client, orders: str
) -> None:
    scope = admin.post(f"{orders}/scopes", json={"name": "vip"}).json()
    body = {
        "name": "tier",
        "claimType": "RESOURCE",
        "value": '"gold"',
        "conditions": {"scopes": ["vip"]},
    }
    claim = admin.post(f"{orders}/claims", json=body).json()

    admin.delete(f"{orders}/scopes/{scope['id']}")

    assert admin.get(f"{orders}/claims/{claim['id']}").json()["status"] == "INACTIVE"


def test_a_claim_is_made_changed_and_deleted(admin: httpx.Client, orders: str) -> None:
    body = {
        "name": "teams",
        "claimType": "IDENTITY",
        "valueType": "GROUPS",
        "value": "team-",
        "group_filter_type": "STARTS_WITH",
        "alwaysIncludeInToken": False,
        "conditions": {"scopes": ["profile"]},
    }

    made = admin.post(f"{orders}/claims", json=body)
    path = f"{orders}/claims/{made.json()['id']}"
    changed = admin.put(path, json={**made.json(), "status": "INACTIVE"})
    deleted = admin.delete(path)

    assert made.status_code == 201
    assert {name: made.json()[name] for name in body} == body
    assert changed.json()["status"] == "INACTIVE"
    assert deleted.status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "exp"}, "name"),
        ({"name": "two words"}, "name"),
        ({"value": "user.("}, "value"),
        ({"value": "x" * 1025}, "value"),
        ({"value": "__import__('os')"}, "value"),
        ({"claimType": "OTHER"}, "claimType"),
        ({"valueType": "SYSTEM"}, "valueType"),
        ({"valueType": "GROUPS"}, "group_filter_type"),
        ({"valueType": "GROUPS", "group_filter_type": "REGEX", "value": "("}, "value"),
        ({"conditions": {"scopes": ["nowhere"]}}, "conditions.scopes"),
        ({"alwaysIncludeInToken": False}, "alwaysIncludeInToken"),
    ],
)
def test_a_claim_that_is_described_wrongly_is_refused_by_field(
    admin: httpx.Client, change: dict[str, Any], field: str
) -> None:
    body = {"name": "tier", "claimType": "RESOURCE", "value": '"gold"', **change}

    answer = admin.post(f"{DEFAULT}/claims", json=body)

    assert answer.status_code == 400
    assert causes(answer).startswith(f"{field}: ")


def test_the_claim_sub_can_get_another_value_but_not_go(admin: httpx.Client, orders: str) -> None:
    sub = admin.get(f"{orders}/claims").json()[0]
    path = f"{orders}/claims/{sub['id']}"

    changed = admin.put(path, json={**sub, "valueType": "EXPRESSION", "value": "app.clientId"})
    renamed = admin.put(path, json={**sub, "name": "subject"})
    deleted = admin.delete(path)

    assert changed.json()["value"] == "app.clientId"
    assert renamed.status_code == 400
    assert deleted.status_code == 403


def test_a_policy_takes_its_priority_and_the_others_move(admin: httpx.Client, orders: str) -> None:
    policies = f"{orders}/policies"
    made = {name: admin.post(policies, json=policy(name)).json() for name in ("A", "B", "C")}

    def order() -> list[tuple[str, int]]:
        return [(each["name"], each["priority"]) for each in admin.get(policies).json()]

    first = admin.post(policies, json=policy("First", priority=1))
    after_insert = order()
    admin.put(f"{policies}/{made['A']['id']}", json=policy("A", priority=4))
    after_move = order()
    admin.delete(f"{policies}/{first.json()['id']}")

    assert first.status_code == 201
    assert after_insert == [("First", 1), ("A", 2), ("B", 3), ("C", 4)]
    assert after_move == [("First", 1), ("B", 2), ("C", 3), ("A", 4)]
    assert order() == [("B", 1), ("C", 2), ("A", 3)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "OTHER"}, "type"),
        ({"name": "x" * 101}, "name"),
        ({"description": ""}, "description"),
        ({"description": None}, "description"),
        ({"priority": 0}, "priority"),
        ({"conditions": {"clients": {"include": []}}}, "conditions.clients.include"),
        ({"conditions": {"clients": {"include": ["0oaNobody"]}}}, "conditions.clients.include"),
    ],
)
def test_a_policy_that_is_described_wrongly_is_refused_by_field(
    admin: httpx.Client, change: dict[str, Any], field: str
) -> None:
    answer = admin.post(f"{DEFAULT}/policies", json={**policy("New"), **change})

    assert answer.status_code == 400
    assert causes(answer).startswith(f"{field}: ")


def test_policy_and_rule_switch_on_and_off_without_a_body(admin: httpx.Client, orders: str) -> None:
    path = f"{orders}/policies/{admin.post(f'{orders}/policies', json=policy('P')).json()['id']}"
    rule = f"{path}/rules/{admin.post(f'{path}/rules', json=RULE).json()['id']}"

    off = [admin.post(f"{each}/lifecycle/deactivate") for each in (path, rule)]
    states = [admin.get(each).json()["status"] for each in (path, rule)]
    on = [admin.post(f"{each}/lifecycle/activate") for each in (path, rule)]

    assert [answer.status_code for answer in (*off, *on)] == [204] * 4
    assert states == ["INACTIVE", "INACTIVE"]


def test_a_rule_gets_the_documented_lifetimes_and_goes_with_its_policy(
    admin: httpx.Client, orders: str
) -> None:
    path = f"{orders}/policies/{admin.post(f'{orders}/policies', json=policy('P')).json()['id']}"

    made = admin.post(f"{path}/rules", json=RULE)
    deleted = admin.delete(path)

    assert made.status_code == 201
    assert made.json()["actions"]["token"] == {
        "accessTokenLifetimeMinutes": 60,
        "refreshTokenLifetimeMinutes": 0,
        "refreshTokenWindowMinutes": 10080,
        "inlineHook": {"id": None},
    }
    assert deleted.status_code == 204
    assert admin.get(f"{path}/rules").status_code == 404


@pytest.mark.parametrize(
    ("token", "field"),
    [
        ({"accessTokenLifetimeMinutes": 4}, "accessTokenLifetimeMinutes"),
        ({"accessTokenLifetimeMinutes": 1441}, "accessTokenLifetimeMinutes"),
        ({"accessTokenLifetimeMinutes": 60.5}, "accessTokenLifetimeMinutes"),
        ({"refreshTokenLifetimeMinutes": 30}, "refreshTokenLifetimeMinutes"),
        ({"refreshTokenWindowMinutes": 9}, "refreshTokenWindowMinutes"),
    ],
)
def test_lifetimes_out_of_range_are_refused_by_field(
    admin: httpx.Client, orders: str, token: dict[str, Any], field: str
) -> None:
    path = f"{orders}/policies/{admin.post(f'{orders}/policies', json=policy('P')).json()['id']}"

    answer = admin.post(f"{path}/rules", json={**RULE, "actions": {"token": token}})

    assert answer.status_code == 400
    assert causes(answer).startswith(f"actions.token.{field}: ")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scopes": {"include": ["nowhere"]}}, "conditions.scopes.include"),
        ({"scopes": {"include": []}}, "conditions.scopes.include"),
        ({"grantTypes": {"include": ["refresh_token"]}}, "conditions.grantTypes.include"),
        ({"people": {"groups": {"include": ["00gNobody"]}}}, "conditions.people.groups"),
        ({"people": {"users": {"exclude": ["00uNobody"]}}}, "conditions.people.users"),
    ],
)
def test_a_rule_with_conditions_that_mean_nothing_is_refused_by_field(
    admin: httpx.Client, orders: str, change: dict[str, Any], field: str
) -> None:
    path = f"{orders}/policies/{admin.post(f'{orders}/policies', json=policy('P')).json()['id']}"

    answer = admin.post(
        f"{path}/rules", json={**RULE, "conditions": {**RULE["conditions"], **change}}
    )

    assert answer.status_code == 400
    assert causes(answer).startswith(field)


def test_what_a_policy_or_rule_shows_can_be_put_back_after_app_and_group_are_gone(
    admin: httpx.Client, orders: str
) -> None:
    app = admin.get("/api/v1/apps").json()[0]
    group = admin.post("/api/v1/groups", json={"profile": {"name": "Band"}}).json()["id"]
    clients = {"clients": {"include": [app["id"]]}}
    made = admin.post(f"{orders}/policies", json=policy("P", conditions=clients)).json()
    path = f"{orders}/policies/{made['id']}"
    people = {"groups": {"include": [group]}}
    conditions = {**RULE["conditions"], "people": people}
    rule = admin.post(f"{path}/rules", json={**RULE, "conditions": conditions}).json()
    admin.post(f"/api/v1/apps/{app['id']}/lifecycle/deactivate")
    admin.delete(f"/api/v1/apps/{app['id']}")
    admin.delete(f"/api/v1/groups/{group}")

    answers = [
        admin.put(path, json=made),
        admin.put(f"{path}/rules/{rule['id']}", json=rule),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_refused_write_changes_nothing(admin: httpx.Client, orders: str) -> None:
    before = admin.get(orders).headers["ETag"]

    answer = admin.put(orders, json={"name": "default", "audiences": ["api://other"]})

    assert answer.status_code == 400
    assert admin.get(orders).headers["ETag"] == before


def test_a_server_trusts_others_until_it_does_not(admin: httpx.Client, orders: str) -> None:
    path = f"{orders}/associatedServers"
    other = admin.post(SERVERS, json={"name": "Other", "audiences": ["api://other"]}).json()["id"]

    made = admin.post(path, json={"trusted": ["default", other]})
    again = admin.post(path, json={"trusted": ["default"]})
    trusted = admin.get(path).json()
    others = admin.get(path, params={"trusted": "false"}).json()
    found = admin.get(path, params={"q": "oth"}).json()
    removed = admin.delete(f"{path}/default")

    assert (made.status_code, again.status_code) == (200, 200)
    assert {server["id"] for server in made.json()} == {"default", other}
    assert {server["id"] for server in trusted} == {"default", other}
    assert not {"default", other} & {server["id"] for server in others}
    assert [server["id"] for server in found] == [other]
    assert (removed.status_code, removed.content) == (204, b"")
    assert [server["id"] for server in admin.get(path).json()] == [other]
    assert admin.delete(f"{path}/default").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"trusted": []}, {"trusted": ["ausNobody"]}, {"trusted": "default"}]
)
def test_trust_in_nobody_is_refused(admin: httpx.Client, orders: str, body: dict[str, Any]) -> None:
    answer = admin.post(f"{orders}/associatedServers", json=body)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")
    assert "trusted" in causes(answer)


def test_a_server_does_not_trust_itself_and_forgets_a_deleted_one(
    admin: httpx.Client, orders: str
) -> None:
    path = f"{DEFAULT}/associatedServers"
    itself = admin.post(path, json={"trusted": ["default"]})
    admin.post(path, json={"trusted": [orders.rpartition("/")[2]]})

    admin.delete(orders)

    assert itself.status_code == 400
    assert admin.get(path).json() == []


def test_the_claim_sub_goes_back_to_what_it_was(admin: httpx.Client, orders: str) -> None:
    sub = admin.get(f"{orders}/claims").json()[0]
    path = f"{orders}/claims/{sub['id']}"
    admin.put(path, json={**sub, "valueType": "EXPRESSION", "value": "app.clientId"})

    half = admin.put(path, json={**sub, "value": "app.clientId"})
    back = admin.put(path, json=sub)
    groups = admin.put(
        path, json={**sub, "valueType": "GROUPS", "value": "a", "group_filter_type": "EQUALS"}
    )

    assert half.status_code == groups.status_code == 400
    assert {**back.json(), "lastUpdated": None} == {**sub, "lastUpdated": None}
