"""The kit of the lessons: record real OAuth traffic, look at it, and check what you learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grantlab.browser import Browser
from grantlab.exercises import Exercise
from grantlab.recording import Recording
from grantlab.tokens import decode, verify

if TYPE_CHECKING:
    from grantlab.lab import Lab
    from grantlab.views import show

__all__ = ["Browser", "Exercise", "Lab", "Recording", "decode", "show", "verify"]


def __getattr__(name: str) -> Any:
    # Only these two need the server or the widgets: a script that records needs neither.
    if name == "Lab":
        from grantlab.lab import Lab

        return Lab
    if name == "show":
        from grantlab.views import show

        return show
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
