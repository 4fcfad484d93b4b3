"""Slow hashes, for what people choose: passwords and recovery answers."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


def hash_password(value: str) -> str:
    """A salted Argon2 hash at the library's recommended cost."""
    return _HASHER.hash(value.encode("utf-8", "surrogatepass"))


def matches(hashed: str | None, value: str) -> bool:
    """Whether the value was hashed to this; without a hash, the same work and False."""
    try:
        found = _HASHER.verify(hashed or _nobody(), value.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return found and hashed is not None


@cache
def _nobody() -> str:
    """A hash that stands in where there is none."""
    return hash_password("nobody")
