"""The refresh token grant, with rotation and reuse detection."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import grants

from labserver.domain.errors import Refusal
from labserver.domain.scopes import app_holds_api_grants, split
from labserver.domain.tokens import Access
from labserver.domain.values import User
from labserver.oauth.client_auth import RegisteredClient
from labserver.oauth.grants import PERSON, Issues
from labserver.oauth.issuing import (
    Lifetimes,
    decide,
    event_prefix,
    idle_end,
    issue,
    lifetimes_of,
    server_of,
)
from labserver.store import ledger, loaders

DEAD_TOKEN = "The refresh token is invalid or expired."

# The checks by name, as the server's reasons list them.
ALIVE = "refresh token is alive, of this client and server"
WITHIN = "scopes are within those granted before"


class FoundRefresh:
    """A refresh token as Authlib asks about it."""

    def __init__(self, value: ledger.Refresh) -> None:
        self.value = value

    def check_client(self, client: RegisteredClient) -> bool:
        """Whether it was given to this client."""
        return self.value.family.client_id == client.value.id

    def get_scope(self) -> str:
        """The scopes that it may still ask for."""
        return " ".join(self.value.scopes)


class RefreshToken(Issues, grants.RefreshTokenGrant):
    """RFC 6749 §6; a rotated token that comes back too late ends its family (RFC 9700 §4.14)."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> FoundRefresh:
        """The token, alive, of this server and client; raises `Refusal`."""
        context = self.context
        found = ledger.find_refresh(context.session, refresh_token)
        dead = Refusal("invalid_grant", DEAD_TOKEN, check=ALIVE)
        if found is None or found.family.client_id != self.registered.id:
            raise dead
        if found.family.server_id != server_of(context).id or found.is_over(context.now):
            raise dead
        if self._rotated_lately(found):
            context.passed("rotated refresh token is within its leeway")
        elif not found.is_current:
            self._end_if_reused(found)
            raise dead
        context.passed(ALIVE)
        return FoundRefresh(found)

    def _validate_token_scope(self, token: FoundRefresh) -> None:
        """Scopes may shrink, never grow."""
        asked = self.request.form.get("scope")
        self.scopes = split(asked) if asked else token.value.scopes
        denied = [scope for scope in self.scopes if scope not in token.value.scopes]
        if denied:
            raise Refusal(
                "access_denied",
                "Some of the scopes requested for the refresh request were not granted in the "
                f"original authorize request. Denied scopes: {', '.join(denied)}.",
                check=WITHIN,
            )
        app_holds_api_grants(server_of(self.context), self.registered, self.scopes, self.GRANT_TYPE)
        self.context.passed(WITHIN, " ".join(self.scopes))

    def authenticate_user(self, refresh_token: FoundRefresh) -> User:
        """The person whose access it is; raises `Refusal` once they may not sign in."""
        user_id = refresh_token.value.family.user_id
        return self.living_user(user_id, Refusal("invalid_grant", DEAD_TOKEN, check=PERSON))

    def issue_token(self, user: User, refresh_token: FoundRefresh) -> dict[str, Any]:
        """The token response: policy is asked again, as if the person had just signed in."""
        context, client, found = self.context, self.registered, refresh_token.value
        family = found.family
        rule = decide(context, client, family.grant_type, self.scopes, user)
        lifetimes = lifetimes_of(rule)
        access = Access(
            grant_type=family.grant_type,
            scopes=self.scopes,
            user=user,
            app_username=loaders.app_username(context.session, client.id, user),
            auth_time=family.auth_time,
            amr=family.amr,
            family=family.id,
        )
        successor = self._successor(found, lifetimes)
        return issue(context, client, access, lifetimes, refresh_token=successor)

    def revoke_old_credential(self, refresh_token: FoundRefresh) -> None:
        """Nothing: the old token was claimed before the new one was made."""

    def _successor(self, found: ledger.Refresh, lifetimes: Lifetimes) -> str | None:
        """The next refresh token: the same one where nothing rotates, none without its scope."""
        context, client = self.context, self.registered
        expires = idle_end(context.now, lifetimes, found.family.absolute_expires)
        if "offline_access" not in self.scopes:
            ledger.touch_refresh(context.session, found, expires)
            return None
        if not client.rotates_refresh_tokens:
            ledger.touch_refresh(context.session, found, expires)
            return self.request.form["refresh_token"]
        if not ledger.rotate_refresh(context.session, found, context.now, client.refresh_leeway):
            self._end_if_reused(found)
            raise Refusal("invalid_grant", DEAD_TOKEN, check=ALIVE)
        return ledger.save_refresh(
            context.session, found.family, self.scopes, expires, context.now, follows=found
        )

    def _rotated_lately(self, found: ledger.Refresh) -> bool:
        """Whether a client that missed the answer may still come with the old token."""
        leeway = self.registered.refresh_leeway
        return (
            found.rotated_at is not None
            and found.replaced_at is None
            and self.context.now - found.rotated_at < leeway
        )

    def _end_if_reused(self, found: ledger.Refresh) -> None:
        """End the family when two parties hold it, and say so in the log."""
        context = self.context
        if not ledger.is_reuse(context.session, found, context.now, self.registered.refresh_leeway):
            return
        ledger.revoke_family(context.session, found.family.id, context.now)
        context.note(
            "refresh token is not reused",
            "failed",
            "It was rotated before: all tokens of this sign-in are revoked.",
        )
        context.event(
            f"{event_prefix(context)}.token.detect_reuse",
            "A refresh token was used again",
            outcome="FAILURE",
            reason="refresh_token_reuse",
        )
