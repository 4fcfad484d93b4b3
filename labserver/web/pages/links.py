"""Where the links of mails lead: activation, a new password, unlocking. Each works once.

A GET uses no link up, so that programs which look at mails don't; the form's POST does.
"""

from __future__ import annotations

from flask import Response, request, url_for

from labserver.domain.authn import AuthnRefused
from labserver.domain.sign_in_policy import SignInRules
from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.signin import recovering
from labserver.signin.answers import answer_problem, check_recovery_answer, hash_answer
from labserver.signin.passwords import password_problems
from labserver.signin.transactions import MAY_GO_ON, Transaction, row_of
from labserver.store import ledger, loaders
from labserver.store.ledger.recovery import RecoveryKind
from labserver.web.context import current_context
from labserver.web.error_codes import CODES
from labserver.web.forms import form_token
from labserver.web.pages.arriving import arrive, note
from labserver.web.pages.blueprint import pages
from labserver.web.pages.new_passwords import demands, typed_password
from labserver.web.pages.visits import person, submitted_here
from labserver.web.rendering import page

_LONGEST_QUESTION = 100
_WRONG_ANSWER = CODES["E0000087"][1]


@pages.get("/welcome/<token>")
def welcome(token: str) -> Response:
    """The form with which a new person chooses a password, and a recovery question if they like."""
    context = current_context()
    user = _holder(context, token, "activation")
    return _welcome_page(context, token, user) if user else _over(context)


@pages.post("/welcome/<token>")
def submit_welcome(token: str) -> Response:
    """The person is active, with this password, and signed in as far as it leads."""
    context = current_context()
    submitted_here(_handle(token))
    user = _holder(context, token, "activation")
    if user is None:
        return _over(context)
    new, problem = _new_password(context, user)
    question, said = _typed("question"), _typed("answer")
    problem = problem or _question_problem(context, user, question, said)
    if problem:
        return _welcome_page(context, token, user, problem)
    try:
        begun = recovering.accept_activation_token(context.session, token, context.now)
        after = recovering.reset_password(context.session, begun, context.now, new)
    except AuthnRefused as refusal:
        note(context, refusal)
        return _over(context)
    if question:
        row = row_of(context.session, user)
        row.recovery_question, row.recovery_answer_hash = question, hash_answer(said)
    context.actor_user = after.user
    context.event("user.lifecycle.activate", "The person chose a password and is active")
    return arrive(context, after, None)


@pages.get("/signin/reset-password/<token>")
def reset_password(token: str) -> Response:
    """The form for a new password; with the recovery question, where the person has one."""
    context = current_context()
    user = _holder(context, token, "password")
    return _reset_page(context, token, user) if user else _over(context)


@pages.post("/signin/reset-password/<token>")
def submit_reset_password(token: str) -> Response:
    """The person has this password, and is signed in as far as it leads.

    A wrong answer counts like a wrong password and leaves the link as it is.
    """
    context = current_context()
    submitted_here(_handle(token))
    user = _holder(context, token, "password")
    if user is None:
        return _over(context)
    new, problem = _new_password(context, user)
    if problem:
        return _reset_page(context, token, user, problem)
    if not _answered(context, user):
        return _reset_page(context, token, user, _WRONG_ANSWER)
    try:
        begun = _accepted(context, token)
        after = recovering.reset_password(context.session, begun, context.now, new)
    except AuthnRefused as refusal:
        note(context, refusal)
        return _over(context)
    context.actor_user = after.user
    context.event("user.account.reset_password", "The password was reset")
    return arrive(context, after, None)


@pages.get("/signin/unlock/<token>")
def unlock(token: str) -> Response:
    """The question whether to unlock the account, which a link alone does not do."""
    context = current_context()
    user = _holder(context, token, "unlock")
    return _unlock_page(context, token, user) if user else _over(context)


@pages.post("/signin/unlock/<token>")
def submit_unlock(token: str) -> Response:
    """The account is active again, or first the recovery question is asked."""
    context = current_context()
    submitted_here(_handle(token))
    user = _holder(context, token, "unlock")
    if user is None:
        return _over(context)
    try:
        after = recovering.accept_recovery_token(context.session, token, context.now)
    except AuthnRefused as refusal:
        note(context, refusal)
        return _over(context)
    context.actor_user = user
    if after.status == "SUCCESS":
        context.event("user.account.unlock", "The account was unlocked")
    return arrive(context, after, None)


def _holder(context: Context, token: str, kind: RecoveryKind) -> User | None:
    """Whom a link was made for, while it works."""
    user_id = ledger.find_recovery_token(context.session, token, kind, context.now)
    user = loaders.load_user(context.session, user_id) if user_id else None
    purpose = "activation" if kind == "activation" else kind
    if user is None or user.status not in MAY_GO_ON[purpose]:
        context.note("the link works", "failed", "It is used, too old, or unknown.")
        return None
    context.passed("the link works", user.login)
    return user


def _over(context: Context) -> Response:
    return page(
        "link_over.html",
        status=403,
        org_name=context.org.name,
        words=CODES["E0000105"][1],
        sign_in_url=url_for("pages.sign_in"),
        forgot_url=url_for("pages.forgot_password"),
    )


def _handle(token: str) -> str:
    return f"link {ledger.digest(token)}"


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _new_password(context: Context, user: User) -> tuple[str, str]:
    """The new password, and what is wrong with it."""
    new, problem = typed_password()
    rules = loaders.load_sign_in_rules(context.session, user)
    return new, problem or " ".join(password_problems(new, user.login, rules, user.profile))


def _question_problem(context: Context, user: User, question: str, said: str) -> str:
    if not question and not said:
        return ""
    if not question or len(question) > _LONGEST_QUESTION:
        return f"The question must have 1 to {_LONGEST_QUESTION} characters."
    least = loaders.load_sign_in_rules(context.session, user).recovery_answer_length
    return answer_problem(question, said, least) or ""


def _question(context: Context, user: User) -> str:
    """The recovery question that the person has to answer; empty where there is none."""
    asks = loaders.load_sign_in_rules(context.session, user).recovery_question
    return (row_of(context.session, user).recovery_question or "") if asks else ""


def _answered(context: Context, user: User) -> bool:
    if not _question(context, user):
        return True
    if check_recovery_answer(context.session, user.id, _typed("answer"), context.now):
        return True
    context.note("the recovery question is answered", "failed", "The answer is wrong.")
    return False


def _accepted(context: Context, token: str) -> Transaction:
    """The link is used up, and its person may choose a password."""
    begun = recovering.accept_recovery_token(context.session, token, context.now)
    if begun.status == "RECOVERY":
        return recovering.answer(context.session, begun, context.now, _typed("answer"))
    return begun


def _welcome_page(context: Context, token: str, user: User, problem: str = "") -> Response:
    return _form(
        context,
        token,
        user,
        problem,
        "welcome.html",
        url_for("pages.welcome", token=token),
        question=_typed("question"),
    )


def _reset_page(context: Context, token: str, user: User, problem: str = "") -> Response:
    return _form(
        context,
        token,
        user,
        problem,
        "reset_password.html",
        url_for("pages.reset_password", token=token),
        question=_question(context, user),
    )


def _unlock_page(context: Context, token: str, user: User) -> Response:
    return _form(
        context, token, user, "", "unlock.html", url_for("pages.unlock", token=token), question=""
    )


def _form(
    context: Context,
    token: str,
    user: User,
    problem: str,
    template: str,
    action: str,
    *,
    question: str,
) -> Response:
    rules: SignInRules = loaders.load_sign_in_rules(context.session, user)
    return page(
        template,
        status=403 if problem else 200,
        org_name=context.org.name,
        person=person(user),
        problem=problem,
        question=question,
        demands=demands(rules),
        form_token=form_token(_handle(token)),
        action=action,
    )
