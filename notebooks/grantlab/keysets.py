"""The published keys of an issuer, as an API keeps them: fetched once, and after a rotation."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

Jwk = Mapping[str, Any]
Lookup = Literal["", "known", "found", "in vain", "not asked"]


class _Answer(Protocol):
    def raise_for_status(self) -> Any: ...
    def json(self) -> Any: ...


class _Client(Protocol):
    def get(self, url: str, /) -> _Answer: ...


class KeySet:
    """The published keys of an issuer, fetched once and kept until a key id is unknown.

    An unknown id causes one new fetch, and a given id never a second one; at most five
    fetches happen in a minute, whoever sends made-up ids. The counters show what that saves;
    `last` is how the last look-up went: "known", "found" after a fetch, "in vain" after one, or
    "not asked" for an id that won't cause another.
    """

    most_fetches = 5
    in_seconds = 60.0

    def __init__(
        self, url: str, client: _Client, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.url = url
        self.fetches = 0
        self.hits = 0
        self.unknown = 0
        self.last: Lookup = ""
        self._client = client
        self._clock = clock
        self._keys: dict[str | None, Jwk] = {}
        self._asked_in_vain: deque[str | None] = deque(maxlen=100)
        self._recent: deque[float] = deque(maxlen=self.most_fetches)

    def key(self, kid: str | None) -> Jwk | None:
        """The key of this id, or None when the issuer doesn't publish it.

        Errors of the client (no answer, a refusal) pass through.
        """
        if kid in self._keys:
            self.hits += 1
            self.last = "known"
            return self._keys[kid]
        self.last = "not asked"
        if kid not in self._asked_in_vain and self._may_fetch():
            self._fetch()
            self.last = "found" if kid in self._keys else "in vain"
        if kid not in self._keys:
            self.unknown += 1
            if self._keys:
                self._asked_in_vain.append(kid)
        return self._keys.get(kid)

    @property
    def published(self) -> tuple[Jwk, ...]:
        """The keys as they were fetched last; none before the first look-up."""
        return tuple(self._keys.values())

    def __repr__(self) -> str:
        return (
            f"KeySet({self.url}: {self.fetches} fetches, {self.hits} hits, {self.unknown} unknown)"
        )

    def _may_fetch(self) -> bool:
        full = len(self._recent) == self.most_fetches
        return not full or self._clock() - self._recent[0] >= self.in_seconds

    def _fetch(self) -> None:
        self._recent.append(self._clock())
        self.fetches += 1
        answer = self._client.get(self.url)
        answer.raise_for_status()
        self._keys = {key.get("kid"): key for key in answer.json()["keys"]}
