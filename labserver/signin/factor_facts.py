"""What a factor shows and what it keeps secret, from the profile that a caller sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyotp

from labserver.signin.answers import QUESTIONS, answer_problem, hash_answer
from labserver.store.directory import User

TOTP = "token:software:totp"
BLANK = "The field cannot be left blank"
_PHONE = re.compile(r"\+? ?\(?[1-9][0-9 ().-]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class FactorRefusal(Exception):
    """A factor that could not be enrolled or shown, in the terms of Okta's error catalogue.

    `field` names what was wrong about a body (E0000001). `locked`: this failure was one too many.
    What was counted must be committed, so the caller's answer may not roll back.
    """

    def __init__(self, code: str, cause: str = "", field: str = "", locked: bool = False) -> None:
        super().__init__(f"{code}: {field} {cause}")
        self.code = code
        self.cause = cause
        self.field = field
        self.locked = locked


def facts_of(
    user: User, factor_type: str, profile: Mapping[str, Any]
) -> tuple[dict[str, Any], str | None]:
    """What the factor shows, and its secret. Raises `FactorRefusal` that names the field."""
    if factor_type == "question":
        return _question(profile)
    if factor_type == TOTP:
        return {"credentialId": user.login}, pyotp.random_base32()
    if factor_type == "email":
        address = _text(profile, "email", user.profile.get("email"))
        if len(address) > 100 or not _EMAIL.fullmatch(address):
            raise FactorRefusal("E0000001", "It is no e-mail address.", "email")
        return {"email": address}, None
    return {"phoneNumber": _number(_text(profile, "phoneNumber"))}, None


def _number(typed: str) -> str:
    """A phone number in the one form that everybody understands (ITU-T E.164)."""
    digits = re.sub(r"[^0-9]", "", typed)
    if len(typed) > 40 or not _PHONE.fullmatch(typed) or not 7 <= len(digits) <= 15:
        raise FactorRefusal("E0000001", "Invalid Phone Number.", "phoneNumber")
    return f"+{digits}"


def _question(profile: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    key, answer = _text(profile, "question"), _text(profile, "answer")
    if key not in QUESTIONS:
        raise FactorRefusal("E0000001", "There is no such security question.", "question")
    if problem := answer_problem(f"{key} {QUESTIONS[key]}", answer):
        raise FactorRefusal("E0000001", problem, "answer")
    return {"question": key, "questionText": QUESTIONS[key]}, hash_answer(answer)


def _text(profile: Mapping[str, Any], name: str, default: object = None) -> str:
    value = profile.get(name) or default
    if not isinstance(value, str):
        raise FactorRefusal("E0000001", "It is a text." if value else BLANK, name)
    return value
