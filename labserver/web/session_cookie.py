"""The cookie that keeps a person signed in at one org."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from flask import Response, request

from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.store import ledger, loaders
from labserver.web.forms import cookie_attributes

COOKIE = "sid"


def signed_in(context: Context) -> ledger.SignedIn | None:
    """The session that this browser holds at the request's org, if it still lives."""
    # The root org's cookie also reaches the other orgs' paths; only one of them is found here.
    for value in islice(request.cookies.getlist(COOKIE), 4):
        found = ledger.find_session(context.session, value, context.now)
        if found and context.session_lifetime(found.created) > 0:
            return _touched(context, found)
    return None


def signed_in_user(context: Context) -> User | None:
    """The person of that session, unless the account has been stopped since."""
    session = signed_in(context)
    if session is None:
        return None
    user = loaders.load_user(context.session, session.user_id)
    if user is None or not user.may_sign_in:
        return None
    context.actor_user = user
    return user


def start(context: Context, user: User, amr: tuple[str, ...]) -> str:
    """Open a session for `user` and return its cookie value; the browser's old one is over.

    The value is new at each sign-in, so that one planted before it is worth nothing.
    """
    end(context)
    context.actor_user = user
    return ledger.start_session(
        context.session,
        user.id,
        amr=amr,
        now=context.now,
        lifetime=context.session_lifetime(),
    )


def prolong(context: Context) -> None:
    """The browser's session lasts its whole lifetime again."""
    if found := signed_in(context):
        # Uses are noted once a minute; this one was asked for, so it is noted at once.
        _touched(context, replace(found, last_used=0))


def end(context: Context) -> None:
    """End the browser's session, if it has one."""
    if session := signed_in(context):
        ledger.end_session(context.session, session.id)


def set_cookie(response: Response, value: str) -> None:
    """Hand the browser the session; it forgets the cookie when it is closed."""
    response.set_cookie(COOKIE, value, **cookie_attributes())


def clear_cookie(response: Response) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, **cookie_attributes())


def _touched(context: Context, found: ledger.SignedIn) -> ledger.SignedIn:
    lifetime = context.session_lifetime(found.created)
    ledger.touch_session(context.session, found, now=context.now, lifetime=lifetime)
    return found
