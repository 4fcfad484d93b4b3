"""The lab's pages inside a Jupyter server: the entry that jupyter-server-proxy reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

NAME = "grantlab"


def grantlab() -> dict[str, Any]:
    """What jupyter-server-proxy needs to serve the lab at `{base_url}grantlab`."""
    return entry(os.environ)


def entry(environ: Mapping[str, str]) -> dict[str, Any]:
    """The proxy entry: the lab that `GRANTLAB_URL` names when it has a prefix, else a new one.

    A lab without a prefix can't be proxied (its pages would leave the prefix), so it is no match.
    """
    common = {
        # The lab knows its prefix itself; the proxy changes neither paths nor redirects.
        "absolute_url": True,
        "timeout": 20,
        "new_browser_tab": True,
        "launcher_entry": {"enabled": False, "title": "Grantlab"},
    }
    running = urlsplit(environ.get("GRANTLAB_URL", ""))
    if running.port and running.path.rstrip("/"):
        return common | {"port": running.port, "command": []}
    serve = [sys.executable, "-m", "grantlab.cli", "serve", "--port", "{port}"]
    return common | {"command": [*serve, "--url-prefix", f"{{base_url}}{NAME}", "--movable-clock"]}
