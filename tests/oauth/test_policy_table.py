"""The decision table of access policies, row by row over HTTP: who gets what, by which rule."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.speaking import (
    App,
    Issuer,
    Person,
    add_policy,
    add_server,
    add_user,
    assert_refused,
    assert_sent_back,
    authorize,
    call,
    claims_of,
    custom_server,
    done,
    exchange_code,
    introspect,
    reasons_of,
    refresh,
    register_app,
    rule,
)

NO_MATCH = "Policy evaluation failed for this request, please check the policy configurations."
ALL_REJECTED = "Policy evaluation succeeded, but all the requested scopes were rejected."
NOT_ASSIGNED = "User is not assigned to the client application."
NOT_CONFIGURED = "One or more scopes are not configured for the authorization server resource."
NO_PERSON = "Cannot request 'openid' scopes using client credentials."
CODE = ("authorization_code",)
MACHINE = ("client_credentials",)


def denied(*scopes: str) -> str:
    """What is said when a rule allows some of the scopes, but not these."""
    return (
        "Some of the requested scopes were denied by the policy. "
        f"Denied scopes: [{', '.join(scopes)}]."
    )


@dataclass(frozen=True)
class Orders:
    """The world of the table: server S, apps A and M, three people, P1 (R1, R2) and P2 (R3, R4)."""

    admin: httpx.Client
    http: httpx.Client
    issuer: Issuer
    path: str
    app: App
    machine: App
    people: dict[str, Person]
    managers: str
    paths: dict[str, str] = field(default_factory=dict)
    """Where each policy and rule is, by its name in the table."""

    def change(self, name: str, **members: Any) -> None:
        """The policy or rule has these members, all others as before."""
        document = done(self.admin.get(self.paths[name]))
        done(self.admin.put(self.paths[name], json=document | members))

    def switch_off(self, name: str) -> None:
        """The policy or rule is skipped."""
        done(self.admin.post(f"{self.paths[name]}/lifecycle/deactivate"))

    def delete(self, name: str) -> None:
        """The policy or rule is gone."""
        done(self.admin.delete(self.paths[name]))

    def join(self, name: str) -> None:
        """The person is one of the Managers from now on."""
        person = self.people[name]
        done(self.admin.put(f"/api/v1/groups/{self.managers}/users/{person.id}"))

    def code_flow(self, name: str, scope: str) -> dict[str, Any]:
        """The tokens of a sign-in of this person."""
        authorized = authorize(self.http, self.issuer, self.app, self.people[name], scope=scope)
        found: dict[str, Any] = done(exchange_code(self.http, self.issuer, authorized))
        return found

    def ask(self, name: str, scope: str) -> tuple[str, int] | str:
        """The rule that lets the person through and its minutes, or what the refusal says."""
        authorized = authorize(self.http, self.issuer, self.app, self.people[name], scope=scope)
        if "error" in authorized.fields:
            assert_sent_back(authorized.response, authorized.fields["error"])
            return authorized.fields["error_description"]
        tokens = done(exchange_code(self.http, self.issuer, authorized))
        assert set(claims_of(tokens["access_token"])["scp"]) == set(scope.split())
        return self.rule_of(authorized.response), tokens["expires_in"] // 60

    def ask_alone(self, scope: str) -> tuple[str, int] | str:
        """The same for the machine."""
        answer = call(
            self.http, self.issuer, "token", self.machine, grant_type=MACHINE[0], scope=scope
        )
        if answer.status_code != 200:
            assert answer.status_code == 400
            description: str = answer.json()["error_description"]
            return description
        token = claims_of(answer.json()["access_token"])
        assert token["sub"] == token["cid"] == self.machine.id
        assert token["exp"] - token["iat"] == answer.json()["expires_in"]
        return self.rule_of(answer), answer.json()["expires_in"] // 60

    def rule_of(self, answer: httpx.Response) -> str:
        """The rule that the server's reasons name."""
        details = " ".join(reason["detail"] for reason in reasons_of(self.admin, answer))
        found = re.search(r"Rule “(\w+)”", details)
        assert found is not None, details
        return found[1]


@pytest.fixture
def orders(admin: httpx.Client, http: httpx.Client, lab: Any) -> Orders:
    """The world of the table."""
    server = add_server(admin, "Orders", "orders:read", "orders:write", "admin")
    people = {name: add_user(admin, f"{name.lower()}.of.orders") for name in ("Ada", "Bob", "Eve")}
    group = {"profile": {"name": "Managers"}}
    world = Orders(
        admin,
        http,
        custom_server(lab.url, server),
        f"/api/v1/authorizationServers/{server}",
        register_app(admin, people["Ada"], people["Bob"], label="App A"),
        register_app(admin, type="service", label="Machine M"),
        people,
        done(admin.post("/api/v1/groups", json=group))["id"],
    )
    world.join("Ada")
    policies = f"{world.path}/policies"
    for name, clients in (("P1", (world.app.id,)), ("P2", ())):
        made = add_policy(admin, server, name, clients)
        world.paths[name] = f"{policies}/{made}"
    # Each new policy stood at priority 1; the table's order is P1, P2.
    world.change("P1", priority=1)
    managers = (world.managers,)
    reads, manages = ("openid", "orders:read"), ("openid", "admin", "orders:read")
    for policy, name, grants, scopes, groups, minutes in (
        ("P1", "R1", CODE, manages, managers, 10),
        ("P1", "R2", CODE, reads, ("EVERYONE",), 60),
        ("P2", "R3", MACHINE, ("orders:read",), ("EVERYONE",), 30),
        ("P2", "R4", CODE, ("openid", "orders:write"), ("EVERYONE",), 5),
    ):
        body = rule(
            name,
            grant_types=grants,
            scopes=scopes,
            groups=groups,
            accessTokenLifetimeMinutes=minutes,
        )
        body["priority"] = 1 if name in ("R1", "R3") else 2
        made = done(admin.post(f"{world.paths[policy]}/rules", json=body))["id"]
        world.paths[name] = f"{world.paths[policy]}/rules/{made}"
    return world


@pytest.mark.parametrize(
    ("who", "scope", "outcome"),
    [
        pytest.param("Ada", "openid admin", ("R1", 10), id="row 1"),
        pytest.param("Bob", "openid admin", denied("admin"), id="row 2"),
        pytest.param("Bob", "openid orders:read", ("R2", 60), id="row 3"),
        pytest.param("Ada", "openid orders:read", ("R1", 10), id="row 4"),
        pytest.param("Bob", "openid orders:write", ("R4", 5), id="row 5"),
        pytest.param("Ada", "openid orders:read orders:write", denied("orders:write"), id="row 6"),
        pytest.param("Eve", "openid", NOT_ASSIGNED, id="row 10"),
        pytest.param("Ada", "orders:delete", NOT_CONFIGURED, id="row 11"),
    ],
)
def test_people_are_judged_by_the_first_rule_that_covers_the_whole_request(
    orders: Orders, who: str, scope: str, outcome: tuple[str, int] | str
) -> None:
    assert orders.ask(who, scope) == outcome


@pytest.mark.parametrize(
    ("scope", "outcome"),
    [
        pytest.param("orders:read", ("R3", 30), id="row 7"),
        pytest.param("admin", ALL_REJECTED, id="row 8"),
        pytest.param("openid", NO_PERSON, id="row 9"),
        pytest.param("orders:delete", NOT_CONFIGURED, id="row 11"),
    ],
)
def test_a_machine_is_judged_without_people(
    orders: Orders, scope: str, outcome: tuple[str, int] | str
) -> None:
    assert orders.ask_alone(scope) == outcome


def test_row_12_the_password_grant_is_not_offered(orders: Orders) -> None:
    ada = orders.people["Ada"]

    answer = call(
        orders.http, orders.issuer, "token", orders.app,
        grant_type="password", username=ada.login, password=ada.password, scope="openid",
    )  # fmt: skip

    assert_refused(answer, "unsupported_grant_type")


def test_row_13_an_inactive_policy_is_skipped(orders: Orders) -> None:
    orders.switch_off("P1")

    assert orders.ask("Ada", "openid orders:read") == denied("orders:read")
    assert orders.ask("Ada", "openid orders:write") == ("R4", 5)


def test_row_14_policies_change_places(orders: Orders) -> None:
    before = orders.ask("Ada", "openid orders:write")

    orders.change("P1", priority=2)

    assert before == orders.ask("Ada", "openid orders:write") == ("R4", 5)
    assert orders.ask("Ada", "openid orders:read") == ("R1", 10)
    order = [each["name"] for each in done(orders.admin.get(f"{orders.path}/policies"))]
    assert order == ["P2", "P1"]


def test_row_15_an_inactive_rule_is_skipped(orders: Orders) -> None:
    orders.switch_off("R1")

    assert orders.ask("Ada", "openid admin") == denied("admin")
    assert orders.ask("Ada", "openid orders:read") == ("R2", 60)


def test_row_16_the_order_of_rules_is_the_policy(orders: Orders) -> None:
    orders.change("R1", priority=2)

    assert orders.ask("Ada", "openid orders:read") == ("R2", 60)
    assert orders.ask("Ada", "openid admin") == ("R1", 10)


def test_row_17_without_policies_nobody_gets_anything(orders: Orders) -> None:
    orders.delete("P1")
    orders.delete("P2")

    assert orders.ask("Ada", "openid") == NO_MATCH
    assert orders.ask_alone("orders:read") == NO_MATCH


@pytest.mark.parametrize("kind", ["users", "groups"])
def test_row_18_exclusion_beats_inclusion(orders: Orders, kind: str) -> None:
    orders.switch_off("R1")
    out = {"users": orders.people["Ada"].id, "groups": orders.managers}[kind]
    conditions = done(orders.admin.get(orders.paths["R2"]))["conditions"]
    conditions["people"][kind]["exclude"] = [out]
    conditions["people"][kind]["include"] += [out]

    orders.change("R2", conditions=conditions)

    assert orders.ask("Ada", "openid orders:read") == denied("orders:read")
    assert orders.ask("Bob", "openid orders:read") == ("R2", 60)


def test_row_19_a_new_member_is_let_through_next_time_and_the_old_token_stays_as_it_was(
    orders: Orders,
) -> None:
    old = orders.code_flow("Bob", "openid orders:read")["access_token"]

    orders.join("Bob")

    assert orders.ask("Bob", "openid admin") == ("R1", 10)
    told = introspect(orders.http, orders.issuer, orders.app, old)
    assert told["active"] is True
    assert told["exp"] - told["iat"] == 3600
    assert told["scope"] == "openid orders:read"


def test_row_20_a_refresh_lives_as_long_as_the_rule_says_now(orders: Orders) -> None:
    conditions = done(orders.admin.get(orders.paths["R2"]))["conditions"]
    conditions["scopes"]["include"] += ["offline_access"]
    orders.change("R2", conditions=conditions)
    first = orders.code_flow("Bob", "openid orders:read offline_access")
    actions = {"token": {"accessTokenLifetimeMinutes": 5}}

    orders.change("R2", actions=actions)
    second = refresh(orders.http, orders.issuer, orders.app, first["refresh_token"]).json()

    assert (first["expires_in"], second["expires_in"]) == (3600, 300)


# The same refusals where they are given, and what the table leaves open


def test_no_match_is_denied_with_the_state_at_authorize_and_as_json_at_the_token_endpoint(
    orders: Orders,
) -> None:
    orders.delete("P1")
    orders.delete("P2")

    asked = authorize(orders.http, orders.issuer, orders.app, orders.people["Ada"]).response
    alone = call(
        orders.http, orders.issuer, "token", orders.machine,
        grant_type=MACHINE[0], scope="orders:read",
    )  # fmt: skip

    assert_sent_back(asked, "access_denied", NO_MATCH, state="state-of-the-app")
    assert_refused(alone, "access_denied", NO_MATCH)


def test_a_refresh_that_no_rule_covers_any_more_is_denied(orders: Orders) -> None:
    conditions = done(orders.admin.get(orders.paths["R2"]))["conditions"]
    conditions["scopes"]["include"] = ["*"]
    orders.change("R2", conditions=conditions)
    first = orders.code_flow("Bob", "openid orders:read offline_access")

    orders.switch_off("R2")
    answer = refresh(orders.http, orders.issuer, orders.app, first["refresh_token"])

    assert_refused(answer, "access_denied", denied("offline_access", "orders:read"))


def test_a_code_is_redeemed_under_the_rule_that_let_it_through(orders: Orders) -> None:
    authorized = authorize(
        orders.http, orders.issuer, orders.app, orders.people["Bob"], scope="openid orders:read"
    )

    orders.delete("P1")
    answer = exchange_code(orders.http, orders.issuer, authorized)

    assert (answer.status_code, answer.json()["expires_in"]) == (200, 3600)


def test_a_policy_for_other_clients_is_passed_over(orders: Orders) -> None:
    other = register_app(orders.admin, orders.people["Ada"], label="App B")

    answer = authorize(
        orders.http, orders.issuer, other, orders.people["Ada"], scope="openid orders:read"
    )

    assert_sent_back(answer.response, "access_denied", denied("orders:read"))


def test_a_rule_for_the_implicit_grant_covers_tokens_from_the_front_alone(orders: Orders) -> None:
    conditions = done(orders.admin.get(orders.paths["R2"]))["conditions"]
    conditions["grantTypes"]["include"] = ["implicit"]
    orders.change("R2", conditions=conditions)

    assert orders.ask("Bob", "openid orders:read") == denied("orders:read")


def test_a_person_who_is_named_is_in_without_any_group(orders: Orders) -> None:
    conditions = done(orders.admin.get(orders.paths["R1"]))["conditions"]
    conditions["people"]["users"]["include"] = [orders.people["Bob"].id]

    orders.change("R1", conditions=conditions)

    assert orders.ask("Bob", "openid admin") == ("R1", 10)


@pytest.mark.parametrize("minutes", [5, 1440])
def test_the_shortest_and_the_longest_lifetime_are_what_the_token_lives(
    orders: Orders, minutes: int
) -> None:
    orders.change("R3", actions={"token": {"accessTokenLifetimeMinutes": minutes}})

    assert orders.ask_alone("orders:read") == ("R3", minutes)


def test_a_deleted_scope_leaves_its_rule_which_covers_the_rest(orders: Orders) -> None:
    scopes = f"{orders.path}/scopes"
    scope = done(orders.admin.get(scopes, params={"q": "orders:write"}))[0]["id"]

    done(orders.admin.delete(f"{scopes}/{scope}"))

    assert orders.ask("Bob", "openid orders:write") == NOT_CONFIGURED
    assert orders.ask("Bob", "openid") == ("R2", 60)
    held = done(orders.admin.get(orders.paths["R4"]))["conditions"]["scopes"]["include"]
    assert held == ["openid"]


def test_a_rule_whose_last_scope_is_deleted_covers_nothing(orders: Orders) -> None:
    scopes = f"{orders.path}/scopes"
    scope = done(orders.admin.get(scopes, params={"q": "orders:read"}))[0]["id"]

    done(orders.admin.delete(f"{scopes}/{scope}"))

    document = done(orders.admin.get(orders.paths["R3"]))
    assert document["conditions"]["scopes"]["include"] == []
    assert orders.ask_alone("admin") == ALL_REJECTED


@pytest.mark.parametrize("priority", [2, 3, 99, 1_000_000])
def test_a_priority_beyond_the_end_is_the_last_place(orders: Orders, priority: int) -> None:
    orders.change("R1", priority=priority)

    rules = done(orders.admin.get(f"{orders.paths['P1']}/rules"))
    assert [(each["name"], each["priority"]) for each in rules] == [("R2", 1), ("R1", 2)]


def test_deleting_leaves_no_gap_and_each_server_counts_for_itself(orders: Orders) -> None:
    other = add_server(orders.admin, "Other")
    add_policy(orders.admin, other, "Elsewhere")

    orders.delete("P1")
    orders.delete("R3")

    policies = done(orders.admin.get(f"{orders.path}/policies"))
    rules = done(orders.admin.get(f"{orders.paths['P2']}/rules"))
    elsewhere = done(orders.admin.get(f"/api/v1/authorizationServers/{other}/policies"))
    assert [(each["name"], each["priority"]) for each in policies] == [("P2", 1)]
    assert [(each["name"], each["priority"]) for each in rules] == [("R4", 1)]
    assert [(each["name"], each["priority"]) for each in elsewhere] == [("Elsewhere", 1)]


@pytest.mark.parametrize("priority", [0, -1, "1", 1.5])
def test_a_priority_that_is_no_place_is_refused(orders: Orders, priority: object) -> None:
    document = done(orders.admin.get(orders.paths["R1"]))

    answer = orders.admin.put(orders.paths["R1"], json=document | {"priority": priority})

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")
    assert "priority" in answer.text
