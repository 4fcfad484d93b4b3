"""Okta's Expression Language, as far as claims use it: parse a text, then evaluate it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from labserver.domain.expressions.errors import ExpressionError, Misuse
from labserver.domain.expressions.names import Evaluation, Names, NobodyThere
from labserver.domain.expressions.plain import check_result

if TYPE_CHECKING:
    from labserver.domain.expressions.nodes import Node

__all__ = ["MAX_TEXT", "Expression", "ExpressionError", "Names", "evaluate", "parse"]

MAX_TEXT = 1024
"""Characters in one expression, as in Okta's claims."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A text that is known to be within the language."""

    text: str
    tree: Node


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Read an expression; the same text is read once (Okta: Expression Language).

    Raises ExpressionError, with the column, for a text that is too long, nested too deeply, or
    that uses anything but the documented names, functions and operators.
    """
    # Imported on first use, with lark behind it: a server that starts has nothing to read yet.
    from labserver.domain.expressions.grammar import tree_of

    if len(text) > MAX_TEXT:
        raise ExpressionError(
            MAX_TEXT + 1, f"the text is longer than {MAX_TEXT} characters", "make it shorter"
        )
    if not text.strip():
        raise ExpressionError(1, "there is nothing here", "write a value, such as user.email")
    return Expression(text, tree_of(text))


def evaluate(expression: Expression, names: Names) -> object:
    """The expression's value: null, boolean, number, text, list or object, ready for JSON.

    Null too when it asks for something of a user who is not there (client credentials), because
    such a claim is left out. Raises ExpressionError when the values at hand don't fit, when the
    result is too large, or when a pattern takes too long.
    """
    try:
        value = expression.tree.value(Evaluation(names))
    except NobodyThere:
        return None
    try:
        check_result(value)
    except Misuse as misuse:
        raise misuse.at(1) from None
    return value
