"""Everything a running server is told from outside, in one frozen value."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey


def new_rsa_key() -> RSAKey:
    """Make an RSA key of 2048 bits, as an authorization server signs with."""
    # Most commands never make a key, and this import is a noticeable part of their start.
    from joserfc.jwk import RSAKey

    return RSAKey.generate_key(2048, private=True)


@dataclass(frozen=True)
class Settings:
    """What `create_app` needs to know.

    `base_url` is the root of every issuer, the URL prefix included, without a slash at its end.
    `database` is an SQLAlchemy URL. `admin_token` is the super admin's API token in the root org.
    `world` is the file that new orgs are seeded from; None means the bundled bank.
    `workers` is how many processes answer. Lifetimes are in seconds; `clock` gives seconds since
    the epoch.
    """

    base_url: str
    database: str
    admin_token: str = field(repr=False)
    url_prefix: str = ""
    world: Path | None = None
    behind_proxy: bool = False
    movable_clock: bool = False
    rate_limits: Literal["off", "okta"] = "off"
    """Whether Okta's rate limits are enforced, or only shown."""
    lifetime_code: int = 300
    lifetime_session: int = 7200
    lifetime_session_token: int = 300
    beyond_loopback: bool = False
    workers: int = 1
    clock: Callable[[], float] = time.time
    make_key: Callable[[], RSAKey] = new_rsa_key

    @property
    def secure(self) -> bool:
        """Whether people reach the server over https, so that cookies may say `Secure`."""
        return self.base_url.startswith("https://")
