"""Primary authentication over JSON (Okta: /authn)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal

from flask import Blueprint, Response, g, jsonify, request

from labserver.domain.authn import PATHS, AuthnRefused
from labserver.domain.authn import Operation as Step
from labserver.domain.rights import is_super
from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.signin import recovering, steps, transactions
from labserver.signin.factors import FactorRefusal
from labserver.signin.passwords import PasswordCheck, check_password
from labserver.signin.transactions import Transaction
from labserver.store import loaders
from labserver.web import authn_documents
from labserver.web.bodies import json_body
from labserver.web.callers import identify, roles_of_user
from labserver.web.context import current_context
from labserver.web.errors import ApiError, api_error, invalid, not_found

authn = Blueprint("authn", __name__)

RESET_PAGE = "/signin/reset-password/"
UNLOCK_PAGE = "/signin/unlock/"
_SSWS = re.compile(r"\s*SSWS", re.IGNORECASE)
_LONGEST_DEVICE, _LONGEST_RELAY_STATE = 32, 2048
_CHANNELS: dict[str, recovering.Channel] = {"EMAIL": "email", "SMS": "sms", "CALL": "call"}
_NAMES = re.compile(r"{(\w+)}")

View = Callable[..., Response]


def _at(step: Step, more: str = "") -> Callable[[View], View]:
    """The route of a step, as the table of steps has it."""
    return authn.post(_NAMES.sub(r"<\1>", PATHS[step]) + more)


@authn.before_request
def see_who_calls() -> None:
    """Everybody may; a valid API token marks a trusted caller. Raises `ApiError` E0000011."""
    context = current_context()
    g.caller = None
    if not _SSWS.match(request.headers.get("Authorization", "")):
        return
    g.caller = identify(context)
    # The person who signs in is whom the log tells of.
    context.actor_user = None
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")[0].strip()
    with suppress(ValueError):
        context.ip = str(ipaddress.ip_address(forwarded))


@authn.after_request
def private(response: Response) -> Response:
    """No cache keeps an answer."""
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response


@authn.errorhandler(AuthnRefused)
@authn.errorhandler(FactorRefusal)
def refused(refusal: AuthnRefused | FactorRefusal) -> Response:
    """A step that was not taken; what it has counted stays counted."""
    context = current_context()
    context.note("the step may be taken", "failed", refusal.cause or refusal.code)
    if refusal.locked:
        context.event("user.account.lock", "Too many failures lock the account")
    if refusal.code == "E0000001":
        return api_error(invalid(refusal.field, refusal.cause))
    if refusal.code == "E0000007":
        return api_error(not_found(refusal.field, "UserFactor"))
    return api_error(ApiError(refusal.code, causes=[refusal.cause]))


@_at("authenticate")
def authenticate() -> Response:
    """A state token shows where its transaction stands; a password or a mailed token begins one."""
    context, body = current_context(), json_body()
    if "stateToken" in body:
        return _shown(transactions.show(context.session, _resumed(body), context.now))
    if "token" in body:
        token = _text(body, "token")
        return _shown(recovering.accept_activation_token(context.session, token, context.now))
    found = by_credentials(context, _text(body, "username"), _text(body, "password"))
    user = found.user or found.expired
    if user is None:
        if found.reason == "LOCKED_OUT" and _shows_lockout(context):
            return jsonify(authn_documents.locked_out())
        raise ApiError("E0000004")
    return _shown(_begun(context, user, found.expires, body))


@_at("recover password")
def recover_password() -> Response:
    """A link or a code is on its way to whoever has forgotten a password."""
    return _recovered("password", RESET_PAGE)


@_at("unlock account")
def unlock_account() -> Response:
    """A link or a code is on its way to whoever is locked out."""
    return _recovered("unlock", UNLOCK_PAGE)


@_at("accept recovery token")
def accept_recovery_token() -> Response:
    """The link reached its person."""
    context, token = current_context(), _text(json_body(), "recoveryToken")
    return _shown(recovering.accept_recovery_token(context.session, token, context.now))


@_at("answer")
def answer() -> Response:
    """The recovery question is answered."""
    context, body = current_context(), json_body()
    transaction, said = _resumed(body), _text(body, "answer")
    after = recovering.answer(context.session, transaction, context.now, said)
    return _shown(after, _unlocked(after))


@_at("verify recovery")
def verify_recovery(factor_type: str) -> Response:
    """The recovery code is right."""
    context, body = current_context(), json_body()
    transaction, code = _resumed(body), _text(body, "passCode")
    after = recovering.verify_recovery(
        context.session, transaction, context.now, factor_type.lower(), code
    )
    return _shown(after, _unlocked(after))


@_at("resend recovery")
def resend_recovery(factor_type: str) -> Response:
    """The recovery code is sent anew."""
    context, transaction = current_context(), _resumed(json_body())
    return _shown(
        recovering.resend_recovery(context.session, transaction, context.now, factor_type.lower())
    )


@_at("change password")
def change_password() -> Response:
    """The password is new."""
    context, body = current_context(), json_body()
    transaction, old, new = _resumed(body), _text(body, "oldPassword"), _text(body, "newPassword")
    after = steps.change_password(
        context.session,
        transaction,
        context.now,
        old,
        new,
        revoke_sessions=_flag(body, "revokeSessions"),
    )
    return _shown(after, ("user.account.update_password", "The password was changed"))


@_at("reset password")
def reset_password() -> Response:
    """The person has a password again."""
    context, body = current_context(), json_body()
    transaction, new = _resumed(body), _text(body, "newPassword")
    after = recovering.reset_password(context.session, transaction, context.now, new)
    return _shown(after, ("user.account.reset_password", "The password was reset"))


@_at("enroll")
def enroll() -> Response:
    """The person has the factor, or waits for its first code."""
    context, body = current_context(), json_body()
    after = steps.enroll(
        context.session,
        _resumed(body),
        context.now,
        _text(body, "factorType"),
        _text(body, "provider"),
        _object(body, "profile"),
        update_phone=request.args.get("updatePhone") == "true",
    )
    return _shown(after, ("user.mfa.factor.enroll", "A factor is enrolled"))


@_at("activate")
def activate(factor_id: str) -> Response:
    """The new factor counts."""
    context, body = current_context(), json_body()
    transaction, code = _resumed(body), _text(body, "passCode")
    after = steps.activate(context.session, transaction, context.now, factor_id, code)
    return _shown(after, ("user.mfa.factor.activate", "A factor is activated"))


@_at("resend activation")
@_at("resend activation", "/<factor_type>")
def resend_activation(factor_id: str, factor_type: str = "") -> Response:
    """The new factor's code is sent anew."""
    return _resent("resend activation", factor_id, factor_type)


@_at("verify")
def verify(factor_id: str) -> Response:
    """The factor is shown, or its code is sent."""
    context, body = current_context(), json_body()
    remember = request.args.get("rememberDevice")
    after = steps.verify(
        context.session,
        _resumed(body),
        context.now,
        factor_id,
        answer=_optional(body, "answer"),
        pass_code=_optional(body, "passCode"),
        remember=None if remember is None else remember == "true",
    )
    if after.status == "MFA_CHALLENGE":
        return _shown(after)
    return _shown(after, ("user.authentication.auth_via_mfa", "A second factor was shown"))


@_at("resend verification")
@_at("resend verification", "/<factor_type>")
def resend_verification(factor_id: str, factor_type: str = "") -> Response:
    """The factor's code is sent anew."""
    return _resent("resend verification", factor_id, factor_type)


@_at("previous")
def previous() -> Response:
    """One step back."""
    context, transaction = current_context(), _resumed(json_body())
    return _shown(steps.previous(context.session, transaction, context.now))


@_at("skip")
def skip() -> Response:
    """What is optional is left."""
    context, transaction = current_context(), _resumed(json_body())
    return _shown(steps.skip(context.session, transaction, context.now))


@_at("cancel")
def cancel() -> Response:
    """Nobody signs in."""
    after = steps.cancel(current_context().session, _resumed(json_body()))
    return jsonify(relayState=after.memory.relay_state)


def by_credentials(context: Context, login: str, password: str) -> PasswordCheck:
    """What login and password show; the log learns what was wrong, the caller never."""
    found = check_password(context.session, login, password, context.now)
    if found.unlocked:
        context.event("user.account.unlock", "The lock had lasted as long as the policy says")
    user = found.user or found.expired
    if user is None:
        context.note("username and password are right", "failed", found.reason)
        context.event(
            "user.session.start", "User login to the lab", outcome="FAILURE", reason=found.reason
        )
        if found.locked:
            context.event("user.account.lock", "Too many failed sign-ins lock the account")
        return found
    context.actor_user = user
    context.passed("username and password are right", user.login)
    return found


def _begun(context: Context, user: User, expires: int | None, body: dict[str, Any]) -> Transaction:
    options, around = _object(body, "options"), _object(body, "context")
    device = _optional(around, "deviceToken") if g.caller else None
    if device and len(device) > _LONGEST_DEVICE:
        raise invalid("deviceToken", f"It has at most {_LONGEST_DEVICE} characters.")
    return transactions.begin(
        context.session,
        user,
        context.now,
        password_ends=expires,
        multi_optional=options.get("multiOptionalFactorEnroll") is True,
        warn=options.get("warnBeforePasswordExpired") is True,
        device=device,
        relay_state=_relay_state(body),
    )


def _recovered(purpose: recovering.Recovery, page: str) -> Response:
    context, body = current_context(), json_body()
    login, relay_state = _text(body, "username"), _relay_state(body)
    wanted = (_optional(body, "factorType") or ("EMAIL" if g.caller else "")).upper()
    if not wanted:
        raise invalid("factorType", "The field cannot be left blank")
    if wanted not in _CHANNELS:
        raise invalid("factorType", "It is one of EMAIL, SMS, CALL.")
    channel = _CHANNELS[wanted]
    if g.caller is not None:
        _must_not_climb(context, recovering.must_be_recoverable(context.session, purpose, login))
    if g.caller is not None and channel == "email":
        return _shown(
            recovering.recovery_token(context.session, purpose, login, context.now, relay_state)
        )
    after = recovering.recover(
        context.session,
        purpose,
        login,
        context.now,
        channel=channel,
        link_prefix=f"{context.org.url}{page}",
        relay_state=relay_state,
    )
    if channel == "email":
        return jsonify(authn_documents.mail_is_on_its_way(after))
    return _shown(after)


def _must_not_climb(context: Context, user: User) -> None:
    """Raises `ApiError` E0000006 when an admin's token would lend its caller another's rights."""
    own = user.id == g.caller.id
    if not own and roles_of_user(context, user) and not is_super(g.caller.roles):
        context.note("admin role", "failed", "Only a super admin recovers an admin's account.")
        raise ApiError("E0000006")


def _resent(
    step: Literal["resend activation", "resend verification"], factor_id: str, factor_type: str
) -> Response:
    context, transaction = current_context(), _resumed(json_body())
    after = steps.resend(
        context.session, transaction, context.now, factor_id, step, factor_type.lower()
    )
    return _shown(after)


def _shown(after: Transaction, event: tuple[str, str] | None = None) -> Response:
    """The document of a transaction after a step, which leaves its event."""
    context = current_context()
    if after.user is not None and after.status != "RECOVERY_CHALLENGE":
        context.actor_user = after.user
    if event is not None:
        context.event(*event)
    if after.status == "SUCCESS" and after.memory.purpose != "unlock":
        context.event("user.session.start", "User login to the lab")
    context.passed("the step may be taken", after.status)
    return jsonify(authn_documents.document(context, after))


def _unlocked(after: Transaction) -> tuple[str, str] | None:
    if after.status != "SUCCESS":
        return None
    return ("user.account.unlock", "The account was unlocked")


def _shows_lockout(context: Context) -> bool:
    return loaders.load_sign_in_rules(context.session).show_lockout


def _resumed(body: dict[str, Any]) -> Transaction:
    context = current_context()
    found = transactions.resume(context.session, _text(body, "stateToken"), context.now)
    if found.user is not None:
        context.actor_user = found.user
    return found


def _relay_state(body: dict[str, Any]) -> str | None:
    found = _optional(body, "relayState")
    if found is not None and len(found) > _LONGEST_RELAY_STATE:
        raise invalid("relayState", f"It has at most {_LONGEST_RELAY_STATE} characters.")
    return found


def _text(body: dict[str, Any], name: str) -> str:
    value = _optional(body, name)
    if not value:
        raise invalid(name, "The field cannot be left blank")
    return value


def _optional(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ApiError("E0000003")
    return value


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise ApiError("E0000003")
    return value or {}


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise ApiError("E0000003")
    return value is True
