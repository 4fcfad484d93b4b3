"""A flow: a list of steps that make real requests, and switches for the classic mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import RLock
from typing import Generic

import httpx

from grantlab.calls import program
from grantlab.predicting import Choice, Question, Verdict, W
from grantlab.recording import Exchange, Recording
from grantlab.tokens import Verification
from grantlab.walking import (
    FlowSetup,
    Refused,
    Remark,
    StepResult,
    Walk,
    first_lines,
    refusal_of,
)

__all__ = [
    "Choice",
    "Flow",
    "FlowSetup",
    "Play",
    "Question",
    "Refused",
    "Remark",
    "Step",
    "StepResult",
    "Switch",
    "Verdict",
    "Walk",
    "refusal_of",
]


@dataclass(frozen=True)
class Step(Generic[W]):
    """One step: its title, what it does in a sentence, and the function that does it.

    `code` writes the same as Python to take home; without it the step is a person's part.
    `predict` is asked before. `needs` names what the step takes from the server's metadata.
    """

    title: str
    says: str
    run: Callable[[W], StepResult]
    code: Callable[[W], str] | None = None
    predict: Question[W] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Switch:
    """A classic mistake to make on purpose: a short name, a label, and what goes wrong."""

    name: str
    label: str
    mistake: str


@dataclass(frozen=True)
class Play:
    """An earlier play of a flow, kept to be compared with: its exchanges, and how it was played."""

    title: str
    exchanges: tuple[Exchange, ...]
    failed: str | None

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self.exchanges)


class Flow(Generic[W]):
    """Plays its steps one by one, or all at once; a refusal is a result, not an exception.

    `state` makes the walk of one play from the switches that are on. The watchers are told
    after every change. By step, counted from 0: `remarks` are what a step said, `checks` those
    of a token that it verified, `verdicts` what the run answered to a question.
    """

    def __init__(
        self,
        name: str,
        steps: Iterable[Step[W]],
        switches: Iterable[Switch],
        state: Callable[[frozenset[str]], W],
    ) -> None:
        self.name = name
        self.steps = tuple(steps)
        self.switches = tuple(switches)
        self.position = 0
        self.failed: str | None = None
        self.remarks: dict[int, str] = {}
        self.checks: dict[int, Verification] = {}
        self.verdicts: dict[int, Verdict] = {}
        self.previous: Play | None = None
        self._predictions: dict[int, Choice] = {}
        self._on: frozenset[str] = frozenset()
        self._make = state
        self._watchers: list[Callable[[Flow[W]], None]] = []
        # A widget's clicks may come on another thread than a running cell.
        self._lock = RLock()
        self.state = state(self._on)

    @property
    def recording(self) -> Recording:
        """The exchanges of this play."""
        return self.state.recording

    @property
    def done(self) -> bool:
        """Nothing is left to do: every step has run, or one was refused."""
        return self.failed is not None or self.position == len(self.steps)

    @property
    def title(self) -> str:
        """How it is played: the mistakes that are made, or "the right way"."""
        labels = [switch.label for switch in self.switches if self.is_on(switch.name)]
        return ", ".join(labels) or "the right way"

    def is_on(self, switch: str) -> bool:
        """The switch of this name is on."""
        return switch in self._on

    def advance(self) -> Flow[W]:
        """Run the next step; nothing happens when the flow is done.

        A server that doesn't answer ends the flow like a refusal.
        """
        with self._lock:
            if self.done:
                return self
            self._run(self.steps[self.position])
        self._tell()
        return self

    def run_all(self) -> Flow[W]:
        """Run the steps that are left, up to the end or the first refusal."""
        while not self.done:
            self.advance()
        return self

    def back_to_start(self) -> Flow[W]:
        """Forget this play and its exchanges; the switches stay as they are."""
        with self._lock:
            self._start_anew()
        self._tell()
        return self

    def set(self, switch: str, on: bool = True) -> Flow[W]:
        """Turn a switch on or off and go back to the start: one play tells one story.

        What was played up to now is kept in `previous`. `ValueError` for a switch that this
        flow doesn't have.
        """
        if switch not in {one.name for one in self.switches}:
            names = ", ".join(one.name for one in self.switches)
            raise ValueError(f"This flow has no switch {switch!r}. It has: {names}.")
        with self._lock:
            if len(self.recording):
                self.previous = Play(self.title, tuple(self.recording), self.failed)
            self._on = self._on | {switch} if on else self._on - {switch}
            self._start_anew()
        self._tell()
        return self

    @property
    def question(self) -> Question[W] | None:
        """The next question that no step has answered yet; None when there is none."""
        at = self._asked_at()
        return None if at is None else self.steps[at].predict

    @property
    def prediction(self) -> Choice | None:
        """What was predicted for `question`."""
        at = self._asked_at()
        return None if at is None else self._predictions.get(at)

    def predict(self, answer: str) -> Flow[W]:
        """Say beforehand what will come; the run answers in `verdicts`.

        `ValueError` when nothing is asked any more, or for an answer that the question lacks.
        """
        with self._lock:
            at, question = self._asked_at(), self.question
            if at is None or question is None:
                raise ValueError("Nothing is left to predict in this play. Go back to the start.")
            self._predictions[at] = question.choice(answer)
        self._tell()
        return self

    def code(self, at: int) -> str:
        """What the step does, as Python; empty for a person's part.

        It uses what the steps before have made: `program` is all of them together.
        """
        write = self.steps[at].code
        return program(write(self.state)) if write else ""

    def program(self, up_to: int | None = None) -> str:
        """The first `up_to` steps (all, unless said) as one program that runs anywhere.

        Secrets are not in it: it asks for them.
        """
        pieces = [step.code(self.state) for step in self.steps[:up_to] if step.code]
        return program(first_lines(self.state), *pieces)

    def watch(self, watcher: Callable[[Flow[W]], None]) -> Callable[[], None]:
        """Tell the watcher after every change from now on; call the result to stop that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    def __repr__(self) -> str:
        lines = [f"{self.name}: step {self.position} of {len(self.steps)}"]
        for number, step in enumerate(self.steps):
            mark = "x" if number < self.position else " "
            note = f" ({self.remarks[number]})" if number in self.remarks else ""
            lines.append(f"[{mark}] {number + 1}. {step.title}{note}")
            if number in self.verdicts:
                verdict = self.verdicts[number]
                lines.append(f"    Prediction {verdict.word}. {verdict}")
        return "\n".join([*lines, f"Refused: {self.failed}"] if self.failed else lines)

    def _asked_at(self) -> int | None:
        if self.failed is not None:
            return None
        left = range(self.position, len(self.steps))
        return next((at for at in left if self.steps[at].predict), None)

    def _run(self, step: Step[W]) -> None:
        at, knew, answered = self.position, bool(self.state.metadata), True
        try:
            lacking = self._lacking(at)
            result = Refused(lacking) if lacking else step.run(self.state)
            answered = not lacking
        except httpx.HTTPError as trouble:
            result, answered = Refused(f"No answer: {trouble}"), False
        if result is None and self.state.metadata and not knew:
            lacks = [self._lacking(later) for later in range(at + 1, len(self.steps))]
            result = next((Remark(one) for one in lacks if one), None)
        if isinstance(result, Refused):
            self.failed = result.says
        elif isinstance(result, Remark):
            self.remarks[at] = result.says
        if result is not None and result.checks is not None:
            self.checks[at] = result.checks
        if step.predict and answered:
            came = step.predict.choice(step.predict.came(self.state, result))
            self.verdicts[at] = Verdict(step.predict.asks, self._predictions.get(at), came)
        self.position += 1

    def _lacking(self, at: int) -> str:
        """What the step needs and this server's metadata doesn't name, in a sentence."""
        step = self.steps[at]
        gone = [name for name in step.needs if not self.state.metadata.get(name)]
        if not gone:
            return ""
        names = " and no ".join(gone)
        return f"This server's metadata has no {names}: step {at + 1} can't be done here."

    def _start_anew(self) -> None:
        # Whoever watches the recording keeps watching: it is emptied, not replaced.
        self.position, self.failed, self.remarks = 0, None, {}
        self.checks, self.verdicts, self._predictions = {}, {}, {}
        self.recording.clear()
        self.state = self._make(self._on)

    def _tell(self) -> None:
        for watcher in tuple(self._watchers):
            watcher(self)
