"""The sign-in page: username and password."""

from __future__ import annotations

from flask import Response, request, url_for

from labserver.oauth.context import Context
from labserver.store import ledger
from labserver.web import session_cookie
from labserver.web.authn import by_password
from labserver.web.context import current_context
from labserver.web.forms import form_token
from labserver.web.pages.blueprint import pages
from labserver.web.pages.visits import Waiting, resume, submitted_here, waiting_here
from labserver.web.rendering import csp_source, go, origin, page


@pages.get("/login/login.htm")
def sign_in() -> Response:
    """The form for username and password, also for somebody who is signed in already."""
    context = current_context()
    waiting = waiting_here(context)
    if waiting is None and "switch" not in request.args and session_cookie.signed_in_user(context):
        return go(url_for("pages.home"))
    hint = ""
    if waiting is not None and "switch" not in request.args:
        hint = waiting.parked.parameters.get("login_hint", "")
    return _sign_in_page(context, waiting, username=hint)


@pages.post("/login/login.htm")
def submit_sign_in() -> Response:
    """With the right password the browser gets a new session and goes on."""
    context = current_context()
    waiting = waiting_here(context)
    submitted_here(_sign_in_handle(context, waiting))
    username = request.form.get("username", "")
    user = by_password(context, username, request.form.get("password", ""))
    if user is None:
        return _sign_in_page(context, waiting, username=username, failed=True)
    cookie = session_cookie.start(context, user, ("pwd",))
    if waiting is not None:
        # What somebody else answered before this sign-in counts no more.
        answers = {"signed_in_at": context.now, "consented": None, "denied": None}
        ledger.answer_parked(context.session, waiting.handle, **answers)
    response = resume(waiting) if waiting else go(url_for("pages.home"))
    session_cookie.set_cookie(response, cookie)
    return response


def _sign_in_handle(context: Context, waiting: Waiting | None) -> str:
    return f"sign-in {waiting.handle if waiting else context.org.id}"


def _sign_in_page(
    context: Context, waiting: Waiting | None, *, username: str, failed: bool = False
) -> Response:
    target = waiting.redirect_uri if waiting else ""
    return page(
        "sign_in.html",
        status=401 if failed else 200,
        submits_to=f"'self' {csp_source(target)}" if target else "'self'",
        org_name=context.org.name,
        app_name=waiting.client.name if waiting else "",
        destination=origin(target),
        username=username,
        failed=failed,
        signed_out="signed_out" in request.args,
        form_token=form_token(_sign_in_handle(context, waiting)),
        action=url_for("pages.sign_in", request_uri=waiting.handle if waiting else None),
    )
