"""Why the server answered as it did: the checks in order, then the walk through the policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from grantlab.lab import Reasons
from grantlab.views.html import icon, section, tag

Reason = Mapping[str, Any]

WORDS = {
    "check": {"passed": "passed", "failed": "failed", "skipped": "skipped"},
    # A rule that doesn't match is no failure: the walk goes on to the next one.
    "policy": {"passed": "matched", "failed": "no match", "skipped": "not asked"},
}


def reasons(found: Reasons) -> Markup:
    """Show what the server's log says about one request."""
    body = [_event(event) for event in found.events] or [
        tag("p", "The server has written nothing about this request.")
    ]
    number = tag("p", "Request ", tag("code", found.request_id), class_="gl-muted gl-small")
    title = tag("h3", "The server's reasons")
    return section("reasons", title, number, body, label="The server's reasons")


def reasons_text(found: Reasons) -> str:
    """The same as plain text, one check a line."""
    lines = [f"The server's reasons for request {found.request_id}"]
    for event in found.events:
        lines.append(_title(event))
        for reason in _reasons_of(event):
            kind = "policy" if reason.get("policyId") else "check"
            word = WORDS[kind].get(str(reason.get("result")), "")
            lines.append(f"  {word:9} {reason.get('check', '')}: {reason.get('detail', '')}")
    return "\n".join(lines)


def _reasons_of(event: Reason) -> list[Reason]:
    found = ((event.get("debugContext") or {}).get("debugData") or {}).get("reasons") or []
    return [each for each in found if isinstance(each, Mapping)]


def _title(event: Reason) -> str:
    said = str(event.get("displayMessage") or event.get("eventType") or "Event")
    reason = (event.get("outcome") or {}).get("reason")
    return f"{said} ({reason})" if reason else said


def _event(event: Reason) -> Markup:
    found = _reasons_of(event)
    checks = [each for each in found if not each.get("policyId")]
    walk = [each for each in found if each.get("policyId")]
    return tag(
        "div",
        tag("h4", _title(event)),
        _list(checks, "check", "Checks, in the order in which they ran"),
        _walk(walk),
    )


def _walk(walk: Sequence[Reason]) -> Markup | None:
    if not walk:
        return None
    matched = any(each.get("ruleId") and each.get("result") == "passed" for each in walk)
    end = (
        "The first rule that matches decides; nothing below it was asked."
        if matched
        else "No rule matched, so there is no token."
    )
    return tag(
        "div",
        tag("h4", "The walk through policies and rules"),
        _list(walk, "policy", "Policies and rules, in the order in which they were asked"),
        tag("p", end, class_="gl-note"),
    )


def _list(found: Sequence[Reason], kind: str, label: str) -> Markup | None:
    if not found:
        return None
    return tag("ol", [_item(each, kind) for each in found], class_="gl-checks", aria_label=label)


def _item(reason: Reason, kind: str) -> Markup:
    result = str(reason.get("result"))
    sign = result if result in WORDS[kind] else "skipped"
    word = WORDS[kind][sign]
    if kind == "policy" and sign == "failed":
        sign = "skipped"
    detail = reason.get("detail")
    return tag(
        "li",
        tag("span", icon(sign), word, class_=f"gl-result gl-{sign}"),
        tag(
            "div",
            tag("strong", str(reason.get("check", ""))),
            tag("div", detail, class_="gl-muted") if detail else None,
        ),
        class_="gl-rule" if reason.get("ruleId") else None,
    )
