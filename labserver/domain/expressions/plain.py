"""The values that expressions work with: null, booleans, numbers, texts, lists, objects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeGuard

from labserver.domain.expressions.errors import Misuse

MAX_LIST = 100
"""Items in one list."""
MAX_TEXT = 8192
"""Characters in one text."""
MAX_RESULT = 65_536
"""Characters and items in a whole result, all of its parts together."""
MAX_NUMBER = 2**63 - 1
_MAX_DEPTH = 16


def plain(value: object) -> object:
    """The value itself; a tuple becomes a list, so that both compare and print alike."""
    return list(value) if isinstance(value, tuple) else value


def within_limits(value: object) -> object:
    """The value itself, when it is not too long or too large; raises Misuse otherwise."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise Misuse(f"the text grows past {MAX_TEXT} characters", "make it shorter")
    if isinstance(value, list) and len(value) > MAX_LIST:
        raise Misuse(f"the list grows past {MAX_LIST} items", "make it shorter")
    if isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise Misuse("the number is out of range", "keep it within 64 bits")
    return value


def check_result(value: object) -> None:
    """Raise Misuse unless the value, with all its parts, can stand in a token."""
    spent = 0
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        within_limits(part)
        spent += 1
        if isinstance(part, str):
            spent += len(part)
        elif isinstance(part, list | tuple):
            waiting.extend((item, depth + 1) for item in part)
        elif isinstance(part, Mapping):
            spent += sum(len(str(key)) for key in part)
            waiting.extend((item, depth + 1) for item in part.values())
        elif not (part is None or isinstance(part, bool | int | float)):
            raise Misuse("the result is not a value", "name an attribute, as in user.email")
        if spent + len(waiting) > MAX_RESULT or depth > _MAX_DEPTH:
            raise Misuse("the result is too large for a token", "select less")


def same(left: object, right: object) -> bool:
    """Equality without conversions: true is not 1, and "1" is not 1."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return left == right


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def truth(value: object) -> bool:
    """The value as a condition: null counts as false, other things than booleans are refused."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    raise Misuse(
        f"{described(value)} stands where true or false is needed", "compare it, as in x == y"
    )


def text_of(value: object) -> str:
    """A text, or the text of a number or boolean."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(within_limits(value))
    raise Misuse(f"{described(value)} stands where a text is needed", "give a text")


def list_of(value: object) -> list[object]:
    """A list, as it is."""
    if isinstance(value, list):
        return value
    raise Misuse(
        f"{described(value)} stands where a list is needed", 'give a list, as in {"a", "b"}'
    )


def integer_of(value: object) -> int:
    """A whole number, as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Misuse(f"{described(value)} stands where a whole number is needed", "give one, as in 10")


def rounded(value: float) -> int:
    """The nearest whole number; halves go up, as Okta's Convert.toInt does."""
    return math.floor(value + 0.5) if isinstance(value, float) else value


def described(value: object) -> str:
    """The kind of a value in plain words; never the value itself, which may be personal."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, list):
        return "a list"
    return "an object"
