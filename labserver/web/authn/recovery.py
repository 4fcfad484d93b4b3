"""Forgotten passwords and locked accounts: asked for, proven, mended."""

from __future__ import annotations

from flask import Response, g, jsonify

from labserver.domain.rights import is_super
from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.signin import recovering
from labserver.signin.transactions import Transaction
from labserver.web.authn import documents
from labserver.web.authn.blueprint import at, optional, relay_state, resumed, shown, text
from labserver.web.bodies import json_body
from labserver.web.callers import roles_of_user
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid

RESET_PAGE = "/signin/reset-password/"
UNLOCK_PAGE = "/signin/unlock/"
_CHANNELS: dict[str, recovering.Channel] = {"EMAIL": "email", "SMS": "sms", "CALL": "call"}


@at("recover password")
def recover_password() -> Response:
    """A link or a code is on its way to whoever has forgotten a password."""
    return _recovered("password", RESET_PAGE)


@at("unlock account")
def unlock_account() -> Response:
    """A link or a code is on its way to whoever is locked out."""
    return _recovered("unlock", UNLOCK_PAGE)


@at("accept recovery token")
def accept_recovery_token() -> Response:
    """The link reached its person."""
    context, token = current_context(), text(json_body(), "recoveryToken")
    return shown(recovering.accept_recovery_token(context.session, token, context.now))


@at("answer")
def answer() -> Response:
    """The recovery question is answered."""
    context, body = current_context(), json_body()
    transaction, said = resumed(body), text(body, "answer")
    after = recovering.answer(context.session, transaction, context.now, said)
    return shown(after, _unlocked(after))


@at("verify recovery")
def verify_recovery(factor_type: str) -> Response:
    """The recovery code is right."""
    context, body = current_context(), json_body()
    transaction, code = resumed(body), text(body, "passCode")
    after = recovering.verify_recovery(
        context.session, transaction, context.now, factor_type.lower(), code
    )
    return shown(after, _unlocked(after))


@at("resend recovery")
def resend_recovery(factor_type: str) -> Response:
    """The recovery code is sent anew."""
    context, transaction = current_context(), resumed(json_body())
    return shown(
        recovering.resend_recovery(context.session, transaction, context.now, factor_type.lower())
    )


@at("reset password")
def reset_password() -> Response:
    """The person has a password again."""
    context, body = current_context(), json_body()
    transaction, new = resumed(body), text(body, "newPassword")
    after = recovering.reset_password(context.session, transaction, context.now, new)
    return shown(after, ("user.account.reset_password", "The password was reset"))


def _recovered(purpose: recovering.Recovery, page: str) -> Response:
    context, body = current_context(), json_body()
    login, relay = text(body, "username"), relay_state(body)
    wanted = (optional(body, "factorType") or ("EMAIL" if g.caller else "")).upper()
    if not wanted:
        raise invalid("factorType", "The field cannot be left blank")
    if wanted not in _CHANNELS:
        raise invalid("factorType", "It is one of EMAIL, SMS, CALL.")
    channel = _CHANNELS[wanted]
    if g.caller is not None:
        _must_not_climb(context, recovering.must_be_recoverable(context.session, purpose, login))
    if g.caller is not None and channel == "email":
        return shown(recovering.recovery_token(context.session, purpose, login, context.now, relay))
    after = recovering.recover(
        context.session,
        purpose,
        login,
        context.now,
        channel=channel,
        link_prefix=f"{context.org.url}{page}",
        relay_state=relay,
    )
    if channel == "email":
        return jsonify(documents.mail_is_on_its_way(after))
    return shown(after)


def _must_not_climb(context: Context, user: User) -> None:
    """Raises `ApiError` E0000006 when an admin's token would lend its caller another's rights."""
    own = user.id == g.caller.id
    if not own and roles_of_user(context, user) and not is_super(g.caller.roles):
        context.note("admin role", "failed", "Only a super admin recovers an admin's account.")
        raise ApiError("E0000006")


def _unlocked(after: Transaction) -> tuple[str, str] | None:
    if after.status != "SUCCESS":
        return None
    return ("user.account.unlock", "The account was unlocked")
