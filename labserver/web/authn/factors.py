"""Second factors during a sign-in: enrolled, activated, shown."""

from __future__ import annotations

from typing import Literal

from flask import Response, request

from labserver.signin import steps
from labserver.web.authn.blueprint import at, members, optional, resumed, shown, text
from labserver.web.bodies import json_body
from labserver.web.context import current_context


@at("enroll")
def enroll() -> Response:
    """The person has the factor, or waits for its first code."""
    context, body = current_context(), json_body()
    after = steps.enroll(
        context.session,
        resumed(body),
        context.now,
        text(body, "factorType"),
        text(body, "provider"),
        members(body, "profile"),
        update_phone=request.args.get("updatePhone") == "true",
    )
    return shown(after, ("user.mfa.factor.enroll", "A factor is enrolled"))


@at("activate")
def activate(factor_id: str) -> Response:
    """The new factor counts."""
    context, body = current_context(), json_body()
    transaction, code = resumed(body), text(body, "passCode")
    after = steps.activate(context.session, transaction, context.now, factor_id, code)
    return shown(after, ("user.mfa.factor.activate", "A factor is activated"))


@at("resend activation")
@at("resend activation", "/<factor_type>")
def resend_activation(factor_id: str, factor_type: str = "") -> Response:
    """The new factor's code is sent anew."""
    return _resent("resend activation", factor_id, factor_type)


@at("verify")
def verify(factor_id: str) -> Response:
    """The factor is shown, or its code is sent."""
    context, body = current_context(), json_body()
    remember = request.args.get("rememberDevice")
    after = steps.verify(
        context.session,
        resumed(body),
        context.now,
        factor_id,
        answer=optional(body, "answer"),
        pass_code=optional(body, "passCode"),
        remember=None if remember is None else remember == "true",
    )
    if after.status == "MFA_CHALLENGE":
        return shown(after)
    return shown(after, ("user.authentication.auth_via_mfa", "A second factor was shown"))


@at("resend verification")
@at("resend verification", "/<factor_type>")
def resend_verification(factor_id: str, factor_type: str = "") -> Response:
    """The factor's code is sent anew."""
    return _resent("resend verification", factor_id, factor_type)


def _resent(
    step: Literal["resend activation", "resend verification"], factor_id: str, factor_type: str
) -> Response:
    context, transaction = current_context(), resumed(json_body())
    after = steps.resend(
        context.session, transaction, context.now, factor_id, step, factor_type.lower()
    )
    return shown(after)
