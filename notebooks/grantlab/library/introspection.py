"""Introspection: asking the server whether a token is good right now (RFC 7662)."""

from __future__ import annotations

from grantlab.flows import (
    DISCOVER,
    Flow,
    FlowSetup,
    Remark,
    Step,
    StepResult,
    Switch,
    Walk,
    refusal_of,
)
from grantlab.library.client_credentials import ASK, new_walk
from grantlab.recording import Recording
from grantlab.tokens import tamper


def introspect(walk: Walk) -> StepResult:
    """Ask about the token that was just issued."""
    token = walk.tokens["access_token"]
    if walk.makes("edited-token"):
        token = tamper(token, scp=["everything"]).token
    if walk.makes("nobody-asks"):
        asked = walk.app.post(walk.metadata["introspection_endpoint"], data={"token": token})
    else:
        asked = walk.ask("introspection_endpoint", token=token)
    if refused := refusal_of(asked):
        return refused
    return Remark(f"active is {str(asked.json()['active']).lower()}.")


def introspect_nonsense(walk: Walk) -> StepResult:
    """Ask about something that never was a token: an answer, not an error."""
    asked = walk.ask("introspection_endpoint", token="this-never-was-a-token")
    if refused := refusal_of(asked):
        return refused
    return Remark(f"All the server says is: {asked.text.strip()}")


_STEPS: tuple[Step[Walk], ...] = (
    DISCOVER,
    ASK,
    Step("Introspect it", "The API's side asks the server about the token.", introspect),
    Step("Introspect nonsense", "The same question about no token at all.", introspect_nonsense),
)

_SWITCHES = (
    Switch("edited-token", "Edit the token first", "The signature no longer fits the claims."),
    Switch("nobody-asks", "Ask without saying who asks", "Anybody could fish for good tokens."),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[Walk]:
    """Introspection by a service that has a secret."""
    kept = recording or Recording()
    return Flow(
        "Introspection", _STEPS, _SWITCHES, lambda mistakes: new_walk(setup, kept, mistakes)
    )
