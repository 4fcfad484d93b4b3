"""Calls of the management API as a desk makes them: lists, names for ids, refusals explained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from grantlab.answers import Document
from grantlab.finding import LabError, json_of
from grantlab.reading import read_json
from grantlab.recording import Exchange

ALL_CLIENTS = "ALL_CLIENTS"
EVERYONE = "EVERYONE"
ALL_SCOPES = "*"

_WORDS = {
    ALL_CLIENTS: "all clients",
    EVERYONE: "everyone with the app",
    ALL_SCOPES: "* (all scopes)",
}
_CHANGED_MEANWHILE = (
    "Somebody changed it after this table was read. Each change names the version that you saw "
    "(`If-Match`), and the server found another one: nothing was overwritten. Read the table "
    "again, look at what is there now, and decide anew."
)
_EXPLAINED = {
    "E0000231": _CHANGED_MEANWHILE,
    "E0000111": "What is built in can't be switched off.",
    "E0000006": "The token behind the desk may not do this, or its owner has no role that may.",
    "E0000011": "The token behind the desk is over: sign in again, and open the desk anew.",
    "E0000007": "It is not there any more: read the table again.",
}


class NoManagement(LabError):
    """There is no management API to be had here; the message says why."""


class Refused(LabError):
    """The management API refused a call, and that call changed nothing.

    `status` is the answer's, `code` Okta's error code, `said` its words, `meaning` what to do
    about it.
    """

    def __init__(self, request: str, said: str, status: int, code: str) -> None:
        super().__init__(f"{request}: {said}")
        self.said = said
        self.status = status
        self.code = code
        self.meaning = _EXPLAINED.get(code, "")


@dataclass(frozen=True)
class Names:
    """What ids mean: labels of apps by client id, names of groups and logins of people by id."""

    apps: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()

    def of(self, id: str) -> str:
        """The name behind an id; the id itself when there is none."""
        return _WORDS.get(id) or {**self.people, **self.groups, **self.apps}.get(id, id)


def names_of(client: httpx.Client, server_id: str) -> Names:
    """The names of an org, and the scopes of one of its servers. Raises `NoManagement`."""
    apps = listed(client, "/api/v1/apps")
    oauth = [each for each in apps if "oauthClient" in (each.get("credentials") or {})]
    scopes = listed(client, f"/api/v1/authorizationServers/{server_id}/scopes")
    return Names(
        {each["credentials"]["oauthClient"]["client_id"]: each["label"] for each in oauth},
        {each["id"]: each["profile"]["name"] for each in listed(client, "/api/v1/groups")},
        {each["id"]: each["profile"]["login"] for each in listed(client, "/api/v1/users")},
        tuple(each["name"] for each in scopes),
    )


def listed(client: httpx.Client, path: str) -> list[Document]:
    """Up to 200 documents of a list. Raises `NoManagement` for any answer but a list."""
    try:
        found = json_of(client.get(path, params={"limit": 200}))
    except httpx.HTTPError as fault:
        raise NoManagement(f"{client.base_url} doesn't answer ({type(fault).__name__}).") from fault
    except ValueError as fault:
        raise NoManagement(f"GET {path}: the answer is no JSON.") from fault
    except LabError as refusal:
        raise NoManagement(str(refusal)) from refusal
    if not isinstance(found, list):
        raise NoManagement(f"GET {path}: the answer is no list.")
    return found


def id_of(wanted: str, known: Mapping[str, str], kind: str) -> str:
    """The id that is meant, by itself or by its name. `LabError` when there is none."""
    if wanted in known:
        return wanted
    found = [id for id, name in known.items() if name == wanted]
    if found:
        return found[0]
    names = ", ".join(sorted(known.values()))
    raise LabError(f"There is no {kind} {wanted!r}; there is: {names}.")


def accepted(answer: httpx.Response) -> httpx.Response:
    """The answer of a call that went well. Raises `Refused`, in Okta's words."""
    try:
        if not answer.is_success:
            json_of(answer)
    except LabError as said:
        document = _json_in(answer.text)
        code = str(document.get("errorCode", "")) if isinstance(document, dict) else ""
        request, _, words = str(said).partition(": ")
        raise Refused(request, words, answer.status_code, code) from None
    return answer


def as_python(exchange: Exchange, base: str, caller: str = "lab.admin") -> str:
    """The call as a line for `caller`, the name of an `httpx.Client` of the org at `base`.

    Calls of the lab itself are the lab's own.
    """
    path = path_of(exchange.url, base)
    caller = "lab.admin" if path.startswith("/lab/") else caller
    arguments = [repr(path)]
    sent = {name: value for name, value in exchange.request_headers if name == "if-match"}
    if sent:
        arguments.append(f"headers={{'If-Match': {sent['if-match']!r}}}")
    document = _json_in(exchange.request_body)
    if document is not None:
        arguments.append(f"json={_literal(document)}")
    call = f"{caller}.{exchange.method.lower()}"
    if document is None and not sent:
        return f"{call}({arguments[0]})"
    return "\n".join([f"{call}(", *(f"    {each}," for each in arguments), ")"])


def _json_in(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return None


def path_of(url: str, base: str) -> str:
    """The part of a URL behind the org's own: what a client of the org at `base` asks for."""
    if url.startswith(base):
        return url[len(base) :]
    pieces = urlsplit(url)
    return pieces.path + (f"?{pieces.query}" if pieces.query else "")


def _literal(document: Any) -> str:
    """JSON as Python writes it, one member a line, at its place in a call."""
    text = json.dumps(document, indent=4, ensure_ascii=False)
    lines = [_python(line) for line in text.splitlines()]
    return "\n".join([lines[0], *(f"    {line}" for line in lines[1:])])


def _python(line: str) -> str:
    # A line of indented JSON holds one value, at its end.
    body, comma = (line[:-1], ",") if line.endswith(",") else (line, "")
    for word, python in (("null", "None"), ("true", "True"), ("false", "False")):
        if body.endswith(f": {word}") or body.strip() == word:
            return body[: -len(word)] + python + comma
    return line
