"""`/users/{id}/credentials`: a new password for the old one, the recovery question."""

from __future__ import annotations

from flask import Response, jsonify

from labserver.signin.failures import count_failure
from labserver.signin.passwords import LONGEST
from labserver.store import ledger
from labserver.store.directory import User
from labserver.store.hashing import matches
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, api_error
from labserver.web.management.documents import read
from labserver.web.management.resources import answer, find_person, flag, session
from labserver.web.management.routes import management
from labserver.web.management.user_changes import (
    log,
    mail_link,
    must_allow,
    problems_of,
    reset_link,
    rules,
    set_password,
    set_question,
)
from labserver.web.management.user_documents import (
    PasswordChange,
    QuestionChange,
    credentials_document,
)

PATH = "/users/<user_id>/credentials"
INCORRECT = "oldPassword: The credentials provided were incorrect."
TOO_WEAK = "Password requirements were not met. "


@management.post(f"{PATH}/change_password")
def change_password(user_id: str) -> Response:
    """Whoever knows the old password has a new one; whoever waited for one is ACTIVE."""
    row = find_person(user_id)
    body = read(PasswordChange, json_body())
    must_allow(row, "change_password")
    if not _knows(row, body.old_password.value):
        return _incorrect(row)
    new = body.new_password.value
    if problems := problems_of(row, new):
        raise ApiError("E0000014", causes=[TOO_WEAK + " ".join(problems)])
    set_password(row, new)
    session().flush()
    if body.revoke_sessions:
        ledger.end_sessions(session(), row.id)
    log("user.account.update_password", "Change the password of a user", row)
    return answer(credentials_document(row))


@management.post(f"{PATH}/change_recovery_question")
def change_recovery_question(user_id: str) -> Response:
    """Whoever knows the password has another recovery question."""
    row = find_person(user_id)
    body = read(QuestionChange, json_body())
    must_allow(row, "change_recovery_question")
    if not _knows(row, body.password.value):
        return _incorrect(row)
    set_question(row, body.recovery_question)
    session().flush()
    log("user.account.update_recovery_question", "Change the recovery question of a user", row)
    return answer(credentials_document(row))


@management.post(f"{PATH}/forgot_password")
def forgot_password(user_id: str) -> Response:
    """There is a link to choose a new password; until it is used the old one works."""
    row = find_person(user_id)
    sends = flag("sendEmail", True)
    must_allow(row, "forgot_password")
    link = reset_link(row, 60 * rules().recovery_email_minutes)
    log("user.account.reset_password", "A user forgot the password", row)
    if sends:
        mail_link(row, link, "choose a new password")
    response = jsonify({} if sends else {"resetPasswordUrl": link})
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response


def _knows(row: User, password: str) -> bool:
    return matches(row.password_hash, password[:LONGEST]) and len(password) <= LONGEST


def _incorrect(row: User) -> Response:
    """The failure counts like one at sign-in, so this refusal rolls nothing back."""
    locked = count_failure(session(), row.pk, current_context().now)
    log("user.account.update_password", "The old password was wrong", row, "FAILURE")
    if locked:
        log("user.account.lock", "Too many wrong passwords lock the account", row)
    return api_error(ApiError("E0000014", causes=[INCORRECT]))
