"""Exercises of lesson 02: the code flow, hop by hop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import (
    answer_of,
    exchange,
    form_of,
    query_of,
    recording_of,
    token_requests,
)
from grantlab.reading import split_url
from grantlab.recording import Exchange, Recording

CALLBACK = "http://127.0.0.1:8765/callback"
DOORS = (CALLBACK, "http://127.0.0.1:8765/old-callback", "http://localhost:8765/test")
GRANTS = ("authorization_code", "refresh_token", "implicit")
"""What the exercise's app starts with; the first redirect URI and the first grant are in use."""

Document = Mapping[str, Any]

# --- (a) send-the-person-off ---

LETTER_BY_LETTER = "Redirect URIs are compared letter by letter."
NOT_HTTPS = f"{LETTER_BY_LETTER} This app registered another scheme than the one you sent."
NO_SLASH = f"{LETTER_BY_LETTER} A slash at the end makes it another address."
NO_QUERY = f"{LETTER_BY_LETTER} A query at the end makes it another address."
OTHER_ADDRESS = f"{LETTER_BY_LETTER} This one is not registered for the app."
NO_REDIRECT_URI = "Without a `redirect_uri` the server doesn't know where the answer belongs."
NO_TOKEN_HERE = (
    "`response_type=token` asks for a token in the address bar, where history and logs keep it. "
    "This app may ask for a code."
)
NO_SCOPE = "`scope` is missing: you ask for nothing, and this server gives nothing by default."
TOO_MUCH = "The exercise needs one scope, to read prices. You asked for something else."
NO_STATE = "`state` is missing, so the app could not tell its own answer from a stranger's."
NOT_AUTHORIZE = "No request went to an authorization endpoint. Its address is in the metadata."


def judge_send_off(recording: Recording) -> Iterator[str]:
    """The newest authorization request was accepted, and asks for what the question says."""
    asked = [one for one in recording if one.path.endswith("/v1/authorize")]
    if not asked:
        yield NOT_AUTHORIZE
        return
    found = [*_faults_of(query_of(asked[-1]))]
    yield from found
    if not found and (trouble := _refusal(asked[-1])):
        yield f"The server refused: {trouble}. Its reasons are in lab.reasons(attempt[-1])."


def _faults_of(sent: Document) -> Iterator[str]:
    if reason := _fault_of_redirect(sent.get("redirect_uri", "")):
        yield reason
    if "token" in sent.get("response_type", "").split():
        yield NO_TOKEN_HERE
    if not sent.get("scope"):
        yield NO_SCOPE
    elif sent["scope"] != "prices:read":
        yield TOO_MUCH
    if not sent.get("state"):
        yield NO_STATE


def _fault_of_redirect(uri: str) -> str | None:
    if uri == CALLBACK:
        return None
    if not uri:
        return NO_REDIRECT_URI
    if uri == CALLBACK.replace("http:", "https:"):
        return NOT_HTTPS
    if uri == f"{CALLBACK}/":
        return NO_SLASH
    return NO_QUERY if uri.startswith(f"{CALLBACK}?") else OTHER_ADDRESS


def _refusal(exchange: Exchange) -> str | None:
    if exchange.status is None or exchange.status >= 400:
        return f"with status {exchange.status}"
    location = dict(exchange.response_headers).get("location", "")
    parts = split_url(location)
    if "error=" in f"{parts.query}&{parts.fragment}":
        return parts.query or parts.fragment
    return None


_SHOP = "http://127.0.0.1:8080/oauth2/aus1/v1"
_LOGIN = "http://127.0.0.1:8080/login/login.htm"
_GOOD_QUERY = {
    "response_type": "code",
    "client_id": "0oa1",
    "redirect_uri": CALLBACK,
    "scope": "prices:read",
    "state": "r2d2c3po",
}


def _sent_off(status: int = 302, location: str = _LOGIN, **changes: str) -> Recording:
    query = {name: value for name, value in (_GOOD_QUERY | changes).items() if value}
    url = f"{_SHOP}/authorize"
    return recording_of(
        exchange("GET", url, status, query=query, location=location, channel="front")
    )


send_the_person_off = Exercise(
    "send-the-person-off",
    "Price List wants to read prices for somebody, and nothing more. Make the address that sends "
    "them to the authorization server (scope `prices:read`), and open it in the browser `person`. "
    "The server must accept it.",
    judge_send_off,
    [
        "Five parameters: which kind of answer, which client, back to where, which scope, and a "
        "value of your own that comes back. The address to send them to is in `metadata`.",
        "The redirect URI must be the registered one, to the last letter: `redirect_uri` holds it.",
        "Take the dictionary `wanted` of this lesson with another scope, and "
        "`person.go(f\"{metadata['authorization_endpoint']}?{urlencode(…)}\")`.",
    ],
    """
attempt = Recording()
person = Browser(attempt, lab_url=lab.url)
my_request = {
    "response_type": "code",
    "client_id": client_id,
    "redirect_uri": redirect_uri,
    "scope": "prices:read",
    "state": secrets.token_urlsafe(16),
}
person.go(f"{metadata['authorization_endpoint']}?{urlencode(my_request)}")
show(send_the_person_off.check(attempt))
""",
    wrong_answers=[
        WrongAnswer(
            _sent_off(400, "", redirect_uri=CALLBACK.replace("http:", "https:")), NOT_HTTPS
        ),
        WrongAnswer(_sent_off(400, "", redirect_uri=f"{CALLBACK}/"), NO_SLASH),
        WrongAnswer(_sent_off(400, "", redirect_uri=f"{CALLBACK}?from=shop"), NO_QUERY),
        WrongAnswer(_sent_off(400, "", redirect_uri="http://127.0.0.1:8765/other"), OTHER_ADDRESS),
        WrongAnswer(_sent_off(400, "", redirect_uri=""), NO_REDIRECT_URI),
        WrongAnswer(
            _sent_off(302, f"{CALLBACK}#error=unsupported_response_type", response_type="token"),
            NO_TOKEN_HERE,
        ),
        WrongAnswer(_sent_off(302, f"{CALLBACK}?error=invalid_scope", scope=""), NO_SCOPE),
        WrongAnswer(_sent_off(302, f"{CALLBACK}?error=invalid_request", state=""), NO_STATE),
        WrongAnswer(
            _sent_off(400, "", client_id="0oa-nobody"),
            "The server refused: with status 400. Its reasons are in lab.reasons(attempt[-1]).",
        ),
    ],
    short_cuts=[
        ShortCut(
            recording_of(exchange("GET", _LOGIN, 200, channel="front")),
            "opens the sign-in page, without any request of the app",
        ),
        ShortCut(_sent_off(scope="prices:read prices:write"), "the lesson's own request again"),
    ],
    attempted=lambda recording: len(recording) > 0,
)

# --- (b) who-sees-what ---

SEEN_BY = {"code": "both", "token": "app", "secret": "app", "state": "both"}
WRONGLY_SEEN = {
    ("secret", "both"): "A secret in the browser is no secret: whoever owns the browser reads it.",
    ("secret", "browser"): "A secret in the browser is no secret: the app must have it, alone.",
    ("token", "both"): "The token came on the back channel. Look who sent that request.",
    ("token", "browser"): "The token came on the back channel. The browser never met it.",
    ("code", "app"): "The code came to the app in a redirect: through the browser's address bar.",
    ("code", "browser"): "The browser carried the code to somebody. To whom, and what for?",
    ("state", "app"): "The app made the state, and then? Look at the address it sent people to.",
    ("state", "browser"): "Who made the state, and who compared it when it came back?",
}
THREE_WORDS = 'Answer each with "browser", "app" or "both".'


def judge_who_sees(answers: Document) -> Iterator[str]:
    """Each value is marked with those who get to see it."""
    for name, right in SEEN_BY.items():
        said = answers.get(name, ...)
        if said is ...:
            yield f"`{name}` is still to be answered."
        elif (name, said) in WRONGLY_SEEN:
            yield WRONGLY_SEEN[name, said]
        elif said != right:
            yield f"`{name}`: {THREE_WORDS}"


who_sees_what = Exercise(
    "who-sees-what",
    f"Who gets to see the code, the access token, the client secret and the state? {THREE_WORDS}",
    judge_who_sees,
    [
        "In the recording, dashed lines run through the browser and solid ones don't.",
        "Open each message and look for the value. A redirect shows its whole address to the "
        "browser.",
        "Two of them travel in addresses, there and back. The other two stay on the back channel.",
    ],
    """
answers = {"code": "both", "token": "app", "secret": "app", "state": "both"}
show(who_sees_what.check(answers))
""",
    wrong_answers=[
        WrongAnswer({**SEEN_BY, name: said}, hint) for (name, said), hint in WRONGLY_SEEN.items()
    ],
    short_cuts=[
        ShortCut(dict.fromkeys(SEEN_BY, "both"), "the widest answer for everything"),
        ShortCut(dict.fromkeys(SEEN_BY, "app"), "one answer for everything"),
        ShortCut({"code": "both"}, "one answer only"),
    ],
)

# --- (c) redeem-once ---

NO_TOKEN = "No code was redeemed yet: first get a token with one."
NO_SECOND_TRY = "The second try is missing: send the very same code once more."
NOT_ASKED = (
    "How is the first token now? After the second try, ask the introspection endpoint about it."
)
STILL_WORKS = "A code opens the door once. Read the status of the second answer."
STILL_ALIVE = (
    "A code that comes twice looks stolen, so the server takes back what the first use produced. "
    "Read what introspection says."
)


def judge_redeem_once(evidence: Document) -> Iterator[str]:
    """One code was used twice, the first token was asked about, and both results were read."""
    tries = token_requests(evidence["recording"])
    first = next((one for one in tries if answer_of(one).get("access_token")), None)
    if first is None:
        yield NO_TOKEN
        return
    again = [one for one in tries[tries.index(first) + 1 :] if _code(one) == _code(first)]
    if not again:
        yield NO_SECOND_TRY
    yield from _said_of_second(evidence["second_status"], again)
    later = [one for one in evidence["recording"] if again and one.number > again[0].number]
    token = answer_of(first)["access_token"]
    looks = [one for one in later if "/introspect" in one.path and form_of(one)["token"] == token]
    if not looks:
        yield NOT_ASKED
    yield from _said_of_token(evidence["first_token_is_active"], looks)


def _code(redemption: Exchange) -> str | None:
    return form_of(redemption).get("code")


def _said_of_second(status: Any, again: list[Exchange]) -> Iterator[str]:
    if status is ...:
        yield "`second_status` is still to be answered."
    elif status == 200:
        yield STILL_WORKS
    elif again and status != again[0].status:
        yield "The second answer had another status than the one you gave."


def _said_of_token(active: Any, looks: list[Exchange]) -> Iterator[str]:
    if active is ...:
        yield "`first_token_is_active` is still to be answered, with True or False."
    elif active is True:
        yield STILL_ALIVE
    elif looks and active is not answer_of(looks[-1]).get("active"):
        yield "Introspection said something else about the first token."


def _redemption(code: str, status: int, **answer: Any) -> Exchange:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return exchange("POST", f"{_SHOP}/token", status, form=form, answer=answer)


_FIRST = _redemption("code-1", 200, access_token="token-1", token_type="Bearer")
_SECOND = _redemption("code-1", 400, error="invalid_grant")
_LOOK = exchange(
    "POST", f"{_SHOP}/introspect", 200, form={"token": "token-1"}, answer={"active": False}
)


def _redeemed(*exchanges: Exchange, status: Any = 400, active: Any = False) -> dict[str, Any]:
    return {
        "recording": recording_of(*exchanges),
        "second_status": status,
        "first_token_is_active": active,
    }


redeem_once = Exercise(
    "redeem-once",
    "Get a token with a code. Then send the same code again, and see what the second try costs: "
    "which status does it bring, and is the first token still active? Ask the introspection "
    "endpoint (RFC 7662) about it. All requests go into `attempt`.",
    judge_redeem_once,
    [
        "Tom is signed in, so `browser.go(authorize_url).follow()` brings a fresh code at once.",
        "Send the same form twice, then the access token to "
        '`metadata["introspection_endpoint"]`, as `{"token": …}`, with the app\'s id and secret.',
        "The second answer is an error in the 400s, called invalid_grant; introspection answers "
        "with `active`.",
    ],
    """
attempt = Recording()
shop_app = attempt.client("Price List")
code = browser.go(authorize_url).follow().caught.params["code"]
form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
first = shop_app.post(metadata["token_endpoint"], auth=client, data=form)
second = shop_app.post(metadata["token_endpoint"], auth=client, data=form)
question = {"token": first.json()["access_token"]}
look = shop_app.post(metadata["introspection_endpoint"], auth=client, data=question)
second_status, first_token_is_active = second.status_code, look.json()["active"]
found = {"second_status": second_status, "first_token_is_active": first_token_is_active}
show(redeem_once.check({"recording": attempt, **found}))
""",
    wrong_answers=[
        WrongAnswer(_redeemed(_FIRST, _SECOND, _LOOK, status=200), STILL_WORKS),
        WrongAnswer(_redeemed(_FIRST, _SECOND, _LOOK, active=True), STILL_ALIVE),
        WrongAnswer(_redeemed(_SECOND), NO_TOKEN),
        WrongAnswer(_redeemed(_FIRST, _SECOND), NOT_ASKED),
    ],
    short_cuts=[
        ShortCut(_redeemed(), "the right words, and nothing done"),
        ShortCut(
            _redeemed(_FIRST, _redemption("made-up", 400, error="invalid_grant"), _LOOK),
            "a made-up code is refused as well, but it isn't the second use of a good one",
        ),
    ],
    attempted=lambda evidence: (
        len(evidence["recording"]) > 0
        or (evidence["second_status"], evidence["first_token_is_active"]) != (..., ...)
    ),
)

# --- (d) close-the-door ---

IN_USE_IS_GONE = "The redirect URI in use is gone: nobody can come back to the app."
OPEN_DOORS = "There is still a redirect URI that nobody uses."
STRANGE_DOORS = "There is a redirect URI that wasn't there before."
STILL_IMPLICIT = (
    "`implicit` is still among the grant types: it hands out tokens in the address bar."
)
STILL_REFRESH = "`refresh_token` is still there, and this app never asks for a refresh token."
CODE_IS_GONE = "Without the grant type `authorization_code` nobody can sign in to the app."
NOT_RUNNING = "The app is switched off. The unused doors should close, not the shop."


def judge_doors(document: Document) -> Iterator[str]:
    """The app works as before, and has nothing that it doesn't use."""
    settings = document["settings"]["oauthClient"]
    uris, grants = set(settings.get("redirect_uris") or ()), set(settings["grant_types"])
    if document.get("status") != "ACTIVE":
        yield NOT_RUNNING
    if CALLBACK not in uris:
        yield IN_USE_IS_GONE
    if uris & {*DOORS[1:]}:
        yield OPEN_DOORS
    if uris - {*DOORS}:
        yield STRANGE_DOORS
    if "authorization_code" not in grants:
        yield CODE_IS_GONE
    if "implicit" in grants:
        yield STILL_IMPLICIT
    if "refresh_token" in grants:
        yield STILL_REFRESH


def _is_changed(document: Document) -> bool:
    settings = document["settings"]["oauthClient"]
    now = set(settings.get("redirect_uris") or ()), set(settings["grant_types"])
    return now != ({*DOORS}, {*GRANTS}) or document.get("status") != "ACTIVE"


def _app(uris: tuple[str, ...], grants: tuple[str, ...], status: str = "ACTIVE") -> Document:
    settings = {"redirect_uris": [*uris], "grant_types": [*grants]}
    return {"status": status, "settings": {"oauthClient": settings}}


close_the_door = Exercise(
    "close-the-door",
    "The app `old_app` was registered with a generous hand. It uses one redirect URI, "
    f"`{CALLBACK}`, and the code flow without refresh tokens. Take away everything else.",
    judge_doors,
    [
        "Look at `redirect_uris` and `grant_types` in the app's settings. Which of them are used?",
        "Change the document and send it back: `lab.admin.put(path, json=document)`. A response "
        "type goes when its grant type goes.",
        "Three lists remain with one entry each: the callback, `authorization_code`, `code`.",
    ],
    """
document = lab.admin.get(f"/api/v1/apps/{old_app['id']}").json()
document["settings"]["oauthClient"] |= {
    "redirect_uris": [redirect_uri],
    "grant_types": ["authorization_code"],
    "response_types": ["code"],
}
lab.admin.put(f"/api/v1/apps/{old_app['id']}", json=document)
show(close_the_door.check(lab.admin.get(f"/api/v1/apps/{old_app['id']}").json()))
""",
    wrong_answers=[
        WrongAnswer(_app(DOORS[1:], GRANTS[:1]), IN_USE_IS_GONE),
        WrongAnswer(_app(DOORS[:1], (GRANTS[0], GRANTS[2])), STILL_IMPLICIT),
        WrongAnswer(_app(DOORS[:2], GRANTS[:1]), OPEN_DOORS),
        WrongAnswer(_app(DOORS[:1], GRANTS[:2]), STILL_REFRESH),
        WrongAnswer(_app((*DOORS[:1], "http://127.0.0.1:8765/new"), GRANTS[:1]), STRANGE_DOORS),
        WrongAnswer(_app(DOORS[:1], GRANTS[2:]), CODE_IS_GONE),
    ],
    short_cuts=[
        ShortCut(_app(DOORS, GRANTS, "INACTIVE"), "the whole app is switched off"),
        ShortCut(_app((), ()), "everything is taken away"),
    ],
    attempted=_is_changed,
)
