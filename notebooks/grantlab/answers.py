"""What the lab answers with, as plain values: servers, apps, people, reasons, previews."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


class LabError(Exception):
    """The lab can't do what was asked; the message is one line with the cure."""

    def _render_traceback_(self) -> list[str]:
        # Where in the kit it came up helps nobody: IPython shows these lines instead.
        return [f"LabError: {self}"]


@dataclass(frozen=True)
class Server:
    """An authorization server of the org; `document` is all that the management API says."""

    id: str
    name: str
    issuer: str
    audience: str
    document: Document = field(repr=False, compare=False)


@dataclass(frozen=True)
class App:
    """An app of the org: a client, in OAuth's words. `client_secret` is "" for public clients."""

    id: str
    name: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    document: Document = field(repr=False, compare=False)


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in. `password` is the world's own readable one."""

    id: str
    name: str
    login: str
    password: str
    document: Document = field(repr=False, compare=False)


@dataclass(frozen=True)
class ClockMove:
    """The lab's clock was moved: when by this machine's clock, and how many seconds forward."""

    at: float
    forward: int


@dataclass(frozen=True)
class Reasons:
    """Why the server answered as it did: the log events of one request, oldest first."""

    request_id: str
    events: tuple[Document, ...]

    @property
    def checks(self) -> tuple[Document, ...]:
        """Every check of the request in order: `check`, `result`, `detail`, and for a policy
        decision `policyId` and `ruleId`."""
        return tuple(
            check
            for event in self.events
            for check in event.get("debugContext", {}).get("debugData", {}).get("reasons", [])
        )


@dataclass(frozen=True)
class Preview:
    """What a request for tokens would get; nothing was issued.

    `access_token` and `id_token` are claims, None where there would be no such token.
    `consent_needed` are the scopes that the person would be asked about before. `decision` is
    the rule that lets the request through, `trace` every check and step that led there.
    """

    scopes: tuple[str, ...]
    decision: Document | None
    trace: tuple[Document, ...]
    access_token: Document | None
    id_token: Document | None
    refresh_token: bool
    expires_in: int | None
    consent_needed: tuple[str, ...]
    error: str | None
    error_description: str | None
    detail: str
    """More about an error than the client would hear, such as a fault in an expression."""


def preview_of(document: Document) -> Preview:
    """The preview in the lab's answer."""
    error = document["error"] or {}
    return Preview(
        scopes=tuple(document["scopes"]),
        decision=document["decision"],
        trace=tuple(document["trace"]),
        access_token=document["accessToken"],
        id_token=document["idToken"],
        refresh_token=document["refreshToken"],
        expires_in=document["expiresIn"],
        consent_needed=tuple(document["consentNeeded"]),
        error=error.get("error"),
        error_description=error.get("error_description"),
        detail=error.get("detail", ""),
    )
