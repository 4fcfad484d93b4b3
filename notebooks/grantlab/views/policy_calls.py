"""The calls of the management API behind the desk's last act, ready to take home."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from grantlab.desk import PolicyDesk
from grantlab.management import as_python, path_of
from grantlab.masking import masked_headers
from grantlab.recording import Exchange
from grantlab.views.html import icon, tag
from grantlab.views.message import message
from grantlab.views.token import inside
from grantlab.views.words import answer_words

TAKE_HOME = (
    "These lines do the same in a cell of yours. All calls of the desk so far, as a sequence: "
)


def calls_part(desk: PolicyDesk) -> Markup:
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
        tag("p", TAKE_HOME, tag("code", "show(desk.recording)"), class_="gl-muted gl-small"),
        class_="gl-calls",
    )


def _call(call: Exchange, desk: PolicyDesk) -> Markup:
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
