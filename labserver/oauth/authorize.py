"""The authorization endpoint: checks, next step, answer (RFC 6749 §3.1)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Any, Literal

from labserver.domain.authorize import (
    REMEMBERED,
    SENT_TO_THE_CLIENT,
    SHOWN_TO_THE_PERSON,
    AuthorizeRequest,
    assignment_is_there,
    from_pairs,
    no_page_allowed,
    why_sign_in,
)
from labserver.domain.errors import Refusal
from labserver.domain.scopes import MAY_BE_ASKED, granted_scopes, openid_is_there, unconsented
from labserver.domain.values import Client, Scope, User
from labserver.oauth.attempt import AskPerson, Attempt, Outcome, ShowError, answer, grant
from labserver.oauth.context import Context
from labserver.oauth.issuing import (
    decide,
    event_prefix,
    lifetimes_of,
    server_of,
)
from labserver.store import ledger, loaders

PARKED_SECONDS = 3600


def authorize(
    context: Context,
    pairs: Iterable[tuple[str, str]],
    signed_in: ledger.SignedIn | None,
    browser: str,
) -> Outcome:
    """What to do about an authorization request.

    `pairs` are the decoded parameters, `browser` the value of the cookie that tells browsers
    apart: a waiting request goes on in the browser that it began in.
    """
    sent = list(pairs)
    values = dict(sent)
    try:
        attempt = _attempt(context, sent, values, signed_in, browser)
        client = _known_client(context, attempt.request)
    except Refusal as refusal:
        _leave_refusal(context, refusal)
        return ShowError(refusal)
    try:
        return _go_on(attempt, client, values.get("sessionToken"))
    except Refusal as refusal:
        _leave_refusal(context, refusal)
        fields = {"error": refusal.error, "error_description": refusal.description}
        return answer(attempt, fields)


def consent_question(context: Context, parked: ledger.Parked, user: User) -> tuple[Scope, ...]:
    """The scopes that the consent page of a waiting request asks about."""
    request = from_pairs(parked.parameters.items())
    client = loaders.load_client(context.session, parked.client_id)
    context.server_id = parked.server_id
    server = context.server
    if client is None or server is None:
        return ()
    scopes = granted_scopes(server, client, request.scope, request.grant_type)
    given = ledger.consented(context.session, user.id, client.id, server.id)
    return unconsented(server, client, scopes, given, prompted="consent" in request.prompts)


def _attempt(
    context: Context,
    pairs: list[tuple[str, str]],
    values: dict[str, str],
    signed_in: ledger.SignedIn | None,
    browser: str,
) -> Attempt:
    handle = values.get("request_uri")
    if not handle:
        return Attempt(context, from_pairs(pairs), browser, signed_in)
    parked = ledger.parked(context.session, handle, context.now)
    if parked is None:
        raise Refusal("invalid_request_uri", "The authorize request_uri is invalid.")
    if parked.server_id != server_of(context).id:
        raise Refusal(
            "invalid_request_uri", "The request_uri was issued for another authorization server."
        )
    if parked.client_id != values.get("client_id"):
        raise Refusal(
            "invalid_client",
            "The 'client_id' parameter does not match the expected value for the provided "
            "request_uri.",
        )
    if parked.browser is not None and not hmac.compare_digest(parked.browser, _digest(browser)):
        raise Refusal("invalid_request_uri", "This request began in another browser.")
    context.passed("request waits for this browser")
    request = from_pairs(parked.parameters.items())
    attempt = Attempt(context, request, browser, signed_in, handle, dict(parked.answers))
    attempt.just_signed_in = bool(
        signed_in and signed_in.auth_time >= parked.answers.get("signed_in_at", 1 << 62)
    )
    return attempt


def _known_client(context: Context, request: AuthorizeRequest) -> Client:
    client = loaders.load_client(context.session, request.client_id) if request.client_id else None
    context.actor_client = client
    _run(context, SHOWN_TO_THE_PERSON, request, client)
    assert client is not None
    return client


def _run(
    context: Context,
    checks: Iterable[Callable[[AuthorizeRequest, Any], None]],
    request: AuthorizeRequest,
    client: Client | None,
) -> None:
    failed: Refusal | None = None
    for check in checks:
        name = check.__name__.replace("_", " ")
        if failed is not None:
            context.note(name, "skipped")
            continue
        try:
            check(request, client)
        except Refusal as refusal:
            failed = refusal
            context.note(name, "failed", refusal.description)
        else:
            # What a check makes sure of is written once, where it is made.
            context.passed(name, check.__doc__ or "")
    if failed is not None:
        raise failed


def _go_on(attempt: Attempt, client: Client, session_token: str | None) -> Outcome:
    """The checks that the client hears of, the person's part, and the answer."""
    context, request = attempt.context, attempt.request
    _run(context, SENT_TO_THE_CLIENT, request, client)
    scopes = granted_scopes(server_of(context), client, request.scope, request.grant_type)
    if "id_token" in request.response_types:
        openid_is_there(scopes)
    context.passed(MAY_BE_ASKED, " ".join(scopes))
    if attempt.answers is not None and attempt.answers.get("denied"):
        raise Refusal(
            "access_denied", "The resource owner or authorization server denied the request."
        )
    if session_token:
        _begin_with_session_token(attempt, session_token)
    user = _signed_in_user(attempt)
    if user is None:
        return _ask(attempt, client, "sign_in")
    assignment_is_there(loaders.is_assigned(context.session, client.id, user))
    context.passed("person is assigned to the app", user.login)
    rule = decide(context, client, request.grant_type, scopes, user)
    remaining = _consented_scopes(attempt, client, user, scopes)
    if remaining is None:
        return _ask(attempt, client, "consent")
    context.passed("no consent is missing")
    return grant(attempt, client, user, remaining, lifetimes_of(rule), rule.id)


def _begin_with_session_token(attempt: Attempt, value: str) -> None:
    """Sign the token's person in; a bad token leaves nobody signed in (Okta: sessionToken)."""
    context = attempt.context
    attempt.signed_in = None
    proven = ledger.claim_session_token(context.session, value, context.now)
    if proven is None:
        context.note("session token is good", "failed", "It is unknown, used or expired.")
        return
    context.passed("session token is good")
    attempt.session_value = ledger.start_session(
        context.session,
        proven.user_id,
        amr=proven.amr,
        now=context.now,
        lifetime=context.session_lifetime(),
    )
    attempt.signed_in = ledger.find_session(context.session, attempt.session_value, context.now)
    attempt.just_signed_in = True


def _signed_in_user(attempt: Attempt) -> User | None:
    """The person whose session will do; None when a sign-in page is due. Raises `Refusal`."""
    context, session = attempt.context, attempt.signed_in
    user = loaders.load_user(context.session, session.user_id) if session else None
    auth_time = session.auth_time if session and user and user.may_sign_in else None
    why = why_sign_in(
        attempt.request, auth_time, context.now, just_signed_in=attempt.just_signed_in
    )
    if why:
        context.note("person is signed in", "failed", why)
        no_page_allowed(attempt.request, auth_time)
        return None
    context.actor_user = user
    context.passed("person is signed in", user.login if user else "")
    return user


def _consented_scopes(
    attempt: Attempt, client: Client, user: User, scopes: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The scopes after the person's answer; None when the question is still open."""
    context, server = attempt.context, server_of(attempt.context)
    given = ledger.consented(context.session, user.id, client.id, server.id)
    prompted = "consent" in attempt.request.prompts
    open_questions = unconsented(server, client, scopes, given, prompted=prompted)
    if not open_questions:
        return scopes
    answers = attempt.answers or {}
    ticked = answers.get("consented")
    if ticked is None or answers.get("consented_by") != user.id:
        context.note("no consent is missing", "failed", _names_of(open_questions))
        if "none" in attempt.request.prompts:
            raise Refusal(
                "consent_required",
                "The client specified not to prompt, but the user must consent to the scopes.",
            )
        return None
    declined = {scope.name for scope in open_questions if scope.name not in ticked}
    if any(not server.scopes[name].optional for name in declined):
        return None
    return tuple(name for name in scopes if name not in declined)


def _names_of(scopes: tuple[Scope, ...]) -> str:
    return ", ".join(scope.name for scope in scopes)


def _ask(attempt: Attempt, client: Client, page: Literal["sign_in", "consent"]) -> AskPerson:
    """Park the request, unless it waits already, and show the page."""
    handle = attempt.handle
    if handle is None:
        parameters = {
            name: value
            for name in REMEMBERED
            if (value := getattr(attempt.request, name)) is not None
        }
        handle = ledger.park(
            attempt.context.session,
            server_id=server_of(attempt.context).id,
            client_id=client.id,
            parameters=parameters,
            browser=attempt.browser,
            now=attempt.context.now,
            lifetime=PARKED_SECONDS,
        )
    return AskPerson(page, handle, attempt.session_value)


def _leave_refusal(context: Context, refusal: Refusal) -> None:
    context.refused(refusal)
    context.event(
        f"{event_prefix(context)}.authorize",
        "OAuth 2.0 authorization is refused",
        outcome="FAILURE",
        reason=refusal.name,
    )


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
