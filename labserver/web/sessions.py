"""The browser's own session (Okta: /sessions/me), and the way to one by a link."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, redirect, request

from labserver.domain.errors import Refusal
from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.store import ledger, loaders
from labserver.web import session_cookie
from labserver.web.context import current_context
from labserver.web.errors import ApiError
from labserver.web.management.resources import Json, link, timestamp
from labserver.web.rendering import error_page
from labserver.web.trusted import may_be_sent_to

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


@sessions.get("/login/sessionCookieRedirect")
def session_cookie_redirect() -> Response:
    """A session token becomes the browser's session, and the browser goes on to `redirectUrl`.

    That must be of this org or at a trusted origin with the scope REDIRECT, or anybody could send
    people anywhere in the lab's name. A bad token changes nothing (Okta: sessionCookieRedirect).
    """
    context = current_context()
    target = request.args.get("redirectUrl", "")
    if not may_be_sent_to(context, target):
        refusal = Refusal(
            "invalid_request",
            "The 'redirectUrl' parameter must be at a trusted origin with the scope REDIRECT.",
        )
        context.refused(refusal)
        return error_page(refusal.status, refusal.error, refusal.description, context.request_id)
    response = make_response(redirect(target, 302))
    response.headers["Referrer-Policy"] = "no-referrer"
    proven = ledger.claim_session_token(context.session, request.args.get("token", ""), context.now)
    user = loaders.load_user(context.session, proven.user_id) if proven else None
    if proven and user and user.may_sign_in:
        session_cookie.set_cookie(response, session_cookie.start(context, user, proven.amr))
        context.event("user.session.start", "User login to the lab by a session token")
    return _private(response)


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
