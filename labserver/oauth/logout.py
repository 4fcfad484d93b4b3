"""Sign-out asked for by a client (OpenID Connect RP-Initiated Logout)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from labserver.domain import signing
from labserver.domain.errors import Refusal
from labserver.oauth.context import Context
from labserver.oauth.issuing import server_of
from labserver.store import ledger, loaders

_NOT_REGISTERED = (
    "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app "
    "settings."
)


def logout(
    context: Context, parameters: Mapping[str, str], signed_in: ledger.SignedIn | None
) -> str | None:
    """End the session and say where the browser goes: a registered URI, or None for our page.

    Raises `Refusal`, to be shown to the person. Tokens survive: they are revoked separately.
    """
    claims = _hinted(context, parameters.get("id_token_hint"))
    target = parameters.get("post_logout_redirect_uri")
    client = loaders.load_client(context.session, str(claims["aud"]))
    context.actor_client = client
    if target is not None and (client is None or target not in client.post_logout_redirect_uris):
        raise Refusal("invalid_request", _NOT_REGISTERED)
    if signed_in is not None:
        if signed_in.user_id != claims["sub"]:
            raise Refusal(
                "id_token_does_not_match_session",
                "The ID token subject does not match the current session's user.",
            )
        ledger.end_session(context.session, signed_in.id)
        context.event("user.session.end", "User logged out")
    if target is None:
        return None
    state = parameters.get("state")
    if not state:
        return target
    return f"{target}{'&' if '?' in target else '?'}{urlencode({'state': state})}"


def _hinted(context: Context, hint: str | None) -> dict[str, Any]:
    """The claims of a genuine ID token of this server; it may have expired."""
    if hint is None:
        raise Refusal("invalid_request", "The 'id_token_hint' parameter is required.")
    try:
        claims = signing.verify(hint, context.keys.published)
    except signing.BadToken as error:
        raise _not_ours() from error
    if not str(claims.get("jti", "")).startswith("ID.") or claims.get("iss") != (
        server_of(context).issuer
    ):
        raise _not_ours()
    context.passed("id_token_hint is an ID token of this server")
    return claims


def _not_ours() -> Refusal:
    return Refusal("invalid_request", "The 'id_token_hint' is not an ID token of this server.")
