"""Predict first: a question before a decisive step, which the run then answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from grantlab.walking import StepResult, Walk

W = TypeVar("W", bound=Walk)


@dataclass(frozen=True)
class Choice:
    """One of the answers: its short name, its words, and why it would come like that."""

    name: str
    says: str
    why: str


@dataclass(frozen=True)
class Question(Generic[W]):
    """What will the step bring? `came` reads from the run which of the choices came true."""

    asks: str
    choices: tuple[Choice, ...]
    came: Callable[[W, StepResult], str]

    def choice(self, name: str) -> Choice:
        """The choice of that name; `ValueError` when there is none."""
        for one in self.choices:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.choices)
        raise ValueError(f"There is no answer {name!r} to this question. There is: {names}.")


@dataclass(frozen=True)
class Verdict:
    """What the run answered to a question; `chosen` is None when it was skipped."""

    asked: str
    chosen: Choice | None
    came: Choice

    @property
    def word(self) -> str:
        """How the prediction was: "right", "wrong", or "skipped"."""
        if self.chosen is None:
            return "skipped"
        return "right" if self.chosen.name == self.came.name else "wrong"

    def __str__(self) -> str:
        said = f"You said: {self.chosen.says}." if self.chosen else "You made no prediction."
        return f"{said} The run says: {self.came.says}. {self.came.why}"
