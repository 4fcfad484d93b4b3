"""Introspection: asking the server whether a token is good right now (RFC 7662)."""

from __future__ import annotations

from typing import Any

from grantlab.calls import Call
from grantlab.flows import (
    Choice,
    Flow,
    FlowSetup,
    Question,
    Refused,
    Remark,
    Step,
    StepResult,
    Switch,
    Walk,
    refusal_of,
)
from grantlab.library.client_credentials import ASK
from grantlab.recording import Recording
from grantlab.steps import DISCOVER, new_walk
from grantlab.tokens import decode, tamper

ENDPOINT = "introspection_endpoint"


def _asking(walk: Walk, token: str) -> Call:
    if walk.makes("nobody-asks"):
        return Call(method="POST", url=walk.endpoint(ENDPOINT), data={"token": token})
    return walk.post(ENDPOINT, {"token": token})


def _written(call: Call) -> str:
    return f'{call.written()}\nprint(answer.raise_for_status().json()["active"])'


def introspect(walk: Walk) -> StepResult:
    """Ask about the token that was just issued."""
    token = walk.token()
    if walk.makes("edited-token"):
        edited = tamper if not decode(token).opaque else None
        token = edited(token, scp=["everything"]).token if edited else f"{token[:-1]}~"
    asked = walk.send(_asking(walk, token))
    if refused := refusal_of(asked):
        return refused
    return Remark(f"active is {str(asked.json()['active']).lower()}.")


def _introspect_code(walk: Walk) -> str:
    if not walk.makes("edited-token"):
        return _written(_asking(walk, walk.token()))
    return (
        "import base64\nimport json\n"
        'head, claims, signature = tokens["access_token"].split(".")\n'
        'claims = json.loads(base64.urlsafe_b64decode(claims + "=="))\n'
        'edited = json.dumps({**claims, "scp": ["everything"]}).encode()\n'
        'edited = base64.urlsafe_b64encode(edited).rstrip(b"=").decode()\n'
        'tokens["access_token"] = f"{head}.{edited}.{signature}"\n'
    ) + _written(_asking(walk, walk.token()))


def introspect_nonsense(walk: Walk) -> StepResult:
    """Ask about something that never was a token: an answer, not an error."""
    asked = walk.ask(ENDPOINT, token="this-never-was-a-token")
    if refused := refusal_of(asked):
        return refused
    return Remark(f"All the server says is: {asked.text.strip()}")


def _came(_: Walk, result: StepResult) -> str:
    if isinstance(result, Refused):
        return "refused"
    return "active" if result and "true" in result.says else "inactive"


WHAT_COMES: Question[Walk] = Question(
    "Somebody asks the server about a token. What does it say?",
    (
        Choice("active", "active: true", "It knows the token, which is neither over nor changed."),
        Choice(
            "inactive",
            "active: false, and nothing else",
            "It isn't a good token of this server. Why, it tells nobody.",
        ),
        Choice(
            "refused",
            "It refuses to answer",
            "Whoever asks must say who they are, or thieves could try what they found.",
        ),
    ),
    _came,
)

_STEPS: tuple[Step[Any], ...] = (
    DISCOVER,
    ASK,
    Step(
        "Introspect it",
        "The API's side asks the server about the token.",
        introspect,
        _introspect_code,
        WHAT_COMES,
        (ENDPOINT,),
    ),
    Step(
        "Introspect nonsense",
        "The same question about no token at all.",
        introspect_nonsense,
        lambda walk: _written(walk.post(ENDPOINT, {"token": "this-never-was-a-token"})),
    ),
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
