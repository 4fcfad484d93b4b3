"""The kit of the lessons: record real OAuth traffic, look at it, and check what you learned."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grantlab.browser import Browser
    from grantlab.exercises import Exercise
    from grantlab.lab import Lab
    from grantlab.predicting import predict
    from grantlab.recording import Recording
    from grantlab.tokens import decode, verify
    from grantlab.views import show

__all__ = ["Browser", "Exercise", "Lab", "Recording", "decode", "predict", "show", "verify"]

_HOMES = {
    "Browser": "browser",
    "Exercise": "exercises",
    "Lab": "lab",
    "Recording": "recording",
    "decode": "tokens",
    "predict": "predicting",
    "show": "views",
    "verify": "tokens",
}


def __getattr__(name: str) -> Any:
    # The command line lives in this package too, and starts at once only without the rest.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"grantlab.{_HOMES[name]}"), name)
