"""The API's filters and searches: a text becomes a small tree, or is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark

_DEEPER = re.compile(r"\(|\bnot\b", re.IGNORECASE)

LONGEST = 2000
"""Characters in one filter."""
DEEPEST = 20
"""Levels of parentheses and `not`."""

_GRAMMAR = r"""
?start: either
?either: both (_OR both)*
?both: negated (_AND negated)*
?negated: _NOT negated -> negated
        | "(" either ")" -> group
        | comparison
comparison: ATTRIBUTE OPERATOR value
          | ATTRIBUTE _PRESENT -> present
value: TEXT | WORD

_OR.3: /or(?=[\s(])/i
_AND.3: /and(?=[\s(])/i
_NOT.3: /not(?=[\s(])/i
_PRESENT.3: /pr(?=[\s)]|$)/i
OPERATOR.3: /(?:eq|ne|gt|ge|lt|le|sw|ew|co)(?=\s)/i
WORD.2: /true|false|null|-?\d+/
ATTRIBUTE: /[A-Za-z_][A-Za-z0-9_.]*/
TEXT: /"(?:[^"\\]|\\.)*"/
%import common.WS
%ignore WS
"""


class FilterError(ValueError):
    """The text is no filter; the message says where it stops being one."""


@dataclass(frozen=True, slots=True)
class Compare:
    """An attribute against a value. `operator` is `pr` for an attribute that is there."""

    attribute: str
    operator: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Node


@dataclass(frozen=True, slots=True)
class Both:
    """All of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts at least."""

    parts: tuple[Node, ...]


Node = Compare | Not | Both | Either


def parse(text: str) -> Node:
    """Read a filter; `and` binds tighter than `or` (Okta: filter, search).

    Raises `FilterError`.
    """
    from lark.exceptions import UnexpectedInput

    if len(text) > LONGEST:
        raise FilterError(f"A filter has {LONGEST} characters at most.")
    depth = len(_DEEPER.findall(text))
    if depth > DEEPEST:
        raise FilterError(f"A filter has {DEEPEST} parentheses and negations at most.")
    try:
        return _built(_parser().parse(text))
    except UnexpectedInput as error:
        column = getattr(error, "column", -1)
        where = f"at column {column}" if column > 0 else "at its end"
        raise FilterError(
            f'The filter cannot be read {where}. Write it like: status eq "ACTIVE".'
        ) from None


def operators(node: Node) -> frozenset[str]:
    """Every operator in the filter."""
    match node:
        case Compare():
            return frozenset({node.operator})
        case Not(part):
            return operators(part)
        case Both(parts) | Either(parts):
            return frozenset().union(*map(operators, parts))


@lru_cache(maxsize=1)
def _parser() -> Lark:
    # Imported on first use: a server that starts has nothing to read yet.
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr")


def _built(tree: Any) -> Node:
    parts = tree.children
    if tree.data == "comparison":
        return Compare(str(parts[0]), str(parts[1]).lower(), _text(parts[2].children[0]))
    if tree.data == "present":
        return Compare(str(parts[0]), "pr")
    if tree.data == "negated":
        return Not(_built(parts[0]))
    if tree.data == "group":
        return _built(parts[0])
    made = tuple(_built(part) for part in parts)
    return Either(made) if tree.data == "either" else Both(made)


def _text(token: Any) -> str:
    if token.type == "WORD":
        return str(token)
    inner = str(token)[1:-1]
    return inner.replace('\\"', '"').replace("\\\\", "\\")
