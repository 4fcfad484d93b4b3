"""Why the server decided as it did: plain tuples while deciding, documents when read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

Result = Literal["passed", "failed", "skipped"]


class Check(NamedTuple):
    """One check that ran, or was left out, in the order of the others.

    `detail` never holds a secret, code or token.
    """

    check: str
    result: Result
    detail: str = ""


class Step(NamedTuple):
    """One policy or rule that was looked at; `mismatch` is empty when it matched."""

    policy_id: str
    policy_name: str
    rule_id: str | None
    rule_name: str | None
    mismatch: str
    missing_scopes: tuple[str, ...] = ()
    """Set when everything but these scopes matched."""
    some_scopes_allowed: bool = False


Reason = Check | Step


MOST = 60
"""How many reasons of one request the log keeps; of more, the first and the last ones."""


def render(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    """The reasons as the log shows them: `check`, `result`, `detail`, `policyId`, `ruleId`."""
    return [
        _step(reason) if isinstance(reason, Step) else _check(reason)
        for reason in _shortened(tuple(reasons))
    ]


def _shortened(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """At most `MOST` reasons: a walk past hundreds of rules would fill the log with one line."""
    if len(reasons) <= MOST:
        return reasons
    kept = MOST // 2
    between = Check("more of the same", "skipped", f"{len(reasons) - 2 * kept} steps in between.")
    return (*reasons[:kept], between, *reasons[-kept:])


def _check(check: Check) -> dict[str, str]:
    return {"check": check.check, "result": check.result, "detail": check.detail}


def _step(step: Step) -> dict[str, str]:
    if step.rule_name is None:
        document = {"check": f"policy “{step.policy_name}”"}
    else:
        document = {"check": f"rule “{step.rule_name}” of policy “{step.policy_name}”"}
    document["result"] = "failed" if step.mismatch else "passed"
    document["detail"] = step.mismatch or "It matches."
    document["policyId"] = step.policy_id
    if step.rule_id is not None:
        document["ruleId"] = step.rule_id
    return document
