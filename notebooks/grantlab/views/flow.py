"""The flow player: a flow step by step, predicted, done wrong on purpose, and compared."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from grantlab.flows import Flow
from grantlab.views.difference import difference, difference_text
from grantlab.views.flow_parts import answered, card, mistakes, present, step_line, switches
from grantlab.views.html import button, section, tag
from grantlab.views.inspector import Ask, Inspector
from grantlab.views.panel import Panel, keep_live


def flow_panel(flow: Flow[Any], ask: Ask | None = None) -> Panel:
    """Play the flow: Next, Back to start, Run all, a switch for each mistake, predictions."""
    inspector = Inspector(flow.recording, ask)
    shown = Shown()

    def draw() -> Markup:
        return player(flow, inspector.draw() if inspector.exchanges else None, shown.beside)

    def still() -> Markup:
        below = inspector.still() if inspector.exchanges else None
        return player(flow, below, shown.beside, live=False)

    def receive(name: str, value: Any) -> None:
        try:
            _do(flow, inspector, shown, name, value)
        finally:
            # Also after a step that raised: its exchanges happened all the same.
            inspector.follow(flow.recording)

    panel = Panel(
        draw, receive=receive, still=still,
        text=lambda: f"{flow_text(flow, shown.beside)}\n{inspector.text()}",
    )  # fmt: skip
    keep_live(flow, panel, flow.watch, lambda: inspector.follow(flow.recording))
    return panel


class Shown:
    """What a person has opened in the player: `beside` is the comparison with the run before."""

    beside = False


def _do(flow: Flow[Any], inspector: Inspector, shown: Shown, name: str, value: Any) -> None:
    match name:
        case "next":
            flow.advance()
        case "back":
            flow.back_to_start()
        case "all":
            flow.run_all()
        case "switch":
            flow.set(str(value["name"]), bool(value["on"]))
        case "predict":
            flow.predict(str(value))
        case "compare":
            shown.beside = not shown.beside
        case _:
            inspector.receive(name, value)


def player(
    flow: Flow[Any], below: object = None, beside: bool = False, live: bool = True
) -> Markup:
    """Draw controls and mistakes, all steps beside the present one, and what happened.

    With `beside` the play is compared with the one before it, if there was one. Where nothing
    is `live`, there is nothing to press either: the same is told in words.
    """
    return section(
        "flow",
        tag("h3", flow.name),
        _controls(flow, beside) if live else None,
        tag("p", status(flow), role="status", class_="gl-note"),
        answered(flow),
        tag(
            "div",
            tag(
                "ol",
                [step_line(flow, at, live) for at in range(len(flow.steps))],
                class_="gl-steps",
            ),
            card(flow, live),
            switches(flow) if live else mistakes(flow),
            class_="gl-play-stage",
        ),
        _compared(flow) if beside else None,
        below,
        label=f"Flow: {flow.name}",
    )


def flow_text(flow: Flow[Any], beside: bool = False) -> str:
    """The player as plain text: the steps, the mistakes, the question, the present code."""
    lines = [repr(flow), f"Played: {flow.title}"]
    for switch in flow.switches:
        on = "on" if flow.is_on(switch.name) else "off"
        lines.append(f"Mistake {switch.name} ({on}): {switch.label}. {switch.mistake}")
    if flow.question is not None:
        lines.append(f"Predict first: {flow.question.asks}")
        chosen = flow.prediction
        for choice in flow.question.choices:
            mark = "x" if choice is chosen else " "
            lines.append(f"    ({mark}) {choice.name}: {choice.says}")
    at = present(flow)
    if flow.steps and (code := flow.code(at)):
        lines += [f"Step {at + 1} as code:", *(f"    {line}" for line in code.split("\n"))]
    if beside and flow.previous is not None and len(flow.recording):
        lines.append(_sides(flow))
        lines.append(difference_text(flow.previous, list(flow.recording)))
    return "\n".join(lines)


def status(flow: Flow[Any]) -> str:
    """Say where the flow stands and what came of its last step."""
    total = len(flow.steps)
    if flow.position == 0:
        return f"Not started. {total} steps; Next does the first one."
    verdict = flow.verdicts.get(flow.position - 1)
    said = f" Your prediction was {verdict.word}." if verdict and verdict.chosen else ""
    if flow.failed is not None:
        ended = f"Step {flow.position} of {total} was refused, and the flow ends here"
        return f"{ended}: {flow.failed}{said}"
    remark = flow.remarks.get(flow.position - 1, "")
    return f"Step {flow.position} of {total} is done. {remark}".rstrip() + said


def _controls(flow: Flow[Any], beside: bool) -> Markup:
    done = "true" if flow.done else None
    start = "true" if flow.position == 0 else None
    controls = [
        button("Next", "next", class_="gl-main", aria_disabled=done),
        button("Back to start", "back", aria_disabled=start),
        button("Run all", "all", aria_disabled=done),
    ]
    if flow.previous is not None:
        pressed = str(beside).lower()
        controls.append(button("Compare with the run before", "compare", aria_pressed=pressed))
    return tag("div", controls, class_="gl-bar")


def _sides(flow: Flow[Any]) -> str:
    before = flow.previous.title if flow.previous else ""
    return f"First: {before}. Second: {flow.title}."


def _compared(flow: Flow[Any]) -> Markup | None:
    if flow.previous is None:
        return None
    if not len(flow.recording):
        words = f"The run before ({flow.previous.title}) is kept. Play this one to compare them."
        return tag("p", words, class_="gl-muted")
    named = tag("p", tag("strong", _sides(flow)), class_="gl-play-sides")
    return tag("div", named, difference(flow.previous, list(flow.recording)))
