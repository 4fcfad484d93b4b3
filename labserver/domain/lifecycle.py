"""The statuses of a user, and from which of them each operation may start (Okta: user status)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

Status = Literal[
    "STAGED",
    "PROVISIONED",
    "ACTIVE",
    "PASSWORD_EXPIRED",
    "RECOVERY",
    "LOCKED_OUT",
    "SUSPENDED",
    "DEPROVISIONED",
]
STATUSES: tuple[Status, ...] = get_args(Status)

KEEP_API_TOKENS = ("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT")
"""Statuses of a user whose API tokens work. Nobody signs in with those, so neither a lock nor a
password that must be changed stops them: else ten wrong guesses would shut an org's owner out."""

ACTIVATION_LIFETIME = 7 * 24 * 3600
"""Seconds that an activation link works."""
RESET_LIFETIME = 3600
"""Seconds that a link works that an admin made for resetting a password."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What may be done to a user: from which statuses, below which path, and what others hear.

    `link` is its name among the links of a user; an operation without one stands in no document.
    """

    path: str
    starts: frozenset[str]
    code: str
    link: str | None = None
    needs_password: bool = False
    needs_question: bool = False

    def is_open(self, status: str, *, has_password: bool, has_question: bool) -> bool:
        """Whether a user like this may undergo it."""
        return (
            status in self.starts
            and (has_password or not self.needs_password)
            and (has_question or not self.needs_question)
        )


def _from(*statuses: Status) -> frozenset[str]:
    return frozenset(statuses)


_EXPIRE = _from("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY")
_LIFE, _KEYS = "lifecycle", "credentials"

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "activate": Operation(
            f"{_LIFE}/activate", _from("STAGED", "DEPROVISIONED"), "E0000016", "activate"
        ),
        "reactivate": Operation(
            f"{_LIFE}/reactivate", _from("PROVISIONED", "RECOVERY"), "E0000038", "reactivate"
        ),
        "suspend": Operation(f"{_LIFE}/suspend", _from("ACTIVE"), "E0000001", "suspend"),
        "unsuspend": Operation(f"{_LIFE}/unsuspend", _from("SUSPENDED"), "E0000001", "unsuspend"),
        "unlock": Operation(f"{_LIFE}/unlock", _from("LOCKED_OUT"), "E0000032", "unlock"),
        # A suspension ends by lifting it, not by way of a new password.
        "reset_password": Operation(
            f"{_LIFE}/reset_password",
            _from("ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT"),
            "E0000038",
            "resetPassword",
            needs_password=True,
        ),
        "expire_password": Operation(
            f"{_LIFE}/expire_password", _EXPIRE, "E0000038", "expirePassword", needs_password=True
        ),
        "expire_password_with_temp_password": Operation(
            f"{_LIFE}/expire_password_with_temp_password", _EXPIRE, "E0000038", needs_password=True
        ),
        "reset_factors": Operation(
            f"{_LIFE}/reset_factors", _from("ACTIVE"), "E0000038", "resetFactors"
        ),
        "change_password": Operation(
            f"{_KEYS}/change_password",
            _from("ACTIVE", "PASSWORD_EXPIRED", "STAGED", "RECOVERY"),
            "E0000035",
            "changePassword",
            needs_password=True,
        ),
        "change_recovery_question": Operation(
            f"{_KEYS}/change_recovery_question",
            _from("ACTIVE", "STAGED", "RECOVERY"),
            "E0000036",
            "changeRecoveryQuestion",
            needs_password=True,
        ),
        "forgot_password": Operation(
            f"{_KEYS}/forgot_password",
            _from("ACTIVE"),
            "E0000034",
            "forgotPassword",
            needs_question=True,
        ),
        "deactivate": Operation(
            f"{_LIFE}/deactivate",
            frozenset(STATUSES) - _from("DEPROVISIONED"),
            "E0000001",
            "deactivate",
        ),
    }
)
"""Every lifecycle and credential operation by its name in the path."""

PAST: Mapping[str, str] = MappingProxyType(
    {"deactivate": "deactivated", "suspend": "suspended", "unsuspend": "unsuspended"}
)


def links(status: str, *, has_password: bool, has_question: bool) -> dict[str, str]:
    """Name and path, below the user, of each link that is legal now (Okta: user `_links`)."""
    return {
        found.link: found.path
        for found in OPERATIONS.values()
        if found.link
        and found.is_open(status, has_password=has_password, has_question=has_question)
    }


def status_after_activation(*, has_password: bool) -> Status:
    """A user who has a password may sign in with it; any other one first makes one."""
    return "ACTIVE" if has_password else "PROVISIONED"


def status_after_new_password(status: str) -> str:
    """Who was waiting for a new password is free; all others stay what they were."""
    if status in ("PROVISIONED", "PASSWORD_EXPIRED", "RECOVERY"):
        return "ACTIVE"
    return status
