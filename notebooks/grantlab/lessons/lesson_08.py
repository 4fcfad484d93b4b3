"""Exercises of lesson 08: scopes that mean one thing, and claims that tell no more than needed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons import telling
from grantlab.lessons.decisions import error_of
from grantlab.lessons.evidence import exchange, form_of, recording_of, token_requests
from grantlab.recording import Exchange, Recording

TOKEN = "http://127.0.0.1:8080/oauth2/aus1/v1/token"
GRANT = "client_credentials"

# split-admin

OPERATIONS = ("see prices", "change prices", "see orders", "refund orders")
_STYLES = {
    "object:action": re.compile(r"([a-z][a-z0-9-]*):([a-z][a-z0-9-]*)"),
    "with a domain": re.compile(r"((?:[a-z][a-z0-9-]*\.){2,}?[a-z0-9-]+)\.([a-z][a-z0-9-]*)"),
    "with an address": re.compile(r"(https://[a-z0-9.-]+/[a-z0-9/-]+)[./:]([a-z][a-z0-9-]*)"),
}
_KEYS_TO_ALL = frozenset({"admin", "all", "any", "everything", "full", "manage", "root"})

READ_OF_WHAT = (
    "Read what? The name says an action and no object. Whoever may read prices may read orders "
    "then, and at the next API that has a “read” it means something else again."
)
ONE_FOR_TWO = (
    "Two of the four share a scope: whoever gets the one operation gets the other as well."
)
NOT_A_NAME = (
    "The server refused a name: spaces separate the scopes in a request, so none can be in a name."
)
LETTERS = (
    "A name has capital letters. Scopes are compared letter by letter: sooner or later somebody "
    "asks for it in small letters, and gets nothing."
)
RESERVED = (
    "Names that begin with `okta.` or `okta:` are reserved for Okta's own API, at every server of "
    "yours."
)
STILL_ADMIN = (
    "One of the names is a key to everything again. What is the least that this one operation "
    "needs?"
)
OTHER_STYLE = (
    "One of the names is in neither of the two styles of this page: thing and action with a colon "
    "between them, or with a whole domain before them and dots between all."
)
TWO_STYLES = "The names are of different styles. Take one for all, so that they can be guessed."
OBJECTS_MIXED = (
    "Prices and orders are two things. The thing comes first in a name, then what is done to it: "
    "both operations on prices begin with the one thing, and both on orders with the other."
)


def judge_split_admin(answer: Mapping[str, Any]) -> Iterator[str]:
    """Judge the names, and whether the server took each and gives a token for it."""
    named = {each: answer["scopes"].get(each) for each in OPERATIONS}
    for operation, name in named.items():
        if not isinstance(name, str) or not name:
            yield f"“{operation}” has no scope yet."
    names = [name for name in named.values() if isinstance(name, str) and name]
    yield from dict.fromkeys(_faults_of(names))
    if len(names) == len(OPERATIONS):
        yield from _faults_together(named)
        yield from _not_given(named, answer["answers"])


def _faults_of(names: list[str]) -> Iterator[str]:
    """What is wrong with names, each for itself."""
    for name in names:
        if re.search(r"\s", name):
            yield NOT_A_NAME
        elif name.startswith(("okta.", "okta:")):
            yield RESERVED
        elif name != name.lower():
            yield LETTERS
        elif re.split(r"[.:/*]", name)[-1] in _KEYS_TO_ALL or "*" in name:
            yield STILL_ADMIN
        elif _style(name) is None:
            yield OTHER_STYLE if re.search(r"[a-z0-9][._/:-]+[a-z]", name) else READ_OF_WHAT


def _faults_together(named: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with four names beside each other."""
    if max(Counter(named.values()).values()) > 1:
        yield ONE_FOR_TWO
    styles = [_style(name) for name in named.values()]
    if None in styles:
        return
    if len(set(styles)) > 1:
        yield TWO_STYLES
        return
    prices, sold = (
        {_object(named[each]) for each in OPERATIONS if each.endswith(thing)}
        for thing in ("prices", "orders")
    )
    if len(prices) > 1 or len(sold) > 1 or prices & sold:
        yield OBJECTS_MIXED


def _not_given(named: Mapping[str, str], answers: Recording) -> Iterator[str]:
    """For which operations the server gave no token."""
    given = {
        form_of(one).get("scope") for one in token_requests(answers, GRANT) if one.status == 200
    }
    for operation, name in named.items():
        if name not in given:
            yield f"The server gives no token for “{operation}”: it doesn't know that scope."


def _style(name: str) -> str | None:
    return next((style for style, form in _STYLES.items() if form.fullmatch(name)), None)


def _object(name: str) -> str:
    form = _STYLES[_style(name) or ""]
    found = form.fullmatch(name)
    return found[1] if found else ""


def _defined(*names: str, refused: tuple[str, ...] = ()) -> dict[str, Any]:
    asked = [
        exchange("POST", TOKEN, 400 if name in refused else 200,
                 form={"grant_type": GRANT, "scope": name})
        for name in names
    ]  # fmt: skip
    scopes = dict(zip(OPERATIONS, names, strict=True))
    return {"scopes": scopes, "answers": recording_of(*asked)}


split_admin = Exercise(
    "split-admin",
    "The back office has one scope, `admin`, and so everybody who does anything there may do "
    "everything. Give each of the four operations a scope of its own, in one of the two styles.",
    judge_split_admin,
    [
        "A good name says which thing, and what is done to it. Both words of each operation are "
        "there already.",
        "Small letters, no spaces, nothing that begins with `okta.`; and no two operations with "
        "one name, or one of them would come with the other.",
        "`prices:read` or `com.example.shop.prices.read` for the first. The other three have the "
        "same form.",
    ],
    """
scopes = {
    "see prices": "prices:read",
    "change prices": "prices:write",
    "see orders": "orders:read",
    "refund orders": "orders:refund",
}
show(split_admin.check({"scopes": scopes, "answers": define(scopes)}))
""",
    wrong_answers=[
        WrongAnswer(_defined("read", "write", "read", "write"), READ_OF_WHAT),
        WrongAnswer(
            _defined("prices:read", "prices:write", "orders:write", "orders:write"), ONE_FOR_TWO
        ),
        WrongAnswer(
            _defined("see prices", "change prices", "see orders", "refund orders",
                     refused=OPERATIONS),
            NOT_A_NAME,
        ),
        WrongAnswer(
            _defined("Prices:Read", "Prices:Write", "Orders:Read", "Orders:Refund"), LETTERS
        ),
        WrongAnswer(
            _defined("okta.prices.read", "okta.prices.write", "okta.orders.read",
                     "okta.orders.refund",
                     refused=("okta.prices.read", "okta.prices.write", "okta.orders.read",
                              "okta.orders.refund")),
            RESERVED,
        ),
        WrongAnswer(
            _defined("prices:read", "prices:write", "orders:read", "orders:admin"), STILL_ADMIN
        ),
        WrongAnswer(
            _defined("prices.read", "prices.write", "orders.read", "orders.refund"), OTHER_STYLE
        ),
        WrongAnswer(
            _defined("read:prices", "write:prices", "read:orders", "refund:orders"), OBJECTS_MIXED
        ),
        WrongAnswer(
            _defined("prices:read", "prices:write", "com.shop.orders.read",
                     "com.shop.orders.refund"),
            TWO_STYLES,
        ),
    ],
    short_cuts=[
        ShortCut(
            {"scopes": dict(zip(OPERATIONS, ("prices:read", "prices:write", "orders:read",
                                             "orders:refund"), strict=True)),
             "answers": recording_of()},
            "names that no server ever saw",
        ),
        ShortCut(
            _defined("shop:one", "shop:two", "shop:three", "shop:four"),
            "four names that say nothing",
        ),
    ],
    attempted=lambda answer: any(each not in (None, ...) for each in answer["scopes"].values()),
)  # fmt: skip

# unknown-scope

HELD = ("both", "prices:read", "nothing")
DEFINED = frozenset({"prices:read", "prices:write"})

DROPPED = (
    "The server doesn't leave out what it doesn't know. It gives all that is asked for, or "
    "nothing: the scope that exists is lost with the other."
)
GIVEN = "The server doesn't invent scopes. Look at the answer: is there any token in it?"
BY_POLICY = (
    "That was refused by a policy: every scope in the request exists, and no rule gives all of "
    "them to this client. Ask for one that nobody defined."
)
NO_SCOPE_NAMED = (
    "That request named no scope, so the server took its default ones, if it has any. Name some."
)
NONE_THAT_EXISTS = (
    "Nothing in that request exists, so it doesn't show what becomes of a scope that does: ask for "
    "one of each."
)
NO_PERSON = (
    "`openid` exists at every server. It was refused because no person stands behind a client "
    "that asks for itself."
)


def judge_unknown_scope(answer: Mapping[str, Any]) -> Iterator[str]:
    """Read what is said, and look at the newest token request that was made."""
    said = answer["the job holds"]
    if said == "prices:read":
        yield DROPPED
    elif said == "both":
        yield GIVEN
    elif said != "nothing":
        yield f"What does the job hold after that? One of: {', '.join(HELD)}."
    asked = token_requests(answer["proof"], GRANT)
    if not asked:
        yield "There is no token request with client credentials in this recording yet."
        return
    yield from _faults_of_request(asked[-1])


def _faults_of_request(newest: Exchange) -> Iterator[str]:
    wanted = set(form_of(newest).get("scope", "").split())
    if not wanted:
        yield NO_SCOPE_NAMED
    elif "openid" in wanted:
        yield NO_PERSON
    elif wanted <= DEFINED:
        yield (
            BY_POLICY
            if error_of(newest) == "access_denied"
            else ("Every scope in that request exists.")
        )
    elif not wanted & DEFINED:
        yield NONE_THAT_EXISTS
    elif error_of(newest) != "invalid_scope":
        yield f"The server said {newest.status} {error_of(newest)}: that is another error."


def _proof(scope: str, error: str = "invalid_scope", says: str = "nothing") -> dict[str, Any]:
    form = {"grant_type": GRANT} | ({"scope": scope} if scope else {})
    answer = {"error": error} if error else {"access_token": "a", "scope": scope}
    asked = exchange("POST", TOKEN, 400 if error else 200, form=form, answer=answer)
    return {"the job holds": says, "proof": recording_of(asked)}


unknown_scope = Exercise(
    "unknown-scope",
    "Produce the error: ask for two scopes in one request, one that the shop's server has and one "
    "that nobody defined. The client is called `job`. And what does the job hold after that: "
    f"{', '.join(HELD[:-1])} or {HELD[-1]}?",
    judge_unknown_scope,
    [
        "It is the token request of the prediction. Scopes are names with spaces between, in one "
        "parameter.",
        "Look at the whole answer: is there a token in it, for anything at all?",
        '`job.post(f"{shop.issuer}/v1/token", data={"grant_type": "client_credentials", "scope": '
        '"prices:read …"})`, with a name of your invention.',
    ],
    """
job.post(
    f"{shop.issuer}/v1/token",
    data={"grant_type": "client_credentials", "scope": "prices:read prices:invent"},
)
answer = {"the job holds": "nothing", "proof": attempt}
show(unknown_scope.check(answer))
""",
    wrong_answers=[
        WrongAnswer(_proof("prices:read prices:x", says="prices:read"), DROPPED),
        WrongAnswer(_proof("prices:read prices:x", says="both"), GIVEN),
        WrongAnswer(_proof("prices:read prices:write", "access_denied"), BY_POLICY),
        WrongAnswer(_proof("prices:x"), NONE_THAT_EXISTS),
        WrongAnswer(_proof(""), NO_SCOPE_NAMED),
        WrongAnswer(_proof("openid prices:read"), NO_PERSON),
    ],
    short_cuts=[
        ShortCut({"the job holds": "nothing", "proof": recording_of()}, "only said, not produced"),
        ShortCut(_proof("prices:read", ""), "a request that is granted"),
        ShortCut(_proof("prices:read prices:x", "invalid_client"), "another error"),
    ],
    attempted=lambda answer: (
        answer["the job holds"] is not ... or bool(token_requests(answer["proof"], GRANT))
    ),
)

tell_less = telling.tell_less
no_lookup = telling.no_lookup
