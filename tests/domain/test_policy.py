"""The decision table of access policies, row by row, each with the walk that led there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from labserver.domain.errors import Refusal
from labserver.domain.policy import evaluate, refusal
from labserver.domain.reasons import Step
from labserver.domain.scopes import granted_scopes
from labserver.domain.values import (
    AccessRequest,
    AuthorizationServer,
    Client,
    Group,
    Policy,
    Rule,
    Scope,
    User,
)

CODE = "authorization_code"
MACHINE = "client_credentials"
MANAGERS = Group("managers", "Managers")

R1 = Rule(
    "R1",
    "Managers",
    frozenset({CODE}),
    frozenset({"openid", "admin", "orders:read"}),
    groups=frozenset({"managers"}),
    access_token_minutes=10,
)
R2 = Rule(
    "R2", "Reading", frozenset({CODE}), frozenset({"openid", "orders:read"})
)  # 60 minutes is what a rule says by itself.
R3 = Rule(
    "R3", "Machines", frozenset({MACHINE}), frozenset({"orders:read"}), access_token_minutes=30
)
R4 = Rule(
    "R4",
    "Writing",
    frozenset({CODE}),
    frozenset({"openid", "orders:write"}),
    access_token_minutes=5,
)
P1 = Policy("P1", "App A", frozenset({"A"}), (R1, R2))
P2 = Policy("P2", "All clients", frozenset({"ALL_CLIENTS"}), (R3, R4))
BOTH = (P1, P2)

ADA = User("ada", "ada@shop.example", "ACTIVE", {}, (MANAGERS,))
BOB = User("bob", "bob@shop.example", "ACTIVE", {})
APP = Client("A", "App A", "web", "client_secret_basic")
SERVICE = Client("M", "Machine M", "service", "client_secret_basic")

NOT_THE_GRANT = "It is not for the grant type {}."
NOT_THESE_PEOPLE = "This person is in none of its groups and not named."
LEFT_OUT = "It leaves this person out by name or by group."
OTHER_CLIENTS = "It is for other clients."
NO_RULE = "It has no active rule."


def not_the_scopes(*names: str) -> str:
    return f"It does not cover the scopes {', '.join(names)}."


def grant(name: str) -> str:
    return NOT_THE_GRANT.format(name)


@dataclass(frozen=True)
class Row:
    """One row: who asks for what under which policies, and what must come of it."""

    number: str
    policies: tuple[Policy, ...]
    client: str
    user: User | None
    grant_type: str
    scopes: str
    rule: str | None
    minutes: int
    walk: tuple[tuple[str, str], ...]
    """Policy or rule id with its mismatch; empty where it matched."""


ROWS = (
    Row("1", BOTH, "A", ADA, CODE, "openid admin", "R1", 10, (("P1", ""), ("R1", ""))),
    Row(
        "2", BOTH, "A", BOB, CODE, "openid admin", None, 0,
        (
            ("P1", ""), ("R1", NOT_THESE_PEOPLE), ("R2", not_the_scopes("admin")),
            ("P2", ""), ("R3", grant(CODE)), ("R4", not_the_scopes("admin")),
        ),
    ),
    Row(
        "3", BOTH, "A", BOB, CODE, "openid orders:read", "R2", 60,
        (("P1", ""), ("R1", NOT_THESE_PEOPLE), ("R2", "")),
    ),
    Row("4", BOTH, "A", ADA, CODE, "openid orders:read", "R1", 10, (("P1", ""), ("R1", ""))),
    Row(
        "5", BOTH, "A", BOB, CODE, "openid orders:write", "R4", 5,
        (
            ("P1", ""), ("R1", NOT_THESE_PEOPLE), ("R2", not_the_scopes("orders:write")),
            ("P2", ""), ("R3", grant(CODE)), ("R4", ""),
        ),
    ),
    Row(
        "6", BOTH, "A", ADA, CODE, "openid orders:read orders:write", None, 0,
        (
            ("P1", ""), ("R1", not_the_scopes("orders:write")),
            ("R2", not_the_scopes("orders:write")),
            ("P2", ""), ("R3", grant(CODE)), ("R4", not_the_scopes("orders:read")),
        ),
    ),
    Row(
        "7", BOTH, "M", None, MACHINE, "orders:read", "R3", 30,
        (("P1", OTHER_CLIENTS), ("P2", ""), ("R3", "")),
    ),
    Row(
        "8", BOTH, "M", None, MACHINE, "admin", None, 0,
        (
            ("P1", OTHER_CLIENTS),
            ("P2", ""), ("R3", not_the_scopes("admin")), ("R4", grant(MACHINE)),
        ),
    ),
    Row(
        "12", BOTH, "A", ADA, "password", "openid", None, 0,
        (
            ("P1", ""), ("R1", grant("password")), ("R2", grant("password")),
            ("P2", ""), ("R3", grant("password")), ("R4", grant("password")),
        ),
    ),
    Row(
        "13: P1 deactivated", (P2,), "A", ADA, CODE, "openid orders:read", None, 0,
        (("P2", ""), ("R3", grant(CODE)), ("R4", not_the_scopes("orders:read"))),
    ),
    Row(
        "14: as it was, writing", BOTH, "A", ADA, CODE, "openid orders:write", "R4", 5,
        (
            ("P1", ""), ("R1", not_the_scopes("orders:write")),
            ("R2", not_the_scopes("orders:write")),
            ("P2", ""), ("R3", grant(CODE)), ("R4", ""),
        ),
    ),
    Row(
        "14: swapped, writing", (P2, P1), "A", ADA, CODE, "openid orders:write", "R4", 5,
        (("P2", ""), ("R3", grant(CODE)), ("R4", "")),
    ),
    Row(
        "14: swapped, reading", (P2, P1), "A", ADA, CODE, "openid orders:read", "R1", 10,
        (
            ("P2", ""), ("R3", grant(CODE)), ("R4", not_the_scopes("orders:read")),
            ("P1", ""), ("R1", ""),
        ),
    ),
    Row(
        "15: R1 deactivated", (replace(P1, rules=(R2,)), P2), "A", ADA, CODE, "openid admin",
        None, 0,
        (
            ("P1", ""), ("R2", not_the_scopes("admin")),
            ("P2", ""), ("R3", grant(CODE)), ("R4", not_the_scopes("admin")),
        ),
    ),
    Row(
        "16: R1 and R2 swapped", (replace(P1, rules=(R2, R1)), P2), "A", ADA, CODE,
        "openid orders:read", "R2", 60,
        (("P1", ""), ("R2", "")),
    ),
    Row("17: no policies, a person", (), "A", ADA, CODE, "openid", None, 0, ()),
    Row("17: no policies, a machine", (), "M", None, MACHINE, "orders:read", None, 0, ()),
    Row(
        "18: excluded by name",
        (replace(P1, rules=(R1, replace(R2, excluded_users=frozenset({"bob"})))), P2),
        "A", BOB, CODE, "openid orders:read", None, 0,
        (
            ("P1", ""), ("R1", NOT_THESE_PEOPLE), ("R2", LEFT_OUT),
            ("P2", ""), ("R3", grant(CODE)), ("R4", not_the_scopes("orders:read")),
        ),
    ),
    Row(
        "19: after joining the group", BOTH, "A", replace(BOB, groups=(MANAGERS,)), CODE,
        "openid admin", "R1", 10,
        (("P1", ""), ("R1", "")),
    ),
    Row(
        "20: after the rule's lifetime changed",
        (replace(P1, rules=(R1, replace(R2, access_token_minutes=5))), P2),
        "A", BOB, CODE, "openid orders:read", "R2", 5,
        (("P1", ""), ("R1", NOT_THESE_PEOPLE), ("R2", "")),
    ),
)  # fmt: skip


def walk(steps: tuple[Step, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((step.rule_id or step.policy_id, step.mismatch) for step in steps)


def asking(
    scopes: str, client: str = "A", user: User | None = BOB, grant_type: str = CODE
) -> AccessRequest:
    return AccessRequest(client, grant_type, frozenset(scopes.split()), user)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_the_first_rule_that_covers_the_request_decides_and_the_trace_shows_the_walk(
    row: Row,
) -> None:
    request = asking(row.scopes, row.client, row.user, row.grant_type)

    decision = evaluate(row.policies, request)

    assert (decision.rule.id if decision.rule else None) == row.rule
    assert (decision.rule.access_token_minutes if decision.rule else 0) == row.minutes
    assert walk(decision.trace) == row.walk


def orders_server() -> AuthorizationServer:
    names = ("openid", "orders:read", "orders:write", "admin")
    return AuthorizationServer(
        "S", "S", "http://lab.test/oauth2/S", "http://lab.test/oauth2/S/v1", "api://orders",
        {name: Scope(name) for name in names}, policies=BOTH,
    )  # fmt: skip


def test_row_9_a_machine_that_asks_for_openid_is_refused_before_any_policy() -> None:
    with pytest.raises(Refusal) as refused:
        granted_scopes(orders_server(), SERVICE, "openid", MACHINE)

    assert refused.value.error == "invalid_scope"


def test_row_11_a_scope_that_the_server_lacks_is_refused_before_any_policy() -> None:
    with pytest.raises(Refusal) as refused:
        granted_scopes(orders_server(), APP, "orders:delete", CODE)

    assert refused.value.error == "invalid_scope"
    assert refused.value.name == "no_matching_scope"


def test_a_policy_that_is_passed_over_shows_no_rule_of_its_own() -> None:
    decision = evaluate((P1,), asking("openid", client="B"))

    assert decision.trace == (Step("P1", "App A", None, None, OTHER_CLIENTS),)


def test_a_policy_without_rules_never_applies() -> None:
    decision = evaluate((Policy("P0", "Empty", frozenset({"ALL_CLIENTS"})),), asking("openid"))

    assert decision.rule is None
    assert walk(decision.trace) == (("P0", NO_RULE),)


NAMED = replace(R1, users=frozenset({"ada"}))


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(replace(NAMED, excluded_users=frozenset({"ada"})), id="by name"),
        pytest.param(replace(NAMED, excluded_groups=frozenset({"managers"})), id="by group"),
    ],
)
def test_exclusion_beats_inclusion(rule: Rule) -> None:
    decision = evaluate((replace(P1, rules=(rule,)),), asking("openid", user=ADA))

    assert decision.rule is None


def test_a_person_who_is_named_needs_none_of_the_groups() -> None:
    rule = replace(R1, users=frozenset({"bob"}))

    decision = evaluate((replace(P1, rules=(rule,)),), asking("openid admin", user=BOB))

    assert decision.rule is rule


def test_people_are_not_asked_about_when_a_machine_asks() -> None:
    rule = replace(R3, groups=frozenset({"managers"}))
    request = asking("orders:read", "M", None, MACHINE)

    decision = evaluate((replace(P2, rules=(rule,)),), request)

    assert decision.rule is rule


def test_a_star_covers_every_scope() -> None:
    rule = replace(R2, scopes=frozenset({"*"}))

    decision = evaluate((replace(P1, rules=(rule,)),), asking("openid admin orders:write"))

    assert decision.rule is rule


REFUSALS: tuple[tuple[str, AccessRequest, tuple[Policy, ...], str, str], ...] = (
    (
        "nothing matched at all",
        asking("openid", grant_type="password"),
        BOTH,
        "no_matching_policy",
        "Policy evaluation failed for this request, please check the policy configurations.",
    ),
    (
        "no policies",
        asking("openid"),
        (),
        "no_matching_policy",
        "Policy evaluation failed for this request, please check the policy configurations.",
    ),
    (
        "a rule allows some of the scopes",
        asking("openid admin"),
        BOTH,
        "scope_denied",
        "Some of the requested scopes were denied by the policy. Denied scopes: [admin].",
    ),
    (
        "rules match but for all the scopes",
        asking("admin", "M", None, MACHINE),
        BOTH,
        "no_scope_allowed",
        "Policy evaluation succeeded, but all the requested scopes were rejected.",
    ),
)


@pytest.mark.parametrize(
    ("request_", "policies", "name", "description"),
    [pytest.param(*row[1:], id=row[0]) for row in REFUSALS],
)
def test_a_refusal_is_named_by_what_came_closest(
    request_: AccessRequest, policies: tuple[Policy, ...], name: str, description: str
) -> None:
    refused = refusal(evaluate(policies, request_))

    assert (refused.error, refused.status) == ("access_denied", 400)
    assert (refused.name, refused.description) == (name, description)


def test_deciding_among_two_hundred_rules_looks_at_each_once() -> None:
    rules = tuple(replace(R1, id=f"R{number}") for number in range(200))

    decision = evaluate((replace(P1, rules=rules),), asking("openid"))

    assert [step.rule_id for step in decision.trace[1:]] == [rule.id for rule in rules]
