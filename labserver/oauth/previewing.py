"""What a request for tokens would get, and why, without making it."""

from __future__ import annotations

from dataclasses import dataclass, field

from labserver.domain.authorize import (
    AuthorizeRequest,
    assignment_is_there,
    client_may_send_people,
    response_type_is_allowed,
)
from labserver.domain.errors import Refusal
from labserver.domain.reasons import Reason
from labserver.domain.scopes import MAY_BE_ASKED, granted_scopes, unconsented
from labserver.domain.tokens import Access
from labserver.domain.values import Client, Rule, User
from labserver.oauth.context import Context
from labserver.oauth.grants import PERSON, may_use
from labserver.oauth.grants.client_credentials import may_act_for_itself
from labserver.oauth.issuing import Preview, decide, lifetimes_of, preview, server_of
from labserver.store import ledger, loaders

OF_PEOPLE = ("authorization_code", "implicit", "refresh_token")
GRANT_TYPES = (*OF_PEOPLE, "client_credentials")
"""The grant types that can be previewed."""


@dataclass
class Outcome:
    """How far the request would come; `refusal` is None when it would get tokens.

    `consent` names the scopes that the person would be asked about first, `trace` every check
    and every step of the policies, in order. `fault` says more than the client would hear.
    """

    scopes: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    rule: Rule | None = None
    preview: Preview | None = None
    with_refresh_token: bool = False
    refusal: Refusal | None = None
    fault: str = ""
    trace: list[Reason] = field(default_factory=list)


def preview_request(
    context: Context, client: Client, user: User | None, grant_type: str, scope: str | None
) -> Outcome:
    """What the context's server would answer.

    The person is taken as signed in by password at this moment. A refresh is judged like the
    sign-in that it stems from, one by authorization code.
    """
    outcome = Outcome(trace=context.reasons)
    try:
        _go_through(outcome, context, client, user, grant_type, scope)
    except Refusal as refusal:
        context.refused(refusal)
        outcome.refusal = refusal
        outcome.fault = str(refusal.__cause__ or "")
    return outcome


def _go_through(
    outcome: Outcome,
    context: Context,
    client: Client,
    user: User | None,
    grant_type: str,
    scope: str | None,
) -> None:
    server = server_of(context)
    _client_may(context, client, grant_type)
    # What policies judge: a refresh has the grant type of its sign-in.
    judged = "authorization_code" if grant_type == "refresh_token" else grant_type
    scopes = granted_scopes(server, client, scope, judged)
    context.passed(MAY_BE_ASKED, " ".join(scopes))
    if grant_type == "implicit":
        scopes = tuple(name for name in scopes if name != "offline_access")
    outcome.scopes = scopes
    access = Access(grant_type=judged, scopes=scopes, family=client.token_family)
    if user is not None:
        access = _of_person(context, client, user, access)
    outcome.rule = decide(context, client, judged, scopes, user)
    if user is not None:
        given = ledger.consented(context.session, user.id, client.id, server.id)
        asked = unconsented(server, client, scopes, given, prompted=False)
        outcome.consent = tuple(each.name for each in asked)
        _note_consent(context, outcome.consent)
        can_refresh = "refresh_token" in client.grant_types
        outcome.with_refresh_token = "offline_access" in scopes and can_refresh
    outcome.preview = preview(context, client, access, lifetimes_of(outcome.rule))


def _client_may(context: Context, client: Client, grant_type: str) -> None:
    """The client may use the grant type here. Raises `Refusal`."""
    if grant_type == "client_credentials":
        may_use(context, client, grant_type)
        may_act_for_itself(server_of(context), client)
        return
    request = AuthorizeRequest(response_type=_RESPONSE_TYPES.get(grant_type, "code"))
    client_may_send_people(request, client)
    if grant_type == "refresh_token":
        may_use(context, client, grant_type)
    response_type_is_allowed(request, client)
    context.passed("client may use the grant type", grant_type)


_RESPONSE_TYPES = {"implicit": "token"}


def _of_person(context: Context, client: Client, user: User, access: Access) -> Access:
    """The access as this person's. Raises `Refusal`."""
    if not user.may_sign_in:
        raise Refusal(
            "access_denied",
            f"The person can't sign in: their status is {user.status}.",
            check=PERSON,
        )
    assignment_is_there(loaders.is_assigned(context.session, client.id, user))
    context.passed(PERSON, user.login)
    return Access(
        grant_type=access.grant_type,
        scopes=access.scopes,
        user=user,
        app_username=loaders.app_username(context.session, client.id, user),
        auth_time=context.now,
        amr=("pwd",),
        family=ledger.new_family_id(),
    )


def _note_consent(context: Context, missing: tuple[str, ...]) -> None:
    if missing:
        context.note("no consent is missing", "failed", ", ".join(missing))
    else:
        context.passed("no consent is missing")
