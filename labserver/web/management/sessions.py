"""`/sessions`: people's sign-ins, as administrators see and end them."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import Field

from labserver.domain.values import User
from labserver.store import ledger, loaders
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, not_found
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import answer, gone, session
from labserver.web.management.routes import management
from labserver.web.sessions import document

PATH = "/sessions"


class SessionDocument(Document):
    """What a new session is made from."""

    session_token: Annotated[str, Field(min_length=1, max_length=255)]


@management.post(PATH)
def create_session() -> Response:
    """A session of whom the session token was given to; the token is used up.

    No browser holds it: who wants a cookie goes to authorize, or to `/login/sessionCookieRedirect`.
    Raises `ApiError` E0000004 for a token that proves nothing any more.
    """
    context = current_context()
    body = read(SessionDocument, json_body())
    proven = ledger.claim_session_token(session(), body.session_token, context.now)
    user = loaders.load_user(session(), proven.user_id) if proven else None
    if proven is None or user is None or not user.may_sign_in:
        raise ApiError("E0000004")
    lifetime = context.session_lifetime()
    value = ledger.start_session(
        session(), user.id, amr=proven.amr, now=context.now, lifetime=lifetime
    )
    made = ledger.find_session(session(), value, context.now)
    assert made is not None
    _log("user.session.start", "Start a session by a session token", user)
    return answer(document(context, made, user, made.id))


@management.get(f"{PATH}/<session_id>")
def get_session(session_id: str) -> Response:
    """One session."""
    found, user = _the_session(session_id)
    return answer(document(current_context(), found, user, found.id))


@management.delete(f"{PATH}/<session_id>")
def revoke_session(session_id: str) -> Response:
    """The browser that holds the session is signed out."""
    found, user = _the_session(session_id)
    ledger.end_session(session(), found.id)
    _log("user.session.end", "An administrator ends a session", user)
    return gone()


@management.post(f"{PATH}/<session_id>/lifecycle/refresh")
def refresh_session(session_id: str) -> Response:
    """The session lasts its whole lifetime again."""
    context = current_context()
    found, user = _the_session(session_id)
    lifetime = context.session_lifetime(found.created)
    ledger.prolong_session(session(), found.id, now=context.now, lifetime=lifetime)
    return answer(document(context, *_the_session(session_id), found.id))


def _the_session(session_id: str) -> tuple[ledger.SignedIn, User]:
    """The session with this id and whose it is. Raises `ApiError` E0000007."""
    found = ledger.session_of_id(session(), session_id, current_context().now)
    user = loaders.load_user(session(), found.user_id) if found else None
    if found is None or user is None or not user.may_sign_in:
        raise not_found(session_id, "Session")
    return found, user


def _log(event_type: str, message: str, user: User) -> None:
    names = {"alternateId": user.login, "displayName": user.login}
    current_context().event(event_type, message, targets=({"id": user.id, "type": "User"} | names,))
