"""Exercises of lesson 07: which server made a token, for whom, and who must never take it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import exchange, recording_of, sent_header
from grantlab.lessons.two_servers import (
    HOME_LOAN,
    OF_HOME_LOAN,
    ORG,
    Facts,
    Kind,
    kind_in_lesson,
    sample,
)
from grantlab.recording import Exchange, Recording

# whose-token

SERVERS = ("org", "Home Loan", "Sync")
READERS = ("the app", "Okta's APIs", "the Loans API", "the Sync API")

_TRUTH: dict[Kind, tuple[str, str]] = {
    "access token of org": ("org", "Okta's APIs"),
    "ID token of org": ("org", "the app"),
    "access token": ("Home Loan", "the Loans API"),
    "ID token": ("Home Loan", "the app"),
    "neighbour": ("Sync", "the Sync API"),
}

NOT_THE_FIVE = "These aren't the five tokens of the bag: give the bag as it was."
BY_LOOKS = (
    "An access token of the org server is taken for one of yours. It has dots and can be decoded, "
    "as every token in this bag; that says nothing of whom it is for."
)
PREFIX_OF_ALL = (
    "You give a token of a custom server to the org server. The issuers of all servers here begin "
    "with the org's address; what comes after it tells them apart."
)
NEIGHBOURS_OWN = (
    "One token is of a custom server of this org, and for an API; and yet not for the Loans API. "
    "Read its aud to the end."
)
TO_AN_API = "An ID token is on its way to an API. Whose client id stands in its aud?"
BY_OPENID = (
    "An access token with the scope openid is still an access token: the app passes it on and "
    "doesn't read it."
)


def judge_whose_token(evidence: Mapping[str, Any]) -> Iterator[str]:
    """Compare what the learner says of each token with the claims in it."""
    tokens, answers = evidence["tokens"], evidence["answers"]
    kinds = {name: kind_in_lesson(str(token)) for name, token in tokens.items()}
    if sorted(kinds.values()) != sorted(_TRUTH):
        yield NOT_THE_FIVE
        return
    found: list[str] = []
    for name, kind in kinds.items():
        said = tuple(answers.get(name) or (..., ...))
        if ... in said:
            found.append(f"Token {name} has no answer yet.")
        elif len(said) != 2 or said[0] not in SERVERS or said[1] not in READERS:
            found.append(f"“{said}” isn't a server and a reader from the question.")
        elif said != _TRUTH[kind]:
            found.append(_mistaken(kind, *said) or f"Token {name} isn't right yet.")
    yield from dict.fromkeys(found)


def _mistaken(kind: Kind, server: str, reader: str) -> str:
    is_id = kind in ("ID token of org", "ID token")
    if is_id and reader != "the app":
        return TO_AN_API
    if kind == "access token of org" and (server != "org" or reader != "the app"):
        return BY_LOOKS
    if server == "org" and _TRUTH[kind][0] != "org":
        return PREFIX_OF_ALL
    if kind == "neighbour" and reader != "the app":
        return NEIGHBOURS_OWN
    return BY_OPENID if reader == "the app" and not is_id else ""


_BAG = {name: sample(kind) for name, kind in zip("ABCDE", _TRUTH, strict=True)}
_SAID = dict(zip("ABCDE", _TRUTH.values(), strict=True))


def _answered(**other: tuple[str, str]) -> dict[str, Any]:
    return {"tokens": _BAG, "answers": _SAID | other}


whose_token = Exercise(
    "whose-token",
    "Which server made each of the five tokens, and who may read it? Say it as a pair. Servers: "
    f"{', '.join(SERVERS)}. Readers: {', '.join(READERS)}.",
    judge_whose_token,
    [
        'Look at one with `show(bag["A"])`. Who made it stands in iss, whom it is for in aud.',
        'Compare the whole iss with the three issuers: `lab.url`, `home_loan["issuer"]`, '
        "`sync.issuer`. An ID token's aud is a client id, and its reader is that app.",
        "Two of the five are ID tokens; their jti begins with ID. Of the other three, each has "
        "another issuer, and the org's own is for Okta alone.",
    ],
    """
from grantlab import decode

made_by = {lab.url: "org", home_loan["issuer"]: "Home Loan", sync.issuer: "Sync"}
apis = {"org": "Okta's APIs", "Home Loan": "the Loans API", "Sync": "the Sync API"}
answers = {}
for name, token in bag.items():
    claims = decode(token).payload
    server = made_by[claims["iss"]]
    answers[name] = (server, "the app" if claims["aud"] == desk.client_id else apis[server])
show(whose_token.check({"tokens": bag, "answers": answers}))
""",
    wrong_answers=[
        WrongAnswer(
            {"tokens": _BAG, "answers": dict.fromkeys("ABCDE", ("Home Loan", "the Loans API"))},
            BY_LOOKS,
        ),
        WrongAnswer(_answered(C=("org", "the Loans API")), PREFIX_OF_ALL),
        WrongAnswer(_answered(E=("Sync", "the Loans API")), NEIGHBOURS_OWN),
        WrongAnswer(_answered(B=("org", "Okta's APIs")), TO_AN_API),
        WrongAnswer(_answered(A=("org", "the app")), BY_OPENID),
    ],
    short_cuts=[
        ShortCut(
            {
                "tokens": dict.fromkeys("ABCDE", _BAG["A"]),
                "answers": dict.fromkeys("ABCDE", _SAID["A"]),
            },
            "five times the token that one knows",
        ),
        ShortCut({"tokens": {}, "answers": _SAID}, "answers without a bag"),
        ShortCut({"tokens": _BAG, "answers": {"A": _SAID["A"]}}, "only the easy one"),
    ],
    attempted=lambda evidence: any(
        word is not ... for said in evidence["answers"].values() for word in said
    ),
)

# right-endpoint

THREE = "Three issuers are asked for: the org's, that of the server default, and Home Loan's."
AN_ID_FOR_THE_ORG = (
    "There is an id in the org server's address. So it stood in a page of 2017; today the org "
    "server is the one without an id."
)
DEFAULT_IS_CUSTOM = (
    "`default` is a custom server like others, with a friendly id. The org server isn't called so."
)
THE_ORGS_OWN = (
    "An address without an id is the org server's: the token would come from there, and be for "
    "Okta."
)
BY_ITS_NAME = "A server is addressed by its id. Names are for people, and may change."
ISSUER_ALONE = (
    "The org's issuer is its bare address, but its endpoints lie below /oauth2, as those of all "
    "others."
)
NOT_FOR_TOKENS = "That is another endpoint: for tokens, the path ends in `token`."
ELSEWHERE = "That address isn't below this org's."

_PATH = re.compile(r"/oauth2(?:/(?P<id>[^/]+))?/v1/(?P<endpoint>[a-z]+)")


def judge_right_endpoint(endpoints: Mapping[str, Any]) -> Iterator[str]:
    """Read each address as the server does: org, server, endpoint."""
    issuers = {issuer: issuer.partition("/oauth2/") for issuer in endpoints}
    ids = [server for _, _, server in issuers.values()]
    if len(ids) != 3 or "" not in ids or "default" not in ids:
        yield THREE
        return
    found: list[str] = []
    for issuer, url in endpoints.items():
        if url is None or url is ...:
            found.append(f"{issuer} has no endpoint yet.")
        else:
            org, _, server = issuers[issuer]
            found += _faults(org, server, str(url))
    yield from dict.fromkeys(found)


def _faults(org: str, server: str, url: str) -> Iterator[str]:
    if not url.startswith(f"{org}/") or urlsplit(url).query:
        yield ELSEWHERE
        return
    read = _PATH.fullmatch(url.removeprefix(org))
    if read is None:
        yield ISSUER_ALONE if not server else f"No server has an endpoint at {url}."
        return
    asked = read["id"] or ""
    if asked != server:
        yield _misled(server, asked)
    if read["endpoint"] != "token":
        yield NOT_FOR_TOKENS


def _misled(server: str, asked: str) -> str:
    if not server:
        return DEFAULT_IS_CUSTOM if asked == "default" else AN_ID_FOR_THE_ORG
    return BY_ITS_NAME if asked else THE_ORGS_OWN


_ENDPOINTS = {
    ORG: f"{ORG}/oauth2/v1/token",
    f"{ORG}/oauth2/default": f"{ORG}/oauth2/default/v1/token",
    OF_HOME_LOAN: f"{OF_HOME_LOAN}/v1/token",
}

right_endpoint = Exercise(
    "right-endpoint",
    "Give the token endpoint of each of the three issuers: the org's, that of the server "
    "`default`, and that of your Home Loan server.",
    judge_right_endpoint,
    [
        "An app needs to know one address, the issuer. Where do the others stand?",
        "Each issuer publishes a document at `/.well-known/oauth-authorization-server` below its "
        "address, and that has a member `token_endpoint`.",
        '`app.get(f"{issuer}/.well-known/oauth-authorization-server").json()'
        '["token_endpoint"]`, for each of the three.',
    ],
    """
endpoints = {}
for issuer in (lab.url, f"{lab.url}/oauth2/default", home_loan["issuer"]):
    document = app.get(f"{issuer}/.well-known/oauth-authorization-server").json()
    endpoints[issuer] = document["token_endpoint"]
show(right_endpoint.check(endpoints))
""",
    wrong_answers=[
        WrongAnswer(_ENDPOINTS | {ORG: f"{ORG}/oauth2/00o1/v1/token"}, AN_ID_FOR_THE_ORG),
        WrongAnswer(_ENDPOINTS | {ORG: f"{ORG}/oauth2/default/v1/token"}, DEFAULT_IS_CUSTOM),
        WrongAnswer(_ENDPOINTS | {f"{ORG}/oauth2/default": f"{ORG}/oauth2/v1/token"}, THE_ORGS_OWN),
        WrongAnswer(_ENDPOINTS | {OF_HOME_LOAN: f"{ORG}/oauth2/Home Loan/v1/token"}, BY_ITS_NAME),
        WrongAnswer(_ENDPOINTS | {ORG: f"{ORG}/v1/token"}, ISSUER_ALONE),
        WrongAnswer(_ENDPOINTS | {OF_HOME_LOAN: f"{OF_HOME_LOAN}/v1/authorize"}, NOT_FOR_TOKENS),
    ],
    short_cuts=[
        ShortCut(dict.fromkeys(_ENDPOINTS, f"{ORG}/oauth2/v1/token"), "one address for all"),
        ShortCut({ORG: _ENDPOINTS[ORG]}, "the other two left out"),
        ShortCut(dict(zip(_ENDPOINTS, _ENDPOINTS, strict=True)), "the issuers themselves"),
    ],
)

# one-server-per-product


NO_SERVER = "No server of this org has that id."
THE_BANKS = "That one is the bank's own, and was there before. Make one of yours."
NOT_ITS_OWN = (
    "The audience isn't this product's alone: it names all of the bank, or another product, or "
    "another server has the same. An API that compares aud lets in tokens for other doors."
)
LONG_LIST = (
    "Scopes of other products stand on this server. Then all of them share one audience, one set "
    "of policies and one administrator, and their names must never collide."
)
NO_SCOPES = "The server has no scope for transfers yet."
NO_TOKEN = (
    "That token isn't a good access token of this server: signature, issuer, audience and time."
)
SAME_LIFE = (
    "The token lives for more than ten minutes. Money is moved with it, and the rule that decides "
    "is yours alone now: set the lifetime there."
)


def judge_one_server(found: Facts) -> Iterator[str]:
    """Read the server's own facts, and the lifetime in a token that it signed."""
    if not found.name:
        yield NO_SERVER
        return
    if found.name == "Transfers":
        yield THE_BANKS
    if found.audience in found.others or "transfer" not in found.audience.lower():
        yield NOT_ITS_OWN
    ours = [scope for scope in found.scopes if scope.lower().startswith("transfer")]
    if len(ours) < len(found.scopes):
        yield LONG_LIST
    if not ours:
        yield NO_SCOPES
    if not found.claims:
        yield NO_TOKEN
    elif found.claims["exp"] - found.claims["iat"] > 600:
        yield SAME_LIFE


def _made(**other: Any) -> Facts:
    fresh = {"iat": 1_800_000_000, "exp": 1_800_000_300}
    transfers = {
        "name": "Transfers 3f2a9c",
        "audience": "api://lesson/transfers",
        "others": frozenset({HOME_LOAN, "api://transfers"}),
        "scopes": ("transfers:read", "transfers:write"),
        "claims": fresh,
    }
    return Facts(**(transfers | other))


one_server_per_product = Exercise(
    "one-server-per-product",
    "The bank's next product moves money: Transfers. Make it a server of its own as you made Home "
    "Loan's, with its own audience, its own scopes `transfers:read` and `transfers:write`, and "
    "access tokens of ten minutes at most. Prove it with a token that `job` got from it. (The "
    "name “Transfers” alone is taken: the bank has one.)",
    judge_one_server,
    [
        "Home Loan took five calls: server, two scopes, policy, rule. The lifetime stands in the "
        "rule, in minutes.",
        "An audience names one API product, not the bank: `api://lesson/transfers`, for instance. "
        "No scope of another product is made on this server, and none of this one on Home Loan's.",
        'The policy can stay as it is; for the rule, `rule | {"actions": {"token": '
        '{"accessTokenLifetimeMinutes": 5}}}`. Then `job.post(f"{transfers[\'issuer\']}/v1/token", '
        "…)`.",
    ],
    """
asked = {
    "name": f"Transfers {secrets.token_hex(3)}",
    "description": "Looking at transfers and moving money",
    "audiences": ["api://lesson/transfers"],
}
transfers = lab.admin.post(servers, json=asked).json()
path = f"{servers}/{transfers['id']}"
for scope in ("transfers:read", "transfers:write"):
    lab.admin.post(f"{path}/scopes", json={"name": scope})
policies = f"{path}/policies"
policy_id = lab.admin.post(policies, json=policy).json()["id"]
short = rule | {"actions": {"token": {"accessTokenLifetimeMinutes": 5}}}
lab.admin.post(f"{policies}/{policy_id}/rules", json=short)

answer = job.post(
    f"{transfers['issuer']}/v1/token",
    data={"grant_type": "client_credentials", "scope": "transfers:read"},
)
server_id, token = transfers["id"], answer.json()["access_token"]
show(one_server_per_product.check(facts(lab, server_id, token)))
""",
    wrong_answers=[
        WrongAnswer(
            _made(
                name="Home Loan 3f2a9c",
                audience=HOME_LOAN,
                scopes=("loans:read", "loans:apply", "transfers:read", "transfers:write"),
            ),
            LONG_LIST,
        ),
        WrongAnswer(_made(audience="api://bank"), NOT_ITS_OWN),
        WrongAnswer(_made(claims={"iat": 1_800_000_000, "exp": 1_800_003_600}), SAME_LIFE),
        WrongAnswer(_made(claims={}), NO_TOKEN),
        WrongAnswer(_made(name="Transfers", audience="api://transfers"), THE_BANKS),
        WrongAnswer(_made(name=""), NO_SERVER),
    ],
    short_cuts=[
        ShortCut(_made(audience="api://transfers"), "the audience of the bank's own server"),
        ShortCut(_made(scopes=()), "a server without scopes"),
        ShortCut("aus1transfers", "only an id"),
    ],
)

# never-this

NOBODY_YET = "Nobody knocked yet with all seven tokens: run knock() after each change."
DECODES = (
    "Everybody is let in. Decoding is reading; a token that can be read may be anybody's, and for "
    "any door."
)
NO_KEY_FOUND = (
    "The org server's access token is let in. There is no signature error to wait for: its key is "
    "published nowhere, so there is nothing to check it with. That has to mean no."
)
BY_PREFIX = (
    "A token of another server of the same org is let in. All their issuers begin alike: compare "
    "the whole iss, and use the keys of that one issuer alone."
)
NO_AUDIENCE = (
    "An ID token of your own server is let in: right issuer, good signature, and addressed to an "
    "app. Nobody looked at aud."
)
CLAIMS_ALONE = (
    "A token of the org server was edited, with your issuer, your audience and the name of your "
    "key written into it, and is let in: names were compared, and no signature."
)
REFUSES_ALL = "Somebody with a right token stands outside: that is no gate, that is a wall."
FALLS_OVER = (
    "Your check raised something that isn't a refusal, and the API fell over with a 500. A key "
    "that nobody published is one more reason for 401: raise `jwt.InvalidTokenError`."
)


def judge_never_this(recording: Recording) -> Iterator[str]:
    """Read how the API answered each token when it was brought last."""
    answers: dict[str, int] = {}
    for one in recording:
        token = sent_header(one, "authorization").removeprefix("Bearer ")
        if token:
            answers[token] = one.status or 0
    by_kind: dict[Kind, set[int]] = {}
    for token, status in answers.items():
        by_kind.setdefault(kind_in_lesson(token), set()).add(status)
    right = [status for token, status in answers.items() if kind_in_lesson(token) == "access token"]
    if len(by_kind) < 6 or len(right) < 2:
        yield NOBODY_YET
    let_in = {kind for kind, statuses in by_kind.items() if 200 in statuses}
    if len(let_in) == 6:
        yield DECODES
        return
    if any(status >= 500 for status in answers.values()):
        yield FALLS_OVER
    if any(status != 200 for status in right):
        yield REFUSES_ALL
    yield from (why for kind, why in _LET_IN.items() if kind in let_in)
    if let_in & {"neighbour", "ID token of org"}:
        yield BY_PREFIX


_LET_IN: dict[Kind, str] = {
    "access token of org": NO_KEY_FOUND,
    "ID token": NO_AUDIENCE,
    "forged": CLAIMS_ALONE,
}
_VISITORS: tuple[Kind, ...] = (
    "access token",
    "access token of org",
    "ID token of org",
    "ID token",
    "neighbour",
    "forged",
)


def _knocked(*let_in: Kind, refusal: int = 401) -> Recording:
    """All of them knocked, and these were let in; two had a right token."""
    visits = [(kind, 1) for kind in _VISITORS] + [("access token", 2)]
    return recording_of(
        *(_visit(kind, 200 if kind in let_in else refusal, number) for kind, number in visits)
    )


def _visit(kind: Kind, status: int, number: int = 1) -> Exchange:
    headers = {"authorization": f"Bearer {sample(kind, number)}"}
    return exchange("GET", "https://loans.example/loans", status, headers=headers)


never_this = Exercise(
    "never-this",
    "Make this API refuse the org server's tokens, and all others that aren't for it. Write "
    "`accept(token)`: it gives back the claims of an access token for this API, and raises "
    "`jwt.InvalidTokenError` for anything else, which the API answers with 401. Then run "
    "`knock()`: seven tokens come to the door, and two of them are right.",
    judge_never_this,
    [
        "Lesson 04 has the list: an algorithm of yours, a key that your issuer publishes, iss, "
        "aud, exp. Which of them does `accept` ask for at present?",
        "`jwt.decode` with `issuer=` and `audience=` compares both in full. The key has to come "
        "from Home Loan's key set, and from nowhere else; a kid that isn't in it is a refusal.",
        '`key = keys.get(jwt.get_unverified_header(token).get("kid"))`; when it is None, '
        '`raise jwt.InvalidTokenError("Nobody published that key.")`; then jwt.decode with '
        '`home_loan["issuer"]` and `home_loan["audiences"][0]`.',
    ],
    """
published = app.get(f"{home_loan['issuer']}/v1/keys").json()["keys"]
keys = {key["kid"]: jwt.PyJWK(key) for key in published}


def accept(token):
    key = keys.get(jwt.get_unverified_header(token).get("kid"))
    if key is None:
        raise jwt.InvalidTokenError("Nobody published that key.")
    meant = {"issuer": home_loan["issuer"], "audience": home_loan["audiences"][0]}
    return jwt.decode(token, key, algorithms=["RS256"], **meant)


knock()
show(never_this.check(knocks))
""",
    wrong_answers=[
        WrongAnswer(_knocked("access token", "access token of org", "forged"), NO_KEY_FOUND),
        WrongAnswer(_knocked("access token", "ID token of org", "neighbour"), BY_PREFIX),
        WrongAnswer(_knocked("access token", "ID token"), NO_AUDIENCE),
        WrongAnswer(_knocked("access token", "forged"), CLAIMS_ALONE),
        WrongAnswer(_knocked("access token", refusal=500), FALLS_OVER),
        WrongAnswer(_knocked(*_VISITORS), DECODES),
    ],
    short_cuts=[
        ShortCut(_knocked(), "an API that lets nobody in"),
        ShortCut(
            recording_of(_visit("access token", 200), _visit("access token of org", 401)),
            "only two of them knocked",
        ),
        ShortCut(
            recording_of(*_knocked("access token"), _visit("access token", 401, 2)),
            "one right token learnt by heart",
        ),
    ],
    attempted=lambda recording: len(recording) > 0,
)
