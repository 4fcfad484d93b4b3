"""More exercises of lesson 09: lifetimes by rules, and what their order can't do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.decisions import (
    DENIED,
    NOT_ALL_ASKED,
    READ,
    SERVER,
    WRITE,
    body_of,
    error_in,
    listed,
    minutes_in,
    preview,
    preview_for,
    previews_in,
    read_list,
)
from grantlab.lessons.evidence import answer_of, exchange, recording_of
from grantlab.recording import Exchange, Recording

# minutes-not-hours

WRONG_ORDER = (
    "There are two rules, and looking ends after five minutes too: the rule for moving money is "
    "asked first, and whoever only looks fits there as well."
)
ONE_CLOCK = (
    "Looking and moving money live equally long: one rule has one lifetime. Two lifetimes take two "
    "rules."
)
WIDE_FIRST = (
    "Moving money lives longer than five minutes: a rule with a longer life covers it, and is "
    "asked first."
)
NO_UNION = (
    "Whoever asks for both scopes at once is refused: one rule has the one, one the other, and no "
    "rule has both."
)


def judge_minutes(recording: Recording) -> Iterator[str]:
    """Judge by the lifetimes that Cora would get: looking, moving money, and both at once."""
    looks, moves = preview_for(recording, READ), preview_for(recording, WRITE)
    both = preview_for(recording, READ, WRITE)
    if looks is None or moves is None or both is None:
        yield NOT_ALL_ASKED
        return
    rules = len(listed(recording, "/rules"))
    if error_in(looks):
        yield "Cora can't look at her transfers any more."
    if error_in(moves):
        yield "Cora can't move money any more."
    if error_in(both) and not error_in(looks) and not error_in(moves):
        yield NO_UNION
    if minutes_in(looks) == minutes_in(moves) == 5:
        yield WRONG_ORDER if rules > 1 else ONE_CLOCK
    elif not error_in(looks) and minutes_in(looks) != 60:
        yield f"Looking lives {minutes_in(looks)} minutes, not an hour."
    if minutes_in(moves) > 5 or minutes_in(both) > 5:
        yield WIDE_FIRST if rules > 1 else ONE_CLOCK


def _other_lifetimes(recording: Recording) -> bool:
    found = (preview_for(recording, READ), preview_for(recording, WRITE))
    as_given = [0 if one is None else minutes_in(one) for one in found] == [60, 60]
    return not as_given or len(listed(recording, "/rules")) != 1


def _lives(looks: int, moves: int, both: int, rules: int) -> Recording:
    previews = [
        preview(*scopes, minutes=lives, error="" if lives else DENIED)
        for scopes, lives in (((READ,), looks), ((WRITE,), moves), ((READ, WRITE), both))
    ]
    return recording_of(*previews, read_list("policies/00p1/rules", *({} for _ in range(rules))))


minutes_not_hours = Exercise(
    "minutes-not-hours",
    "One rule gives an hour, for looking and for moving money alike. Whoever asks for "
    "`transfers:write` is to get five minutes, alone or together with `transfers:read`; whoever "
    "only looks keeps the hour.",
    judge_minutes,
    [
        "The lifetime is the rule's. How many rules do two lifetimes take?",
        "One rule has to cover both scopes, for those who ask for both. Whoever only looks fits "
        "there too. So which of the two has to be asked first?",
        "Write the rule that is there anew, with five minutes: `pia.put(…)`. Then add one for "
        "`transfers:read` alone, with sixty, before it: "
        '`pia.post(rules, json=… | {"priority": 1})`.',
    ],
    """
moving = rule("Moving money", "transfers:read transfers:write", minutes=5)
looking = rule("Looking", "transfers:read", minutes=60)
pia.put(f"{rules}/{only['id']}", json=moving).raise_for_status()
pia.post(rules, json=looking | {"priority": 1}).raise_for_status()
show(minutes_not_hours.check(cora_asks()))
""",
    wrong_answers=[
        WrongAnswer(_lives(5, 5, 5, rules=2), WRONG_ORDER),
        WrongAnswer(_lives(5, 5, 5, rules=1), ONE_CLOCK),
        WrongAnswer(_lives(60, 5, 0, rules=2), NO_UNION),
        WrongAnswer(_lives(60, 60, 60, rules=2), WIDE_FIRST),
    ],
    short_cuts=[
        ShortCut(_lives(60, 0, 0, rules=1), "nobody moves money any more"),
        ShortCut(_lives(0, 5, 5, rules=1), "nobody looks any more"),
        ShortCut(
            recording_of(preview(READ, minutes=60), preview(WRITE, minutes=5)),
            "nobody asked for both",
        ),
    ],
    attempted=_other_lifetimes,
)

# no-match

NEVER_BY_ORDER = (
    "You tried all six orders: count those in which she was refused. The order says which of the "
    "rules that fit decides; it doesn't say whether one fits."
)
STILL_A_MATCH = (
    "Only the order was changed, and a rule decides as before: another one, perhaps. Whoever fits "
    "a rule fits it wherever it stands."
)
NEXT_ONE_FITS = (
    "One rule is out, and the walk went on to the next one that fits. As long as one is left that "
    "covers her request, she gets her token."
)
NOT_ASKED_THEM = (
    "That refusal came before the policies: no rule was looked at, so none could fail to match. "
    "It is about the request itself, or about who may use the app."
)
SCOPES_FAILED = (
    "Refused, and in other words: a rule fitted in all but the scopes, and the server says so. "
    "“No match” is when not even that is there."
)
ANOTHER_REQUEST = "The last request isn't the first one: Cora's own request must lose its match."
NOT_WALKED = "There is no walk in this recording after a change: ask again."
UNDECIDED = "Can the order alone do it? True or False."


def judge_no_match(answer: Mapping[str, Any]) -> Iterator[str]:
    """Read what is said of order, and follow one request from a match to “no match”."""
    said = answer["order alone can do it"]
    if said is True:
        yield NEVER_BY_ORDER
    elif said is not False:
        yield UNDECIDED
    recording = answer["proof"]
    asked = previews_in(recording)
    writes = [at for at, one in enumerate(recording) if _writes(one)]
    if not asked or not writes or list(recording).index(asked[-1]) < writes[-1]:
        yield NOT_WALKED
        return
    before, after = answer_of(asked[0]), answer_of(asked[-1])
    if body_of(asked[0]) != body_of(asked[-1]) or error_in(before):
        yield ANOTHER_REQUEST
    elif not error_in(after):
        yield STILL_A_MATCH if _only_moves(list(recording)) else NEXT_ONE_FITS
    elif not any(step.get("check") == "access policy allows it" for step in after["trace"]):
        yield NOT_ASKED_THEM
    elif "scopes" in after["error"].get("error_description", ""):
        yield SCOPES_FAILED


def _writes(one: Exchange) -> bool:
    succeeded = one.status is not None and one.status < 300
    return one.method != "GET" and "/api/v1/" in one.path and succeeded


def _only_moves(exchanges: list[Exchange]) -> bool:
    """Whether every change was one of priorities, so far as the rows were read before."""
    read: dict[str, dict[str, Any]] = {}
    for one in exchanges:
        if one.method == "GET":
            read[one.path] = answer_of(one)
        elif _writes(one):
            known = read.get(one.path, {})
            sent = body_of(one)
            same = all(known.get(name) == sent.get(name) for name in ("conditions", "status"))
            if one.method != "PUT" or not same:
                return False
    return True


def _row(method: str, priority: int, *scopes: str) -> Exchange:
    document = {"priority": priority, "status": "ACTIVE", "conditions": {"scopes": list(scopes)}}
    one = exchange(method, f"{SERVER}/policies/00p1/rules/0pr1", 200, answer=document)
    return replace(one, request_body=json.dumps(document)) if method == "PUT" else one


def _walked(minutes: int = 0, why: str = "", *, asked: bool = True, scope: str = READ) -> Exchange:
    one = preview(scope, minutes=minutes, error="" if minutes else DENIED, why=why)
    answer = answer_of(one)
    answer["trace"] = [{"check": "access policy allows it"}] if asked else []
    return replace(one, response_body=json.dumps(answer))


_OFF = exchange("POST", f"{SERVER}/policies/00p1/lifecycle/deactivate", 204)
_GONE = "Policy evaluation failed for this request, please check the policy configurations."
_NO_SCOPE = "Policy evaluation succeeded, but all the requested scopes were rejected."


def _proof(*exchanges: Exchange, by_order: Any = False) -> dict[str, Any]:
    return {"order alone can do it": by_order, "proof": recording_of(*exchanges)}


no_match = Exercise(
    "no-match",
    "Cora reads, and a rule decides. Change the table so that the same request falls through to "
    "“no match”: `access_denied`, and “Policy evaluation failed”. And say whether Up and Down "
    "alone could have done it.",
    judge_no_match,
    [
        "Each of the three rules fits her request: which of them would have to go?",
        "Three refusals look alike: before the policies (the scope, the app), after them because "
        "a scope is missing, and “no match”, when nothing fitted at all. Read the words of each.",
        "What stands above the three rules and can be switched off in one? As for the order: look "
        "at the list of all six again.",
    ],
    """
stretch.change("Bank app", active=False)
answer = {"order alone can do it": False, "proof": fall}
show(no_match.check(answer))
""",
    wrong_answers=[
        WrongAnswer(
            _proof(_row("GET", 1), _walked(60), _row("PUT", 2), _row("GET", 2), _walked(5)),
            STILL_A_MATCH,
        ),
        WrongAnswer(_proof(_walked(60), _OFF, _walked(0, _GONE), by_order=True), NEVER_BY_ORDER),
        WrongAnswer(
            _proof(
                _walked(60), exchange("POST", f"{SERVER}/x/lifecycle/deactivate", 204), _walked(5)
            ),
            NEXT_ONE_FITS,
        ),
        WrongAnswer(_proof(_walked(60), _OFF, _walked(0, "", asked=False)), NOT_ASKED_THEM),
        WrongAnswer(
            _proof(_row("GET", 1, READ), _walked(60), _row("PUT", 1, WRITE), _walked(0, _NO_SCOPE)),
            SCOPES_FAILED,
        ),
        WrongAnswer(
            _proof(_walked(60), _OFF, _walked(0, _GONE, scope="statements:read")), ANOTHER_REQUEST
        ),
    ],
    short_cuts=[
        ShortCut(_proof(_walked(60)), "only said, not shown"),
        ShortCut(_proof(_walked(0, _GONE), _OFF, _walked(0, _GONE)), "it never had a match"),
        ShortCut(
            _proof(_walked(60), _OFF, _walked(0, _GONE), by_order=1), "neither True nor False"
        ),
    ],
    attempted=lambda answer: (
        answer["order alone can do it"] is not ... or any(map(_writes, answer["proof"]))
    ),
)
