"""Exercises of lesson 14: scopes at the gate, whom a token is for, caches, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import recording_of
from grantlab.lessons.gates import (
    BULK,
    DRAFT,
    READ,
    WRITE,
    Claims,
    Gate,
    all_of,
    any_of,
    as_text,
    audiences,
    beginning,
    by_beginning,
    by_method,
    capital_only,
    client_as_text,
    empty_text,
    falsy,
    from_form_too,
    from_query_too,
    gate_that,
    no_lists,
    only_aud,
    only_cid,
    trusting,
    whatever_comes_last,
)
from grantlab.lessons.rush import (
    CALLER,
    CALLS,
    EXPIRED,
    FORGED,
    NEW_KEY,
    REVOKED,
    Rush,
    answered,
    rush_that,
)
from grantlab.lessons.trying import tried
from grantlab.recording import Recording

NO_FUNCTION = "Give the function itself, without brackets behind its name."

# write-the-gate

GOOD_REFUSED = "A request that the table allows is refused."
SUBSTRING = (
    f"A token with `{DRAFT}` moves money. That is another scope whose name begins the same: "
    "scopes are compared whole, never as parts of a text."
)
ANY = (
    "A token with one of two scopes is let in where the table asks for both: that takes all of "
    "them, not any."
)
NOT_401 = (
    "401 for a good token that allows too little. 401 says “who are you?”, and the app would fetch "
    "a token of the same kind, again and again. What it has to hear is that this one doesn't allow "
    "it."
)
EMPTY_IS_A_TOKEN = (
    "A token without any scope is a token all the same: who calls is known. Only `None` means "
    "that nobody showed a good one."
)
NO_TOKEN = "A request without a token isn't asked for one."
READS_ONLY = "A token for reading changes something."
OPEN_END = (
    "Something that isn't in the table is let in, or answered as if it were there. A gate names "
    "what it opens, by whole paths and not by how they begin; the rest stays shut."
)

# What a wrong answer means; method, path, scopes of the token or None, the right status.
REQUESTS: tuple[tuple[str, str, str, list[str] | None, int], ...] = (
    (GOOD_REFUSED, "GET", "/transfers", [READ], 200),
    (GOOD_REFUSED, "GET", "/transfers/tr-301", [WRITE, READ], 200),
    (GOOD_REFUSED, "POST", "/transfers", [WRITE], 200),
    (GOOD_REFUSED, "DELETE", "/transfers/tr-302", [WRITE], 200),
    (GOOD_REFUSED, "POST", "/transfers/batch", [BULK, WRITE], 200),
    (NO_TOKEN, "GET", "/transfers", None, 401),
    (EMPTY_IS_A_TOKEN, "GET", "/transfers", [], 403),
    (READS_ONLY, "POST", "/transfers", [READ], 403),
    (SUBSTRING, "POST", "/transfers", [DRAFT], 403),
    (ANY, "POST", "/transfers/batch", [WRITE], 403),
    (OPEN_END, "DELETE", "/transfers", [READ, WRITE, BULK], 404),
    (OPEN_END, "GET", "/transfers/tr-301/admin", [READ, WRITE, BULK], 404),
)


def judge_gate(gate: Gate) -> Iterator[str]:
    """Send twelve requests through the function."""
    if not callable(gate):
        yield NO_FUNCTION
        return
    found: list[str] = []
    for reason, method, path, scopes, right in REQUESTS:
        got = tried(gate, method, path, None if scopes is None else list(scopes))
        if got.trouble is not None:
            found.append(f"{method} {path} with {scopes}: the function {got}.")
        elif got.gave(401) and right == 403 and scopes:
            found.append(NOT_401)
        elif not got.gave(right):
            found.append(reason)
    yield from dict.fromkeys(found)


write_the_gate = Exercise(
    "write-the-gate",
    "Write `gate(method, path, scopes)` for the table of this page. `scopes` is the list in a "
    "token that has passed every other check, or None when nobody showed a good one. It gives 200 "
    "for a request that may go on, 401 when a token is needed and none is there, 403 when the "
    "token allows too little, 404 for whatever isn't in the table. Twelve requests will come.",
    judge_gate,
    [
        "Say first what a method and a path need, as a set of scopes; then compare that set with "
        "the token's. A path with an id is the same as any other path with an id.",
        "Scopes are whole words in a list. All that is needed must be there: `<=` between two "
        "sets says just that. And an empty list isn't None.",
        'For one: `needed = {"GET": {"transfers:read"}, "DELETE": {"transfers:write"}}.get(method)`'
        "; None becomes 404, then `scopes is None` becomes 401, then `needed <= set(scopes)`.",
    ],
    """
LIST = {"GET": {"transfers:read"}, "POST": {"transfers:write"}}
ONE = {"GET": {"transfers:read"}, "DELETE": {"transfers:write"}}
BATCH = {"POST": {"transfers:write", "transfers:bulk"}}


def gate(method, path, scopes):
    match path.split("/"):
        case ["", "transfers"]:
            needed = LIST.get(method)
        case ["", "transfers", "batch"]:
            needed = BATCH.get(method)
        case ["", "transfers", _]:
            needed = ONE.get(method)
        case _:
            needed = None
    if needed is None:
        return 404
    if scopes is None:
        return 401
    return 200 if needed <= set(scopes) else 403


show(write_the_gate.check(gate))
""",
    wrong_answers=[
        WrongAnswer(gate_that(as_text), SUBSTRING),
        WrongAnswer(gate_that(any_of), ANY),
        WrongAnswer(gate_that(all_of, too_little=401), NOT_401),
        WrongAnswer(falsy, EMPTY_IS_A_TOKEN),
        WrongAnswer(by_method, OPEN_END),
    ],
    short_cuts=[
        ShortCut(by_beginning, "a path is compared by its beginning"),
        ShortCut(lambda method, path, scopes: 200, "open to all"),
        ShortCut(lambda method, path, scopes: 404, "shut to all"),
        ShortCut(lambda method, path, scopes: 401 if scopes is None else 200, "any token will do"),
    ],
)

# aud-and-cid

OURS = "https://api.bank.example/product1"
SISTER = "https://api.bank.example/product10"
KNOWN = frozenset({"0oabookkeeper", "0oanightlyjob"})

PREFIX = (
    "A token for `…/product10` is let in at `…/product1`. An audience is a name: it is compared "
    "whole, not as the beginning or as a part."
)
ONLY_AUD = (
    "A token of a client that nobody here has heard of is let in. `aud` says that the token is "
    "meant for us; `cid` says to whom it was given."
)
ONLY_CID = "A token for another API is let in, because its client is one of ours."
LISTS = (
    "`aud` may be a list (RFC 7519 §4.1.3). It is enough that one of its entries is our name, and "
    "that one whole."
)
MISSING = "A token without `aud` or `cid` is let in, or stops the function: it says nothing."
CLIENT_PART = "A client id is compared as a part of another one. It is a name as well."
BY_HEART = "The audience or the clients are learnt by heart: use those that the function is given."
OWN_REFUSED = "Our own client, with a token for our own API, is refused."

# What a wrong answer means; claims; whether the token is for us and from one of ours.
HOLDERS: tuple[tuple[str, Claims, bool], ...] = (
    (OWN_REFUSED, {"aud": OURS, "cid": "0oabookkeeper"}, True),
    (LISTS, {"aud": [SISTER, OURS], "cid": "0oanightlyjob"}, True),
    (PREFIX, {"aud": SISTER, "cid": "0oabookkeeper"}, False),
    (LISTS, {"aud": [SISTER], "cid": "0oabookkeeper"}, False),
    (ONLY_CID, {"aud": "api://shop", "cid": "0oabookkeeper"}, False),
    (ONLY_AUD, {"aud": OURS, "cid": "0oastranger"}, False),
    (CLIENT_PART, {"aud": OURS, "cid": "0oabook"}, False),
    (MISSING, {"cid": "0oabookkeeper"}, False),
    (MISSING, {"aud": OURS}, False),
)
ForUs = Callable[[Claims, str, frozenset[str]], Any]


def judge_for_us(for_us: ForUs) -> Iterator[str]:
    """Show the function tokens of our own, of the sister product, and of strangers."""
    if not callable(for_us):
        yield NO_FUNCTION
        return
    found = [
        reason
        for reason, claims, right in HOLDERS
        if not tried(for_us, dict(claims), OURS, KNOWN).gave(right)
    ]
    turned = tried(for_us, {"aud": SISTER, "cid": "0oanew"}, SISTER, frozenset({"0oanew"}))
    if not found and not turned.gave(True):
        found.append(BY_HEART)
    yield from dict.fromkeys(found)


aud_and_cid = Exercise(
    "aud-and-cid",
    "Write `for_us(claims, audience, clients)`: True when a verified token was meant for this API, "
    "whose name is `audience`, and given to one of its `clients` (a set of client ids), else "
    f"False. The API here is `{OURS}`, its sister next door `{SISTER}`.",
    judge_for_us,
    [
        "Two questions, and both have to be answered with yes: for whom is the token, and to "
        "whom was it given?",
        "Beware of `in` with a text behind it: it finds parts. `aud` is a text or a list of texts, "
        "so make a list of it first. Either claim may be missing.",
        "`names = aud if isinstance(aud, list) else [aud]`, then `audience in names`, and "
        '`claims.get("cid") in clients`.',
    ],
    """
def for_us(claims, audience, clients):
    aud = claims.get("aud")
    names = aud if isinstance(aud, list) else [aud]
    return audience in names and claims.get("cid") in clients


show(aud_and_cid.check(for_us))
""",
    wrong_answers=[
        WrongAnswer(only_aud, ONLY_AUD),
        WrongAnswer(beginning, PREFIX),
        WrongAnswer(only_cid, ONLY_CID),
        WrongAnswer(no_lists, LISTS),
        WrongAnswer(trusting, MISSING),
        WrongAnswer(client_as_text, CLIENT_PART),
    ],
    short_cuts=[
        ShortCut(lambda claims, audience, clients: True, "everybody is ours"),
        ShortCut(lambda claims, audience, clients: False, "nobody is ours"),
        ShortCut(
            lambda claims, audience, clients: (
                OURS in audiences(claims) and claims.get("cid") in KNOWN
            ),
            "names learnt by heart",
        ),
    ],
)

# cache-right

NOT_RUN = "The rush has not run to its end: `rush(lab, busy, alone, asking, bookkeeper)` does it."
ASKS_EACH_TIME = (
    "The asking API put the same question to the server call after call. Its answer may be kept "
    "for a while: how long is for you to choose."
)
NEVER_ASKED = (
    "The asking API has stopped asking. Then it is as fast as the other one, and as blind: it "
    "never hears of a revocation."
)
FETCHES_AGAIN = "The API that checks alone fetched the keys more than once for the same token."
NO_LIMIT = (
    "Each made-up key id cost a request to the server. Whoever can write a token can make your API "
    "flood it, and then no real token gets through either."
)
REFUSAL_KEPT = (
    "A good token was refused while the API couldn't get the new key, and it is refused still, "
    "although it could have it now. A refusal is not to be kept."
)
FIXED_HOUR = (
    "A token is served after its `exp`. A verdict may be kept until then and not for a fixed time: "
    "the end stands in the token."
)
REVOKED_SERVED = (
    "A token is served that was revoked more than a minute ago. What introspection said then is "
    "believed for too long."
)
MOST_FETCHES = 5

GOOD_ONES_REFUSED = "Not all of the hundred good calls were let in."


def judge_cache(recording: Recording) -> Iterator[str]:
    """Count what the APIs asked in the rush, and look whom they let in at its end."""
    run = Rush.of(recording)
    if not run.is_whole:
        yield NOT_RUN
        return
    if any(status != 200 for status in run.statuses[CALLER]):
        yield GOOD_ONES_REFUSED
    if run.questions_at_first == 0:
        yield NEVER_ASKED
    elif run.fetches_at_first > 1:
        yield FETCHES_AGAIN
    if run.questions_at_first > 1:
        yield ASKS_EACH_TIME
    if run.fetches_in_flood > MOST_FETCHES:
        yield NO_LIMIT
    if run.statuses[NEW_KEY][-1] != 200:
        yield REFUSAL_KEPT
    if run.statuses[EXPIRED][-1] != 401:
        yield FIXED_HOUR
    if run.statuses[REVOKED][-1] != 401:
        yield REVOKED_SERVED


cache_right = Exercise(
    "cache-right",
    "Set both APIs so that a hundred good calls cost one fetch of the keys and one introspection, "
    "and nobody is let in too long: no token after its `exp`, no revoked one for more than a "
    "minute where the server is asked. A flood of made-up key ids must not become a flood at the "
    "server, and a good token that was refused once must get in later. Then let the rush run.",
    judge_cache,
    [
        "Let the rush run as it is first: the check names what goes wrong. Then look at both "
        "switchboards, at what they ask of their own caches and at *Seconds at most*.",
        "Three switches under `checks` are off at each API, and their sentences say what gets "
        "through. Then the seconds: what is kept until `exp` needs no number; what introspection "
        "said needs one, and a cache that is on.",
        "`asking.cache.on = True` and `asking.cache.seconds = 60`; `alone.cache.seconds = None`; "
        "and for both `cache_ends_at_exp`, `cache_holds_no_refusals`, `key_fetches_limited`.",
    ],
    """
for one in (alone, asking):
    one.checks.cache_ends_at_exp = True
    one.checks.cache_holds_no_refusals = True
    one.checks.key_fetches_limited = True
alone.cache.seconds = None
asking.cache.on = True
asking.cache.seconds = 60

rush(lab, busy, alone, asking, bookkeeper)
show(cache_right.check(busy))
""",
    wrong_answers=[
        WrongAnswer(rush_that(questions=CALLS), ASKS_EACH_TIME),
        WrongAnswer(rush_that(expired=200), FIXED_HOUR),
        WrongAnswer(rush_that(revoked=200), REVOKED_SERVED),
        WrongAnswer(rush_that(new_key=401), REFUSAL_KEPT),
        WrongAnswer(rush_that(flood=FORGED), NO_LIMIT),
        WrongAnswer(rush_that(questions=0), NEVER_ASKED),
    ],
    short_cuts=[
        ShortCut(recording_of(*answered(CALLER, "http://127.0.0.1:9001/sync", 100, 200)),
                 "a hundred calls, and nobody who would have to be refused"),
        ShortCut(rush_that(good=401, new_key=401), "an API that lets nobody in needs no cache"),
    ],
    attempted=lambda recording: len(recording) > 0,
)  # fmt: skip

# header-only

IN_THE_QUERY = (
    "A token in the query is accepted. Addresses are kept: in histories, in logs, in what a "
    "browser tells the next page."
)
IN_THE_BODY = (
    "A token in the form is accepted. Bodies are logged and repeated as well; and who looks in "
    "three places can be told three things."
)
OTHER_SCHEME = "Something that isn't a bearer token is taken for one: look at the scheme."
SCHEME_CASE = "Schemes know no capitals (RFC 9110 §11.1): `bearer` is the same as `Bearer`."
NOTHING_BEHIND = "“Bearer” with nothing behind it is no token."
NOT_FOUND = "A token in the `Authorization` header isn't found."

Token = Callable[[Mapping[str, str], Mapping[str, str], Mapping[str, str]], Any]
_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjb3JhIn0.c2lnbmF0dXJl"
# What a wrong answer means; headers, query and form; the token that may be taken.
SENDINGS: tuple[
    tuple[str, Mapping[str, str], Mapping[str, str], Mapping[str, str], str | None], ...
] = (
    (NOT_FOUND, {"authorization": f"Bearer {_TOKEN}"}, {}, {}, _TOKEN),
    (SCHEME_CASE, {"authorization": f"bearer {_TOKEN}"}, {}, {}, _TOKEN),
    (IN_THE_QUERY, {}, {"access_token": _TOKEN}, {}, None),
    (IN_THE_BODY, {}, {}, {"access_token": _TOKEN}, None),
    (IN_THE_QUERY, {"authorization": "Basic Y29yYQ=="}, {"access_token": _TOKEN}, {}, None),
    (OTHER_SCHEME, {"authorization": "Basic Y29yYTpPcGVu"}, {}, {}, None),
    (OTHER_SCHEME, {"authorization": f"SSWS {_TOKEN}"}, {}, {}, None),
    (NOTHING_BEHIND, {"authorization": "Bearer "}, {}, {}, None),
    (NOTHING_BEHIND, {"authorization": "Bearer"}, {}, {}, None),
    (OTHER_SCHEME, {}, {}, {}, None),
)


def judge_header_only(token_of: Token) -> Iterator[str]:
    """Send requests with a token in the right place, in wrong ones, and with none."""
    if not callable(token_of):
        yield NO_FUNCTION
        return
    found: list[str] = []
    for reason, headers, query, form, right in SENDINGS:
        got = tried(token_of, dict(headers), dict(query), dict(form))
        if got.trouble is not None:
            sent = headers.get("authorization", "none")
            found.append(f"With the header “{sent}” the function {got}.")
        elif not got.gave(right):
            found.append(reason)
    yield from dict.fromkeys(found)


header_only = Exercise(
    "header-only",
    "Write `token_of(headers, query, form)`: the access token of a request, or None. All three are "
    "dictionaries; the names of headers are in small letters. A token is taken from the "
    "`authorization` header alone, and only with the scheme Bearer.",
    judge_header_only,
    [
        "RFC 6750 §2 knows three places for a token. Two of them are to be left alone: which of "
        "the three arguments do you need?",
        "Split the header at its first space, and look at both halves: the scheme in any "
        "capitals, and a token that isn't empty.",
        '`scheme, _, token = headers.get("authorization", "").partition(" ")`, then compare '
        '`scheme.lower()` with "bearer"; `token or None`.',
    ],
    """
def token_of(headers, query, form):
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return (token or None) if scheme.lower() == "bearer" else None


show(header_only.check(token_of))
""",
    wrong_answers=[
        WrongAnswer(from_query_too, IN_THE_QUERY),
        WrongAnswer(from_form_too, IN_THE_BODY),
        WrongAnswer(whatever_comes_last, OTHER_SCHEME),
        WrongAnswer(capital_only, SCHEME_CASE),
        WrongAnswer(empty_text, NOTHING_BEHIND),
    ],
    short_cuts=[
        ShortCut(lambda headers, query, form: None, "takes no token at all"),
        ShortCut(
            lambda headers, query, form: _TOKEN if headers else None, "a token learnt by heart"
        ),
    ],
)
