"""Exercises of lesson 03: PKCE and public clients."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import (
    answer_of,
    basic,
    exchange,
    form_of,
    recording_of,
    sent_header,
    token_requests,
)
from grantlab.recording import Exchange, Recording

# --- (a) challenge ---

VERIFIER = "the-verifier-of-lesson-three-stays-in-the-app-1"
"""A verifier whose digest has both letters in which base64url differs from base64."""


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("ascii")).digest()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


CHALLENGE = _base64url(_digest(VERIFIER))
HEX = (
    "That is the digest in hexadecimal digits. The challenge is made from the 32 bytes themselves: "
    "`digest()`, not `hexdigest()`."
)
HEX_IN_BASE64 = (
    "That is base64url of the digest's hexadecimal letters. Encode the 32 bytes themselves."
)
PADDED = "The padding (`=`) doesn't belong to it: RFC 7636 leaves it out."
OTHER_ALPHABET = (
    "That is ordinary base64: `+` and `/` mean something else in an address. Use the URL-safe "
    "alphabet, with `-` and `_`."
)
TWICE = "That is the challenge of the challenge: hash the verifier, once."
NOT_HASHED = "That is the verifier itself. Whoever reads the address could redeem the code."
NOT_DECODED = "That is base64url of the verifier. The hash is missing."
NO_LETTERS = "An address is made of letters, and these are bytes: decode them."
RFC_EXAMPLE = "That challenge belongs to another verifier: the example in RFC 7636."

_KNOWN = {
    _digest(VERIFIER).hex(): HEX,
    _base64url(_digest(VERIFIER).hex().encode()): HEX_IN_BASE64,
    f"{CHALLENGE}=": PADDED,
    _base64url(_digest(CHALLENGE)): TWICE,
    VERIFIER: NOT_HASHED,
    _base64url(VERIFIER.encode()): NOT_DECODED,
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM": RFC_EXAMPLE,
}
_ORDINARY = base64.b64encode(_digest(VERIFIER)).decode()


def judge_challenge(answer: Any) -> Iterator[str]:
    """The S256 challenge of the verifier (RFC 7636 §4.2)."""
    if isinstance(answer, bytes):
        yield NO_LETTERS
        return
    if not isinstance(answer, str):
        yield "A challenge is a text."
        return
    if answer in {_ORDINARY, _ORDINARY.rstrip("=")}:
        yield OTHER_ALPHABET
        if answer.endswith("="):
            yield PADDED
    elif answer in _KNOWN:
        yield _KNOWN[answer]
    elif answer != CHALLENGE:
        yield "That is not the S256 challenge of this verifier."


challenge = Exercise(
    "challenge",
    "Compute the S256 challenge of this verifier: "
    f"`{VERIFIER}` (it is also in `VERIFIER`). Write it, or the code that makes it.",
    judge_challenge,
    [
        "Two steps: a SHA-256 hash of the verifier's letters, then base64url of that hash.",
        "`hashlib.sha256(…).digest()` gives 32 bytes; `base64.urlsafe_b64encode` makes letters of "
        "them. One thing at the end is too much.",
        'Take the padding off with `.rstrip(b"=")`, and make a text of it with `.decode()`.',
    ],
    """
digest = hashlib.sha256(VERIFIER.encode()).digest()
my_challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
show(challenge.check(my_challenge))
""",
    wrong_answers=[
        *(WrongAnswer(answer, hint) for answer, hint in _KNOWN.items()),
        WrongAnswer(_ORDINARY.rstrip("="), OTHER_ALPHABET),
        WrongAnswer(CHALLENGE.encode(), NO_LETTERS),
    ],
    short_cuts=[
        ShortCut("S256", "the name of the method"),
        ShortCut(_base64url(_digest("another-verifier")), "a challenge, but of another verifier"),
    ],
)

# --- (b) fix-the-spa ---

EMPTY_BASIC = (
    "A Basic header with nothing after the colon is still a try to authenticate by secret, and "
    "this client has none. Leave the `Authorization` header out."
)
SECRET_HEADER = (
    "There is a secret in the `Authorization` header. Code in a browser can't keep one: leave the "
    "header out."
)
SECRET_IN_BODY = (
    "There is a `client_secret` in the body. Everybody who opens the page could read it."
)
ID_NOT_IN_BODY = (
    "`client_id` must be in the body: that is how a client without a secret says who it is."
)
NO_VERIFIER = "`code_verifier` is missing: it is what proves that the code is yours."
NOT_A_CODE = "No authorization code was redeemed. Send a form with `grant_type=authorization_code`."


def judge_spa(recording: Recording) -> Iterator[str]:
    """The newest redemption is a public client's, and brought a token."""
    tries = token_requests(recording)
    if not tries:
        yield NOT_A_CODE
        return
    found = [*_faults_of(tries[-1])]
    yield from found
    if not found and "access_token" not in answer_of(tries[-1]):
        error = answer_of(tries[-1]).get("error_description", f"Status {tries[-1].status}.")
        yield f"The server gave no token: {error} A code works once and for five minutes."


def _faults_of(redemption: Exchange) -> Iterator[str]:
    form, header = form_of(redemption), sent_header(redemption, "authorization")
    if header:
        yield EMPTY_BASIC if _is_empty_basic(header) else SECRET_HEADER
    if "client_secret" in form:
        yield SECRET_IN_BODY
    if "client_id" not in form:
        yield ID_NOT_IN_BODY
    if "code_verifier" not in form:
        yield NO_VERIFIER


def _is_empty_basic(header: str) -> bool:
    scheme, _, pair = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    return base64.b64decode(pair.encode() + b"==").rstrip().endswith(b":")


_CLIENT = "0oa1b2c3d4e5f6g7h8i9"
_FORM = {
    "grant_type": "authorization_code",
    "code": "code-1",
    "redirect_uri": "http://127.0.0.1:8765/callback",
    "client_id": _CLIENT,
    "code_verifier": VERIFIER,
}


def _redeemed(
    status: int = 400, *, without: str = "", headers: Mapping[str, str] | None = None, **more: str
) -> Recording:
    form = {name: value for name, value in (_FORM | more).items() if name != without}
    answer = {"access_token": "token-1"} if status == 200 else {"error": "invalid_client"}
    url = "http://127.0.0.1:8080/oauth2/aus1/v1/token"
    return recording_of(exchange("POST", url, status, form=form, headers=headers, answer=answer))


fix_the_spa = Exercise(
    "fix-the-spa",
    "The app sends `Authorization: Basic base64(client_id:)` with its code, and gets no token. "
    "Redeem `spa_code` as an app in a browser should, with `spa_verifier`. Send it with `spa`, so "
    "that it is recorded in `attempt`.",
    judge_spa,
    [
        "A public client has no secret, so there is nothing that belongs in an `Authorization` "
        "header. Where else can it say who it is?",
        "Five fields in the form: the grant type, the code, the redirect URI, who you are, and "
        "what only you know.",
        '`spa.post(metadata["token_endpoint"], data={…})` without `auth`; the form has '
        "`client_id` and `code_verifier`.",
    ],
    """
form = {
    "grant_type": "authorization_code",
    "code": spa_code,
    "redirect_uri": redirect_uri,
    "client_id": client_id,
    "code_verifier": spa_verifier,
}
spa.post(metadata["token_endpoint"], data=form)
show(fix_the_spa.check(attempt))
""",
    wrong_answers=[
        WrongAnswer(_redeemed(headers=basic(_CLIENT, "")), EMPTY_BASIC),
        WrongAnswer(_redeemed(headers=basic(_CLIENT, "hidden")), SECRET_HEADER),
        WrongAnswer(_redeemed(client_secret="hidden-in-the-page"), SECRET_IN_BODY),
        WrongAnswer(_redeemed(without="client_id"), ID_NOT_IN_BODY),
        WrongAnswer(_redeemed(without="code_verifier"), NO_VERIFIER),
        WrongAnswer(
            _redeemed(),
            "The server gave no token: Status 400. A code works once and for five minutes.",
        ),
    ],
    short_cuts=[
        ShortCut(
            _redeemed(200, grant_type="client_credentials", headers=basic("job", "secret")),
            "a token of another grant, for nobody",
        ),
        ShortCut(
            _redeemed(200, headers=basic("0oa-web", "secret")),
            "the code of a web app that has a secret",
        ),
    ],
    attempted=lambda recording: len(recording) > 0,
)

# --- (c) which-client ---

RIGHT = {
    "app in a browser": ("public", "authorization_code"),
    "app on a phone": ("public", "authorization_code"),
    "web app on a server": ("confidential", "authorization_code"),
    "nightly job": ("confidential", "client_credentials"),
}
NOBODY_THERE = "At night nobody is there to sign in: a job asks in its own name."
IN_THE_BINARY = (
    "A secret in an app on a phone is in everybody's hands: who has the app can take it apart."
)
IN_THE_PAGE = "Whoever opens a page in a browser can read all of it, the secret too."
KEEPS_A_SECRET = "A server that nobody else reads can keep a secret, and then it should use one."
A_PERSON_IS_THERE = "Here a person signs in, and the app acts for them: that takes a code."
NO_NAMELESS_JOB = "A job that can't prove who it is would be anybody: it needs a secret or a key."
WORDS = (
    'Answer each with a pair: "public" or "confidential", then "authorization_code" or '
    '"client_credentials".'
)
_WRONG_KIND = {
    "app in a browser": IN_THE_PAGE,
    "app on a phone": IN_THE_BINARY,
    "web app on a server": KEEPS_A_SECRET,
    "nightly job": NO_NAMELESS_JOB,
}
_OTHER_KIND = {"public": "confidential", "confidential": "public"}
_GRANTS = {"authorization_code", "client_credentials"}


def judge_clients(answers: Mapping[str, Any]) -> Iterator[str]:
    """Each app has its client type and its grant."""
    for app, (kind, grant) in RIGHT.items():
        said = answers.get(app, ...)
        pair = said if isinstance(said, tuple | list) and len(said) == 2 else (said, "")
        if ... in pair:
            yield f"{app}: still to be answered."
            continue
        said_kind, said_grant = pair
        if said_kind not in _OTHER_KIND or said_grant not in _GRANTS:
            yield f"{app}: {WORDS}"
            continue
        if said_kind != kind:
            yield f"{app}: {_WRONG_KIND[app]}"
        if said_grant != grant:
            yield f"{app}: {NOBODY_THERE if app == 'nightly job' else A_PERSON_IS_THERE}"


which_client = Exercise(
    "which-client",
    f"Which kind of client is each of the four, and by which grant does it get tokens? {WORDS}",
    judge_clients,
    [
        "Two questions for each. Can it keep something from the people who use it? Is a person "
        "there who signs in?",
        "Code that runs on somebody else's machine keeps nothing from them. Three of the four act "
        "for a person.",
        "Two are public, two are confidential. Only the job gets its tokens without a code.",
    ],
    """
answers = {
    "app in a browser": ("public", "authorization_code"),
    "app on a phone": ("public", "authorization_code"),
    "web app on a server": ("confidential", "authorization_code"),
    "nightly job": ("confidential", "client_credentials"),
}
show(which_client.check(answers))
""",
    wrong_answers=[
        *(
            WrongAnswer({**RIGHT, app: (_OTHER_KIND[kind], grant)}, f"{app}: {_WRONG_KIND[app]}")
            for app, (kind, grant) in RIGHT.items()
        ),
        *(
            WrongAnswer({**RIGHT, app: (kind, "client_credentials")}, f"{app}: {A_PERSON_IS_THERE}")
            for app, (kind, grant) in RIGHT.items()
            if grant == "authorization_code"
        ),
        WrongAnswer(
            {**RIGHT, "nightly job": ("confidential", "authorization_code")},
            f"nightly job: {NOBODY_THERE}",
        ),
        WrongAnswer({**RIGHT, "nightly job": ("confidential", "code")}, f"nightly job: {WORDS}"),
        WrongAnswer({**RIGHT, "app on a phone": "public"}, f"app on a phone: {WORDS}"),
    ],
    short_cuts=[
        ShortCut(
            dict.fromkeys(RIGHT, ("public", "authorization_code")), "one answer for everything"
        ),
        ShortCut({"nightly job": RIGHT["nightly job"]}, "one answer only"),
    ],
)
