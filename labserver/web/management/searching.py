"""Filters and searches as conditions of a database query."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any

from flask import request
from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, not_, or_

from labserver.domain.filters import Both, Compare, Either, FilterError, Node, Not, operators, parse
from labserver.web.errors import ApiError

Columns = Mapping[str, SQLColumnExpression[Any]]
_NONE: Columns = MappingProxyType({})

PARTS = frozenset({"co", "ew"})
"""What a `filter` of people or groups lacks, and a `search` has (Okta: filter operators)."""

_ORDERING: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


def asked(
    columns: Columns,
    dates: Mapping[str, int],
    *,
    names: tuple[str, ...] = ("filter", "search"),
    for_search: frozenset[str] = frozenset(),
    lowered: Columns = _NONE,
) -> list[ColumnElement[bool]]:
    """The conditions that the query parameters of these names set, as `condition` reads them.

    `for_search` are operators that a `filter` lacks. Raises `ApiError` E0000033 when `q` stands
    beside them.
    """
    texts = {name: text for name in names if (text := request.args.get(name))}
    if texts and request.args.get("q"):
        raise ApiError("E0000033")
    lacks = {"filter": for_search}
    return [
        condition(text, columns, dates, lacks.get(name, frozenset()), lowered)
        for name, text in texts.items()
    ]


def condition(
    text: str,
    columns: Columns,
    dates: Mapping[str, int],
    lacks: frozenset[str] = frozenset(),
    lowered: Columns = _NONE,
) -> ColumnElement[bool]:
    """The filter as a condition on these columns, by attribute name.

    `dates` names those that hold times, with their ticks in a second; `lowered` has the lower case
    of those that are indexed by it.
    Raises `ApiError` E0000031 for what is no filter, names another attribute or has an operator
    that it `lacks`.
    """
    try:
        node = parse(text)
        if unknown := operators(node) & lacks:
            raise FilterError(f"A filter has no {min(unknown)!r} here; a search has.")
        return _sql(node, partial(_compare, columns, dates, lowered))
    except FilterError as error:
        raise ApiError("E0000031", causes=[str(error)]) from None


def date(text: str) -> float:
    """An ISO 8601 date in seconds since the epoch. Raises `FilterError`."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError
        return found.timestamp()
    except (ValueError, OverflowError):
        raise FilterError(f"{text!r} is no date like 2026-01-09T19:19:13.000Z.") from None


def _sql(node: Node, compare: Callable[[Compare], ColumnElement[bool]]) -> ColumnElement[bool]:
    match node:
        case Both(parts):
            return and_(*(_sql(part, compare) for part in parts))
        case Either(parts):
            return or_(*(_sql(part, compare) for part in parts))
        case Not(part):
            return not_(_sql(part, compare))
        case Compare():
            return compare(node)


def _compare(
    columns: Columns, dates: Mapping[str, int], lowered: Columns, node: Compare
) -> ColumnElement[bool]:
    if node.attribute not in columns:
        known = ", ".join(sorted(columns))
        raise FilterError(f"There is no attribute {node.attribute!r} here. There are: {known}.")
    column = columns[node.attribute]
    if node.operator == "pr":
        return column.is_not(None)
    if node.attribute in dates:
        if node.operator not in _ORDERING:
            raise FilterError(f"{node.attribute} is a date: {node.operator!r} does not fit.")
        moment = round(date(node.value) * dates[node.attribute])
        return bool_of(_ORDERING[node.operator](column, moment))
    if node.operator == "sw":
        return column.startswith(node.value, autoescape=True)
    if node.operator == "ew":
        return column.endswith(node.value, autoescape=True)
    if node.operator == "co":
        return column.contains(node.value, autoescape=True)
    found = bool_of(_ORDERING[node.operator](column, node.value))
    if node.operator == "eq" and node.attribute in lowered:
        # What is the same is the same in lower case, too, and by that there is an index.
        return and_(lowered[node.attribute] == func.lower(node.value), found)
    return found


def bool_of(condition: Any) -> ColumnElement[bool]:
    """What a comparison of columns is."""
    found: ColumnElement[bool] = condition
    return found
