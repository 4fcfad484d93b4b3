"""The blueprint of primary authentication: who calls, what a body says, how a step is answered."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from labserver.domain.authn import PATHS, AuthnRefused, Operation
from labserver.signin import transactions
from labserver.signin.factors import FactorRefusal
from labserver.signin.transactions import Transaction
from labserver.web.authn import documents
from labserver.web.callers import identify
from labserver.web.context import current_context
from labserver.web.errors import ApiError, api_error, invalid, not_found

authn = Blueprint("authn", __name__)

_SSWS = re.compile(r"\s*SSWS", re.IGNORECASE)
_LONGEST_RELAY_STATE = 2048
_NAMES = re.compile(r"{(\w+)}")

View = Callable[..., Response]


def at(step: Operation, more: str = "") -> Callable[[View], View]:
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


def shown(after: Transaction, event: tuple[str, str] | None = None) -> Response:
    """The document of a transaction after a step, which leaves its event."""
    context = current_context()
    if after.user is not None and after.status != "RECOVERY_CHALLENGE":
        context.actor_user = after.user
    if event is not None:
        context.event(*event)
    if after.status == "SUCCESS" and after.memory.purpose != "unlock":
        context.event("user.session.start", "User login to the lab")
    context.passed("the step may be taken", after.status)
    return jsonify(documents.document(context, after))


def resumed(body: dict[str, Any]) -> Transaction:
    """The transaction that the body names. Raises `AuthnRefused` E0000011."""
    context = current_context()
    found = transactions.resume(context.session, text(body, "stateToken"), context.now)
    if found.user is not None:
        context.actor_user = found.user
    return found


def relay_state(body: dict[str, Any]) -> str | None:
    """What the caller wants back at the end."""
    found = optional(body, "relayState")
    if found is not None and len(found) > _LONGEST_RELAY_STATE:
        raise invalid("relayState", f"It has at most {_LONGEST_RELAY_STATE} characters.")
    return found


def text(body: dict[str, Any], name: str) -> str:
    """A text that must be there. Raises `ApiError` E0000001, E0000003 for another type."""
    value = optional(body, name)
    if not value:
        raise invalid(name, "The field cannot be left blank")
    return value


def optional(body: dict[str, Any], name: str) -> str | None:
    """A text, if it is there. Raises `ApiError` E0000003 for another type."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ApiError("E0000003")
    return value


def members(body: dict[str, Any], name: str) -> dict[str, Any]:
    """What an object holds; nothing where it is not there. Raises `ApiError` E0000003."""
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise ApiError("E0000003")
    return value or {}


def flag(body: dict[str, Any], name: str) -> bool:
    """Whether the body says yes. Raises `ApiError` E0000003 for anything but a boolean."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise ApiError("E0000003")
    return value is True
