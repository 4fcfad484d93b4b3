"""The calls of the management API behind the desk's last act, ready to take home."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from grantlab.desks import Desk
from grantlab.management import Refused, as_python, path_of
from grantlab.masking import masked_headers
from grantlab.recording import Exchange
from grantlab.views.html import button, icon, tag
from grantlab.views.meaning import prose
from grantlab.views.message import message
from grantlab.views.token import inside
from grantlab.views.words import answer_words

TAKE_HOME = "These lines do the same in a cell of yours. "
ADMIN = "In them, admin is the client who sits at this desk. "
ALL_CALLS = "All calls of the desk so far, as a sequence: "


def calls_part(desk: Desk) -> Markup:
    """The last act in calls: the deciding ones each for itself, the mere reading together."""
    writes = [call for call in desk.calls if call.method != "GET"]
    reads = [call for call in desk.calls if call.method == "GET"]
    counted = f"{len(reads)} calls that only read the table"
    return tag(
        "div",
        tag("h4", f"The calls behind it: {desk.act.title}"),
        [_call(call, desk) for call in writes],
        tag(
            "details",
            tag("summary", counted),
            tag(
                "pre",
                tag("code", "\n".join(as_python(call, desk.base, desk.caller) for call in reads)),
            ),
            data_key="reads",
        )
        if reads
        else None,
        tag(
            "p",
            TAKE_HOME,
            ADMIN if desk.caller == "admin" else None,
            ALL_CALLS,
            tag("code", "show(desk.recording)"),
            class_="gl-muted gl-small",
        ),
        class_="gl-calls",
    )


def _call(call: Exchange, desk: Desk) -> Markup:
    answer = answer_words(call)
    # The token behind the desk may do everything: a page that is passed on mustn't hold it.
    shown = replace(call, request_headers=masked_headers(call.request_headers))
    sign = "failed" if answer.refused else "passed"
    return tag(
        "details",
        tag(
            "summary",
            tag("code", tag("strong", call.method), " ", path_of(call.url, desk.base)),
            " ",
            tag("span", icon(sign), str(answer), class_=f"gl-result gl-{sign}"),
        ),
        tag("pre", tag("code", as_python(call, desk.base, desk.caller))),
        tag("details", tag("summary", "The message itself"), message(shown, None, inside),
            data_key=f"message-of-{call.number}"),
        data_key=f"call-{call.number}",
    )  # fmt: skip


def refusal_part(refusal: Refused, live: bool) -> Markup:
    """What the API said when it refused the last act, and what to do about it."""
    said = tag("strong", icon("failed"), "The API refused", class_="gl-failed")
    return tag(
        "div",
        tag("p", said, ": ", tag("code", refusal.said)),
        tag("p", prose(refusal.meaning)) if refusal.meaning else None,
        button("Read the table again", "read") if live and refusal.status in (404, 412) else None,
        class_="gl-note",
        role="alert",
    )
