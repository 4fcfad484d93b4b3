"""An API token: it acts as its owner, whatever the owner may do at that moment (Okta: SSWS)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from grantlab.calls import Call, Known
from grantlab.flows import (
    Choice,
    Flow,
    FlowSetup,
    Question,
    Refused,
    Remark,
    Step,
    StepResult,
    Switch,
    Walk,
    refusal_of,
)
from grantlab.recording import Recording
from grantlab.steps import admin_of
from grantlab.steps import new_walk as plain_walk

USERS, TOKENS, GROUPS = "/api/v1/users", "/api/v1/api-tokens", "/api/v1/groups"
ROLE = "READ_ONLY_ADMIN"
NO_ADMIN = "API tokens belong to Okta's management API, and none is at hand (`admin`)."


@dataclass(kw_only=True)
class TokenWalk(Walk):
    """A walk with an administrator, the token's owner, their role, and the token."""

    admin: httpx.Client | None
    owner_id: str = ""
    role_id: str = ""
    token_id: str = ""
    value: str = ""

    def manages(self, call: Call) -> httpx.Response:
        """The answer to a call of the administrator."""
        assert self.admin is not None
        return call.send(self.admin)

    def of_the_owner(self, rest: str = "") -> str:
        """A path of the management API about the owner."""
        return Known(f"{USERS}/{self.owner_id}{rest}", f"f\"{USERS}/{{owner['id']}}{rest}\"")


def _owner_call() -> Call:
    login = f"robot-{secrets.token_hex(3)}@bank.example"
    profile = {"firstName": "Robot", "lastName": "Account", "login": login, "email": login}
    # Without a password the account would wait to be activated by mail.
    password = Known(f"{secrets.token_urlsafe(16)}.Aa1", 'f"{secrets.token_urlsafe(16)}.Aa1"')
    body = {"profile": profile, "credentials": {"password": {"value": password}}}
    return Call(method="POST", url=USERS, params={"activate": "true"}, json=body)


def _role_call(walk: TokenWalk) -> Call:
    return Call(method="POST", url=walk.of_the_owner("/roles"), json={"type": ROLE})


def make_owner(walk: TokenWalk) -> StepResult:
    """A person of its own for the token, with the least role that will do."""
    if walk.admin is None:
        return Refused(NO_ADMIN)
    answer = walk.manages(_owner_call())
    if refused := refusal_of(answer):
        return refused
    walk.owner_id = answer.json()["id"]
    answer = walk.manages(_role_call(walk))
    if refused := refusal_of(answer):
        return refused
    walk.role_id = answer.json()["id"]
    return None


def _owner_code(walk: TokenWalk) -> str:
    return f"""
import secrets
{_owner_call().written("admin")}
owner = answer.raise_for_status().json()
{_role_call(walk).written("admin")}
role = answer.raise_for_status().json()"""


def _token_call(walk: TokenWalk) -> Call:
    body = {"name": "Night script", "userId": Known(walk.owner_id, 'owner["id"]')}
    return Call(method="POST", url=TOKENS, json=body)


def make_token(walk: TokenWalk) -> StepResult:
    """The token; its value is in this one answer and nowhere else, ever."""
    answer = walk.manages(_token_call(walk))
    if refused := refusal_of(answer):
        return refused
    walk.token_id, walk.value = answer.json()["id"], answer.json()["token"]
    return Remark("The value is shown this once. At Okta itself the Admin Console shows it.")


def _token_code(walk: TokenWalk) -> str:
    return f"{_token_call(walk).written('admin')}\nmade = answer.raise_for_status().json()"


def _look_call(walk: TokenWalk) -> Call:
    path = Known(f"{TOKENS}/{walk.token_id}", f"f\"{TOKENS}/{{made['id']}}\"")
    return Call(method="GET", url=path)


def look(walk: TokenWalk) -> StepResult:
    """Read the token's entry: everything but its value."""
    answer = walk.manages(_look_call(walk))
    if refused := refusal_of(answer):
        return refused
    return Remark(f"It ends when unused for 30 days: {answer.json()['expiresAt']} as of now.")


def using(walk: TokenWalk) -> Call:
    """A call as a script makes it, with the token in its header."""
    assert walk.setup.admin is not None
    base = str(walk.setup.admin.base_url).rstrip("/")
    url = Known(f"{base}{GROUPS}", f'f"{{admin.base_url}}{GROUPS[1:]}"')
    if walk.makes("in-the-address"):
        return Call(method="GET", url=url, params={"token": Known(walk.value, 'made["token"]')})
    scheme = "Bearer" if walk.makes("bearer-scheme") else "SSWS"
    value = Known(f"{scheme} {walk.value}", f"f\"{scheme} {{made['token']}}\"")
    return Call(method="GET", url=url, headers={"Authorization": value})


def use(walk: TokenWalk) -> StepResult:
    """The script lists groups."""
    answer = walk.send(using(walk))
    return refusal_of(answer) or Remark(f"{len(answer.json())} groups came.")


def _use_code(walk: TokenWalk) -> str:
    if walk.setup.admin is None:
        return ""
    return f"{using(walk).written()}\nprint(len(answer.raise_for_status().json()))"


def _again_code(walk: TokenWalk) -> str:
    if walk.setup.admin is None:
        return ""
    return f"{using(walk).written()}\nprint(answer.status_code, answer.text)"


def _change_call(walk: TokenWalk) -> Call:
    if walk.makes("owner-leaves"):
        return Call(method="POST", url=walk.of_the_owner("/lifecycle/deactivate"))
    path = f"{USERS}/{walk.owner_id}/roles/{walk.role_id}"
    url = Known(path, f"f\"{USERS}/{{owner['id']}}/roles/{{role['id']}}\"")
    return Call(method="DELETE", url=url)


def change_owner(walk: TokenWalk) -> StepResult:
    """Take the owner's role away; nobody touches the token."""
    if walk.makes("owner-promoted"):
        walk.manages(Call(method="POST", url=walk.of_the_owner("/roles"), json=_SUPER))
    return refusal_of(walk.manages(_change_call(walk)))


_SUPER = {"type": "SUPER_ADMIN"}


def _change_code(walk: TokenWalk) -> str:
    change = f"{_change_call(walk).written('admin')}\nanswer.raise_for_status()"
    if not walk.makes("owner-promoted"):
        return change
    more = Call(method="POST", url=walk.of_the_owner("/roles"), json=_SUPER)
    return f"{more.written('admin')}\n{change}"


def use_again(walk: TokenWalk) -> StepResult:
    """The same call with the same token."""
    answer = walk.send(using(walk))
    refused = refusal_of(answer)
    if refused is None:
        return Remark("It works, and could do far more than before: nobody told the script.")
    return Remark(f"{refused.says}. The token is the same; what its owner may do is not.")


def clean_up(walk: TokenWalk) -> StepResult:
    """The token is revoked, and its owner deleted: deactivated first, then for good."""
    if walk.makes("owner-leaves"):
        walk.manages(Call(method="DELETE", url=walk.of_the_owner()))
        return Remark("There was no token to revoke: it had gone with its owner.")
    revoked = refusal_of(walk.manages(Call(method="DELETE", url=_look_call(walk).url)))
    for _ in range(2):
        walk.manages(Call(method="DELETE", url=walk.of_the_owner()))
    return revoked


def _clean_code(walk: TokenWalk) -> str:
    deleting = Call(method="DELETE", url=walk.of_the_owner()).written("admin")
    if walk.makes("owner-leaves"):
        return deleting
    revoking = Call(method="DELETE", url=_look_call(walk).url).written("admin")
    return f"{revoking}\n{deleting}\n{deleting}"


def _came(walk: TokenWalk, _: StepResult) -> str:
    status = walk.recording.last.status
    return {401: "401", 403: "403"}.get(status or 0, "200")


WHAT_COMES: Question[TokenWalk] = Question(
    "The same call again, with the same token. What comes back?",
    (
        Choice(
            "200",
            "200: the groups, as before",
            "The owner may still do it, so the token may too. It has no rights of its own.",
        ),
        Choice(
            "403",
            "403: not allowed",
            "The token is good, and the owner is known; but without the role the owner may not, "
            "and a token may never do more than its owner at this moment.",
        ),
        Choice(
            "401",
            "401: not a good token",
            "A token of somebody who has left is no token at all.",
        ),
    ),
    _came,
)

_STEPS: tuple[Step[Any], ...] = (
    Step("Make its owner", "A person with one admin role: read only.", make_owner, _owner_code),
    Step("Make the token", "Its value is shown once.", make_token, _token_code),
    Step(
        "Look for it again",
        "The server kept only a hash of it.",
        look,
        lambda walk: f'{_look_call(walk).written("admin")}\nprint(answer.json())',
    ),
    Step("Use it", "A script lists the groups.", use, _use_code),
    Step("Take the role away", "The owner changes, the token does not.", change_owner,
         _change_code),
    Step("Use it again", "The same script, the next night.", use_again, _again_code, WHAT_COMES),
    Step("Clean up", "A token that nobody needs is revoked.", clean_up, _clean_code),
)  # fmt: skip

_SWITCHES = (
    Switch("bearer-scheme", "Say Bearer instead of SSWS", "It is no OAuth token."),
    Switch("in-the-address", "The token in the address", "Logs of every proxy would hold it."),
    Switch("owner-leaves", "The owner leaves instead", "Every script of theirs ends that day."),
    Switch("owner-promoted", "The owner becomes super admin", "And so does every script."),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[TokenWalk]:
    """The life of an API token; the setup needs `admin`, and no app."""
    kept = recording or Recording()

    def new_walk(mistakes: frozenset[str]) -> TokenWalk:
        plain = vars(plain_walk(setup, kept, mistakes))
        return TokenWalk(**plain, admin=admin_of(setup, kept))

    return Flow("API token", _STEPS, _SWITCHES, new_walk)
