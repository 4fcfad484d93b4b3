"""Custom claims over HTTP: in access tokens, ID tokens and userinfo, with their conditions."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    add_claim,
    add_policy,
    add_rule,
    add_scope,
    add_server,
    add_user,
    assert_refused,
    authorize,
    call,
    claims_of,
    custom_server,
    done,
    everything,
    exchange_code,
    fields_of,
    register_app,
    tokens_for,
)

CLAIMS = "/api/v1/authorizationServers/default/claims"
GROUPS = {"valueType": "GROUPS"}


@pytest.fixture
def team(admin: httpx.Client, web: App) -> Person:
    """Somebody in a few groups, with a department, who may use the web app."""
    person = add_user(admin, "uma", department="Trading")
    done(admin.post(f"/api/v1/apps/{web.id}/users", json={"id": person.id}))
    for name in ("Orders Read", "Orders Write", "orders admin", "Payments"):
        join(admin, person, name)
    return person


def join(admin: httpx.Client, person: Person, name: str) -> None:
    """The person is in a new group of this name."""
    made = done(admin.post("/api/v1/groups", json={"profile": {"name": name}}))
    done(admin.put(f"/api/v1/groups/{made['id']}/users/{person.id}"))


def told(http: httpx.Client, custom: Issuer, tokens: dict[str, Any]) -> dict[str, Any]:
    """What userinfo says to the bearer of the access token."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    found: dict[str, Any] = done(http.get(custom.at("userinfo"), headers=headers))
    return found


def machine(http: httpx.Client, custom: Issuer, job: App) -> dict[str, Any]:
    """The claims of a machine's access token."""
    answer = call(http, custom, "token", job, grant_type="client_credentials", scope="orders:read")
    return claims_of(done(answer)["access_token"])


def test_each_claim_goes_where_it_is_meant_to_go(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    add_claim(admin, "unit", "user.department")
    add_claim(admin, "badge", "user.firstName", claimType="IDENTITY")

    tokens = tokens_for(http, custom, web, team)

    access, identity = claims_of(tokens["access_token"]), claims_of(tokens["id_token"])
    assert (access["unit"], identity["badge"]) == ("Trading", "Uma")
    assert "badge" not in access
    assert "unit" not in identity
    assert told(http, custom, tokens)["badge"] == "Uma"
    assert "unit" not in told(http, custom, tokens)


def test_a_claim_with_conditions_needs_one_of_its_scopes(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    conditions = {"scopes": ["orders:read", "orders:write"]}
    add_claim(admin, "unit", "user.department", conditions=conditions)
    add_claim(admin, "badge", "user.firstName", claimType="IDENTITY", conditions=conditions)

    without = tokens_for(http, custom, web, team, "openid")
    having = tokens_for(http, custom, web, team, "openid orders:write")

    assert "unit" not in claims_of(without["access_token"])
    assert "badge" not in claims_of(without["id_token"])
    assert "badge" not in told(http, custom, without)
    assert claims_of(having["access_token"])["unit"] == "Trading"
    assert claims_of(having["id_token"])["badge"] == "Uma"
    assert told(http, custom, having)["badge"] == "Uma"


def test_a_claim_that_is_not_always_included_is_left_to_userinfo_and_to_lone_id_tokens(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, team: Person
) -> None:
    hybrid = register_app(admin, team, **everything())
    add_claim(admin, "badge", "user.firstName", claimType="IDENTITY", alwaysIncludeInToken=False)

    tokens = tokens_for(http, custom, hybrid, team)
    alone = authorize(http, custom, hybrid, team, response_type="id_token", nonce="n").response

    assert "badge" not in claims_of(tokens["id_token"])
    assert told(http, custom, tokens)["badge"] == "Uma"
    assert claims_of(fields_of(alone)["id_token"])["badge"] == "Uma"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("STARTS_WITH", "Orders", {"Orders Read", "Orders Write", "orders admin"}),
        ("EQUALS", "Payments", {"Payments"}),
        ("EQUALS", "Payment", None),
        ("CONTAINS", "ADMIN", {"orders admin"}),
        ("CONTAINS", "rders", {"Orders Read", "Orders Write", "orders admin"}),
        ("REGEX", "Orders .*", {"Orders Read", "Orders Write"}),
        ("REGEX", "orders .*", {"orders admin"}),
        ("REGEX", ".*", {"Orders Read", "Orders Write", "orders admin", "Payments", "Everyone"}),
    ],
)
def test_a_groups_claim_lists_what_its_filter_matches(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person,
    kind: str, value: str, expected: set[str] | None,
) -> None:  # fmt: skip
    for claim_type in ("RESOURCE", "IDENTITY"):
        add_claim(admin, "teams", value, claimType=claim_type, group_filter_type=kind, **GROUPS)

    tokens = tokens_for(http, custom, web, team)

    for claims in (
        claims_of(tokens["access_token"]),
        claims_of(tokens["id_token"]),
        told(http, custom, tokens),
    ):
        found = claims.get("teams")
        assert (None if found is None else set(found)) == expected


def test_the_older_spelling_of_the_filter_is_understood(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    add_claim(admin, "teams", "Pay", groupFilterType="STARTS_WITH", **GROUPS)

    tokens = tokens_for(http, custom, web, team)

    assert claims_of(tokens["access_token"])["teams"] == ["Payments"]


def test_a_pattern_that_never_ends_is_refused_or_ends_the_request_in_time(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    join(admin, team, "a" * 60 + "!")
    body = {
        "name": "teams",
        "claimType": "RESOURCE",
        "valueType": "GROUPS",
        "value": "(a|a)*b",
        "group_filter_type": "REGEX",
    }
    made = admin.post(CLAIMS, json=body)
    began = time.monotonic()

    authorized = authorize(http, custom, web, team)
    answer = exchange_code(http, custom, authorized)

    assert made.status_code in (201, 400)
    assert answer.status_code == 200 or answer.json()["error"] == "server_error"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("value", ["(", "*", "a{1,99999999}", "x" * 1025])
def test_a_pattern_that_cannot_be_used_is_refused_by_field(
    admin: httpx.Client, custom: Issuer, value: str
) -> None:
    body = {
        "name": "teams",
        "claimType": "RESOURCE",
        "valueType": "GROUPS",
        "value": value,
        "group_filter_type": "REGEX",
    }

    answer = admin.post(CLAIMS, json=body)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")
    assert "value" in answer.text


def test_more_than_a_hundred_groups_end_the_request(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    add_claim(admin, "teams", "Many", group_filter_type="STARTS_WITH", **GROUPS)
    for number in range(100):
        join(admin, team, f"Many {number:03}")
    fits = tokens_for(http, custom, web, team)

    join(admin, team, "Many more")
    authorized = authorize(http, custom, web, team)
    answer = exchange_code(http, custom, authorized)

    assert len(claims_of(fits["access_token"])["teams"]) == 100
    assert_refused(
        answer,
        "server_error",
        "The groups claim matched too many groups and must be configured to match fewer groups.",
    )


def test_an_inactive_claim_is_in_no_token(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    claim = add_claim(admin, "unit", "user.department")
    done(admin.put(f"{CLAIMS}/{claim['id']}", json=claim | {"status": "INACTIVE"}))

    tokens = tokens_for(http, custom, web, team)

    assert "unit" not in claims_of(tokens["access_token"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"gold"', "gold"),
        ("app.profile.tier", "silver"),
        ("user.nickName", None),
        ('user.firstName + " " + user.lastName', "Uma Tester"),
        ('user.department == "Trading"', True),
    ],
)
def test_an_expression_is_evaluated_for_each_token(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, value: str, expected: object
) -> None:
    person = add_user(admin, "uma", department="Trading")
    app = register_app(admin, person, profile={"tier": "silver"})
    add_claim(admin, "said", value)

    tokens = tokens_for(http, custom, app, person)

    assert claims_of(tokens["access_token"]).get("said") == expected


def test_an_expression_that_fails_ends_the_request_by_the_claims_name(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    add_claim(admin, "broken", "String.substring(user.firstName, 5, 2)")

    answer = exchange_code(http, custom, authorize(http, custom, web, team))

    assert_refused(answer, "server_error", "The 'broken' user claim could not be evaluated.")


def test_an_expression_that_is_none_is_refused_with_its_place(
    admin: httpx.Client, custom: Issuer
) -> None:
    body = {"name": "x", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "user.("}

    answer = admin.post(CLAIMS, json=body)

    assert answer.status_code == 400
    assert "value" in answer.text


def test_a_machine_has_no_groups_and_no_attributes_of_a_person(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, job: App
) -> None:
    add_claim(admin, "teams", ".*", group_filter_type="REGEX", **GROUPS)
    add_claim(admin, "unit", "user.department")
    add_claim(admin, "kind", '"machine"')

    claims = machine(http, custom, job)

    assert claims["kind"] == "machine"
    assert not {"teams", "unit"} & set(claims)


def test_the_subject_of_access_tokens_may_be_another_one_and_userinfo_names_the_person(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    sub = next(each for each in done(admin.get(CLAIMS)) if each["name"] == "sub")
    changed = sub | {"valueType": "EXPRESSION", "value": "user.department"}
    done(admin.put(f"{CLAIMS}/{sub['id']}", json=changed))

    tokens = tokens_for(http, custom, web, team)

    assert claims_of(tokens["access_token"])["sub"] == "Trading"
    assert claims_of(tokens["id_token"])["sub"] == team.id
    assert told(http, custom, tokens)["sub"] == team.id


def test_a_machine_keeps_its_name_as_subject_and_a_subject_is_text(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, job: App, web: App, team: Person
) -> None:
    sub = next(each for each in done(admin.get(CLAIMS)) if each["name"] == "sub")
    changed = sub | {"valueType": "EXPRESSION", "value": "user.department"}
    done(admin.put(f"{CLAIMS}/{sub['id']}", json=changed))
    alone = machine(http, custom, job)
    done(admin.put(f"{CLAIMS}/{sub['id']}", json=changed | {"value": "1 == 1"}))

    answer = exchange_code(http, custom, authorize(http, custom, web, team))

    assert alone["sub"] == job.id
    assert_refused(answer, "server_error", "The 'sub' user claim could not be evaluated.")


@pytest.mark.parametrize("claim_type", ["RESOURCE", "IDENTITY"])
@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "jti", "ver", "cid", "uid", "scp"])
def test_a_claim_of_the_servers_own_cannot_be_made(
    admin: httpx.Client, custom: Issuer, name: str, claim_type: str
) -> None:
    body = {"name": name, "claimType": claim_type, "valueType": "EXPRESSION", "value": '"x"'}

    answer = admin.post(CLAIMS, json=body)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")


def test_the_same_name_may_mean_one_thing_in_each_kind_of_token(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    add_claim(admin, "said", '"access"')
    add_claim(admin, "said", '"identity"', claimType="IDENTITY")

    tokens = tokens_for(http, custom, web, team)

    assert claims_of(tokens["access_token"])["said"] == "access"
    assert claims_of(tokens["id_token"])["said"] == "identity"


def test_a_refreshed_token_says_what_is_so_now(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, team: Person
) -> None:
    add_claim(admin, "unit", "user.department")
    first = tokens_for(http, custom, web, team, "openid offline_access")
    done(admin.post(f"/api/v1/users/{team.id}", json={"profile": {"department": "Risk"}}))

    again = call(
        http, custom, "token", web, grant_type="refresh_token",
        refresh_token=first["refresh_token"],
    )  # fmt: skip

    assert claims_of(first["access_token"])["unit"] == "Trading"
    assert claims_of(done(again)["access_token"])["unit"] == "Risk"


def test_a_claim_is_of_its_server_alone(
    admin: httpx.Client, http: httpx.Client, lab: Any, custom: Issuer, web: App, team: Person
) -> None:
    add_claim(admin, "unit", "user.department")
    other = add_server(admin, "Other")
    add_rule(admin, other, add_policy(admin, other))

    tokens = tokens_for(http, custom_server(lab.url, other), web, team)

    assert "unit" not in claims_of(tokens["access_token"])


# Scopes


@pytest.mark.parametrize(
    "name",
    ["openid", "device_sso", "okta", "*", "okta.users.read", "okta:x", "a b", 'a"b', "a\\b",
     "<a>", "", "ä", "x" * 256],
)  # fmt: skip
def test_a_scope_of_a_reserved_or_impossible_name_is_refused(
    admin: httpx.Client, custom: Issuer, name: str
) -> None:
    answer = admin.post("/api/v1/authorizationServers/default/scopes", json={"name": name})

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")
    assert "name" in answer.json()["errorCauses"][0]["errorSummary"]


def test_scopes_that_are_default_are_granted_when_none_is_named(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, web: App, job: App, cora: Person
) -> None:
    add_scope(admin, "basic", default=True)
    add_scope(admin, "plain", default=True)

    authorized = authorize(http, custom, web, cora, scope=None)
    person = done(exchange_code(http, custom, authorized))
    alone = done(call(http, custom, "token", job, grant_type="client_credentials"))

    assert set(person["scope"].split()) == set(alone["scope"].split()) == {"basic", "plain"}
    assert claims_of(alone["access_token"])["scp"] == alone["scope"].split()


def test_without_default_scopes_a_request_must_name_some(
    http: httpx.Client, custom: Issuer, job: App
) -> None:
    answer = call(http, custom, "token", job, grant_type="client_credentials")

    assert_refused(
        answer,
        "invalid_scope",
        "The authorization server resource does not have any configured default scopes, "
        "'scope' must be provided.",
    )


def test_a_scope_is_in_the_metadata_as_long_as_it_is_published(
    admin: httpx.Client, http: httpx.Client, custom: Issuer
) -> None:
    path = f"{custom.url}/.well-known/oauth-authorization-server"
    scope = add_scope(admin, "quiet")
    before = done(http.get(path))["scopes_supported"]
    at = f"/api/v1/authorizationServers/default/scopes/{scope['id']}"

    done(admin.put(at, json=scope | {"metadataPublish": "ALL_CLIENTS"}))

    assert "quiet" not in before
    assert "quiet" in done(http.get(path))["scopes_supported"]


@pytest.mark.parametrize(
    ("prompt", "method", "consent", "asked"),
    [
        ("consent", "TRUSTED", "REQUIRED", True),
        ("consent", "TRUSTED", "FLEXIBLE", True),
        ("consent", "REQUIRED", "REQUIRED", True),
        ("consent", "REQUIRED", "FLEXIBLE", True),
        ("consent", "TRUSTED", "IMPLICIT", False),
        ("consent", "REQUIRED", "IMPLICIT", False),
        (None, "TRUSTED", "REQUIRED", False),
        (None, "TRUSTED", "FLEXIBLE", False),
        (None, "REQUIRED", "REQUIRED", True),
        (None, "REQUIRED", "FLEXIBLE", True),
        (None, "REQUIRED", "IMPLICIT", False),
    ],
)
def test_the_consent_matrix(
    admin: httpx.Client, http: httpx.Client, custom: Issuer, cora: Person,
    prompt: str | None, method: str, consent: str, asked: bool,
) -> None:  # fmt: skip
    add_scope(admin, "matrix", consent=consent)
    app = register_app(admin, cora, consent_method=method)

    answer = authorize(http, custom, app, cora, scope="openid matrix", prompt=prompt).response

    assert ("code" in fields_of(answer)) is not asked
