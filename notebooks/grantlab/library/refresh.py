"""Refresh with rotation: each use of a refresh token buys the next (RFC 6749 §6)."""

from __future__ import annotations

from dataclasses import dataclass, field

from grantlab.flows import Flow, FlowSetup, Refused, Remark, Step, StepResult, Switch, refusal_of
from grantlab.library import authorization_code_pkce as code
from grantlab.recording import Recording


@dataclass(kw_only=True)
class RefreshWalk(code.CodeWalk):
    """A walk that remembers every refresh token it was given, oldest first."""

    family: list[str] = field(default_factory=list)


def first_tokens(walk: RefreshWalk) -> StepResult:
    """Walk the whole code flow once, with the scope `offline_access`."""
    for step in code.STEPS[:-1]:
        result = step.run(walk)
        if isinstance(result, Refused):
            return result
    return _keep(walk)


def refresh(walk: RefreshWalk) -> StepResult:
    """Trade the newest refresh token for a new access token."""
    before = walk.family[-1]
    if refused := _refresh(walk, before):
        return refused
    if walk.family[-1] == before:
        return Remark("The refresh token stayed the same: this app's tokens don't rotate.")
    return Remark("A new refresh token came along; the one just used is worn out.")


def refresh_last(walk: RefreshWalk) -> StepResult:
    """Refresh once more, or replay the very first token, as a thief would."""
    if not walk.makes("old-token-replayed"):
        return refresh(walk)
    # A server forgives a repeated use for some seconds: the network may have lost its answer.
    if walk.setup.move_clock is not None:
        walk.setup.move_clock(61)
    replayed = _refresh(walk, walk.family[0])
    if replayed is None:
        return Remark("The old token still works: nothing tells the thief from the app.")
    newest = _refresh(walk, walk.family[-1])
    after = newest.says if newest else "still good"
    return Refused(f"{replayed.says} The newest refresh token after that: {after}")


_STEPS: tuple[Step[RefreshWalk], ...] = (
    Step("Get the first tokens", "The code flow, with offline_access.", first_tokens),
    Step("Refresh", "The app trades its refresh token, without the person.", refresh),
    Step("Refresh again", "With the token that came last.", refresh),
    Step("Refresh once more", "With the newest token again.", refresh_last),
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
        return RefreshWalk(**vars(code.new_walk(setup, kept, mistakes)))

    return Flow("Refresh with rotation", _STEPS, _SWITCHES, new_walk)


def _refresh(walk: RefreshWalk, token: str) -> Refused | None:
    answer = walk.ask("token_endpoint", grant_type="refresh_token", refresh_token=token)
    if refused := refusal_of(answer):
        return refused
    walk.tokens = answer.json()
    return _keep(walk)


def _keep(walk: RefreshWalk) -> Refused | None:
    token = walk.tokens.get("refresh_token")
    if token is None:
        return Refused("No refresh token came: the app must ask for offline_access.")
    walk.family.append(token)
    return None
