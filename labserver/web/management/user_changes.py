"""What changes about a user, whichever call asks: status, access, profile, credentials, links."""

from __future__ import annotations

from sqlalchemy import delete, select

from labserver.domain import lifecycle
from labserver.domain.sign_in_policy import SignInRules
from labserver.signin import outbox
from labserver.signin.answers import answer_problem, hash_answer
from labserver.signin.passwords import password_problems
from labserver.store import ledger, loaders
from labserver.store.apps import AppUser
from labserver.store.core import org_of
from labserver.store.directory import User, login_key
from labserver.store.factors import Factor
from labserver.store.hashing import hash_password
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid
from labserver.web.management.resources import EXISTS, Json, session, target, url
from labserver.web.management.role_holders import a_super_admin_remains
from labserver.web.management.user_documents import RecoveryQuestion, UserCredentials


def must_allow(row: User, name: str) -> None:
    """Raises the `ApiError` of an operation (`domain.lifecycle`) that this user can't undergo."""
    operation = lifecycle.OPERATIONS[name]
    has_password, has_question = bool(row.password_hash), bool(row.recovery_question)
    if operation.is_open(row.status, has_password=has_password, has_question=has_question):
        return
    if operation.code == "E0000001":
        raise ApiError(
            "E0000001",
            summary=f"Api validation failed: {name}",
            causes=[f"status: A user who is {row.status} cannot be {lifecycle.PAST[name]}."],
        )
    raise ApiError(operation.code, causes=[f"The user is {row.status}."])


def set_status(row: User, status: str) -> None:
    """The user has this status from now on."""
    if row.status == status:
        return
    now = current_context().now
    row.status = status
    row.status_changed = now
    if status == "ACTIVE" and row.activated is None:
        row.activated = now


def deactivate(row: User) -> None:
    """The user is out: no assignments, sessions, tokens or links of any kind.

    Raises `ApiError` E0000001 for the last super admin.
    """
    with a_super_admin_remains("status"):
        set_status(row, "DEPROVISIONED")
    session().execute(delete(AppUser).where(AppUser.user_pk == row.pk))
    end_access(row, access_tokens=True)


def end_access(row: User, *, access_tokens: bool) -> None:
    """Sessions, refresh tokens, API tokens and links of the user end; access tokens if asked."""
    session().flush()
    ledger.revoke_user(session(), row.id, current_context().now, access_tokens=access_tokens)
    ledger.end_api_tokens(session(), row.id)
    ledger.end_recovery_tokens(session(), row.id)


def remove_factors(row: User) -> None:
    """The user has no factor any more."""
    session().flush()
    session().execute(delete(Factor).where(Factor.user_pk == row.pk))


def log(event_type: str, message: str, row: User, outcome: str = "SUCCESS") -> None:
    """The log says what was done to the user."""
    about = (target(row, "User", row.login),)
    current_context().event(event_type, message, outcome=outcome, targets=about)


def fill(row: User, attributes: Json, *, whole: bool) -> None:
    """The profile has these attributes; with `whole`, no others."""
    if login := attributes.get("login"):
        row.login = login
        row.key = login_key(login)
    kept = {} if whole else dict(row.profile)
    kept |= attributes
    row.profile = {name: value for name, value in kept.items() if value is not None}


def login_must_be_free(login: str | None, row: User | None) -> None:
    """Raises `ApiError` E0000001 when somebody else has the login, in whatever spelling."""
    if login is None:
        return
    key = login_key(login)
    holder = session().scalars(select(User).where(User.key == key)).one_or_none()
    if holder is not None and holder is not row:
        raise invalid("login", EXISTS)


def set_credentials(row: User, credentials: UserCredentials) -> None:
    """An admin's password and recovery question for the user, who may use them at once.

    Raises `ApiError` E0000001.
    """
    if credentials.password and credentials.password.value is not None:
        value = credentials.password.value
        if problems := problems_of(row, value):
            raise ApiError(
                "E0000001",
                summary="Api validation failed: password",
                causes=[f"password: {problem}" for problem in problems],
            )
        set_password(row, value)
    if credentials.recovery_question is not None:
        set_question(row, credentials.recovery_question)


def problems_of(row: User, password: str) -> list[str]:
    """What a new password of this user lacks by the org's password policy."""
    return password_problems(password, row.login, rules(), row.profile)


def set_password(row: User, value: str) -> None:
    """This is the user's password; who waited for a new one is ACTIVE, and old links are over."""
    row.password_hash = hash_password(value)
    row.password_changed = current_context().now
    row.failed_sign_ins = 0
    set_status(row, lifecycle.status_after_new_password(row.status))
    ledger.end_recovery_tokens(session(), row.id)


def set_question(row: User, question: RecoveryQuestion) -> None:
    """This is the user's recovery question, where an answer came with it. Raises E0000001."""
    if question.answer is None:
        return
    shortest = rules().recovery_answer_length
    if problem := answer_problem(question.question, question.answer, shortest):
        raise invalid("recovery_question", problem)
    row.recovery_question = question.question
    row.recovery_answer_hash = hash_answer(question.answer)


def rules() -> SignInRules:
    """What the org's policies demand of its people."""
    return loaders.load_sign_in_rules(session())


def activation_link(row: User) -> tuple[str, str]:
    """The URL of a new activation link, and the token in it."""
    now, lifetime = current_context().now, lifecycle.ACTIVATION_LIFETIME
    token = ledger.new_recovery_token(session(), row.id, "activation", now, lifetime)
    return url(f"/welcome/{token}"), token


def reset_link(row: User, lifetime: int = lifecycle.RESET_LIFETIME) -> str:
    """The URL of a new link to choose another password, good for `lifetime` seconds."""
    now = current_context().now
    token = ledger.new_recovery_token(session(), row.id, "password", now, lifetime)
    return url(f"/signin/reset-password/{token}")


def mail_link(row: User, link: str, words: str) -> None:
    """The link lies in the outbox, addressed to the user."""
    outbox.send(
        session(),
        user_id=row.id,
        channel="EMAIL",
        to=str(row.profile.get("email") or row.login),
        text=f"{org_of(session()).name}: follow this link to {words}.",
        link=link,
        now=current_context().now,
    )
