"""The same attacks against several ways of protecting an API: who got in, and who was stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

OVERSIZE = 50_000
FLOOD = 12


@dataclass(frozen=True)
class Result:
    """What an attack came to: its last status, and whether the attacker had their way."""

    status: int
    got_in: bool

    def __str__(self) -> str:
        return f"{'got in' if self.got_in else 'stopped'} ({self.status})"


@dataclass(frozen=True)
class Storms:
    """The results of each storm, by stage and then by attack."""

    stages: Mapping[str, Mapping[str, Result]]

    @property
    def attacks(self) -> tuple[str, ...]:
        """The attacks, in order."""
        return tuple(dict.fromkeys(name for stage in self.stages.values() for name in stage))

    def of(self, stage: str, attack: str) -> Result | None:
        """What that attack came to at that stage, if it was tried."""
        return self.stages[stage].get(attack)


def storm(
    client: httpx.Client,
    base: str,
    noun: str,
    entry: Mapping[str, object],
    reading: Mapping[str, str],
    writing: Mapping[str, str],
) -> dict[str, Result]:
    """Try every attack on the API or gateway at `base`; each is judged by what it brought.

    `reading` and `writing` are headers with credentials that were given out for just that;
    `entry` is a good new one. The flood comes last, so that it stops nothing else.
    """
    url = f"{base}/{noun}"
    first = next(iter(entry))
    odd = "{" + ", ".join(f'"{name}": NaN' for name in entry) + "}"
    as_json = {**writing, "Content-Type": "application/json"}
    tries = {
        "No credential": [client.get(url)],
        "Writing with what is for reading": [client.post(url, headers=reading, json=entry)],
        "A body of 50 KB": [
            client.post(url, headers=writing, json={**entry, first: "x" * OVERSIZE})
        ],
        "A body that is no JSON": [client.post(url, headers=as_json, content=odd)],
        "An internal page": [
            client.get(f"{base}{path}", headers=reading)
            for path in ("/status", f"/{noun}/%2e%2e/status")
        ],
    }
    found = {name: _best(answers) for name, answers in tries.items()}
    flood = [client.get(url, headers=reading) for _ in range(FLOOD)]
    # Whoever is let in to the last call was never slowed down.
    return found | {f"A flood of {FLOOD} calls": _best(flood[-1:])}


def _best(answers: Sequence[httpx.Response]) -> Result:
    """What the attacker takes home: the try that succeeded, or else the last one."""
    best = next((one for one in answers if one.is_success), answers[-1])
    return Result(best.status_code, best.is_success)
