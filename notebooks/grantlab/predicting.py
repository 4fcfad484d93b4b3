"""Predict first: a question before a decisive step, which the run then answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
        return _named(self.choices, name)


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


@dataclass
class Prediction:
    """A question of a lesson, asked before the cell that answers it; `chosen` is None at first."""

    asks: str
    choices: tuple[Choice, ...]
    chosen: Choice | None = None

    def choose(self, name: str) -> None:
        """This is what the learner expects; `ValueError` when there is no such choice."""
        self.chosen = _named(self.choices, name)

    def answer(self, name: str, why: str = "") -> Verdict:
        """What the run brought, beside what was expected, and why it came like that.

        `ValueError` when the run brought none of the choices: then the question misses one.
        """
        came = _named(self.choices, name)
        return Verdict(self.asks, self.chosen, replace(came, why=why or came.why))

    def __repr__(self) -> str:
        """The question with its choices, as a program shows them without a widget."""
        lines = [
            f"  {'●' if one is self.chosen else '○'} {one.name}: {one.why}" for one in self.choices
        ]
        return "\n".join([f"Predict first. {self.asks}", *lines])


def predict(asks: str, choices: Mapping[str, str]) -> Prediction:
    """A question with two choices or more: the short name of each, and what speaks for it.

    `show(guess)` lets the learner choose by a click, `guess.choose("…")` by code. The cell that
    runs it ends with `show(guess.answer("…", "…"))`, whose name comes out of the run.
    """
    if len(choices) < 2:
        raise ValueError("A prediction needs two choices or more.")
    return Prediction(asks, tuple(Choice(name, name, words) for name, words in choices.items()))


def _named(choices: tuple[Choice, ...], name: str) -> Choice:
    for one in choices:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in choices)
    raise ValueError(f"There is no answer {name!r} to this question. There is: {names}.")
