"""The page that asks whether an app may have what it asked for."""

from __future__ import annotations

from flask import Response, request, url_for

from labserver.domain.errors import Refusal
from labserver.domain.values import Scope, User
from labserver.oauth.authorize import consent_question
from labserver.oauth.context import Context
from labserver.store import ledger
from labserver.web import session_cookie
from labserver.web.context import current_context
from labserver.web.forms import form_token
from labserver.web.pages.blueprint import pages
from labserver.web.pages.visits import (
    Waiting,
    person,
    required,
    resume,
    submitted_here,
    waiting_here,
)
from labserver.web.rendering import csp_source, go, origin, page


@pages.get("/login/consent")
def consent() -> Response:
    """The question whether the app may have these scopes."""
    context = current_context()
    waiting = required(waiting_here(context))
    user = session_cookie.signed_in_user(context)
    if user is None:
        return go(url_for("pages.sign_in", request_uri=waiting.handle))
    scopes = consent_question(context, waiting.parked, user)
    if not scopes:
        return resume(waiting)
    return page(
        "consent.html",
        submits_to=f"'self' {csp_source(waiting.redirect_uri)}",
        org_name=context.org.name,
        app_name=waiting.client.name,
        person=person(user),
        scopes=scopes,
        form_token=form_token(_consent_handle(waiting, user)),
        action=url_for("pages.consent", request_uri=waiting.handle),
        switch_url=url_for("pages.sign_in", request_uri=waiting.handle, switch=""),
        destination=origin(waiting.redirect_uri),
    )


@pages.post("/login/consent")
def submit_consent() -> Response:
    """The person's yes is kept, or their no; then the app gets its answer."""
    context = current_context()
    waiting = required(waiting_here(context))
    user = session_cookie.signed_in_user(context)
    if user is None:
        return go(url_for("pages.sign_in", request_uri=waiting.handle))
    submitted_here(_consent_handle(waiting, user))
    decision = request.form.get("decision")
    if decision == "allow":
        scopes = _ticked(consent_question(context, waiting.parked, user))
        _allow(context, waiting, user, scopes)
    elif decision == "deny":
        context.note("the person allows it", "failed", "Don't allow was chosen.")
        context.event(
            "app.oauth2.as.consent.grant",
            "User consent to an app",
            outcome="DENY",
            reason="The person did not allow it.",
        )
        ledger.answer_parked(context.session, waiting.handle, denied=True)
    else:
        raise Refusal("invalid_form", "The form says neither Allow nor Don't allow.")
    return resume(waiting)


def _consent_handle(waiting: Waiting, user: User) -> str:
    # With the person in it: who changes accounts in another tab doesn't answer for the new one.
    return f"consent {waiting.handle} {user.id}"


def _ticked(asked: tuple[Scope, ...]) -> list[str]:
    """What was allowed: every scope but the optional ones that the person took away."""
    ticked = set(request.form.getlist("scope"))
    return [scope.name for scope in asked if not scope.optional or scope.name in ticked]


def _allow(context: Context, waiting: Waiting, user: User, scopes: list[str]) -> None:
    parked = waiting.parked
    ledger.consent(
        context.session, user.id, parked.client_id, parked.server_id, scopes, context.now
    )
    ledger.answer_parked(context.session, waiting.handle, consented=scopes, consented_by=user.id)
    context.passed("the person allows it", " ".join(scopes))
    context.event("app.oauth2.as.consent.grant", "User consent to an app")
