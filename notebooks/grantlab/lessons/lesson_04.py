"""Exercises of lesson 04: reading a token, and what it takes to believe one."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import jwt

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.trying import tried
from grantlab.tokens import decode

Claims = Mapping[str, Any]

NO_FUNCTION = "The answer is a function: give it by its name, without calling it."

# by-hand


def _sample(payload: Claims, header: bytes = b'{"alg":"RS256","kid":"of-an-exercise"}') -> str:
    parts = (header, json.dumps(payload).encode(), b"a signature nobody can check")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


PLAIN = {"sub": "cora@bank.example", "scp": ["loans:read"]}
UNEVEN = {"sub": "tom@bank.example", "scp": ["loans:read", "loans:apply"], "uid": "00u"}
URL_SAFE = {"sub": "sam@bank.example", "note": "??>>~~??>>~~", "uid": "00u1234"}
DAMAGED = "this is no header"

VERIFIES = (
    "Reading is one act, verifying another: this function wants to check the token before it says "
    "what stands in it."
)
PADDING = (
    "Some payloads can't be read: base64 text comes in groups of four characters, and a JWT leaves "
    "the filling at the end away."
)
ALPHABET = (
    "A payload with “-” or “_” in it can't be read: a JWT uses the alphabet that is safe in URLs, "
    "not the ordinary one."
)
LIBRARY = (
    "One token here has a header that no library accepts, and a payload that is whole. By hand "
    "means: take the middle part, and only that."
)


def judge_by_hand(read: Callable[[str], Any]) -> Iterator[str]:
    """Let the function read tokens that nobody signed, each with one difficulty."""
    if not callable(read):
        yield NO_FUNCTION
        return
    plain = tried(read, _sample(PLAIN))
    if isinstance(plain.trouble, jwt.PyJWTError):
        yield VERIFIES
    elif not plain.gave(PLAIN):
        yield f"The simplest token isn't read yet. The function {plain}."
    else:
        if not tried(read, _sample(UNEVEN)).gave(UNEVEN):
            yield PADDING
        if not tried(read, _sample(URL_SAFE)).gave(URL_SAFE):
            yield ALPHABET
        if not tried(read, _sample(PLAIN, DAMAGED.encode())).gave(PLAIN):
            yield LIBRARY


def _without_padding(token: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1]))


def _with_the_ordinary_alphabet(token: str) -> Any:
    return json.loads(base64.b64decode(token.split(".")[1] + "=="))


def _verifying_too(token: str) -> Any:
    return jwt.decode(token, "the key of somebody, 32 bytes or more", algorithms=["HS256"])


by_hand = Exercise(
    "by-hand",
    "Write `read_payload(token)`: it gives back the payload of a JWT as a dictionary. Use nothing "
    "but the standard library, and check nothing: reading is not believing.",
    judge_by_hand,
    [
        "A JWT is three texts with a dot between them; the payload is the second. It is base64url "
        "of JSON (RFC 7515 §3).",
        "The module `base64` has a function with “urlsafe” in its name. It insists on a length "
        "that four divides: put `=` behind the text until it is so. Too many do no harm.",
        'The way is: `token.split(".")[1]`, then `+ "=="`, then `base64.urlsafe_b64decode`, then '
        "`json.loads`.",
    ],
    """
import base64
import json


def read_payload(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=="))


show(by_hand.check(read_payload))
""",
    wrong_answers=[
        WrongAnswer(_without_padding, PADDING),
        WrongAnswer(_with_the_ordinary_alphabet, ALPHABET),
        WrongAnswer(_verifying_too, VERIFIES),
    ],
    short_cuts=[
        ShortCut(lambda token: decode(token).payload, "the kit read it"),
        ShortCut(
            lambda token: jwt.decode(token, options={"verify_signature": False}), "PyJWT read it"
        ),
        ShortCut(lambda token: dict(PLAIN), "a payload learnt by heart"),
    ],
)

# trust-list

RIGHT_VALUES = {
    "alg": "the algorithms we accept",
    "signature": "a key that the issuer publishes",
    "iss": "the issuer we trust",
    "aud": "our own name",
    "exp": "the time now",
    "scp": "the scope that this call needs",
}
VALUES = (*RIGHT_VALUES.values(), "our client id", "nothing else")
CHECKS = (*RIGHT_VALUES, "decoded")

DECODED = "“decoded” is no check: anybody can write something that can be decoded."
CLIENT_ID = (
    "You compare aud with a client id. So does an app with an ID token; but an access token is "
    "meant for an API, and its aud names that API."
)
NO_ISSUER = (
    "Nobody asks where the token comes from: one made by another server for an audience of the "
    "same name would pass."
)
BELIEVED_EARLY = (
    "A claim is believed before the signature is checked: until then, anybody may have written it."
)
ALLOWED_EARLY = "First whether the token is good (else 401), then what it allows (else 403)."
TWICE = "Each check stands in the list once, with the one value that it compares with."
LETS_IN = {
    "alg": "A token that chose an algorithm of its own would pass.",
    "signature": "A token that somebody edited would pass.",
    "iss": NO_ISSUER,
    "aud": "A token for the API next door would pass.",
    "exp": "A token of last year would pass.",
    "scp": "A token for looking would do for paying.",
}


def judge_trust_list(steps: list[tuple[str, str]]) -> Iterator[str]:
    """Read the list as a verifier that does just these steps, in this order."""
    names = [name for name, _ in steps]
    if "decoded" in names:
        yield DECODED
    if len(set(names)) < len(names):
        yield TWICE
    for word in sorted({*names} - {*CHECKS} | {value for _, value in steps} - {*VALUES}):
        yield f"“{word}” is none of the words in the question."
    yield from (lets_in for name, lets_in in LETS_IN.items() if name not in names)
    for name, value in steps:
        if (name, value) == ("aud", "our client id"):
            yield CLIENT_ID
        elif name in RIGHT_VALUES and value in VALUES and value != RIGHT_VALUES[name]:
            yield f"“{name}” compares with something else than “{value}”."
    yield from _out_of_order(names)


def _out_of_order(names: list[str]) -> Iterator[str]:
    at = {name: place for place, name in enumerate(names)}
    claims = [at[name] for name in ("iss", "aud", "exp", "scp") if name in at]
    if "signature" in at and (min(claims, default=99) < at["signature"]):
        yield BELIEVED_EARLY
    if at.get("alg", -1) > at.get("signature", 99):
        yield "The algorithm decides how the signature is checked: it has to be accepted before."
    if "scp" in at and at["scp"] < max(claims):
        yield ALLOWED_EARLY


_RIGHT_LIST = list(RIGHT_VALUES.items())

trust_list = Exercise(
    "trust-list",
    "An API gets an access token. Put its checks in order, each with the value that it compares "
    "with: a list of pairs, such as `(check, value)`. "
    f"Checks: {', '.join(sorted(CHECKS))}. Values: {'; '.join(sorted(VALUES))}. "
    "You won't need all of them.",
    judge_trust_list,
    [
        "The view of your token has the list, with what each check found and what it compared "
        "that with: press Verify.",
        "Nothing in the payload is worth anything before the signature is checked, and that needs "
        "an algorithm that you chose, not the token. What the token allows comes last.",
        'It begins with ("alg", "the algorithms we accept"), ("signature", "a key that the issuer '
        'publishes"), ("iss", "the issuer we trust") and ends with scp.',
    ],
    f"""
steps = [
{chr(10).join(f'    ("{name}", "{value}"),' for name, value in _RIGHT_LIST)}
]
show(trust_list.check(steps))
""",
    wrong_answers=[
        WrongAnswer([("decoded", "nothing else"), *_RIGHT_LIST], DECODED),
        WrongAnswer(list({**RIGHT_VALUES, "aud": "our client id"}.items()), CLIENT_ID),
        WrongAnswer([step for step in _RIGHT_LIST if step[0] != "iss"], NO_ISSUER),
        WrongAnswer([*_RIGHT_LIST[2:5], *_RIGHT_LIST[:2], _RIGHT_LIST[5]], BELIEVED_EARLY),
        WrongAnswer([*_RIGHT_LIST[:2], _RIGHT_LIST[5], *_RIGHT_LIST[2:5]], ALLOWED_EARLY),
    ],
    short_cuts=[
        ShortCut(
            [(name, value) for name in RIGHT_VALUES for value in VALUES], "every pair there is"
        ),
        ShortCut([], "no checks at all"),
    ],
)

# clock

# Far from this computer's time, so that whoever looks at that is found out.
LONG_AGO, FAR_AHEAD = 1_004_616_000.0, 2_203_113_600.0

OWN_CLOCK = (
    "The answer depends on this computer's clock or on local time. What counts is the `now` that "
    "the function is given, in seconds since the epoch: those are the same everywhere."
)
NBF = "A token whose time has not come yet (nbf, five minutes from now) is accepted."
TOO_STRICT = "Two clocks are never quite the same: twenty seconds of difference must do no harm."
TOO_LAX = "Somebody whose token ran out five minutes ago is still let in."
TOO_WIDE = "The skew is wider than thirty seconds, at one end or at both."
NO_NBF = "Most tokens have no nbf. They are good all the same."
NO_EXP = "A token without exp would live for ever, and is accepted."


# What a wrong answer means; seconds from now to nbf and to exp; whether the token is good.
MOMENTS: tuple[tuple[str, int | None, int | None, bool], ...] = (
    ("A token that is good for another minute is refused.", 0, 60, True),
    (TOO_STRICT, -600, -20, True),
    (TOO_STRICT, 20, 600, True),
    (NO_NBF, None, 600, True),
    (TOO_LAX, -600, -300, False),
    (TOO_WIDE, -600, -45, False),
    (TOO_WIDE, 45, 600, False),
    (NBF, 300, 600, False),
    (NO_EXP, -600, None, False),
)


def judge_clock(in_time: Callable[[Claims, float], Any]) -> Iterator[str]:
    """Try the function at three moments: long ago, now, and far ahead."""
    if not callable(in_time):
        yield NO_FUNCTION
        return
    failed: list[str] = []
    for reason, begins, ends, expected in MOMENTS:
        right = set()
        for now in (LONG_AGO, time.time(), FAR_AHEAD):
            given = {"nbf": begins, "exp": ends}
            claims = {name: now + after for name, after in given.items() if after is not None}
            right.add(tried(in_time, claims, now).gave(expected))
        if len(right) > 1:
            yield OWN_CLOCK
            return
        failed += [reason] if right == {False} else []
    yield from dict.fromkeys(failed)


def _ignoring_nbf(claims: Claims, now: float) -> bool:
    return bool(now - 30 < claims.get("exp", 0))


def _by_local_time(claims: Claims, now: float) -> bool:
    today = datetime.now().timestamp()
    return bool(claims.get("nbf", 0) - 30 <= today < claims.get("exp", 0) + 30)


def _without_skew(claims: Claims, now: float) -> bool:
    return bool(claims.get("nbf", 0) <= now < claims.get("exp", 0))


def _with_minutes_of_skew(claims: Claims, now: float) -> bool:
    return bool(claims.get("nbf", 0) - 600 <= now < claims.get("exp", 0) + 600)


def _generous_at_the_beginning(claims: Claims, now: float) -> bool:
    return bool(claims.get("nbf", 0) - 240 <= now < claims.get("exp", 0) + 30)


clock = Exercise(
    "clock",
    "Write `in_time(claims, now)`: True while a token may be used, else False. `now` is in seconds "
    "since the epoch. Clocks differ, so accept up to 30 seconds of skew at both ends, and no more; "
    "five minutes are refused. `exp` is always there in a good token, `nbf` only sometimes.",
    judge_clock,
    [
        "There are two ends: `exp` is when a token's life is over, `nbf` (“not before”) when it "
        "begins. RFC 7519 §4.1.4 and §4.1.5.",
        "Compare with `now` and nothing else. Use `claims.get`, since `nbf` may be missing; think "
        "of a default that lets a token without nbf pass, and one that stops a token without exp.",
        'One of the two lines is: `begun = claims.get("nbf", now) <= now + 30`.',
    ],
    """
def in_time(claims, now):
    begun = claims.get("nbf", now) <= now + 30
    over = claims.get("exp", 0) <= now - 30
    return begun and not over


show(clock.check(in_time))
""",
    wrong_answers=[
        WrongAnswer(_ignoring_nbf, NBF),
        WrongAnswer(_by_local_time, OWN_CLOCK),
        WrongAnswer(_without_skew, TOO_STRICT),
        WrongAnswer(_with_minutes_of_skew, TOO_LAX),
        WrongAnswer(_generous_at_the_beginning, TOO_WIDE),
    ],
    short_cuts=[
        ShortCut(lambda claims, now: True, "lets everything in"),
        ShortCut(lambda claims, now: False, "lets nothing in"),
        ShortCut(lambda claims, now: time.time() < claims["exp"], "another clock"),
    ],
)

# hands-off

READS = _sample({"sub": "cora@bank.example", "scp": ["transfers:read"]})
READS_NOT = _sample({"sub": "cora@bank.example", "scp": ["profile"]})
OPAQUE = "J6pV3xkQ0b8m.opaque-to-all-but-its-issuer"

FORMAT_CHANGED = (
    "The server makes opaque tokens now, which it may at any time. The API still says 200, and "
    "your menu has lost the entry."
)
SHOWN_ANYWAY = "The API says 403 to an opaque token, and your menu shows the entry all the same."
PEEKS = (
    "With a token that can be read, your menu believes the token, and not what the API says of it."
)
ALWAYS = "The menu is the same whatever the API says: it isn't asked."


def judge_hands_off(menu: Callable[[str, Callable[[str], int]], Any]) -> Iterator[str]:
    """Let the app work with tokens of both kinds, and APIs that say yes and no."""
    if not callable(menu):
        yield NO_FUNCTION
        return

    def shows(token: str, status: int) -> bool:
        return tried(menu, token, lambda asked: status if asked == token else 401).gave(True)

    allowed = [shows(READS, 200), shows(READS_NOT, 200), shows(OPAQUE, 200)]
    refused = [shows(READS, 403), shows(READS_NOT, 403), shows(OPAQUE, 403)]
    if {*allowed, *refused} != {True, False}:
        yield ALWAYS
        return
    if not allowed[2]:
        yield FORMAT_CHANGED
    if refused[2]:
        yield SHOWN_ANYWAY
    if not all(allowed[:2]) or any(refused[:2]):
        yield PEEKS


def _by_reading(token: str, get_transfers: Callable[[str], int]) -> bool:
    return "transfers:read" in decode(token).payload["scp"]


def _hoping(token: str, get_transfers: Callable[[str], int]) -> bool:
    return decode(token).opaque or _by_reading(token, get_transfers)


def _peeking_first(token: str, get_transfers: Callable[[str], int]) -> bool:
    if decode(token).opaque:
        return get_transfers(token) == 200
    return _by_reading(token, get_transfers)


hands_off = Exercise(
    "hands-off",
    "An app shows the menu entry “Transfers” when it finds `transfers:read` in the `scp` of its "
    "access token. One day the server makes opaque tokens. Write `menu(token, get_transfers)` so "
    "that the app keeps working: True when the entry is shown. `get_transfers(token)` asks the API "
    "and gives its status code: 200, or 403 when the token doesn't allow it.",
    judge_hands_off,
    [
        "Whose business is the inside of an access token? It's between the server that makes it "
        "and the API that takes it.",
        "The token goes into your function and out to the API, and nobody opens it in between. "
        "The status code is all the app needs to know.",
        "Compare `get_transfers(token)` with 200.",
    ],
    """
def menu(token, get_transfers):
    return get_transfers(token) == 200


show(hands_off.check(menu))
""",
    wrong_answers=[
        WrongAnswer(_by_reading, FORMAT_CHANGED),
        WrongAnswer(_hoping, SHOWN_ANYWAY),
        WrongAnswer(_peeking_first, PEEKS),
    ],
    short_cuts=[
        ShortCut(lambda token, get_transfers: True, "shown to everybody"),
        ShortCut(lambda token, get_transfers: False, "shown to nobody"),
        ShortCut(lambda token, get_transfers: token in (READS, OPAQUE), "tokens learnt by heart"),
    ],
)
