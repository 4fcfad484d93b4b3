"""Where the lessons are, and copying them without ever touching a learner's work."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

MANIFEST = ".grantlab-lessons.json"
# A folder with this file is a room whose trainer keeps the solutions.
WITHOUT_SOLUTIONS = ".grantlab-without-solutions"
FIRST_LESSON = "00_start_here.ipynb"
# Where `Exercise(…)` takes the solution, when not by its name.
SOLUTION_AT = 4
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Copied:
    """What a copy did: files written, files that were the same, changed files left alone."""

    written: tuple[str, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]


def checkout() -> Path | None:
    """The folder of the lessons in a source checkout; None when the kit came from a wheel."""
    folder = HERE.parent
    return folder if (folder.parent / "pyproject.toml").is_file() else None


def bundled() -> Path:
    """The folder that holds the original lessons."""
    return checkout() or HERE / "notebooks"


def lessons_in(folder: Path) -> list[Path]:
    """The lesson files of a folder in their order."""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def solutions_kept(folder: Path | None = None) -> bool:
    """The solutions aren't shown in this folder (the working folder): its trainer has them."""
    return (folder or Path()).joinpath(WITHOUT_SOLUTIONS).exists()


def keep_solutions(folder: Path, keep: bool) -> None:
    """From now on the solutions aren't shown in the folder, or are. Raises OSError."""
    marker = folder / WITHOUT_SOLUTIONS
    if keep:
        marker.write_text("Solutions are with the trainer: `grantlab lessons --help`.\n")
    else:
        marker.unlink(missing_ok=True)


def copy_lessons(target: Path, source: Path | None = None) -> Copied:
    """The folder has every lesson, and each file that a person changed is as they left it.

    The lessons are the kit's, or those of another `source` with their exercises' modules; in a
    folder without solutions the modules come without them. A manifest of hashes beside the
    copies tells an untouched older copy, which is renewed, from a changed one. Raises OSError
    when the folder can't be written, and SyntaxError when a module can't be read.
    """
    target.mkdir(parents=True, exist_ok=True)
    manifest = _read_manifest(target)
    written, same, kept = [], [], []
    for name, content in _contents(source or bundled(), solutions_kept(target)).items():
        copy = target / name
        found = _hash(copy.read_bytes()) if copy.exists() else None
        if found == _hash(content):
            same.append(name)
        elif found is None or found == manifest.get(name):
            copy.write_bytes(content)
            written.append(name)
        else:
            kept.append(name)
            continue
        manifest[name] = _hash(content)
    (target / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return Copied(tuple(written), tuple(same), tuple(kept))


def _contents(source: Path, without_solutions: bool) -> dict[str, bytes]:
    contents = {lesson.name: lesson.read_bytes() for lesson in lessons_in(source)}
    for module in sorted(source.glob("lesson_[0-9][0-9].py")):
        text = module.read_text("utf-8")
        shown = without_solution_texts(text) if without_solutions else text
        contents[module.name] = shown.encode()
    return contents


def without_solution_texts(source: str) -> str:
    """The module of a lesson's exercises without the texts given as their solutions.

    What else tells an answer, such as the check itself, stays. Raises SyntaxError.
    """
    code = source.encode()
    starts = list(accumulate(map(len, code.splitlines(keepends=True)), initial=0))
    # The last one first, so that the places before it stay true.
    found = sorted(_solutions(ast.parse(source)), key=lambda text: (text.lineno, text.col_offset))
    for text in reversed(found):
        begin = starts[text.lineno - 1] + text.col_offset
        end = starts[(text.end_lineno or 0) - 1] + (text.end_col_offset or 0)
        code = code[:begin] + b'""' + code[end:]
    return code.decode()


def _solutions(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Exercise":
            yield from node.args[SOLUTION_AT : SOLUTION_AT + 1]
            yield from (one.value for one in node.keywords if one.arg == "solution")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_manifest(target: Path) -> dict[str, str]:
    try:
        manifest = json.loads((target / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
