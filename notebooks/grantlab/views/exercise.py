"""An exercise on the page: the question, the answer, how it stands, the hints, the solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from grantlab.exercises import Exercise, Outcome, value_of
from grantlab.progress import read_progress
from grantlab.views.html import button, icon, section, tag
from grantlab.views.meaning import prose
from grantlab.views.panel import Panel, keep_live

SIGNS = {"passed": "passed", "not yet": "here", "not attempted": "skipped"}
IN_A_CELL = "Your answer goes into the cell below. Run it, and it is checked."


def exercise_panel(
    exercise: Exercise,
    outcome: Outcome | None = None,
    evidence: Callable[[], Any] | None = None,
) -> Panel:
    """Show an exercise with this outcome, or with what the progress file remembers.

    An exercise that asks for a value takes it here. `evidence` gets what is judged when the
    person presses Check: a recording as it is then, or a value that the notebook holds.
    """
    state = _State(exercise, outcome or _remembered(exercise), evidence)
    panel = Panel(
        state.draw,
        receive=state.receive,
        still=lambda: exercise_view(exercise, state.outcome),
        text=lambda: exercise_text(exercise, state.outcome),
    )
    # The cell that answers says why; the question above it says how it stands.
    keep_live(exercise, panel, exercise.watch, state.follow)
    return panel


class _State:
    def __init__(
        self, exercise: Exercise, outcome: Outcome, evidence: Callable[[], Any] | None
    ) -> None:
        self.exercise, self.outcome, self._evidence = exercise, outcome, evidence
        self._typed = ""

    def draw(self) -> Markup:
        return exercise_view(self.exercise, self.outcome, self._place())

    def receive(self, name: str, value: Any) -> None:
        if name == "answer" and self.exercise.typed and isinstance(value, dict):
            self._typed = str(value.get("answer", ""))
            self.outcome = self.exercise.check(value_of(self._typed))
        elif name == "check" and self._evidence is not None:
            self.outcome = self.exercise.check(self._evidence())

    def follow(self) -> None:
        """Show what the progress file holds now, as long as it can be read."""
        known = _remembered(self.exercise)
        if not known.note:
            self.outcome = known

    def _place(self) -> Markup:
        if self._evidence is not None:
            return tag("div", button("Check", "check", class_="gl-main"), class_="gl-bar")
        if not self.exercise.typed:
            return tag("p", IN_A_CELL, class_="gl-muted")
        field = tag(
            "input", name="answer", value=self._typed, autocomplete="off", spellcheck="false"
        )
        return tag(
            "form",
            tag("label", "Your answer ", field),
            tag("button", "Check", type="submit", class_="gl-main"),
            tag("span", "or write it into the cell below", class_="gl-muted gl-small"),
            data_send="answer",
            class_="gl-bar",
        )


def exercise_view(exercise: Exercise, outcome: Outcome, place: object = None) -> Markup:
    """Draw the exercise. Each hint opens the way to the next one, the last to the solution."""
    solution = exercise.show_solution()
    words = tag("pre", tag("code", solution.text)) if solution.is_code else tag("p", solution.text)
    ladder = tag("details", tag("summary", "The solution"), words, data_key="solution")
    for number, hint in reversed(list(enumerate(exercise.hints, 1))):
        counted = f"Hint {number} of {len(exercise.hints)}"
        ladder = tag(
            "details", tag("summary", counted), tag("p", prose(hint)), ladder, data_key=counted,
            class_="gl-hint",
        )  # fmt: skip
    return section(
        "exercise",
        tag("h3", "Exercise: ", exercise.name),
        tag("p", prose(exercise.question)),
        place or tag("p", IN_A_CELL, class_="gl-muted"),
        outcome_part(outcome),
        ladder,
        label=f"Exercise {exercise.name}",
    )


def outcome_view(outcome: Outcome) -> Markup:
    """Draw an outcome alone."""
    return section("outcome", tag("h3", outcome.exercise), outcome_part(outcome), label="Outcome")


def outcome_part(outcome: Outcome) -> Markup:
    """Say how it stands: not attempted, not yet with every reason, or passed."""
    sign = SIGNS[outcome.status]
    look = "gl-failed" if outcome.status == "not yet" else f"gl-{sign}"
    reasons = [tag("li", prose(reason)) for reason in outcome.reasons]
    return tag(
        "div",
        tag("p", tag("strong", icon(sign), outcome.status, class_=look)),
        tag("ul", reasons) if reasons else None,
        tag("p", outcome.note, class_="gl-muted") if outcome.note else None,
        role="status",
    )


def exercise_text(exercise: Exercise, outcome: Outcome) -> str:
    """The exercise as plain text; hints and solution stay out of sight."""
    return f"Exercise {exercise.name}\n{exercise.question}\n{IN_A_CELL}\n{outcome!r}"


def _remembered(exercise: Exercise) -> Outcome:
    progress = read_progress()
    status = progress.outcomes.get(exercise.name, "not attempted")
    return Outcome(exercise.name, status, note=progress.note)
