"""The functions that need nothing but their arguments: String, Arrays, Convert."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from labserver.domain.expressions.errors import Misuse
from labserver.domain.expressions.plain import (
    MAX_TEXT,
    described,
    integer_of,
    is_number,
    list_of,
    rounded,
    same,
    text_of,
)

_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")


class HandlesNull:
    """In place of an answer for null arguments: the function takes them itself."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language: how to write it, what it does, how many arguments it takes.

    `on_null` is the answer when any argument is null. `contextual` functions get the
    evaluation as their first argument.
    """

    usage: str
    call: Callable[..., object]
    on_null: object
    contextual: bool
    least: int
    most: int | None


def function(
    usage: str, call: Callable[..., object], on_null: object = None, *, contextual: bool = False
) -> tuple[str, Function]:
    """A row of a function table; the number of arguments is read off the Python function."""
    parameters = list(inspect.signature(call).parameters.values())[int(contextual) :]
    fixed = [each for each in parameters if each.kind is not each.VAR_POSITIONAL]
    least = sum(each.default is each.empty for each in fixed)
    most = len(fixed) if len(fixed) == len(parameters) else None
    return usage.partition("(")[0], Function(usage, call, on_null, contextual, least, most)


def _append(text: object, suffix: object) -> str:
    return text_of(text) + text_of(suffix)


def _join(separator: object, *texts: object) -> str:
    between = "" if separator is None else text_of(separator)
    return between.join(text_of(text) for text in texts if text is not None)


def _length(text: object) -> int:
    return len(text_of(text))


def _remove_spaces(text: object) -> str:
    return text_of(text).replace(" ", "")


def _replace(text: object, match: object, replacement: object, count: int = -1) -> str:
    whole, old, new = text_of(text), text_of(match), text_of(replacement)
    if not old:
        return whole
    found = whole.count(old) if count < 0 else 1
    if len(whole) + found * (len(new) - len(old)) > MAX_TEXT:
        raise Misuse(f"the text grows past {MAX_TEXT} characters", "make it shorter")
    return whole.replace(old, new, count)


def _replace_all(text: object, match: object, replacement: object) -> str:
    return _replace(text, match, replacement)


def _replace_first(text: object, match: object, replacement: object) -> str:
    return _replace(text, match, replacement, 1)


def _starts_with(text: object, prefix: object) -> bool:
    return text_of(text).startswith(text_of(prefix))


def _contains(text: object, part: object) -> bool:
    return text_of(part) in text_of(text)


def _switch(text: object, default: object, *pairs: object) -> object:
    if len(pairs) % 2:
        raise Misuse("a key of String.stringSwitch has no value", "give keys and values in pairs")
    if text is None:
        return default
    whole = text_of(text)
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if text_of(key) in whole:
            return value
    return default


def _substring(text: object, start: object, end: object) -> str:
    whole, first, last = text_of(text), integer_of(start), integer_of(end)
    if not 0 <= first <= last <= len(whole):
        raise Misuse(
            f"the text has {len(whole)} characters, not a part from {first} to {last}",
            "count from 0, with the end not before the start",
        )
    return whole[first:last]


def _after(text: object, separator: object) -> str:
    whole, sought = text_of(text), text_of(separator)
    return whole.partition(sought)[2] if sought else whole


def _before(text: object, separator: object) -> str:
    sought = text_of(separator)
    return text_of(text).partition(sought)[0] if sought else ""


def _upper(text: object) -> str:
    return text_of(text).upper()


def _lower(text: object) -> str:
    return text_of(text).lower()


def _add(array: object, value: object) -> list[object]:
    return [*([] if array is None else list_of(array)), value]


def _remove(array: object, value: object) -> list[object]:
    return [item for item in list_of(array) if not same(item, value)]


def _clear(array: object) -> list[object]:
    list_of(array)
    return []


def item_at(array: object, position: object) -> object:
    """The item at a position, counted from 0."""
    items, index = list_of(array), integer_of(position)
    if not 0 <= index < len(items):
        raise Misuse(f"the list has {len(items)} items, none at {index}", "positions start at 0")
    return items[index]


def _flatten(*values: object) -> list[object]:
    flat: list[object] = []
    waiting = list(reversed(values))
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif value is not None:
            flat.append(value)
    return flat


def _array_contains(array: object, value: object) -> bool:
    return array is not None and any(same(item, value) for item in list_of(array))


def _size(array: object) -> int:
    return len(list_of(array))


def _is_empty(array: object) -> bool:
    return not (array if isinstance(array, str) else list_of(array))


def _to_csv(array: object) -> str:
    return ",".join(text_of(item) for item in list_of(array) if item is not None)


def _to_number(value: object) -> float:
    if is_number(value):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value) if any(sign in value for sign in ".eE") else int(value)
    raise Misuse(f"{described(value)} does not hold a number", "give digits, as in 12 or 3.14")


def _to_int(value: object) -> int:
    number = _to_number(value)
    if not abs(number) < 2**63:
        raise Misuse("the number is out of range", "keep it within 64 bits")
    return rounded(number)


FUNCTIONS: dict[str, Function] = dict(
    (
        function("String.append(text, suffix)", _append),
        function("String.join(separator, text, …)", _join, HandlesNull),
        function("String.len(text)", _length, 0),
        function("String.removeSpaces(text)", _remove_spaces),
        function("String.replace(text, match, replacement)", _replace_all),
        function("String.replaceFirst(text, match, replacement)", _replace_first),
        function("String.startsWith(text, prefix)", _starts_with, False),
        function("String.stringContains(text, part)", _contains, False),
        function("String.stringSwitch(text, default, key, value, …)", _switch, HandlesNull),
        function("String.substring(text, from, to)", _substring),
        function("String.substringAfter(text, separator)", _after),
        function("String.substringBefore(text, separator)", _before),
        function("String.toUpperCase(text)", _upper),
        function("String.toLowerCase(text)", _lower),
        function("Arrays.add(array, value)", _add, HandlesNull),
        function("Arrays.remove(array, value)", _remove),
        function("Arrays.clear(array)", _clear),
        function("Arrays.get(array, position)", item_at),
        function("Arrays.flatten(value, …)", _flatten, HandlesNull),
        function("Arrays.contains(array, value)", _array_contains, HandlesNull),
        function("Arrays.size(array)", _size, 0),
        function("Arrays.isEmpty(array)", _is_empty, True),
        function("Arrays.toCsvString(array)", _to_csv),
        function("Convert.toInt(value)", _to_int),
        function("Convert.toNum(value)", _to_number),
    )
)
