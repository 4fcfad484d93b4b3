"""Pages of a list in an order that the caller chooses."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from flask.wrappers import Response
from sqlalchemy import ColumnElement, Select, and_, func, or_
from sqlalchemy.orm import InstrumentedAttribute

from labserver.store.directory import User
from labserver.web.errors import ApiError, invalid
from labserver.web.guard import in_reach
from labserver.web.management.resources import Json, answer, limit_of, session, with_links
from labserver.web.management.searching import Columns


def sorted_page(
    statement: Select[User],
    document: Callable[[User], Json],
    columns: Columns,
    dates: Mapping[str, int],
) -> Response:
    """One page of people by the attribute in `sortBy`, up or down by `sortOrder`.

    The cursor holds where the page before ended, so nobody comes twice, whoever else comes or goes.
    Raises `ApiError` E0000031 for an attribute that there isn't.
    """
    wanted = request.args["sortBy"]
    if wanted not in columns:
        known = ", ".join(sorted(columns))
        raise ApiError("E0000031", causes=[f"sortBy: There is no {wanted!r} here, but: {known}."])
    order = request.args.get("sortOrder", "asc").lower()
    if order not in ("asc", "desc", "ascending", "descending"):
        raise invalid("sortOrder", "It is asc or desc.")
    down = order.startswith("desc")
    column: Any = columns[wanted]
    key = func.coalesce(column, -1) if wanted in dates else func.lower(func.coalesce(column, ""))
    limit = limit_of(200, 200)
    found: Any = statement.where(*in_reach(User)).add_columns(key.label("key"))
    if after := request.args.get("after"):
        found = found.where(_beyond(key, User.pk, _place(after, wanted in dates), down))
    keys = (key.desc(), User.pk.desc()) if down else (key, User.pk)
    rows = session().execute(found.order_by(*keys).limit(limit + 1)).all()
    shown = rows[:limit]
    following = _cursor(shown[-1][1], shown[-1][0].pk) if len(rows) > limit else None
    return with_links(answer([document(row[0]) for row in shown]), following, limit)


def _beyond(
    key: Any, pk: InstrumentedAttribute[int], place: tuple[Any, int], down: bool
) -> ColumnElement[bool]:
    value, last = place
    if down:
        return or_(key < value, and_(key == value, pk < last))
    return or_(key > value, and_(key == value, pk > last))


def _cursor(value: Any, pk: int) -> str:
    text = json.dumps([value, pk])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str, is_date: bool) -> tuple[Any, int]:
    try:
        found = json.loads(urlsafe_b64decode(cursor.encode("ascii") + b"==="))
        value, pk = found
        value = int(value) if is_date else str(value)
        if [value, pk] == found and type(pk) is int and _fits(pk) and _fits(value):
            return value, pk
    except (ValueError, TypeError, RecursionError, OverflowError):
        pass
    raise ApiError("E0000029", causes=["after: Use the next link as it is."])


def _fits(value: int | str) -> bool:
    """Whether the database can hold it. Raises `ValueError` for text that is no Unicode."""
    if isinstance(value, str):
        return bool(value.encode() or True)
    return abs(value) < 1 << 62
