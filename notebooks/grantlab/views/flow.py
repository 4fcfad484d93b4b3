"""The flow player: a flow step by step, predicted, done wrong on purpose, and compared."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from grantlab.flows import Flow
from grantlab.predicting import Verdict
from grantlab.tokens import Verification
from grantlab.views.difference import difference, difference_text
from grantlab.views.html import button, icon, section, tag
from grantlab.views.inspector import Ask, Inspector
from grantlab.views.panel import Panel, keep_live

SIGNS = {"right": "passed", "wrong": "failed", "skipped": "skipped"}
SECRETS = (
    "Anybody may see it: it holds no secret, and takes those it needs from environment variables."
)


def flow_panel(flow: Flow[Any], ask: Ask | None = None) -> Panel:
    """Play the flow: Next, Back to start, Run all, a switch for each mistake, predictions."""
    inspector = Inspector(flow.recording, ask)
    shown = Shown()

    def draw() -> Markup:
        return player(flow, inspector.draw() if inspector.exchanges else None, shown.beside)

    def still() -> Markup:
        return player(flow, inspector.still() if inspector.exchanges else None, shown.beside)

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


def player(flow: Flow[Any], below: object = None, beside: bool = False) -> Markup:
    """Draw controls and mistakes, all steps beside the present one, and what happened.

    With `beside` the play is compared with the one before it, if there was one.
    """
    return section(
        "flow",
        tag("h3", flow.name),
        _controls(flow, beside),
        tag("p", status(flow), role="status", class_="gl-note"),
        _answered(flow),
        tag(
            "div",
            tag("ol", [_step(flow, at) for at in range(len(flow.steps))], class_="gl-steps"),
            _card(flow),
            _switches(flow),
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
    at = _present(flow)
    if code := flow.code(at):
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


def _switches(flow: Flow[Any]) -> Markup | None:
    if not flow.switches:
        return None
    choices = [
        tag(
            "label",
            tag("input", type="checkbox", data_send="switch", data_value=switch.name,
                checked=flow.is_on(switch.name)),
            tag("span", switch.label),
        )
        for switch in flow.switches
    ]  # fmt: skip
    # What goes wrong is told once the mistake is chosen: before, it would spoil the prediction.
    told = [
        tag("p", tag("strong", switch.label, ": "), switch.mistake)
        for switch in flow.switches
        if flow.is_on(switch.name)
    ]
    legend = tag("legend", "Do it wrong on purpose")
    return tag("fieldset", legend, tag("div", choices), told, class_="gl-choices gl-play-mistakes")


def _answered(flow: Flow[Any]) -> Markup | None:
    """What the run answered to the question before the last step, and how a token did."""
    at = flow.position - 1
    verdict, checks = flow.verdicts.get(at), flow.checks.get(at)
    shown = _verdict(verdict) if verdict else None
    if checks is None:
        return shown
    counted = f"Check by check ({len(checks.checks)})"
    part = tag("details", tag("summary", counted), _checks(checks), data_key=f"checks-{at}",
               open=True)  # fmt: skip
    return tag("div", shown, part)


def _checks(verification: Verification) -> Markup:
    rows = [
        tag(
            "li",
            tag("span", icon(one.result), one.result, class_=f"gl-result gl-{one.result}"),
            tag("div", tag("code", one.name), ": found ", tag("code", one.found), ", expected ",
                tag("code", one.expected)),
        )
        for one in verification.checks
    ]  # fmt: skip
    return tag("ol", rows, class_="gl-checks")


def _verdict(verdict: Verdict) -> Markup:
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
        class_=f"gl-play-verdict gl-was-{verdict.word}",
    )


def _step(flow: Flow[Any], at: int) -> Markup:
    step, (sign, word) = flow.steps[at], _mark(flow, at)
    mark = tag("span", icon(sign), word, class_=f"gl-small gl-{sign}") if word else None
    remark = flow.remarks.get(at)
    return tag(
        "li",
        tag("strong", step.title),
        " ",
        mark,
        tag("div", remark, class_="gl-muted gl-small") if remark else None,
        aria_current="step" if word == "next" else None,
    )


def _present(flow: Flow[Any]) -> int:
    """The step that the card shows: the next one, or the last when there is none."""
    return flow.position - 1 if flow.done else flow.position


def _card(flow: Flow[Any]) -> Markup:
    at = _present(flow)
    step = flow.steps[at]
    when = "Last" if flow.done else "Next"
    return tag(
        "div",
        tag("h4", tag("span", f"{when}, step {at + 1}: ", class_="gl-muted"), step.title),
        tag("p", step.says),
        _question(flow, at),
        _code(flow, at),
        class_="gl-play-card",
        data_key=f"card-{at}",
    )


def _question(flow: Flow[Any], at: int) -> Markup | None:
    question = flow.steps[at].predict
    if question is None or flow.done:
        return None
    chosen = flow.prediction
    answers = [
        tag("li", button(one.says, "predict", one.name, aria_pressed=str(one is chosen).lower()))
        for one in question.choices
    ]
    hint = "Noted. Next lets the run answer." if chosen else "Choose, or go on with Next."
    return tag(
        "div",
        tag("p", tag("strong", "Predict first. "), question.asks),
        tag("ul", answers),
        tag("p", hint, class_="gl-muted gl-small"),
        class_="gl-play-predict",
        role="group",
        aria_label="Predict first",
    )


def _code(flow: Flow[Any], at: int) -> Markup:
    code = flow.code(at)
    if not code:
        return tag(
            "p", "No code: this is the person's part, in their browser.", class_="gl-muted gl-small"
        )
    lines = code.count("\n") + 1
    whole = flow.program(at + 1)
    return tag(
        "div",
        tag("details", tag("summary", "This step in Python", _size(lines)),
            tag("pre", tag("code", code), tabindex="0"), data_key="step-code", open=True),
        tag("details",
            tag("summary", "The whole program up to here", _size(whole.count("\n") + 1)),
            tag("p", SECRETS, class_="gl-muted gl-small"),
            tag("pre", tag("code", whole), tabindex="0"), data_key="whole-code"),
    )  # fmt: skip


def _size(lines: int) -> Markup:
    return tag("span", f" ({lines} lines)" if lines > 1 else " (1 line)", class_="gl-muted")


def _sides(flow: Flow[Any]) -> str:
    before = flow.previous.title if flow.previous else ""
    return f"First: {before}. Second: {flow.title}."


def _compared(flow: Flow[Any]) -> Markup | None:
    if flow.previous is None:
        return None
    if not len(flow.recording):
        words = f"The run before ({flow.previous.title}) is kept. Play this one to compare them."
        return tag("p", words, class_="gl-muted")
    named = tag("p", tag("strong", _sides(flow)))
    return tag("div", named, difference(flow.previous, list(flow.recording)))


def _mark(flow: Flow[Any], at: int) -> tuple[str, str]:
    if flow.failed is not None and at == flow.position - 1:
        return "failed", "refused"
    if at < flow.position:
        return "passed", "done"
    return ("here", "next") if at == flow.position and not flow.done else ("skipped", "")
