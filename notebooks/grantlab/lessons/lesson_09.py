"""Exercises of lesson 09: which rule decides, and which one decides too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons import time_and_order
from grantlab.lessons.decisions import (
    DENIED,
    INVALID_CLIENT,
    INVALID_SCOPE,
    NOT_ALL_ASKED,
    READ,
    WRITE,
    error_in,
    error_of,
    got_token,
    listed,
    preview,
    preview_for,
    read_list,
    refused,
    request_for,
)
from grantlab.lessons.evidence import answer_of, recording_of, sent_header
from grantlab.loot import basic as read_basic
from grantlab.recording import Exchange, Recording

PARTNER, JOB, SCRIPT = "Bookkeeper", "Nightly job", "Old script"
SYNC = "sync:read"
ALL = "ALL_CLIENTS"
HOUR = 3600

# walk

RULES = ("Staff", "Looking", "Customers pay", "Statements", "Programs")
NONE = "none"

BEST_MATCH = (
    "That rule names just what he asks for, and so it looks like the best match. Nobody looks for "
    "a best match: whoever comes first and fits, decides."
)
ALL_TOGETHER = (
    "Two rules together would cover it. They never come together: one rule covers all the scopes "
    "of a request, or it doesn't fit."
)
OTHER_GRANT = (
    "That rule has the scope, and another grant type. A program that asks in its own name comes by "
    "client credentials."
)
GOES_ON = (
    "The first policy is for this client, and none of its rules fits. The walk isn't over there: "
    "it goes on with the next policy that is for this client."
)
PARTLY = (
    "That rule covers one of the two scopes she asks for. A rule fits all of them or not at all."
)
NOT_IN_GROUP = "Cora isn't in the group that this rule is for."


def judge_walk(rules: Mapping[str, Any]) -> Iterator[str]:
    """Read which rule is said to decide about each of the six requests."""
    for name in sorted(rules.keys() - _DECIDES.keys()):
        yield f"There is no request called “{name}”."
    for name, right in _DECIDES.items():
        said = rules.get(name)
        if said is None or said is ...:
            yield f"Request {name} has no rule yet."
        elif isinstance(said, list | tuple | set):
            yield ALL_TOGETHER
        elif said not in (*RULES, NONE):
            yield f"“{said}” is no rule of this table."
        elif said != right:
            yield _MISTAKES.get((name, said)) or (
                f"Request {name}: walk once more, from the first row. Does each of client, grant, "
                "person and scopes fit, and does nobody fit before?"
            )


_DECIDES = {
    "A": "Looking",
    "B": "Staff",
    "C": "Customers pay",
    "D": NONE,
    "E": "Programs",
    "F": "Statements",
}
_MISTAKES = {
    ("A", "Staff"): NOT_IN_GROUP,
    ("B", "Looking"): BEST_MATCH,
    ("C", "Looking"): PARTLY,
    ("C", "Staff"): NOT_IN_GROUP,
    ("D", "Customers pay"): ALL_TOGETHER,
    ("D", "Statements"): ALL_TOGETHER,
    ("E", "Statements"): OTHER_GRANT,
    ("F", NONE): GOES_ON,
}

walk = Exercise(
    "walk",
    "For each of the six requests: which rule of the table decides? Write its name, or "
    f"“{NONE}” where no rule fits. Walk on paper first; the desk knows the answers too.",
    judge_walk,
    [
        "Ask four things of each row: is the policy for this client; then of its rules, does the "
        "grant type fit, is the person in, are all the scopes covered?",
        "Stop at the first rule where everything fits, even if a later one looks more like the "
        "request. Where a policy has no such rule, go on with the next policy.",
        "Five of the six requests are decided by five different rules, and one by none.",
    ],
    f"""
decides = {{
{chr(10).join(f'    "{name}": "{rule}",' for name, rule in _DECIDES.items())}
}}
show(walk.check(decides))
""",
    wrong_answers=[
        WrongAnswer({**_DECIDES, "B": "Looking"}, BEST_MATCH),
        WrongAnswer({**_DECIDES, "D": ["Customers pay", "Statements"]}, ALL_TOGETHER),
        WrongAnswer({**_DECIDES, "E": "Statements"}, OTHER_GRANT),
        WrongAnswer({**_DECIDES, "F": NONE}, GOES_ON),
        WrongAnswer({**_DECIDES, "C": "Looking"}, PARTLY),
        WrongAnswer({**_DECIDES, "A": "Staff"}, NOT_IN_GROUP),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys("ABCDEF", NONE), "none, for each of them"),
        ShortCut(dict.fromkeys("ABCDEF", list(RULES)), "all rules, for each of them"),
        ShortCut({"B": "Staff"}, "only one request"),
    ],
)

# unexpected-scope

STILL_MOVES = (
    "The bookkeeper still gets `transfers:write`. Walk its request at the desk: which rule stops "
    "the walk, and what does that rule cover?"
)
NARROW_FIRST = (
    "The narrow rule is asked first now, and the bookkeeper still gets `transfers:write`: where a "
    "rule doesn't fit, the walk goes on to the one that does. A narrow rule takes nothing away."
)
SCOPE_GONE = (
    "`transfers:write` doesn't exist at this server any more: nobody moves money now, Cora "
    "neither. The scope was never wrong, only who gets it."
)
PARTNER_GONE = (
    "The server doesn't know the bookkeeper any more, so its reading is lost too. And the next "
    "program that comes along gets what the bookkeeper got."
)
PARTNER_CUT_OFF = "The bookkeeper can't read any more, and reading is what it is paid for."
JOB_CUT_OFF = (
    "The nightly job can't read any more: it lived by that rule too. Make the rule narrower, "
    "don't take it away."
)
JOB_MOVES = (
    "The bookkeeper is refused, and the nightly job still gets `transfers:write`: the rule is as "
    "wide as before, for fewer."
)
CORA_CUT_OFF = "Cora can't move her own money any more. Her rule wasn't the broad one."


def judge_unexpected_scope(recording: Recording) -> Iterator[str]:
    """Judge by who gets what after the change: two programs' tokens, and Cora's preview."""
    moves, reads = request_for(recording, PARTNER, WRITE), request_for(recording, PARTNER, READ)
    job_reads, job_moves = request_for(recording, JOB, READ), request_for(recording, JOB, WRITE)
    cora = preview_for(recording, WRITE)
    if not (moves and reads and job_reads and job_moves) or cora is None:
        yield NOT_ALL_ASKED
        return
    if INVALID_SCOPE in (error_of(moves), error_in(cora)):
        yield SCOPE_GONE
    elif INVALID_CLIENT in (error_of(moves), error_of(reads)):
        yield PARTNER_GONE
    elif moves.status == 200:
        yield NARROW_FIRST if answer_of(reads).get("expires_in") == 8 * HOUR else STILL_MOVES
    elif job_moves.status == 200:
        yield JOB_MOVES
    if reads.status != 200 and error_of(reads) != INVALID_CLIENT:
        yield PARTNER_CUT_OFF
    if job_reads.status != 200:
        yield JOB_CUT_OFF
    if error_in(cora) not in ("", INVALID_SCOPE):
        yield CORA_CUT_OFF


def _changed(recording: Recording) -> bool:
    """Whether anything is other than the lesson made it."""
    moves, reads = request_for(recording, PARTNER, WRITE), request_for(recording, PARTNER, READ)
    cora = preview_for(recording, WRITE)
    if moves is None or reads is None or cora is None or moves.status != 200:
        return True
    return bool(error_in(cora)) or answer_of(reads).get("expires_in") != HOUR


_CORA_MOVES = preview(WRITE, minutes=5, rule="Customers")
_JOB_AS_WANTED = (got_token(JOB, READ), refused(JOB, WRITE))
_PARTNER_AS_WANTED = (got_token(PARTNER, READ), refused(PARTNER, WRITE))

unexpected_scope = Exercise(
    "unexpected-scope",
    "No program needs more than `transfers:read`, and the bookkeeper gets `transfers:write`. Find "
    "the rule that gives it, and change it, at the desk or by code. Programs go on reading, and "
    "Cora goes on moving her money.",
    judge_unexpected_scope,
    [
        "Walk the bookkeeper's request at the desk and see where it stops. A rule's name says what "
        "somebody meant; its scopes say what it does.",
        "The rule covers `*`: every scope that the server has, and every one that it will have. "
        "Nothing has to go; it has to be said what is meant.",
        "At the desk: *Edit* at that rule, take the mark off `*`, set it at `transfers:read`, "
        '*Save*. By code: `shared_desk.change("Programs read", scopes="transfers:read")`.',
    ],
    """
shared_desk.change("Programs read", scopes="transfers:read")
show(unexpected_scope.check(all_ask()))
""",
    wrong_answers=[
        WrongAnswer(
            recording_of(
                got_token(PARTNER, READ),
                refused(PARTNER, WRITE, INVALID_SCOPE),
                got_token(JOB, READ),
                refused(JOB, WRITE, INVALID_SCOPE),
                preview(WRITE, error=INVALID_SCOPE),
            ),
            SCOPE_GONE,
        ),
        WrongAnswer(
            recording_of(
                refused(PARTNER, READ, INVALID_CLIENT),
                refused(PARTNER, WRITE, INVALID_CLIENT),
                got_token(JOB, READ),
                got_token(JOB, WRITE),
                _CORA_MOVES,
            ),
            PARTNER_GONE,
        ),
        WrongAnswer(
            recording_of(
                got_token(PARTNER, READ, 480),
                got_token(PARTNER, WRITE),
                got_token(JOB, READ),
                got_token(JOB, WRITE),
                _CORA_MOVES,
            ),
            NARROW_FIRST,
        ),
        WrongAnswer(
            recording_of(*_PARTNER_AS_WANTED, refused(JOB, READ), refused(JOB, WRITE), _CORA_MOVES),
            JOB_CUT_OFF,
        ),
        WrongAnswer(
            recording_of(
                *_PARTNER_AS_WANTED, got_token(JOB, READ), got_token(JOB, WRITE), _CORA_MOVES
            ),
            JOB_MOVES,
        ),
    ],
    short_cuts=[
        ShortCut(
            recording_of(
                *(refused(who, scope) for who in (PARTNER, JOB) for scope in (READ, WRITE)),
                _CORA_MOVES,
            ),
            "no program gets anything",
        ),
        ShortCut(
            recording_of(got_token(PARTNER, READ), *_JOB_AS_WANTED, _CORA_MOVES),
            "the bookkeeper didn't ask for what it shouldn't get",
        ),
        ShortCut(
            recording_of(*_PARTNER_AS_WANTED, *_JOB_AS_WANTED, preview(WRITE, error=DENIED)),
            "nobody at all moves money",
        ),
    ],
    attempted=_changed,
)

# only-these-clients

STILL_ALL = "The old script still gets a token: the policy is for all clients, as before."
SECOND_BELOW = (
    "There is a second policy with the two clients, and it is never asked: the one for all clients "
    "comes first, and fits everybody."
)
SECOND_ABOVE = (
    "The two clients have a policy of their own, and the old script isn't stopped by that: it goes "
    "on to the policy for all clients."
)
SCRIPT_GONE = (
    "The old script itself was ended. The policy is as open as it was: the next program that "
    "somebody registers gets its token there."
)
TOO_MANY = "The old script is refused, and the server still has a policy for others than the two."


def judge_only_these(recording: Recording) -> Iterator[str]:
    """Judge by who gets a token, and for whom the server's active policies are."""
    partner, job = request_for(recording, PARTNER, SYNC), request_for(recording, JOB, SYNC)
    script, policies = request_for(recording, SCRIPT, SYNC), listed(recording, "/policies")
    if not (partner and job and script):
        yield NOT_ALL_ASKED
        return
    served = {client for policy in policies for client in _clients(policy)}
    if script.status == 200:
        yield _why_still_open(policies)
    elif error_of(script) == INVALID_CLIENT:
        yield SCRIPT_GONE
    elif served - {_client_id(partner), _client_id(job)}:
        yield TOO_MANY
    for one in (partner, job):
        if one.status != 200:
            yield f"{one.sender} gets no token any more, and it is one of the two who should."


def _why_still_open(policies: list[dict[str, Any]]) -> str:
    open_to_all = [ALL in _clients(policy) for policy in policies]
    if all(open_to_all):
        return STILL_ALL
    return SECOND_BELOW if open_to_all[0] else SECOND_ABOVE


def _clients(policy: Mapping[str, Any]) -> list[str]:
    return list(policy["conditions"]["clients"]["include"])


def _client_id(one: Exchange) -> str:
    return read_basic(sent_header(one, "authorization"))[0]


def _another_table(recording: Recording) -> bool:
    requests = [request_for(recording, name, SYNC) for name in (PARTNER, JOB, SCRIPT)]
    policies = [_clients(policy) for policy in listed(recording, "/policies")]
    return policies != [[ALL]] or any(one is None or one.status != 200 for one in requests)


def _for(*clients: str) -> dict[str, Any]:
    return {"conditions": {"clients": {"include": list(clients)}}}


_TWO = (f"0oa-{PARTNER}", f"0oa-{JOB}")
_TWO_SERVED = (got_token(PARTNER, SYNC), got_token(JOB, SYNC))

only_these_clients = Exercise(
    "only-these-clients",
    "Whoever is registered in this org gets a token of the Sync server, the forgotten old script "
    "too. Let the policy be for the bookkeeper and the nightly job, and for nobody else.",
    judge_only_these,
    [
        "A policy says for which clients it is: `conditions.clients.include`. Now it says "
        "`ALL_CLIENTS`.",
        "Rules and policies only ever allow. Another policy beside this one closes nothing: "
        "change the one that is too wide.",
        "At the desk: *Edit* at the policy, take the mark off *all clients*, mark the two. By "
        'code: `sync_desk.change("Sync", clients=[bookkeeper.client_id, job.client_id])`.',
    ],
    """
sync_desk.change("Sync", clients=[bookkeeper.client_id, job.client_id])
show(only_these_clients.check(three_ask()))
""",
    wrong_answers=[
        WrongAnswer(
            recording_of(
                *_TWO_SERVED, got_token(SCRIPT, SYNC), read_list("policies", _for(ALL), _for(*_TWO))
            ),
            SECOND_BELOW,
        ),
        WrongAnswer(
            recording_of(
                *_TWO_SERVED, got_token(SCRIPT, SYNC), read_list("policies", _for(*_TWO), _for(ALL))
            ),
            SECOND_ABOVE,
        ),
        WrongAnswer(
            recording_of(
                *_TWO_SERVED,
                refused(SCRIPT, SYNC, INVALID_CLIENT),
                read_list("policies", _for(ALL)),
            ),
            SCRIPT_GONE,
        ),
        WrongAnswer(
            recording_of(
                *_TWO_SERVED,
                refused(SCRIPT, SYNC),
                read_list("policies", _for(*_TWO, "0oa-others")),
            ),
            TOO_MANY,
        ),
    ],
    short_cuts=[
        ShortCut(
            recording_of(
                *(refused(name, SYNC) for name in (PARTNER, JOB, SCRIPT)), read_list("policies")
            ),
            "the policy was switched off",
        ),
        ShortCut(
            recording_of(*_TWO_SERVED, read_list("policies", _for(*_TWO))),
            "the old script didn't ask",
        ),
        ShortCut(
            recording_of(
                got_token(PARTNER, SYNC),
                refused(JOB, SYNC),
                refused(SCRIPT, SYNC),
                read_list("policies", _for(_TWO[0])),
            ),
            "one client instead of two",
        ),
    ],
    attempted=_another_table,
)

minutes_not_hours = time_and_order.minutes_not_hours
no_match = time_and_order.no_match
