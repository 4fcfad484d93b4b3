"""Ways through the course: which lessons belong together, for whom."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """A way through the course; without numbers of lessons it is all of them."""

    name: str
    title: str
    lessons: tuple[str, ...] = ()

    def has(self, number: str) -> bool:
        """The lesson of this number lies on the way."""
        return not self.lessons or number in self.lessons


EVERYTHING = Way("everything", "Everything")

WAYS = (
    Way("first-taste", "First taste", ("00", "02", "03")),
    Way("newcomers", "Half a day, for newcomers", ("00", "01", "02", "03", "04", "05", "06")),
    Way(
        "api-owners",
        "Half a day, for owners of APIs",
        ("00", "02", "04", "07", "08", "09", "14", "15"),
    ),
    Way("services", "Service integrations", ("00", "02", "04", "07", "10", "11", "12", "13")),
    Way("security", "Security afternoon", ("02", "03", "16", "17", "18")),
    Way("agents", "Agents", ("02", "03", "19", "20")),
    EVERYTHING,
)


def ways_through(lessons: Collection[str]) -> tuple[Way, ...]:
    """The ways that can be walked to their end with the lessons of these numbers."""
    return tuple(way for way in WAYS if set(way.lessons) <= set(lessons))
