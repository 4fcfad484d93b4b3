"""Exercises of lesson 06: lifetimes, introspection, revocation, and who replayed what."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import answer_of, exchange, form_of, recording_of, sent_header
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

ORG = "http://127.0.0.1:8080"
MINUTE, HOUR = 60, 3600

# read-active

WORDS = ("accept", "refuse", "repair my request")

FALSE_IS_AN_ANSWER = (
    "The answer about the revoked token is 200 and active: false. The request was understood; it "
    "is the token that is no good."
)
NOT_YOURS_IS_NO_ERROR = (
    "Asking about somebody else's refresh token is no error. The server only won't say what it is: "
    "for you, the token is no good."
)
WHO_ASKS = (
    "401 is no word about the token: the server didn't learn who asks, so it didn't look at the "
    "token at all."
)
GOOD_TOKEN = "active: true, and its exp lies ahead: that is what a good token looks like."


def judge_read_active(meanings: Mapping[str, Any]) -> Iterator[str]:
    """Read what the learner's API would do after each of the four answers."""
    for name in sorted(meanings.keys() - _RIGHT_MEANINGS.keys()):
        yield f"There is no answer called “{name}”."
    for name, (right, hint) in _RIGHT_MEANINGS.items():
        said = meanings.get(name)
        if said is None or said is ...:
            yield f"Answer {name} has no meaning yet."
        elif said not in WORDS:
            yield f"“{said}” is none of the three words."
        elif said != right:
            yield hint


_RIGHT_MEANINGS = {
    "A": ("accept", GOOD_TOKEN),
    "B": ("refuse", FALSE_IS_AN_ANSWER),
    "C": ("refuse", NOT_YOURS_IS_NO_ERROR),
    "D": ("repair my request", WHO_ASKS),
}
_MEANINGS = {name: right for name, (right, _) in _RIGHT_MEANINGS.items()}

read_active = Exercise(
    "read-active",
    "You are the API, and somebody waits at your door with each of these tokens. What do you do "
    f"after each of the four answers? Words: {', '.join(WORDS)}.",
    judge_read_active,
    [
        "Look at the status first, then at `active`. RFC 7662 §2.2.",
        "A status of 200 means that the server understood you. What it then says, it says of the "
        "token; and “false” is all it ever says of a token that is no good for you.",
        "Two of the four are the same word.",
    ],
    f"""
meanings = {{
{chr(10).join(f'    "{name}": "{word}",' for name, word in _MEANINGS.items())}
}}
show(read_active.check(meanings))
""",
    wrong_answers=[
        WrongAnswer({**_MEANINGS, "B": "repair my request"}, FALSE_IS_AN_ANSWER),
        WrongAnswer({**_MEANINGS, "C": "repair my request"}, NOT_YOURS_IS_NO_ERROR),
        WrongAnswer({**_MEANINGS, "D": "refuse"}, WHO_ASKS),
        WrongAnswer({**_MEANINGS, "A": "refuse"}, GOOD_TOKEN),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys("ABCD", "refuse"), "the safe word for all"),
        ShortCut({"A": "accept"}, "only the easy one"),
    ],
)

# spot-the-thief

FIRST_USER = (
    "That request used the newest token, once, as everybody should: the app and a thief look the "
    "same there. Look for a token that had been used before."
)
CASUALTY = (
    "That request was refused, but its token had never been used before: it fell with the family."
)
NOBODY_KNOWS = (
    "The server sees that two parties hold the same token. It can't see which of them stole it: "
    "the thief may well be the first to use it, and the app the one that comes too late."
)


def judge_thief(answer: Mapping[str, Any]) -> Iterator[str]:
    """Read which request was the replay, and whether the server knows the thief by it."""
    replay, knows = answer.get("replay"), answer.get("server knows the thief")
    if replay in (1, 2, 3):
        yield FIRST_USER
    elif replay == 5:
        yield CASUALTY
    elif isinstance(replay, bool) or replay != 4:
        yield "The replay is one of the five requests: give its number."
    if knows is True:
        yield NOBODY_KNOWS
    elif knows is not False:
        yield "Does the server know the thief? True or False."


spot_the_thief = Exercise(
    "spot-the-thief",
    "Which of the five requests in the log was the replay? And does the server know from that "
    "which of the two was the thief?",
    judge_thief,
    [
        "Write down, for each request, which refresh token it brought and which it got.",
        "A replay is the second use of one token. Whatever else is refused fell with the family.",
        "R2 was brought twice. Who was first, the app or the thief? Is there anything in the log "
        "that tells?",
    ],
    """
answer = {"replay": 4, "server knows the thief": False}
show(spot_the_thief.check(answer))
""",
    wrong_answers=[
        WrongAnswer({"replay": 3, "server knows the thief": False}, FIRST_USER),
        WrongAnswer({"replay": 5, "server knows the thief": False}, CASUALTY),
        WrongAnswer({"replay": 4, "server knows the thief": True}, NOBODY_KNOWS),
    ],
    short_cuts=[
        ShortCut({"replay": [3, 4, 5], "server knows the thief": False}, "every suspect at once"),
        ShortCut({"replay": 4}, "half of the question"),
    ],
)

# really-gone

NO_REVOCATION = "No token was revoked in this recording."
NOT_SEEN_GOOD = "Nobody called the API with that token before it was revoked, so nothing was lost."
NO_NEXT_CALL = "After the revocation nobody called the API."
COPY_DELETED = (
    "The call after the revocation didn't bring the revoked token. Throwing away your own copy "
    "stops you, not the thief who has another."
)
STILL_OPEN = (
    "The call after the revocation was let in: the API looked at signature and clock, and neither "
    "knows of a revocation."
)
RAN_OUT = (
    "The API refused the token without asking the server about it. It had run out by then; until "
    "then it was good."
)


def judge_really_gone(recording: Recording) -> Iterator[str]:
    """Follow the token that was revoked last: let in before, asked about and refused after."""
    exchanges = list(recording)
    revoked = [at for at, one in enumerate(exchanges) if one.path.endswith("/v1/revoke")]
    if not revoked:
        yield NO_REVOCATION
        return
    at = revoked[-1]
    token = form_of(exchanges[at]).get("token", "")
    before = [one for one in exchanges[:at] if _calls_api(one) and _brings(one, token)]
    after = exchanges[at + 1 :]
    if not any(one.status == 200 for one in before):
        yield NOT_SEEN_GOOD
    following = next((one for one in after if _calls_api(one)), None)
    if following is None:
        yield NO_NEXT_CALL
    elif not _brings(following, token):
        yield COPY_DELETED
    elif following.status != 401:
        yield STILL_OPEN
    elif not any(_asks_about(one, token) for one in after[: after.index(following)]):
        yield RAN_OUT


def _calls_api(one: Exchange) -> bool:
    return one.path == "/transfers"


def _brings(one: Exchange, token: str) -> bool:
    return sent_header(one, "authorization") == f"Bearer {token}"


def _asks_about(one: Exchange, token: str) -> bool:
    asks = one.path.endswith("/v1/introspect") and one.sender == "Transfers API"
    return asks and form_of(one).get("token") == token


def _called(status: int, token: str | None = "of-the-app") -> Exchange:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return exchange("GET", "http://127.0.0.1:9000/transfers", status, headers=headers)


def _asked(answer: Mapping[str, Any], sender: str = "Transfers API") -> Exchange:
    form = {"token": "of-the-app"}
    asked = exchange(
        "POST", f"{ORG}/oauth2/aus1/v1/introspect", 200, form=form, answer=dict(answer)
    )
    return replace(asked, sender=sender)


def _revoked(token: str = "of-the-app") -> Exchange:
    return exchange("POST", f"{ORG}/oauth2/aus1/v1/revoke", 200, form={"token": token})


really_gone = Exercise(
    "really-gone",
    "Make the API refuse a revoked token in the very next call. Get a token with `job`, call the "
    "API with it (200), revoke it, call again with the same token (401). The API may be "
    "changed, the clock stays where it is.",
    judge_really_gone,
    [
        "As it stands, the API checks tokens by itself. Who knows that a token was revoked?",
        "The API has to ask the server about each token: set `api.introspects`. Asking is for "
        "clients, so it needs `api.credentials` first, a pair of id and secret.",
        "`api.credentials = (desk.client_id, desk.client_secret)`, then `api.introspects = True`. "
        "Then: token request, call, POST to the revocation endpoint, call.",
    ],
    """
api.credentials = (desk.client_id, desk.client_secret)
api.introspects = True

answer = job.post(
    f"{transfers.issuer}/v1/token",
    data={"grant_type": "client_credentials", "scope": "transfers:read"},
)
doomed = answer.json()["access_token"]
bearer = {"Authorization": f"Bearer {doomed}"}
visitor = gone.client("Job")

print(visitor.get(api.url, headers=bearer).status_code)
job.post(f"{transfers.issuer}/v1/revoke", data={"token": doomed})
print(visitor.get(api.url, headers=bearer).status_code)
show(really_gone.check(gone))
""",
    wrong_answers=[
        WrongAnswer(recording_of(_called(200), _revoked(), _called(401)), RAN_OUT),
        WrongAnswer(recording_of(_called(200), _revoked(), _called(401, None)), COPY_DELETED),
        WrongAnswer(recording_of(_called(200), _revoked(), _called(200)), STILL_OPEN),
    ],
    short_cuts=[
        ShortCut(
            recording_of(
                _called(200), _revoked(), _asked({"active": False}, "Your app"), _called(401)
            ),
            "the app asked, and the API didn't",
        ),
        ShortCut(
            recording_of(
                _called(200), _revoked("another"), _asked({"active": False}), _called(401)
            ),
            "another token was revoked",
        ),
        ShortCut(
            recording_of(_called(401), _revoked(), _asked({"active": False}), _called(401)),
            "an API that lets nobody in",
        ),
        ShortCut(recording_of(_called(200), _revoked()), "the call that would tell was left out"),
    ],
    attempted=lambda recording: any(one.path.endswith("/v1/revoke") for one in recording),
)

# two-clocks

MONEY, READING = "api://lesson/transfers", "api://lesson/sync"

NO_MONEY = "There is no token of the Transfers server in this recording yet."
NO_READING = "There is no token of the Sync server in this recording yet."
MONEY_TOO_LONG = (
    "The newest token of Transfers moves money for more than ten minutes after it leaked."
)
READING_TOO_SHORT = (
    "The newest token of Sync ends within an hour or two: the job would stop in the night."
)
ONE_FOR_ALL = (
    "Both servers give tokens of the same lifetime. They are two servers so that each can have the "
    "lifetime that its API needs."
)
IDLE_LONGER = (
    "A refresh token may lie idle for longer than it lives at all: that idle time never comes to "
    "anything."
)
NEVER_ENDS = "The refresh tokens of Transfers never end: whoever steals one keeps it."
LIVES_ON = (
    "A refresh token of Transfers is good for more than a day, or for more than an hour without "
    "use: so long a thief may buy new access tokens."
)
NO_RULE = (
    "No short-lived rule was PUT in this recording, so nothing is seen of how long the refresh "
    "tokens of Transfers live."
)


def judge_two_clocks(recording: Recording) -> Iterator[str]:
    """Judge the tokens that the two servers gave, and the rules as they were written last."""
    lives = _lifetimes(recording)
    money, reading = lives.get(MONEY), lives.get(READING)
    if money is None:
        yield NO_MONEY
    if reading is None:
        yield NO_READING
    if money is not None and money == reading:
        yield ONE_FOR_ALL
    if money is not None and money > 10 * MINUTE:
        yield MONEY_TOO_LONG
    if reading is not None and reading <= 2 * HOUR:
        yield READING_TOO_SHORT
    rules = _rules(recording)
    if any(0 < longest < idle for _, longest, idle in rules):
        yield IDLE_LONGER
    yield from _faults_of_refreshing([rule[1:] for rule in rules if rule[0] <= 10], money)


def _faults_of_refreshing(lives: list[tuple[int, int]], money: int | None) -> Iterator[str]:
    """What is wrong with refresh tokens beside short access tokens; minutes in all, and idle."""
    if any(longest == 0 for longest, _ in lives):
        yield NEVER_ENDS
    elif any(longest > 24 * 60 or 60 < idle <= longest for longest, idle in lives):
        yield LIVES_ON
    elif not lives and money is not None and money <= 10 * MINUTE:
        yield NO_RULE


def _lifetimes(recording: Recording) -> dict[str, int]:
    """The seconds that the newest token of each audience lives."""
    found = {}
    for one in recording:
        if one.status == 200 and one.path.endswith("/v1/token"):
            claims = decode(str(answer_of(one).get("access_token", ""))).payload
            if "aud" in claims:
                found[claims["aud"]] = claims["exp"] - claims["iat"]
    return found


def _rules(recording: Recording) -> list[tuple[int, int, int]]:
    """Minutes in the rules as last written: access token, refresh token, idle refresh token."""
    newest = {
        one.path: answer_of(one)["actions"]["token"]
        for one in recording
        if one.method == "PUT" and one.status == 200 and "/rules/" in one.path
    }
    names = ("accessTokenLifetimeMinutes", "refreshTokenLifetimeMinutes")
    return [
        (rule[names[0]], rule[names[1]], rule["refreshTokenWindowMinutes"])
        for rule in newest.values()
    ]


def _put(server: str, access: int, refresh: int, idle: int) -> Exchange:
    lifetimes = {
        "accessTokenLifetimeMinutes": access,
        "refreshTokenLifetimeMinutes": refresh,
        "refreshTokenWindowMinutes": idle,
    }
    url = f"{ORG}/api/v1/authorizationServers/{server}/policies/00p1/rules/0pr1"
    return exchange("PUT", url, 200, answer={"actions": {"token": lifetimes}})


def _issued(audience: str, minutes: int) -> Exchange:
    claims = {"aud": audience, "iat": 1_800_000_000, "exp": 1_800_000_000 + minutes * MINUTE}
    parts = (b'{"alg":"RS256"}', json.dumps(claims).encode(), b"signature")
    token = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    form = {"grant_type": "client_credentials"}
    answer = {"access_token": token, "expires_in": minutes * MINUTE}
    return exchange("POST", f"{ORG}/oauth2/aus1/v1/token", 200, form=form, answer=answer)


two_clocks = Exercise(
    "two-clocks",
    "Set the lifetimes of two servers by their rules, and prove it with a token of each. "
    "Transfers moves money: access tokens of ten minutes at most; refresh tokens that end after a "
    "day, or sooner when they lie idle for an hour. Sync is read by a job at night: access "
    "tokens of some hours. PUT the rules with `admin`, then ask for a token of each with `job`.",
    judge_two_clocks,
    [
        "A rule has its lifetimes in `actions.token`, in minutes. Read the rule, change it, PUT "
        "the whole of it to the same address.",
        "Three of them are about time: `accessTokenLifetimeMinutes`, `refreshTokenLifetimeMinutes` "
        "(the longest it ever lives) and `refreshTokenWindowMinutes` (how long it may lie idle). "
        "A token that was made before the change keeps its old lifetime.",
        "For Transfers: `rule = admin.get(transfers.rule).json()`, then "
        '`rule["actions"]["token"] |= {"accessTokenLifetimeMinutes": 5, '
        '"refreshTokenLifetimeMinutes": 1440, "refreshTokenWindowMinutes": 60}`, '
        "then `admin.put(transfers.rule, json=rule)`.",
    ],
    """
wanted = {
    transfers: {
        "accessTokenLifetimeMinutes": 5,
        "refreshTokenLifetimeMinutes": 1440,
        "refreshTokenWindowMinutes": 60,
    },
    sync: {"accessTokenLifetimeMinutes": 480},
}
for server, lifetimes in wanted.items():
    rule = admin.get(server.rule).json()
    rule["actions"]["token"] |= lifetimes
    admin.put(server.rule, json=rule).raise_for_status()
for server, scope in ((transfers, "transfers:read"), (sync, "sync:read")):
    job.post(
        f"{server.issuer}/v1/token", data={"grant_type": "client_credentials", "scope": scope}
    )
show(two_clocks.check(clocks))
""",
    wrong_answers=[
        WrongAnswer(
            recording_of(
                _put("aus1", 10, 1440, 60),
                _put("aus2", 10, 0, 10080),
                _issued(MONEY, 10),
                _issued(READING, 10),
            ),
            ONE_FOR_ALL,
        ),
        WrongAnswer(
            recording_of(_put("aus1", 5, 60, 1440), _issued(MONEY, 5), _issued(READING, 480)),
            IDLE_LONGER,
        ),
        WrongAnswer(
            recording_of(_put("aus1", 5, 0, 60), _issued(MONEY, 5), _issued(READING, 480)),
            NEVER_ENDS,
        ),
        WrongAnswer(
            recording_of(_put("aus1", 5, 10080, 60), _issued(MONEY, 5), _issued(READING, 480)),
            LIVES_ON,
        ),
        WrongAnswer(
            recording_of(_put("aus2", 480, 0, 10080), _issued(MONEY, 60), _issued(READING, 480)),
            MONEY_TOO_LONG,
        ),
        WrongAnswer(
            recording_of(_put("aus1", 5, 1440, 60), _issued(MONEY, 5), _issued(READING, 60)),
            READING_TOO_SHORT,
        ),
    ],
    short_cuts=[
        ShortCut(
            recording_of(_put("aus1", 5, 1440, 60), _put("aus2", 480, 0, 10080)),
            "rules without a token to prove them",
        ),
        ShortCut(
            recording_of(_issued(MONEY, 60), _issued(READING, 60), _put("aus1", 5, 1440, 60)),
            "tokens from before the change",
        ),
        ShortCut(
            recording_of(_issued(MONEY, 5), _issued(READING, 480)),
            "tokens of the right length, and refresh tokens that nobody saw limited",
        ),
        ShortCut(
            recording_of(_put("aus1", 5, 1440, 60), _issued(MONEY, 5), _issued(MONEY, 480)),
            "two tokens of one server",
        ),
    ],
    attempted=lambda recording: any(one.method in ("PUT", "POST") for one in recording),
)
