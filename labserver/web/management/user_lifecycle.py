"""`/users/{id}/lifecycle`: from one status to another."""

from __future__ import annotations

import secrets
import string

from flask import Response, jsonify, request

from labserver.domain import lifecycle
from labserver.store import ledger
from labserver.store.directory import User
from labserver.web.errors import ApiError
from labserver.web.management.resources import answer, find_person, flag, session
from labserver.web.management.role_holders import a_super_admin_remains
from labserver.web.management.routes import management
from labserver.web.management.user_changes import (
    activation_link,
    deactivate,
    end_access,
    log,
    mail_link,
    must_allow,
    problems_of,
    remove_factors,
    reset_link,
    rules,
    set_password,
    set_status,
)
from labserver.web.management.user_documents import document

PATH = "/users/<user_id>/lifecycle"
TEMPORARY_LENGTH = 12
_SYMBOLS = "!#$%&*+-=?@"


@management.post(f"{PATH}/activate")
def activate_user(user_id: str) -> Response:
    """The user is ACTIVE when there is a password, and PROVISIONED until there is one.

    Somebody who was deactivated starts anew, without the old password and factors.
    """
    row = _may("activate", user_id)
    sends = flag("sendEmail", True)
    if row.status == "DEPROVISIONED":
        row.password_hash = None
        remove_factors(row)
    set_status(row, lifecycle.status_after_activation(has_password=bool(row.password_hash)))
    log("user.lifecycle.activate", "Activate a user", row)
    return _activation(row, sends)


@management.post(f"{PATH}/reactivate")
def reactivate_user(user_id: str) -> Response:
    """There is a new activation link, and the one before is over."""
    row = _may("reactivate", user_id)
    sends = flag("sendEmail", False)
    set_status(row, "PROVISIONED")
    log("user.lifecycle.reactivate", "Reactivate a user", row)
    return _activation(row, sends)


@management.post(f"{PATH}/deactivate")
def deactivate_user(user_id: str) -> Response:
    """The user is DEPROVISIONED; all access ends, that of access tokens too."""
    row = _may("deactivate", user_id)
    deactivate(row)
    return _done("user.lifecycle.deactivate", "Deactivate a user", row)


@management.post(f"{PATH}/suspend")
def suspend_user(user_id: str) -> Response:
    """The user is SUSPENDED: signed out, assignments kept."""
    row = _may("suspend", user_id)
    with a_super_admin_remains("status"):
        set_status(row, "SUSPENDED")
    end_access(row, access_tokens=False)
    return _done("user.lifecycle.suspend", "Suspend a user", row)


@management.post(f"{PATH}/unsuspend")
def unsuspend_user(user_id: str) -> Response:
    """The user is ACTIVE again."""
    row = _may("unsuspend", user_id)
    set_status(row, "ACTIVE")
    return _done("user.lifecycle.unsuspend", "Unsuspend a user", row)


@management.post(f"{PATH}/unlock")
def unlock_user(user_id: str) -> Response:
    """The user is ACTIVE again, the password as it was."""
    row = _may("unlock", user_id)
    row.failed_sign_ins = 0
    set_status(row, "ACTIVE")
    return _done("user.account.unlock_by_admin", "Unlock a user", row)


@management.post(f"{PATH}/reset_password")
def reset_password(user_id: str) -> Response:
    """The user is in RECOVERY: there is a link to choose a new password, and no other way in."""
    row = find_person(user_id)
    if "sendEmail" not in request.args:
        raise ApiError("E0000028", causes=["sendEmail: It is true or false."])
    sends, revokes = flag("sendEmail", True), flag("revokeSessions", False)
    must_allow(row, "reset_password")
    row.failed_sign_ins = 0
    set_status(row, "RECOVERY")
    session().flush()
    if revokes:
        ledger.end_sessions(session(), row.id)
    link = reset_link(row)
    log("user.account.reset_password", "Reset the password of a user", row)
    if not sends:
        return _secret({"resetPasswordUrl": link})
    mail_link(row, link, "choose a new password")
    return jsonify({})


@management.post(f"{PATH}/expire_password")
def expire_password(user_id: str) -> Response:
    """The user must change the password at the next sign-in; with `tempPassword`, a new one."""
    if flag("tempPassword", False):
        return expire_password_with_temp_password(user_id)
    row = _may("expire_password", user_id)
    set_status(row, "PASSWORD_EXPIRED")
    session().flush()
    log("user.account.expire_password", "Expire the password of a user", row)
    return answer(document(row))


@management.post(f"{PATH}/expire_password_with_temp_password")
def expire_password_with_temp_password(user_id: str) -> Response:
    """The user has a password that is shown this once and good for one sign-in, to change it."""
    row = _may("expire_password_with_temp_password", user_id)
    revokes = flag("revokeSessions", False)
    value = _temporary_password(row)
    set_password(row, value)
    set_status(row, "PASSWORD_EXPIRED")
    session().flush()
    if revokes:
        ledger.end_sessions(session(), row.id)
    log("user.account.expire_password", "Give a user a temporary password", row)
    return _secret({"tempPassword": value})


@management.post(f"{PATH}/reset_factors")
def reset_factors(user_id: str) -> Response:
    """The user has no factor any more."""
    row = _may("reset_factors", user_id)
    remove_factors(row)
    return _done("user.mfa.factor.reset_all", "Reset all factors of a user", row)


def _may(name: str, user_id: str) -> User:
    row = find_person(user_id)
    must_allow(row, name)
    return row


def _activation(row: User, sends: bool) -> Response:
    """The activation link, for the caller or for the outbox."""
    session().flush()
    link, token = activation_link(row)
    if not sends:
        return _secret({"activationUrl": link, "activationToken": token})
    if row.status == "PROVISIONED":
        mail_link(row, link, "activate your account")
    return jsonify({})


def _temporary_password(row: User) -> str:
    """A random password that the org's policy accepts."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)
    length = max(TEMPORARY_LENGTH, rules().min_length)
    while True:
        letters = [secrets.choice(kind) for kind in kinds]
        letters += [secrets.choice("".join(kinds)) for _ in range(length - len(kinds))]
        secrets.SystemRandom().shuffle(letters)
        if not problems_of(row, value := "".join(letters)):
            return value


def _done(event_type: str, message: str, row: User) -> Response:
    session().flush()
    log(event_type, message, row)
    return jsonify({})


def _secret(document: dict[str, str]) -> Response:
    response = jsonify(document)
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response
