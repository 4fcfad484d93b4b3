"""The documents of an org's own policies as the API shows them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from labserver.domain.sign_in_policy import (
    FACTOR_TYPES,
    PolicyType,
    SignInRules,
    sign_in_rules,
)
from labserver.store.directory import Group
from labserver.store.policies import OrgPolicy
from labserver.web.context import current_context
from labserver.web.management.resources import Json, link, session, timestamp

PATH = "/policies"
NAME = "Default Policy"
RULE_NAME = "Default Rule"
_DESCRIPTION = "The default policy applies in all situations if no other policy applies."


@dataclass(frozen=True)
class Found:
    """One of the org's policies, changed before or not."""

    type: PolicyType
    id: str
    settings: Json
    created: int
    updated: int
    row: OrgPolicy | None

    @property
    def rule_id(self) -> str:
        """The id of its one rule."""
        return f"0pr{self.id[3:]}"

    @property
    def path(self) -> str:
        """Where the API shows it."""
        return f"/api/v1{PATH}/{self.id}"

    @property
    def rule_path(self) -> str:
        """Where the API shows its rule."""
        return f"{self.path}/rules/{self.rule_id}"


def policy_document(found: Found) -> Json:
    """The policy as the API shows it."""
    conditions: Json = {"people": {"groups": {"include": [everyone()]}}}
    shown: Json = {
        "id": found.id,
        "type": found.type,
        "name": NAME,
        "description": _DESCRIPTION,
        "status": "ACTIVE",
        "priority": 1,
        "system": True,
        "conditions": conditions,
        "created": timestamp(found.created),
        "lastUpdated": timestamp(found.updated),
        "_links": {
            "self": link(found.path, "GET", "PUT"),
            "rules": link(f"{found.path}/rules"),
        },
    }
    if found.type == "PASSWORD":
        conditions["authProvider"] = {"provider": "OKTA"}
        shown["settings"] = _password_settings(_rules(found))
    if found.type == "MFA_ENROLL":
        shown["settings"] = _enrolment_settings(found.settings)
    return shown


def rule_document(found: Found) -> Json:
    """The policy's rule as the API shows it."""
    conditions: Json = {
        "people": {"users": {"exclude": []}},
        "network": {"connection": "ANYWHERE"},
    }
    if found.type == "OKTA_SIGN_ON":
        conditions["authContext"] = {"authType": "ANY"}
    return {
        "id": found.rule_id,
        "type": "SIGN_ON" if found.type == "OKTA_SIGN_ON" else found.type,
        "name": RULE_NAME,
        "status": "ACTIVE",
        "priority": 1,
        "system": True,
        "conditions": conditions,
        "actions": _actions(found),
        "created": timestamp(found.created),
        "lastUpdated": timestamp(found.updated),
        "_links": {"self": link(found.rule_path, "GET", "PUT")},
    }


def _actions(found: Found) -> Json:
    if found.type == "OKTA_SIGN_ON":
        idle = current_context().settings.lifetime_session // 60
        return _sign_on_actions(_rules(found), idle)
    if found.type == "PASSWORD":
        return _password_actions(_rules(found))
    return _enrolment_actions(found.settings)


def _rules(found: Found) -> SignInRules:
    """What the policy's own values say, alone."""
    return sign_in_rules({found.type: found.settings})


def everyone() -> str:
    """The id of the group that everybody is in."""
    return session().scalars(select(Group.id).where(Group.type == "BUILT_IN")).one()


def _password_settings(rules: SignInRules) -> Json:
    """The settings of a password policy as the API shows them."""
    return {
        "password": {
            "complexity": {
                "minLength": rules.min_length,
                "minLowerCase": rules.min_lower_case,
                "minUpperCase": rules.min_upper_case,
                "minNumber": rules.min_number,
                "minSymbol": rules.min_symbol,
                "excludeUsername": rules.exclude_username,
                "excludeAttributes": list(rules.exclude_attributes),
                "dictionary": {"common": {"exclude": False}},
            },
            "age": {
                "maxAgeDays": rules.max_age_days,
                "expireWarnDays": rules.expire_warn_days,
                "minAgeMinutes": 0,
                "historyCount": 0,
            },
            "lockout": {
                "maxAttempts": rules.max_attempts,
                "autoUnlockMinutes": rules.auto_unlock_minutes,
                "showLockoutFailures": rules.show_lockout,
                "userLockoutNotificationChannels": [],
            },
        },
        "recovery": {"factors": _ways(rules)},
        "delegation": {"options": {"skipUnlock": False}},
    }


def _ways(rules: SignInRules) -> Json:
    answer = {"complexity": {"minLength": rules.recovery_answer_length}}
    mail = {"recoveryToken": {"tokenLifetimeMinutes": rules.recovery_email_minutes}}
    return {
        "recovery_question": {"status": _status(rules.recovery_question), "properties": answer},
        "okta_email": {"status": _status(rules.recovery_email), "properties": mail},
        "okta_sms": {"status": _status(rules.recovery_sms)},
        "okta_call": {"status": _status(rules.recovery_call)},
    }


def _enrolment_settings(stored: Json) -> Json:
    """The settings of an enrolment policy as the API shows them."""
    factors = stored.get("factors", {})
    return {
        "type": "FACTORS",
        "factors": {
            name: {
                "enroll": {"self": factors.get(name, "NOT_ALLOWED")},
                "consent": {"type": "NONE"},
            }
            for name in FACTOR_TYPES
        },
    }


def _sign_on_actions(rules: SignInRules, idle_minutes: int) -> Json:
    """The actions of a sign-on rule as the API shows them.

    `idle_minutes` is how long a session lasts without use where the rule says nothing.
    """
    return {
        "signon": {
            "access": _access(rules.allowed),
            "requireFactor": rules.require_factor,
            "factorPromptMode": rules.factor_prompt_mode,
            "factorLifetime": rules.factor_lifetime_minutes,
            "rememberDeviceByDefault": rules.remember_device_by_default,
            "session": {
                "usePersistentCookie": False,
                "maxSessionIdleMinutes": rules.session_idle_minutes or idle_minutes,
                "maxSessionLifetimeMinutes": rules.session_lifetime_minutes,
            },
        }
    }


def _password_actions(rules: SignInRules) -> Json:
    """The actions of a password rule as the API shows them."""
    return {
        "passwordChange": {"access": _access(rules.may_change_password)},
        "selfServicePasswordReset": {"access": _access(rules.may_reset_password)},
        "selfServiceUnlock": {"access": _access(rules.may_unlock)},
    }


def _enrolment_actions(stored: Json) -> Json:
    """The actions of an enrolment rule as the API shows them."""
    return {"enroll": {"self": stored.get("when", "LOGIN")}}


def _status(open: bool) -> str:
    return "ACTIVE" if open else "INACTIVE"


def _access(allowed: bool) -> str:
    return "ALLOW" if allowed else "DENY"
