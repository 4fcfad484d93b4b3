"""The browser's own session (Okta: /sessions/me)."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response

from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.store import ledger, loaders
from labserver.web import session_cookie
from labserver.web.context import current_context
from labserver.web.errors import ApiError
from labserver.web.management.resources import Json, link, timestamp

sessions = Blueprint("sessions", __name__)


@sessions.get("/api/v1/sessions/me")
def session() -> Response:
    """The session of the browser that asks."""
    return _private(jsonify(document(current_context(), *_own_session(current_context()), "me")))


@sessions.delete("/api/v1/sessions/me")
def end_session() -> Response:
    """The browser is signed out."""
    context = current_context()
    found, _ = _own_session(context)
    ledger.end_session(context.session, found.id)
    context.event("user.session.end", "User logout from the lab")
    response = make_response("", 204)
    session_cookie.clear_cookie(response)
    return _private(response)


@sessions.post("/api/v1/sessions/me/lifecycle/refresh")
def refresh_session() -> Response:
    """The session lasts its whole lifetime again."""
    context = current_context()
    _own_session(context)
    session_cookie.prolong(context)
    return _private(jsonify(document(context, *_own_session(context), "me")))


def document(context: Context, found: ledger.SignedIn, user: User, path: str) -> Json:
    """The session as the API shows it; `path` is how its links name it: its id, or `me`."""
    names = (user.profile.get("firstName"), user.profile.get("lastName"))
    here = f"/api/v1/sessions/{path}"
    return {
        "id": found.id,
        "login": user.login,
        "userId": user.id,
        "status": "ACTIVE",
        "createdAt": timestamp(found.created),
        "expiresAt": timestamp(found.expires),
        "lastPasswordVerification": timestamp(found.auth_time),
        "lastFactorVerification": None,
        "amr": list(found.amr),
        "idp": {"id": context.org.id, "type": "OKTA"},
        "_links": {
            "self": link(here, "GET", "DELETE"),
            "refresh": link(f"{here}/lifecycle/refresh", "POST"),
            "user": {"name": " ".join(filter(None, names)) or user.login}
            | link(f"/api/v1/users/{'me' if path == 'me' else user.id}", "GET"),
        },
    }


def _own_session(context: Context) -> tuple[ledger.SignedIn, User]:
    """The caller's session and who it is. Raises `ApiError` E0000007 without one."""
    found = session_cookie.signed_in(context)
    user = loaders.load_user(context.session, found.user_id) if found else None
    if found is None or user is None or not user.may_sign_in:
        raise ApiError("E0000007", summary="Not found: Resource not found: me (Session)")
    context.actor_user = user
    return found, user


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response
