"""The one place where outside text becomes HTML: every view is built from `tag`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup
from markupsafe import escape as _escape

VOID = frozenset({"br", "hr", "wbr", "input", "path", "line", "rect", "circle"})
# Neither XML nor a reader can do anything good with these: controls, surrogates, and the marks
# that let text pretend to run backwards.
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)

Child = object


def escape(value: object) -> Markup:
    """Make any value safe as text or attribute; what is already `Markup` stays as it is.

    Characters that can't be shown, or that hide or turn around other text, appear by number.
    """
    if isinstance(value, Markup):
        return value
    shown = _UNSHOWABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))
    return _escape(shown)


def tag(element: str, *children: Child, **attributes: object) -> Markup:
    """Write one element. Children are escaped unless they come from `tag` themselves.

    Attribute names: `class_` is class, `aria_label` is aria-label. None and False leave an
    attribute out, True writes it empty. A child may be a list; None is nothing.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{"" if value is True else escape(value)}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if element in VOID:
        return Markup(f"<{element}{written}/>")
    return Markup(f"<{element}{written}>{join(children)}</{element}>")


def join(children: Iterable[Child]) -> Markup:
    """Write several children one after the other."""
    return Markup("".join(_written(child) for child in children))


def _written(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, (list, tuple)):
        return join(child)
    return escape(child)


_ICONS = {
    "passed": "M3 8.5 6.5 12 13 4.5",
    "failed": "M4 4 12 12 M12 4 4 12",
    "skipped": "M3.5 8 12.5 8",
    "here": "M5 3 11 8 5 13",
}


def icon(name: str) -> Markup:
    """Draw a small sign. It always stands beside a word, so it is silent for screen readers."""
    path = tag("path", d=_ICONS[name], fill="none", stroke="currentColor", stroke_width="2.2")
    return tag(
        "svg", path, class_=f"gl-icon gl-{name}", viewBox="0 0 16 16", aria_hidden="true",
        focusable="false",
    )  # fmt: skip


def button(label: Child, send: str, value: object = None, **attributes: object) -> Markup:
    """Write a button that sends `send` and `value` to Python when it is pressed."""
    return tag("button", label, type="button", data_send=send, data_value=value, **attributes)


def section(kind: str, *children: Child, label: str, **attributes: object) -> Markup:
    """Write the outermost element of a view: a named group in the house's look.

    A group, not a landmark: a notebook has many views, and landmarks must be told apart.
    """
    look = f"gl-view gl-{kind}"
    return tag("div", *children, class_=look, role="group", aria_label=label, **attributes)
