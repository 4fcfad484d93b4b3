"""The sign-in page: username and password, the first step of every sign-in."""

from __future__ import annotations

from flask import Response, request, url_for

from labserver.domain.authn import AuthnRefused
from labserver.domain.errors import Refusal
from labserver.domain.sign_in_policy import SignInRules
from labserver.oauth.context import Context
from labserver.signin import transactions
from labserver.store import loaders
from labserver.web import session_cookie
from labserver.web.authn import by_credentials
from labserver.web.context import current_context
from labserver.web.forms import browser_cookie, form_token
from labserver.web.pages.arriving import arrive, handle_of, words
from labserver.web.pages.blueprint import pages
from labserver.web.pages.visits import Waiting, submitted_here, waiting_here
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
    """With the right password the browser goes on: to a new session, or to the next step."""
    context = current_context()
    waiting = waiting_here(context)
    submitted_here(_handle(context, waiting))
    username = request.form.get("username", "")
    found = by_credentials(context, username, request.form.get("password", ""))
    user = found.user or found.expired
    if user is None:
        locked = found.reason == "LOCKED_OUT"
        return _sign_in_page(context, waiting, username=username, failed=True, locked=locked)
    try:
        begun = transactions.begin(
            context.session,
            user,
            context.now,
            password_ends=found.expires,
            warn=True,
            device=browser_cookie(request),
        )
    except AuthnRefused as refusal:
        raise Refusal("access_denied", words(refusal), 403) from None
    return arrive(context, begun, waiting)


def _handle(context: Context, waiting: Waiting | None) -> str:
    return f"sign-in {waiting.handle if waiting else context.org.id}"


def _sign_in_page(
    context: Context,
    waiting: Waiting | None,
    *,
    username: str,
    failed: bool = False,
    locked: bool = False,
) -> Response:
    target = waiting.redirect_uri if waiting else ""
    rules = loaders.load_sign_in_rules(context.session)
    return page(
        "sign_in.html",
        status=401 if failed else 200,
        submits_to=f"'self' {csp_source(target)}" if target else "'self'",
        org_name=context.org.name,
        app_name=waiting.client.name if waiting else "",
        destination=origin(target),
        username=username,
        failed=failed,
        # Only where the org wants people to know, which tells others that the name exists.
        locked=locked and rules.show_lockout,
        signed_out="signed_out" in request.args,
        unlocked="unlocked" in request.args,
        forgot_url=_link("forgot_password") if _open(rules.may_reset_password, rules) else "",
        unlock_url=_link("unlock_account") if _open(rules.may_unlock, rules) else "",
        form_token=form_token(_handle(context, waiting)),
        action=url_for("pages.sign_in", request_uri=handle_of(waiting)),
    )


def _open(allowed: bool, rules: SignInRules) -> bool:
    """Whether people may help themselves by mail."""
    return allowed and rules.recovery_email


def _link(page_name: str) -> str:
    return url_for(f"pages.{page_name}")
