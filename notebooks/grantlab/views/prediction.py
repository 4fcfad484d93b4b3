"""Predict first: a question with its choices, and what the run answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from grantlab.predicting import Prediction, Verdict
from grantlab.views.html import button, icon, section, tag
from grantlab.views.panel import Panel

SIGNS = {"right": "passed", "wrong": "failed"}
CHOOSE = "Choose, then run the next cells: the run answers."
NOTED = "Noted. Run the next cells: the run answers."


def prediction_panel(prediction: Prediction) -> Panel:
    """Show a question that the learner answers by a click; the notebook's value knows at once."""

    def receive(name: str, value: Any) -> None:
        if name == "predict":
            prediction.choose(str(value))

    return Panel(
        lambda: prediction_view(prediction, live=True),
        receive=receive,
        still=lambda: prediction_view(prediction, live=False),
        text=lambda: repr(prediction),
    )


def prediction_view(prediction: Prediction, live: bool) -> Markup:
    """Draw the question; only a live one has choices to press."""
    answers = [(one.name, [tag("strong", one.name), ": ", one.why]) for one in prediction.choices]
    chosen = prediction.chosen.name if prediction.chosen else None
    hint = (NOTED if chosen else CHOOSE) if live else None
    part = question_part(prediction.asks, answers, chosen, hint)
    return section("prediction", part, label="Predict first")


def question_part(
    asks: str, answers: Iterable[tuple[str, object]], chosen: str | None, hint: str | None
) -> Markup:
    """The question and its answers, each a name and its words; without a hint none is pressed."""
    listed = [
        tag("li", button(words, "predict", name, aria_pressed=str(name == chosen).lower())
            if hint else words)
        for name, words in answers
    ]  # fmt: skip
    return tag(
        "div",
        tag("p", tag("strong", "Predict first. "), asks),
        tag("ul", listed),
        tag("p", hint, class_="gl-muted gl-small", role="status") if hint else None,
        class_="gl-predict",
        role="group",
        aria_label="Predict first",
    )


def verdict_view(verdict: Verdict) -> Markup:
    """Draw what the run answered, alone."""
    return section("prediction", verdict_part(verdict), label="What the run answered")


def verdict_part(verdict: Verdict) -> Markup:
    """Say how the prediction was, and what came instead."""
    if verdict.chosen is None:
        head: object = tag("strong", "You made no prediction.", class_="gl-muted")
    else:
        sign = SIGNS[verdict.word]
        head = tag("strong", icon(sign), f"Your prediction was {verdict.word}.",
                   class_=f"gl-{sign}")  # fmt: skip
    wrong = verdict.word == "wrong" and verdict.chosen
    return tag(
        "div",
        tag("p", head),
        tag("p", "You said: ", wrong.says, ".") if wrong else None,
        tag("p", "The run says: ", tag("strong", verdict.came.says), ". ", verdict.came.why),
        class_=f"gl-came gl-was-{verdict.word}",
    )
