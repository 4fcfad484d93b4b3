"""Bodies of requests, before anybody believes them: not too large, and JSON to the letter."""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

MOST_DRAINED = 4 * 1024 * 1024
_STEP = 64 * 1024


def body_of(request: Request, most: int) -> bytes:
    """The whole body, chunked or not; `RequestEntityTooLarge` beyond that many bytes."""
    announced = request.content_length
    if announced is not None and announced > most:
        _drain(request, announced)
        raise RequestEntityTooLarge()
    # Of a body in chunks Werkzeug reads up to its limit and says nothing: one byte more tells.
    request.max_content_length = most + 1
    try:
        body = request.get_data()
    except OSError:
        raise BadRequest("The chunks of the body can't be read.") from None
    if len(body) > most:
        _drain(request, MOST_DRAINED)
        raise RequestEntityTooLarge()
    return body


def is_strict_json(body: bytes) -> bool:
    """Whether every reader would read the same in it: RFC 8259, and no name twice.

    Python's reader alone would take `NaN`, and the last of two members of one name.
    """
    try:
        json.loads(body.decode(), parse_constant=_refuse, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _drain(request: Request, left: int) -> None:
    # Who is still sending wouldn't read our answer if the connection were cut now.
    source, left = request.environ["wsgi.input"], min(left, MOST_DRAINED)
    try:
        while left > 0 and (got := source.read(min(_STEP, left))):
            left -= len(got)
    except OSError:
        return
