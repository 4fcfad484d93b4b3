"""The 48 operations of the lock-down thread: what each needs today, and where it was misspelt.

Somebody asked which admin role the creator of an API token must hold for this list, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_USERS = "/api/v1/users"
_USER = f"{_USERS}/{{user_id}}"
_FACTOR = f"{_USER}/factors/{{factor_id}}"
_AUTHN = "/api/v1/authn"
_AUTHN_FACTOR = f"{_AUTHN}/factors/{{factor_id}}"
_CREDENTIALS = ("okta.users.credentials.manage",)


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """One line of the list.

    `method` and `path` name the operation that does it today; both are empty when none does.
    `written` is the line as it stood where that differs, and `works` whether it works all the
    same. `permissions` are those of a custom role where they are not simply the operation's.
    """

    number: int
    part: Literal["user", "group", "authn"]
    does: str
    method: str
    path: str
    query: str = ""
    written: str = ""
    works: bool = True
    permissions: tuple[str, ...] = ()


def _rows() -> tuple[ThreadRow, ...]:
    parts = (("user", _PEOPLE), ("group", _GROUPS), ("authn", _STEPS))
    lines = [(part, line) for part, lines in parts for line in lines]
    return tuple(
        ThreadRow(number, part, **line)  # type: ignore[arg-type]
        for number, (part, line) in enumerate(lines, 1)
    )


def _line(does: str, call: str, **more: object) -> dict[str, object]:
    method, _, target = call.partition(" ")
    path, _, query = target.partition("?")
    return {"does": does, "method": method, "path": path, "query": query, **more}


_PEOPLE = (
    _line(
        "create a user",
        f"POST {_USERS}?activate=false",
        written="POST /users/{userId}?activate=false",
        works=False,
    ),
    _line("activate a user", f"POST {_USER}/lifecycle/activate?sendEmail=false"),
    _line("get a user by id", f"GET {_USER}"),
    _line("get a user by login", f"GET {_USER}"),
    _line("suspend a user", f"POST {_USER}/lifecycle/suspend"),
    _line("unsuspend a user", f"POST {_USER}/lifecycle/unsuspend"),
    _line("unlock a user", f"POST {_USER}/lifecycle/unlock"),
    _line("change a user's name", f"POST {_USER}"),
    _line("change a user's profile", f"POST {_USER}"),
    _line("set a recovery question", f"POST {_USER}", permissions=_CREDENTIALS),
    _line("set a password", f"PUT {_USER}", permissions=_CREDENTIALS),
    _line(
        "reset a password",
        f"POST {_USER}/lifecycle/reset_password?sendEmail=false",
        written="PUT /users/{userId}/lifecycle/reset_password?sendEmail=false",
        works=False,
    ),
    _line(
        "expire a password and get a temporary one",
        f"POST {_USER}/lifecycle/expire_password_with_temp_password",
        written="POST /users/{userId}/lifecycle/expire_password?tempPassword=true",
    ),
    _line("list the security questions", f"GET {_USER}/factors/questions"),
    _line("list a user's factors", f"GET {_USER}/factors"),
    _line("list the factors a user could have", f"GET {_USER}/factors/catalog"),
    _line("enroll a question", f"POST {_USER}/factors"),
    _line(
        "set another question",
        f"POST {_USER}/factors",
        written="PUT /users/{userId}/factors/{factorId}",
        works=False,
    ),
    _line("verify an answer", f"POST {_FACTOR}/verify"),
    _line("reset all factors", f"POST {_USER}/lifecycle/reset_factors"),
    _line("reset one factor", f"DELETE {_FACTOR}"),
    _line(
        "change a password",
        f"POST {_USER}/credentials/change_password",
        written="POST /users/credentials/change_password",
        works=False,
    ),
)
_GROUPS = (
    _line(
        "add a user to a group",
        "PUT /api/v1/groups/{group_id}/users/{user_id}",
        permissions=("okta.groups.members.manage", "okta.users.groupMembership.manage"),
    ),
)
_STEPS = (
    _line("sign in with a password", f"POST {_AUTHN}"),
    _line("sign in with an activation token", f"POST {_AUTHN}"),
    _line("ask where the transaction stands", f"POST {_AUTHN}"),
    _line("change an expired password", f"POST {_AUTHN}/credentials/change_password"),
    _line("reset a forgotten password", f"POST {_AUTHN}/credentials/reset_password"),
    _line("enroll a question", f"POST {_AUTHN}/factors"),
    _line("enroll a phone for texts", f"POST {_AUTHN}/factors?updatePhone=true"),
    _line("enroll a one-time code app", f"POST {_AUTHN}/factors"),
    _line("activate a factor", f"POST {_AUTHN_FACTOR}/lifecycle/activate"),
    _line("have the activation code sent again", f"POST {_AUTHN_FACTOR}/lifecycle/resend"),
    _line("verify an answer", f"POST {_AUTHN_FACTOR}/verify"),
    _line("have a code sent", f"POST {_AUTHN_FACTOR}/verify"),
    _line("verify a code", f"POST {_AUTHN_FACTOR}/verify?rememberDevice=true"),
    _line("have the code sent again", f"POST {_AUTHN_FACTOR}/verify/resend"),
    _line("recover a password by e-mail", f"POST {_AUTHN}/recovery/password"),
    _line("recover a password by text", f"POST {_AUTHN}/recovery/password"),
    _line("recover a password by call", f"POST {_AUTHN}/recovery/password"),
    _line("unlock an account", f"POST {_AUTHN}/recovery/unlock"),
    _line("show a recovery token", f"POST {_AUTHN}/recovery/token"),
    _line("answer the recovery question", f"POST {_AUTHN}/recovery/answer"),
    _line("verify a recovery code", f"POST {_AUTHN}/recovery/factors/{{factor_type}}/verify"),
    _line(
        "have the recovery code sent again",
        f"POST {_AUTHN}/recovery/factors/{{factor_type}}/resend",
    ),
    _line("go back", f"POST {_AUTHN}/previous"),
    _line("skip a step", f"POST {_AUTHN}/skip"),
    _line("cancel the transaction", f"POST {_AUTHN}/cancel"),
)

THREAD = _rows()
"""All lines, in the order of the list: 22 about users, one about groups, 25 about signing in."""
