"""Where a browser goes after a step of signing in; the state token stays in a cookie."""

from __future__ import annotations

from flask import Response, request, url_for

from labserver.domain.authn import AuthnRefused
from labserver.oauth.context import Context
from labserver.signin import transactions
from labserver.signin.factors import FactorRefusal
from labserver.signin.transactions import Transaction
from labserver.store import ledger
from labserver.web import session_cookie
from labserver.web.error_codes import CODES
from labserver.web.forms import cookie_attributes
from labserver.web.pages.visits import Waiting, resume
from labserver.web.rendering import error_page, go

COOKIE = "state"

Refused = AuthnRefused | FactorRefusal

_OVER = ("E0000006", "E0000011", "E0000069")
"""Refusals that end a sign-in."""


def arrive(context: Context, transaction: Transaction, waiting: Waiting | None) -> Response:
    """The browser is signed in and goes on, or does the next step, or starts again."""
    if transaction.status == "SUCCESS" and transaction.memory.purpose == "unlock":
        # An unlocked account is not a sign-in: the password comes next.
        response = go(url_for("pages.sign_in", unlocked=""))
    elif transaction.status == "SUCCESS":
        response = _signed_in(context, transaction, waiting)
    elif transaction.token:
        response = go(url_for("pages.step", request_uri=handle_of(waiting)))
        response.set_cookie(COOKIE, transaction.token, **cookie_attributes())
        return response
    else:
        response = go(url_for("pages.sign_in", request_uri=handle_of(waiting)))
    forget(response)
    return response


def resumed(context: Context) -> Transaction | None:
    """The sign-in that this browser has begun, as long as it lives."""
    try:
        found = transactions.resume(context.session, request.cookies.get(COOKIE, ""), context.now)
    except AuthnRefused:
        return None
    context.actor_user = found.user
    return found


def forget(response: Response) -> None:
    """The browser gives its state token away."""
    response.delete_cookie(COOKIE, **cookie_attributes())


def handle_of(waiting: Waiting | None) -> str | None:
    """The request URI that the addresses of the steps carry, for `url_for`."""
    return waiting.handle if waiting else None


def note(context: Context, refusal: Refused) -> None:
    """The log learns why a step was not taken."""
    context.note("the step may be taken", "failed", refusal.cause or refusal.code)
    if refusal.locked:
        context.event("user.account.lock", "Too many failures lock the account")


def words(refusal: Refused) -> str:
    """A refusal for the person."""
    return refusal.cause or CODES[refusal.code][1]


def ends(refusal: Refused) -> bool:
    """Whether the sign-in is over with this refusal."""
    return refusal.code in _OVER


def ended(context: Context, refusal: Refused) -> Response:
    """The page that ends the sign-in."""
    status = CODES[refusal.code][0]
    response = error_page(status, refusal.code, words(refusal), context.request_id)
    forget(response)
    return response


def _signed_in(context: Context, transaction: Transaction, waiting: Waiting | None) -> Response:
    user = transaction.user
    assert user is not None
    cookie = session_cookie.start(context, user, transaction.amr)
    context.event("user.session.start", "User login to the lab")
    if waiting is not None:
        # What somebody else answered before this sign-in counts no more.
        answers = {"signed_in_at": context.now, "consented": None, "denied": None}
        ledger.answer_parked(context.session, waiting.handle, **answers)
    response = resume(waiting) if waiting else go(url_for("pages.home"))
    session_cookie.set_cookie(response, cookie)
    return response
