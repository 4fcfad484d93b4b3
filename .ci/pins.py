"""Prints the run-time pins: Grantlab's requirements and theirs, as installed here.

`make pins` runs it in a fresh environment; tests/house compares it with binder/requirements.txt.
The oldest Python makes the pins: it needs all that newer ones do, and a little more.
"""

from __future__ import annotations

import sys
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OLDEST = (3, 11)
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
    if sys.version_info[:2] != OLDEST:
        sys.exit("The pins are made with Python {}.{}: make pins PYTHON=…".format(*OLDEST))
    print(HEAD + "\n".join(f"{n}=={v}" for n, v in sorted(closure("grantlab").items())))


if __name__ == "__main__":
    main()
