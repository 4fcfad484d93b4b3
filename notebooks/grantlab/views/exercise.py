"""An exercise on the page: the question, how it stands, the hint ladder and the solution."""

from __future__ import annotations

from markupsafe import Markup

from grantlab.exercises import Exercise, Outcome, ProgressError, read_progress
from grantlab.views.html import icon, section, tag
from grantlab.views.meaning import prose
from grantlab.views.panel import Panel

SIGNS = {"passed": "passed", "not yet": "here", "not attempted": "skipped"}


def exercise_panel(exercise: Exercise, outcome: Outcome | None = None) -> Panel:
    """Show an exercise with this outcome, or with what the progress file remembers."""
    shown = outcome or _remembered(exercise)
    return Panel(
        lambda: exercise_view(exercise, shown), text=lambda: exercise_text(exercise, shown)
    )


def exercise_view(exercise: Exercise, outcome: Outcome) -> Markup:
    """Draw the exercise. Each hint opens the way to the next one, the last to the solution."""
    ladder: Markup = tag(
        "details",
        tag("summary", "The solution"),
        tag("pre", tag("code", exercise.solution)),
        data_key="solution",
    )
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
    return f"Exercise {exercise.name}\n{exercise.question}\n{outcome!r}"


def _remembered(exercise: Exercise) -> Outcome:
    try:
        status = read_progress().outcomes.get(exercise.name, "not attempted")
    except ProgressError as trouble:
        return Outcome(exercise.name, "not attempted", note=str(trouble))
    return Outcome(exercise.name, status)
