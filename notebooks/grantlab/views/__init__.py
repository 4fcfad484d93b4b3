"""`show`: any value of the lab as a view, in a notebook and wherever its output is read."""

from __future__ import annotations

from typing import Any

from grantlab.exercises import Exercise, Outcome
from grantlab.flows import Flow
from grantlab.lab import Lab, Reasons
from grantlab.recording import Exchange, Recording
from grantlab.tokens import Decoded, Tampered, Verification
from grantlab.trying import PrivilegeMap
from grantlab.views.difference import Run, difference, difference_text
from grantlab.views.exercise import exercise_panel, outcome_view
from grantlab.views.flow import flow_panel
from grantlab.views.inspector import recording_panel
from grantlab.views.matrix import matrix_panel
from grantlab.views.message import message, message_text
from grantlab.views.panel import Panel
from grantlab.views.reasons import reasons, reasons_text
from grantlab.views.timeline import timeline, timeline_text
from grantlab.views.token import Verify, alone, inside, tampered_part, token_panel, verified_part

__all__ = ["Panel", "show", "show_difference", "show_reasons", "show_timeline", "view"]


def show(*things: Any, lab: Lab | None = None, verify: Verify | None = None) -> None:
    """Display each thing as its view.

    Recordings and flows offer the server's reasons when they are given the `lab`; a token can
    be verified in its view when it is given a way to `verify` it.
    """
    from IPython.display import display

    for thing in things:
        display(view(thing, lab=lab, verify=verify))  # type: ignore[no-untyped-call]


def show_reasons(lab: Lab, exchange: Exchange) -> None:
    """Display why the lab's server answered an exchange as it did."""
    show(lab.reasons(exchange))


def show_difference(one: Run, other: Run) -> None:
    """Display two runs side by side, as they are now: recordings, flows, or any exchanges."""
    from IPython.display import display

    drawn, text = difference(one, other), difference_text(one, other)
    display(Panel(lambda: drawn, text=lambda: text))  # type: ignore[no-untyped-call]


def show_timeline(recording: Recording, verify: Verify | None = None) -> None:
    """Display the lives of all tokens in a recording, as they are up to now.

    With `verify`, each introspection has the verdict of a local check beside it.
    """
    from IPython.display import display

    lives = list(recording)
    panel = Panel(lambda: timeline(lives, verify), text=lambda: timeline_text(lives, verify))
    display(panel)  # type: ignore[no-untyped-call]


def view(thing: Any, *, lab: Lab | None = None, verify: Verify | None = None) -> Panel:
    """The view of one thing; `TypeError` when there is none for its kind."""
    ask = lab.reasons if lab else None
    match thing:
        case Recording():
            return recording_panel(thing, ask)
        case Flow():
            return flow_panel(thing, ask)
        case Exercise():
            return exercise_panel(thing)
        case PrivilegeMap():
            return matrix_panel(thing)
        case str() | Decoded():
            return token_panel(thing, verify)
        case Exchange():
            drawn, text = message(thing, None, inside), message_text(thing)
        case Reasons():
            drawn, text = reasons(thing), reasons_text(thing)
        case Verification():
            drawn, text = alone(verified_part(thing)), repr(thing)
        case Tampered():
            drawn, text = alone(tampered_part(thing)), repr(thing)
        case Outcome():
            drawn, text = outcome_view(thing), repr(thing)
        case _:
            raise TypeError(f"There is no view for {type(thing).__name__}.")
    return Panel(lambda: drawn, text=lambda: text)
