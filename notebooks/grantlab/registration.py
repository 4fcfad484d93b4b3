"""The learner's own registration at another server: its apps, person and API instead of the lab's.

`Registration` answers what a lesson asks of the lab, and the few calls of the management API
by which a lesson sets up its apps and servers. Nothing of that is sent to anybody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from grantlab.answers import App, Document, LabError, Person

__all__ = ["CALLBACK", "NotHere", "Registration"]

CALLBACK = "http://127.0.0.1:8765/callback"
"""A redirect URI at which nothing listens: the kit's browser catches what comes there."""

CLOSED = "This server's management API is closed to us."
YOURS = "your-own"
"""The id of what stands in for something that the management API would have made."""

_VARIABLES = {
    "web": ("GRANTLAB_CLIENT_ID", "GRANTLAB_CLIENT_SECRET"),
    "public": ("GRANTLAB_PUBLIC_CLIENT_ID", ""),
    "service": ("GRANTLAB_SERVICE_CLIENT_ID", "GRANTLAB_SERVICE_CLIENT_SECRET"),
}
_KINDS = {"web": "web", "browser": "public", "native": "public", "service": "service"}
# The bank's apps that lessons use; any other name is a web app's.
_BANK = {"Bank SPA": "public", "Bank Mobile": "public", "Nightly Job": "service"}
_SERVERS = "/api/v1/authorizationServers"
_ASSIGNING = re.compile(rf"/api/v1/apps/{YOURS}/(groups|users)(/.*)?")
_SETTING_UP = re.compile(rf"{_SERVERS}/{YOURS}/(scopes|policies(/{YOURS}/rules)?)")


class NotHere(LabError):
    """The server is none of this kit's, and lacks what was asked; the message says what, and why.

    In a notebook the lesson goes on: see `grantlab.going_on`.
    """


@dataclass
class Registration:
    """What a learner registered at the server of this issuer, as the environment tells it."""

    issuer: str
    environment: Mapping[str, str] = field(repr=False)
    kinds: dict[str, str] = field(default_factory=lambda: dict(_BANK))

    @property
    def audience(self) -> str:
        """The `aud` of the server's access tokens; "" when nobody told it."""
        return self.environment.get("GRANTLAB_AUDIENCE", "")

    def app(self, name: str) -> App:
        """The learner's app that stands in for the one of that name; `NotHere` without one."""
        kind = self.kinds.get(name, "web")
        client_id, client_secret = self._credentials(kind, name)
        uris = () if kind == "service" else (CALLBACK,)
        return App(YOURS, name, client_id, client_secret, uris, {})

    def person(self, name: str) -> Person:
        """The learner's own account, whoever is asked for; `NotHere` when nobody told it."""
        login = self._told("GRANTLAB_USERNAME", name)
        password = self.environment.get("GRANTLAB_PASSWORD", "")
        return Person(YOURS, name.partition("@")[0].capitalize(), login, password, {})

    def admin(self) -> httpx.Client:
        """A client that answers a lesson's setting up with what is there; else `NotHere`."""
        # Okta's management API is the org's, whichever of its servers is meant.
        base = urlsplit(self.issuer)._replace(path="", query="").geturl()
        return httpx.Client(transport=_StandIn(self), base_url=base)

    def app_for(self, asked: Document) -> Document:
        """What registering an app is answered with: the learner's own one of that kind.

        `NotHere` where the one asked for differs in what the lesson is about.
        """
        name, settings = str(asked["label"]), asked["settings"]["oauthClient"]
        kind = _KINDS[settings["application_type"]]
        client = asked["credentials"]["oauthClient"]
        if lacking := _lacking(kind, settings, client):
            raise NotHere(f"No app of yours stands in for “{name}”, which {lacking}. {CLOSED}")
        self.kinds[name] = kind
        app = self.app(name)
        _say(f"{CLOSED} Your own app {app.client_id} stands in for “{name}”.")
        told = {"client_id": app.client_id}
        told |= {"client_secret": app.client_secret} if app.client_secret else {}
        return {**asked, "id": YOURS, "credentials": {"oauthClient": {**client, **told}}}

    def server_for(self, asked: Document) -> Document:
        """What making a server is answered with: the one that the learner connected to."""
        _say(
            f"{CLOSED} Your own server stands in for “{asked['name']}”, with its scopes, "
            "policies and lifetimes as they are."
        )
        return {**asked, "id": YOURS, "issuer": self.issuer, "audiences": [self.audience]}

    def _credentials(self, kind: str, name: str) -> tuple[str, str]:
        identity, secret = _VARIABLES[kind]
        return self._told(identity, name), self.environment.get(secret, "") if secret else ""

    def _told(self, variable: str, name: str) -> str:
        told = self.environment.get(variable, "")
        if not told:
            raise NotHere(f"Nothing of yours stands in for “{name}”: set {variable}. {CLOSED}")
        return told


class _StandIn(httpx.BaseTransport):
    """Answers the calls by which a lesson sets itself up; nothing leaves this process."""

    def __init__(self, own: Registration) -> None:
        self._own = own

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, or `NotHere`."""
        path = request.url.path
        asked = json.loads(request.read() or b"{}")
        return httpx.Response(200, json=self._answer(request.method, path, asked))

    def _answer(self, method: str, path: str, asked: Document) -> Any:
        if (method, path) == ("POST", "/api/v1/apps"):
            return self._own.app_for(asked)
        if (method, path) == ("POST", _SERVERS):
            return self._own.server_for(asked)
        if (method, path) == ("GET", "/api/v1/groups"):
            return [{"id": YOURS, "profile": {"name": "Everyone"}}]
        if method in {"POST", "PUT"} and _ASSIGNING.fullmatch(path):
            return {}
        if method == "POST" and _SETTING_UP.fullmatch(path):
            return {"id": YOURS}
        raise NotHere(f"{method} {path} wasn't sent. {CLOSED}")


def _lacking(kind: str, settings: Document, client: Document) -> str:
    if set(settings.get("redirect_uris", ())) - {CALLBACK}:
        return "has further redirect URIs"
    if kind == "public" and client.get("token_endpoint_auth_method") != "none":
        return "is given a secret that it can't keep"
    rotates = settings.get("refresh_token", {}).get("rotation_type") == "ROTATE"
    if kind == "public" and "refresh_token" in settings["grant_types"] and not rotates:
        return "doesn't rotate its refresh tokens"
    return ""


def _say(words: str) -> None:
    print(words)
