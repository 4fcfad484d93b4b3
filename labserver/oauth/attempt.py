"""One pass through the authorization endpoint: what is known so far, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from labserver.domain.authorize import AuthorizeRequest, ResponseMode, answer_mode
from labserver.domain.errors import Refusal
from labserver.domain.tokens import Access
from labserver.domain.values import Client, User
from labserver.oauth.context import Context
from labserver.oauth.issuing import (
    Lifetimes,
    event_prefix,
    make_access_token,
    make_id_token,
    server_of,
)
from labserver.store import ledger, loaders


@dataclass(frozen=True, slots=True)
class AnswerClient:
    """Send these fields to the client's redirect URI, in this mode."""

    redirect_uri: str
    mode: ResponseMode
    fields: dict[str, str]
    session_value: str | None = None
    """The sign-in cookie of a session that this request started with its `sessionToken`."""


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Show a page; the request waits in the ledger under `request_uri`."""

    page: Literal["sign_in", "consent"]
    request_uri: str
    session_value: str | None = None


@dataclass(frozen=True, slots=True)
class ShowError:
    """Show the person what is wrong: nobody is safe to redirect to."""

    refusal: Refusal


Outcome = AnswerClient | AskPerson | ShowError


@dataclass(slots=True)
class Attempt:
    """What came in, and what is known of it; `handle` is set when the request had waited."""

    context: Context
    request: AuthorizeRequest
    browser: str
    signed_in: ledger.SignedIn | None
    handle: str | None = None
    answers: dict[str, Any] | None = None
    session_value: str | None = None
    just_signed_in: bool = False


def grant(
    attempt: Attempt,
    client: Client,
    user: User,
    scopes: tuple[str, ...],
    lifetimes: Lifetimes,
    rule_id: str,
) -> Outcome:
    """Answer with what the request asked for: a code, tokens, or both (RFC 6749 §4.1.2)."""
    context, request = attempt.context, attempt.request
    assert attempt.signed_in is not None
    with_code = "code" in request.response_types
    if not with_code:
        scopes = tuple(scope for scope in scopes if scope != "offline_access")
    access = Access(
        grant_type=request.grant_type,
        scopes=scopes,
        user=user,
        app_username=loaders.app_username(context.session, client.id, user),
        auth_time=attempt.signed_in.auth_time,
        amr=attempt.signed_in.amr,
        nonce=request.nonce,
        family=ledger.new_family_id() if with_code else client.token_family,
    )
    fields: dict[str, str] = {}
    if "code" in request.response_types:
        fields["code"] = _make_code(attempt, client, access, lifetimes, rule_id)
    if "token" in request.response_types:
        seconds = lifetimes.access * 60
        fields["access_token"] = make_access_token(context, client, access, seconds)
        fields |= {"token_type": "Bearer", "expires_in": str(seconds), "scope": " ".join(scopes)}
    if "id_token" in request.response_types and "openid" in scopes:
        fields["id_token"] = make_id_token(
            context,
            client,
            access,
            fat="access_token" not in fields,
            access_token=fields.get("access_token"),
            code=fields.get("code"),
        )
    context.event(f"{event_prefix(context)}.authorize.code", "OAuth 2.0 authorization is granted")
    return answer(attempt, fields)


def _make_code(
    attempt: Attempt, client: Client, access: Access, lifetimes: Lifetimes, rule_id: str
) -> str:
    context, request = attempt.context, attempt.request
    assert access.user is not None
    assert access.family is not None
    assert request.redirect_uri is not None
    code = ledger.Code(
        server_id=server_of(context).id,
        client_id=client.id,
        user_id=access.user.id,
        redirect_uri=request.redirect_uri,
        scopes=access.scopes,
        nonce=request.nonce,
        code_challenge=request.code_challenge,
        auth_time=access.auth_time or context.now,
        amr=access.amr,
        family=access.family,
        session_id=attempt.signed_in.id if attempt.signed_in else None,
        expires=context.now + context.settings.lifetime_code,
        access_token_minutes=lifetimes.access,
        refresh_token_minutes=lifetimes.refresh,
        refresh_window_minutes=lifetimes.window,
        rule_id=rule_id,
    )
    return ledger.save_code(context.session, code, context.now)


def answer(attempt: Attempt, fields: dict[str, str]) -> Outcome:
    """The answer with `state` and `iss` (RFC 9207), once for a request that waited."""
    context, request = attempt.context, attempt.request
    assert request.redirect_uri is not None
    if attempt.handle is not None and not ledger.claim_parked(
        context.session, attempt.handle, context.now
    ):
        return ShowError(
            Refusal("invalid_request_uri", "The authorize request_uri was used already.")
        )
    if request.state is not None and "state" not in request.twice:
        fields["state"] = request.state
    fields["iss"] = server_of(context).issuer
    return AnswerClient(request.redirect_uri, answer_mode(request), fields, attempt.session_value)
