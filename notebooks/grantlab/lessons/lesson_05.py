"""Exercises of lesson 05: who is there, or what is allowed; and believing an ID token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jwt

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import answer_of, exchange, form_of, query_of, recording_of
from grantlab.lessons.logins import Claims, Fault, Login, claims_for, faulty, new_login, signed
from grantlab.lessons.trying import Tried, tried
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

# which-one

WORDS = ("OpenID Connect", "OAuth", "both")

SIGNING_IN = (
    "Case A calls no API. The intranet has one question, who is there, and an access token isn't "
    "made to answer it to an app."
)
CALLING = (
    "Case B is about an API that is called. It has to know what is allowed; that the callers are "
    "people with accounts doesn't make it a sign-in."
)
NOBODY_THERE = "Nobody is there in case C: there is no person to sign in."
DELEGATED = (
    "Case D says what the budget app may do, and until when. Who Cora is stays between her and "
    "the bank."
)
HOW_RECENT = (
    "Case E asks who is there and since when. That stands in claims such as sub and auth_time, "
    "of the token that an app may read."
)
HALF_OF_IT = "Case F asks two questions: who is there, and may the portal fetch the transfers?"

_RIGHT_WORDS = {
    "A": ("OpenID Connect", SIGNING_IN),
    "B": ("OAuth", CALLING),
    "C": ("OAuth", NOBODY_THERE),
    "D": ("OAuth", DELEGATED),
    "E": ("OpenID Connect", HOW_RECENT),
    "F": ("both", HALF_OF_IT),
}
_SORTED = {name: word for name, (word, _) in _RIGHT_WORDS.items()}


def judge_which_one(chosen: Mapping[str, Any]) -> Iterator[str]:
    """Read what the learner would use in each of the six cases."""
    for name in sorted(map(str, chosen.keys() - _RIGHT_WORDS.keys())):
        yield f"There is no case called “{name}”."
    for name, (right, hint) in _RIGHT_WORDS.items():
        said = chosen.get(name)
        if said is None or said is ...:
            yield f"Case {name} has no answer yet."
        elif said not in WORDS:
            yield f"“{said}” is none of the three words."
        elif said != right:
            yield hint


which_one = Exercise(
    "which-one",
    "Six cases stand in the table. Which one does each need? “OpenID Connect” where an app wants "
    "to know who is there, “OAuth” where an API wants to know what is allowed, “both” where it "
    "needs one beside the other.",
    judge_which_one,
    [
        "Ask of each case: who reads the token? An app that wants to know its visitor, or an API "
        "that is called?",
        "Where nobody is there, nobody signs in. Where an API is called, it doesn't matter for "
        "this choice whose accounts the callers have. One case only has both questions in it.",
        "Two are sign-in and nothing else: the one about an account that people have already, and "
        "the one about being sure that it is she. One is both.",
    ],
    f"""
chosen = {{
{chr(10).join(f'    "{name}": "{word}",' for name, word in _SORTED.items())}
}}
show(which_one.check(chosen))
""",
    wrong_answers=[
        WrongAnswer({**_SORTED, "B": "OpenID Connect"}, CALLING),
        WrongAnswer({**_SORTED, "A": "OAuth"}, SIGNING_IN),
        WrongAnswer({**_SORTED, "C": "OpenID Connect"}, NOBODY_THERE),
        WrongAnswer({**_SORTED, "D": "both"}, DELEGATED),
        WrongAnswer({**_SORTED, "F": "OpenID Connect"}, HALF_OF_IT),
        WrongAnswer({**_SORTED, "E": "OAuth"}, HOW_RECENT),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys("ABCDEF", "both"), "both is never too little"),
        ShortCut({"A": "OpenID Connect", "B": "OAuth"}, "only the two easy ones"),
        ShortCut(dict.fromkeys("ABCDEF", WORDS), "every word for every case"),
    ],
)

# accept-the-login


NO_FUNCTION = "The answer is a function: give it by its name, without calling it."
NO_CLAIMS = "The right token is accepted, but what comes back isn't its claims."
SIGNATURE_ONLY = (
    "The signature is checked, and little else. It says who made the token. It doesn't say for "
    "whom, nor for which visit."
)
ACCEPTED: dict[Fault, str] = {
    "forged": "A token that anybody could have written is accepted: nobody looked at the "
    "signature.",
    "other audience": "A token that was issued to another app is accepted. Whoever runs that app "
    "holds such a token of each of its visitors.",
    "old nonce": "A token of another sign-in is accepted, one that was kept and brought again: "
    "its nonce isn't that of this visit.",
    "no nonce": "A token without any nonce is accepted, though this visit began with one.",
    "wrong issuer": "A token of another issuer is accepted: of a neighbour, whose keys are the "
    "same since one company runs both. The person of that id there is somebody else.",
    "expired": "A token that ran out an hour ago is accepted.",
    "access token": "An access token is accepted as a sign-in. It is signed with the same key and "
    "it was issued to this app (cid), but it is addressed to an API.",
}


def judge_accept_the_login(accept: Callable[[str, Login], Any]) -> Iterator[str]:
    """Let the function judge one good ID token, and others with one fault each."""
    if not callable(accept):
        yield NO_FUNCTION
        return
    login, now = new_login(), int(time.time())
    claims = claims_for(login, now)
    good = tried(accept, signed(claims), login)
    if _refused(good):
        yield f"The right token is refused. The function {good}."
        return
    if good.result != claims:
        yield NO_CLAIMS
    accepted = {
        fault for fault, token in faulty(claims, now) if not _refused(tried(accept, token, login))
    }
    if accepted >= {"other audience", "old nonce", "wrong issuer"} and "forged" not in accepted:
        yield SIGNATURE_ONLY
    yield from (why for fault, why in ACCEPTED.items() if fault in accepted)


def _refused(one: Tried) -> bool:
    return one.trouble is not None or one.result is None or one.result is False


def _read(id_token: str, login: Login, **checks: Any) -> Claims:
    key = login.keys[jwt.get_unverified_header(id_token)["kid"]]
    return jwt.decode(id_token, key, algorithms=["RS256"], **checks)


def _the_signature(id_token: str, login: Login) -> Claims:
    return _read(id_token, login, options={"verify_aud": False})


def _without_the_nonce(id_token: str, login: Login) -> Claims:
    return _read(id_token, login, issuer=login.issuer, audience=login.client_id)


def _without_the_audience(id_token: str, login: Login) -> Claims | None:
    claims = _read(id_token, login, issuer=login.issuer, options={"verify_aud": False})
    return claims if claims["nonce"] == login.nonce else None


def _without_the_issuer(id_token: str, login: Login) -> Claims | None:
    claims = _read(id_token, login, audience=login.client_id)
    return claims if claims["nonce"] == login.nonce else None


def _issued_to_me(id_token: str, login: Login) -> Claims | None:
    claims = _read(id_token, login, issuer=login.issuer, options={"verify_aud": False})
    mine = claims.get("cid", claims["aud"]) == login.client_id
    return claims if mine and claims.get("nonce", login.nonce) == login.nonce else None


def _only_reading(id_token: str, login: Login) -> Claims | None:
    claims: Claims = jwt.decode(id_token, options={"verify_signature": False})
    for_us = (claims["iss"], claims["aud"]) == (login.issuer, login.client_id)
    in_time = claims["exp"] > time.time()
    return claims if for_us and in_time and claims["nonce"] == login.nonce else None


def _whenever(id_token: str, login: Login) -> Claims | None:
    kept = {"issuer": login.issuer, "audience": login.client_id}
    claims = _read(id_token, login, **kept, options={"verify_exp": False})
    return claims if claims["nonce"] == login.nonce else None


def _nonce_if_any(id_token: str, login: Login) -> Claims | None:
    claims = _without_the_nonce(id_token, login)
    return claims if claims.get("nonce", login.nonce) == login.nonce else None


accept_the_login = Exercise(
    "accept-the-login",
    "Write `accept(id_token, login)`: the token's claims when this sign-in may be believed; for "
    "any other token it raises whatever it likes, or gives back None. `login` is what the app "
    "knows: `login.issuer`, `login.client_id`, `login.nonce` and `login.keys`, a dictionary from "
    "`kid` to key. One good token and seven others are tried.",
    judge_accept_the_login,
    [
        "Lesson 04 has the list of checks for an access token. An app that gets an ID token makes "
        "the same, with one other value to compare `aud` with, and one claim more (OpenID Connect "
        "Core §3.1.3.7).",
        "`jwt.decode` of PyJWT compares `iss`, `aud` and `exp`, if you give it `issuer=` and "
        "`audience=`. It knows nothing of the nonce: that is yours to compare.",
        'The key is `login.keys[jwt.get_unverified_header(id_token)["kid"]]`; the audience is '
        '`login.client_id`; and last, `claims["nonce"]` must be `login.nonce`.',
    ],
    """
import jwt


def accept(id_token, login):
    key = login.keys[jwt.get_unverified_header(id_token)["kid"]]
    claims = jwt.decode(
        id_token, key, algorithms=["RS256"], issuer=login.issuer, audience=login.client_id
    )
    return claims if claims.get("nonce") == login.nonce else None


show(accept_the_login.check(accept))
""",
    wrong_answers=[
        WrongAnswer(_the_signature, SIGNATURE_ONLY),
        WrongAnswer(_issued_to_me, ACCEPTED["access token"]),
        WrongAnswer(_without_the_nonce, ACCEPTED["old nonce"]),
        WrongAnswer(_without_the_audience, ACCEPTED["other audience"]),
        WrongAnswer(_without_the_issuer, ACCEPTED["wrong issuer"]),
        WrongAnswer(_only_reading, ACCEPTED["forged"]),
        WrongAnswer(_whenever, ACCEPTED["expired"]),
        WrongAnswer(_nonce_if_any, ACCEPTED["no nonce"]),
    ],
    short_cuts=[
        ShortCut(lambda id_token, login: decode(id_token).payload, "lets everybody in"),
        ShortCut(lambda id_token, login: None, "lets nobody in"),
        ShortCut(lambda id_token, login: {"sub": "00uNia"}, "the same person for every token"),
        ShortCut(
            lambda id_token, login: "nonce" in decode(id_token).payload, "says yes, and not to whom"
        ),
    ],
)

# missing-email

NOT_ASKED = (
    "In no request that the browser carried to the authorization endpoint does the scope `email` "
    "stand. Nobody asked for the address."
)
AFTER_THE_FACT = (
    "You asked for `email` at another endpoint. What an app gets is settled when the person is "
    "sent off to the authorization endpoint; later it can only become less."
)
WITHOUT_OPENID = (
    "`email` without `openid` is refused: what the server says of a person belongs to a sign-in."
)
A_LOGIN = (
    "That is the name which this person signs in with. It looks like an address; whether mail "
    "arrives there, nobody said."
)
OLD_TOKEN = (
    "Userinfo answered, and said what the scopes of that token open. Bring the access token that "
    "came with the scope `email`."
)
SOMEBODY_ELSE = (
    "Userinfo told an address, but of somebody else: its `sub` isn't the one in the first ID "
    "token of this recording."
)
NOT_SEEN = (
    "The server told no address in this recording. What an administrator looks up, or what one "
    "guesses, an app doesn't know."
)
ANOTHER = "The server has told an address by now. It is another one than yours."


def judge_missing_email(evidence: Mapping[str, Any]) -> Iterator[str]:
    """Compare the address with what the server told the app of that person, in this recording."""
    address, seen = evidence["address"], list(evidence["seen"])
    told = _told(seen)
    person = next((claims["sub"] for claims in told if "aud" in claims), None)
    of_person = [
        claims["email"] for claims in told if claims["sub"] == person and "email" in claims
    ]
    if address in of_person:
        return
    if address in _logins(seen, told):
        yield A_LOGIN
    if of_person:
        yield ANOTHER
    else:
        yield from _why_not_told(seen, told)


def _why_not_told(seen: list[Exchange], told: list[Claims]) -> Iterator[str]:
    sent_off = [_scopes(one) for one in seen if _is_authorize(one)]
    later = any("email" in _scopes(one) for one in seen if not _is_authorize(one))
    if not any("email" in scopes for scopes in sent_off):
        yield AFTER_THE_FACT if later else NOT_ASKED
    elif not any({"email", "openid"} <= {*scopes} for scopes in sent_off):
        yield WITHOUT_OPENID
    if any("email" in claims for claims in told):
        yield SOMEBODY_ELSE
    elif any(one.path.endswith("/v1/userinfo") and one.status == 200 for one in seen):
        yield OLD_TOKEN
    else:
        yield NOT_SEEN


def _is_authorize(one: Exchange) -> bool:
    return one.path.endswith("/v1/authorize")


def _scopes(one: Exchange) -> list[str]:
    return (query_of(one) | form_of(one)).get("scope", "").split()


def _told(seen: list[Exchange]) -> list[Claims]:
    """What the server said of people, in order: in ID tokens, which have an `aud`, and userinfo."""
    found = []
    for one in seen:
        if one.status == 200 and one.path.endswith("/v1/token"):
            found.append(decode(str(answer_of(one).get("id_token", ""))).payload)
        elif one.status == 200 and one.path.endswith("/v1/userinfo"):
            found.append(answer_of(one))
    return [claims for claims in found if claims.get("sub")]


def _logins(seen: list[Exchange], told: list[Claims]) -> list[Any]:
    answers = [answer_of(one) for one in seen if one.path.endswith("/v1/token")]
    access = [decode(str(one.get("access_token", ""))).payload.get("sub") for one in answers]
    return [*access, *(claims.get("preferred_username") for claims in told)]


LOGIN, ADDRESS = "nia-3f2a9c@bank.example", "nia.adeyemi@post.example"
ORG = "http://127.0.0.1:8080"
_NIA: Claims = {"sub": "00uNia", "preferred_username": LOGIN}


def _sent_off(scope: str) -> Exchange:
    query = {"response_type": "code", "scope": scope}
    return exchange("GET", f"{ORG}/oauth2/v1/authorize", 302, query=query, channel="front")


def _got(person: Claims = _NIA) -> Exchange:
    tokens = {
        "access_token": _unsigned({"sub": LOGIN, "scp": ["openid", "profile"]}),
        "id_token": _unsigned(person | {"aud": "0oaPortal"}),
    }
    form = {"grant_type": "authorization_code", "code": "one"}
    return exchange("POST", f"{ORG}/oauth2/v1/token", 200, form=form, answer=tokens)


def _later(scope: str) -> Exchange:
    form = {"grant_type": "refresh_token", "refresh_token": "one", "scope": scope}
    refused = {"error": "access_denied"}
    return exchange("POST", f"{ORG}/oauth2/v1/token", 400, form=form, answer=refused)


def _userinfo(person: Claims = _NIA) -> Exchange:
    return exchange("GET", f"{ORG}/oauth2/v1/userinfo", 200, answer=person)


def _unsigned(claims: Claims) -> str:
    return jwt.encode(claims, "", algorithm="none")


def _found(address: str, *seen: Exchange) -> dict[str, Any]:
    first = (_sent_off("openid profile"), _got(), _userinfo())
    return {"address": address, "seen": recording_of(*first, *seen)}


missing_email = Exercise(
    "missing-email",
    "Nia's ID token has no e-mail address in it. Let the portal learn it from the server. Neither "
    "the server nor the app's registration changes, and no administrator helps: send Nia off once "
    "more, in the recording `visit`, and say what her address is.",
    judge_missing_email,
    [
        "Open the first request of `visit` that goes to the authorization endpoint. What did the "
        "portal ask for?",
        "Each scope opens some claims, and what nobody asked for can't be added later. The scope "
        "for addresses is called `email`. A setup can be copied with one change: "
        "`replace(setup, scopes=…)` from `dataclasses`.",
        '`again = sign_in.flow(replace(setup, scopes=("openid", "email")), visit).run_all()`. '
        "Then the address stands in the ID token; and userinfo tells it, too.",
    ],
    """
from dataclasses import replace

again = sign_in.flow(replace(setup, scopes=("openid", "email")), visit).run_all()
bearer = {"Authorization": f"Bearer {again.state.tokens['access_token']}"}
told = visit.client("Portal").get(metadata["userinfo_endpoint"], headers=bearer).json()
assert told["sub"] == decode(tokens["id_token"]).payload["sub"]

address = told["email"]
show(missing_email.check({"address": address, "seen": visit}))
""",
    wrong_answers=[
        WrongAnswer(_found(ADDRESS, _later("openid email")), AFTER_THE_FACT),
        WrongAnswer(_found(LOGIN), A_LOGIN),
        WrongAnswer(_found(ADDRESS, _sent_off("email")), WITHOUT_OPENID),
        WrongAnswer(_found(ADDRESS, _sent_off("openid email"), _got(), _userinfo()), OLD_TOKEN),
        WrongAnswer(
            _found(
                "cora@bank.example",
                _sent_off("openid email"),
                _userinfo({"sub": "00uCora", "email": "cora@bank.example"}),
            ),
            SOMEBODY_ELSE,
        ),
        WrongAnswer(_found(ADDRESS), NOT_ASKED),
    ],
    short_cuts=[
        ShortCut(
            {"address": ADDRESS, "seen": Recording()}, "the address was looked up somewhere else"
        ),
        ShortCut(
            _found(LOGIN, _sent_off("openid email"), _got(_NIA | {"email": ADDRESS}), _userinfo()),
            "asked rightly, and then the login was taken all the same",
        ),
    ],
    attempted=lambda evidence: evidence["address"] not in (None, ..., ""),
)
