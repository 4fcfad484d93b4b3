"""The org's first pages: who is signed in here, and the way out."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, request, url_for

from labserver.oauth.context import Context
from labserver.store import ledger, loaders
from labserver.web import session_cookie
from labserver.web.context import current_context
from labserver.web.forms import form_token
from labserver.web.pages.blueprint import pages
from labserver.web.pages.visits import person, submitted_here
from labserver.web.rendering import csp_source, go, page
from labserver.web.trusted import may_be_sent_to


@pages.get("/")
def front() -> Response:
    """The org's bare address leads to its first page."""
    return go(url_for("pages.home"))


@pages.get("/app/UserHome")
def home() -> Response:
    """Who is signed in here, and the way out."""
    context = current_context()
    session = session_cookie.signed_in(context)
    user = session_cookie.signed_in_user(context)
    if session is None or user is None:
        return go(url_for("pages.sign_in"))
    return page(
        "home.html",
        org_name=context.org.name,
        person=person(user),
        groups=sorted(group.name for group in user.groups),
        signed_in_at=_clock(session.auth_time),
        session_ends=_clock(session.expires),
        form_token=form_token(f"sign-out {session.id}"),
        action=url_for("pages.sign_out"),
    )


@pages.get("/login/signout")
def sign_out() -> Response:
    """The question first: a link alone signs nobody out."""
    context = current_context()
    session = session_cookie.signed_in(context)
    user = session_cookie.signed_in_user(context)
    target = _afterwards(context)
    if session is None or user is None:
        return go(target or url_for("pages.sign_in"))
    return page(
        "sign_out.html",
        submits_to=f"'self' {csp_source(target)}" if target else "'self'",
        org_name=context.org.name,
        person=person(user),
        form_token=form_token(f"sign-out {session.id}"),
        action=url_for("pages.sign_out", fromURI=target),
        home_url=url_for("pages.home"),
    )


@pages.post("/login/signout")
def submit_sign_out() -> Response:
    """The session is over; tokens that apps hold are not."""
    context = current_context()
    session = session_cookie.signed_in(context)
    if session is not None:
        submitted_here(f"sign-out {session.id}")
        context.actor_user = loaders.load_user(context.session, session.user_id)
        ledger.end_session(context.session, session.id)
        context.event("user.session.end", "User logout from the lab")
    response = go(_afterwards(context) or url_for("pages.sign_in", signed_out=""))
    session_cookie.clear_cookie(response)
    return response


def _afterwards(context: Context) -> str | None:
    """Where the person wants to be after signing out, if browsers may be sent there."""
    target = request.args.get("fromURI", "")
    return target if may_be_sent_to(context, target) else None


def _clock(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
