"""Refresh with rotation: each use of a refresh token buys the next (RFC 6749 §6)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from grantlab.calls import Call, Known, program
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
)
from grantlab.library import authorization_code as base
from grantlab.library import authorization_code_pkce as code
from grantlab.recording import Recording
from grantlab.registration import NotHere
from grantlab.steps import keep_tokens


@dataclass(kw_only=True)
class RefreshWalk(base.CodeWalk):
    """A walk that remembers every refresh token it was given, oldest first."""

    family: list[str] = field(default_factory=list)


def first_tokens(walk: RefreshWalk) -> StepResult:
    """Walk the whole code flow once, with the scope `offline_access`."""
    for step in code.STEPS[:-1]:
        result = step.run(walk)
        if isinstance(result, Refused):
            return result
    return _keep(walk)


def _first_code(walk: RefreshWalk) -> str:
    pieces = [step.code(walk) for step in code.STEPS[:-1] if step.code]
    return f'{program(*pieces)}\nfirst = tokens["refresh_token"]'


def refresh(walk: RefreshWalk) -> StepResult:
    """Trade the newest refresh token for a new access token."""
    before = walk.family[-1]
    if refused := _refresh(walk, before):
        return refused
    if walk.family[-1] == before:
        return Remark("The refresh token stayed the same: this app's tokens don't rotate.")
    return Remark("A new refresh token came along; the one just used is worn out.")


def _refreshing(walk: RefreshWalk, token: str) -> Call:
    return walk.post("token_endpoint", {"grant_type": "refresh_token", "refresh_token": token})


def _refresh_code(walk: RefreshWalk) -> str:
    return _traded(_refreshing(walk, walk.token("refresh_token")))


def _last_code(walk: RefreshWalk) -> str:
    replays = walk.makes("old-token-replayed")
    token = Known("", "first") if replays else walk.token("refresh_token")
    return _traded(_refreshing(walk, token))


def _traded(request: Call) -> str:
    # A server that doesn't rotate need not repeat the refresh token (RFC 6749 §6).
    return f"{request.written()}\ntokens |= answer.raise_for_status().json()"


def refresh_last(walk: RefreshWalk) -> StepResult:
    """Refresh once more, or replay the very first token, as a thief would."""
    if not walk.makes("old-token-replayed"):
        return refresh(walk)
    # A server forgives a repeated use for some seconds: the network may have lost its answer.
    if walk.setup.move_clock is not None:
        # Another server's clock stays where it is; there the app needs to have no such seconds.
        with suppress(NotHere):
            walk.setup.move_clock(61)
    replayed = _refresh(walk, walk.family[0])
    if replayed is None:
        return Remark("The old token still works: nothing tells the thief from the app.")
    newest = _refresh(walk, walk.family[-1])
    after = newest.says if newest else "still good"
    return Refused(f"{replayed.says} The newest refresh token after that: {after}")


def _came(walk: RefreshWalk, result: StepResult) -> str:
    if not isinstance(result, Refused):
        return "works"
    return "one" if "still good" in result.says else "family"


WHAT_COMES: Question[RefreshWalk] = Question(
    "One refresh token is used once more. What happens to it and to its family?",
    (
        Choice("works", "It works", "To the server this token is as good as it ever was."),
        Choice(
            "one",
            "It is refused, the newest one goes on",
            "The server knows that it was used, and doesn't hold it against the others.",
        ),
        Choice(
            "family",
            "It is refused, and the newest one with it",
            "A token that comes twice means that two hold it. The server can't tell which is the "
            "thief, so it ends all that stems from the same sign-in (RFC 9700 §4.14.2).",
        ),
    ),
    _came,
)

_AGAIN = (_refresh_code, None, ("token_endpoint",))
_STEPS: tuple[Step[RefreshWalk], ...] = (
    Step("Get the first tokens", "The code flow, with offline_access.", first_tokens, _first_code),
    Step("Refresh", "The app trades its refresh token, without the person.", refresh, *_AGAIN),
    Step("Refresh again", "With the token that came last.", refresh, *_AGAIN),
    Step(
        "Refresh once more",
        "With the newest token again.",
        refresh_last,
        _last_code,
        WHAT_COMES,
    ),
)

_SWITCHES = (
    Switch(
        "old-token-replayed",
        "Replay the first refresh token",
        "A copy of a used token is a theft in progress: the whole family ends.",
    ),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[RefreshWalk]:
    """Refreshing for an app whose scopes include `offline_access`."""
    kept = recording or Recording()

    def new_walk(mistakes: frozenset[str]) -> RefreshWalk:
        return RefreshWalk(**vars(base.new_walk(setup, kept, mistakes)))

    return Flow("Refresh with rotation", _STEPS, _SWITCHES, new_walk)


def _refresh(walk: RefreshWalk, token: str) -> Refused | None:
    before = walk.tokens
    if refused := keep_tokens(walk, walk.send(_refreshing(walk, token))):
        return refused
    # A server that doesn't rotate need not repeat the refresh token (RFC 6749 §6).
    walk.tokens = {"refresh_token": before.get("refresh_token"), **walk.tokens}
    return _keep(walk)


def _keep(walk: RefreshWalk) -> Refused | None:
    token = walk.tokens.get("refresh_token")
    if token is None:
        return Refused("No refresh token came: the app must ask for offline_access.")
    walk.family.append(token)
    return None
