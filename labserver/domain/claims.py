"""Which claims go into which token, with which values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from labserver.domain.catalog import SERVER_OWNED_CLAIMS
from labserver.domain.errors import Refusal
from labserver.domain.expressions import ExpressionError, Names, evaluate, parse
from labserver.domain.patterns import GroupFilterKind, PatternError, group_filter
from labserver.domain.values import AuthorizationServer, Claim, Client, User

MOST_GROUPS = 100

_PROFILE = {
    "given_name": "firstName",
    "family_name": "lastName",
    "middle_name": "middleName",
    "nickname": "nickName",
    "preferred_username": "login",
    "profile": "profileUrl",
    "picture": "picture",
    "website": "website",
    "gender": "gender",
    "birthdate": "birthdate",
    "zoneinfo": "timezone",
    "locale": "locale",
}
_ADDRESS = {
    "street_address": "streetAddress",
    "locality": "city",
    "region": "state",
    "postal_code": "zipCode",
    "country": "countryCode",
}
_THIN = ("name", "preferred_username", "email", "email_verified")


def custom_claims(
    server: AuthorizationServer,
    claim_type: str,
    scopes: Iterable[str],
    names: Names,
    *,
    thin: bool = False,
) -> dict[str, Any]:
    """The custom claims of one token (Okta: RESOURCE for access tokens, IDENTITY for ID tokens).

    A claim with a condition appears when one of its scopes is granted; an empty value leaves it
    out. `thin` leaves out claims that are not always in the token. Raises `Refusal`
    (`server_error`) for a claim that cannot be evaluated.
    """
    granted = frozenset(scopes)
    return {
        claim.name: value
        for claim in server.claims
        if claim.claim_type == claim_type
        and (not claim.scopes or claim.scopes & granted)
        and (claim.always_in_token or not thin)
        and (claim.name not in SERVER_OWNED_CLAIMS and claim.value_type != "SYSTEM")
        and (value := _value(claim, names)) is not None
    }


def person_claims(user: User, scopes: Iterable[str]) -> dict[str, Any]:
    """The claims that OIDC scopes open about a person, without empty ones (OIDC Core §5.4)."""
    granted = frozenset(scopes)
    claims: dict[str, Any] = {}
    for scope, claims_of in _BY_SCOPE.items():
        if scope in granted:
            claims |= claims_of(user)
    return {name: value for name, value in claims.items() if value not in (None, "", {})}


def thin_person_claims(user: User, scopes: Iterable[str]) -> dict[str, Any]:
    """What an ID token beside an access token says of a person; userinfo says the rest."""
    claims = person_claims(user, scopes)
    return {name: claims[name] for name in _THIN if name in claims}


def app_groups_claim(client: Client, user: User, scopes: Iterable[str]) -> dict[str, Any]:
    """The groups claim of an app at the org server: its filter over the person's groups.

    Raises `Refusal` when more than a hundred groups match.
    """
    if client.groups_claim is None or "groups" not in scopes:
        return {}
    settings = client.groups_claim
    name = settings.get("name", "groups")
    kind = cast(GroupFilterKind, settings["filter_type"])
    matched = _matching(name, kind, settings["value"], [group.name for group in user.groups])
    return {name: matched} if matched is not None else {}


def names_for(
    client: Client,
    user: User | None,
    app_username: str | None,
    scopes: tuple[str, ...],
    amr: tuple[str, ...],
    org: Mapping[str, str],
    now: int,
) -> Names:
    """What a claim's expression may refer to in this request."""
    return Names(
        user=user.profile if user else None,
        internal={"id": user.id, "status": user.status} if user else {},
        appuser={**user.profile, "userName": app_username} if user else None,
        app={"id": client.id, "clientId": client.id, "profile": client.profile},
        scopes=scopes,
        amr=amr,
        org=org,
        groups=tuple((group.id, group.name) for group in user.groups) if user else (),
        now=now,
    )


def _value(claim: Claim, names: Names) -> object:
    if claim.value_type == "GROUPS":
        if names.user is None:
            return None
        kind = claim.group_filter_type or "EQUALS"
        return _matching(claim.name, kind, claim.value, [name for _, name in names.groups])
    try:
        value = evaluate(parse(claim.value), names)
    except ExpressionError as error:
        raise _not_evaluated(claim.name) from error
    if claim.name == "sub" and not isinstance(value, str | None):
        raise _not_evaluated(claim.name)  # a subject is text (RFC 7519 §4.1.2)
    return value


def _matching(name: str, kind: GroupFilterKind, value: str, groups: list[str]) -> list[str] | None:
    try:
        matched = list(group_filter(kind, value, groups))
    except PatternError as error:
        raise _not_evaluated(name) from error
    if len(matched) > MOST_GROUPS:
        raise Refusal(
            "server_error",
            "The groups claim matched too many groups and must be configured to match fewer "
            "groups.",
        )
    return matched or None


def _not_evaluated(name: str) -> Refusal:
    return Refusal("server_error", f"The '{name}' user claim could not be evaluated.")


def _profile(user: User) -> dict[str, Any]:
    profile = user.profile
    full_name = " ".join(
        part for part in (profile.get("firstName"), profile.get("lastName")) if part
    )
    claims = {claim: profile.get(attribute) for claim, attribute in _PROFILE.items()}
    return claims | {
        "name": profile.get("displayName") or full_name,
        "updated_at": user.updated or None,
    }


def _email(user: User) -> dict[str, Any]:
    email = user.profile.get("email")
    return {"email": email, "email_verified": True if email else None}


def _phone(user: User) -> dict[str, Any]:
    return {"phone_number": user.profile.get("primaryPhone")}


def _address(user: User) -> dict[str, Any]:
    parts = {claim: user.profile.get(attribute) for claim, attribute in _ADDRESS.items()}
    return {"address": {name: value for name, value in parts.items() if value}}


_BY_SCOPE: dict[str, Callable[[User], dict[str, Any]]] = {
    "profile": _profile,
    "email": _email,
    "phone": _phone,
    "address": _address,
}
