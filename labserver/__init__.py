"""A small authorization server shaped like Okta, for learning and for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labserver.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.1.0"
__all__ = ["Settings", "create_app"]


def create_app(settings: Settings) -> Flask:
    """The server as a WSGI application.

    Raises `DatabaseUnusable` or `WorldError`, each with one line that names the thing and the
    cure.
    """
    # Importing the whole server takes most of a second; commands that need only `Settings` don't.
    from labserver.app import create_app as create

    return create(settings)
