"""What requests and previews say of a server's policies: reading it, and making it by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from grantlab.lessons.evidence import answer_of, basic, exchange, form_of
from grantlab.recording import Exchange, Recording

ORG = "http://127.0.0.1:8080"
SERVER = f"{ORG}/api/v1/authorizationServers/aus1"
READ, WRITE = "transfers:read", "transfers:write"
INVALID_CLIENT, INVALID_SCOPE, DENIED = "invalid_client", "invalid_scope", "access_denied"
NOT_ALL_ASKED = "Not everybody has asked in this recording: let them all ask, after the change."


def request_for(recording: Recording, sender: str, scope: str) -> Exchange | None:
    """The newest token request of a program for a scope."""
    found = [
        one
        for one in recording
        if one.sender == sender
        and one.path.endswith("/v1/token")
        and form_of(one)["scope"] == scope
    ]
    return found[-1] if found else None


def previews_in(recording: Recording) -> list[Exchange]:
    """The previews that were asked of the lab, in order."""
    return [one for one in recording if one.path.endswith("/lab/preview")]


def preview_for(recording: Recording, *scopes: str) -> dict[str, Any] | None:
    """The newest preview for just these scopes: the lab's answer."""
    found = [one for one in previews_in(recording) if set(body_of(one)["scopes"]) == set(scopes)]
    return answer_of(found[-1]) if found else None


def body_of(one: Exchange) -> dict[str, Any]:
    """The JSON object that was sent; empty without one."""
    found: dict[str, Any] = json.loads(one.request_body or "{}")
    return found


def error_of(one: Exchange) -> str:
    """The error that was answered; empty without one."""
    return str(answer_of(one).get("error", ""))


def error_in(preview: Mapping[str, Any]) -> str:
    """The error of a preview; empty without one."""
    return str((preview.get("error") or {}).get("error", ""))


def minutes_in(preview: Mapping[str, Any]) -> int:
    """How long its access token would live; 0 where there would be none."""
    return int(preview.get("expiresIn") or 0) // 60


def listed(recording: Recording, ending: str) -> list[dict[str, Any]]:
    """The newest list of policies or rules that was read, in their order; only active ones."""
    found = [one for one in recording if one.method == "GET" and one.path.endswith(ending)]
    rows = found[-1].json() if found and found[-1].status == 200 else []
    active = [row for row in rows if row["status"] == "ACTIVE"]
    return sorted(active, key=lambda row: int(row["priority"]))


def _request(sender: str, scope: str, status: int, **answer: Any) -> Exchange:
    form = {"grant_type": "client_credentials", "scope": scope}
    asked = exchange(
        "POST",
        f"{ORG}/oauth2/aus1/v1/token",
        status,
        form=form,
        headers=basic(f"0oa-{sender}", "a-secret"),
        answer=answer,
    )
    return replace(asked, sender=sender)


def got_token(sender: str, scope: str, minutes: int = 60) -> Exchange:
    return _request(sender, scope, 200, access_token="a.b.c", expires_in=minutes * 60)


def refused(sender: str, scope: str, error: str = DENIED) -> Exchange:
    return _request(sender, scope, 401 if error == INVALID_CLIENT else 400, error=error)


def preview(
    *scopes: str, minutes: int = 0, rule: str = "", error: str = "", why: str = ""
) -> Exchange:
    answer = {
        "decision": {"ruleName": rule} if rule else None,
        "trace": [] if error == INVALID_SCOPE else [{"policyId": "00p1", "result": "passed"}],
        "expiresIn": minutes * 60 or None,
        "error": {"error": error, "error_description": why} if error else None,
    }
    asked = exchange("POST", f"{ORG}/lab/preview", 200, answer=answer)
    return replace(asked, request_body=json.dumps({"userId": "00u1", "scopes": list(scopes)}))


def read_list(what: str, *rows: Mapping[str, Any]) -> Exchange:
    numbered = [{"status": "ACTIVE", "priority": at, **row} for at, row in enumerate(rows, 1)]
    read = exchange("GET", f"{SERVER}/{what}", 200, answer={})
    return replace(read, response_body=json.dumps(numbered))
