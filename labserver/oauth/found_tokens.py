"""A token that somebody shows us: what kind it is, whose, and whether it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from labserver.domain import signing, tokens
from labserver.oauth.context import Context
from labserver.oauth.issuing import server_of
from labserver.store import ledger, loaders
from labserver.store.undone import is_undone

_ENDS_ACCESS = frozenset({"DEPROVISIONED"})


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A token of this server, of any kind, that holds at this moment."""

    kind: str
    """`access_token`, `id_token` or `refresh_token`."""
    client_id: str
    claims: dict[str, Any]
    """A JWT's claims; for a refresh token what introspection says of it."""
    family: str | None = None

    def check_client(self, client: Any) -> bool:
        """Whether it was given to this client (Authlib's client adapter)."""
        return bool(self.client_id == client.value.id)

    def is_expired(self) -> bool:
        """No: an expired token is not found at all."""
        return False

    def is_revoked(self) -> bool:
        """No: a revoked token is not found at all."""
        return False


Fault = Literal["signature", "kind", "issuer", "expired", "revoked", "parties"]


class NoGood(Exception):  # noqa: N818  (what is the case)
    """A JWT that does not hold here and now, and why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault)


def find_token(context: Context, value: str) -> FoundToken | None:
    """The token that this value is, if it holds here and now: whatever the caller hinted."""
    if value.count(".") == 2:
        return find_jwt(context, value)
    return _find_refresh(context, value)


def find_jwt(context: Context, value: str) -> FoundToken | None:
    """The access or ID token of this server that this value is, if it holds here and now."""
    try:
        return judge_jwt(context, value)
    except NoGood:
        return None


def judge_jwt(context: Context, value: str) -> FoundToken:
    """The access or ID token of this server that this value is. Raises `NoGood`."""
    ring = context.keys
    try:
        claims = signing.verify(value, (*ring.published, ring.access_token_key))
    except signing.BadToken:
        raise _failed(context, "signature is by a key of this server", "signature") from None
    context.passed("signature is by a key of this server")
    found = _as_kind(claims)
    if found is None:
        raise NoGood("kind")
    if claims.get("iss") != server_of(context).issuer:
        raise NoGood("issuer")
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= context.now:
        raise _failed(context, "token is not expired", "expired")
    context.passed("token is not expired")
    undone = is_undone(context.session, tokens.era_of(claims["jti"]))
    if undone or ledger.is_revoked(context.session, claims["jti"], found.family):
        raise _failed(context, "token is not revoked", "revoked")
    context.passed("token is not revoked")
    if not _parties_live(context, found.client_id, claims.get("uid") or _person(found)):
        raise _failed(context, "client and person are still active", "parties")
    return found


def _failed(context: Context, check: str, fault: Fault) -> NoGood:
    context.note(check, "failed")
    return NoGood(fault)


def find_access_token(context: Context, value: str) -> FoundToken | None:
    """The access token that this value is: no other kind is good in its place."""
    found = find_jwt(context, value) if value.count(".") == 2 else None
    return found if found is not None and found.kind == "access_token" else None


def _as_kind(claims: dict[str, Any]) -> FoundToken | None:
    jti = claims.get("jti")
    if not isinstance(jti, str):
        return None
    if jti.startswith("AT."):
        return FoundToken("access_token", claims["cid"], claims, tokens.family_of(jti))
    if jti.startswith("ID."):
        return FoundToken("id_token", claims["aud"], claims)
    return None


def _person(found: FoundToken) -> str | None:
    return found.claims["sub"] if found.kind == "id_token" else None


def _parties_live(context: Context, client_id: str, user_id: str | None) -> bool:
    if loaders.load_client(context.session, client_id) is None:
        return False
    if user_id is None:
        return True
    user = loaders.load_user(context.session, user_id)
    return user is not None and user.status not in _ENDS_ACCESS


def _find_refresh(context: Context, value: str) -> FoundToken | None:
    refresh = ledger.find_refresh(context.session, value)
    if refresh is None or refresh.family.server_id != server_of(context).id:
        return None
    family = refresh.family
    alive = refresh.is_current and not refresh.is_over(context.now)
    if not alive or not _parties_live(context, family.client_id, family.user_id):
        context.note("refresh token is alive", "failed")
        return None
    context.passed("refresh token is alive")
    user = loaders.load_user(context.session, family.user_id) if family.user_id else None
    login = user.login if user else family.client_id
    claims = {
        "scope": " ".join(refresh.scopes),
        "client_id": family.client_id,
        "username": login,
        "sub": login,
        "exp": refresh.expires,
    }
    return FoundToken("refresh_token", family.client_id, claims, family.id)
