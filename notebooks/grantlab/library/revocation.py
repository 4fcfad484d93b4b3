"""Revocation: ending a token, and who notices (RFC 7009)."""

from __future__ import annotations

from grantlab.flows import (
    DISCOVER,
    Flow,
    FlowSetup,
    Refused,
    Remark,
    Step,
    StepResult,
    Switch,
    Walk,
    refusal_of,
)
from grantlab.library.client_credentials import ASK, new_walk
from grantlab.recording import Recording
from grantlab.tokens import KeySet, decode, verify


def introspect(walk: Walk) -> StepResult:
    """Ask the server whether the token is good."""
    asked = walk.ask("introspection_endpoint", token=walk.tokens["access_token"])
    if refused := refusal_of(asked):
        return refused
    return Remark(f"active is {str(asked.json()['active']).lower()}.")


def revoke(walk: Walk) -> StepResult:
    """Tell the server to end the token."""
    token = walk.tokens["access_token"]
    if walk.makes("unknown-token"):
        token = "this-never-was-a-token"
    if walk.makes("nobody-asks"):
        answer = walk.app.post(walk.metadata["revocation_endpoint"], data={"token": token})
    else:
        answer = walk.ask("revocation_endpoint", token=token)
    return refusal_of(answer) or Remark("The server says 200, whatever it found.")


def verify_locally(walk: Walk) -> StepResult:
    """Check the token as an API does that asks nobody: keys, issuer, audience, time."""
    token = walk.tokens["access_token"]
    claims = decode(token).payload
    now = walk.setup.now() if walk.setup.now else float(claims.get("iat", 0))
    verification = verify(
        token,
        issuer=walk.setup.issuer,
        audience=walk.setup.audience or str(claims.get("aud")),
        keys=KeySet(walk.metadata["jwks_uri"], walk.app),
        now=now,
    )
    if not verification.valid:
        return Refused(
            f"The token failed: {', '.join(check.name for check in verification.failed)}"
        )
    return Remark("Every local check still passes: only the server knows of the revocation.")


_STEPS: tuple[Step[Walk], ...] = (
    DISCOVER,
    ASK,
    Step("Introspect it", "Good so far.", introspect),
    Step("Revoke it", "The app ends its own token.", revoke),
    Step("Introspect it again", "The server knows.", introspect),
    Step("Verify it locally", "An API that asks nobody does not.", verify_locally),
)

_SWITCHES = (
    Switch("unknown-token", "Revoke something else", "The answer is 200 and nothing has ended."),
    Switch("nobody-asks", "Revoke without saying who asks", "Anybody could end anybody's tokens."),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[Walk]:
    """Revocation by a service that has a secret."""
    kept = recording or Recording()
    return Flow("Revocation", _STEPS, _SWITCHES, lambda mistakes: new_walk(setup, kept, mistakes))
