"""The org's own policies: sign-on, password, MFA enrolment."""

from __future__ import annotations

from collections.abc import Iterator

from labserver.domain.operations.operation import SWITCHES, Operation, crud, posts
from labserver.domain.rights import Right

_POLICIES = "/api/v1/policies"
_POLICY = f"{_POLICIES}/{{policy_id}}"
_RULES = f"{_POLICY}/rules"


def of_policies() -> Iterator[Operation]:
    """Policies, their rules, and the switches of both."""
    resource: tuple[str, Right, Right] = ("policies", "view policies", "edit policies")
    yield from crud(_POLICIES, "policy_id", *resource)
    yield from crud(_RULES, "rule_id", *resource)
    for path in (_POLICY, f"{_RULES}/{{rule_id}}"):
        yield from posts(path, "okta.policies.manage", "edit policies", *SWITCHES)
