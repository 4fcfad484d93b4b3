"""Attacks by stages, as a table of what each came to."""

from __future__ import annotations

from markupsafe import Markup

from grantlab.storms import Result, Storms
from grantlab.views.html import icon, section, tag

TITLE = "Who was stopped, and where"


def storms_view(storms: Storms) -> Markup:
    """Draw a row an attack, a column a stage."""
    head = [
        tag("th", "Attack", scope="col"),
        *(tag("th", one, scope="col") for one in storms.stages),
    ]
    rows = [
        tag(
            "tr",
            tag("th", attack, scope="row"),
            [_cell(stage, storms.of(stage, attack)) for stage in storms.stages],
        )
        for attack in storms.attacks
    ]
    return section(
        "storms",
        tag("h3", TITLE),
        tag("table", tag("thead", tag("tr", head)), tag("tbody", rows), class_="gl-rows gl-stages"),
        label=TITLE,
    )


def storms_text(storms: Storms) -> str:
    """The same as plain text, one attack a paragraph."""
    lines = [TITLE]
    for attack in storms.attacks:
        lines.append(f"{attack}:")
        lines += [f"  {stage}: {storms.of(stage, attack)}" for stage in storms.stages]
    return "\n".join(lines)


def _cell(stage: str, result: Result | None) -> Markup:
    if result is None:
        return tag("td", _where(stage), "not tried", class_="gl-muted")
    sign, word = ("failed", "got in") if result.got_in else ("passed", "stopped")
    return tag(
        "td",
        _where(stage),
        tag("span", icon(sign), word, class_=f"gl-result gl-{sign}"),
        " ",
        tag("code", result.status, class_="gl-muted"),
    )


def _where(stage: str) -> Markup:
    # On narrow screens the head of the table is gone.
    return tag("span", f"{stage}: ", class_="gl-stage")
