"""Sign-ins by password: begun, looked at, a password changed, a step back, an end."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify

from labserver.domain.values import User
from labserver.oauth.context import Context
from labserver.signin import recovering, steps, transactions
from labserver.signin.passwords import PasswordCheck, check_password
from labserver.signin.transactions import Transaction
from labserver.store import loaders
from labserver.web.authn import documents
from labserver.web.authn.blueprint import (
    at,
    flag,
    members,
    optional,
    relay_state,
    resumed,
    shown,
    text,
)
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid

_LONGEST_DEVICE = 32


@at("authenticate")
def authenticate() -> Response:
    """A state token shows where its transaction stands; a password or a mailed token begins one."""
    context, body = current_context(), json_body()
    if "stateToken" in body:
        return shown(transactions.show(context.session, resumed(body), context.now))
    if "token" in body:
        token = text(body, "token")
        return shown(recovering.accept_activation_token(context.session, token, context.now))
    found = by_credentials(context, text(body, "username"), text(body, "password"))
    user = found.user or found.expired
    if user is None:
        if found.reason == "LOCKED_OUT" and _shows_lockout(context):
            return jsonify(documents.locked_out())
        raise ApiError("E0000004")
    return shown(_begun(context, user, found.expires, body))


@at("change password")
def change_password() -> Response:
    """The password is new."""
    context, body = current_context(), json_body()
    transaction, old, new = resumed(body), text(body, "oldPassword"), text(body, "newPassword")
    after = steps.change_password(
        context.session,
        transaction,
        context.now,
        old,
        new,
        revoke_sessions=flag(body, "revokeSessions"),
    )
    return shown(after, ("user.account.update_password", "The password was changed"))


@at("previous")
def previous() -> Response:
    """One step back."""
    context, transaction = current_context(), resumed(json_body())
    return shown(steps.previous(context.session, transaction, context.now))


@at("skip")
def skip() -> Response:
    """What is optional is left."""
    context, transaction = current_context(), resumed(json_body())
    return shown(steps.skip(context.session, transaction, context.now))


@at("cancel")
def cancel() -> Response:
    """Nobody signs in."""
    after = steps.cancel(current_context().session, resumed(json_body()))
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
    options, around = members(body, "options"), members(body, "context")
    device = optional(around, "deviceToken") if g.caller else None
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
        relay_state=relay_state(body),
    )


def _shows_lockout(context: Context) -> bool:
    return loaders.load_sign_in_rules(context.session).show_lockout
