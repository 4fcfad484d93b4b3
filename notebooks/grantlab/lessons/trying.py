"""Trying a learner's function: what it gave back, or what it raised instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tried:
    """What came of one call. Nothing was raised while `trouble` is None."""

    result: Any = None
    trouble: Exception | None = None

    def gave(self, expected: object) -> bool:
        """The call came to its end with this result, and one of this type."""
        return (
            self.trouble is None and type(self.result) is type(expected) and self.result == expected
        )

    def __str__(self) -> str:
        if self.trouble is not None:
            return f"raised {type(self.trouble).__name__}: {self.trouble}"
        return f"gave {self.result!r}"


def tried(function: Callable[..., Any], *arguments: Any) -> Tried:
    """Call a learner's function and keep whatever comes of it."""
    try:
        return Tried(function(*arguments))
    except Exception as trouble:  # the learner's own code may raise anything at all
        return Tried(trouble=trouble)
