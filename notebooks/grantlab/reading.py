"""Reading what came over the wire and may be anything: addresses, and JSON of any depth."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

MOST_LEVELS = 100
_USER_INFO = re.compile(r"//[^/]*@")


class TooDeep(ValueError):
    """The JSON has more levels than a person, or this program, can follow."""


def split_url(url: str) -> SplitResult:
    """The pieces of a URL. One that nobody can read has a path, a query and a fragment only."""
    try:
        return urlsplit(url)
    except ValueError:
        rest, _, fragment = url.partition("#")
        path, _, query = rest.partition("?")
        return SplitResult("", "", _USER_INFO.sub("//", path), query, fragment)


def join_url(base: str, target: str) -> str:
    """Where a link or a redirect on the page `base` leads; a target nobody can read, as it is."""
    try:
        return urljoin(base, target)
    except ValueError:
        return target


def read_json(text: str | bytes) -> Any:
    """The JSON document. `ValueError` for another text, `TooDeep` beyond 100 levels."""
    try:
        document = json.loads(text)
    except RecursionError:
        raise TooDeep(f"more than {MOST_LEVELS} levels") from None
    level = [document]
    for _ in range(MOST_LEVELS):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return document
    raise TooDeep(f"more than {MOST_LEVELS} levels")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
