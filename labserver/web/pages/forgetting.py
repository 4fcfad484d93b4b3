"""Where people ask for a link: a forgotten password, a locked account."""

from __future__ import annotations

from flask import Response, request, url_for

from labserver.signin import recovering
from labserver.signin.recovering import Recovery
from labserver.web.authn import RESET_PAGE, UNLOCK_PAGE
from labserver.web.context import current_context
from labserver.web.forms import form_token
from labserver.web.pages.blueprint import pages
from labserver.web.pages.visits import submitted_here
from labserver.web.rendering import page


@pages.get("/signin/forgot-password")
def forgot_password() -> Response:
    """The form for a username whose password is forgotten."""
    return _form("password")


@pages.post("/signin/forgot-password")
def submit_forgot_password() -> Response:
    """A link lies in the outbox, if somebody has that name; the page does not say so."""
    return _sent("password", RESET_PAGE)


@pages.get("/signin/unlock-account")
def unlock_account() -> Response:
    """The form for a username that is locked."""
    return _form("unlock")


@pages.post("/signin/unlock-account")
def submit_unlock_account() -> Response:
    """A link lies in the outbox, if somebody locked has that name; the page does not say so."""
    return _sent("unlock", UNLOCK_PAGE)


def _form(purpose: Recovery) -> Response:
    context = current_context()
    here = {"password": "pages.forgot_password", "unlock": "pages.unlock_account"}[purpose]
    return page(
        "forgotten.html",
        org_name=context.org.name,
        purpose=purpose,
        form_token=form_token(_handle(purpose)),
        action=url_for(here),
        sign_in_url=url_for("pages.sign_in"),
    )


def _sent(purpose: Recovery, where: str) -> Response:
    context = current_context()
    submitted_here(_handle(purpose))
    recovering.recover(
        context.session,
        purpose,
        request.form.get("username", ""),
        context.now,
        channel="email",
        link_prefix=f"{context.org.url}{where}",
    )
    context.event("user.account.recovery_asked", "Somebody asked for a recovery link")
    return page(
        "link_sent.html",
        org_name=context.org.name,
        purpose=purpose,
        sign_in_url=url_for("pages.sign_in"),
    )


def _handle(purpose: Recovery) -> str:
    return f"recover {purpose}"
