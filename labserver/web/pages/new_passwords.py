"""What the forms for a new password share."""

from __future__ import annotations

from flask import request

from labserver.domain.sign_in_policy import SignInRules
from labserver.signin.passwords import password_problems

_NAMES = {"firstName": "first", "lastName": "last"}


def demands(rules: SignInRules) -> list[str]:
    """What a new password must be like, one sentence each."""
    # Nothing lacks all that can be lacking.
    found = password_problems("", "", rules)
    if rules.exclude_username:
        found.append("It must not have parts of the user name.")
    if rules.exclude_attributes:
        names = " or ".join(_NAMES[each] for each in rules.exclude_attributes)
        found.append(f"It must not have your {names} name.")
    return found


def typed_password() -> tuple[str, str]:
    """The new password, and what is wrong with how it was typed."""
    new, again = request.form.get("new", ""), request.form.get("again", "")
    return new, "" if new == again else "The two new passwords are not the same."
