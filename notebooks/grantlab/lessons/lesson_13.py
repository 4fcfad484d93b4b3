"""Exercises of lesson 13: which scope, which role, what needs neither, and what is too much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons import row_trials
from grantlab.lessons.evidence import exchange, recording_of, sent_header
from grantlab.lessons.row_trials import numbers_of
from grantlab.recording import Exchange, Recording

ORG = "http://127.0.0.1:8080"
PEOPLE = range(1, 23)
"""The numbers of the rows about users."""

# map-users

_LEAST = {
    **dict.fromkeys(PEOPLE, "okta.users.manage"),
    **dict.fromkeys((3, 4, 15, 16), "okta.users.read"),
    14: "no scope",
}
GROUPS_FOR_PEOPLE = (
    "okta.groups.… is about groups and who is in them. None of these rows touches a group."
)
NO_SUCH_SCOPE = (
    "Not every call has a scope. Where the server's answer names none, none will open it: the "
    "challenge is where it says so."
)


def changes_too(rows: Iterable[int]) -> str:
    """These rows only look, and were given a scope that changes people."""
    return (
        f"Too much for {numbers_of(rows)}: whoever only looks there could change every person, too."
    )


def refused_with(rows: Iterable[int]) -> str:
    """These rows change something, and were given a scope for looking."""
    return f"Not enough for {numbers_of(rows)}: with that scope the call is refused."


def judge_map_users(least: Mapping[Any, Any]) -> Iterator[str]:
    """Read under which scope each row stands: once each, and under the least."""
    said: dict[int, list[str]] = {}
    for scope, rows in least.items():
        for row in _rows_in(rows):
            said.setdefault(row, []).append(str(scope).strip())
    if strange := said.keys() - set(PEOPLE):
        yield f"There is no row {numbers_of(strange)} about users: they are 1 to 22."
    if left := set(PEOPLE) - said.keys():
        yield f"Without a scope yet: {numbers_of(left)}."
    if twice := {row for row, scopes in said.items() if len(scopes) > 1}:
        yield f"More than once: {numbers_of(twice)}. One scope each, the least."
    given = {row: scopes[0] for row, scopes in said.items() if row in _LEAST}
    yield from _faults_of_scopes(given)


def _faults_of_scopes(given: Mapping[int, str]) -> Iterator[str]:
    wrong = {row: scope for row, scope in given.items() if scope != _LEAST[row]}
    if any("okta.groups" in scope for scope in wrong.values()):
        yield GROUPS_FOR_PEOPLE
    if any(_LEAST[row] == "no scope" for row in wrong):
        yield NO_SUCH_SCOPE
    large = {row for row, scope in wrong.items() if scope == "okta.users.manage"}
    if large := {row for row in large if _LEAST[row] == "okta.users.read"}:
        yield changes_too(large)
    small = {row for row, scope in wrong.items() if scope in ("okta.users.read", "no scope")}
    if small := {row for row in small if _LEAST[row] != "no scope"}:
        yield refused_with(small)
    known = {*_LEAST.values()}
    strange = {scope for scope in wrong.values() if scope not in known}
    for scope in sorted(scope for scope in strange if "okta.groups" not in scope):
        yield f"No answer of the server names “{scope}”."


def _rows_in(rows: Any) -> Iterator[int]:
    for row in [rows] if isinstance(rows, int) else rows:
        if row is not ...:
            yield int(row)


def _by_scope(**changes: str) -> dict[str, list[int]]:
    """The right map, but for the rows named `row_3=…`."""
    given = _LEAST | {int(name[4:]): scope for name, scope in changes.items()}
    return {scope: [row for row, one in given.items() if one == scope] for scope in given.values()}


_READS_BY_MANAGE = _by_scope(**{f"row_{row}": "okta.users.manage" for row in (3, 4, 15, 16)})

map_users = Exercise(
    "map-users",
    "Under each scope, the numbers of the rows 1 to 22 for which it is the least that will do. "
    "Where no scope opens a row, the key is “no scope”.",
    judge_map_users,
    [
        "Ask with a token that is good and has none of the scopes: `stranger` has one. Each "
        "refusal says what was wanted.",
        "It stands in the `WWW-Authenticate` header, as `scope=…`. One of the 22 answers has no "
        "such header, and says why in its body.",
        "Rows that only look want okta.users.read, all that change something okta.users.manage. "
        "The questions are the same for everybody, and no scope was made for them.",
    ],
    """
least = {}
for row in thread[:22]:
    path = re.sub(r"{\\w+}", "anything", row.path)
    refused = stranger.request(row.method, path, json={})
    wanted = re.search('scope="(.+?)"', refused.headers.get("www-authenticate", ""))
    least.setdefault(wanted[1] if wanted else "no scope", []).append(row.number)
show(map_users.check(least))
""",
    wrong_answers=[
        WrongAnswer(_READS_BY_MANAGE, changes_too((3, 4, 15, 16))),
        WrongAnswer(_by_scope(row_1="okta.groups.manage"), GROUPS_FOR_PEOPLE),
        WrongAnswer(_by_scope(row_14="okta.users.read"), NO_SUCH_SCOPE),
        WrongAnswer(_by_scope(row_19="okta.users.read"), refused_with([19])),
    ],
    short_cuts=[
        ShortCut({"okta.users.manage": list(PEOPLE)}, "the large scope for everything"),
        ShortCut({scope: list(PEOPLE) for scope in _LEAST.values()}, "each row under every scope"),
        ShortCut({"okta.users.read": [3]}, "one row for all"),
    ],
)

# map-role

map_role = row_trials.map_role

# authn-is-different

NONE = "none"
CREDENTIALS = ("no credential", "an access token", "an API token")
EFFECTS = ("opens the call", "marks a trusted app", "is refused")
_ABOUT_AUTHN = {
    "they need": CREDENTIALS[0],
    "scope": NONE,
    "admin role": NONE,
    "an API token there": EFFECTS[1],
}
INVENTED = (
    "That name follows the pattern, and nobody has defined it: there is no scope for /authn, so "
    "no token could have it."
)
NO_ROLE_COVERS = (
    "No admin role covers these rows, and none has to: whoever signs in is nobody's admin. The "
    "creator of the trusted app's token had no role at all."
)
OPEN_WITHOUT = (
    "The call without any credential was let in. What somebody has to have in order to sign in "
    "can't be what they get by signing in."
)
OPEN_ANYWAY = "The door was open before: the call without the token was answered 200, too."
TOOK_NOTICE = "Both answers were 200. Compare what stands in them."


def judge_authn(answer: Mapping[str, Any]) -> Iterator[str]:
    """Read what was said about the 25 rows of signing in."""
    for part, right in _ABOUT_AUTHN.items():
        said = answer.get(part)
        if said is None or said is ...:
            yield f"Nothing is said about “{part}” yet."
        elif str(said).strip().lower() != right:
            yield _MISTAKEN.get((part, str(said)), _ELSE[part])


_MISTAKEN = {
    ("an API token there", "opens the call"): OPEN_ANYWAY,
    ("an API token there", "is refused"): TOOK_NOTICE,
}
_ELSE = {
    "they need": OPEN_WITHOUT,
    "scope": INVENTED,
    "admin role": NO_ROLE_COVERS,
    "an API token there": f"One of: {', '.join(EFFECTS)}.",
}

authn_is_different = Exercise(
    "authn-is-different",
    "The 25 rows below /authn. Which credential do they need: "
    f"{', '.join(CREDENTIALS)}? Which okta.* scope opens them, and which admin role? (If there is "
    f"no such thing: “{NONE}”.) And what does an API token do there: {', '.join(EFFECTS)}?",
    judge_authn,
    [
        "You have seen all 25 called without anything, and one of them by two callers.",
        "The two answers about the forgotten password have the same status. One holds a "
        "`recoveryToken`: its caller is believed to have made sure who is asking.",
        "The door stands open for everybody; so no scope and no role opens it. The token only "
        "tells who is trusted.",
    ],
    f"""
answer = {{
{chr(10).join(f'    "{part}": "{right}",' for part, right in _ABOUT_AUTHN.items())}
}}
show(authn_is_different.check(answer))
""",
    wrong_answers=[
        WrongAnswer({**_ABOUT_AUTHN, "scope": "okta.authn.manage"}, INVENTED),
        WrongAnswer({**_ABOUT_AUTHN, "admin role": "USER_ADMIN"}, NO_ROLE_COVERS),
        WrongAnswer({**_ABOUT_AUTHN, "they need": "an API token"}, OPEN_WITHOUT),
        WrongAnswer({**_ABOUT_AUTHN, "an API token there": "opens the call"}, OPEN_ANYWAY),
        WrongAnswer({**_ABOUT_AUTHN, "an API token there": "is refused"}, TOOK_NOTICE),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys(_ABOUT_AUTHN, NONE), "“none” to everything"),
        ShortCut({"scope": NONE, "admin role": NONE}, "half of the question"),
    ],
)

# prove-excess

# The calls of rows 1 to 23, as they are today.
_LISTED = (
    r"POST /api/v1/users",
    r"(GET|POST|PUT) /api/v1/users/[^/]+",
    r"POST /api/v1/users/[^/]+/lifecycle/(activate|suspend|unsuspend|unlock|reset_password"
    r"|expire_password|expire_password_with_temp_password|reset_factors)",
    r"POST /api/v1/users/[^/]+/credentials/change_password",
    r"GET /api/v1/users/[^/]+/factors(/questions|/catalog)?",
    r"POST /api/v1/users/[^/]+/factors",
    r"POST /api/v1/users/[^/]+/factors/[^/]+/verify",
    r"DELETE /api/v1/users/[^/]+/factors/[^/]+",
    r"PUT /api/v1/groups/[^/]+/users/[^/]+",
)
# Ids have twenty letters and digits, any of them; so has one word of the paths.
_ID = re.compile(r"/(?!authorizationServers\b)(?:[0-9A-Za-z]{20}|[^/]*@[^/]*)(?=/|$)")

CREATOR = "Casey's script"
A_ROW_NEEDS_IT = "A row of the list needs that call. Look for one that stands nowhere in it."
WAS_REFUSED = "A call that was refused proves that the token may not do it."
TWICE_THE_SAME = "It is one and the same thing, done twice. What else may the token do?"
ONE_MORE = "That is one thing. The question asks for two."
OPEN_TO_ALL = "That call is open to everybody, without any token: it proves nothing about this one."
NOT_BY_CASEY = "Only calls by `casey` count: the question is what that token may do."


def judge_prove_excess(recording: Recording) -> Iterator[str]:
    """Judge what the creator's token did beyond the list, and whether these are two things."""
    calls = [one for one in recording if one.status is not None]
    mine = [one for one in calls if one.sender == CREATOR and _by_api_token(one)]
    if len(mine) < len(calls):
        yield NOT_BY_CASEY
    guarded = [one for one in mine if _is_guarded(one)]
    beyond = [one for one in guarded if not _is_listed(one)]
    done = [_thing(one) for one in beyond if _done(one)]
    if len({*done}) >= 2:
        return
    if len(guarded) < len(mine):
        yield OPEN_TO_ALL
    if len(beyond) < len(guarded):
        yield A_ROW_NEEDS_IT
    if len(done) < len(beyond):
        yield WAS_REFUSED
    if len(done) > 1:
        yield TWICE_THE_SAME
    elif done:
        yield ONE_MORE


def _by_api_token(one: Exchange) -> bool:
    return sent_header(one, "authorization").startswith("SSWS ")


def _is_guarded(one: Exchange) -> bool:
    path = _below_org(one)
    return path.startswith(("/api/v1/", "/oauth2/v1/clients")) and "/authn" not in path


def _is_listed(one: Exchange) -> bool:
    call = f"{one.method} {_below_org(one)}"
    return any(re.fullmatch(listed, call) for listed in _LISTED)


def _done(one: Exchange) -> bool:
    return one.status is not None and 200 <= one.status < 300


def _thing(one: Exchange) -> str:
    """Method and path, whichever person or thing it was done to."""
    return f"{one.method} {_ID.sub('/…', _below_org(one))}"


def _below_org(one: Exchange) -> str:
    return re.sub(r"^.*?/orgs/[^/]+(?=/)", "", one.path).rstrip("/")


def _called(
    method: str, path: str, status: int = 200, *, sender: str = CREATOR, scheme: str = "SSWS"
) -> Exchange:
    headers = {"authorization": f"{scheme} 00of-the-creator"}
    made = exchange(method, f"{ORG}{path}", status, headers=headers)
    return Exchange(**{**vars(made), "sender": sender})


_APPS, _ROLE = "/api/v1/apps", "/api/v1/users/00u1aB2cD3eF4gH5iJ6k/roles"
_USER = "/api/v1/users/00u1aB2cD3eF4gH5iJ6k"

prove_excess = Exercise(
    "prove-excess",
    "Do two different things with the creator's token that no row of the list needs. This org was "
    f"made for this notebook, so nothing real is hurt. The client is `casey`, called “{CREATOR}”.",
    judge_prove_excess,
    [
        "The list is about people, and about one thing with groups. What else is there in an org?",
        "Apps, authorization servers, API tokens, roles, the log: a GET is enough, and so is "
        "anything that changes them.",
        'For instance `casey.get("/api/v1/apps")` and then `casey.delete(…)` of a person.',
    ],
    """
casey.get("/api/v1/apps")
casey.post("/api/v1/groups", json={"profile": {"name": "Nobody asked for this group"}})
show(prove_excess.check(excess))
""",
    wrong_answers=[
        WrongAnswer(
            recording_of(_called("GET", _USER), _called("POST", f"{_USER}/lifecycle/suspend")),
            A_ROW_NEEDS_IT,
        ),
        WrongAnswer(recording_of(_called("GET", _APPS), _called("POST", _ROLE, 403)), WAS_REFUSED),
        WrongAnswer(recording_of(_called("GET", _APPS), _called("GET", _APPS)), TWICE_THE_SAME),
        WrongAnswer(
            recording_of(_called("POST", "/api/v1/authn"), _called("GET", _APPS)), OPEN_TO_ALL
        ),
        WrongAnswer(recording_of(_called("GET", _APPS)), ONE_MORE),
    ],
    short_cuts=[
        ShortCut(
            recording_of(
                _called("GET", _APPS, sender="You"), _called("POST", _ROLE, 201, sender="You")
            ),
            "done by somebody else's token",
        ),
        ShortCut(
            recording_of(
                _called("DELETE", _USER, 204),
                _called("DELETE", "/api/v1/users/00u9zY8xW7vU6tS5rQ4p", 204),
            ),
            "two people, and one thing done to them",
        ),
        ShortCut(
            recording_of(_called("GET", f"{_USER}/factors"), _called("GET", "/healthz")),
            "a row of the list, and a public page",
        ),
    ],
    attempted=lambda recording: len(recording) > 0,
)

# fix-the-list

fix_the_list = row_trials.fix_the_list
