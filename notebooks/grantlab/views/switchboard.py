"""The switchboard of an API or a gateway: its checks in order, what is off, and its counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from grantlab.switches import Setting, Switch, Switchboard
from grantlab.views.html import button, icon, join, section, tag
from grantlab.views.panel import Panel

GROUPS = {
    "request": "Asked of each request, in this order",
    "caches": "Asked of its own caches",
}


def switchboard_panel(board: Switchboard) -> Panel:
    """Show the checks with a switch each; what is switched holds from the next request on."""

    def receive(name: str, value: Any) -> None:
        if name == "switch" and isinstance(value, dict):
            board.switch(str(value.get("name")), bool(value.get("on")))
        elif name == "all":
            for one in board.off():
                board.switch(one.name, True)
        elif name == "set" and isinstance(value, dict):
            _set(board, value)

    return Panel(
        lambda: switchboard(board),
        receive=receive,
        still=lambda: switchboard(board, live=False),
        text=lambda: switchboard_text(board),
    )


def switchboard(board: Switchboard, *, live: bool = True) -> Markup:
    """Draw the switchboard as it is now; without `live` it has no controls."""
    return section(
        "switchboard",
        tag("h3", f"{board.name}: its checks"),
        tag("p", "It answers at ", tag("code", board.url), ".", class_="gl-muted"),
        _banner(board, live),
        [_group(board, about, title, live) for about, title in GROUPS.items()],
        _settings(board.settings(), live),
        _counts(board, live),
        label=f"Switchboard of {board.name}",
    )


def switchboard_text(board: Switchboard) -> str:
    """The switchboard as plain text."""
    lines = [f"{board.name} at {board.url}", _said(board)]
    for about, title in GROUPS.items():
        lines.append(f"{title}:")
        lines += [
            f"  [{'on' if board.is_on(one.name) else 'OFF'}] {one.name}: {_about(board, one)}"
            for one in board.switches
            if one.about == about
        ]
    lines += [f"{one.label}: {_chosen(one)}" for one in board.settings()]
    return "\n".join([*lines, *(f"{name}: {count}" for name, count in board.counts().items())])


def _set(board: Switchboard, form: Mapping[str, Any]) -> None:
    for one in board.settings():
        value = str(form.get(one.name, one.value))
        if value != one.value:
            board.choose(one.name, value)


def _banner(board: Switchboard, live: bool) -> Markup:
    unsafe = bool(board.warnings())
    again = button("Switch all on", "all", class_="gl-main") if live and board.off() else None
    return tag(
        "div", tag("p", icon("failed" if unsafe else "passed"), tag("strong", _said(board))), again,
        class_="gl-alarm" if unsafe else "gl-quiet", role="status",
    )  # fmt: skip


def _said(board: Switchboard) -> str:
    if not board.warnings():
        return "Every check is on."
    names = ", ".join(board.warnings())
    return f"NOT SAFE. Not checked: {names}. Each answer says so in X-Lab-Checks-Off."


def _group(board: Switchboard, about: str, title: str, live: bool) -> Markup | None:
    switches = [one for one in board.switches if one.about == about]
    if not switches:
        return None
    rows = [_row(board, one, live) for one in switches]
    return join([tag("h4", title), tag("ol" if about == "request" else "ul", rows,
                                       class_="gl-switches")])  # fmt: skip


def _row(board: Switchboard, one: Switch, live: bool) -> Markup:
    is_on = board.is_on(one.name)
    box = (
        tag("input", type="checkbox", checked=is_on, data_send="switch", data_value=one.name)
        if live
        else None
    )
    sign, word = ("passed", "on") if is_on else ("failed", "OFF")
    return tag(
        "li",
        tag("div", tag("label", box, one.title), " ",
            tag("span", icon(sign), word, class_=f"gl-result gl-{sign}"), class_="gl-switch-head"),
        tag("div", tag("code", f"checks.{one.name}"), " ", _about(board, one), class_="gl-muted"),
        data_on=str(is_on).lower(),
        data_key=f"switch-{one.name}",
    )  # fmt: skip


def _about(board: Switchboard, one: Switch) -> str:
    return one.asks if board.is_on(one.name) else f"Gets through now: {one.without}."


def _settings(settings: Iterable[Setting], live: bool) -> Markup | None:
    known = list(settings)
    if not known:
        return None
    if not live:
        facts = [tag("li", one.label, ": ", tag("strong", _chosen(one))) for one in known]
        return join([tag("h4", "Settings"), tag("ul", facts)])
    fields = [tag("label", tag("span", one.label), _control(one)) for one in known]
    return join([
        tag("h4", "Settings"),
        tag("form", tag("div", fields, class_="gl-fields"),
            tag("div", tag("button", "Set", type="submit"), class_="gl-bar"),
            data_send="set", class_="gl-set"),
    ])  # fmt: skip


def _control(one: Setting) -> Markup:
    key = f"{one.name}-{one.value}"
    if one.options is None:
        return tag("input", type="number", name=one.name, value=one.value, min=0, step="any",
                   data_key=key)  # fmt: skip
    options = [
        tag("option", words, value=value, selected=value == one.value)
        for value, words in one.options.items()
    ]
    return tag("select", options, name=one.name)


def _chosen(one: Setting) -> str:
    return one.options[one.value] if one.options else (one.value or "no limit of its own")


def _counts(board: Switchboard, live: bool) -> Markup:
    facts = [
        tag("div", tag("dt", name), tag("dd", str(count))) for name, count in board.counts().items()
    ]
    return join([
        tag("h4", "Counted so far"),
        tag("dl", facts, class_="gl-counts"),
        button("Count again", "count") if live else None,
    ])  # fmt: skip
