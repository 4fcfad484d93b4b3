"""A lesson at another server goes on: a cell that can't run there says why, the others run.

IPython ends "Run all" at the first error. Here a cell that ends with `NotHere` prints its words
and counts as run; so does a later one that lacks a name which such a cell would have made.
"""

from __future__ import annotations

import ast
from types import TracebackType
from typing import Any

from grantlab.registration import NotHere


class _Skipping:
    """What one kernel has skipped so far: the names that are missing because of it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._missing: set[str] = set()
        shell.set_custom_exc((NotHere, NameError), self._say)
        shell.events.register("post_run_cell", self._count_as_run)

    def _skipped(self, fault: BaseException | None) -> bool:
        if isinstance(fault, NameError):
            return fault.name in self._missing
        return isinstance(fault, NotHere)

    def _say(
        self,
        shell: Any,
        kind: type[BaseException],
        fault: BaseException,
        trace: TracebackType | None,
        tb_offset: int | None = None,
    ) -> None:
        if not self._skipped(fault):
            shell.showtraceback((kind, fault, trace), tb_offset=tb_offset)
        elif isinstance(fault, NameError):
            print(f"Not here: this cell needs “{fault.name}”, which an earlier one couldn't make.")
        else:
            print(f"Not here: {fault}")

    def _count_as_run(self, result: Any) -> None:
        if self._skipped(result.error_in_exec):
            result.error_in_exec = None
            made = _names_made_by(str(result.info.raw_cell))
            self._missing |= made - self._shell.user_ns.keys()


def go_on_without() -> None:
    """In a notebook, cells that need what another server lacks say so, and the rest goes on."""
    from IPython import get_ipython

    shell: Any = get_ipython()
    if shell is not None and not isinstance(_of(shell), _Skipping):
        shell.grantlab_skipping = _Skipping(shell)


def _of(shell: Any) -> Any:
    return getattr(shell, "grantlab_skipping", None)


def _names_made_by(code: str) -> set[str]:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        # A cell with a magic in it; then its names stay plain errors.
        return set()
    made: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.alias):
            made.add(node.asname or node.name.partition(".")[0])
    return made
