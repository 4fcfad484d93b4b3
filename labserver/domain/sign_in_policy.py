"""What an org's policies demand of whoever signs in (Okta: sign-on, password, MFA enrolment)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

PolicyType = Literal["OKTA_SIGN_ON", "PASSWORD", "MFA_ENROLL"]
POLICY_TYPES: tuple[PolicyType, ...] = get_args(PolicyType)

FactorType = Literal["question", "token:software:totp", "sms", "email", "call"]
Enrolment = Literal["NOT_ALLOWED", "OPTIONAL", "REQUIRED"]
EnrolWhen = Literal["LOGIN", "CHALLENGE", "NEVER"]
PromptMode = Literal["ALWAYS", "DEVICE", "SESSION"]

FACTOR_TYPES: Mapping[str, FactorType] = MappingProxyType(
    {
        "okta_question": "question",
        "okta_otp": "token:software:totp",
        "google_otp": "token:software:totp",
        "okta_sms": "sms",
        "okta_email": "email",
        "okta_call": "call",
    }
)
"""The factors of an enrolment policy by their names there (Okta: policy factors configuration)."""

_STRICTNESS: tuple[Enrolment, ...] = get_args(Enrolment)
_NOTHING: Mapping[FactorType, Enrolment] = MappingProxyType(
    dict.fromkeys(get_args(FactorType), "NOT_ALLOWED")
)


@dataclass(frozen=True)
class SignInRules:
    """The rules for one person's sign-in, password and recovery.

    The defaults are those of an org that has changed nothing. Okta's own org starts with recovery
    by SMS and by call closed; a lab's starts with every way open, so that each can be tried.
    """

    allowed: bool = True
    """Whether anybody may sign in at all."""
    require_factor: bool = False
    """Whether the password alone is not enough."""
    factor_prompt_mode: PromptMode = "ALWAYS"
    """Whether a device or a session that gave the second factor is asked for it again."""
    factor_lifetime_minutes: int = 15
    """How long a second factor counts, where the prompt mode remembers it."""
    remember_device_by_default: bool = False
    session_idle_minutes: int | None = None
    """Minutes without use after which a session ends; None: as the server was started."""
    session_lifetime_minutes: int = 0
    """Minutes after which a session ends however much it is used; 0: never."""

    enroll: Mapping[FactorType, Enrolment] = field(default_factory=lambda: _NOTHING)
    """What a sign-in says to a factor that the person does not have yet."""

    min_length: int = 8
    min_lower_case: int = 1
    min_upper_case: int = 1
    min_number: int = 1
    min_symbol: int = 0
    exclude_username: bool = True
    exclude_attributes: tuple[str, ...] = ()
    """Profile attributes that a password must not contain: `firstName`, `lastName`."""
    max_age_days: int = 0
    """Days after which a password is expired; 0: never."""
    expire_warn_days: int = 0
    """Days before that during which the person is warned."""

    max_attempts: int = 10
    """Failures in a row that lock a user; 0: none do."""
    auto_unlock_minutes: int = 0
    """Minutes after which a locked user is active again; 0: never."""
    show_lockout: bool = False
    """Whether a locked user is told so."""

    recovery_question: bool = True
    recovery_answer_length: int = 4
    """The fewest characters of the recovery question's answer."""
    recovery_email: bool = True
    recovery_email_minutes: int = 10080
    """How long the link in a recovery mail works."""
    recovery_sms: bool = True
    recovery_call: bool = True
    may_change_password: bool = True
    may_reset_password: bool = True
    may_unlock: bool = True
    """Whether locked users may free themselves by recovery."""

    def session_lifetime(self, default: int, age: int = 0) -> int:
        """Seconds from now after which a session of this age ends unless it is used.

        `default` counts where the rules say nothing. It is over at 0 and below.
        """
        minutes = self.session_idle_minutes
        idle = default if minutes is None else 60 * minutes
        whole = self.session_lifetime_minutes
        return min(idle, 60 * whole - age) if whole else idle


def sign_in_rules(stored: Mapping[str, Mapping[str, Any]]) -> SignInRules:
    """The rules that follow from an org's policies, each as it is stored under its type.

    A policy that is not there, and a value that is not in it, is the default.
    """
    sign_on, password = dict(stored.get("OKTA_SIGN_ON", {})), dict(stored.get("PASSWORD", {}))
    enrolling = stored.get("MFA_ENROLL", {})
    password["exclude_attributes"] = tuple(password.get("exclude_attributes", ()))
    when = enrolling.get("when", "LOGIN")
    enrols = when == "LOGIN" or (when == "CHALLENGE" and sign_on.get("require_factor", False))
    factors = enrolling.get("factors", {}) if enrols else {}
    return SignInRules(**sign_on, **password, enroll=_by_type(factors))


def _by_type(factors: Mapping[str, Enrolment]) -> Mapping[FactorType, Enrolment]:
    """What is said to each type of factor; of two makes of one type, the stricter word counts."""
    found = dict(_NOTHING)
    for name, wanted in factors.items():
        kind = FACTOR_TYPES[name]
        found[kind] = max(found[kind], wanted, key=_STRICTNESS.index)
    return MappingProxyType(found)
