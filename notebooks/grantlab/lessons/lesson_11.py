"""Exercises of lesson 11: whose rights a call uses, and which half of them is missing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
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
    token_requests,
)
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

ORG = "http://127.0.0.1:8080"
USERS, GROUPS, TOKEN = "/api/v1/users", "/api/v1/groups", "/oauth2/v1/token"
LACKS_SCOPE = 'Bearer realm="lab", scope="okta.groups.read", error="insufficient_scope"'


def _jwt(claims: Mapping[str, Any]) -> str:
    parts = (b'{"alg":"RS256"}', json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _token(**claims: Any) -> str:
    return _jwt({"iss": ORG, "sub": "0oa1", "cid": "0oa1", "scp": ["okta.users.read"]} | claims)


SERVICES = _token()
PERSONS = _token(sub="noor@bank.example", uid="00u7")
GRACES = _token(sub="grace@bank.example", uid="00u8")

# sub-group-only

SUB_GROUP = frozenset({"sam@bank.example"})

BROAD_SERVICE = (
    "That token is a service's, and its role reaches everybody. So it doesn't matter who looks at "
    "the list: the program has them all."
)
HAD_THEM_ALL = (
    "The server gave out more people than those of SubGroup. Whatever a program leaves off "
    "afterwards, it has had: the limit has to stand where the list is made."
)
ASKED_FOR_LESS = (
    "The address asks for less than the token opens. The next call may ask for more, and would get "
    "it. Ask for all people, and let the role say who they are."
)
ANOTHER_CALL = (
    "That call lists one group by its name. The question is what the list of all people shows, "
    "`GET /api/v1/users`: that is where a role is felt."
)
NO_ROLE = (
    "The scope is there, and nothing behind it: whoever signed in is no administrator of anybody, "
    "so there is nobody to be shown."
)
NO_SCOPE = "The challenge says that the token lacks a scope. Whose it is was not even asked."
NOBODY_LISTED = (
    "The call was let in and the list is empty: the role is limited to another group than SubGroup."
)
NOT_NOORS = (
    "The list is right, and the token is somebody else's, who looked after SubGroup before. Noor "
    "is to see these people: with a token, and a role, of Noor's own."
)
NO_TOKEN = "The newest call brings no access token. An API token has no scope that would limit it."


def judge_sub_group(recording: Recording) -> Iterator[str]:
    """Judge the newest list of people: who asked, for what, and who came."""
    newest = [one for one in recording if _lists_people(one)][-1]
    scheme, _, value = sent_header(newest, "authorization").partition(" ")
    claims = decode(value).payload
    if scheme.lower() != "bearer" or not claims:
        yield NO_TOKEN
    if not newest.path.endswith(USERS):
        yield ANOTHER_CALL
    if query_of(newest).keys() & {"q", "filter", "search"}:
        yield ASKED_FOR_LESS
    if newest.status == 403:
        yield NO_SCOPE if _challenges(newest) else NO_ROLE
    elif newest.status != 200:
        yield f"The server said {newest.status} to the newest call."
    elif not (shown := _logins_in(newest)):
        yield NOBODY_LISTED
    elif shown - SUB_GROUP:
        yield HAD_THEM_ALL if "uid" in claims or not claims else BROAD_SERVICE
    elif shown != SUB_GROUP:
        yield "Somebody of SubGroup is missing in the list."
    elif "uid" in claims and not str(claims.get("sub")).startswith("noor"):
        yield NOT_NOORS


def _lists_people(one: Exchange) -> bool:
    return one.method == "GET" and one.path.endswith("/users")


def _challenges(one: Exchange) -> bool:
    return "insufficient_scope" in dict(one.response_headers).get("www-authenticate", "")


def _logins_in(one: Exchange) -> set[str]:
    try:
        found = one.json()
    except ValueError:
        return set()
    people = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return {str((each.get("profile") or {}).get("login")) for each in people}


def _answered(
    path: str,
    status: int,
    token: str = PERSONS,
    *,
    people: Iterable[str] = ("sam",),
    challenge: str = "",
    query: Mapping[str, str] | None = None,
) -> Exchange:
    """A call with an access token that might have been made."""
    bearer = {"authorization": f"Bearer {token}"} if token else {}
    plain = exchange("GET", f"{ORG}{path}", status, headers=bearer, query=query, answer={})
    body: Any = [{"profile": {"login": f"{each}@bank.example"}} for each in people]
    if status != 200:
        body = {"errorCode": "E0000006" if status == 403 else "E0000011"}
    headers = (*plain.response_headers, *((("www-authenticate", challenge),) if challenge else ()))
    return replace(plain, response_headers=headers, response_body=json.dumps(body))


_ALL = ("cora", "tom", "sam", "grace")

sub_group_only = Exercise(
    "sub-group-only",
    "Noor is new, and looks after SubGroup. Make a call for the list of all people that shows only "
    "SubGroup's, because the server shows no more. `admin` may give Noor a role; "
    "`token_of(noor, listing)` signs Noor in on the page.",
    judge_sub_group,
    [
        "Whom did Grace's list show, and what is different about Grace? Look at the roles: "
        "`lab.admin.get(…)` of `/api/v1/users/{id}/roles`.",
        'A role is given by a POST to that address, `{"type": …}`; the answer has its `id`. A '
        "role for people can be limited to groups: PUT to `…/roles/{role id}/targets/groups/"
        "{group id}`, without a body.",
        'The smallest that lists people is `"HELP_DESK_ADMIN"`. Limit it to `sub_group`, then '
        "`token_of(noor, listing)`, then `GET /api/v1/users` with that token, by a client of "
        "`listing`.",
    ],
    """
roles = f"/api/v1/users/{noor.id}/roles"
role = admin.post(roles, json={"type": "HELP_DESK_ADMIN"}).json()
admin.put(f"{roles}/{role['id']}/targets/groups/{sub_group}")

bearer = {"Authorization": f"Bearer {token_of(noor, listing)}"}
listing.client("People page", base_url=lab.url).get("/api/v1/users", headers=bearer)
show(sub_group_only.check(listing))
""",
    wrong_answers=[
        WrongAnswer(recording_of(_answered(USERS, 200, people=_ALL)), HAD_THEM_ALL),
        WrongAnswer(recording_of(_answered(USERS, 200, SERVICES, people=_ALL)), BROAD_SERVICE),
        WrongAnswer(recording_of(_answered(USERS, 403)), NO_ROLE),
        WrongAnswer(
            recording_of(_answered(USERS, 200, query={"search": 'profile.firstName eq "Sam"'})),
            ASKED_FOR_LESS,
        ),
        WrongAnswer(recording_of(_answered(f"{GROUPS}/00g1/users", 200)), ANOTHER_CALL),
        WrongAnswer(recording_of(_answered(USERS, 403, challenge=LACKS_SCOPE)), NO_SCOPE),
        WrongAnswer(recording_of(_answered(USERS, 200, people=())), NOBODY_LISTED),
        WrongAnswer(recording_of(_answered(USERS, 200, GRACES)), NOT_NOORS),
    ],
    short_cuts=[
        ShortCut(
            recording_of(_answered(f"{GROUPS}/00g1/users", 200, SERVICES)),
            "the group's own list, with a token that opens every group",
        ),
        ShortCut(recording_of(_answered(USERS, 200, "00" + "k" * 40)), "an API token in its place"),
        ShortCut(recording_of(_answered(USERS, 401, "")), "no credential at all"),
    ],
    attempted=lambda recording: any(_lists_people(one) for one in recording),
)

# two-refusals

NOT_KNOWN = (
    "401 is neither of the two: there the server doesn't know who calls. Both refusals are for "
    "somebody it knows, with a token it has accepted."
)
WRONG_WAY_ROUND = (
    "The answer that you call “role missing” has a challenge that names a scope: it is the token "
    "that was too narrow there. Whose it was, nobody asked."
)
NO_CHALLENGE = (
    "The answer that you call “scope missing” names no scope: the token covered the call, and "
    "whoever stands behind it may not do it."
)
LET_IN = "That call was let in, so nothing is missing."
SAME_IN_BOTH = (
    "“{}” doesn't tell the two apart: look for a header that only one of the two answers has."
)

_HEADER = "www-authenticate"


def judge_two_refusals(answer: Mapping[str, Any]) -> Iterator[str]:
    """Read which exchange was called which refusal, and by what they are told apart."""
    for name, challenged, otherwise in (
        ("scope missing", True, NO_CHALLENGE),
        ("role missing", False, WRONG_WAY_ROUND),
    ):
        shown = answer.get(name)
        if shown is None or shown is ...:
            yield f"There is no answer for “{name}” yet."
        elif not isinstance(shown, Exchange):
            yield f"For “{name}” give a message of the recording, such as refusals[0]."
        elif shown.status == 401:
            yield NOT_KNOWN
        elif shown.status != 403:
            yield f"“{name}”: {LET_IN if shown.status == 200 else f'the answer is {shown.status}.'}"
        elif _challenges(shown) is not challenged:
            yield otherwise
    header = answer.get("told apart by")
    if header is None or header is ...:
        yield "By which header are they told apart?"
    elif str(header).strip().lower() != _HEADER:
        yield SAME_IN_BOTH.format(header)


def _two(scope: Exchange, role: Exchange, header: str = "WWW-Authenticate") -> dict[str, Any]:
    return {"scope missing": scope, "role missing": role, "told apart by": header}


_NO_SCOPE = _answered(GROUPS, 403, challenge=LACKS_SCOPE)
_NO_ROLE = _answered(USERS, 403)
_UNKNOWN = _answered(USERS, 401, challenge='Bearer error="invalid_token"')

two_refusals = Exercise(
    "two-refusals",
    "Cause both refusals: one call for which the token lacks a scope, and one for which its holder "
    "lacks a role. Then say by which header of the answer a program tells them apart. The tokens "
    "are in `tokens`; `caller` calls.",
    judge_two_refusals,
    [
        "All of `tokens` have the scope for people, and none has one for groups. Of the holders "
        "one has no role at all.",
        "Scopes are looked at first. A call that no token here covers shows one refusal whoever "
        "calls; the other takes a call that is covered, by somebody without a role.",
        '`caller.get("/api/v1/groups", …)` with anybody\'s token, `caller.get("/api/v1/users", '
        "…)` with Cora's. Then open both: the header stands in lesson 00, where an API says how "
        "to come back.",
    ],
    """
caller.get("/api/v1/groups", headers={"Authorization": f"Bearer {tokens['Ada']}"})
caller.get("/api/v1/users", headers={"Authorization": f"Bearer {tokens['Cora']}"})
answer = {
    "scope missing": refusals[0],
    "role missing": refusals[1],
    "told apart by": "WWW-Authenticate",
}
show(two_refusals.check(answer))
""",
    wrong_answers=[
        WrongAnswer(_two(_UNKNOWN, _UNKNOWN), NOT_KNOWN),
        WrongAnswer(_two(_NO_SCOPE, _NO_SCOPE), WRONG_WAY_ROUND),
        WrongAnswer(_two(_NO_ROLE, _NO_ROLE), NO_CHALLENGE),
        WrongAnswer(_two(_NO_SCOPE, _NO_ROLE, "the status"), SAME_IN_BOTH.format("the status")),
    ],
    short_cuts=[
        ShortCut(
            {"scope missing": "403", "role missing": "403", "told apart by": _HEADER}, "words"
        ),
        ShortCut(_two(_NO_SCOPE, _answered(USERS, 200)), "one of them was let in"),
        ShortCut({"scope missing": _NO_SCOPE, "told apart by": _HEADER}, "only the easy one"),
    ],
)

# act-as

SUB_IS_THE_CLIENT = (
    "The server refused the assertion: `sub` there is the client that proves itself, and nobody "
    "else. A program doesn't become a person by writing their name."
)
NOBODY_IN_IT = (
    "A token came, and nobody is in it: it has no `uid`, and its `sub` is the client. What you "
    "sent beside the grant was not heard."
)
NOT_TRIED = (
    "Nobody tried it: no token request of the service in this recording names a person anywhere."
)
NO_PERSON = "And how does a person get into a token? The recording holds none that carries one."

_PLAIN_FORM = {"grant_type", "scope", "client_id", "client_assertion", "client_assertion_type"}
_PLAIN_CLAIMS = {"iss", "sub", "aud", "exp", "iat", "nbf", "jti"}


def judge_act_as(answer: Mapping[str, Any]) -> Iterator[str]:
    """Read the answer, and the recording for a service's attempt and for a person's token."""
    said, proof = answer.get("can it"), answer.get("proof")
    if not isinstance(said, bool):
        yield "Can it? True or False."
    if not isinstance(proof, Recording):
        yield "The proof is a recording: your attempt, and a token that has a person in it."
        return
    tries = [one for one in token_requests(proof, "client_credentials") if _names_somebody(one)]
    if not tries:
        yield NOT_TRIED
    if said is True:
        yield NOBODY_IN_IT if any(one.status == 200 for one in tries) else SUB_IS_THE_CLIENT
    if not any(_carries_a_person(one) for one in token_requests(proof)):
        yield NO_PERSON


def _names_somebody(one: Exchange) -> bool:
    """The request says more than who the client is: in the form, or in its assertion."""
    form = form_of(one)
    claims = decode(form.get("client_assertion", "")).payload
    more = (form.keys() - _PLAIN_FORM) | (claims.keys() - _PLAIN_CLAIMS)
    return bool(more) or claims.get("sub") != claims.get("iss")


def _carries_a_person(one: Exchange) -> bool:
    return one.status == 200 and "uid" in decode(str(answer_of(one).get("access_token"))).payload


def _asked(status: int, sub: str = "0oa1", **form: str) -> Exchange:
    """A service's token request that might have been made."""
    sent = {"grant_type": "client_credentials", "scope": "okta.users.read"} | form
    sent["client_assertion"] = _jwt({"iss": "0oa1", "sub": sub, "aud": f"{ORG}{TOKEN}"})
    answer = {"access_token": SERVICES} if status == 200 else {"error": "invalid_client"}
    return exchange("POST", f"{ORG}{TOKEN}", status, form=sent, answer=answer)


_SIGNED_IN = exchange(
    "POST",
    f"{ORG}{TOKEN}",
    200,
    form={"grant_type": "authorization_code", "code": "c"},
    answer={"access_token": PERSONS},
)
_AS_CORA, _WITH_NAME = _asked(401, sub="00ucora"), _asked(200, username="cora@bank.example")


def _proof(can_it: Any, *exchanges: Exchange) -> dict[str, Any]:
    return {"can it": can_it, "proof": recording_of(*exchanges)}


act_as = Exercise(
    "act-as",
    "Can a token by client credentials carry a person, so that the service acts as Cora? Answer, "
    "and prove it by a recording: your best attempt to name a person in the service's own token "
    "request, and beside it a token that does carry one. `job.proof(lab.now(), sub=…)` puts into "
    "the assertion what you like.",
    judge_act_as,
    [
        "Where could a person be named? In the assertion's claims, or in a field of the form. Try "
        "one of them, and look at what comes: at the refusal, or into the token.",
        "A person is in a token when it has a `uid`. Which of the two grants of this lesson had a "
        "person at hand, who signed in?",
        "`acting.client(…).post(job.token_url, data=form | job.proof(lab.now(), sub=…))` for the "
        "attempt, `token_of(…, acting)` for the other token.",
    ],
    """
form = {"grant_type": "client_credentials", "scope": "okta.users.read"}
as_cora = job.proof(lab.now(), sub=lab.person("cora").id)
acting.client("Directory job").post(job.token_url, data=form | as_cora)
token_of(lab.person("cora"), acting)
show(act_as.check({"can it": False, "proof": acting}))
""",
    wrong_answers=[
        WrongAnswer(_proof(True, _AS_CORA, _SIGNED_IN), SUB_IS_THE_CLIENT),
        WrongAnswer(_proof(True, _WITH_NAME, _SIGNED_IN), NOBODY_IN_IT),
        WrongAnswer(_proof(False, _asked(200), _SIGNED_IN), NOT_TRIED),
        WrongAnswer(_proof(False, _AS_CORA), NO_PERSON),
    ],
    short_cuts=[
        ShortCut(_proof(False), "the answer without a proof"),
        ShortCut({"can it": False, "proof": "it said no"}, "words in place of a recording"),
        ShortCut(_proof(False, _WITH_NAME, _asked(200)), "the service's own token as the other"),
    ],
    attempted=lambda answer: answer["can it"] is not ...,
)
