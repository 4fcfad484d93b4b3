"""Primary authentication over JSON (Okta: /authn)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify
from sqlalchemy import select

from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.signin.passwords import check_password
from labserver.store import directory, ledger
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid
from labserver.web.management.resources import timestamp

authn = Blueprint("authn", __name__)


@authn.post("/api/v1/authn")
def authenticate() -> Response:
    """With the right password: a session token, for one sign-in at authorize."""
    context = current_context()
    body = json_body()
    if "stateToken" in body or "token" in body:
        raise ApiError("E0000011")
    username, password = _text(body, "username"), _text(body, "password")
    user = by_password(context, username, password)
    if user is None:
        raise ApiError("E0000004")
    lifetime = context.settings.lifetime_session_token
    token = ledger.save_session_token(
        context.session, user.id, amr=("pwd",), now=context.now, lifetime=lifetime
    )
    answer = {
        "expiresAt": timestamp(context.now + lifetime),
        "status": "SUCCESS",
        "sessionToken": token,
        "_embedded": {"user": _user_document(context, user)},
    }
    return _private(jsonify(answer))


def by_password(context: Context, login: str, password: str) -> User | None:
    """The person with this login and password; the log learns what was wrong, the caller never."""
    found = check_password(context.session, login, password, context.now)
    if found.user is None:
        context.note("username and password are right", "failed", found.reason)
        context.event(
            "user.session.start", "User login to the lab", outcome="FAILURE", reason=found.reason
        )
        if found.locked:
            context.event("user.account.lock", "Too many failed sign-ins lock the account")
        return None
    context.actor_user = found.user
    context.passed("username and password are right", found.user.login)
    context.event("user.session.start", "User login to the lab")
    return found.user


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None or value == "":
        raise invalid(name, "The field cannot be left blank")
    if not isinstance(value, str):
        raise ApiError("E0000003")
    return value


def _user_document(context: Context, user: User) -> dict[str, Any]:
    changed = context.session.scalar(
        select(directory.User.password_changed).where(directory.User.id == user.id)
    )
    return {
        "id": user.id,
        "passwordChanged": timestamp(changed),
        "profile": {
            "login": user.login,
            "firstName": user.profile.get("firstName"),
            "lastName": user.profile.get("lastName"),
            "locale": user.profile.get("locale") or "en_US",
            "timeZone": user.profile.get("timezone") or "America/Los_Angeles",
        },
    }


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response
