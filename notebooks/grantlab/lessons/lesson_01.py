"""Exercises of lesson 01: what a stolen credential opens, three words, and one app out."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import exchange, form_of, recording_of, sent_header
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

# blast-radius

ENDS = ("it expires", "it is changed", "it is revoked", "Rosa signs out")

STILL_WORKS = (
    "The token opens one thing only, but that it does: whoever holds it reads the prices, as the "
    "app does, until its time is over."
)
MORE_THAN_ITS_SCOPE = (
    "Rosa may do that, and the token is about Rosa; yet of all that she may do it carries one "
    "thing, reading the prices. The API looks at the scope as well."
)
NOT_BY_SIGNING_OUT = (
    "Signing out ends a session in a browser. Whoever knows the password signs in again, or "
    "doesn't need to: the old API asks for no session."
)
AS_ITS_PERSON = (
    "To the old shop, whoever knows Rosa's password is Rosa: what she may do there, the thief may "
    "do."
)
AS_ITS_MAKER = (
    "The key was made to read prices, and nobody wrote that into it. It may do whatever Ada may "
    "do, who is an admin: that is more than Rosa may do."
)
NO_CLOCK = "Look at the meter with its time far ahead: that one is still there after a year."
TIME_ENDS_IT = (
    "Something ends the token even when nobody does anything at all. The slider shows what."
)

_Row = dict[str, Any]
_WORDS = ("read", "change prices", "change her password")
_RADIUS: dict[str, _Row] = {
    "password": {**dict.fromkeys(_WORDS, True), "until": "it is changed"},
    "key": {**dict.fromkeys(_WORDS, True), "until": "it is revoked"},
    "token": {**dict.fromkeys(_WORDS, False), "read": True, "until": "it expires"},
}
_LIMITS = {
    "password": (AS_ITS_PERSON, NO_CLOCK),
    "key": (AS_ITS_MAKER, NO_CLOCK),
    "token": (MORE_THAN_ITS_SCOPE, TIME_ENDS_IT),
}


def judge_radius(table: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Compare a table of what each thief may, and until when, with what the APIs do."""
    for name in sorted(table.keys() - _RADIUS.keys()):
        yield f"There is no thief of a “{name}”."
    found: list[str] = []
    for name, right in _RADIUS.items():
        row = table.get(name, {})
        found += [_wrong_about(name, word, right[word], row.get(word)) for word in right]
    yield from dict.fromkeys(each for each in found if each)


def _wrong_about(name: str, word: str, right: Any, said: Any) -> str:
    """What is wrong with one field of the table; empty when nothing is."""
    if said is None or said is ...:
        return f"The {name}, “{word}”: not said yet."
    limit, clock = _LIMITS[name]
    if word == "until":
        if said not in ENDS:
            return f"“{said}” is none of the ends in the question."
        wrong = NOT_BY_SIGNING_OUT if name == "password" and said == ENDS[3] else clock
        return "" if said == right else wrong
    if not isinstance(said, bool):
        return f"The {name}, “{word}”: True or False."
    if said is right:
        return ""
    return STILL_WORKS if name == "token" and word == "read" else limit


def _radius(name: str, **changed: Any) -> dict[str, _Row]:
    row = {word.replace("_", " "): value for word, value in changed.items()}
    return {**_RADIUS, name: {**_RADIUS[name], **row}}


blast_radius = Exercise(
    "blast-radius",
    "Three thieves, one credential each: Rosa's password, Ada's key, the Price Screen's token. "
    "What may each of them do at the shop: read the prices, change prices, change Rosa's "
    "password? And until when, if nobody notices the theft and everybody does what they do "
    f"anyway? True or False; for the end one of: {', '.join(ENDS)}.",
    judge_radius,
    [
        "Try it: `thief` is a client of your own, and the doors stand in the table of this page. "
        "The slider of the meter answers the last question.",
        "To the old API, whoever knows the password is Rosa, and whoever has the key is Ada, who "
        "made it. What does the new API look at besides whose token it is?",
        "The password and the key may do all three. Of the token, one of three is True, and it "
        "is the only one that ends without anybody doing something.",
    ],
    """
table = {
    "password": {
        "read": True, "change prices": True, "change her password": True,
        "until": "it is changed",
    },
    "key": {
        "read": True, "change prices": True, "change her password": True,
        "until": "it is revoked",
    },
    "token": {
        "read": True, "change prices": False, "change her password": False,
        "until": "it expires",
    },
}
show(blast_radius.check(table))
""",
    wrong_answers=[
        WrongAnswer(_radius("token", read=False), STILL_WORKS),
        WrongAnswer(_radius("password", until="Rosa signs out"), NOT_BY_SIGNING_OUT),
        WrongAnswer(_radius("token", change_prices=True), MORE_THAN_ITS_SCOPE),
        WrongAnswer(_radius("key", change_her_password=False), AS_ITS_MAKER),
        WrongAnswer(_radius("password", change_her_password=False), AS_ITS_PERSON),
        WrongAnswer(_radius("key", until="it expires"), NO_CLOCK),
        WrongAnswer(_radius("token", until="Rosa signs out"), TIME_ENDS_IT),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys(_RADIUS, _RADIUS["password"]), "the worst for all three"),
        ShortCut({"token": _RADIUS["token"]}, "only the one that is easy to remember"),
    ],
)

# three-words

AUTHENTICATION, AUTHORIZATION, LEAST = "authentication", "authorization", "least privilege"
WORDS = (AUTHENTICATION, AUTHORIZATION, LEAST)

EXPIRY_IS_LEAST = (
    "A token that ends doesn't say who somebody is. It keeps a right for no longer than it is "
    "needed, and time belongs to least privilege as much as the list of rights does."
)
APPS_TOO = "Programs have to show who they are, too: this is the app's own “it's me”."
KEY_KNOWS_WHOSE = (
    "Finding out whose key it is answers “who?”. Nothing is decided yet about what that somebody "
    "may do, and that is just what keys leave out."
)
DECIDES_WHAT = "Nobody is asked who they are here: it is decided what somebody may do."
NO_MORE_THAN_NEEDED = (
    "It was allowed already, and by somebody who was known. What happens here is that less is "
    "given than might have been."
)
SOMEBODY_PROVES = "Here somebody shows who they are; what they may do then is another question."

STATEMENTS: Mapping[str, tuple[str, str]] = {
    "A": ("Rosa types her password into the server's sign-in page.", SOMEBODY_PROVES),
    "B": ("The API looks whether the token's scope covers this call.", DECIDES_WHAT),
    "C": ("A token for reading prices ends after an hour.", EXPIRY_IS_LEAST),
    "D": ("The server compares the secret that an app sends with the one it knows.", APPS_TOO),
    "E": (
        "The Price Screen asks for `prices:read`, although Rosa may change prices too.",
        NO_MORE_THAN_NEEDED,
    ),
    "F": ("A rule lets nobody but staff have `prices:write`.", DECIDES_WHAT),
    "G": ("The old API looks up whose key it has been given.", KEY_KNOWS_WHOSE),
    "H": ("The app for the summer sale is cut off in autumn.", NO_MORE_THAN_NEEDED),
}
_SORTED = {
    **dict.fromkeys("ADG", AUTHENTICATION),
    **dict.fromkeys("BF", AUTHORIZATION),
    **dict.fromkeys("CEH", LEAST),
}


def judge_words(sorting: Mapping[str, Any]) -> Iterator[str]:
    """Read under which of the three words each statement was put."""
    for name in sorted(sorting.keys() - STATEMENTS.keys()):
        yield f"There is no statement “{name}”."
    found: list[str] = []
    for name, (_, hint) in STATEMENTS.items():
        said = sorting.get(name)
        if said is None or said is ...:
            found.append(f"Statement {name} has no word yet.")
        elif said not in WORDS:
            found.append(f"“{said}” is none of the three words.")
        elif said != _SORTED[name]:
            found.append(f"{name}: {hint}")
    yield from found


three_words = Exercise(
    "three-words",
    f"Put each of the eight statements under one word: {', '.join(WORDS)}.",
    judge_words,
    [
        "Who is it? May they do this? And could it be less, or shorter? Each statement answers "
        "one of the three questions.",
        "Not only people are asked who they are. And least privilege has two sides: how much, "
        "and for how long.",
        "Three statements are about authentication, two about authorization, three about least "
        "privilege.",
    ],
    f"""
sorting = {{
{chr(10).join(f'    "{name}": "{_SORTED[name]}",' for name in STATEMENTS)}
}}
show(three_words.check(sorting))
""",
    wrong_answers=[
        WrongAnswer({**_SORTED, "C": AUTHENTICATION}, f"C: {EXPIRY_IS_LEAST}"),
        WrongAnswer({**_SORTED, "D": AUTHORIZATION}, f"D: {APPS_TOO}"),
        WrongAnswer({**_SORTED, "G": AUTHORIZATION}, f"G: {KEY_KNOWS_WHOSE}"),
        WrongAnswer({**_SORTED, "B": AUTHENTICATION}, f"B: {DECIDES_WHAT}"),
        WrongAnswer({**_SORTED, "E": AUTHORIZATION}, f"E: {NO_MORE_THAN_NEEDED}"),
        WrongAnswer({**_SORTED, "A": AUTHORIZATION}, f"A: {SOMEBODY_PROVES}"),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys(STATEMENTS, AUTHORIZATION), "one word for all"),
        ShortCut({"A": AUTHENTICATION}, "only the easy one"),
    ],
)

# one-app-out

SCREEN, STOCK = "Price Screen", "Stock List"

NOTHING_TAKEN_BACK = (
    "Nothing was taken back at the server in this recording, so it wasn't the server that shut "
    "anybody out. Use `admin`, whose calls are seen."
)
NEW_PASSWORD = (
    "A new password stops nobody here: neither app has ever known the old one. Rosa types a new "
    "one from now on, and the stolen screen goes on reading."
)
PERSON_GONE = (
    "That is about Rosa herself and every app she uses. It was the screen that was stolen."
)
APP_FOR_ALL = (
    "That ends the app for everybody who uses it, in every shop. Rosa's screen was stolen, "
    "nobody else's."
)
ONLY_THE_YES = (
    "You took back Rosa's yes, so the app has to ask her the next time. What it has in its hands "
    "already isn't touched by that."
)
NO_NEW_SIGN_IN = (
    "Rosa can't sign in to that app any more, with another tablet either. What the stolen one has "
    "in its hands already isn't touched by that."
)
ONE_TOKEN_ONLY = (
    "One access token is revoked. The screen has a refresh token as well, and buys another with it."
)
STILL_READS = "After what you did, the Price Screen still reads the prices."
STOCK_OUT = "The Stock List is shut out as well, and nobody stole that."
NOT_TRIED = "Nobody has seen the {app} call the API after that, with the token it had before."
ANOTHER_TOKEN = (
    "The {app} came with another token than before, or with none. What counts is what becomes of "
    "the one it had."
)

_GIVEN = re.compile(r"/api/v1/users/[^/]+/clients/([^/]+)/tokens(/[^/]+)?$")
_HARM = (
    (re.compile(r"DELETE .*/v1/users/[^/]+(/sessions)?$"), PERSON_GONE),
    (re.compile(r"POST .*/v1/users/[^/]+/lifecycle/(deactivate|suspend)$"), PERSON_GONE),
    (re.compile(r"(PUT|DELETE) .*/v1/apps/[^/]+(/tokens)?$"), APP_FOR_ALL),
    (re.compile(r"POST .*/v1/apps/[^/]+/lifecycle/deactivate$"), APP_FOR_ALL),
    (re.compile(r"DELETE .*/v1/authorizationServers/[^/]+/clients/[^/]+/tokens$"), APP_FOR_ALL),
)
"""What can't be made good by doing the right thing after it."""
_IN_VAIN = (
    (re.compile(r"POST .*/v1/users/[^/]+/(credentials/|lifecycle/\w*password)"), NEW_PASSWORD),
    (re.compile(r"DELETE .*/v1/users/[^/]+/(clients/[^/]+/)?grants"), ONLY_THE_YES),
    (re.compile(r"DELETE .*/v1/apps/[^/]+/users/[^/]+$"), NO_NEW_SIGN_IN),
)


def judge_one_app_out(recording: Recording) -> Iterator[str]:
    """Follow the last change at the server: one app's tokens were ended, the other's weren't."""
    exchanges = list(recording)
    changes = [at for at, one in enumerate(exchanges) if _changes(one)]
    if not changes:
        yield NOTHING_TAKEN_BACK
        return
    before, after = exchanges[: changes[0]], exchanges[changes[-1] + 1 :]
    tokens = {app: _token_of(app, before) for app in (SCREEN, STOCK)}
    done = [exchanges[at] for at in changes]
    harm = [hint for one in done if (hint := _among(_HARM, one))]
    yield from dict.fromkeys(harm)
    if hint := _in_vain(done[-1]):
        yield hint
    elif not harm and not any(_ends(one, tokens[SCREEN]) for one in done):
        yield NOTHING_TAKEN_BACK
    for app, wanted, otherwise in ((SCREEN, 401, STILL_READS), (STOCK, 200, STOCK_OUT)):
        last = next((one for one in reversed(after) if _calls(one, app)), None)
        if last is None or not tokens[app]:
            yield NOT_TRIED.format(app=app)
        elif _bearer(last) != tokens[app]:
            yield ANOTHER_TOKEN.format(app=app)
        elif last.status != wanted:
            yield otherwise


def _changes(one: Exchange) -> bool:
    """It was meant to change something at the server, and did."""
    is_change = one.method in ("PUT", "POST", "DELETE", "PATCH") and one.status is not None
    somewhere = "/api/v1/" in one.path or one.path.endswith("/v1/revoke")
    return is_change and somewhere and 200 <= (one.status or 0) < 300


def _among(known: tuple[tuple[re.Pattern[str], str], ...], one: Exchange) -> str:
    did = f"{one.method} {one.path}"
    return next((hint for pattern, hint in known if pattern.search(did)), "")


def _in_vain(one: Exchange) -> str:
    """Why a change didn't help, where it is one that people try; else empty."""
    if one.path.endswith("/v1/revoke"):
        is_access = not decode(form_of(one).get("token", "")).opaque
        return ONE_TOKEN_ONLY if is_access else ""
    if re.search(r"/v1/users/[^/]+$", one.path) and '"credentials"' in one.request_body:
        return NEW_PASSWORD
    return _among(_IN_VAIN, one)


def _ends(one: Exchange, token: str) -> bool:
    """It ended what this token's app has from this token's person."""
    if one.path.endswith("/v1/revoke"):
        return decode(form_of(one).get("token", "")).opaque
    found = _GIVEN.search(one.path) if one.method == "DELETE" else None
    return found is not None and found[1] == decode(token).payload.get("cid")


def _calls(one: Exchange, app: str) -> bool:
    return one.sender == app and one.path == "/prices" and one.method == "GET"


def _token_of(app: str, exchanges: list[Exchange]) -> str:
    """The token with which the app was let in before anything was changed."""
    good = [one for one in exchanges if _calls(one, app) and one.status == 200]
    return _bearer(good[0]) if good else ""


def _bearer(one: Exchange) -> str:
    return sent_header(one, "authorization").removeprefix("Bearer ")


_API = "http://127.0.0.1:9000/prices"
_ORG = "http://127.0.0.1:8080/api/v1"
_IDS = {SCREEN: "0oascreen", STOCK: "0oastock"}


def _jwt(app: str) -> str:
    claims = {"cid": _IDS[app], "uid": "00urosa", "scp": ["prices:read"]}
    parts = (b'{"alg":"RS256"}', json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _read(app: str, status: int, token: str | None = None) -> Exchange:
    headers = {"authorization": f"Bearer {_jwt(app) if token is None else token}"}
    return replace(exchange("GET", _API, status, headers=headers), sender=app)


def _did(method: str, path: str, status: int = 204) -> Exchange:
    return exchange(method, f"{_ORG}{path}", status)


def _revoked(token: str) -> Exchange:
    url = "http://127.0.0.1:8080/oauth2/aus1/v1/revoke"
    return exchange("POST", url, 200, form={"token": token})


def _story(*done: Exchange, screen: int = 401, stock: int = 200) -> Recording:
    before = (_read(SCREEN, 200), _read(STOCK, 200))
    return recording_of(*before, *done, _read(SCREEN, screen), _read(STOCK, stock))


_CUT = _did("DELETE", "/users/00urosa/clients/0oascreen/tokens")

one_app_out = Exercise(
    "one-app-out",
    "The tablet with the Price Screen is stolen. Cut off what Rosa gave to that app: its next "
    "call is refused, the Stock List goes on with the token it has, and nobody else notices. Use "
    "`admin` for the cut, then let both apps call.",
    judge_one_app_out,
    [
        "What was stolen is what Rosa gave to one app. The server knows what she gave to which: "
        'look at `admin.get(f"/api/v1/users/{rosa.id}/clients").json()`.',
        "Neither Rosa nor the app is to be switched off, and no password is in it. The tokens "
        "that this one app has from this one person are to be deleted.",
        "The address ends in `/users/{rosa.id}/clients/{screen_app.client_id}/tokens`. After it, "
        "`on_the_wall.get(api.url)` and `on_the_phone.get(api.url)`.",
    ],
    """
given = f"/api/v1/users/{rosa.id}/clients/{screen_app.client_id}/tokens"
admin.delete(given).raise_for_status()

print(on_the_wall.get(api.url).status_code, on_the_phone.get(api.url).status_code)
show(one_app_out.check(cut))
""",
    wrong_answers=[
        WrongAnswer(
            _story(_did("POST", "/users/00urosa/credentials/change_password", 200), screen=200),
            NEW_PASSWORD,
        ),
        WrongAnswer(_story(_did("DELETE", "/users/00urosa"), stock=401), PERSON_GONE),
        WrongAnswer(_story(_did("POST", "/apps/0oascreen/lifecycle/deactivate", 200)), APP_FOR_ALL),
        WrongAnswer(
            _story(_did("DELETE", "/users/00urosa/clients/0oascreen/grants"), screen=200),
            ONLY_THE_YES,
        ),
        WrongAnswer(_story(_revoked(_jwt(SCREEN))), ONE_TOKEN_ONLY),
        WrongAnswer(
            _story(_did("DELETE", "/apps/0oascreen/users/00urosa"), screen=200), NO_NEW_SIGN_IN
        ),
    ],
    short_cuts=[
        ShortCut(_story(), "nothing was taken back: the API or the app itself was switched"),
        ShortCut(
            recording_of(_read(SCREEN, 200), _read(STOCK, 200), _CUT), "nobody tried afterwards"
        ),
        ShortCut(
            recording_of(
                _read(SCREEN, 200),
                _read(STOCK, 200),
                _CUT,
                _read(SCREEN, 401, ""),
                _read(STOCK, 200),
            ),
            "the screen left its token at home",
        ),
        ShortCut(
            recording_of(
                _read(SCREEN, 200),
                _read(STOCK, 200),
                _CUT,
                _read(SCREEN, 401),
                _read(STOCK, 200, "another token"),
            ),
            "the phone was signed in again",
        ),
        ShortCut(
            _story(_did("POST", "/apps/0oascreen/lifecycle/deactivate", 200), _CUT),
            "the right thing, after a wrong one that stays",
        ),
        ShortCut(
            _story(_did("DELETE", "/users/00urosa/clients/0oaother/tokens")),
            "another app's tokens, and the API turned the screen away",
        ),
    ],
    attempted=lambda recording: len(recording) > 2,
)
