"""Exercises of lesson 15: scopes at the door, a cache at the edge, who stops what, the way past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.doors import CALLER, GUESSES, METHODS, THIEF, Tries
from grantlab.lessons.evidence import exchange, recording_of
from grantlab.recording import Exchange, Recording

# verb-map

NOUNS = ("loans", "credit")

READ_WRITES = (
    "A token that was given out for reading came through with POST or DELETE as well: reading and "
    "writing need a scope each."
)
ONE_FOR_BOTH = "A token for loans opened credit as well, or the other way round: two resources."
SWITCHED_OFF = "The gateway doesn't check everything: what it lets through then says nothing."


def only_in_the_map(scope: str) -> str:
    """The reason for a scope that the authorization server doesn't know."""
    return (
        f"No token can carry {scope}: the authorization server refused to issue one. A scope that "
        "stands only in the gateway's map opens nothing."
    )


def no_line(method: str, noun: str) -> str:
    """The reason for a method that the map leaves out."""
    return f"{method} of {noun} has no scope, so the gateway refuses it to everybody."


def judge_verb_map(tries: Tries) -> Iterator[str]:
    """Judge a map by which tokens there are, and by what each of them opened."""
    lines = {(noun, method): _line(tries, noun, method) for noun in NOUNS for method in METHODS}
    for (noun, method), scope in lines.items():
        if not scope:
            yield no_line(method, noun)
        elif scope not in tries.unknown and not tries.opened(scope, noun, method):
            yield f"{method} of {noun} stays shut even to a token with the scope of its line."
    yield from (only_in_the_map(scope) for scope in sorted(tries.unknown))
    if any(
        _line(tries, noun, "GET") and tries.opened(_line(tries, noun, "GET"), noun, method)
        for noun in NOUNS
        for method in ("POST", "DELETE")
    ):
        yield READ_WRITES
    if any(
        tries.opened(scope, other, method)
        for (noun, _), scope in lines.items()
        for other in NOUNS
        for method in METHODS
        if scope and other != noun
    ):
        yield ONE_FOR_BOTH
    if tries.off:
        yield SWITCHED_OFF


def _line(tries: Tries, noun: str, method: str) -> str:
    found = dict(tries.verbs.get(noun, {})).get(method)
    return found if isinstance(found, str) else ""


def _tries(
    loans: tuple[Any, ...],
    credit: tuple[Any, ...],
    *unknown: str,
    off: tuple[str, ...] = (),
) -> Tries:
    """What a gateway would let through by these scopes of GET, POST and DELETE."""
    verbs = {
        "loans": dict(zip(METHODS, loans, strict=True)),
        "credit": dict(zip(METHODS, credit, strict=True)),
    }
    scopes = {scope for one in verbs.values() for scope in one.values() if isinstance(scope, str)}
    statuses = {
        (scope, noun, method): 200 if off or methods[method] == scope else 403
        for scope in scopes - set(unknown)
        for noun, methods in verbs.items()
        for method in METHODS
    }
    return Tries(verbs, frozenset(unknown), statuses, off)


_LOANS, _CREDIT = (
    ("loans:read", "loans:apply", "loans:apply"),
    ("credit:read", *["credit:draw"] * 2),
)

verb_map = Exercise(
    "verb-map",
    "Two resources, three methods each: give the gateway a map with a scope for each of the six. "
    "Whoever may read must not write, and whoever may do things with loans may do nothing with "
    "credit. The server “Lending” has no scopes yet: what the map names has to be made there "
    "first, with `admin.post(scopes, json={…})`. Then the gateway is tried with a token of each "
    "scope.",
    judge_verb_map,
    [
        "Look at what the authorization server says when a token is asked for with one of your "
        "scopes. And look into the gateway's map for every one of the three methods.",
        "A scope has to be known to the server before anybody can carry it. Four scopes do: one "
        "for reading and one for writing, for each resource.",
        '`admin.post(scopes, json={"name": "loans:read"})`, and so for `loans:write`, '
        "`credit:read` and `credit:write`. In the map GET needs the one for reading; POST and "
        "DELETE the one for writing.",
    ],
    """
for scope in ("loans:read", "loans:write", "credit:read", "credit:write"):
    admin.post(scopes, json={"name": scope})
verbs = {
    noun: {"GET": f"{noun}:read", "POST": f"{noun}:write", "DELETE": f"{noun}:write"}
    for noun in ("loans", "credit")
}
show(verb_map.check(through(lending_door, verbs, ask)))
""",
    wrong_answers=[
        WrongAnswer(_tries(_LOANS, _CREDIT, "credit:draw"), only_in_the_map("credit:draw")),
        WrongAnswer(_tries(("loans:all",) * 3, _CREDIT), READ_WRITES),
        WrongAnswer(_tries(_LOANS, ("loans:read", "loans:apply", "loans:apply")), ONE_FOR_BOTH),
        WrongAnswer(
            _tries(_LOANS, ("credit:read", "credit:draw", ...)), no_line("DELETE", "credit")
        ),
    ],
    short_cuts=[
        ShortCut(_tries(_LOANS, _CREDIT, off=("scope",)), "the check itself was switched off"),
        ShortCut(
            Tries({"loans": _tries(_LOANS, _CREDIT).verbs["loans"]}, frozenset(), {}),
            "one of two resources",
        ),
        ShortCut(
            Tries(_tries(_LOANS, _CREDIT).verbs, frozenset(), {}), "a map that nobody has tried"
        ),
    ],
    attempted=lambda tries: any(
        isinstance(scope, str) for methods in tries.verbs.values() for scope in methods.values()
    ),
)

# edge-cache

HOUR = 3600


@dataclass(frozen=True)
class Traffic:
    """How an API is called: seconds from call to call, a token's life, what the bank can bear."""

    every: int
    token: int
    bearable: int

    @property
    def calls(self) -> int:
        """Calls in one hour."""
        return HOUR // self.every

    def saved(self, seconds: float) -> int:
        """Calls of one hour that are answered without asking, when answers are kept so long."""
        asked, ends = 0, 0.0
        for now in range(0, HOUR, self.every):
            if now >= ends:
                asked += 1
                # The next token comes when this one ends; its first call is asked about.
                ends = min(now + seconds, (now // self.token + 1) * self.token)
        return self.calls - asked


TRAFFIC = {"sync": Traffic(10, 8 * HOUR, 600), "transfers": Traffic(5, 300, 15)}

BEYOND_EXP = (
    "transfers: the answer would be kept for longer than a token lives. A gateway that does so "
    "lets expired tokens in; one that doesn't gains nothing by the number."
)
ONE_LIFE = (
    "Both have the same life. What may be stale for minutes where balances are read may not be "
    "where money moves."
)
TOO_TIMID = (
    "sync: the server is asked several times as often as the bank needs. That is safe, and paid "
    "for with every call."
)


def too_long(name: str) -> str:
    """The reason for a life that leaves a revoked token in for too long."""
    return f"{name}: a revoked token would get in for longer than the bank can bear."


def wrong_saving(name: str) -> str:
    """The reason for a number of saved calls that the chosen life doesn't give."""
    return (
        f"{name}: that many calls aren't saved. Count the calls of an hour, and those of them that "
        "find no kept answer."
    )


def wrong_exposure(name: str) -> str:
    """The reason for an exposure that is not that of the chosen life."""
    return (
        f"{name}: at worst the token is revoked right after the question. How long does that "
        "answer stand then? Not the token's whole life, and not no time at all."
    )


def judge_edge_cache(choice: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Judge each life by what the bank can bear, and the numbers by the life that was chosen."""
    lives = {name: _number(choice[name].get("seconds")) for name in TRAFFIC if name in choice}
    for name, traffic in TRAFFIC.items():
        seconds = lives.get(name)
        if seconds is None or seconds < 0:
            yield f"{name}: how many seconds?"
            continue
        if name == "transfers" and seconds > traffic.token:
            yield BEYOND_EXP
        elif seconds > traffic.bearable:
            yield too_long(name)
        if name == "sync" and seconds < traffic.bearable / 2:
            yield TOO_TIMID
        if _number(choice[name].get("calls saved")) != traffic.saved(seconds):
            yield wrong_saving(name)
        if _number(choice[name].get("seconds of exposure")) != min(seconds, traffic.token):
            yield wrong_exposure(name)
    if len(set(lives.values())) == 1 < len(lives) and None not in lives.values():
        yield ONE_LIFE


def _number(value: object) -> float | None:
    # True is 1 to Python, and no number of seconds to anybody.
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _choice(sync: tuple[Any, Any, Any], transfers: tuple[Any, Any, Any]) -> dict[str, Any]:
    names = ("seconds", "calls saved", "seconds of exposure")
    return {
        "sync": dict(zip(names, sync, strict=True)),
        "transfers": dict(zip(names, transfers, strict=True)),
    }


_SYNC, _MONEY = (600, 354, 600), (15, 480, 15)

edge_cache = Exercise(
    "edge-cache",
    "How long may the gateway keep the server's answer about a token? Choose for two APIs: no "
    "longer than the bank can bear, and where one only reads, not much shorter either. Defend it "
    "by numbers: how many calls of one hour are answered without asking (“calls saved”), and for "
    "how many seconds at worst a revoked token still gets in (“seconds of exposure”). "
    "Sync: a job calls every 10 seconds, its token lives 8 hours, and the bank can bear 10 minutes "
    "of reading after a revocation. "
    "Transfers: an app calls every 5 seconds, its tokens live 5 minutes, and nobody may move money "
    "for more than 15 seconds after a revocation.",
    judge_edge_cache,
    [
        "Begin with what the bank can bear: it is the longest that an answer may be kept.",
        "An hour has 3600 seconds: 360 calls of the job. With a life of 60 seconds it is asked "
        "once a minute, 60 times: 300 calls saved, and 60 seconds of exposure.",
        "Sync may keep its answers for 600 seconds: 6 questions an hour. For Transfers it is 15: a "
        "question every third call.",
    ],
    """
choice = {
    "sync": {"seconds": 600, "calls saved": 354, "seconds of exposure": 600},
    "transfers": {"seconds": 15, "calls saved": 480, "seconds of exposure": 15},
}
show(edge_cache.check(choice))
""",
    wrong_answers=[
        WrongAnswer(_choice(_SYNC, (3600, 708, 3600)), BEYOND_EXP),
        WrongAnswer(_choice(_SYNC, (60, 660, 60)), too_long("transfers")),
        WrongAnswer(_choice((15, 180, 15), _MONEY), ONE_LIFE),
        WrongAnswer(_choice((10, 0, 10), _MONEY), TOO_TIMID),
        WrongAnswer(_choice((600, 360, 600), _MONEY), wrong_saving("sync")),
        WrongAnswer(_choice(_SYNC, (15, 480, 300)), wrong_exposure("transfers")),
    ],
    short_cuts=[
        ShortCut(_choice((0, 0, 0), (0, 0, 0)), "never keep anything"),
        ShortCut({"sync": dict(_choice(_SYNC, _MONEY)["sync"])}, "only one of the two"),
        ShortCut(_choice((True, 0, True), _MONEY), "True for a number"),
    ],
    attempted=lambda choice: any(
        value is not ... for one in choice.values() for value in one.values()
    ),
)

# which-layer

LAYERS = ("token check", "gateway", "API", "people")

_FLOOD = (
    "A flood of calls with a good token: every one of them passes every check of the token. OAuth "
    "says who may call, and not how often."
)
_TWICE = "The token was good, and the body was not. No check of a token looks into a body."
_DOTS = "A path with dots wants a page that asks for no token at all: no token check ever runs."
_ROBBED = "Nobody's key signed that token: a token check is there for just that."
_SISTER = "That token is good, and meant for another API: one claim tells."
_READER = "A reader that writes is told by one claim of the token, wherever the token is checked."
_ANOTHERS = (
    "Whose transfer it is stands in the API's own data. A gateway sees a good token and a path "
    "that it knows."
)
_LIMIT = (
    "How much somebody may move today is in no token and in no map of methods: only the API knows "
    "what has been moved already."
)
_CHAT = "The key was good, and so was everything that checked it: somebody had given it away."
_WIDE = (
    "The server did what its rule said, and so did everything behind it. Who wrote the rule so "
    "wide, and who looked at it since?"
)

_RIGHT_LAYERS = {
    "A": ("token check", _ROBBED),
    "B": ("gateway", _FLOOD),
    "C": ("API", _ANOTHERS),
    "D": ("token check", _READER),
    "E": ("people", _CHAT),
    "F": ("gateway", _TWICE),
    "G": ("token check", _SISTER),
    "H": ("API", _LIMIT),
    "I": ("gateway", _DOTS),
    "J": ("people", _WIDE),
}
_LAYERS = {name: right for name, (right, _) in _RIGHT_LAYERS.items()}


def judge_which_layer(layers: Mapping[str, Any]) -> Iterator[str]:
    """Read who would have stopped each of the ten incidents."""
    for name in sorted(map(str, layers.keys() - _RIGHT_LAYERS.keys())):
        yield f"There is no incident “{name}”."
    for name, (right, hint) in _RIGHT_LAYERS.items():
        said = layers.get(name)
        if said is None or said is ...:
            yield f"Nobody stops incident {name} yet."
        elif said not in LAYERS:
            yield f"{name}: “{said}” is none of the four words."
        elif said != right:
            yield f"{name}: {hint}"


def _wrong_layer(name: str, said: str) -> WrongAnswer:
    return WrongAnswer(_LAYERS | {name: said}, f"{name}: {_RIGHT_LAYERS[name][1]}")


which_layer = Exercise(
    "which-layer",
    "Ten incidents. Who is the first that could have stopped each? Words: "
    f"{', '.join(LAYERS)}. (“token check” is whoever checks the token, gateway or API; “API” is "
    "what only the API's own code can know; “people” is none of the three.)",
    judge_which_layer,
    [
        "Ask of each: was there anything wrong with the token? With the request? With whose data "
        "it was? With nothing at all?",
        "A good token that calls too often, brings a bad body or asks for an odd path is the "
        "gateway's. A good token at somebody else's data is the API's.",
        "Three are stopped by the token check, three by the gateway, two by the API, and two by "
        "people alone.",
    ],
    f"""
layers = {{
{chr(10).join(f'    "{name}": "{word}",' for name, word in _LAYERS.items())}
}}
show(which_layer.check(layers))
""",
    wrong_answers=[
        _wrong_layer("B", "token check"),
        _wrong_layer("C", "gateway"),
        _wrong_layer("H", "token check"),
        _wrong_layer("I", "token check"),
        _wrong_layer("F", "token check"),
        _wrong_layer("J", "gateway"),
        _wrong_layer("D", "API"),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys(_LAYERS, "gateway"), "the gateway for all"),
        ShortCut({name: set(LAYERS) for name in _LAYERS}, "all words at once"),
        ShortCut({"B": "gateway"}, "only the easy one"),
    ],
)

# behind-the-back

API, DOOR = "Transfers API", "Gateway"

NOT_PAST = (
    "Nobody has been past the gateway in this recording yet: first reach the API at its own "
    "address."
)
NO_KNOCK = (
    "The thief hasn't tried the door as it is now: give what `knock(…)` returns to the check."
)
PLAIN = "The thief came to the API's own address with a good token and nothing else, and got in."
GUESSED = (
    "The thief got in by what stood in a header. What a caller can set proves nothing about the "
    "way it came, unless its value can't be guessed."
)
SHUT_OUT = (
    "A call through the gateway doesn't reach the API any more: what the API asks for, the gateway "
    "has to bring."
)


def judge_behind(recording: Recording) -> Iterator[str]:
    """Judge by who got in: a caller past the gateway once, the thief not, the gateway still."""
    calls = list(recording)
    mine = [one for one in calls if one.sender == CALLER]
    knocks = [one for one in calls if one.sender == THIEF][-1 - len(GUESSES) :]
    if not any(one.receiver == API and one.status == 200 for one in mine):
        yield NOT_PAST
    if not knocks:
        yield NO_KNOCK
        return
    got_in = [one for one in knocks if one.receiver == API and one.status == 200]
    if any(not _extra(one) for one in got_in):
        yield PLAIN
    elif got_in:
        yield GUESSED
    through = [one for one in mine if one.receiver == DOOR]
    if not through or through[-1].status != 200:
        yield SHUT_OUT


def _extra(one: Exchange) -> bool:
    """The call brought a header that might open the API."""
    return any(name.lower().startswith("x-") for name, _ in one.request_headers)


def _call(sender: str, receiver: str, status: int, guess: str | None = None) -> Exchange:
    headers = {} if guess is None else {"x-from-gateway": guess}
    one = exchange("GET", "http://127.0.0.1:9000/transfers", status, headers=headers)
    return replace(one, sender=sender, receiver=receiver)


def _knocks(plain: int, guessed: int, through: int) -> list[Exchange]:
    guesses = [_call(THIEF, API, guessed, guess) for guess in GUESSES]
    return [_call(THIEF, API, plain), *guesses, _call(CALLER, DOOR, through, "1")]


_PAST = _call(CALLER, API, 200)

behind_the_back = Exercise(
    "behind-the-back",
    "The API has an address of its own, and whoever finds it needs no gateway. Reach it there "
    "with `visitor` and the headers `good` (200). Then change API and gateway, so that a call "
    "through the gateway comes through and none past it does. At the end a thief tries, who has a "
    "good token and knows the name of every header.",
    judge_behind,
    [
        "`back_api.url` is the API's own address. What could the gateway bring that no caller can?",
        "`back_api.way_in` is a header and the value that the API asks for; `back_door.way_in` is "
        "what the gateway brings. The thief knows the name, so all depends on the value.",
        "`back_door.only_way_in = True` makes a long random value and gives it to both.",
    ],
    """
print(visitor.get(back_api.url, headers=good).status_code)
back_door.only_way_in = True

show(behind_the_back.check(knock(back_api, back_door, token, back)))
""",
    wrong_answers=[
        WrongAnswer(recording_of(_PAST, *_knocks(200, 200, 200)), PLAIN),
        WrongAnswer(
            recording_of(
                _PAST,
                _call(THIEF, API, 403),
                *(_call(THIEF, API, 200 if one == "yes" else 403, one) for one in GUESSES),
                _call(CALLER, DOOR, 200, "1"),
            ),
            GUESSED,
        ),
        WrongAnswer(recording_of(_PAST, *_knocks(403, 403, 403)), SHUT_OUT),
        WrongAnswer(recording_of(*_knocks(403, 403, 200)), NOT_PAST),
    ],
    short_cuts=[
        ShortCut(recording_of(_PAST), "the thief was never let try"),
        ShortCut(
            recording_of(_PAST, *_knocks(401, 401, 401)), "an API that lets nobody in any more"
        ),
        ShortCut(
            recording_of(_PAST, *_knocks(403, 403, 200), *_knocks(200, 200, 200)),
            "shut once, and opened again",
        ),
    ],
    attempted=lambda recording: (
        any(one.sender == CALLER and one.receiver == API for one in recording)
        or _has_locked(recording)
    ),
)


def _has_locked(recording: Recording) -> bool:
    return any(one.sender == THIEF and one.status != 200 for one in recording)
