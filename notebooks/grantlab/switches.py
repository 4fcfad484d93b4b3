"""What can be switched at an API or a gateway of the lab, and what each switch is for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Switch:
    """One check: its name in `checks`, what it asks, and what gets through without it."""

    name: str
    title: str
    asks: str
    without: str
    about: str = "request"


@dataclass(frozen=True)
class Setting:
    """One thing that may be chosen. With `options` it is one of them, else a number or nothing."""

    name: str
    label: str
    value: str
    options: Mapping[str, str] | None = None


CACHE_SWITCHES = (
    Switch(
        "cache_ends_at_exp",
        "A verdict ends with its token",
        "Is the kept verdict older than the token's exp allows?",
        "expired tokens, for as long as a verdict is kept",
        "caches",
    ),
    Switch(
        "cache_holds_no_refusals",
        "No refusal is kept",
        "Only good verdicts are kept; a refused token is judged anew.",
        "nobody; but a token that has become good stays refused",
        "caches",
    ),
    Switch(
        "key_fetches_limited",
        "Few fetches for unknown keys",
        "Were the keys fetched five times within this minute?",
        "made-up key ids, each at the price of a request to the authorization server",
        "caches",
    ),
)
TOKEN_SWITCHES = (
    Switch(
        "header",
        "Token from the header alone",
        "Does the token stand in the Authorization header?",
        "tokens in an address, where logs and histories keep them",
    ),
    Switch(
        "signature",
        "Signature",
        "Did a key that the issuer publishes sign it, with RS256?",
        "tokens that anybody wrote",
    ),
    Switch(
        "issuer",
        "Issuer",
        "Is iss the one server that this API trusts?",
        "tokens of other servers",
    ),
    Switch(
        "audience",
        "Audience",
        "Does aud name this API?",
        "tokens that were meant for another API",
    ),
    Switch(
        "times",
        "Times",
        "Is it before exp, and not before nbf and iat?",
        "tokens that have expired, or have no end at all",
    ),
    Switch(
        "client",
        "Client",
        "Is cid one of the clients that may call, if any are named?",
        "clients that were never let in",
    ),
    Switch(
        "scope",
        "Scope",
        "Does scp hold the scope that this method and path need?",
        "readers that write",
    ),
)
GATEWAY_SWITCHES = (
    Switch(
        "path",
        "Known paths alone",
        "Is it one of the paths that this gateway knows, to the letter?",
        "dots and other tricks in a path, up to internal pages",
    ),
    Switch(
        "rate",
        "Rate",
        "Has this caller, or this address, calls left in this minute?",
        "floods",
    ),
    Switch(
        "body_size",
        "Size of the body",
        "Is the body as small as such a body should be?",
        "bodies of any size",
    ),
    *TOKEN_SWITCHES,
    Switch(
        "body_form",
        "Form of the body",
        "Is the body JSON to the letter, with each name once?",
        "bodies that one reader takes for this and another for that",
    ),
    Switch(
        "identity",
        "The gateway says who calls",
        "Only known headers go on, and the gateway itself adds who calls.",
        "headers that say somebody else is calling",
    ),
    *CACHE_SWITCHES,
)


class Switchboard(ABC):
    """An API or a gateway of the lab: its checks with a switch each, its settings, its counters."""

    name: str
    url: str
    checks: Any
    counters: Any
    switches: tuple[Switch, ...]

    def is_on(self, name: str) -> bool:
        """Whether that check is on; `LookupError` when there is none of that name."""
        return bool(getattr(self.checks, self._known(name)))

    def switch(self, name: str, on: bool) -> None:
        """The check of that name is on or off; `LookupError` when there is none."""
        setattr(self.checks, self._known(name), on)

    def off(self) -> tuple[Switch, ...]:
        """The checks that are off, in order."""
        return tuple(one for one in self.switches if not self.is_on(one.name))

    def counts(self) -> dict[str, int]:
        """Each counter with its number."""
        return {name.replace("_", " "): count for name, count in asdict(self.counters).items()}

    @abstractmethod
    def warnings(self) -> tuple[str, ...]:
        """What each answer says loudly: the names of what isn't asked and should be."""

    @abstractmethod
    def settings(self) -> tuple[Setting, ...]:
        """What else may be chosen, as it is now."""

    @abstractmethod
    def choose(self, name: str, value: str) -> None:
        """The setting has that value; `ValueError` when it can't have it."""

    def _known(self, name: str) -> str:
        if name not in {one.name for one in self.switches}:
            raise LookupError(f"{self.name} has no check {name!r}.")
        return name


def seconds_of(text: str) -> float | None:
    """A number of seconds as it was typed, None for nothing; `ValueError` for what is neither."""
    if not text.strip():
        return None
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e9:
        raise ValueError(f"{text!r} is no number of seconds.")
    return found
