"""The states of a sign-in over `/api/v1/authn`, and what leads where (Okta: transaction model)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from labserver.domain.sign_in_policy import Enrolment, FactorType

__all__ = [
    "AMR",
    "LEADS",
    "NEXT",
    "PATHS",
    "AuthnRefused",
    "Factor",
    "Link",
    "Operation",
    "Progress",
    "Status",
    "amr_of",
    "enrollable",
    "is_skippable",
    "leads",
    "links",
    "next_status",
]

Status = Literal[
    "UNAUTHENTICATED",
    "PASSWORD_WARN",
    "PASSWORD_EXPIRED",
    "RECOVERY",
    "RECOVERY_CHALLENGE",
    "PASSWORD_RESET",
    "LOCKED_OUT",
    "MFA_ENROLL",
    "MFA_ENROLL_ACTIVATE",
    "MFA_REQUIRED",
    "MFA_CHALLENGE",
    "SUCCESS",
]

Operation = Literal[
    "authenticate",
    "accept token",
    "recover password",
    "unlock account",
    "accept recovery token",
    "show",
    "change password",
    "reset password",
    "enroll",
    "activate",
    "resend activation",
    "verify",
    "resend verification",
    "answer",
    "verify recovery",
    "resend recovery",
    "previous",
    "skip",
    "cancel",
]

_ANYWHERE: tuple[Status, ...] = (
    "MFA_REQUIRED",
    "MFA_ENROLL",
    "PASSWORD_EXPIRED",
    "PASSWORD_WARN",
    "SUCCESS",
)
"""Where a sign-in may stand after any of its steps; `next_status` chooses."""
_AFTER_MFA: tuple[Status, ...] = ("MFA_ENROLL", "PASSWORD_EXPIRED", "PASSWORD_WARN", "SUCCESS")
_RECOVERED: tuple[Status, ...] = ("RECOVERY", "PASSWORD_RESET", "SUCCESS")

LEADS: Mapping[Status, Mapping[Operation, tuple[Status, ...]]] = MappingProxyType(
    {
        "UNAUTHENTICATED": {
            "authenticate": (*_ANYWHERE, "LOCKED_OUT"),
            "accept token": ("PASSWORD_RESET",),
            "recover password": ("RECOVERY", "RECOVERY_CHALLENGE"),
            "unlock account": ("RECOVERY", "RECOVERY_CHALLENGE"),
            "accept recovery token": _RECOVERED,
        },
        "LOCKED_OUT": {"unlock account": ("RECOVERY", "RECOVERY_CHALLENGE")},
        "RECOVERY": {
            "show": ("RECOVERY",),
            "answer": ("PASSWORD_RESET", "SUCCESS"),
            "cancel": ("UNAUTHENTICATED",),
        },
        "RECOVERY_CHALLENGE": {
            "show": ("RECOVERY_CHALLENGE",),
            "verify recovery": _RECOVERED,
            "resend recovery": ("RECOVERY_CHALLENGE",),
            "previous": ("UNAUTHENTICATED",),
            "cancel": ("UNAUTHENTICATED",),
        },
        "PASSWORD_RESET": {
            "show": ("PASSWORD_RESET",),
            "reset password": _ANYWHERE,
            "cancel": ("UNAUTHENTICATED",),
        },
        "MFA_REQUIRED": {
            "show": ("MFA_REQUIRED",),
            "verify": ("MFA_CHALLENGE", *_AFTER_MFA),
            "cancel": ("UNAUTHENTICATED",),
        },
        "MFA_CHALLENGE": {
            "show": ("MFA_CHALLENGE",),
            "verify": _AFTER_MFA,
            "resend verification": ("MFA_CHALLENGE",),
            "previous": ("MFA_REQUIRED",),
            "cancel": ("UNAUTHENTICATED",),
        },
        "MFA_ENROLL": {
            "show": ("MFA_ENROLL",),
            "enroll": ("MFA_ENROLL_ACTIVATE", *_AFTER_MFA),
            "skip": ("PASSWORD_EXPIRED", "PASSWORD_WARN", "SUCCESS"),
            "cancel": ("UNAUTHENTICATED",),
        },
        "MFA_ENROLL_ACTIVATE": {
            "show": ("MFA_ENROLL_ACTIVATE",),
            "activate": _AFTER_MFA,
            "resend activation": ("MFA_ENROLL_ACTIVATE",),
            "previous": ("MFA_ENROLL",),
            "cancel": ("UNAUTHENTICATED",),
        },
        "PASSWORD_EXPIRED": {
            "show": ("PASSWORD_EXPIRED",),
            "change password": ("SUCCESS",),
            "cancel": ("UNAUTHENTICATED",),
        },
        "PASSWORD_WARN": {
            "show": ("PASSWORD_WARN",),
            "change password": ("SUCCESS",),
            "skip": ("SUCCESS",),
            "cancel": ("UNAUTHENTICATED",),
        },
        "SUCCESS": {},
    }
)
"""The whole machine: from each status, what may be done, and where that may lead."""

PATHS: Mapping[Operation, str] = MappingProxyType(
    {
        "authenticate": "/api/v1/authn",
        "accept token": "/api/v1/authn",
        "show": "/api/v1/authn",
        "recover password": "/api/v1/authn/recovery/password",
        "unlock account": "/api/v1/authn/recovery/unlock",
        "accept recovery token": "/api/v1/authn/recovery/token",
        "answer": "/api/v1/authn/recovery/answer",
        "verify recovery": "/api/v1/authn/recovery/factors/{factor_type}/verify",
        "resend recovery": "/api/v1/authn/recovery/factors/{factor_type}/resend",
        "change password": "/api/v1/authn/credentials/change_password",
        "reset password": "/api/v1/authn/credentials/reset_password",
        "enroll": "/api/v1/authn/factors",
        "activate": "/api/v1/authn/factors/{factor_id}/lifecycle/activate",
        "resend activation": "/api/v1/authn/factors/{factor_id}/lifecycle/resend",
        "verify": "/api/v1/authn/factors/{factor_id}/verify",
        "resend verification": "/api/v1/authn/factors/{factor_id}/verify/resend",
        "previous": "/api/v1/authn/previous",
        "skip": "/api/v1/authn/skip",
        "cancel": "/api/v1/authn/cancel",
    }
)
"""Where each operation is posted to."""

NEXT: Mapping[Status, tuple[str, Operation]] = MappingProxyType(
    {
        "UNAUTHENTICATED": ("authenticate", "authenticate"),
        "PASSWORD_WARN": ("changePassword", "change password"),
        "PASSWORD_EXPIRED": ("changePassword", "change password"),
        "PASSWORD_RESET": ("resetPassword", "reset password"),
        "RECOVERY": ("answer", "answer"),
        "RECOVERY_CHALLENGE": ("verify", "verify recovery"),
        "LOCKED_OUT": ("unlock", "unlock account"),
        "MFA_ENROLL_ACTIVATE": ("activate", "activate"),
        "MFA_CHALLENGE": ("verify", "verify"),
    }
)
"""What goes on from a status: the name of the `next` link, and its operation.

A status without an entry offers its factors instead, each with a link of its own.
"""

AMR: Mapping[str, str] = MappingProxyType(
    {
        "question": "kba",
        "token:software:totp": "otp",
        "sms": "sms",
        "call": "tel",
        "email": "otp",
    }
)
"""How a factor is named in `amr` (RFC 8176 §2)."""

SENT = frozenset({"sms", "call", "email"})
"""The factor types whose codes are sent."""


class AuthnRefused(Exception):  # noqa: N818  (what happened, not an error of ours)
    """A step that is not taken, in the terms of Okta's error catalogue.

    `field` names what was wrong about a body (E0000001), or what wasn't found (E0000007).
    `locked`: this failure was one too many. What was counted must be committed.
    """

    def __init__(self, code: str, cause: str = "", field: str = "", locked: bool = False) -> None:
        super().__init__(f"{code}: {field} {cause}")
        self.code = code
        self.cause = cause
        self.field = field
        self.locked = locked


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor as the machine sees it."""

    id: str
    type: str


@dataclass(frozen=True)
class Progress:
    """What lies behind a person who signs in, and what the org's rules still ask.

    `enroll` says of each factor type whether it is NOT_ALLOWED, OPTIONAL or REQUIRED; `held` are
    the types of the person's active factors; `proven` is whether a factor has been shown, or
    enrolled, in this sign-in, or the device is remembered.
    """

    require_factor: bool
    enroll: Mapping[FactorType, Enrolment]
    held: frozenset[str]
    proven: bool = False
    enrolled_now: bool = False
    multi_optional: bool = False
    enroll_skipped: bool = False
    password_expired: bool = False
    password_warned: bool = False
    """Whether the password ends soon, and the caller wants to hear of it."""
    warning_skipped: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a state: what it is called, and where it is posted to. `name` may be empty."""

    relation: str
    name: str
    path: str


def leads(status: Status, operation: Operation) -> tuple[Status, ...]:
    """Where the operation may lead from this status; nowhere when it isn't legal there."""
    return LEADS[status].get(operation, ())


def next_status(progress: Progress) -> Status:
    """Where a person with the right password, or a new one, stands now.

    Factors come before an expired password. Raises `AuthnRefused` E0000006 when the rules ask for
    a factor and let the person enroll none.
    """
    if progress.require_factor and progress.held and not progress.proven:
        return "MFA_REQUIRED"
    if _must_enroll(progress) or _may_enroll(progress):
        return "MFA_ENROLL"
    if progress.require_factor and not progress.held and not progress.proven:
        raise AuthnRefused("E0000006", "A factor is required, and none may be enrolled.")
    if progress.password_expired:
        return "PASSWORD_EXPIRED"
    if progress.password_warned and not progress.warning_skipped:
        return "PASSWORD_WARN"
    return "SUCCESS"


def enrollable(progress: Progress) -> tuple[tuple[FactorType, Enrolment], ...]:
    """The factor types that the person may still enroll, with OPTIONAL or REQUIRED."""
    return tuple(
        (kind, mode)
        for kind, mode in progress.enroll.items()
        if mode in ("OPTIONAL", "REQUIRED") and kind not in progress.held
    )


def is_skippable(progress: Progress) -> bool:
    """Whether a person in MFA_ENROLL may leave it as it is."""
    return not _must_enroll(progress)


def amr_of(factors: tuple[str, ...]) -> tuple[str, ...]:
    """The `amr` of a password and these factor types (RFC 8176 §2)."""
    if not factors:
        return ("pwd",)
    return ("pwd", "mfa", *dict.fromkeys(AMR[kind] for kind in factors))


def links(
    status: Status, factor: Factor | None = None, *, skippable: bool = False
) -> tuple[Link, ...]:
    """The links of a state. `factor` is the one at work, in the states that have one."""
    found = []
    legal = LEADS[status]
    if status in NEXT:
        name, operation = NEXT[status]
        found.append(Link("next", name, _path(operation, factor)))
    if "cancel" in legal:
        found.append(Link("cancel", "", PATHS["cancel"]))
    if "previous" in legal:
        found.append(Link("prev", "", PATHS["previous"]))
    if "skip" in legal and (skippable or status == "PASSWORD_WARN"):
        found.append(Link("skip", "skip", PATHS["skip"]))
    for operation in legal:
        if operation.startswith("resend") and factor is not None and factor.type in SENT:
            found.append(Link("resend", factor.type, _path(operation, factor)))
    return tuple(found)


def _path(operation: Operation, factor: Factor | None) -> str:
    if factor is None:
        return PATHS[operation]
    return PATHS[operation].format(factor_id=factor.id, factor_type=factor.type.upper())


def _must_enroll(progress: Progress) -> bool:
    pending = dict(enrollable(progress)).values()
    if "REQUIRED" in pending:
        return True
    return progress.require_factor and not progress.held and "OPTIONAL" in pending


def _may_enroll(progress: Progress) -> bool:
    """Whether factors are offered: a first one, and more to a caller that says it can show them."""
    more = progress.enrolled_now and progress.multi_optional
    offered = (more or not progress.held) and not progress.enroll_skipped
    return offered and bool(enrollable(progress))
