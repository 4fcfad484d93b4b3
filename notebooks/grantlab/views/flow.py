"""The flow player: a flow step by step, forwards, from the start, or wrong on purpose."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from grantlab.flows import Flow
from grantlab.views.html import button, icon, section, tag
from grantlab.views.inspector import Ask, Inspector
from grantlab.views.panel import Panel, keep_live


def flow_panel(flow: Flow[Any], ask: Ask | None = None) -> Panel:
    """Play the flow: Next, Back to start, Run all, and a switch for each classic mistake."""
    inspector = Inspector(flow.recording, ask)

    def draw() -> Markup:
        return player(flow, inspector.draw() if inspector.exchanges else None)

    def receive(name: str, value: Any) -> None:
        try:
            _do(flow, inspector, name, value)
        finally:
            # Also after a step that raised: its exchanges happened all the same.
            inspector.follow(flow.recording)

    panel = Panel(
        draw,
        receive=receive,
        still=lambda: player(flow, inspector.still() if inspector.exchanges else None),
        text=lambda: f"{flow!r}\n{inspector.text()}",
    )
    keep_live(flow, panel, flow.watch, lambda: inspector.follow(flow.recording))
    return panel


def _do(flow: Flow[Any], inspector: Inspector, name: str, value: Any) -> None:
    match name:
        case "next":
            flow.advance()
        case "back":
            flow.back_to_start()
        case "all":
            flow.run_all()
        case "switch":
            flow.set(str(value["name"]), bool(value["on"]))
        case _:
            inspector.receive(name, value)


def player(flow: Flow[Any], below: object = None) -> Markup:
    """Draw the controls, the steps with the present one marked, and what happened."""
    done = "true" if flow.done else None
    start = "true" if flow.position == 0 else None
    controls = [
        button("Next", "next", class_="gl-main", aria_disabled=done),
        button("Back to start", "back", aria_disabled=start),
        button("Run all", "all", aria_disabled=done),
    ]
    return section(
        "flow",
        tag("h3", flow.name),
        _switches(flow),
        tag("div", controls, class_="gl-bar"),
        tag("p", status(flow), role="status", class_="gl-note"),
        tag("ol", [_step(flow, at) for at in range(len(flow.steps))], class_="gl-steps"),
        below,
        label=f"Flow: {flow.name}",
    )


def status(flow: Flow[Any]) -> str:
    """Say where the flow stands and what came of its last step."""
    total = len(flow.steps)
    if flow.position == 0:
        return f"Not started. {total} steps; Next does the first one."
    if flow.failed is not None:
        return f"Step {flow.position} of {total} was refused, and the flow ends here: {flow.failed}"
    remark = flow.remarks.get(flow.position - 1, "")
    return f"Step {flow.position} of {total} is done. {remark}".rstrip()


def _switches(flow: Flow[Any]) -> Markup | None:
    if not flow.switches:
        return None
    choices = [
        tag(
            "label",
            tag("input", type="checkbox", data_send="switch", data_value=switch.name,
                checked=flow.is_on(switch.name)),
            tag("span", switch.label, " ", tag("span", switch.mistake, class_="gl-muted")),
        )
        for switch in flow.switches
    ]  # fmt: skip
    return tag("fieldset", tag("legend", "Do it wrong on purpose"), choices, class_="gl-choices")


def _step(flow: Flow[Any], at: int) -> Markup:
    step, (sign, word) = flow.steps[at], _mark(flow, at)
    mark = tag("span", icon(sign), word, class_=f"gl-small gl-{sign}") if word else None
    remark = flow.remarks.get(at)
    return tag(
        "li",
        tag("strong", step.title),
        " ",
        mark,
        tag("div", step.says, class_="gl-muted"),
        tag("div", remark) if remark else None,
        aria_current="step" if word == "next" else None,
    )


def _mark(flow: Flow[Any], at: int) -> tuple[str, str]:
    if flow.failed is not None and at == flow.position - 1:
        return "failed", "refused"
    if at < flow.position:
        return "passed", "done"
    return ("here", "next") if at == flow.position and not flow.done else ("skipped", "")
