"""What the commands of `grantlab` share: options that come from the environment too, and faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def option(name: str, text: str, **rest: Any) -> Callable[[Command], Command]:
    """An option that may also come from the environment, as `GRANTLAB_` and its name."""
    variable = "GRANTLAB_" + name.removeprefix("--").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, help=text, **rest)


class OneLine(click.ClickException):
    """A fault of the input: one line that names the thing and the cure."""
