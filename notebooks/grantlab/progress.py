"""What a learner has passed, in a small file that they can carry."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Status = Literal["not attempted", "not yet", "passed"]

_FORMAT = 1
_RANKS: dict[Status, int] = {"not attempted": 0, "not yet": 1, "passed": 2}


class ProgressError(ValueError):
    """A progress file can't be read or written; the message names it and the trouble."""

    def _render_traceback_(self) -> list[str]:
        # Where in the kit it came up helps nobody: IPython shows these lines instead.
        return [f"ProgressError: {self}"]


@dataclass(frozen=True)
class Progress:
    """What has been tried and passed, by the exercises' names.

    `note` is what the learner should hear about the file; empty when all is well. `way` is the
    name of the chosen way through the course, `last` the exercise that was tried last.
    """

    outcomes: Mapping[str, Status] = field(default_factory=dict)
    note: str = field(default="", compare=False)
    way: str = ""
    last: str = ""

    @property
    def passed(self) -> tuple[str, ...]:
        """The names of the exercises that passed."""
        return tuple(name for name, status in self.outcomes.items() if status == "passed")

    def merged(self, other: Progress) -> Progress:
        """Both together; of two outcomes of an exercise the better one, else the other's word."""
        outcomes = dict(self.outcomes)
        for name, status in other.outcomes.items():
            if _RANKS[status] > _RANKS[outcomes.get(name, "not attempted")]:
                outcomes[name] = status
        return Progress(outcomes, self.note, other.way or self.way, other.last or self.last)


def progress_file() -> Path:
    """Where progress is kept: `GRANTLAB_PROGRESS`, else `progress.json` beside the notebook."""
    return Path(os.environ.get("GRANTLAB_PROGRESS") or "progress.json")


def read_progress() -> Progress:
    """The progress so far, empty without a file. Nothing is raised.

    A damaged file is set aside under another name, and the note says so.
    """
    try:
        return _read(progress_file())
    except ProgressError:
        pass
    except OSError as trouble:
        return Progress(note=_unreadable(trouble))
    try:
        with _alone(progress_file()):
            return _read_or_set_aside(progress_file())
    except OSError as trouble:
        return Progress(note=_unreadable(trouble))


def remember(name: str, status: Status) -> str:
    """Keep the outcome in the progress file; what the learner should hear about the file.

    A passed exercise stays passed, and an exercise nobody attempted leaves no trace. Of several
    notebooks that write at once none loses what another wrote.
    """
    return "" if status == "not attempted" else _add(Progress({name: status}, last=name)).note


def remember_way(name: str) -> str:
    """Keep the chosen way in the progress file; what the learner should hear about the file."""
    return _add(Progress(way=name)).note


def save(path: str | Path) -> Path:
    """The progress is in this file as well, to be carried; what the file had before is kept.

    In a folder, the file is its `progress.json`. Raises ProgressError when it can't be written,
    or is there already and something else.
    """
    target = _file_of(path)
    try:
        with _alone(target):
            _write(target, _read(target).merged(read_progress()))
    except OSError as trouble:
        raise ProgressError(f"{target} can't be written: {trouble.strerror}.") from trouble
    return target


def load(path: str | Path) -> Progress:
    """Add what a carried file holds to the progress here; of two outcomes the better one stays.

    Raises ProgressError when there is no such file or it is something else; it is left as it is.
    """
    source = _file_of(path)
    if not source.exists():
        raise ProgressError(f"There is no file {source}.")
    try:
        found = _read(source)
    except OSError as trouble:
        raise ProgressError(f"{source} can't be read: {trouble.strerror}.") from trouble
    return _add(found)


def _add(news: Progress) -> Progress:
    path = progress_file()
    try:
        with _alone(path):
            before = _read_or_set_aside(path)
            after = before.merged(news)
            if after != before:
                _write(path, after)
            return after
    except OSError as trouble:
        return Progress(news.outcomes, f"Progress was not saved in {path}: {trouble.strerror}.")


def _read(path: Path) -> Progress:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        outcomes = document["exercises"]
        known = document["format"] == _FORMAT and set(outcomes.values()) <= _RANKS.keys()
        way, last = document.get("way", ""), document.get("last", "")
    except FileNotFoundError:
        return Progress()
    except json.JSONDecodeError as trouble:
        raise ProgressError(_broken(path, f"line {trouble.lineno}: {trouble.msg}")) from trouble
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, RecursionError) as trouble:
        raise ProgressError(_broken(path, "it has another form")) from trouble
    if not known or not isinstance(way, str) or not isinstance(last, str):
        raise ProgressError(_broken(path, "it has another form"))
    return Progress(outcomes, way=way, last=last)


def _read_or_set_aside(path: Path) -> Progress:
    try:
        return _read(path)
    except ProgressError as trouble:
        aside = _free_name(path)
        path.rename(aside)
        return Progress(note=f"{trouble} It was set aside as {aside.name}; progress starts anew.")


def _write(path: Path, progress: Progress) -> None:
    document: dict[str, Any] = {"format": _FORMAT, "exercises": dict(progress.outcomes)}
    document |= {"way": progress.way} if progress.way else {}
    document |= {"last": progress.last} if progress.last else {}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".progress-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _file_of(path: str | Path) -> Path:
    found = Path(path).expanduser()
    return found / "progress.json" if found.is_dir() else found


def _free_name(path: Path) -> Path:
    number = 1
    while (name := path.with_name(f"{path.stem}-damaged-{number}{path.suffix}")).exists():
        number += 1
    return name


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    # The lock lies with other temporary things: beside the notebooks it would only puzzle people.
    mark = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    lock = Path(tempfile.gettempdir()) / f"grantlab-{_user()}-{mark}.lock"
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(lock, flags, 0o600)
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _wait_for(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        # Windows: tries for ten seconds; released, like the other one, when the file is closed.
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _broken(path: Path, trouble: str) -> str:
    return f"{path} can't be read ({trouble})."


def _unreadable(trouble: OSError) -> str:
    return f"{progress_file()} can't be read: {trouble.strerror}."
