"""The page between password and session: a second factor, a new factor, a new password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Response, request, url_for

from labserver.domain.authn import SENT, AuthnRefused, enrollable, is_skippable
from labserver.domain.errors import Refusal
from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.signin import factors, recovering, steps, transactions
from labserver.signin.answers import QUESTIONS
from labserver.signin.factors import FactorRefusal
from labserver.signin.transactions import Transaction, progress_of, row_of
from labserver.store import ledger, loaders
from labserver.store.factors import Factor
from labserver.web.context import current_context
from labserver.web.forms import form_token
from labserver.web.pages.arriving import (
    Refused,
    arrive,
    ended,
    ends,
    forget,
    handle_of,
    note,
    resumed,
    words,
)
from labserver.web.pages.blueprint import pages
from labserver.web.pages.new_passwords import demands, typed_password
from labserver.web.pages.visits import Waiting, person, submitted_here, waiting_here
from labserver.web.qr import qr_link
from labserver.web.rendering import csp_source, go, page

LABELS = {
    "question": "Security question",
    "token:software:totp": "Code from an app",
    "sms": "Text message",
    "call": "Phone call",
    "email": "E-mail",
}
"""What people call the factor types."""


@pages.get("/login/step")
def step() -> Response:
    """What this browser's sign-in asks for now."""
    context = current_context()
    waiting = waiting_here(context)
    found = resumed(context)
    if found is None:
        return _from_the_start(waiting)
    try:
        shown = transactions.show(context.session, found, context.now)
    except AuthnRefused as refusal:
        return _refused(context, waiting, refusal)
    return _page(context, shown, waiting)


@pages.post("/login/step")
def submit_step() -> Response:
    """The step is taken, and the browser goes where it leads."""
    context = current_context()
    waiting = waiting_here(context)
    found = resumed(context)
    if found is None:
        return _from_the_start(waiting)
    submitted_here(_handle(found))
    action = _ACTIONS.get(request.form.get("action", ""))
    if action is None:
        raise Refusal("invalid_form", "The form does not say which of its buttons was pressed.")
    try:
        after = action(context, found)
    except (AuthnRefused, FactorRefusal) as refusal:
        return _refused(context, waiting, refusal)
    context.passed("the step may be taken", after.status)
    return arrive(context, after, waiting)


def _verify(context: Context, transaction: Transaction) -> Transaction:
    answer, code = _typed("answer"), _code()
    if not answer and not code:
        # Without either a code would be sent, which only its own button may do.
        raise AuthnRefused("E0000001", "Type the code or the answer first.")
    after = steps.verify(
        context.session,
        transaction,
        context.now,
        _typed("factor"),
        answer=answer,
        pass_code=code,
        remember="remember" in request.form,
    )
    context.event("user.authentication.auth_via_mfa", "A second factor was shown")
    return after


def _send(context: Context, transaction: Transaction) -> Transaction:
    return steps.verify(context.session, transaction, context.now, _typed("factor"))


def _resend(context: Context, transaction: Transaction) -> Transaction:
    activating = transaction.status == "MFA_ENROLL_ACTIVATE"
    return steps.resend(
        context.session,
        transaction,
        context.now,
        transaction.memory.factor or "",
        "resend activation" if activating else "resend verification",
    )


def _enroll(context: Context, transaction: Transaction) -> Transaction:
    kind = _typed("kind")
    profile = {
        name: _typed(name)
        for name in ("question", "answer", "phoneNumber", "email")
        if _typed(name)
    }
    after = steps.enroll(context.session, transaction, context.now, kind, "OKTA", profile)
    context.event("user.mfa.factor.enroll", "A factor is enrolled")
    return after


def _activate(context: Context, transaction: Transaction) -> Transaction:
    after = steps.activate(
        context.session, transaction, context.now, transaction.memory.factor or "", _code()
    )
    context.event("user.mfa.factor.activate", "A factor is activated")
    return after


def _change(context: Context, transaction: Transaction) -> Transaction:
    new, problem = typed_password()
    if problem:
        raise AuthnRefused("E0000014", problem)
    after = steps.change_password(
        context.session, transaction, context.now, request.form.get("old", ""), new
    )
    context.event("user.account.update_password", "The password was changed")
    return after


def _answer(context: Context, transaction: Transaction) -> Transaction:
    after = recovering.answer(context.session, transaction, context.now, _typed("answer"))
    if after.status == "SUCCESS":
        context.event("user.account.unlock", "The account was unlocked")
    return after


def _skip(context: Context, transaction: Transaction) -> Transaction:
    return steps.skip(context.session, transaction, context.now)


def _previous(context: Context, transaction: Transaction) -> Transaction:
    return steps.previous(context.session, transaction, context.now)


def _cancel(context: Context, transaction: Transaction) -> Transaction:
    return steps.cancel(context.session, transaction)


_ACTIONS: Mapping[str, Callable[[Context, Transaction], Transaction]] = {
    "verify": _verify,
    "send": _send,
    "resend": _resend,
    "enroll": _enroll,
    "activate": _activate,
    "change": _change,
    "answer": _answer,
    "skip": _skip,
    "previous": _previous,
    "cancel": _cancel,
}
"""What the buttons of the pages do."""


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _code() -> str:
    """The code, which some people write in two groups."""
    return "".join(_typed("code").split())


def _handle(transaction: Transaction) -> str:
    return f"step {ledger.digest(transaction.token)}"


def _from_the_start(waiting: Waiting | None) -> Response:
    response = go(url_for("pages.sign_in", request_uri=handle_of(waiting)))
    forget(response)
    return response


def _refused(context: Context, waiting: Waiting | None, refusal: Refused) -> Response:
    """The page as it stands now, with what was wrong; or the end of the sign-in."""
    note(context, refusal)
    if ends(refusal):
        return ended(context, refusal)
    now = resumed(context)
    if now is None:
        return _from_the_start(waiting)
    try:
        return _page(context, now, waiting, problem=words(refusal))
    except AuthnRefused as stopped:
        # This failure was one too many.
        return ended(context, stopped)


def _page(
    context: Context, transaction: Transaction, waiting: Waiting | None, problem: str = ""
) -> Response:
    user = transactions.person(transaction)
    template, more = _VIEWS[transaction.status](context, transaction, user)
    target = f" {csp_source(waiting.redirect_uri)}" if waiting else ""
    return page(
        template,
        status=403 if problem else 200,
        submits_to=f"'self'{target}",
        org_name=context.org.name,
        person=person(user),
        problem=problem,
        form_token=form_token(_handle(transaction)),
        action=url_for("pages.step", request_uri=handle_of(waiting)),
        **more,
    )


_View = tuple[str, dict[str, Any]]


def _factor_page(context: Context, transaction: Transaction, user: User) -> _View:
    held = [row for row in factors.enrolled(context.session, user.id) if row.status == "ACTIVE"]
    rules = loaders.load_sign_in_rules(context.session, user)
    sent = transaction.status == "MFA_CHALLENGE"
    wanted = transaction.memory.factor if sent else request.values.get("factor")
    chosen = next((row for row in held if row.id == wanted), held[0])
    others = [
        {"label": LABELS[row.factor_type], "url": _at(factor=row.id)}
        for row in held
        if row is not chosen
    ]
    return "step_factor.html", {
        "factor": _shown(chosen),
        "asks_for_code": sent or chosen.factor_type not in (*SENT, "question"),
        "sent": sent,
        "others": others,
        "may_remember": rules.factor_prompt_mode != "ALWAYS",
        "remember": rules.remember_device_by_default,
    }


def _enroll_page(context: Context, transaction: Transaction, user: User) -> _View:
    progress = progress_of(context.session, transaction, context.now)
    open_ = dict(enrollable(progress))
    wanted = request.values.get("kind", "")
    kind = wanted if wanted in open_ else next(iter(open_))
    return "step_enroll.html", {
        "kind": kind,
        "label": LABELS[kind],
        "others": [
            {"label": LABELS[each], "url": _at(kind=each)} for each in open_ if each != kind
        ],
        "skippable": is_skippable(progress),
        "questions": QUESTIONS,
        "question": _typed("question"),
        "phone": _typed("phoneNumber") or user.profile.get("mobilePhone") or "",
        "email": _typed("email") or user.profile.get("email") or "",
    }


def _activate_page(context: Context, transaction: Transaction, user: User) -> _View:
    held = factors.enrolled(context.session, user.id)
    found = next(row for row in held if row.id == transaction.memory.factor)
    return "step_activate.html", {
        "factor": _shown(found),
        "secret": found.secret,
        "picture": _picture(found, user) if found.secret else "",
    }


def _password_page(context: Context, transaction: Transaction, user: User) -> _View:
    ends = transaction.memory.password_ends
    return "step_password.html", {
        "demands": demands(loaders.load_sign_in_rules(context.session, user)),
        "warned": transaction.status == "PASSWORD_WARN",
        "ends": f"{datetime.fromtimestamp(ends, UTC):%d %B %Y, %H:%M} UTC" if ends else "",
    }


def _answer_page(context: Context, transaction: Transaction, user: User) -> _View:
    return "step_answer.html", {"question": row_of(context.session, user).recovery_question}


_VIEWS: Mapping[str, Callable[[Context, Transaction, User], _View]] = {
    "RECOVERY": _answer_page,
    "MFA_REQUIRED": _factor_page,
    "MFA_CHALLENGE": _factor_page,
    "MFA_ENROLL": _enroll_page,
    "MFA_ENROLL_ACTIVATE": _activate_page,
    "PASSWORD_EXPIRED": _password_page,
    "PASSWORD_WARN": _password_page,
}
"""The page of each status in which a browser's sign-in can stand."""


def _at(**choice: Any) -> str:
    """This page with another choice."""
    return url_for("pages.step", request_uri=request.args.get("request_uri"), **choice)


def _shown(row: Factor) -> dict[str, str]:
    """A factor as the pages show it."""
    target = row.profile.get("phoneNumber") or row.profile.get("email") or ""
    return {
        "id": row.id,
        "type": row.factor_type,
        "label": LABELS[row.factor_type],
        "question": row.profile.get("questionText", ""),
        "target": _veiled(target),
        "sends": "yes" if row.factor_type in SENT else "",
    }


def _picture(row: Factor, user: User) -> str:
    """The address of the factor's QR code, below the org as this browser sees it."""
    token = qr_link(row, user.id)["href"].rpartition("/")[2]
    return url_for("qr.picture", user_id=user.id, factor_id=row.id, token=token)


def _veiled(target: str) -> str:
    """Enough of a number or an address to know it again."""
    name, at, host = target.partition("@")
    if at:
        return f"{name[:1]}…@{host}"
    return f"…{target[-4:]}" if target else ""
