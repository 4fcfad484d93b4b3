"""`show`: any value of the lab as a view, in a notebook and wherever its output is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grantlab.deciding import DecisionTree
from grantlab.desk import PolicyDesk
from grantlab.exercises import Exercise, Outcome
from grantlab.flows import Flow
from grantlab.lab import Lab, LabError, Reasons
from grantlab.loot import Loot
from grantlab.overview import Overview
from grantlab.predicting import Prediction, Verdict
from grantlab.recording import Exchange, Recording
from grantlab.scopes_desk import ScopesDesk
from grantlab.storms import Storms
from grantlab.switches import Switchboard
from grantlab.tokens import Decoded, Tampered, Verification
from grantlab.trying import PrivilegeMap
from grantlab.views.copies import still_copies
from grantlab.views.difference import Run, difference, difference_text
from grantlab.views.exercise import exercise_panel, outcome_view
from grantlab.views.flow import flow_panel
from grantlab.views.inspector import recording_panel
from grantlab.views.matrix import matrix_panel
from grantlab.views.message import message, message_text
from grantlab.views.meter import meter_panel
from grantlab.views.panel import Panel
from grantlab.views.policy import policy_panel
from grantlab.views.prediction import prediction_panel, verdict_view
from grantlab.views.progress import overview_panel
from grantlab.views.reasons import reasons, reasons_text
from grantlab.views.scopes import scopes_panel
from grantlab.views.server import server_panel, unavailable_panel
from grantlab.views.storms import storms_text, storms_view
from grantlab.views.switchboard import switchboard_panel
from grantlab.views.timeline import timeline_panel
from grantlab.views.token import (
    Api,
    Verify,
    alone,
    inside,
    tampered_part,
    token_panel,
    verified_part,
)
from grantlab.views.tree import tree_panel

__all__ = [
    "Panel",
    "show",
    "show_difference",
    "show_exercise",
    "show_reasons",
    "show_timeline",
    "view",
]


def show(
    *things: Any,
    lab: Lab | None = None,
    verify: Verify | None = None,
    api: Api | str | None = None,
) -> None:
    """Display each thing as its view.

    Recordings and flows offer the server's reasons when they are given the `lab`; a token can
    be verified in its view when it is given a way to `verify` it, and sent to an `api`, or to
    the URL of one.
    """
    from IPython.display import display

    for thing in things:
        display(view(thing, lab=lab, verify=verify, api=api))  # type: ignore[no-untyped-call]


def show_reasons(lab: Lab, exchange: Exchange) -> None:
    """Display why the lab's server answered an exchange as it did, or why nobody tells that."""
    from IPython.display import display

    try:
        panel = view(lab.reasons(exchange))
    except LabError as problem:
        panel = unavailable_panel(problem)
    display(panel)  # type: ignore[no-untyped-call]


def show_difference(one: Run, other: Run) -> None:
    """Display two runs side by side, as they are now: recordings, flows, or any exchanges."""
    from IPython.display import display

    drawn, text = difference(one, other), difference_text(one, other)
    display(Panel(lambda: drawn, text=lambda: text))  # type: ignore[no-untyped-call]


def show_exercise(exercise: Exercise, evidence: Callable[[], Any]) -> None:
    """Display an exercise with a button that judges this evidence: `lambda: recording`."""
    from IPython.display import display

    display(exercise_panel(exercise, evidence=evidence))  # type: ignore[no-untyped-call]


def show_timeline(
    recording: Recording, verify: Verify | None = None, lab: Lab | None = None
) -> None:
    """Display the lives of all tokens in a recording, as they are up to now.

    With `verify`, each question to the server has the verdict of a check alone beside it. With the
    `lab`, the moves of its clock are known, and what has expired since the last message.
    """
    from IPython.display import display

    moves, until = (lab.clock_moves, lab.now()) if lab else (None, None)
    display(timeline_panel(recording, verify, moves, until))  # type: ignore[no-untyped-call]


def view(
    thing: Any,
    *,
    lab: Lab | None = None,
    verify: Verify | None = None,
    api: Api | str | None = None,
) -> Panel:
    """The view of one thing; `TypeError` when there is none for its kind."""
    ask = lab.reasons if lab else None
    match thing:
        case Recording():
            return recording_panel(thing, ask)
        case Flow():
            return flow_panel(thing, ask)
        case Exercise():
            return exercise_panel(thing)
        case Overview():
            return overview_panel(thing)
        case Lab():
            return server_panel(thing)
        case Switchboard():
            return switchboard_panel(thing)
        case Prediction():
            return prediction_panel(thing)
        case PolicyDesk():
            return policy_panel(thing)
        case DecisionTree():
            return tree_panel(thing)
        case ScopesDesk():
            return scopes_panel(thing)
        case PrivilegeMap():
            return matrix_panel(thing)
        case Loot():
            return meter_panel((thing,), lab)
        case [Loot(), *_]:
            return meter_panel(thing, lab)
        case str() | Decoded():
            return token_panel(thing, verify, api=api, ask=ask)
        case Exchange():
            drawn = message(thing, None, inside, still_copies(thing))
            text = message_text(thing)
        case Reasons():
            drawn, text = reasons(thing), reasons_text(thing)
        case Verification():
            drawn, text = alone(verified_part(thing)), repr(thing)
        case Tampered():
            drawn, text = alone(tampered_part(thing)), repr(thing)
        case Verdict():
            drawn, text = verdict_view(thing), str(thing)
        case Storms():
            drawn, text = storms_view(thing), storms_text(thing)
        case Outcome():
            drawn, text = outcome_view(thing), repr(thing)
        case _:
            raise TypeError(f"There is no view for {type(thing).__name__}.")
    return Panel(lambda: drawn, text=lambda: text)
