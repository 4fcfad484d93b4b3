"""Operations tried for real, by whoever is chosen, on subjects that are made for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote

import httpx

from grantlab.finding import LabError, client_for, json_of
from grantlab.lab import Lab
from grantlab.least_privilege import Identity, Operation, Outcome, Prediction, Role, predict
from grantlab.loot import examine
from grantlab.recording import Recording
from grantlab.subjects import NEVER, Workbench
from grantlab.tokens import decode

Found = Literal[Outcome, "no such call", "not tried"]
_CAPITAL = re.compile(r"(?<=[a-z])[A-Z](?=\w*})")


@dataclass(frozen=True)
class Tried:
    """One operation, tried: what was predicted, and what the server said.

    `outcome` is told from the answer alone: a 403 with a challenge lacks a scope, one without a
    role (RFC 6750 §3.1). Whoever is let in has the outcome "allowed", whatever then became of it.
    """

    operation: Operation
    identity: str
    predicted: Prediction
    outcome: Found
    status: int = 0
    code: str = ""
    said: str = ""

    @property
    def as_predicted(self) -> bool:
        """The server agrees with the table."""
        return self.outcome == self.predicted.outcome

    @property
    def answer(self) -> str:
        """Status and error code, such as `403 E0000006`."""
        return f"{self.status} {self.code}".strip() if self.status else "not tried"

    def __repr__(self) -> str:
        mark = "" if self.as_predicted else f", predicted: {self.predicted.outcome}"
        return f"{self.operation.call}: {self.answer}, {self.outcome}{mark}"


@dataclass(frozen=True)
class Trial:
    """Somebody, and what came of all that they tried."""

    identity: Identity
    results: tuple[Tried, ...]


def identity_of(lab: Lab, credential: str, name: str = "") -> Identity:
    """Who a credential speaks for: an access token or an API token, with or without its scheme.

    The scopes are read in the token, the roles are asked for with the lab's own token. To ask
    with an API token is a use of it: its thirty days begin again. Raises LabError for a
    credential that the lab refuses.
    """
    value = credential.rpartition(" ")[2]
    claims = decode(value).payload
    if not claims:
        owner, login = owner_of(lab, value)
        roles = roles_at(lab, f"/api/v1/users/{owner}")
        return Identity(name or login, None, roles, f"SSWS {value}")
    said = examine(value)
    roles = roles_at(lab, holder_in(claims))
    accepted = said.opens == (lab.url,) and said.seconds_left(lab.now()) not in (None, 0)
    scopes = frozenset(said.scopes or ())
    return Identity(name or said.owner, scopes, roles, f"Bearer {value}", accepted)


def holder_in(claims: Mapping[str, Any]) -> str:
    """The path of whose roles an access token uses: its person, else its app.

    Nobody has checked the claims, so they stay one piece of the path.
    """
    who = quote(str(claims.get("uid") or claims.get("cid")), safe="")
    return f"/api/v1/users/{who}" if claims.get("uid") else f"/oauth2/v1/clients/{who}"


def owner_of(lab: Lab, api_token: str) -> tuple[str, str]:
    """Id and login of whom an API token acts as, by using it once.

    The lab's own log says who called, also where the call is refused for want of a role. Raises
    LabError for a token that is none, or is over.
    """
    with client_for(lab.url, headers={"Authorization": f"SSWS {api_token}"}) as client:
        answer = client.get(f"{lab.url}/api/v1/users/me")
    if answer.status_code == 401:
        json_of(answer)
    wanted = f'transaction.id eq "{answer.headers["x-okta-request-id"]}"'
    events = json_of(lab.admin.get("/api/v1/logs", params={"filter": wanted}))
    actor = events[0]["actor"]
    return str(actor["id"]), str(actor["alternateId"])


def try_all(
    lab: Lab,
    identity: Identity,
    operations: Iterable[Operation],
    *,
    groups: tuple[str, ...] | None = None,
    recording: Recording | None = None,
    watch: Callable[[Tried], object] = lambda _: None,
) -> tuple[Tried, ...]:
    """Each operation, sent for real; subjects are made for it and gone afterwards.

    They are members of these `groups`; unless said, of those that the identity is limited to.
    Calls that need no credential are sent without one. What would end the lab's own work (a reset,
    for one) is not tried. `watch` hears of each result as it comes.
    """
    results = []
    theirs = identity.groups if groups is None else groups
    with Workbench(lab, theirs) as bench, _client(lab, identity, recording) as client:
        for operation in operations:
            result = _try(bench, client, identity, operation)
            results.append(result)
            watch(result)
    return tuple(results)


def as_written(operation: Operation) -> Operation:
    """The line of the list as it stood, to be tried too; where it stood right, the same."""
    return rewritten(operation, operation.written) if operation.written else operation


def rewritten(operation: Operation, call: str) -> Operation:
    """The same intention by another call, written as in the list: `GET /users/{userId}`."""
    method, _, target = call.strip().partition(" ")
    path, _, query = target.strip().partition("?")
    path = _CAPITAL.sub(lambda found: f"_{found[0].lower()}", path.removeprefix("/api/v1"))
    return replace(operation, method=method.upper(), path=f"/api/v1{path}", query=query)


def trial_of(lab: Lab, credential: str, operations: Iterable[Operation]) -> Trial:
    """Who a credential speaks for, and what came of these operations on anybody in the org.

    Whoever has no role at all tries nothing. Raises LabError for a credential that is refused.
    """
    identity = identity_of(lab, credential)
    asked = operations if identity.roles else ()
    return Trial(identity, try_all(lab, identity, asked, groups=()))


def _try(bench: Workbench, client: httpx.Client, identity: Identity, operation: Operation) -> Tried:
    predicted = predict(identity, operation)
    if (operation.method, operation.path) in NEVER:
        return Tried(operation, identity.name, predicted, "not tried")
    attempt = bench.prepare(operation)
    headers = {} if operation.public else {"Authorization": identity.authorization}
    answer = client.request(attempt.method, attempt.path, json=attempt.body, headers=headers)
    document = _document(answer)
    if answer.is_success and operation.method != "GET":
        bench.spoiled(operation, document)
    return Tried(
        operation,
        identity.name,
        predicted,
        _outcome(answer, document, operation),
        answer.status_code,
        str(document.get("errorCode", "")),
        _said(document),
    )


def _outcome(answer: httpx.Response, document: dict[str, Any], operation: Operation) -> Found:
    """Which of the refusals it is, told from the answer."""
    code = document.get("errorCode")
    if code in ("E0000008", "E0000022"):
        return "no such call"
    if operation.public:
        return "no credential needed"
    if answer.status_code == 401:
        return "credential refused"
    if answer.status_code == 403 and code == "E0000006":
        if "insufficient_scope" in answer.headers.get("www-authenticate", ""):
            return "scope missing"
        return "API token only" if "Use an API token" in _said(document) else "role missing"
    return "allowed"


def _said(document: dict[str, Any]) -> str:
    causes = [str(each.get("errorSummary", "")) for each in document.get("errorCauses") or ()]
    return " ".join([str(document.get("errorSummary", "")), *causes]).strip()


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _client(lab: Lab, identity: Identity, recording: Recording | None) -> httpx.Client:
    if recording is None:
        return client_for(lab.url, base_url=lab.url)
    return recording.client(identity.name, base_url=lab.url)


def roles_at(lab: Lab, holder: str) -> tuple[Role, ...]:
    """The roles of a person or a service app; none for a client that isn't one."""
    answer = lab.admin.get(f"{holder}/roles")
    if answer.status_code in (400, 404):
        return ()
    return tuple(_role_of(lab, holder, found) for found in json_of(answer))


def _role_of(lab: Lab, holder: str, found: dict[str, Any]) -> Role:
    if found["type"] == "CUSTOM":
        answer = json_of(lab.admin.get(f"/api/v1/iam/roles/{found['role']}/permissions"))
        held = frozenset(each["label"] for each in answer["permissions"])
        return Role("CUSTOM", found["label"], held)
    try:
        targets = json_of(lab.admin.get(f"{holder}/roles/{found['id']}/targets/groups"))
    except LabError:
        # Only some roles can be limited to groups.
        targets = []
    return Role(found["type"], groups=tuple(each["id"] for each in targets))


@dataclass(frozen=True)
class PrivilegeMap:
    """Operations and who could call them, for `show`; rows are tried for real where a lab is."""

    operations: tuple[Operation, ...]
    identities: tuple[Identity, ...]
    lab: Lab | None = None
