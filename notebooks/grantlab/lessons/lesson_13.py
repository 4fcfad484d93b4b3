"""Exercises of lesson 13: which scope, which role, what needs neither, and what is too much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.least_privilege import (
    Identity,
    Operation,
    Outcome,
    Prediction,
    Role,
    needed_for,
    predict,
)
from grantlab.lessons.evidence import exchange, recording_of, sent_header
from grantlab.recording import Exchange, Recording
from grantlab.trying import Found, Trial, Tried

ORG = "http://127.0.0.1:8080"
PEOPLE = range(1, 23)
"""The numbers of the rows about users."""
ROWS = range(1, 24)
"""Those about users and groups."""


def _numbers(rows: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(rows)))


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
        f"Too much for {_numbers(rows)}: whoever only looks there could change every person, too."
    )


def refused_with(rows: Iterable[int]) -> str:
    """These rows change something, and were given a scope for looking."""
    return f"Not enough for {_numbers(rows)}: with that scope the call is refused."


def judge_map_users(least: Mapping[Any, Any]) -> Iterator[str]:
    """Read under which scope each row stands: once each, and under the least."""
    said: dict[int, list[str]] = {}
    for scope, rows in least.items():
        for row in _rows_in(rows):
            said.setdefault(row, []).append(str(scope).strip())
    if strange := said.keys() - set(PEOPLE):
        yield f"There is no row {_numbers(strange)} about users: they are 1 to 22."
    if left := set(PEOPLE) - said.keys():
        yield f"Without a scope yet: {_numbers(left)}."
    if twice := {row for row, scopes in said.items() if len(scopes) > 1}:
        yield f"More than once: {_numbers(twice)}. One scope each, the least."
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

TOO_POWERFUL = (
    "A super admin's rights have no end: whoever has that token makes themselves a super admin. "
    "The question is what the list needs."
)
LARGER_THAN_NEEDED = (
    "That works, and there is a smaller role that opens all 23 rows, too. What else does this one "
    "open?"
)
ONLY_LOOKS = "That role looks at everything and changes nothing; most of the rows change something."
ONE_GROUP_ONLY = (
    "The role is limited to a group. The people of the list may be anybody in the org, and who is "
    "created is in no group yet."
)
ONE_IS_ENOUGH = "One of these roles opens all 23 rows alone. What are the others for?"
PERMITS_MORE = (
    "The custom role permits what no row asks for. A permission that ends in “.manage” brings all "
    "of its family along: deleting people, for one."
)
NOT_ALL_TRIED = "Not all of the 23 rows were tried by this token."
NOT_BY_THESE = "These roles don't open all of the 23 rows: the results are those of other roles."


def judge_map_role(trial: Trial) -> Iterator[str]:
    """Judge whether the roles opened all 23 rows, and whether less would have done."""
    roles, results = trial.identity.roles, trial.results
    operations = tuple(each.operation for each in results)
    if any(role.type == "SUPER_ADMIN" for role in roles):
        yield TOO_POWERFUL
    own = [each for each in results if each.identity == trial.identity.name]
    if {each.operation.number for each in own} != set(ROWS):
        yield NOT_ALL_TRIED
        return
    shut = {each.operation.number for each in results if each.outcome != "allowed"}
    if shut:
        yield from _why_shut(roles, shut)
        return
    if not _opens(trial, roles, operations):
        yield NOT_BY_THESE
    if any(role.type == "ORG_ADMIN" for role in roles):
        yield LARGER_THAN_NEEDED
    if len(roles) > 1 and any(_opens(trial, (role,), operations) for role in roles):
        yield ONE_IS_ENOUGH
    permitted = frozenset[str]().union(*(role.permissions for role in roles))
    if permitted - set(needed_for(operations).permissions):
        yield PERMITS_MORE


def _why_shut(roles: tuple[Role, ...], shut: set[int]) -> Iterator[str]:
    yield f"Refused: {_numbers(shut)}."
    if {role.type for role in roles} == {"READ_ONLY_ADMIN"}:
        yield ONLY_LOOKS
    if any(role.groups for role in roles):
        yield ONE_GROUP_ONLY


def _opens(trial: Trial, roles: tuple[Role, ...], operations: Iterable[Operation]) -> bool:
    alone = Identity(trial.identity.name, roles=roles)
    return all(predict(alone, each).outcome == "allowed" for each in operations)


_PERMISSIONS = (
    "okta.users.create",
    "okta.users.read",
    "okta.users.userprofile.manage",
    "okta.users.credentials.manage",
    "okta.groups.members.manage",
)
_EDITORS = ("ORG_ADMIN", "USER_ADMIN", "SUPER_ADMIN")


def _row(number: int, method: str = "POST", path: str = "/api/v1/users/{user_id}") -> Operation:
    permission = _PERMISSIONS[number % len(_PERMISSIONS)]
    return Operation(
        method, path, f"row {number}", "users", "okta.users.manage", ("okta.users.manage",),
        ("USER_ADMIN",), _EDITORS, (permission,), False, number,
    )  # fmt: skip


def _tried(number: int, outcome: Outcome = "allowed", who: str = "Keeper") -> Tried:
    status = 200 if outcome == "allowed" else 403
    return Tried(_row(number), who, Prediction("allowed"), outcome, status)


def _trial(*roles: Role, refused: Iterable[int] = (), who: str = "Keeper") -> Trial:
    left = set(refused)
    results = (_tried(row, "role missing" if row in left else "allowed", who) for row in ROWS)
    return Trial(Identity("Keeper", roles=roles), tuple(results))


_CHANGES = set(ROWS) - {3, 4, 14, 15, 16}

map_role = Exercise(
    "map-role",
    "Give the keeper a role with which all 23 rows about users and groups work, for people "
    "anywhere in the org, and no role that is larger than it must be. A standard role will do, "
    "and so will a custom one.",
    judge_map_role,
    [
        "`POST /api/v1/users/{id}/roles` with a `type` gives a role; the types are in "
        "`least_privilege.ROLES`. Try one, and read which rows are refused.",
        "Who creates and suspends people needs more than a help desk, and who edits people needs "
        "less than who edits the whole org.",
        "People call it group admin. Its type is not called so, and it may not be limited to a "
        "group here.",
    ],
    """
role = {"type": "USER_ADMIN"}
lab.admin.post(f"/api/v1/users/{keeper.id}/roles", json=role).raise_for_status()
show(map_role.check(trial_of(lab, keeper.api_token, thread[:23])))
""",
    wrong_answers=[
        WrongAnswer(_trial(Role("SUPER_ADMIN")), TOO_POWERFUL),
        WrongAnswer(_trial(Role("ORG_ADMIN")), LARGER_THAN_NEEDED),
        WrongAnswer(_trial(Role("USER_ADMIN", groups=("00g1",)), refused=ROWS), ONE_GROUP_ONLY),
        WrongAnswer(_trial(Role("READ_ONLY_ADMIN"), refused=_CHANGES), ONLY_LOOKS),
        WrongAnswer(_trial(Role("USER_ADMIN"), Role("HELP_DESK_ADMIN")), ONE_IS_ENOUGH),
        WrongAnswer(
            _trial(Role("CUSTOM", "Mine", frozenset({"okta.users.manage", *_PERMISSIONS}))),
            PERMITS_MORE,
        ),
    ],
    short_cuts=[
        ShortCut(
            Trial(Identity("Keeper", roles=(Role("USER_ADMIN"),)), (_tried(3),)), "one row for all"
        ),
        ShortCut(_trial(Role("HELP_DESK_ADMIN"), who="Casey"), "somebody else's results"),
        ShortCut(_trial(Role("USER_ADMIN"), refused=[23]), "all but one row"),
    ],
    attempted=lambda trial: bool(trial.identity.roles),
)

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
_ID = re.compile(r"/(?:[0-9a-z]{2,6}[0-9A-Z][0-9A-Za-z]{12,}|[^/]*@[^/]*)(?=/|$)")

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

_TODAY = {
    1: "POST /api/v1/users",
    12: "POST /api/v1/users/{user_id}/lifecycle/reset_password",
    18: "POST /api/v1/users/{user_id}/factors",
    22: "POST /api/v1/users/{user_id}/credentials/change_password",
}
WORKED_ALREADY = (
    "One of these rows worked as it stood. Odd is not wrong: the server's answer tells."
)
STILL_NOT_FOUND = (
    "404 once more: nobody is at that address. Which part of it can't be known yet, or lacks?"
)
STILL_NOT_ALLOWED = (
    "405 once more: there is such an address, and it doesn't take that method. Asking for "
    "something to be done is another method than putting something in its place."
)
SOMETHING_ELSE = "That call exists, and does something else than the row asks for."
SOME_LEFT = "There are more rows that the server answers with 404 or 405 as they stand."
INCOMPLETE = "The call is the right one, and it wasn't answered 200: something in it lacks."


def judge_fix_the_list(results: Iterable[Tried]) -> Iterator[str]:
    """Judge what the server says to the corrected rows, and whether none is left."""
    newest = {each.operation.number: each for each in results}
    found = {_fault(number, each) for number, each in newest.items()}
    yield from (fault for fault in _FAULTS if fault in found)
    if set(_TODAY) - newest.keys():
        yield SOME_LEFT


def _fault(number: int, result: Tried) -> str:
    if number not in _TODAY:
        return WORKED_ALREADY
    if result.status in (404, 405):
        return STILL_NOT_FOUND if result.status == 404 else STILL_NOT_ALLOWED
    if f"{result.operation.method} {result.operation.path}" != _TODAY[number]:
        return SOMETHING_ELSE
    return "" if 200 <= result.status < 300 else INCOMPLETE


_FAULTS = (WORKED_ALREADY, STILL_NOT_FOUND, STILL_NOT_ALLOWED, SOMETHING_ELSE, INCOMPLETE)


def _answered(number: int, call: str = "", status: int = 200) -> Tried:
    method, _, path = (call or _TODAY[number]).partition(" ")
    outcome: Found = "no such call" if status in (404, 405) else "allowed"
    operation = _row(number, method, path)
    return Tried(operation, "Casey", Prediction("allowed"), outcome, status)


def _all_but(*others: Tried) -> list[Tried]:
    changed = {each.operation.number: each for each in others}
    return [*({number: _answered(number) for number in _TODAY} | changed).values()]


fix_the_list = Exercise(
    "fix-the-list",
    "Four of the 23 rows name a call that isn't there: find them by the server's answers, and say "
    "for each what it should have been. `corrected` has the number of a row, and method and path "
    "as they stand in the list.",
    judge_fix_the_list,
    [
        "404 says that nobody is at the address, 405 that somebody is and doesn't take this "
        "method. What stands at 403 and 400 in the run was let in.",
        "Who is still to be created has no id yet. Actions, such as a reset, are asked for by "
        "POST. A password belongs to somebody. And a factor isn't replaced: it is deleted, and "
        "another one enrolled.",
        "Rows 1, 12, 18 and 22. Two want another method, one has an id too many, one an id too "
        "few; for the new question look at row 17.",
    ],
    """
corrected = {
    1: "POST /users?activate=false",
    12: "POST /users/{userId}/lifecycle/reset_password?sendEmail=false",
    18: "POST /users/{userId}/factors",
    22: "POST /users/{userId}/credentials/change_password",
}
fixed = [rewritten(thread[number - 1], call) for number, call in corrected.items()]
show(fix_the_list.check(try_all(lab, owner, fixed)))
""",
    wrong_answers=[
        WrongAnswer(
            _all_but(_answered(12, "PUT /api/v1/users/{user_id}/lifecycle/reset_password", 405)),
            STILL_NOT_ALLOWED,
        ),
        WrongAnswer(
            _all_but(_answered(22, "POST /api/v1/users/{user_id}/change_password", 404)),
            STILL_NOT_FOUND,
        ),
        WrongAnswer(
            _all_but(_answered(13, "POST /api/v1/users/{user_id}/lifecycle/expire_password")),
            WORKED_ALREADY,
        ),
        WrongAnswer(
            _all_but(_answered(12, "POST /api/v1/users/{user_id}/lifecycle/expire_password")),
            SOMETHING_ELSE,
        ),
        WrongAnswer([_answered(12), _answered(22)], SOME_LEFT),
        WrongAnswer(_all_but(_answered(12, status=400)), INCOMPLETE),
    ],
    short_cuts=[
        ShortCut(
            [_answered(number, "GET /api/v1/users/{user_id}") for number in _TODAY],
            "one harmless call for all four",
        ),
        ShortCut([_answered(number) for number in (1, 12, 18)], "three of four"),
    ],
    attempted=bool,
)
