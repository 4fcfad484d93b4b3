"""Revocation: ending a token, and who notices (RFC 7009)."""

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
from grantlab.tokens import KeySet, decode, verify

ENDPOINT = "revocation_endpoint"
ASKING = "introspection_endpoint"
KNOWN_TO_THE_SERVER = "only the server knows of the revocation"


def introspect(walk: Walk) -> StepResult:
    """Ask the server whether the token is good."""
    asked = walk.ask(ASKING, token=walk.token())
    if refused := refusal_of(asked):
        return refused
    return Remark(f"active is {str(asked.json()['active']).lower()}.")


def _introspect_code(walk: Walk) -> str:
    call = walk.post(ASKING, {"token": walk.token()})
    return f'{call.written()}\nprint(answer.raise_for_status().json()["active"])'


def _revoking(walk: Walk) -> Call:
    token = "this-never-was-a-token" if walk.makes("unknown-token") else walk.token()
    if walk.makes("nobody-asks"):
        return Call(method="POST", url=walk.endpoint(ENDPOINT), data={"token": token})
    return walk.post(ENDPOINT, {"token": token})


def revoke(walk: Walk) -> StepResult:
    """Tell the server to end the token."""
    answer = walk.send(_revoking(walk))
    return refusal_of(answer) or Remark("The server says 200, whatever it found.")


def verify_locally(walk: Walk) -> StepResult:
    """Check the token as an API does that asks nobody: keys, issuer, audience, time."""
    token = str(walk.token())
    decoded = decode(token)
    if decoded.opaque:
        return Remark("This server's access tokens are opaque: an API must ask about each of them.")
    claims = decoded.payload
    verification = verify(
        token,
        issuer=walk.setup.issuer,
        audience=walk.setup.audience or str(claims.get("aud")),
        keys=KeySet(walk.metadata["jwks_uri"], walk.app),
        now=walk.setup.now() if walk.setup.now else float(claims.get("iat", 0)),
    )
    if not verification.valid:
        names = ", ".join(check.name for check in verification.failed)
        return Refused(f"The token failed: {names}", verification)
    known = "nobody revoked it" if walk.makes("unknown-token") else KNOWN_TO_THE_SERVER
    return Remark(f"Every local check still passes: {known}.", verification)


def _verify_code(walk: Walk) -> str:
    audience = walk.setup.audience or decode(str(walk.token())).payload.get("aud", "")
    return f"""
import jwt
keys = jwt.PyJWKClient(metadata["jwks_uri"])
key = keys.get_signing_key_from_jwt(tokens["access_token"])
claims = jwt.decode(
    tokens["access_token"], key, algorithms=["RS256"], issuer=issuer, audience={audience!r}
)
""".replace("'", '"')


def _came(_: Walk, result: StepResult) -> str:
    if isinstance(result, Refused):
        return "fails"
    return "passes" if result and result.checks is not None else "cannot"


WHAT_COMES: Question[Walk] = Question(
    "An API checks the token by itself: signature, issuer, audience, time. What does it find?",
    (
        Choice(
            "passes",
            "Every check passes",
            "A signature says who made the token, and its times when it ends. Neither changes when "
            "the server takes it back: that is known only to who asks the server.",
        ),
        Choice("fails", "A check fails", "Something in the token isn't what this API expects."),
        Choice("cannot", "It can't tell", "The token says nothing to anybody but its issuer."),
    ),
    _came,
)

_STEPS: tuple[Step[Any], ...] = (
    DISCOVER,
    ASK,
    Step("Introspect it", "Good so far.", introspect, _introspect_code, needs=(ASKING,)),
    Step(
        "Revoke it",
        "The app ends its own token.",
        revoke,
        lambda walk: f"{_revoking(walk).written()}\nanswer.raise_for_status()",
        needs=(ENDPOINT,),
    ),
    Step("Introspect it again", "The server knows.", introspect, _introspect_code),
    Step(
        "Verify it locally",
        "An API that asks nobody does not.",
        verify_locally,
        _verify_code,
        WHAT_COMES,
        ("jwks_uri",),
    ),
)

_SWITCHES = (
    Switch("unknown-token", "Revoke something else", "The answer is 200 and nothing has ended."),
    Switch("nobody-asks", "Revoke without saying who asks", "Anybody could end anybody's tokens."),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[Walk]:
    """Revocation by a service that has a secret."""
    kept = recording or Recording()
    return Flow("Revocation", _STEPS, _SWITCHES, lambda mistakes: new_walk(setup, kept, mistakes))
