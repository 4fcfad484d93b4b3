"""Where JupyterLab would open a file that lies beside the notebook."""

from __future__ import annotations

import json
import os
from pathlib import Path


def folder_in_jupyter() -> str | None:
    """The working folder as JupyterLab names it, "" for its own; None where none is around.

    The Jupyter server that started this kernel tells its folder in a file of its own.
    """
    server = os.environ.get("JPY_PARENT_PID", "")
    if not server.isdecimal():
        return None
    from jupyter_core.paths import jupyter_runtime_dir

    told = Path(jupyter_runtime_dir(), f"jpserver-{server}.json")
    try:
        root = json.loads(told.read_text(encoding="utf-8"))["root_dir"]
        folder = Path.cwd().resolve().relative_to(Path(root).expanduser().resolve()).as_posix()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return "" if folder == "." else folder
