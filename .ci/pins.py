"""Prints the run-time pins: Grantlab's requirements and theirs, as installed here.

`make pins` runs it in a fresh environment; tests/house compares it with binder/requirements.txt.
"""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEAD = """\
# The pins of everything that Grantlab runs on: what `make` installs, and Binder too.
# Made from pyproject.toml by `make pins`; not edited by hand.
"""


def closure(distribution: str) -> dict[str, str]:
    """Names and versions of all that the distribution needs at run time, itself left out."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(distribution, "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        versions[name] = metadata.version(name)
        for line in metadata.requires(name) or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(wanted.name)
                waiting += [(needed, each) for each in ("", *wanted.extras)]
    del versions[distribution]
    return versions


def main() -> None:
    """Print the file."""
    print(HEAD + "\n".join(f"{n}=={v}" for n, v in sorted(closure("grantlab").items())))


if __name__ == "__main__":
    main()
