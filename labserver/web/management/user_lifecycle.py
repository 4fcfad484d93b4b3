"""`/users/{id}/lifecycle`: from one status to another."""

from __future__ import annotations

from flask import Response, jsonify

from labserver.web.errors import ApiError
from labserver.web.management.resources import find_person, session
from labserver.web.management.routes import management
from labserver.web.management.users import ONE, deactivate, end_access, log, set_status

PATH = f"{ONE}/lifecycle"


@management.post(f"{PATH}/activate")
def activate_user(user_id: str) -> Response:
    """The user is ACTIVE when there is a password, and PROVISIONED until there is one."""
    row = find_person(user_id)
    if row.status not in ("STAGED", "DEPROVISIONED"):
        raise ApiError("E0000016")
    set_status(row, "ACTIVE" if row.password_hash else "PROVISIONED")
    return _done("user.lifecycle.activate", "Activate a user", row.id)


@management.post(f"{PATH}/deactivate")
def deactivate_user(user_id: str) -> Response:
    """The user is DEPROVISIONED; all access ends, that of access tokens too."""
    row = find_person(user_id)
    if row.status == "DEPROVISIONED":
        raise _wrong_status("deactivate", row.status)
    deactivate(row)
    return _done("user.lifecycle.deactivate", "Deactivate a user", row.id)


@management.post(f"{PATH}/suspend")
def suspend_user(user_id: str) -> Response:
    """The user is SUSPENDED: signed out, assignments kept."""
    row = find_person(user_id)
    if row.status != "ACTIVE":
        raise _wrong_status("suspend", row.status)
    set_status(row, "SUSPENDED")
    end_access(row, access_tokens=False)
    return _done("user.lifecycle.suspend", "Suspend a user", row.id)


@management.post(f"{PATH}/unsuspend")
def unsuspend_user(user_id: str) -> Response:
    """The user is ACTIVE again."""
    row = find_person(user_id)
    if row.status != "SUSPENDED":
        raise _wrong_status("unsuspend", row.status)
    set_status(row, "ACTIVE")
    return _done("user.lifecycle.unsuspend", "Unsuspend a user", row.id)


@management.post(f"{PATH}/unlock")
def unlock_user(user_id: str) -> Response:
    """The user is ACTIVE again, the password as it was."""
    row = find_person(user_id)
    if row.status != "LOCKED_OUT":
        raise ApiError("E0000032")
    row.failed_sign_ins = 0
    set_status(row, "ACTIVE")
    return _done("user.account.unlock_by_admin", "Unlock a user", row.id)


def _done(event_type: str, message: str, user_id: str) -> Response:
    session().flush()
    log(event_type, message, find_person(user_id))
    return jsonify({})


def _wrong_status(change: str, status: str) -> ApiError:
    return ApiError(
        "E0000001",
        summary=f"Api validation failed: {change}",
        causes=[f"status: A user who is {status} cannot be {_PAST[change]}."],
    )


_PAST = {"deactivate": "deactivated", "suspend": "suspended", "unsuspend": "unsuspended"}
