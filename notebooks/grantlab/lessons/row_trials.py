"""Exercises of lesson 13 about rows that were really tried: by which role, and by which call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from grantlab.trying import Found, Trial, Tried

ROWS = range(1, 24)
"""The numbers of the rows about users and groups."""


def numbers_of(rows: Iterable[int]) -> str:
    """The numbers as words, in order."""
    return ", ".join(map(str, sorted(rows)))


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
    yield f"Refused: {numbers_of(shut)}."
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
        "Creating and suspending people takes more than a help desk, and editing people takes "
        "less than editing the whole org.",
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
    "404 once more: nobody is at that address. Which part of it can't be known yet, or is missing?"
)
STILL_NOT_ALLOWED = (
    "405 once more: there is such an address, and it doesn't take that method. Asking for "
    "something to be done is another method than putting something in its place."
)
SOMETHING_ELSE = "That call exists, and does something else than the row asks for."
SOME_LEFT = "There are more rows that the server answers with 404 or 405 as they stand."
INCOMPLETE = "The call is the right one, and it wasn't answered 200: something in it is missing."


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
