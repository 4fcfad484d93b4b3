"""Why the server answered as it did: its checks, the walk through policies, what it wrote down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from grantlab.lab import Reasons
from grantlab.views.html import icon, section, tag
from grantlab.views.meaning import prose

Reason = Mapping[str, Any]

TITLE = "The server's reasons"
WORDS = {
    "check": {"passed": "passed", "failed": "failed", "skipped": "skipped"},
    # A rule that doesn't match is no failure: the walk goes on to the next one.
    "policy": {"passed": "matched", "failed": "no match", "skipped": "not asked"},
}
# What stays on the server after an event of this kind, by the end of its type.
STORED = {
    "authorize.code": "The code, for one use, with the client, redirect URI and challenge it is "
    "bound to.",
    "token.grant.access_token": "Not the access token: it is signed, and speaks for itself.",
    "token.grant.id_token": "Not the ID token: it is signed, and speaks for itself.",
    "token.grant.refresh_token": "The refresh token, as the newest of its family.",
    "token.revoke": "That the token counts no more.",
    "consent.grant": "The person's yes to these scopes for this app.",
    "user.session.start": "The person's session, known by the cookie of this browser.",
    "user.session.end": "That the session is over.",
}


def reasons(found: Reasons, about: str = "") -> Markup:
    """Show what the server's log says about one request; `about` says which one that was."""
    body = [_event(event) for event in found.events] or [
        tag("p", "The server has written nothing about this request.")
    ]
    return section(
        "reasons",
        tag("h3", TITLE),
        tag("p", about) if about else None,
        tag("p", "Request ", tag("code", found.request_id), class_="gl-muted gl-small"),
        _verdict(found),
        body,
        _written_down(found.events),
        label=TITLE,
    )


def no_reasons(why: str, about: str = "") -> Markup:
    """Say why there are none to show."""
    return section(
        "reasons",
        tag("h3", TITLE),
        tag("p", about) if about else None,
        tag("p", prose(why), class_="gl-note"),
        label=TITLE,
    )


def reasons_text(found: Reasons) -> str:
    """The same as plain text, one check a line."""
    lines = [f"The server's reasons for request {found.request_id}"]
    for event in found.events:
        lines.append(f"{_title(event)} [{event.get('eventType', 'event')}]")
        for reason in _reasons_of(event):
            kind = "policy" if reason.get("policyId") else "check"
            word = WORDS[kind].get(str(reason.get("result")), "")
            lines.append(f"  {word:9} {reason.get('check', '')}: {reason.get('detail', '')}")
        if kept := _stored(event):
            lines.append(f"  Stored: {kept}")
    return "\n".join(lines)


def _reasons_of(event: Reason) -> list[Reason]:
    found = ((event.get("debugContext") or {}).get("debugData") or {}).get("reasons") or []
    return [each for each in found if isinstance(each, Mapping)]


def _title(event: Reason) -> str:
    said = str(event.get("displayMessage") or event.get("eventType") or "Event")
    reason = (event.get("outcome") or {}).get("reason")
    return f"{said} ({reason})" if reason else said


def _verdict(found: Reasons) -> Markup | None:
    """All of it in one line: how it ended, and which check decided."""
    asked = [each for event in found.events for each in _reasons_of(event)]
    checks = [each for each in asked if not each.get("policyId")]
    if not checks:
        return None
    refused = any((event.get("outcome") or {}).get("result") == "FAILURE" for event in found.events)
    failed = [str(each.get("check", "")) for each in checks if each.get("result") == "failed"]
    passed = sum(each.get("result") == "passed" for each in checks)
    counted = "1 check passed" if passed == 1 else f"{passed} checks passed"
    if not failed:
        said = f"{counted}, none failed."
    else:
        said = f"{counted}; this one did not: {', '.join(failed)}."
    sign, word = ("failed", "Refused") if refused else ("passed", "Answered")
    verdict = tag("strong", icon(sign), f"{word}: ", class_=f"gl-{sign}")
    return tag("p", verdict, said, class_="gl-note")


def _event(event: Reason) -> Markup | None:
    found = _reasons_of(event)
    if not found:
        return None
    pieces = [
        _walk(list(group)) if is_walk else _list(list(group))
        for is_walk, group in groupby(found, key=lambda each: bool(each.get("policyId")))
    ]
    return tag("div", tag("h4", _title(event)), pieces)


def _list(found: Sequence[Reason]) -> Markup:
    items = [_item(each, "check") for each in found]
    label = "Checks, in the order in which they ran"
    return tag("ol", items, class_="gl-checks", aria_label=label)


def _walk(walk: Sequence[Reason]) -> Markup:
    """Down the policies, and inside one that matches down its rules, to the first that matches."""
    matched = any(each.get("ruleId") and each.get("result") == "passed" for each in walk)
    end = (
        "The first rule that matches decides; nothing below it was asked."
        if matched
        else "No rule matched, so there is no token."
    )
    label = "Policies and rules, in the order in which they were asked"
    policies = [
        _policy(list(group)) for _, group in groupby(walk, key=lambda each: each.get("policyId"))
    ]
    return tag(
        "div",
        tag("h4", "The walk through policies and rules"),
        tag("ol", policies, class_="gl-walk", aria_label=label),
        tag("p", end, class_="gl-walk-end"),
        class_="gl-walked",
    )


def _policy(steps: Sequence[Reason]) -> Markup:
    rules = [each for each in steps if each.get("ruleId")]
    itself = next((each for each in steps if not each.get("ruleId")), None)
    name = str(itself.get("check", "")) if itself else ""
    inner = [_item(each, "policy", f" of {name}" if name else "") for each in rules]
    matched = any(each.get("result") == "passed" for each in rules)
    return tag(
        "li",
        tag("div", _said(itself, "policy"), class_="gl-stop") if itself else None,
        tag("ol", inner, class_="gl-rules") if inner else None,
        class_="gl-policy gl-decides" if matched else "gl-policy",
    )


def _item(reason: Reason, kind: str, without: str = "") -> Markup:
    decides = kind == "policy" and reason.get("result") == "passed"
    return tag("li", _said(reason, kind, without), class_="gl-decides" if decides else None)


def _said(reason: Reason, kind: str, without: str = "") -> list[Markup]:
    result = str(reason.get("result"))
    sign = result if result in WORDS[kind] else "skipped"
    word = WORDS[kind][sign]
    if kind == "policy" and sign == "failed":
        sign = "skipped"
    detail = str(reason.get("detail") or "")
    name = str(reason.get("check", "")).removesuffix(without)
    return [
        tag("span", icon(sign), word, class_=f"gl-result gl-{sign}"),
        tag(
            "div",
            tag("strong", name),
            tag("div", prose(detail), class_="gl-muted") if detail else None,
        ),
    ]


def _written_down(events: Sequence[Reason]) -> Markup | None:
    if not events:
        return None
    items = [_entry(event) for event in events]
    return tag(
        "div",
        tag("h4", "What the server wrote down"),
        tag("ol", items, class_="gl-events", aria_label="Events in the server's log"),
    )


def _entry(event: Reason) -> Markup:
    failed = (event.get("outcome") or {}).get("result") == "FAILURE"
    sign, word = ("failed", "failure") if failed else ("passed", "success")
    kept = _stored(event)
    return tag(
        "li",
        tag("span", icon(sign), word, class_=f"gl-result gl-{sign}"),
        tag(
            "div",
            tag("code", str(event.get("eventType") or "event")),
            tag("div", _title(event), _about(event), class_="gl-muted"),
            tag("div", tag("strong", "Stored: "), kept) if kept else None,
        ),
    )


def _about(event: Reason) -> str:
    actor = event.get("actor")
    names = [_name(each) for each in event.get("target") or () if isinstance(each, Mapping)]
    by = f", by {_name(actor)}" if isinstance(actor, Mapping) else ""
    return f"{by}{', for ' if names else ''}{', '.join(names)}"


def _name(party: Reason) -> str:
    return str(party.get("displayName") or party.get("alternateId") or party.get("id") or "")


def _stored(event: Reason) -> str:
    if (event.get("outcome") or {}).get("result") == "FAILURE":
        return ""
    kind = str(event.get("eventType") or "")
    return next((said for end, said in STORED.items() if kind.endswith(end)), "")
