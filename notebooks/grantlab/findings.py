"""What is found wrong with a lesson: where, what, and the cure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    """One thing to mend in a lesson's file: a cell, an exercise, or the file as a whole ("")."""

    file: Path
    where: str
    what: str
    cure: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.where}" if self.where else str(self.file)
        return f"{place}: {self.what}.\n    {self.cure}"


def cell_name(cell: dict[str, object], number: int) -> str:
    """How a finding names a cell: its number from 1, and its id."""
    return f"cell {number} ({cell.get('id', 'no id')})"
