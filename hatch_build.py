"""Puts the lessons into the wheel, as `grantlab/notebooks/`."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Lessons(BuildHookInterface):  # type: ignore[type-arg]
    """Maps each lesson by name; a mapping of the folder would take the kit along."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """The wheel being built has every lesson; an editable install has them in place."""
        if version != "editable":
            lessons = Path(self.root, "notebooks").glob("*.ipynb")
            build_data["force_include"] |= {str(f): f"grantlab/notebooks/{f.name}" for f in lessons}
