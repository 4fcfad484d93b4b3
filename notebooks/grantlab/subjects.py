"""Disposable people and things to try an operation on; they are gone when the trial is over."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from grantlab.finding import json_of
from grantlab.lab import Lab
from grantlab.operations import Operation

# Nothing has these ids: whoever is let in finds nothing there, and nothing is changed.
NOBODY = "0x0NothingHasThisId00"
QUESTION = {"question": "disliked_food", "answer": "grey porridge"}

# They would end the trial, the trier or the lesson's other work.
NEVER = frozenset(
    {
        ("POST", "/lab/reset"),
        ("PUT", "/lab/snapshot"),
        ("DELETE", "/lab/outbox"),
        ("DELETE", "/api/v1/api-tokens/current"),
    }
)


@dataclass
class Subject:
    """A person made for the trial: spoiled by a write that succeeds, or in another state by it."""

    id: str
    login: str
    password: str
    next_password: str = ""
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """What is sent: the path with real ids, and a body."""

    method: str
    path: str
    body: Any


class Workbench:
    """Makes subjects with the lab's own token, and takes all of them away at its end.

    People are made as members of `groups`, so that an admin who is limited to these reaches them.
    """

    def __init__(self, lab: Lab, groups: tuple[str, ...] = ()) -> None:
        self._lab, self._groups = lab, groups
        self._made: list[str] = []
        self._ready: dict[str, list[Subject]] = {}
        self._used = ""
        self._things: dict[str, str] = {}

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        for path in reversed(self._made):
            # People, apps and servers in use go in two steps.
            if self._lab.admin.delete(path).is_success and "/users/" in path:
                self._lab.admin.delete(path)

    def prepare(self, operation: Operation) -> Attempt:
        """Everything the operation needs is there; the attempt is ready to be sent."""
        subject = self._subject(_state_of(operation))
        subject.next_password = f"Other-{secrets.token_urlsafe(9)}-8"
        body = _body(operation, subject, self._groups)
        # Who is still to be made has no id yet.
        user_id = NOBODY if operation.does == "create a user" else subject.id
        path = operation.call.partition(" ")[2].replace("{user_id}", user_id)
        if operation.does == "get a user by login":
            path = path.replace(subject.id, subject.login)
        for name, value in self._ids(operation, subject).items():
            path = path.replace(f"{{{name}}}", value)
        return Attempt(operation.method, path, body)

    def spoiled(self, operation: Operation, answer: Any) -> None:
        """The call has changed its subject, or made something that has to go.

        Hashing passwords is what takes time: a person in a state that is known is used again.
        """
        made = answer.get("id") if isinstance(answer, dict) else None
        if operation.does not in _HARMLESS:
            subject = self._ready[self._used].pop(0)
            step = f"{operation.area}: {operation.does}"
            if step in _AFTERWARDS:
                if step in _NEW_PASSWORDS:
                    subject.password = subject.next_password
                elif made:
                    subject.ids["factor_id"] = made
                self._ready.setdefault(_AFTERWARDS[step], []).append(subject)
        if made and operation.path in ("/api/v1/users", "/api/v1/groups", "/api/v1/apps"):
            self._made.append(f"{operation.path}/{made}")

    def _subject(self, state: str) -> Subject:
        if state == "with any factor" and not self._ready.get(state):
            state = "with a factor"
        ready = self._ready.setdefault(state, [])
        if not ready:
            active = self._ready.get("active") if state in _FROM_ACTIVE else None
            if active:
                self._bring(active[0], state)
            ready.append(active.pop(0) if active else self._person(state))
        self._used = state
        return ready[0]

    def _person(self, state: str) -> Subject:
        login = f"subject-{secrets.token_hex(5)}@grantlab.example"
        password = f"Trial-{secrets.token_urlsafe(9)}-7"
        body: dict[str, Any] = {"profile": _profile(login), "groupIds": list(self._groups)}
        if state in _WITH_PASSWORD:
            body["credentials"] = {"password": {"value": password}}
        made = self._post(f"/api/v1/users?activate={str(state not in _STAGED).lower()}", body)
        subject = Subject(made["id"], login, password)
        self._made.append(f"/api/v1/users/{subject.id}")
        self._bring(subject, state)
        return subject

    def _bring(self, subject: Subject, state: str) -> None:
        """The person is in the state that the call is about."""
        person = f"/api/v1/users/{subject.id}"
        if state == "suspended":
            self._post(f"{person}/lifecycle/suspend")
        elif state == "with a factor":
            subject.ids["factor_id"] = self._post(f"{person}/factors", _QUESTION_FACTOR)["id"]
        elif state == "signing in":
            self._post(f"{person}/lifecycle/expire_password")
            known = {"username": subject.login, "password": subject.password}
            subject.ids["state"] = self._post("/api/v1/authn", known)["stateToken"]
        elif state == "activating":
            answer = self._post(f"{person}/lifecycle/activate?sendEmail=false")
            subject.ids["activation"] = answer["activationToken"]
        elif state == "recovering":
            answer = self._post(f"{person}/lifecycle/reset_password?sendEmail=false")
            subject.ids["recovery"] = answer["resetPasswordUrl"].rpartition("/")[2]

    def _ids(self, operation: Operation, subject: Subject) -> dict[str, str]:
        makers: dict[str, Callable[[], str]] = {
            "group_id": lambda: self._thing("groups", {"profile": {"name": _name()}}),
            "app_id": lambda: self._thing("apps", _app()),
            "server_id": lambda: self._thing(
                "authorizationServers", {"name": _name(), "audiences": ["api://trial"]}
            ),
            "factor_type": lambda: "EMAIL",
        }
        found = {}
        for piece in operation.path.split("{")[1:]:
            name = piece.partition("}")[0]
            if name == "group_id" and operation.area == "groups" and self._groups:
                found[name] = self._groups[0]
            elif name != "user_id":
                found[name] = subject.ids.get(name) or makers.get(name, lambda: NOBODY)()
        return found

    def _thing(self, kind: str, body: Any) -> str:
        if kind not in self._things:
            self._things[kind] = self._post(f"/api/v1/{kind}", body)["id"]
            path = f"/api/v1/{kind}/{self._things[kind]}"
            self._made.append(path)
            if kind in ("apps", "authorizationServers"):
                self._made.append(f"{path}/lifecycle/deactivate")
        return self._things[kind]

    def _post(self, path: str, body: Any = None) -> Any:
        return json_of(self._lab.admin.post(path, json=body))


_QUESTION_FACTOR = {"factorType": "question", "provider": "OKTA", "profile": QUESTION}
_STATES = {
    "activate a user": "staged",
    "unsuspend a user": "suspended",
    "verify an answer": "with a factor",
    "reset one factor": "with any factor",
    "reset all factors": "with a factor",
    "set another question": "plain",
    "set a password": "plain",
    "create a user": "plain",
    "add a user to a group": "plain",
    "change a user's name": "plain",
    "change a user's profile": "plain",
}
_STEPS = {
    "sign in with a password": "active",
    "sign in with an activation token": "activating",
    "show a recovery token": "recovering",
}
_STAGED = frozenset({"staged", "activating"})
_FROM_ACTIVE = frozenset({"suspended", "with a factor", "signing in", "recovering"})
_WITH_PASSWORD = _FROM_ACTIVE | {"active"}
_NEW_PASSWORDS = frozenset(
    {
        "sign-in: change an expired password",
        "users: change a password",
        "users: set a password",
    }
)
_AFTERWARDS = {
    **dict.fromkeys(_NEW_PASSWORDS, "active"),
    "users: suspend a user": "suspended",
    "users: unsuspend a user": "active",
    "users: enroll a question": "with a factor",
    "users: set another question": "with any factor",
    "users: reset all factors": "active",
}
"""What the subject is good for after these."""
_HARMLESS = frozenset(
    {
        "add a user to a group",
        "ask where the transaction stands",
        "change a user's name",
        "change a user's profile",
        "create a user",
        "recover a password by call",
        "recover a password by e-mail",
        "recover a password by text",
        "set a recovery question",
        "sign in with a password",
        "unlock an account",
        "verify an answer",
    }
)
"""Afterwards the subject is as good for the next call as before."""


def _state_of(operation: Operation) -> str:
    if operation.area == "sign-in":
        return _STEPS.get(operation.does, "signing in")
    if operation.number:
        return _STATES.get(operation.does, "active" if operation.method != "GET" else "plain")
    return "plain"


def _body(operation: Operation, subject: Subject, groups: tuple[str, ...]) -> Any:
    """A body with which the call would succeed, for the thread's list; elsewhere an empty one.

    An empty body is refused by every call that makes something, so nothing is left behind.
    """
    if operation.method in ("GET", "DELETE"):
        return None
    login = f"subject-{secrets.token_hex(5)}@grantlab.example"
    state = {"stateToken": subject.ids.get("state", NOBODY)}
    words: dict[str, Any] = {
        "create a user": {"profile": _profile(login), "groupIds": list(groups)},
        "change a user's name": {"profile": {"firstName": "Trial"}},
        "change a user's profile": {"profile": {"city": "Trial Town"}},
        "set a recovery question": {"credentials": {"recovery_question": QUESTION}},
        "set a password": {
            "profile": _profile(subject.login),
            "credentials": {"password": {"value": subject.next_password}},
        },
        "enroll a question": _QUESTION_FACTOR | state,
        "set another question": _QUESTION_FACTOR,
        "verify an answer": {"answer": QUESTION["answer"]} | state,
        "sign in with a password": {"username": subject.login, "password": subject.password},
        "sign in with an activation token": {"token": subject.ids.get("activation", NOBODY)},
        "show a recovery token": {"recoveryToken": subject.ids.get("recovery", NOBODY)},
        "change an expired password": {
            **state,
            "oldPassword": subject.password,
            "newPassword": subject.next_password,
        },
        "change a password": {
            "oldPassword": {"value": subject.password},
            "newPassword": {"value": subject.next_password},
        },
    }
    if operation.does in words:
        found = words[operation.does]
        # Two lines of the list have the same words: one in a sign-in, one about a person.
        return found if operation.area == "sign-in" else _without_state(found)
    if operation.does.startswith(("recover a password", "unlock an account")):
        return {"username": subject.login, "factorType": "EMAIL"}
    if operation.area == "sign-in":
        return state
    return {} if not operation.number else None


def _without_state(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "stateToken"}


def _profile(login: str) -> dict[str, str]:
    return {"login": login, "email": login, "firstName": "Trial", "lastName": "Subject"}


def _name() -> str:
    return f"Trial {secrets.token_hex(5)}"


def _app() -> dict[str, Any]:
    return {
        "name": "oidc_client",
        "label": _name(),
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {
            "oauthClient": {
                "application_type": "service",
                "grant_types": ["client_credentials"],
                "response_types": ["token"],
            }
        },
    }
