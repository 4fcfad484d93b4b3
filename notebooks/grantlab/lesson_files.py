"""Where the lessons are, and copying them without ever touching a learner's work."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

MANIFEST = ".grantlab-lessons.json"
FIRST_LESSON = "00_start_here.ipynb"
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


def copy_lessons(target: Path) -> Copied:
    """The folder has every lesson, and each file that a person changed is as they left it.

    A manifest of hashes beside the copies tells an untouched older copy, which is renewed, from
    a changed one. Raises OSError when the folder can't be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    manifest = _read_manifest(target)
    written, same, kept = [], [], []
    for lesson in lessons_in(bundled()):
        content = lesson.read_bytes()
        copy = target / lesson.name
        found = _hash(copy.read_bytes()) if copy.exists() else None
        if found == _hash(content):
            same.append(lesson.name)
        elif found is None or found == manifest.get(lesson.name):
            copy.write_bytes(content)
            written.append(lesson.name)
        else:
            kept.append(lesson.name)
            continue
        manifest[lesson.name] = _hash(content)
    (target / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return Copied(tuple(written), tuple(same), tuple(kept))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_manifest(target: Path) -> dict[str, str]:
    try:
        manifest = json.loads((target / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
