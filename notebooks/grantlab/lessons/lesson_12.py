"""Exercises of lesson 12: API token, OAuth or integration, and what each of them costs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from grantlab.deciding import CASES, OUTCOMES
from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import exchange, recording_of, sent_header
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

ORG = "http://127.0.0.1:8080"

# decide

SIMPLEST = (
    "Case 1: simple for an evening. From then on the script may do all that the token's creator "
    "may do, and stops when they leave. It is your script: it can learn to ask for a token."
)
ANOTHER_ACCOUNT = (
    "Case 3: a service account with a token only moves the problem. Its token has no scope either, "
    "lives as long as it is used, and whoever copies it is svc-scripts from then on."
)
BY_HAND = (
    "Case 2: the app would be made by hand, two hundred times. One customer grants too much, the "
    "next too little, and none of them can look up what your product really needs."
)
MAILED = (
    "Case 8: an administrator's token, in a mail, at another company: it may do all that the "
    "administrator may do, and nobody sees which part of it you use."
)
PAGE_AS_GUARD = (
    "Case 4: then the server lets the page do everything for everybody, and one mistake in the "
    "page is enough. The agents sign in anyway, and the server knows who may unlock whom."
)
NO_SUCH_FIELD = (
    "Case 5: nobody will teach it to ask for a token. An access token typed into its field is sent "
    "with the scheme of API tokens, and would be over within the hour."
)
NO_SCOPE = (
    "Case 6: no scope covers that call, the largest neither. A token with all scopes of the org is "
    "refused there."
)
NOT_OKTAS_API = (
    "Case 7: the Sync API is not Okta's. What opens Okta's API opens people and groups there, and "
    "nothing at the bank's."
)

_RIGHT_ENDS = dict(
    zip(
        (case.number for case in CASES),
        (
            "service app",
            "integration",
            "service app",
            "person's token",
            "API token",
            "API token",
            "custom server",
            "integration",
        ),
        strict=True,
    )
)
_MISTAKEN = {
    (1, "API token"): SIMPLEST,
    (2, "service app"): BY_HAND,
    (3, "API token"): ANOTHER_ACCOUNT,
    (4, "service app"): PAGE_AS_GUARD,
    (5, "service app"): NO_SUCH_FIELD,
    (6, "service app"): NO_SCOPE,
    (7, "API token"): NOT_OKTAS_API,
    (7, "service app"): NOT_OKTAS_API,
    (8, "API token"): MAILED,
}


def judge_decide(decisions: Mapping[int, Any]) -> Iterator[str]:
    """Read where each of the eight cases was said to end."""
    for number in decisions.keys() - _RIGHT_ENDS.keys():
        yield f"There is no case {number!r}."
    for number, right in _RIGHT_ENDS.items():
        said = decisions.get(number)
        if said is None or said is ...:
            yield f"Case {number} is not decided yet."
        elif not isinstance(said, str) or said not in OUTCOMES:
            yield f"Case {number}: “{said}” is none of the five ends."
        elif said != right:
            other = f"Case {number}: its answers lead somewhere else. Walk it once more."
            yield _MISTAKEN.get((number, said), other)


decide = Exercise(
    "decide",
    "Take the eight cases through the tree. Walk them by pressing, and `tree.decided` holds where "
    f"they ended; or write it yourself, case by case. The ends: {', '.join(sorted(OUTCOMES))}.",
    judge_decide,
    [
        "In every case the proposal at its end is a bad one. Answer the questions of the tree by "
        "what the case tells, not by what somebody says.",
        "Whose API, whose orgs, is a person there: three questions decide five of the cases. For "
        "the others ask what could be changed: your own script can, a dead maker's box can't.",
        "Two are sold to others. Two have no other way than the last resort. One is not about "
        "Okta's API, and in one somebody signs in. The two that are left are scripts of your own.",
    ],
    f"""
decisions = {{
{chr(10).join(f'    {number}: "{name}",' for number, name in _RIGHT_ENDS.items())}
}}
show(decide.check(decisions))
""",
    wrong_answers=[
        WrongAnswer({**_RIGHT_ENDS, 1: "API token"}, SIMPLEST),
        WrongAnswer({**_RIGHT_ENDS, 3: "API token"}, ANOTHER_ACCOUNT),
        WrongAnswer({**_RIGHT_ENDS, 2: "service app"}, BY_HAND),
        WrongAnswer({**_RIGHT_ENDS, 4: "service app"}, PAGE_AS_GUARD),
        WrongAnswer({**_RIGHT_ENDS, 5: "service app"}, NO_SUCH_FIELD),
        WrongAnswer({**_RIGHT_ENDS, 6: "service app"}, NO_SCOPE),
        WrongAnswer({**_RIGHT_ENDS, 7: "API token"}, NOT_OKTAS_API),
        WrongAnswer({**_RIGHT_ENDS, 8: "API token"}, MAILED),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys(_RIGHT_ENDS, "service app"), "the best word for all"),
        ShortCut({1: "service app"}, "only the first case"),
        ShortCut(dict.fromkeys(_RIGHT_ENDS, list(OUTCOMES)), "every end for each case"),
    ],
)

# migrate

NOTHING_CALLED = "Nobody has called for the people since the script did it with its API token."
TOKEN_AS_BEARER = (
    "Bearer is the scheme of access tokens, and behind it stands the API token. Another word in "
    "front makes no other token of it."
)
JWT_AS_SSWS = (
    "The access token came, and was sent with SSWS: that is the scheme of API tokens. The server "
    "looked for an API token of that value, and there is none."
)
STILL_THE_TOKEN = "The newest call brings the API token still: nothing has moved."
NO_CREDENTIAL = "The newest call brought no credential that this API knows."
A_PERSONS = (
    "That access token is a person's. At night nobody signs in: the script has to ask in its own "
    "name."
)
NOT_COVERED = (
    "The token is good, and not for this call: its scopes name something else. Each scope is asked "
    "for by its name."
)
ANOTHER_LIST = (
    "Both calls brought a list, and not the same one. Only the credential was to change: the "
    "address and its parameters stay as they were."
)


def judge_migrate(recording: Recording) -> Iterator[str]:
    """Compare the newest call for people with the one that was made with the API token."""
    calls = [one for one in recording if one.method == "GET" and one.path.endswith("/users")]
    before = [one for one in calls if _scheme(one)[0] == "ssws" and one.status == 200]
    if len(calls) < 2 or not before:
        yield NOTHING_CALLED
        return
    newest = calls[-1]
    scheme, value = _scheme(newest)
    claims = decode(value).payload
    if scheme == "bearer" and not claims:
        yield TOKEN_AS_BEARER
    elif scheme == "ssws":
        yield JWT_AS_SSWS if claims else STILL_THE_TOKEN
    elif scheme != "bearer":
        yield NO_CREDENTIAL
    elif "uid" in claims:
        yield A_PERSONS
    elif newest.status == 403:
        yield NOT_COVERED
    elif newest.status != 200:
        yield f"The server said {newest.status} to the newest call."
    elif _people_in(newest) != _people_in(before[0]):
        yield ANOTHER_LIST


def _scheme(one: Exchange) -> tuple[str, str]:
    scheme, _, value = sent_header(one, "authorization").partition(" ")
    return scheme.lower(), value.strip()


def _people_in(one: Exchange) -> list[str]:
    """The ids in the list that was answered, in its order."""
    try:
        found = one.json()
    except ValueError:
        return []
    listed = found if isinstance(found, list) else []
    return [str(each.get("id")) for each in listed if isinstance(each, dict)]


def _a_token(**claims: Any) -> str:
    said = {"iss": ORG, "sub": "0oa1", "cid": "0oa1", "scp": ["okta.users.read"]} | claims
    parts = (b'{"alg":"RS256"}', json.dumps(said).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _listed(credential: str, status: int = 200, people: Iterable[str] = ("00u1", "00u2")) -> Any:
    headers = {"authorization": credential} if credential else {}
    plain = exchange("GET", f"{ORG}/api/v1/users", status, headers=headers, answer={})
    body = json.dumps([{"id": each} for each in people] if status == 200 else {})
    return replace(plain, response_body=body)


_KEY = "00" + "k" * 40
_BEFORE = _listed(f"SSWS {_KEY}")
_TOKEN = exchange(
    "POST",
    f"{ORG}/oauth2/v1/token",
    200,
    form={"grant_type": "client_credentials"},
    answer={"access_token": _a_token()},
)

migrate = Exercise(
    "migrate",
    "Move the second script over to OAuth. `lister` has just listed the people with an API token; "
    "make the same call bring the same list with an access token. The app `people_job` is there, "
    "with a key, a role and the scope `okta.users.read`; `lister` may be used for all of it.",
    judge_migrate,
    [
        "Three lines of the first script changed: the form, the token request, the header. This "
        "script needs the same three.",
        "The form has a `grant_type`, a `scope`, and what `people_job.proof(lab.now())` gives. "
        "What the answer brings as `access_token` goes into the header, with its own scheme.",
        '`lister.post("/oauth2/v1/token", data=form)`, then the same `lister.get(…)` as before, '
        'with `headers={"Authorization": f"Bearer {…}"}`.',
    ],
    """
form = {"grant_type": "client_credentials", "scope": "okta.users.read"}
answer = lister.post("/oauth2/v1/token", data=form | people_job.proof(lab.now()))
bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
lister.get("/api/v1/users", params={"limit": 10}, headers=bearer)
show(migrate.check(moved))
""",
    wrong_answers=[
        WrongAnswer(recording_of(_BEFORE, _listed(f"Bearer {_KEY}", 401)), TOKEN_AS_BEARER),
        WrongAnswer(recording_of(_BEFORE, _TOKEN, _listed(f"SSWS {_a_token()}", 401)), JWT_AS_SSWS),
        WrongAnswer(
            recording_of(
                _BEFORE, _TOKEN, _listed(f"Bearer {_a_token(scp=['okta.groups.read'])}", 403)
            ),
            NOT_COVERED,
        ),
        WrongAnswer(
            recording_of(_BEFORE, _TOKEN, _listed(f"Bearer {_a_token()}", people=["00u1"])),
            ANOTHER_LIST,
        ),
        WrongAnswer(
            recording_of(_BEFORE, _TOKEN, _listed(f"SSWS {_KEY}")),
            STILL_THE_TOKEN,
        ),
    ],
    short_cuts=[
        ShortCut(
            recording_of(_BEFORE, _listed(f"Bearer {_a_token(uid='00u9', sub='ada')}")),
            "a person's token does it, too",
        ),
        ShortCut(recording_of(_BEFORE, _TOKEN), "a token was fetched, and nothing called"),
        ShortCut(
            recording_of(_TOKEN, _listed(f"Bearer {_a_token()}")), "no list to compare it with"
        ),
        ShortCut(recording_of(_BEFORE, _listed("", 401)), "no credential at all"),
    ],
    attempted=lambda recording: len(recording) > 1,
)

# enough-and-no-more

CALLS: dict[str, tuple[str, ...]] = {
    "GET /api/v1/users": ("okta.users.read", "okta.users.manage"),
    "GET /api/v1/groups/{group_id}/users": ("okta.groups.read", "okta.groups.manage"),
    "PUT /api/v1/groups/{group_id}/users/{user_id}": ("okta.groups.manage",),
    "GET /api/v1/logs": ("okta.logs.read",),  # nobody manages a log
}
"""The integration's calls, and for each the scopes of which one opens it."""

_FIXED = "What you declare is fixed for all customers: the call fails in every one of their orgs."


def refused_call(call: str) -> str:
    """What is said of a call that no declared scope opens."""
    return f"{call} is refused: none of the scopes opens it. {_FIXED}"


def unused_scope(scope: str) -> str:
    """What is said of a scope without which all works as before."""
    return f"{scope} is too much: leave it out, and every call works as before."


def larger_scope(scope: str) -> str:
    """What is said of a scope that opens more than its call needs."""
    return f"{scope} is larger than its calls: of those that need it, none writes anything."


def judge_enough(scopes: Iterable[str]) -> Iterator[str]:
    """Score the declared scopes: which calls they don't open, and which of them are too much."""
    declared = scopes.split() if isinstance(scopes, str) else list(scopes)
    held = {str(each) for each in declared}
    known = {scope for opening in CALLS.values() for scope in opening}
    for call, opening in CALLS.items():
        if not held & {*opening}:
            yield refused_call(call)
    for scope in sorted(held):
        if _opened(held - {scope}) == _opened(held):
            yield unused_scope(scope)
        elif (smaller := _smaller(scope)) in known and _opened(held - {scope} | {smaller}) == (
            _opened(held)
        ):
            yield larger_scope(scope)


def _opened(held: set[str]) -> set[str]:
    return {call for call, opening in CALLS.items() if held & {*opening}}


def _smaller(scope: str) -> str:
    return scope.removesuffix(".manage") + ".read" if scope.endswith(".manage") else ""


_ENOUGH = ["okta.groups.manage", "okta.logs.read", "okta.users.read"]
_LOGS, _PUT = "GET /api/v1/logs", "PUT /api/v1/groups/{group_id}/users/{user_id}"

enough_and_no_more = Exercise(
    "enough-and-no-more",
    "The next version of the integration makes four calls: "
    f"{'; '.join(f'`{call}`' for call in CALLS)}. Which scopes do you declare? A list: what is "
    "missing costs, and what is too much costs as well.",
    judge_enough,
    [
        "A scope is `okta.`, what is touched, and `read` or `manage`. What is touched stands first "
        "in the path; the method says whether it is only read. `lab.operations()` tells it for "
        "every call.",
        "Two kinds of thing are read only. The members of a group belong to the group, whoever "
        "they are; and `manage` lets one read as well.",
        "Three scopes do for the four calls: one of them for the two calls about groups.",
    ],
    f"""
scopes = {json.dumps(_ENOUGH)}
show(enough_and_no_more.check(scopes))
""",
    wrong_answers=[
        WrongAnswer(_ENOUGH[:1] + _ENOUGH[2:], refused_call(_LOGS)),
        WrongAnswer([*_ENOUGH, "okta.groups.read"], unused_scope("okta.groups.read")),
        WrongAnswer(
            ["okta.groups.read", "okta.logs.read", "okta.users.manage"], refused_call(_PUT)
        ),
        WrongAnswer(
            ["okta.groups.manage", "okta.logs.read", "okta.users.manage"],
            larger_scope("okta.users.manage"),
        ),
        WrongAnswer([*_ENOUGH, "okta.apps.read"], unused_scope("okta.apps.read")),
    ],
    short_cuts=[
        ShortCut(
            ["okta.users.manage", "okta.groups.manage", "okta.logs.read", "okta.apps.manage"],
            "plenty, to be safe",
        ),
        ShortCut(sorted({scope for opening in CALLS.values() for scope in opening}), "every scope"),
        ShortCut(["okta.users.read"], "little, to be safe"),
        ShortCut([*_ENOUGH, ""], "an empty name among them"),
    ],
)

# thirty-days

STATES = ("works", "dead")

FROM_CREATION = (
    "Token {}: thirty days are not counted from its creation. Each use that went well starts them "
    "anew: a token that is used every night never ends."
)
NEVER_BEGAN = "Token {}: the thirty days had begun. Until the first use they run from the creation."
SILENT_TOO_LONG = (
    "Token {}: nobody has used it for more than thirty days. How old it is, or how often it was "
    "used before, doesn't count."
)


_RIGHT_STATES = {"A": "works", "B": "dead", "C": "dead", "D": "works"}
_SAID_OF = {
    "A": FROM_CREATION.format("A"),
    "B": NEVER_BEGAN.format("B"),
    "C": SILENT_TOO_LONG.format("C"),
    "D": FROM_CREATION.format("D"),
}


def judge_thirty_days(states: Mapping[str, Any]) -> Iterator[str]:
    """Read which of the four tokens were said to be dead."""
    for name in states.keys() - _RIGHT_STATES.keys():
        yield f"There is no token called “{name}”."
    for name, right in _RIGHT_STATES.items():
        said = states.get(name)
        if said is None or said is ...:
            yield f"Token {name} is not judged yet."
        elif said not in STATES:
            yield f"“{said}” is neither of the two words."
        elif said != right:
            yield _SAID_OF[name]


thirty_days = Exercise(
    "thirty-days",
    "It is 30 June. Which of the four tokens in the table still work, which are dead? Words: "
    f"{', '.join(STATES)}.",
    judge_thirty_days,
    [
        "For each token find the one day from which the thirty are counted.",
        "Every good use starts the thirty days again. A token that was never used has only its "
        "creation to count from.",
        "Count from the later of the two dates: 29 June, 28 May, 20 May, 4 June.",
    ],
    f"""
states = {json.dumps(_RIGHT_STATES)}
show(thirty_days.check(states))
""",
    wrong_answers=[
        WrongAnswer(dict.fromkeys("ABCD", "dead"), FROM_CREATION.format("A")),
        WrongAnswer({**_RIGHT_STATES, "D": "dead"}, FROM_CREATION.format("D")),
        WrongAnswer({**_RIGHT_STATES, "B": "works"}, NEVER_BEGAN.format("B")),
        WrongAnswer({**_RIGHT_STATES, "C": "works"}, SILENT_TOO_LONG.format("C")),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys("ABCD", "works"), "one word for all"),
        ShortCut({"A": "works"}, "only the easy one"),
        ShortCut(dict.fromkeys("ABCD", list(STATES)), "both words for each"),
    ],
)
