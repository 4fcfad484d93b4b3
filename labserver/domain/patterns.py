"""Patterns from outside, matched within limits: the group filters of claims, and `matches`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import regex

GroupFilterKind = Literal["STARTS_WITH", "EQUALS", "CONTAINS", "REGEX"]

MAX_PATTERN = 1024
"""Characters in one pattern."""
MAX_EXPANSION = 20_000
"""Characters of a pattern once its counted repetitions are written out."""
TIME_LIMIT = 0.2
"""Seconds of work for all matching that one claim asks for."""

_COUNTED = re.compile(r"\{([0-9]*),?([0-9]*)\}")
_VERBOSE = re.compile(r"\(\?[A-Za-z0-9]*x")


class PatternError(ValueError):
    """A pattern that can't be used; the message says why and what to write instead."""


class Patience:
    """The matching time that is left, in seconds; shared by all matches of one evaluation.

    It counts this thread's own work, so that a busy machine never fails a good pattern.
    """

    def __init__(self, seconds: float = TIME_LIMIT) -> None:
        self._ends = time.thread_time() + seconds

    def left(self) -> float:
        """Seconds until matching stops; zero or less when there are none."""
        return self._ends - time.thread_time()


def check_pattern(pattern: str) -> None:
    """Do nothing for a pattern that can be used; raise PatternError for any other."""
    _compiled(pattern)


def matches(pattern: str, text: str, patience: Patience) -> bool:
    """Say whether the pattern covers the whole text, as Okta's patterns do; case counts.

    Raises PatternError for a pattern that is broken, too large, or too slow.
    """
    compiled = _compiled(pattern)
    left = patience.left()
    if left <= 0:
        raise _too_slow()
    try:
        return compiled.fullmatch(text, timeout=left) is not None
    except TimeoutError:
        raise _too_slow() from None
    except (MemoryError, RecursionError):
        raise PatternError("The pattern needs too much memory; write it simpler.") from None


def group_filter(kind: GroupFilterKind, value: str, names: Iterable[str]) -> tuple[str, ...]:
    """Keep the group names that the filter of a groups claim selects, in their order.

    `STARTS_WITH`, `EQUALS` and `CONTAINS` ignore case; `REGEX` minds it and must cover the whole
    name. Raises PatternError for a pattern that is broken, too large, or too slow.
    """
    if kind == "REGEX":
        check_pattern(value)
        patience = Patience()
        return tuple(name for name in names if matches(value, name, patience))
    compare = _COMPARE[kind]
    wanted = value.casefold()
    return tuple(name for name in names if compare(name.casefold(), wanted))


_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "STARTS_WITH": str.startswith,
    "EQUALS": str.__eq__,
    "CONTAINS": str.__contains__,
}


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> regex.Pattern[str]:
    # Imported here because a server without patterns should not pay for it at its start.
    import regex

    _bounded(pattern)
    try:
        return regex.compile(pattern, cache_pattern=False)
    except regex.error as error:
        raise PatternError(f"The pattern is not a regular expression: {error}.") from None
    except (RecursionError, MemoryError, OverflowError, ValueError):
        raise PatternError("The pattern is nested too deeply; write it simpler.") from None


def _bounded(pattern: str) -> None:
    if len(pattern) > MAX_PATTERN:
        raise PatternError(
            f"The pattern has {len(pattern)} characters; at most {MAX_PATTERN} are allowed."
        )
    if _VERBOSE.search(pattern):
        # Its spaces would hide repetition counts from the bound below.
        raise PatternError("The flag x (spaces ignored) is not allowed; leave it out.")
    expansion = max(len(pattern), 1)
    for counts in _COUNTED.findall(pattern):
        expansion *= max(1, *(int(count[:9]) for count in counts if count))
        if expansion > MAX_EXPANSION:
            raise PatternError(
                "The pattern repeats too much; use smaller counts in { }, or * or +."
            )


def _too_slow() -> PatternError:
    return PatternError(
        "Matching took too long and was stopped; write the pattern without nested repetitions "
        "such as (a+)+."
    )
