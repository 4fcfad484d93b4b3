"""Client credentials: a service asks in its own name (RFC 6749 §4.4)."""

from __future__ import annotations

from dataclasses import replace
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
)
from grantlab.recording import Recording
from grantlab.steps import CALL, DISCOVER, TAKE_TOKENS, came_of, keep_tokens, new_walk
from grantlab.tokens import decode


def asking(walk: Walk) -> Call:
    """The token request of a service: its id and secret, and the scopes it wants."""
    scopes = walk.setup.scopes
    if walk.makes("unknown-scope"):
        scopes = (*scopes, "nobody:defined-this")
    if walk.makes("openid-scope"):
        scopes = (*scopes, "openid")
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    call = walk.post("token_endpoint", form)
    address = {"client_id": walk.client_id, "client_secret": walk.client_secret}
    if walk.makes("wrong-secret"):
        return replace(call, auth=(walk.client_id, "not-the-secret-of-this-app"))
    if walk.makes("secret-in-the-body"):
        return replace(call, auth=None, data={**form, **address})
    if walk.makes("secret-in-the-query"):
        return replace(call, auth=None, params=address)
    return call


def ask_for_token(walk: Walk) -> StepResult:
    """Send the service's own id and secret, and the scopes it wants."""
    if not walk.setup.client_secret:
        return Refused("This app has no secret: it can't prove that it is itself.")
    return keep_tokens(walk, walk.send(asking(walk)))


def read(walk: Walk) -> StepResult:
    """Look into the token, as only a lesson should: whom is it about?"""
    decoded = decode(walk.tokens["access_token"])
    if decoded.opaque:
        return Remark("This server's access tokens are opaque: only the server can read them.")
    claims = decoded.payload
    if claims.get("sub") == claims.get("cid", claims.get("client_id")):
        return Remark("Subject and client are the same: no person stands behind this token.")
    return Remark(f"The subject is {claims.get('sub')}.")


def _read_code(_: Walk) -> str:
    return """
import jwt
claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
print(claims["sub"])
"""


WHAT_COMES: Question[Walk] = Question(
    "The service asks for a token. What comes back?",
    (
        Choice("token", "A token", "Id and secret belong together, and every scope is allowed."),
        Choice(
            "invalid_client",
            "invalid_client",
            "The server doesn't believe that this is the service.",
        ),
        Choice(
            "invalid_scope",
            "invalid_scope",
            "The service is believed, but one of the scopes isn't for it. One is enough: the "
            "others are refused with it.",
        ),
        Choice(
            "invalid_request",
            "invalid_request",
            "A request in which credentials stand in the address isn't even read on.",
        ),
    ),
    lambda _, result: came_of(
        result, "token", "invalid_request", "invalid_client", "invalid_scope"
    ),
)

ASK: Step[Walk] = Step(
    "Ask for a token",
    "Id and secret go in, a token comes out.",
    ask_for_token,
    lambda walk: f"{asking(walk).written()}\n{TAKE_TOKENS}",
    needs=("token_endpoint",),
)

_STEPS: tuple[Step[Any], ...] = (
    DISCOVER,
    replace(ASK, predict=WHAT_COMES),
    Step("Read the token", "Whom is it about?", read, _read_code),
    CALL,
)

_SWITCHES = (
    Switch("wrong-secret", "A wrong secret", "Anybody can know the id; only the secret proves it."),
    Switch(
        "secret-in-the-query",
        "The secret in the address",
        "Addresses end up in logs, and the secret with them.",
    ),
    Switch(
        "secret-in-the-body",
        "The secret in the body",
        "No mistake, only the second choice: the header is kept out of logs more often.",
    ),
    Switch("unknown-scope", "A scope nobody defined", "One unknown scope refuses them all."),
    Switch("openid-scope", "The scope openid", "There is no person to tell anything about."),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[Walk]:
    """Client credentials for this service, with its wrong-way switches."""
    kept = recording or Recording()
    return Flow(
        "Client credentials", _STEPS, _SWITCHES, lambda mistakes: new_walk(setup, kept, mistakes)
    )
