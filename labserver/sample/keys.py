"""API keys: the name behind each. They say who calls, and nothing of what that caller may do."""

from __future__ import annotations

import hashlib
import secrets

KEY_HEADER = "X-API-Key"


class KeyRing:
    """The keys that were given out. Only their hashes are kept."""

    def __init__(self) -> None:
        self._owners: dict[bytes, str] = {}

    def issue(self, owner: str) -> str:
        """A new key of this owner's, shown this once."""
        key = f"key-{secrets.token_urlsafe(24)}"
        self._owners[_digest(key)] = owner
        return key

    def owner(self, key: str) -> str | None:
        """Whose key this is, or None."""
        return self._owners.get(_digest(key))

    def withdraw(self, owner: str) -> None:
        """None of this owner's keys opens anything any more."""
        self._owners = {one: name for one, name in self._owners.items() if name != owner}


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
