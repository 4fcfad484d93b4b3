"""The documents of an org's own policies as requests send them, and what is stored of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from labserver.domain.sign_in_policy import (
    Enrolment,
    EnrolWhen,
    PromptMode,
    SignInRules,
)
from labserver.web.management.documents import Document
from labserver.web.management.resources import Json

_DEFAULT = SignInRules()

Count = Annotated[int, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0, le=999)]
Minutes = Annotated[int, Field(ge=0, le=525_600)]
Status = Literal["ACTIVE", "INACTIVE"]
Access = Literal["ALLOW", "DENY"]


class Common(Document):
    """Whether weak passwords are looked up; this server has no list of them."""

    exclude: Literal[False] = False


class Dictionary(Document):
    """Lists of weak passwords."""

    common: Common = Common()


class Complexity(Document):
    """What a password is made of."""

    min_length: Annotated[int, Field(ge=4, le=72)] = _DEFAULT.min_length
    min_lower_case: Count = _DEFAULT.min_lower_case
    min_upper_case: Count = _DEFAULT.min_upper_case
    min_number: Count = _DEFAULT.min_number
    min_symbol: Count = _DEFAULT.min_symbol
    exclude_username: bool = _DEFAULT.exclude_username
    exclude_attributes: list[Literal["firstName", "lastName"]] = []
    dictionary: Dictionary = Dictionary()


class Age(Document):
    """How long a password lasts. Old passwords are not remembered here."""

    max_age_days: Days = _DEFAULT.max_age_days
    expire_warn_days: Days = _DEFAULT.expire_warn_days
    min_age_minutes: Literal[0] = 0
    history_count: Literal[0] = 0


class Lockout(Document):
    """When failures lock a user, and for how long."""

    max_attempts: Annotated[int, Field(ge=0, le=100)] = _DEFAULT.max_attempts
    auto_unlock_minutes: Minutes = _DEFAULT.auto_unlock_minutes
    show_lockout_failures: bool = _DEFAULT.show_lockout
    user_lockout_notification_channels: Annotated[list[str], Field(max_length=0)] = []


class Password(Document):
    """The password itself."""

    complexity: Complexity = Complexity()
    age: Age = Age()
    lockout: Lockout = Lockout()


class Way(Document):
    """A way of recovery that is open or closed."""

    status: Status = "ACTIVE"


class AnswerComplexity(Document):
    """How long the answer to a recovery question is at least."""

    min_length: Annotated[int, Field(ge=1, le=100)] = _DEFAULT.recovery_answer_length


class QuestionProperties(Document):
    """Of the recovery question."""

    complexity: AnswerComplexity = AnswerComplexity()


class QuestionWay(Way):
    """Recovery by the question that the person chose."""

    properties: QuestionProperties = QuestionProperties()


class RecoveryToken(Document):
    """How long the link of a recovery mail works."""

    token_lifetime_minutes: Annotated[int, Field(ge=1, le=525_600)] = (
        _DEFAULT.recovery_email_minutes
    )


class EmailProperties(Document):
    """Of the recovery mail."""

    recovery_token: RecoveryToken = RecoveryToken()


class EmailWay(Way):
    """Recovery by a link in a mail."""

    properties: EmailProperties = EmailProperties()


class Ways(Document):
    """All ways of recovery; these names have underscores in the API too."""

    recovery_question: Annotated[QuestionWay, Field(alias="recovery_question")] = QuestionWay()
    okta_email: Annotated[EmailWay, Field(alias="okta_email")] = EmailWay()
    okta_sms: Annotated[Way, Field(alias="okta_sms")] = Way()
    okta_call: Annotated[Way, Field(alias="okta_call")] = Way()


class Recovery(Document):
    """How people help themselves."""

    factors: Ways = Ways()


class PasswordSettings(Document):
    """The settings of a password policy."""

    password: Password = Password()
    recovery: Recovery = Recovery()


class Enroll(Document):
    """What people may do about a factor."""

    self_: Annotated[Enrolment, Field(alias="self")] = "NOT_ALLOWED"


class Consent(Document):
    """Terms of use, which this server never asks for."""

    type: Literal["NONE"] = "NONE"


class FactorSettings(Document):
    """One factor of an enrolment policy."""

    enroll: Enroll = Enroll()
    consent: Consent = Consent()


class EnrolmentSettings(Document):
    """The settings of an enrolment policy: factors, not authenticators."""

    type: Literal["FACTORS"] = "FACTORS"
    factors: dict[str, FactorSettings] = {}
    authenticators: Annotated[list[Json], Field(max_length=0)] | None = None


class SessionActions(Document):
    """How long a session lasts."""

    max_session_idle_minutes: Annotated[int, Field(ge=1, le=525_600)] | None = None
    max_session_lifetime_minutes: Minutes = _DEFAULT.session_lifetime_minutes
    use_persistent_cookie: Literal[False] = False


class SignOn(Document):
    """What the sign-on rule does."""

    access: Access
    require_factor: bool = _DEFAULT.require_factor
    factor_prompt_mode: PromptMode | None = None
    factor_lifetime: Annotated[int, Field(ge=1, le=525_600)] | None = None
    remember_device_by_default: bool = _DEFAULT.remember_device_by_default
    session: SessionActions = SessionActions()


class SignOnActions(Document):
    """The actions of a sign-on rule."""

    signon: SignOn


class Permission(Document):
    """Whether people may do it for themselves."""

    access: Access = "ALLOW"


class PasswordActions(Document):
    """The actions of a password rule."""

    password_change: Permission = Permission()
    self_service_password_reset: Permission = Permission()
    self_service_unlock: Permission = Permission()


class EnrollAction(Document):
    """When people enrol: at sign-in, when a factor is asked for, or never."""

    self_: Annotated[EnrolWhen, Field(alias="self")]


class EnrolmentActions(Document):
    """The actions of an enrolment rule."""

    enroll: EnrollAction


class Named(Document):
    """People or groups of a condition."""

    include: list[str] = []
    exclude: list[str] = []


class People(Document):
    """Whom a policy is about."""

    groups: Named = Named()
    users: Named = Named()


class Conditions(Document):
    """When a policy or rule applies: a default one always."""

    people: People | None = None


class Changed(Document):
    """What every policy and rule has in common, as a caller describes it."""

    name: str | None = None
    status: Literal["ACTIVE"] = "ACTIVE"
    priority: Literal[1] | None = None
    conditions: Conditions | None = None


class SignOnPolicy(Changed):
    """A sign-on policy; all it says is in its rule."""

    type: Literal["OKTA_SIGN_ON"]


class PasswordPolicy(Changed):
    """A password policy."""

    type: Literal["PASSWORD"]
    settings: PasswordSettings = PasswordSettings()


class EnrolmentPolicy(Changed):
    """An MFA enrolment policy."""

    type: Literal["MFA_ENROLL"]
    settings: EnrolmentSettings = EnrolmentSettings()


class SignOnRule(Changed):
    """The rule of a sign-on policy."""

    type: Literal["SIGN_ON"]
    actions: SignOnActions


class PasswordRule(Changed):
    """The rule of a password policy."""

    type: Literal["PASSWORD"]
    actions: PasswordActions = PasswordActions()


class EnrolmentRule(Changed):
    """The rule of an enrolment policy."""

    type: Literal["MFA_ENROLL"]
    actions: EnrolmentActions


def password_values(body: PasswordSettings) -> Json:
    """The settings of a password policy as they are stored."""
    complexity, age, lockout = body.password.complexity, body.password.age, body.password.lockout
    ways = body.recovery.factors
    return {
        **complexity.model_dump(exclude={"dictionary"}),
        "max_age_days": age.max_age_days,
        "expire_warn_days": age.expire_warn_days,
        "max_attempts": lockout.max_attempts,
        "auto_unlock_minutes": lockout.auto_unlock_minutes,
        "show_lockout": lockout.show_lockout_failures,
        "recovery_question": ways.recovery_question.status == "ACTIVE",
        "recovery_answer_length": ways.recovery_question.properties.complexity.min_length,
        "recovery_email": ways.okta_email.status == "ACTIVE",
        "recovery_email_minutes": ways.okta_email.properties.recovery_token.token_lifetime_minutes,
        "recovery_sms": ways.okta_sms.status == "ACTIVE",
        "recovery_call": ways.okta_call.status == "ACTIVE",
    }


def enrolment_values(body: EnrolmentSettings) -> Json:
    """The settings of an enrolment policy as they are stored."""
    return {"factors": {name: found.enroll.self_ for name, found in body.factors.items()}}


def sign_on_values(body: SignOnActions) -> Json:
    """The actions of a sign-on rule as they are stored."""
    signon = body.signon
    return {
        "allowed": signon.access == "ALLOW",
        "require_factor": signon.require_factor,
        "factor_prompt_mode": signon.factor_prompt_mode or _DEFAULT.factor_prompt_mode,
        "factor_lifetime_minutes": signon.factor_lifetime or _DEFAULT.factor_lifetime_minutes,
        "remember_device_by_default": signon.remember_device_by_default,
        "session_idle_minutes": signon.session.max_session_idle_minutes,
        "session_lifetime_minutes": signon.session.max_session_lifetime_minutes,
    }


def password_rule_values(body: PasswordActions) -> Json:
    """The actions of a password rule as they are stored."""
    return {
        "may_change_password": body.password_change.access == "ALLOW",
        "may_reset_password": body.self_service_password_reset.access == "ALLOW",
        "may_unlock": body.self_service_unlock.access == "ALLOW",
    }


def enrolment_rule_values(body: EnrolmentActions) -> Json:
    """The actions of an enrolment rule as they are stored."""
    return {"when": body.enroll.self_}
