"""An org that is nothing but its management API, for the views of the policy desk."""

from __future__ import annotations

import json
from typing import Any

import httpx

from grantlab.desk import PolicyDesk
from grantlab.lab import Lab
from grantlab.recording import Recording
from grantlab.scopes_desk import ScopesDesk

BASE = "http://lab.test/orgs/one"
SERVER = f"{BASE}/api/v1/authorizationServers/aus1"


class Org:
    """Answers as a lab would; every text that it shows is `word`, or plain without one."""

    def __init__(self, word: str = "", *, refuses: bool = False, error: str = "") -> None:
        self.word = word
        self.refuses = refuses
        self.error = error
        self.asked: list[httpx.Request] = []
        self.rules = [self._rule("0pr1", "Only reading", 1), self._rule("0pr2", "Moving money", 2)]

    def scopes_desk(self) -> ScopesDesk:
        """A desk of scopes and claims at this org."""
        with Lab(BASE, "a-token") as lab:
            recording = Recording(transport=httpx.MockTransport(self.answer))
            return ScopesDesk(lab, self.of("Transfers"), recording)

    def desk(self) -> PolicyDesk:
        """A desk at this org."""
        with Lab(BASE, "a-token") as lab:
            recording = Recording(transport=httpx.MockTransport(self.answer))
            return PolicyDesk(lab, self.of("Transfers"), recording)

    def of(self, name: str) -> str:
        """The name as this org says it."""
        return self.word or name

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The answer to a call of the management API, or to a preview."""
        self.asked.append(request)
        path = request.url.path.removeprefix("/orgs/one").removeprefix("/api/v1/")
        if request.method == "DELETE":
            return httpx.Response(204)
        if request.method in ("PUT", "POST") and not path.startswith("/lab/"):
            return self._changed(request)
        documents: dict[str, Any] = {
            "authorizationServers": [
                {
                    "id": "aus1",
                    "name": self.of("Transfers"),
                    "issuer": self.of("http://lab.test/oauth2/aus1"),
                    "audiences": [self.of("api://transfers")],
                }
            ],
            "authorizationServers/aus1/scopes": [
                self._scope("openid", system=True),
                self._scope("transfers:read", system=False),
            ],
            "authorizationServers/aus1/claims": [
                self._claim("sub", system=True),
                self._claim("department", "transfers:write"),
                self._claim("nickname", token="IDENTITY"),
            ],
            "apps": [
                {
                    "label": self.of("Bank SPA"),
                    "credentials": {"oauthClient": {"client_id": self.of("0oa1")}},
                },
                {"label": "A bookmark", "credentials": {}},
            ],
            "groups": [{"id": self.of("00g1"), "profile": {"name": self.of("Staff")}}],
            "users": [{"id": self.of("00u1"), "profile": {"login": self.of("cora@bank.example")}}],
            "authorizationServers/aus1/policies": [self._policy()],
            "authorizationServers/aus1/policies/00p1": self._policy(),
            "authorizationServers/aus1/policies/00p1/rules": self.rules,
            "/lab/preview": self._preview(),
        }
        documents |= {
            f"authorizationServers/aus1/policies/00p1/rules/{rule['id']}": rule
            for rule in self.rules
        }
        return httpx.Response(200, json=documents[path], headers={"ETag": '"v1"'})

    def _changed(self, request: httpx.Request) -> httpx.Response:
        if not self.refuses:
            return httpx.Response(200, json=json.loads(request.content or "{}"))
        refusal = {
            "errorCode": "E0000231",
            "errorSummary": self.of("ETag value doesn't match."),
            "errorCauses": [{"errorSummary": self.of("The object was changed.")}],
        }
        return httpx.Response(412, json=refusal)

    def _scope(self, name: str, *, system: bool) -> dict[str, Any]:
        return {
            "id": f"scp-{name}",
            "name": self.of(name),
            "displayName": self.of("See your transfers"),
            "description": self.of("To and from your accounts"),
            "system": system,
            "default": not system,
            "consent": "REQUIRED",
            "metadataPublish": "ALL_CLIENTS",
        }

    def _claim(
        self, name: str, *scopes: str, system: bool = False, token: str = "RESOURCE"
    ) -> dict[str, Any]:
        return {
            "id": f"ocl-{name}",
            "name": name if system else self.of(name),
            "status": "ACTIVE",
            "claimType": token,
            "valueType": "SYSTEM" if system else "EXPRESSION",
            "value": self.of("user.department"),
            "group_filter_type": None,
            "conditions": {"scopes": [self.of(each) for each in scopes]},
            "system": system,
            "alwaysIncludeInToken": True,
        }

    def _policy(self) -> dict[str, Any]:
        return {
            "id": "00p1",
            "name": self.of("The bank's apps"),
            "status": "ACTIVE",
            "priority": 1,
            "conditions": {"clients": {"include": [self.of("0oa1")]}},
        }

    def _rule(self, id: str, name: str, priority: int) -> dict[str, Any]:
        word = self.of
        return {
            "id": id,
            "name": word(name),
            "status": "ACTIVE",
            "priority": priority,
            "conditions": {
                "people": {
                    "groups": {"include": [word("00g1")]},
                    "users": {"include": [], "exclude": [word("00u1")]},
                },
                "grantTypes": {"include": [word("authorization_code")]},
                "scopes": {"include": [word("transfers:read")]},
            },
            "actions": {"token": {"accessTokenLifetimeMinutes": 60 // priority}},
        }

    def _preview(self) -> dict[str, Any]:
        word = self.of
        decision = {
            "policyId": "00p1",
            "policyName": word("The bank's apps"),
            "ruleId": "0pr2",
            "ruleName": word("Moving money"),
            "accessTokenLifetimeMinutes": 30,
            "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 60,
        }
        said = {"error": word(self.error), "error_description": word("No."), "detail": word("Ah")}
        late = word("It does not cover the scopes openid.")
        return {
            "decision": None if self.error else decision,
            "trace": [
                {"check": word("client"), "result": word("passed"), "detail": word("Bank SPA")},
                {"check": "p", "result": "passed", "detail": "", "policyId": "00p1"},
                {"check": "r", "result": "failed", "detail": late, "policyId": "00p1",
                 "ruleId": "0pr1"},
                {"check": "r", "result": "failed" if self.error else "passed", "detail": late,
                 "policyId": "00p1", "ruleId": "0pr2"},
            ],
            "scopes": [word("transfers:read")],
            "consentNeeded": [word("transfers:read")],
            "accessToken": None if self.error else {"sub": word("cora"), word("exp"): 1},
            "idToken": None if self.error else {"sub": word("00u1")},
            "refreshToken": True,
            "expiresIn": 1800,
            "error": said if self.error else None,
        }  # fmt: skip
