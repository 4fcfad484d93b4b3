"""`/users/{id}/factors`: ways to prove who one is, beside the password."""

from __future__ import annotations

import re

from flask import Response, request
from sqlalchemy import select

from labserver.signin import factors
from labserver.signin.answers import QUESTIONS
from labserver.signin.factors import CODE_LIFETIME, FactorRefusal
from labserver.store.directory import User
from labserver.store.factors import Factor
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, api_error, invalid
from labserver.web.management.documents import read
from labserver.web.management.factor_documents import (
    NewFactor,
    PassCode,
    Proof,
    catalog,
    document,
    path_of,
)
from labserver.web.management.resources import (
    answer,
    find,
    find_person,
    flag,
    link,
    optional_body,
    remove,
    session,
    target,
    timestamp,
)
from labserver.web.management.routes import management
from labserver.web.management.user_changes import rules

PATH = "/users/<user_id>/factors"
ONE = f"{PATH}/<factor_id>"
LONGEST_LIFETIME = 24 * 3600
"""Seconds that a sent code may be good at most."""


@management.get(PATH)
def list_factors(user_id: str) -> Response:
    """The user's factors."""
    user = find_person(user_id)
    return answer([document(row, user) for row in factors.enrolled(session(), user.id)])


@management.get(f"{PATH}/catalog")
def list_catalog(user_id: str) -> Response:
    """Every factor that there is, with how the user stands to it."""
    user = find_person(user_id)
    wanted = rules().enroll
    required = frozenset(name for name, how in wanted.items() if how == "REQUIRED")
    return answer(catalog(factors.enrolled(session(), user.id), user, required))


@management.get(f"{PATH}/questions")
def list_questions(user_id: str) -> Response:
    """The security questions to choose from."""
    find_person(user_id)
    shown = [{"question": key, "questionText": words} for key, words in QUESTIONS.items()]
    return answer(shown)


@management.post(PATH)
def enroll_factor(user_id: str) -> Response:
    """The user has one factor more; all but a question wait for their first code."""
    user = find_person(user_id)
    body = read(NewFactor, json_body())
    if user.status == "DEPROVISIONED":
        raise ApiError("E0000038")
    row = factors.enroll(
        session(),
        user.id,
        body.factor_type,
        body.provider,
        body.profile,
        current_context().now,
        flag("updatePhone", False),
        activate=flag("activate", False),
        lifetime=_lifetime(),
    )
    _log("user.mfa.factor.activate" if row.status == "ACTIVE" else _UPDATE, "Enroll", row)
    return answer(document(row, user, enrolling=True))


@management.get(ONE)
def get_factor(user_id: str, factor_id: str) -> Response:
    """One factor."""
    user, row = _found(user_id, factor_id)
    return answer(document(row, user))


@management.delete(ONE)
def delete_factor(user_id: str, factor_id: str) -> Response:
    """The user has this factor no more, required or not."""
    _, row = _found(user_id, factor_id)
    _log("user.mfa.factor.deactivate", "Remove", row)
    return remove(row)


@management.post(f"{ONE}/lifecycle/activate")
def activate_factor(user_id: str, factor_id: str) -> Response:
    """The factor counts from now on, for its first code was right."""
    user, row = _found(user_id, factor_id)
    code = read(PassCode, json_body()).pass_code
    factors.activate(session(), row, code, current_context().now)
    _log("user.mfa.factor.activate", "Activate", row)
    return answer(document(row, user))


@management.post(f"{ONE}/resend")
def resend_code(user_id: str, factor_id: str) -> Response:
    """Another code is in the outbox, and the one before is over."""
    user, row = _found(user_id, factor_id)
    factors.send_code(session(), row, current_context().now, _lifetime())
    session().flush()
    _log(_UPDATE, "Send another code to", row)
    return answer(document(row, user))


@management.post(f"{ONE}/verify")
def verify_factor(user_id: str, factor_id: str) -> Response:
    """Whether the answer or code is right; without one, a code is in the outbox."""
    user, row = _found(user_id, factor_id)
    body = read(Proof, optional_body())
    context, lifetime = current_context(), _lifetime()
    said = (body.answer, body.pass_code)
    if factors.verify(session(), row, context.now, *said, lifetime=lifetime):
        _log("user.authentication.auth_via_mfa", "Verify", row)
        return answer({"factorResult": "SUCCESS"})
    path = path_of(row, user)
    _log(_UPDATE, "Send a code to", row)
    return answer(
        {
            "factorResult": "CHALLENGE",
            "expiresAt": timestamp(context.now + lifetime),
            "_links": {
                "verify": link(f"{path}/verify", "POST"),
                "factor": link(path, "GET", "DELETE"),
            },
        }
    )


@management.errorhandler(FactorRefusal)
def refused_factor(refusal: FactorRefusal) -> Response:
    """The refusal as an error document; what it counted stays."""
    context = current_context()
    context.note("factor", "failed", refusal.code)
    if refusal.code == "E0000068":
        event = "user.authentication.auth_via_mfa"
        context.event(event, "A wrong answer or code", outcome="FAILURE", reason=refusal.code)
    if refusal.locked:
        context.event("user.account.lock", "Too many wrong codes lock the account")
    return api_error(factor_error(refusal))


def factor_error(refusal: FactorRefusal) -> ApiError:
    """What the API says to a refused factor."""
    if refusal.field:
        return invalid(refusal.field, refusal.cause)
    return ApiError(refusal.code, causes=[refusal.cause] if refusal.cause else [])


_UPDATE = "user.mfa.factor.update"


def _found(user_id: str, factor_id: str) -> tuple[User, Factor]:
    user = find_person(user_id)
    return user, find(Factor, factor_id, "UserFactor", Factor.user_pk == user.pk)


def _lifetime() -> int:
    """Seconds that a code is good. Raises `ApiError` E0000001."""
    text = request.args.get("tokenLifetimeSeconds", str(CODE_LIFETIME))
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= LONGEST_LIFETIME:
        raise invalid("tokenLifetimeSeconds", f"It is a number from 1 to {LONGEST_LIFETIME}.")
    return int(text)


def _log(event_type: str, did: str, row: Factor) -> None:
    owner = session().scalars(select(User).where(User.pk == row.user_pk)).one()
    about = (
        target(owner, "User", owner.login),
        target(row, "AuthenticatorEnrollment", row.factor_type),
    )
    current_context().event(event_type, f"{did} a factor of a user", targets=about)
