"""The authorization code flow with PKCE, hop by hop (RFC 6749 §4.1, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import replace
from typing import Any

from grantlab.calls import Call, Known
from grantlab.flows import Flow, FlowSetup, Remark, Step, StepResult, Switch
from grantlab.library import authorization_code as base
from grantlab.library.authorization_code import CodeWalk
from grantlab.recording import Recording
from grantlab.steps import CALL, DISCOVER, TAKE_TOKENS, keep_tokens


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def prepare(walk: CodeWalk) -> StepResult:
    """Make a verifier, its challenge and a state, fresh for this one request."""
    walk.verifier = secrets.token_urlsafe(_length(walk))
    walk.challenge = challenge_of(walk.verifier)
    walk.state = secrets.token_urlsafe(16)
    return None


def _length(walk: CodeWalk) -> int:
    return 15 if walk.makes("verifier-too-short") else 32


def prepare_code(walk: CodeWalk) -> str:
    """The same as Python."""
    return f"""
import base64
import hashlib
import secrets
verifier = secrets.token_urlsafe({_length(walk)})
digest = hashlib.sha256(verifier.encode()).digest()
challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
state = secrets.token_urlsafe(16)
"""


def wanted(walk: CodeWalk) -> dict[str, str]:
    """The authorization request with a challenge (RFC 7636 §4.3)."""
    asked = base.wanted(walk)
    if walk.makes("no-challenge"):
        return asked
    if walk.makes("plain"):
        verifier = Known(walk.verifier, "verifier")
        return asked | {"code_challenge": verifier, "code_challenge_method": "plain"}
    challenge = Known(walk.challenge, "challenge")
    return asked | {"code_challenge": challenge, "code_challenge_method": "S256"}


def redeeming(walk: CodeWalk) -> Call:
    """The token request with the verifier (RFC 7636 §4.5)."""
    call = base.redeeming(walk)
    more = {} if walk.makes("no-challenge") else {"code_verifier": _verifier(walk)}
    if walk.makes("secret-of-a-public-client"):
        more["client_secret"] = "hidden-in-the-app"
    if walk.makes("basic-without-secret"):
        form = {name: value for name, value in (call.data or {}).items() if name != "client_id"}
        return replace(call, auth=(walk.client_id, ""), data=form | more)
    return replace(call, data={**(call.data or {}), **more})


def _verifier(walk: CodeWalk) -> str:
    if walk.makes("verifier-swapped"):
        return Known(secrets.token_urlsafe(32), "secrets.token_urlsafe(32)")
    return Known(walk.verifier, "verifier")


def redeem(walk: CodeWalk) -> StepResult:
    """Trade the code and the verifier for tokens, on the back channel."""
    call = redeeming(walk)
    if refused := keep_tokens(walk, walk.send(call)):
        return refused
    if walk.makes("no-challenge"):
        return Remark("It worked without PKCE: whoever had the code could have redeemed it.")
    return keep_tokens(walk, walk.send(call)) if walk.makes("code-used-twice") else None


def redeem_code(walk: CodeWalk) -> str:
    """The same as Python."""
    call = f"{redeeming(walk).written()}\n{TAKE_TOKENS}"
    return f"{call}\n{call}" if walk.makes("code-used-twice") else call


REDEEM: Step[CodeWalk] = Step(
    "Redeem the code",
    "The app trades code and verifier for tokens.",
    redeem,
    redeem_code,
    base.WHAT_COMES,
    ("token_endpoint",),
)

STEPS: tuple[Step[Any], ...] = (
    DISCOVER,
    Step(
        "Make verifier, challenge and state",
        "Two secrets the app keeps for itself.",
        prepare,
        prepare_code,
    ),
    base.sending_off(wanted),
    base.SIGN_IN,
    base.CONSENT,
    base.CATCH,
    REDEEM,
    CALL,
)

_SWITCHES = (
    Switch("no-challenge", "Leave the challenge out", "Whoever steals the code can redeem it."),
    Switch("plain", "Method plain", "The challenge is the verifier: whoever reads it has it."),
    Switch("verifier-swapped", "Another verifier", "A thief has the code, but not the verifier."),
    Switch("verifier-too-short", "A short verifier", "Twenty characters can be guessed sooner."),
    base.REDIRECT_NOT_REGISTERED,
    base.STATE_NOT_CHECKED,
    base.CODE_USED_TWICE,
)

_PUBLIC_SWITCHES = (
    Switch(
        "secret-of-a-public-client",
        "Send a secret all the same",
        "A secret that ships with the app is known to everybody.",
    ),
    Switch(
        "basic-without-secret",
        "A Basic header without a secret",
        "A public client has nothing to put into that header.",
    ),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[CodeWalk]:
    """The code flow for this app and person, with its wrong-way switches."""
    kept = recording or Recording()
    public = () if setup.client_secret else _PUBLIC_SWITCHES
    return Flow(
        "Authorization code with PKCE",
        STEPS,
        (*_SWITCHES, *public),
        lambda mistakes: base.new_walk(setup, kept, mistakes),
    )
