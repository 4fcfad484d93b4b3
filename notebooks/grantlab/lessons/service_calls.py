"""Exercises of lesson 10 about calls of Okta's API: the half that is missing, and whose token."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import (
    answer_of,
    exchange,
    form_of,
    query_of,
    recording_of,
    sent_header,
)
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

ORG = "http://127.0.0.1:8080"
CUSTOM_TOKEN, ORG_TOKEN = f"{ORG}/oauth2/aus1/v1/token", f"{ORG}/oauth2/v1/token"
GRANT = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def made_assertion(jti: str = "once", kid: str = "key-1") -> str:
    """An assertion whose signature is none."""
    header = {"alg": "ES256", "kid": kid}
    claims = {"iss": "0oa1", "sub": "0oa1"} | ({"jti": jti} if jti else {})
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


# empty-list

GROUPS = "/api/v1/groups"
LEAST = ("GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN", "READ_ONLY_ADMIN", "CUSTOM")
"""Roles that see groups, none of which includes another of them."""

NOT_LISTED = "Nobody has listed the groups with the job's token yet."
MORE_SCOPES = (
    "The scope was there before. A 403 that lacks a scope says so in its `WWW-Authenticate` "
    "header, and this one had no such header: more scopes are the half that wasn't missing."
)
ALL_POWERFUL = (
    "A super admin sees groups, and may do everything else. A job that reads groups at night now "
    "holds the whole org."
)
LARGER = "Reading groups wants none of what that role is for. There are roles that fit better."
STILL_REFUSED = "The newest call was still refused: the half that is missing is still missing."
STILL_EMPTY = "The call is let in, and the list is empty: the role reaches no group that is there."
HAD_IT_BEFORE = (
    "The list came, and nothing was given for it here: the job had a role already. Run the lesson "
    "again from *With a key* on; then there is a job without one."
)
BY_API_TOKEN = (
    "An API token listed the groups. It acts as the person who made it, and says nothing about "
    "the job."
)


def judge_empty_list(recording: Recording) -> Iterator[str]:
    """Follow what was given and taken back, and what the job's newest call brought."""
    given = _given(recording)
    if any("/grants" in path for path in given):
        yield MORE_SCOPES
    roles = [kind for path, kind in given.items() if "/roles" in path]
    if "SUPER_ADMIN" in roles:
        yield ALL_POWERFUL
    elif not {*roles} <= {*LEAST}:
        yield LARGER
    listed = [one for one in recording if one.method == "GET" and one.path.endswith(GROUPS)]
    if not listed:
        yield NOT_LISTED
        return
    newest = listed[-1]
    if not sent_header(newest, "authorization").startswith("Bearer "):
        yield BY_API_TOKEN
    if newest.status != 200:
        yield STILL_REFUSED
    elif not newest.json():
        yield STILL_EMPTY
    elif not roles:
        yield HAD_IT_BEFORE


def _given(recording: Recording) -> dict[str, str]:
    """Roles and scopes that were given and not taken back: the path of each, and its kind."""
    given: dict[str, str] = {}
    for one in recording:
        if one.status is None or one.status >= 300:
            continue
        if one.method == "DELETE":
            given.pop(one.path, None)
        if one.method == "POST" and one.path.endswith(("/roles", "/grants")):
            kind = answer_of(one)
            given[f"{one.path}/{kind.get('id')}"] = str(kind.get("type", kind.get("scopeId")))
    return given


_CLIENT = f"{ORG}/oauth2/v1/clients/0oa1"
_BEARER = {"authorization": "Bearer an-access-token"}


def _role(kind: str, number: str = "ra1") -> Exchange:
    return exchange("POST", f"{_CLIENT}/roles", 200, answer={"id": number, "type": kind})


def _more_scopes(scope: str) -> Exchange:
    url = f"{ORG}/api/v1/apps/0oa1/grants"
    return exchange("POST", url, 201, answer={"id": "oag1", "scopeId": scope})


def _listed(
    status: int = 200, found: int = 4, *, headers: Mapping[str, str] = _BEARER, **more: Any
) -> Exchange:
    made = exchange("GET", f"{ORG}{GROUPS}", status, headers=headers, answer={}, **more)
    body = json.dumps([{"id": f"00g{number}"} for number in range(found)])
    return replace(made, response_body=body if status == 200 else "{}")


empty_list = Exercise(
    "empty-list",
    "Somebody's job shows no groups, and its program says nothing more. Find the half that is "
    "missing, give the job that half and no more, and list the groups once more with the token "
    "that it has. `admin` makes the management calls, `listing` the job's.",
    judge_empty_list,
    [
        "Look at what the program kept to itself: the status, and whether a "
        "`WWW-Authenticate` header names a scope.",
        "The scope says what the token is for, the role what its holder may do. The job has the "
        "first. A client gets the second at `roles`, with a `type`; reading wants little.",
        '`admin.post(roles, json={"type": "READ_ONLY_ADMIN"})`, then the same `listing.get` again.',
    ],
    """
admin.post(roles, json={"type": "READ_ONLY_ADMIN"})
listing.get("/api/v1/groups?limit=10")
show(empty_list.check(missing))
""",
    wrong_answers=[
        WrongAnswer(recording_of(_more_scopes("okta.groups.manage"), _listed(403)), MORE_SCOPES),
        WrongAnswer(recording_of(_role("SUPER_ADMIN"), _listed()), ALL_POWERFUL),
        WrongAnswer(recording_of(_role("ORG_ADMIN"), _listed()), LARGER),
        WrongAnswer(
            recording_of(
                _role("READ_ONLY_ADMIN"), _listed(headers={"authorization": "SSWS 00token"})
            ),
            BY_API_TOKEN,
        ),
        WrongAnswer(recording_of(_role("HELP_DESK_ADMIN"), _listed(found=0)), STILL_EMPTY),
    ],
    short_cuts=[
        ShortCut(recording_of(_role("READ_ONLY_ADMIN")), "the proof left out"),
        ShortCut(recording_of(_listed()), "a job that had its role already"),
        ShortCut(
            recording_of(_role("READ_ONLY_ADMIN"), _more_scopes("okta.apps.read"), _listed()),
            "the missing half, and another one to be sure",
        ),
        ShortCut(recording_of(_listed(403), _listed(403)), "asking again"),
    ],
    attempted=lambda recording: len(recording) > 0,
)

# either-or

FETCHES, BRINGS = "Fetches for me", "Brings its own"

NOT_YET_CALLED = {
    FETCHES: "The program that fetches its tokens hasn't listed the groups yet.",
    BRINGS: "The program that is handed a token hasn't listed the groups yet.",
}
SENDS_BOTH = (
    "One request brought a token and an assertion. An API takes the token, a token endpoint the "
    "assertion: whoever sends both can't say which of them was meant."
)
FETCHED_TOO = (
    "The program that is handed its token has asked for one of its own. For that it would need "
    "the key, and then nobody had to hand it anything."
)
DID_NOT_FETCH = "The program that fetches its tokens hasn't got one: where is its token request?"
NOT_ITS_OWN = "It fetched a token, and called with another one."
NO_ACCESS_TOKEN = (
    "What was sent to the API is the assertion. It speaks to the token endpoint only; to the API "
    "it is a token meant for somebody else."
)
NO_BEARER = "The API was called without a bearer token."


def judge_either_or(recording: Recording) -> Iterator[str]:
    """Judge each program by itself: where its token came from, and what it sent."""
    exchanges = list(recording)
    if any(_brings_both(one) for one in exchanges):
        yield SENDS_BOTH
    mine = {name: [one for one in exchanges if one.sender == name] for name in NOT_YET_CALLED}
    fetched = [
        str(answer_of(one)["access_token"])
        for one in mine[FETCHES]
        if one.path.endswith("/v1/token") and "access_token" in answer_of(one)
    ]
    if not fetched:
        yield DID_NOT_FETCH
    if any(one.path.endswith("/v1/token") for one in mine[BRINGS]):
        yield FETCHED_TOO
    for name, made in mine.items():
        calls = [one for one in made if one.path.endswith(GROUPS)]
        if not calls:
            yield NOT_YET_CALLED[name]
            continue
        yield from _faults_of_call(calls[-1], fetched if name == FETCHES else [])


def _faults_of_call(call: Exchange, fetched: list[str]) -> Iterator[str]:
    scheme, _, token = sent_header(call, "authorization").partition(" ")
    claims = decode(token).payload
    if scheme != "Bearer":
        yield NO_BEARER
    elif claims and claims.get("iss") == claims.get("sub"):
        yield NO_ACCESS_TOKEN
    elif fetched and token not in fetched:
        yield NOT_ITS_OWN
    elif call.status != 200:
        yield f"{call.sender}: the API said {call.status}."


def _brings_both(one: Exchange) -> bool:
    asserts = "client_assertion" in {**form_of(one), **query_of(one)}
    return asserts and bool(sent_header(one, "authorization"))


def _by(sender: str, one: Exchange) -> Exchange:
    return replace(one, sender=sender)


def _fetched(sender: str = FETCHES, token: str = "fetched", **headers: str) -> Exchange:
    form = {"grant_type": GRANT, "client_assertion": made_assertion()}
    answer = {"access_token": token}
    return _by(sender, exchange("POST", ORG_TOKEN, 200, form=form, headers=headers, answer=answer))


def _with(sender: str, token: str, status: int = 200, **more: Any) -> Exchange:
    headers = {"authorization": f"Bearer {token}"}
    return _by(sender, _listed(status, headers=headers, **more))


_FETCHES_RIGHT = (_fetched(), _with(FETCHES, "fetched"))
_BRINGS_RIGHT = (_with(BRINGS, "brought"),)

either_or = Exercise(
    "either-or",
    "List the groups as each of the two programs would. `fetching` has the key and is to get its "
    "own token, `bringing` has only `brought`, a token that somebody handed it.",
    judge_either_or,
    [
        "How many requests does each of them make?",
        "Two and one. The first posts a form with an assertion to the token endpoint, takes the "
        "token from the answer, and calls; the second calls.",
        "`fetching.post(org_token, data=form_with(…))`, then each one "
        '`.get("/api/v1/groups?limit=10", headers={"Authorization": f"Bearer {…}"})`.',
    ],
    """
assertion = assertion_with(private_key, "key-1", jti=secrets.token_urlsafe(16))
fetched = fetching.post(org_token, data=form_with(assertion)).json()["access_token"]
groups = "/api/v1/groups?limit=10"
fetching.get(groups, headers={"Authorization": f"Bearer {fetched}"})
bringing.get(groups, headers={"Authorization": f"Bearer {brought}"})
show(either_or.check(modes))
""",
    wrong_answers=[
        WrongAnswer(
            recording_of(
                *_FETCHES_RIGHT,
                _with(BRINGS, "brought", query={"client_assertion": made_assertion()}),
            ),
            SENDS_BOTH,
        ),
        WrongAnswer(
            recording_of(*_FETCHES_RIGHT, _fetched(BRINGS, "another"), _with(BRINGS, "another")),
            FETCHED_TOO,
        ),
        WrongAnswer(recording_of(_with(FETCHES, "brought"), *_BRINGS_RIGHT), DID_NOT_FETCH),
        WrongAnswer(
            recording_of(_fetched(), _with(FETCHES, "brought"), *_BRINGS_RIGHT), NOT_ITS_OWN
        ),
        WrongAnswer(
            recording_of(_fetched(), _with(FETCHES, made_assertion(), 401), *_BRINGS_RIGHT),
            NO_ACCESS_TOKEN,
        ),
    ],
    short_cuts=[
        ShortCut(recording_of(*_FETCHES_RIGHT), "one of the two"),
        ShortCut(
            recording_of(*_FETCHES_RIGHT, _with(BRINGS, "brought", 403)), "a call that was refused"
        ),
        ShortCut(
            recording_of(_fetched(authorization="Bearer brought"), *_FETCHES_RIGHT, *_BRINGS_RIGHT),
            "the token endpoint got both",
        ),
    ],
    attempted=lambda recording: len(recording) > 0,
)
