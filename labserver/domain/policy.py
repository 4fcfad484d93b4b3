"""Access policies: the first rule that covers a request decides (Okta: access policies)."""

from __future__ import annotations

from dataclasses import dataclass

from labserver.domain.errors import Refusal
from labserver.domain.reasons import Step
from labserver.domain.values import AccessRequest, Policy, Rule, User

ALLOWED = "access policy allows it"
"""The check's name among the server's reasons."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule that matched, or None, and the steps that led there."""

    rule: Rule | None
    policy: Policy | None
    trace: tuple[Step, ...]


def evaluate(policies: tuple[Policy, ...], request: AccessRequest) -> Decision:
    """Find the first rule that covers the request, in priority order."""
    trace: list[Step] = []
    for policy in policies:
        mismatch = policy_mismatch(policy, request)
        trace.append(Step(policy.id, policy.name, None, None, mismatch))
        if mismatch:
            continue
        for rule in policy.rules:
            step = _judge(policy, rule, request)
            trace.append(step)
            if not step.mismatch:
                return Decision(rule, policy, tuple(trace))
    return Decision(None, None, tuple(trace))


def policy_mismatch(policy: Policy, request: AccessRequest) -> str:
    """Why the policy is passed over; empty when it applies."""
    if not policy.clients & {"ALL_CLIENTS", request.client_id}:
        return "It is for other clients."
    if not policy.rules:
        return "It has no active rule."
    return ""


def refusal(decision: Decision) -> Refusal:
    """The refusal of a decision without a rule, in the words that help most."""
    near = [step for step in decision.trace if step.missing_scopes]
    for step in near:
        if step.some_scopes_allowed:
            return Refusal(
                "access_denied",
                "Some of the requested scopes were denied by the policy. "
                f"Denied scopes: [{', '.join(step.missing_scopes)}].",
                name="scope_denied",
                check=ALLOWED,
            )
    if near:
        return Refusal(
            "access_denied",
            "Policy evaluation succeeded, but all the requested scopes were rejected.",
            name="no_scope_allowed",
            check=ALLOWED,
        )
    return Refusal(
        "access_denied",
        "Policy evaluation failed for this request, please check the policy configurations.",
        name="no_matching_policy",
        check=ALLOWED,
    )


def _judge(policy: Policy, rule: Rule, request: AccessRequest) -> Step:
    """One step of the walk: grant type, then people, then scopes."""
    mismatch = _grant_type_mismatch(rule, request.grant_type)
    if not mismatch and request.user is not None:
        mismatch = _people_mismatch(rule, request.user)
    missing: tuple[str, ...] = ()
    if not mismatch and "*" not in rule.scopes:
        missing = tuple(sorted(request.scopes - rule.scopes))
        if missing:
            mismatch = f"It does not cover the scopes {', '.join(missing)}."
    return Step(
        policy.id,
        policy.name,
        rule.id,
        rule.name,
        mismatch,
        missing,
        bool(missing) and bool(request.scopes & rule.scopes),
    )


def _grant_type_mismatch(rule: Rule, grant_type: str) -> str:
    if rule.grant_types & {"*", grant_type}:
        return ""
    return f"It is not for the grant type {grant_type}."


def _people_mismatch(rule: Rule, user: User) -> str:
    if user.id in rule.excluded_users or user.group_ids & rule.excluded_groups:
        return "It leaves this person out by name or by group."
    if "EVERYONE" in rule.groups or user.id in rule.users or user.group_ids & rule.groups:
        return ""
    return "This person is in none of its groups and not named."
