"""Ready flows, one small file each; `flow(setup)` in each gives one to play."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def names() -> tuple[str, ...]:
    """The names of all flows, which are those of their modules."""
    return tuple(module.name for module in iter_modules(__path__))


def all_flows() -> dict[str, ModuleType]:
    """The module of each flow by its name."""
    return {name: import_module(f"{__name__}.{name}") for name in names()}
