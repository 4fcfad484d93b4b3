"""What one request knows: its org, its server, its database session, its time, its reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.orm import Session

from labserver.domain.errors import Refusal
from labserver.domain.reasons import Check, Reason, Result
from labserver.domain.values import (
    ORG_SERVER,
    AuthorizationServer,
    Client,
    KeyRing,
    Org,
    User,
)
from labserver.settings import Settings
from labserver.store import loaders
from labserver.store.keys import rotate_when_due
from labserver.store.log import LogEvent


@dataclass
class Context:
    """Passed to everything below `web/`, so that nothing hides in globals.

    `now` is the org's time in whole seconds since the epoch. `reasons` collects, in order, every
    check that ran; `events` the log events that the request leaves.
    """

    org: Org
    session: Session
    settings: Settings
    now: int
    request_id: str
    ip: str = ""
    user_agent: str = ""
    server_id: str | None = None
    reasons: list[Reason] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    actor_client: Client | None = None
    actor_user: User | None = None

    @cached_property
    def server(self) -> AuthorizationServer | None:
        """The authorization server that the URL names; None when it is unknown or inactive."""
        if self.server_id is None:
            return None
        return loaders.load_server(self.session, self.server_id)

    @cached_property
    def keys(self) -> KeyRing:
        """The server's keys, made at their first need."""
        assert self.server is not None
        return self.keys_of(self.server.id, self.server.name)

    def keys_of(self, server_id: str, name: str) -> KeyRing:
        """The keys of one of the org's servers; a rotation that is due is made now and logged."""
        ring, turned = rotate_when_due(self.session, server_id, self.now)
        if turned:
            self.key_rollover(server_id, name)
        return ring

    def key_rollover(self, server_id: str, name: str) -> None:
        """Leave the event of a rotation."""
        kind = "oauth2" if server_id == ORG_SERVER else "oauth2.as"
        about = {"type": "AuthorizationServer", "alternateId": name, "displayName": name}
        self.event(
            f"app.{kind}.key.rollover",
            "Rotate the signing keys of an authorization server",
            targets=({"id": self.org.id if server_id == ORG_SERVER else server_id} | about,),
        )

    def session_lifetime(self, began: int | None = None) -> int:
        """Seconds from now that a session of that time, or a new one, lasts without use.

        At 0 and below it is over (Okta: sign-on rule, session).
        """
        rules = loaders.load_sign_in_rules(self.session)
        age = 0 if began is None else self.now - began
        return rules.session_lifetime(self.settings.lifetime_session, age)

    def passed(self, check: str, detail: str = "") -> None:
        """Note a check that passed. No secret, code or token goes into `detail`."""
        self.reasons.append(Check(check, "passed", detail))

    def note(self, check: str, result: Result, detail: str = "") -> None:
        """Note a check with its result."""
        self.reasons.append(Check(check, result, detail))

    def refused(self, refusal: Refusal) -> None:
        """Note the check that a refusal failed, unless whoever checked has noted it."""
        noted = any(
            isinstance(reason, Check)
            and reason.result == "failed"
            and (reason.check == refusal.check or reason.detail == refusal.description)
            for reason in self.reasons
        )
        if not noted:
            self.note(refusal.check, "failed", refusal.description)

    def event(
        self,
        event_type: str,
        message: str,
        *,
        outcome: str = "SUCCESS",
        reason: str = "",
        targets: tuple[dict[str, str], ...] = (),
    ) -> None:
        """Leave a log event; the request's reasons are attached when the request ends."""
        self.events.append(
            LogEvent(
                event_type=event_type,
                display_message=message,
                outcome=outcome,
                reason=reason,
                actor=self._actor(),
                client={"ipAddress": self.ip, "userAgent": self.user_agent},
                targets=targets,
                transaction_id=self.request_id,
            )
        )

    def _actor(self) -> dict[str, str] | None:
        if self.actor_user is not None:
            user = self.actor_user
            name = f"{user.profile.get('firstName', '')} {user.profile.get('lastName', '')}".strip()
            return {
                "id": user.id,
                "type": "User",
                "alternateId": user.login,
                "displayName": name or user.login,
            }
        if self.actor_client is not None:
            client = self.actor_client
            return {
                "id": client.id,
                "type": "PublicClientApp",
                "alternateId": client.id,
                "displayName": client.name,
            }
        return None
