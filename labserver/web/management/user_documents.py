"""The document of a user: what a caller may say, and what the API shows."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from labserver.domain import lifecycle
from labserver.store.directory import User
from labserver.store.world_model import PROFILE
from labserver.web.context import current_context
from labserver.web.management.documents import Document
from labserver.web.management.resources import Json, link, timestamp

BASE_PROFILE = ("login", "email", "firstName", "lastName")
_ID = re.compile(rf"{User.id_prefix}\w{{17}}", re.IGNORECASE)


def _is_no_id(login: str) -> str:
    """A path that names one person by id must not mean another by login."""
    if _ID.fullmatch(login):
        raise ValueError("It must not look like the id of a user")
    return login


# Without what nobody sees: two logins that look alike would be two people.
Login = Annotated[
    str,
    Field(min_length=5, max_length=100, pattern=r"^[^\s\p{C}]+$"),
    AfterValidator(_is_no_id),
]
Email = Annotated[str, Field(min_length=5, max_length=100, pattern=r"^[^@\s]+@[^@\s]+$")]
PersonName = Annotated[str, Field(min_length=1, max_length=50)]


class PartialProfile(Document):
    """Attributes to change; null empties an optional one."""

    model_config = ConfigDict(extra="allow")

    login: Login | None = None
    email: Email | None = None
    first_name: PersonName | None = None
    last_name: PersonName | None = None

    @model_validator(mode="after")
    def attributes_are_known(self) -> PartialProfile:
        """Only the base attributes exist, and they are texts (Okta: base profile)."""
        for name, value in (self.model_extra or {}).items():
            if name not in PROFILE:
                raise ValueError(f"{name}: a profile has no such attribute")
            if value is not None and not (isinstance(value, str) and len(value) <= 1024):
                raise ValueError(f"{name}: it is a text of at most 1,024 characters, or null")
        return self

    def attributes(self) -> Json:
        """All attributes that were sent, by their API names."""
        sent = self.model_dump(by_alias=True, exclude_unset=True)
        return {name: value for name, value in sent.items() if value != ""}


class Profile(PartialProfile):
    """A whole profile."""

    login: Login
    email: Email
    first_name: PersonName
    last_name: PersonName


class Password(Document):
    """A password to set."""

    value: str | None = None


class RecoveryQuestion(Document):
    """A question whose answer helps a person who forgot the password."""

    question: Annotated[str, Field(min_length=1, max_length=100)]
    answer: Annotated[str, Field(min_length=4, max_length=100)] | None = None


class UserCredentials(Document):
    """Credentials to set."""

    password: Password | None = None
    recovery_question: Annotated[RecoveryQuestion | None, Field(alias="recovery_question")] = None


class NewUser(Document):
    """A user to make, or to replace."""

    profile: Profile
    credentials: UserCredentials = UserCredentials()
    group_ids: list[str] = []


class UserReplacement(Document):
    """A user as it should be. Without a profile only the credentials change."""

    profile: Profile | None = None
    credentials: UserCredentials = UserCredentials()


class UserChange(Document):
    """What to change about a user."""

    profile: PartialProfile = PartialProfile()
    credentials: UserCredentials = UserCredentials()


class KnownPassword(Document):
    """A password that somebody knows, or wants."""

    value: str


class PasswordChange(Document):
    """A new password, from who knows the old one."""

    old_password: KnownPassword
    new_password: KnownPassword
    revoke_sessions: bool = False


class NewQuestion(RecoveryQuestion):
    """A recovery question with its answer."""

    answer: Annotated[str, Field(min_length=4, max_length=100)]


class QuestionChange(Document):
    """Another recovery question, from who knows the password."""

    password: KnownPassword
    recovery_question: Annotated[NewQuestion, Field(alias="recovery_question")]


def document(row: User) -> Json:
    """The user as the API shows it; passwords and answers never come back."""
    path = f"/api/v1/users/{row.id}"
    links: Json = {"self": link(path, "GET", "POST", "PUT", "DELETE")}
    credentials = credentials_document(row)
    legal = lifecycle.links(
        row.status,
        has_password="password" in credentials,
        has_question="recovery_question" in credentials,
    )
    for name, below in legal.items():
        links[name] = {**link(f"{path}/{below}", "POST"), "method": "POST"}
    return {
        "id": row.id,
        "status": row.status,
        "created": timestamp(row.created),
        "activated": timestamp(row.activated),
        "statusChanged": timestamp(row.status_changed),
        "lastLogin": timestamp(row.last_login),
        "lastUpdated": timestamp(row.updated),
        "passwordChanged": timestamp(row.password_changed),
        "type": {"id": f"oty{current_context().org.id[3:]}"},
        "profile": {
            "firstName": None,
            "lastName": None,
            "mobilePhone": None,
            "secondEmail": None,
            **row.profile,
            "login": row.login,
        },
        "credentials": credentials,
        "_links": links,
    }


def credentials_document(row: User) -> dict[str, Any]:
    """What credentials the user has, without a word of them."""
    credentials: Json = {"provider": {"type": "OKTA", "name": "OKTA"}}
    if row.password_hash:
        credentials["password"] = {}
    if row.recovery_question:
        credentials["recovery_question"] = {"question": row.recovery_question}
    return credentials
