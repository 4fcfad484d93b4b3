"""What a name of the protocol means, in the glossary's words."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from grantlab.glossary import ENTRIES, explain
from grantlab.views.html import tag

KNOWN = frozenset(entry.name.lower() for entry in ENTRIES)


def meaning(name: str, place: str, otherwise: str) -> Markup:
    """One line and the section that says so; `otherwise` for a name the glossary lacks."""
    if name.lower() not in KNOWN:
        return tag("span", otherwise, class_="gl-muted gl-small")
    return _known(name, place, otherwise)


# The same few names come with every message.
@cache
def _known(name: str, place: str, otherwise: str) -> Markup:
    entry = explain(name, place)
    if entry is None:
        return tag("span", otherwise, class_="gl-muted gl-small")
    source = tag("span", entry.section, class_="gl-muted gl-small")
    return tag("span", prose(entry.meaning), " ", source)


def prose(text: str) -> list[object]:
    """A text of ours whose `words between backticks` are code."""
    pieces = text.split("`")
    return [tag("code", piece) if at % 2 else piece for at, piece in enumerate(pieces)]
