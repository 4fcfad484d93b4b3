"""The pieces of the flow player: mistakes, steps, the present step's card, what was answered."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from grantlab.flows import Flow
from grantlab.tokens import Verification
from grantlab.views.html import icon, tag
from grantlab.views.prediction import question_part, verdict_part

WITH_NEXT = "Choose, or go on with Next."
SECRETS = (
    "Anybody may see it: it holds no secret, and takes those it needs from environment variables."
)


def switches(flow: Flow[Any]) -> Markup | None:
    """Each mistake as a box to tick; what goes wrong is told once it is chosen."""
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


def mistakes(flow: Flow[Any]) -> Markup | None:
    """The mistakes in words, with what goes wrong: nobody can choose one here."""
    if not flow.switches:
        return None
    told = [
        tag("li", tag("strong", switch.label, " (made here)" if flow.is_on(switch.name) else ""),
            ": ", switch.mistake)
        for switch in flow.switches
    ]  # fmt: skip
    return tag("div", tag("h4", "Mistakes to make"), tag("ul", told), class_="gl-play-mistakes")


def answered(flow: Flow[Any]) -> Markup | None:
    """What the run answered to the question before the last step, and how a token did."""
    at = flow.position - 1
    verdict, checks = flow.verdicts.get(at), flow.checks.get(at)
    shown = verdict_part(verdict) if verdict else None
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


def step_line(flow: Flow[Any], at: int, live: bool) -> Markup:
    """One step of the list: its title, how it went, and a word about it."""
    step, (sign, word) = flow.steps[at], _mark(flow, at)
    mark = tag("span", icon(sign), word, class_=f"gl-small gl-{sign}") if word else None
    remark = flow.remarks.get(at)
    return tag(
        "li",
        tag("strong", step.title),
        " ",
        mark,
        None if live else tag("div", step.says, class_="gl-small"),
        tag("div", remark, class_="gl-muted gl-small") if remark else None,
        aria_current="step" if word == "next" else None,
    )


def _mark(flow: Flow[Any], at: int) -> tuple[str, str]:
    if flow.failed is not None and at == flow.position - 1:
        return "failed", "refused"
    if at < flow.position:
        return "passed", "done"
    return ("here", "next") if at == flow.position and not flow.done else ("skipped", "")


def present(flow: Flow[Any]) -> int:
    """The step that the card shows: the next one, or the last when there is none."""
    return flow.position - 1 if flow.done else flow.position


def card(flow: Flow[Any], live: bool) -> Markup | None:
    """The present step: what it does, what to predict, and the code behind it."""
    if not flow.steps:
        return None
    at = present(flow)
    step = flow.steps[at]
    when = "Last" if flow.done else "Next"
    return tag(
        "div",
        tag("h4", tag("span", f"{when}, step {at + 1}: ", class_="gl-muted"), step.title),
        tag("p", step.says),
        _question(flow, at, live),
        _code(flow, at, live),
        class_="gl-play-card",
        data_key=f"card-{at}",
    )


def _question(flow: Flow[Any], at: int, live: bool) -> Markup | None:
    question = flow.steps[at].predict
    if question is None or flow.done:
        return None
    answers = [(one.name, one.says) for one in question.choices]
    hint = "Noted. Next lets the run answer." if flow.prediction else WITH_NEXT
    chosen = flow.prediction.name if flow.prediction else None
    return question_part(question.asks, answers, chosen, hint if live else None)


def _code(flow: Flow[Any], at: int, live: bool) -> Markup:
    code = flow.code(at)
    if not code:
        words = "No code: this is the person's part, in their browser."
        return tag("p", words, class_="gl-muted gl-small")
    whole = flow.program(at + 1)
    step = _listing("This step in Python", "step", code, live, open=True)
    told = tag("p", SECRETS, class_="gl-muted gl-small")
    return tag("div", step, _listing("The whole program up to here", "program", whole, live, told))


def _listing(
    title: str, name: str, code: str, live: bool, told: object = None, **attributes: object
) -> Markup:
    """Code behind its title, with its size, and a button that copies it."""
    copied = tag("span", data_said=True, aria_live="polite", class_="gl-small")
    copies = tag("div", tag("button", "Copy", type="button", data_copy=name), " ", copied)
    return tag(
        "details",
        tag("summary", title, _size(code.count("\n") + 1)),
        told,
        tag("pre", tag("code", code, data_text=name), tabindex="0"),
        copies if live else None,
        class_="gl-copies",
        data_key=f"code-{name}",
        **attributes,
    )


def _size(lines: int) -> Markup:
    return tag("span", f" ({lines} lines)" if lines > 1 else " (1 line)", class_="gl-muted")
