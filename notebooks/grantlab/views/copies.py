"""An exchange to take away: as a Python cell or a curl command, copied without leaving the view."""

from __future__ import annotations

from markupsafe import Markup

from grantlab.copying import as_curl, as_python
from grantlab.recording import Exchange
from grantlab.views.html import tag

WAYS = (("python", "Copy as Python (httpx)", as_python), ("curl", "Copy as curl", as_curl))


def copies(exchange: Exchange, secrets: bool = False) -> Markup:
    """Two buttons that copy, a choice about the secrets, and the very text that is copied."""
    written = [(name, label, write(exchange, secrets=secrets)) for name, label, write in WAYS]
    hidden = as_python(exchange) != as_python(exchange, secrets=True)
    reveal = tag(
        "label",
        tag("input", type="checkbox", data_send="secrets", data_value="secrets", checked=secrets),
        tag("span", "with the real secrets in it"),
    )
    buttons = [tag("button", label, type="button", data_copy=name) for name, label, _ in written]
    return tag(
        "div",
        tag(
            "div", buttons, reveal if hidden or secrets else None,
            tag("span", data_said=True, aria_live="polite"), class_="gl-bar",
        ),
        tag("details", tag("summary", "See what is copied"), _texts(written), data_key="copied"),
        class_="gl-copies",
        data_key=f"copies-{exchange.number}",
    )  # fmt: skip


def still_copies(exchange: Exchange) -> Markup:
    """The same where nothing can be pressed: the texts, to be copied by hand."""
    written = [(name, label, write(exchange)) for name, label, write in WAYS]
    summary = tag("summary", "The same request as Python and as curl")
    return tag("details", summary, _texts(written), class_="gl-copies")


def _texts(written: list[tuple[str, str, str]]) -> list[Markup]:
    return [
        tag("div", tag("h5", label.removeprefix("Copy as ")),
            tag("pre", tag("code", text, data_text=name)))
        for name, label, text in written
    ]  # fmt: skip
