"""More exercises of lesson 08: what a token tells, to whom, and whom that saves a question."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.counter_api import CLAIM, NAME, PERCENT
from grantlab.lessons.decisions import NOT_ALL_ASKED, body_of, error_in, previews_in
from grantlab.lessons.evidence import answer_of, exchange, recording_of, sent_header
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

ORG = "http://127.0.0.1:8080"

# tell-less

TOLD, SCOPE = "department", "profile:staff"

ALWAYS = (
    "A token without `profile:staff` still tells the department: each app that asks for prices "
    "learns where somebody works."
)
IN_THE_ID_TOKEN = (
    "The ID token tells it. That one is for the app that signs the person in; the API never sees "
    "it, and the app wasn't to know."
)
NOBODY_DEFINED = "Nobody has defined `profile:staff` at this server yet, so nobody can ask for it."
NOT_TOLD = (
    "A token with `profile:staff` doesn't tell the department either. By which scope is the claim "
    "tied now, and is it active?"
)
SAME_FOR_ALL = (
    "Tom and Nina work in different departments, and their tokens name the same one: the value is "
    "a text, not an attribute of the person."
)


def judge_tell_less(recording: Recording) -> Iterator[str]:
    """Judge what the tokens of two people would tell, with the scope and without it."""
    found = [(body_of(one), answer_of(one)) for one in previews_in(recording)]
    without = {sent["userId"]: said for sent, said in found if SCOPE not in sent["scopes"]}
    with_it = {sent["userId"]: said for sent, said in found if SCOPE in sent["scopes"]}
    if len(without) < 2 or without.keys() != with_it.keys():
        yield NOT_ALL_ASKED
        return
    if any(TOLD in _claims(said, "accessToken") for said in without.values()):
        yield ALWAYS
    if any(TOLD in _claims(said, "idToken") for said in (*without.values(), *with_it.values())):
        yield IN_THE_ID_TOKEN
    values = [_claims(said, "accessToken").get(TOLD) for said in with_it.values()]
    if any(error_in(said) == "invalid_scope" for said in with_it.values()):
        yield NOBODY_DEFINED
    elif not all(values):
        yield NOT_TOLD
    elif len(set(values)) < len(values):
        yield SAME_FOR_ALL


def _claims(said: Mapping[str, Any], token: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = said.get(token) or {}
    return found


def _as_made(recording: Recording) -> bool:
    reasons = set(judge_tell_less(recording))
    return reasons == {ALWAYS, NOBODY_DEFINED}


def _tells(
    without: bool,
    with_it: bool | str,
    *,
    in_id: bool = False,
    defined: bool = True,
    people: tuple[str, ...] = ("Garden", "Branch Office"),
) -> Recording:
    exchanges = []
    for number, department in enumerate(people):
        for scopes, there in ((["prices:read"], without), (["prices:read", SCOPE], with_it)):
            refused = SCOPE in scopes and not defined
            value = there if isinstance(there, str) else department
            answer = {
                "accessToken": None if refused else {"sub": "s"} | ({TOLD: value} if there else {}),
                "idToken": None if refused else {"sub": "s"} | ({TOLD: value} if in_id else {}),
                "error": {"error": "invalid_scope"} if refused else None,
            }
            asked = exchange("POST", f"{ORG}/lab/preview", 200, answer=answer)
            sent = {"userId": f"00u{number}", "scopes": scopes}
            exchanges.append(replace(asked, request_body=json.dumps(sent)))
    return recording_of(*exchanges)


tell_less = Exercise(
    "tell-less",
    "Every access token of the shop tells in which department its person works. Let it tell that "
    "only with the scope `profile:staff`, which nobody has defined yet.",
    judge_tell_less,
    [
        "It takes two things: the scope, and a condition at the claim.",
        "A claim names its scopes in `conditions.scopes`; with none it is in every token of its "
        "kind. Access tokens are `RESOURCE`, ID tokens `IDENTITY`.",
        '`desk.write_scope("profile:staff")`, then the claim again as it was, with '
        '`scopes=["profile:staff"]`. Or by *Add a scope* and *Edit* at the desk.',
    ],
    """
desk.write_scope("profile:staff")
desk.write_claim("department", "user.department", scopes=["profile:staff"])
show(tell_less.check(who_is_told()))
""",
    wrong_answers=[
        WrongAnswer(_tells(True, True), ALWAYS),
        WrongAnswer(_tells(False, False, in_id=True), IN_THE_ID_TOKEN),
        WrongAnswer(_tells(False, False, defined=False), NOBODY_DEFINED),
        WrongAnswer(_tells(False, False), NOT_TOLD),
        WrongAnswer(_tells(False, "Garden"), SAME_FOR_ALL),
    ],
    short_cuts=[
        ShortCut(_tells(False, True, people=("Garden",)), "only one person was asked about"),
        ShortCut(_tells(False, True, in_id=True), "told in both tokens, to be sure"),
    ],
    attempted=lambda recording: not _as_made(recording),
)

# no-lookup

BASE = frozenset(
    ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "auth_time", "sub"]
)
WHEN_IT_IS_BAD = {
    "A": "the API is called very often",
    "B": "somebody who leaves the group must lose the discount at once",
    "C": "the API checks the signature itself",
}

STILL_ASKS = (
    "With those tokens the API still asked the directory. It asks when the token doesn't have the "
    f"claim `{CLAIM}`."
)
OLD_TOKEN = (
    "Those tokens were made before the claim was. A token stays as it was made: get new ones, "
    "then call."
)
TELLS_MORE = (
    "The token tells more than the API needs: whoever holds it reads that too, the app first of "
    "all, and everybody who finds it in a log."
)
NOT_A_YES = (
    f"The claim `{CLAIM}` is there, and the member of staff pays the full price: the API waits for "
    "true or false."
)
FOR_ALL = "Everybody gets the discount now, customers too: the claim doesn't depend on the person."
OFTEN_IS_GOOD = "That is when it pays: each call is one question less."
SIGNATURE_IS_NEEDED = (
    "That is what makes it possible: a claim can be believed only where the signature was checked."
)


def judge_no_lookup(answer: Mapping[str, Any]) -> Iterator[str]:
    """Follow the newest token of each person through the API, and read when that is bad."""
    said = answer["a bad idea when"]
    if said in ("A", "C"):
        yield OFTEN_IS_GOOD if said == "A" else SIGNATURE_IS_NEEDED
    elif said != "B":
        yield "When is it a bad idea? A, B or C."
    exchanges = list(answer["calls"])
    calls = [one for one in exchanges if one.path == "/discount" and one.status == 200]
    newest = {_claims_sent(one).get("sub"): _bearer(one) for one in calls}
    if len(newest) < 2:
        yield NOT_ALL_ASKED
        return
    with_newest = [one for one in calls if _bearer(one) in newest.values()]
    yield from _faults_of_tokens(with_newest)
    since = exchanges[_issued_at(exchanges, newest) :]
    if any(map(_looks_up, since)):
        yield OLD_TOKEN if any(map(_writes_claim, since)) else STILL_ASKS


def _faults_of_tokens(calls: list[Exchange]) -> Iterator[str]:
    if any(_claims_sent(one).keys() - BASE - {"sub", CLAIM} for one in calls):
        yield TELLS_MORE
    percents = {answer_of(one).get("percent") for one in calls}
    if percents == {PERCENT}:
        yield FOR_ALL
    elif PERCENT not in percents:
        yield NOT_A_YES


def _bearer(one: Exchange) -> str:
    return sent_header(one, "authorization").removeprefix("Bearer ")


def _claims_sent(one: Exchange) -> Mapping[str, Any]:
    return decode(_bearer(one)).payload


def _looks_up(one: Exchange) -> bool:
    return one.sender == NAME and one.path.endswith("/groups")


def _writes_claim(one: Exchange) -> bool:
    return "/claims" in one.path and one.method in ("POST", "PUT") and one.status in (200, 201)


def _issued_at(exchanges: list[Exchange], newest: Mapping[Any, str]) -> int:
    """The place of the first answer that brought one of these tokens; the beginning without."""
    found = [
        at
        for at, one in enumerate(exchanges)
        if one.path.endswith("/v1/token") and answer_of(one).get("access_token") in newest.values()
    ]
    return found[0] if found else 0


def _token(person: str, **more: Any) -> str:
    claims = {"iss": ORG, "aud": "api://lesson/counter", "sub": person, "scp": ["discount:read"]}
    parts = (b'{"alg":"RS256"}', json.dumps(claims | more).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _wrote() -> Exchange:
    return exchange("POST", f"{ORG}/api/v1/authorizationServers/aus1/claims", 201, answer={})


def _got(token: str) -> Exchange:
    return exchange("POST", f"{ORG}/oauth2/aus1/v1/token", 200, answer={"access_token": token})


def _called(token: str, percent: int, *, asks: bool = False) -> list[Exchange]:
    asked = exchange("GET", f"{ORG}/api/v1/users/00u1/groups", 200, answer={})
    headers = {"authorization": f"Bearer {token}"}
    call = exchange(
        "GET", "http://127.0.0.1:9000/discount", 200, headers=headers, answer={"percent": percent}
    )
    return [*([replace(asked, sender=NAME)] if asks else []), call]


def _day(
    tom: Mapping[str, Any],
    cora: Mapping[str, Any],
    percents: tuple[int, int] = (PERCENT, 0),
    *,
    asks: bool = False,
    late: bool = False,
    says: Any = "B",
) -> dict[str, Any]:
    """Two people and their calls; `late`: the claim is written after their tokens were made."""
    tokens = _token("tom", **tom), _token("cora", **cora)
    got = [_got(token) for token in tokens]
    calls = [
        each
        for token, percent in zip(tokens, percents, strict=True)
        for _ in range(2)
        for each in _called(token, percent, asks=asks)
    ]
    before = [*got, _wrote()] if late else [_wrote(), *got]
    return {"a bad idea when": says, "calls": recording_of(*before, *calls)}


_YES, _NO = {CLAIM: True}, {CLAIM: False}

no_lookup = Exercise(
    "no-lookup",
    f"Let the counter's API answer without a single question to the directory: it believes a claim "
    f"`{CLAIM}`, true or false. Put that into the access tokens, and nothing else; then everybody "
    "signs in and calls. And when is that a bad idea? "
    + " ".join(f"{letter}: when {text}." for letter, text in WHEN_IT_IS_BAD.items()),
    judge_no_lookup,
    [
        "What the API needs is one bit, not the list of groups. There is a claim of name "
        f"`{CLAIM}` to be made, for access tokens.",
        "Its value is an expression that asks about a group: `isMemberOfGroupName(…)`. And think "
        "of Nina, who left.",
        '`counter_desk.write_claim("staff", \'isMemberOfGroupName("Staff")\')`, and then '
        "`everybody_calls()`.",
    ],
    """
counter_desk.write_claim("staff", 'isMemberOfGroupName("Staff")')
everybody_calls()
answer = {"a bad idea when": "B", "calls": calls}
show(no_lookup.check(answer))
""",
    wrong_answers=[
        WrongAnswer(_day(_YES | {"salary": 41_000}, _NO | {"salary": 0}), TELLS_MORE),
        WrongAnswer(_day({"groups": ["Staff"]}, {"groups": []}, asks=True), STILL_ASKS),
        WrongAnswer(_day({}, {}, asks=True, late=True), OLD_TOKEN),
        WrongAnswer(_day({CLAIM: "true"}, {CLAIM: "false"}, (0, 0)), NOT_A_YES),
        WrongAnswer(_day(_YES, _YES, (PERCENT, PERCENT)), FOR_ALL),
        WrongAnswer(_day(_YES, _NO, says="A"), OFTEN_IS_GOOD),
        WrongAnswer(_day(_YES, _NO, says="C"), SIGNATURE_IS_NEEDED),
    ],
    short_cuts=[
        ShortCut({"a bad idea when": "B", "calls": recording_of()}, "nobody called"),
        ShortCut(_day(_YES, _NO, says=...), "the question behind it was left out"),
        ShortCut(
            {
                "a bad idea when": "B",
                "calls": recording_of(*_called(_token("tom", **_YES), PERCENT)),
            },
            "only the one who gets it called",
        ),
    ],
    attempted=lambda answer: (
        answer["a bad idea when"] is not ... or any(map(_writes_claim, answer["calls"]))
    ),
)
