"""Access granted in, token response out: the only place that makes tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labserver.domain import claims as claims_of
from labserver.domain import tokens
from labserver.domain.expressions import Names
from labserver.domain.policy import ALLOWED, evaluate, refusal
from labserver.domain.signing import sign
from labserver.domain.tokens import Access
from labserver.domain.values import AccessRequest, AuthorizationServer, Client, Rule, User
from labserver.oauth.context import Context
from labserver.store import ledger


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long tokens live, in minutes, as the matching rule says (Okta: rule actions).

    `refresh` is the absolute life, 0 without an end; `window` how long a refresh token may rest.
    """

    access: int
    refresh: int
    window: int


def lifetimes_of(rule: Rule) -> Lifetimes:
    """The lifetimes that a rule gives."""
    return Lifetimes(
        rule.access_token_minutes, rule.refresh_token_minutes, rule.refresh_window_minutes
    )


def decide(
    context: Context,
    client: Client,
    grant_type: str,
    scopes: tuple[str, ...],
    user: User | None = None,
) -> Rule:
    """The rule that lets this request through; its walk is noted as the server's reasons.

    Raises `Refusal` (`access_denied`) when no rule covers the request.
    """
    server = server_of(context)
    request = AccessRequest(client.id, grant_type, frozenset(scopes), user)
    decision = evaluate(server.policies, request)
    context.reasons.extend(decision.trace)
    if decision.rule is None or decision.policy is None:
        context.note(ALLOWED, "failed", "No rule of any policy covers it.")
        raise refusal(decision)
    context.passed(
        ALLOWED,
        f"Rule “{decision.rule.name}” of policy “{decision.policy.name}” decides: access tokens "
        f"live {decision.rule.access_token_minutes} minutes.",
    )
    return decision.rule


def server_of(context: Context) -> AuthorizationServer:
    """The authorization server of a request that has one."""
    assert context.server is not None
    return context.server


def issue(
    context: Context,
    client: Client,
    access: Access,
    lifetimes: Lifetimes,
    *,
    refresh_token: str | None = None,
) -> dict[str, Any]:
    """The token response for what was granted (RFC 6749 §5.1).

    Holds an ID token when `openid` was granted to a person; `refresh_token` is passed through.
    """
    seconds = lifetimes.access * 60
    access_token = make_access_token(context, client, access, seconds)
    response: dict[str, Any] = {
        "token_type": "Bearer",
        "expires_in": seconds,
        "access_token": access_token,
        "scope": " ".join(access.scopes),
    }
    if refresh_token is not None:
        response["refresh_token"] = refresh_token
    if "openid" in access.scopes and access.user is not None:
        fat = server_of(context).fat_id_token_with_code
        response["id_token"] = make_id_token(
            context, client, access, fat=fat, access_token=access_token
        )
    _leave_events(context, client, access, response)
    return response


@dataclass(frozen=True, slots=True)
class Preview:
    """What a token response would hold: claims instead of tokens, and a life in seconds.

    The ID token has no `at_hash` yet, which is made from the signed access token.
    """

    access_token: dict[str, Any]
    id_token: dict[str, Any] | None
    expires_in: int


def preview(context: Context, client: Client, access: Access, lifetimes: Lifetimes) -> Preview:
    """The same as `issue`, up to the signature: nothing is signed, stored or logged.

    Raises `Refusal` as that would.
    """
    seconds = lifetimes.access * 60
    id_token = None
    access_token = access_token_payload(context, client, access, seconds)
    if "openid" in access.scopes and access.user is not None:
        fat = server_of(context).fat_id_token_with_code
        id_token = id_token_payload(context, client, access, fat=fat)
    return Preview(access_token, id_token, seconds)


def make_access_token(context: Context, client: Client, access: Access, seconds: int) -> str:
    """A signed access token that lives for these seconds."""
    server = server_of(context)
    payload = access_token_payload(context, client, access, seconds)
    return sign(context.keys.access_token_key, payload, server.access_token_type)


def access_token_payload(
    context: Context, client: Client, access: Access, seconds: int
) -> dict[str, Any]:
    """The claims of an access token, custom ones included."""
    server = server_of(context)
    custom = claims_of.custom_claims(
        server, "RESOURCE", access.scopes, _names(context, client, access)
    )
    era = context.org.changes
    return tokens.access_token(server, client, access, custom, context.now, seconds, era=era)


def make_id_token(
    context: Context,
    client: Client,
    access: Access,
    *,
    fat: bool,
    access_token: str | None = None,
    code: str | None = None,
) -> str:
    """A signed ID token; `fat` says all that the scopes open, else userinfo says the rest."""
    payload = id_token_payload(
        context, client, access, fat=fat, access_token=access_token, code=code
    )
    return sign(context.keys.id_token_key, payload)


def id_token_payload(
    context: Context,
    client: Client,
    access: Access,
    *,
    fat: bool,
    access_token: str | None = None,
    code: str | None = None,
) -> dict[str, Any]:
    """The claims of an ID token, custom ones included."""
    return tokens.id_token(
        server_of(context),
        client,
        access,
        about_person(context, client, access, fat=fat),
        context.now,
        org_id=context.org.id,
        access_token=access_token,
        code=code,
        era=context.org.changes,
    )


def about_person(context: Context, client: Client, access: Access, *, fat: bool) -> dict[str, Any]:
    """What an ID token or userinfo says about the person."""
    assert access.user is not None
    server = server_of(context)
    select = claims_of.person_claims if fat else claims_of.thin_person_claims
    person = select(access.user, access.scopes)
    if fat:
        person |= claims_of.app_groups_claim(client, access.user, access.scopes)
    names = _names(context, client, access)
    return person | claims_of.custom_claims(server, "IDENTITY", access.scopes, names, thin=not fat)


def open_refresh(
    context: Context, client: Client, access: Access, lifetimes: Lifetimes, family: str
) -> str:
    """A first refresh token, and the family that all its successors belong to."""
    assert access.user is not None
    absolute = context.now + lifetimes.refresh * 60 if lifetimes.refresh else None
    ledger.open_family(
        context.session,
        ledger.Family(
            id=family,
            server_id=server_of(context).id,
            client_id=client.id,
            user_id=access.user.id,
            scopes=access.scopes,
            grant_type=access.grant_type,
            auth_time=access.auth_time,
            amr=access.amr,
            created=context.now,
            absolute_expires=absolute,
        ),
    )
    expires = idle_end(context.now, lifetimes, absolute)
    return ledger.save_refresh(context.session, family, access.scopes, expires, context.now)


def idle_end(now: int, lifetimes: Lifetimes, absolute: int | None) -> int:
    """When a refresh token that is not used is over, in seconds since the epoch."""
    idle = now + lifetimes.window * 60
    return idle if absolute is None else min(idle, absolute)


def _names(context: Context, client: Client, access: Access) -> Names:
    org = {"name": context.org.name, "subDomain": context.org.slug}
    return claims_of.names_for(
        client, access.user, access.app_username, access.scopes, access.amr, org, context.now
    )


def _leave_events(
    context: Context, client: Client, access: Access, response: dict[str, Any]
) -> None:
    kinds = [kind for kind in ("access_token", "id_token", "refresh_token") if kind in response]
    target = {"id": client.id, "type": "PublicClientApp", "displayName": client.name}
    for kind in kinds:
        context.event(
            f"{event_prefix(context)}.token.grant.{kind}",
            f"OAuth 2.0 {kind.replace('_', ' ')} is granted",
            targets=(target,),
        )


def event_prefix(context: Context) -> str:
    """How event types of this server begin: Okta tells org and custom servers apart by it."""
    return server_of(context).event_prefix
