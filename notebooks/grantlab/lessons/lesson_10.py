"""Exercises of lesson 10: services, their secrets, their assertions and their keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons.evidence import (
    answer_of,
    basic,
    exchange,
    form_of,
    query_of,
    recording_of,
    sent_header,
    token_requests,
)
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

ORG = "http://127.0.0.1:8080"
CUSTOM_TOKEN, ORG_TOKEN = f"{ORG}/oauth2/aus1/v1/token", f"{ORG}/oauth2/v1/token"
GRANT = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NO_REQUEST = "There is no token request with client credentials in this recording yet."


def _requests(recording: Recording) -> list[Exchange]:
    return token_requests(recording, GRANT)


def _asked(recording: Recording) -> bool:
    return any(one.path.endswith("/v1/token") for one in recording)


def _refused(error: str, description: str = "") -> dict[str, str]:
    return {"error": error, "error_description": description}


# keep-it-quiet

IN_THE_ADDRESS = (
    "The secret stands in an address. Every server and proxy on the way writes addresses into its "
    "log, whether it answers or refuses: treat that secret as leaked."
)
IN_THE_BODY = (
    "The secret came in the body. That works, and is the second choice: what is logged when a "
    "request fails is the body, seldom that header."
)
BOTH_WAYS = "The secret came twice, in header and body. A request has one way to say who it is."
NOT_GIVEN = "That request brought no secret in a Basic header."
NOBODY_DEFINED = (
    "One of the scopes is defined nowhere at this server. It grants all of what is asked for or "
    "nothing: the scope that exists was lost too."
)
NOBODY_THERE = (
    "`openid` asks who the person is, and a service has no person behind it: there is nobody to "
    "tell about."
)
ASKS_FOR_NOTHING = "The request names no scope. Nobody has told this server what to give then."


def judge_keep_it_quiet(recording: Recording) -> Iterator[str]:
    """Judge where the secret went in the newest request, what it asked for, and what came."""
    asked = _requests(recording)
    if not asked:
        yield NO_REQUEST
        return
    newest = asked[-1]
    in_header = sent_header(newest, "authorization").startswith("Basic ")
    in_body = "client_secret" in form_of(newest)
    if "client_secret" in query_of(newest):
        yield IN_THE_ADDRESS
    elif in_header and in_body:
        yield BOTH_WAYS
    elif in_body:
        yield IN_THE_BODY
    elif not in_header:
        yield NOT_GIVEN
    yield from _faults_of_scope(form_of(newest).get("scope", ""))
    if newest.status != 200:
        yield f"The server said {newest.status} {answer_of(newest).get('error', '')}."


def _faults_of_scope(scope: str) -> Iterator[str]:
    scopes = scope.split()
    if not scopes:
        yield ASKS_FOR_NOTHING
    if "openid" in scopes:
        yield NOBODY_THERE
    if {*scopes} - {"sync:read", "openid"}:
        yield NOBODY_DEFINED


def _with_secret(
    status: int,
    *,
    scope: str = "sync:read",
    header: bool = False,
    body: bool = False,
    query: bool = False,
) -> Recording:
    secret = {"client_id": "0oa1", "client_secret": "the-secret-of-the-job"}
    form = {"grant_type": GRANT} | ({"scope": scope} if scope else {}) | (secret if body else {})
    answer = {"access_token": "a", "scope": scope} if status == 200 else _refused("refused")
    headers = basic(*secret.values()) if header else {}
    return recording_of(
        exchange(
            "POST",
            CUSTOM_TOKEN,
            status,
            query=secret if query else None,
            form=form,
            headers=headers,
            answer=answer,
        )
    )


keep_it_quiet = Exercise(
    "keep-it-quiet",
    "Get an access token for `sync:read` in the job's own name, so that its secret stands neither "
    "in the address nor in the body. The client is called `quiet`, the server `sync`.",
    judge_keep_it_quiet,
    [
        "There are three places in a request where a secret could stand: the address, a header, "
        "the body. Who writes each of them into a log?",
        "HTTP has a header for a name with a password; OAuth uses it for id and secret "
        "(RFC 6749 §2.3.1). httpx makes it from `auth=(…, …)`.",
        '`quiet.post(f"{sync.issuer}/v1/token", auth=(job.client_id, job.client_secret), data={…})`'
        " with a `grant_type` and a `scope`.",
    ],
    """
quiet.post(
    f"{sync.issuer}/v1/token",
    auth=(job.client_id, job.client_secret),
    data={"grant_type": "client_credentials", "scope": "sync:read"},
)
show(keep_it_quiet.check(attempt))
""",
    wrong_answers=[
        WrongAnswer(_with_secret(400, query=True), IN_THE_ADDRESS),
        WrongAnswer(_with_secret(200, body=True), IN_THE_BODY),
        WrongAnswer(_with_secret(400, header=True, body=True), BOTH_WAYS),
        WrongAnswer(_with_secret(400, header=True, scope="sync:read sync:all"), NOBODY_DEFINED),
        WrongAnswer(_with_secret(400, header=True, scope="openid sync:read"), NOBODY_THERE),
        WrongAnswer(_with_secret(400, header=True, scope=""), ASKS_FOR_NOTHING),
    ],
    short_cuts=[
        ShortCut(_with_secret(401, header=True), "a quiet request that got nothing"),
        ShortCut(_with_secret(200), "a token without any proof"),
    ],
    attempted=_asked,
)

# by-hand-assertion

WRONG_AUDIENCE = (
    "aud names somebody else. It is the address that you post this assertion to: the token "
    "endpoint of the org server, so that no other server can use it."
)
EXPIRED = "exp lies in the past. It is seconds since the epoch, a little ahead of lab.now()."
TOO_FAR = (
    "exp is more than an hour ahead. An assertion is good for this one request; a few minutes do."
)
USED_TWICE = (
    "This jti has been used. An assertion is for one request: make a new one, and a new jti."
)
NOT_ITSELF = "sub and iss are not the same. The service speaks for itself: both are its client id."
UNKNOWN_ISSUER = "iss is not the id of a registered client."
WRONG_KID = "The kid in the header is none of the keys that are registered for the app."
SHARED_KEY = (
    "The algorithm doesn't fit. HS256 signs with a secret that both sides know; this app "
    "registered a public key, and signs with the private one."
)
WRONG_KEY = "Another key made that signature: not the private half of the one you registered."
NO_JTI = (
    "The token came. But the assertion has no jti, so whoever copies it can use it again "
    "until it expires."
)
NO_EXP = "exp is missing: without it an assertion would be good for ever."
NO_ASSERTION = "The newest token request brought no client_assertion."
OTHER_SERVER = "That request went to a custom server. This one is for the org server."
SECRET_TOO = "An assertion takes the place of a secret. Send no secret beside it."

# What the server says of an assertion, in words that only one mistake has.
_SAID = {
    "audience claim": WRONG_AUDIENCE,
    "is expired": EXPIRED,
    "too far into the future": TOO_FAR,
    "already been used": USED_TWICE,
    "subject claim": NOT_ITSELF,
    "issuer claim": UNKNOWN_ISSUER,
    "kid is invalid": WRONG_KID,
    "signature algorithm": SHARED_KEY,
    "signature is invalid": WRONG_KEY,
    "must contain the 'exp'": NO_EXP,
}


def judge_by_hand_assertion(recording: Recording) -> Iterator[str]:
    """Judge the newest token request: who it spoke to, what proved the client, what came."""
    asked = _requests(recording)
    if not asked:
        yield NO_REQUEST
        return
    newest, form = asked[-1], form_of(asked[-1])
    if not newest.path.endswith("/oauth2/v1/token"):
        yield OTHER_SERVER
    if "client_secret" in form or sent_header(newest, "authorization"):
        yield SECRET_TOO
    if "client_assertion" not in form:
        yield NO_ASSERTION
    elif newest.status == 200 and "jti" not in decode(form["client_assertion"]).payload:
        yield NO_JTI
    if newest.status != 200:
        said = str(answer_of(newest).get("error_description", ""))
        found = [hint for words, hint in _SAID.items() if words in said]
        yield found[0] if found else f"The server said {newest.status}: {said}"


def _assertion(jti: str = "once", kid: str = "key-1") -> str:
    header = {"alg": "ES256", "kid": kid}
    claims = {"iss": "0oa1", "sub": "0oa1"} | ({"jti": jti} if jti else {})
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _with_assertion(
    status: int = 200, said: str = "", *, url: str = ORG_TOKEN, jti: str = "once", **form: str
) -> Recording:
    sent = {
        "grant_type": GRANT,
        "scope": "okta.groups.read",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": _assertion(jti),
    }
    answer = {"access_token": "a"} if status == 200 else _refused("invalid_client", said)
    return recording_of(exchange("POST", url, status, form=sent | form, answer=answer))


by_hand_assertion = Exercise(
    "by-hand-assertion",
    "Get a token for `okta.groups.read` at the org server, with an assertion that you make and "
    "sign yourself: claims, `jwt.encode`, and a form for `directory_job.post`. No client library.",
    judge_by_hand_assertion,
    [
        "The claims stand in a table above, and the form has four fields: `grant_type`, `scope`, "
        "`client_assertion_type`, `client_assertion`. RFC 7523 §2.2.",
        "`iss` and `sub` are `directory.client_id`, `aud` is `org_token`, `exp` is "
        "`int(lab.now()) + 300`, and `jti` is something that never comes twice, such as "
        "`secrets.token_urlsafe(16)`.",
        '`jwt.encode(claims, private_key, algorithm="ES256", headers={"kid": "key-1"})` is the '
        "`client_assertion`.",
    ],
    """
claims = {
    "iss": directory.client_id,
    "sub": directory.client_id,
    "aud": org_token,
    "exp": int(lab.now()) + 300,
    "jti": secrets.token_urlsafe(16),
}
assertion = jwt.encode(claims, private_key, algorithm="ES256", headers={"kid": "key-1"})
directory_job.post(
    org_token,
    data={
        "grant_type": "client_credentials",
        "scope": "okta.groups.read",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    },
)
show(by_hand_assertion.check(signed))
""",
    wrong_answers=[
        WrongAnswer(
            _with_assertion(
                401, "The audience claim for client_assertion must be the endpoint invoked."
            ),
            WRONG_AUDIENCE,
        ),
        WrongAnswer(_with_assertion(401, "The client_assertion token is expired."), EXPIRED),
        WrongAnswer(
            _with_assertion(
                401, "The client_assertion token has an expiration too far into the future."
            ),
            TOO_FAR,
        ),
        WrongAnswer(
            _with_assertion(401, "The client_assertion token has already been used."), USED_TWICE
        ),
        WrongAnswer(
            _with_assertion(
                401, "The subject claim for client_assertion is not a valid client_id."
            ),
            NOT_ITSELF,
        ),
        WrongAnswer(_with_assertion(401, "The client_assertion JWT kid is invalid."), WRONG_KID),
        WrongAnswer(
            _with_assertion(401, "The client_assertion JWT signature algorithm is invalid."),
            SHARED_KEY,
        ),
        WrongAnswer(_with_assertion(401, "The client_assertion signature is invalid."), WRONG_KEY),
        WrongAnswer(_with_assertion(jti=""), NO_JTI),
    ],
    short_cuts=[
        ShortCut(_with_assertion(url=CUSTOM_TOKEN), "another server's token"),
        ShortCut(_with_assertion(client_secret="of-the-job"), "a secret beside the assertion"),
        ShortCut(_with_secret(200, header=True), "a token by a secret"),
    ],
    attempted=_asked,
)

# empty-list

GROUPS = "/api/v1/groups"
LEAST = ("GROUP_MEMBERSHIP_ADMIN", "HELP_DESK_ADMIN", "READ_ONLY_ADMIN", "CUSTOM")
"""Roles that see groups, none of which includes another of them."""

NOT_LISTED = "Nobody has listed the groups with the job's token yet."
MORE_SCOPES = (
    "The scope was there before. A 403 that lacks a scope says so in its `WWW-Authenticate` "
    "header, and this one had no such header: more scopes are the half that wasn't missing."
)
ALL_POWERFUL = (
    "A super admin sees groups, and may do everything else. A job that reads groups at night now "
    "holds the whole org."
)
LARGER = "That role opens the list, and changes things, too. There are roles that open less."
STILL_REFUSED = "The newest call was still refused: the half that is missing is still missing."
STILL_EMPTY = "The call is let in, and the list is empty: the role reaches no group that is there."
BY_API_TOKEN = (
    "An API token listed the groups. It acts as the person who made it, and says nothing about "
    "the job."
)


def judge_empty_list(recording: Recording) -> Iterator[str]:
    """Follow what was given and taken back, and what the job's newest call brought."""
    given = _given(recording)
    if any("/grants" in path for path in given):
        yield MORE_SCOPES
    roles = [kind for path, kind in given.items() if "/roles" in path]
    if "SUPER_ADMIN" in roles:
        yield ALL_POWERFUL
    elif not {*roles} <= {*LEAST}:
        yield LARGER
    listed = [one for one in recording if one.method == "GET" and one.path.endswith(GROUPS)]
    if not listed:
        yield NOT_LISTED
        return
    newest = listed[-1]
    if not sent_header(newest, "authorization").startswith("Bearer "):
        yield BY_API_TOKEN
    if newest.status != 200:
        yield STILL_REFUSED
    elif not newest.json():
        yield STILL_EMPTY


def _given(recording: Recording) -> dict[str, str]:
    """Roles and scopes that were given and not taken back: the path of each, and its kind."""
    given: dict[str, str] = {}
    for one in recording:
        if one.status is None or one.status >= 300:
            continue
        if one.method == "DELETE":
            given.pop(one.path, None)
        if one.method == "POST" and one.path.endswith(("/roles", "/grants")):
            kind = answer_of(one)
            given[f"{one.path}/{kind.get('id')}"] = str(kind.get("type", kind.get("scopeId")))
    return given


_CLIENT = f"{ORG}/oauth2/v1/clients/0oa1"
_BEARER = {"authorization": "Bearer an-access-token"}


def _role(kind: str, number: str = "ra1") -> Exchange:
    return exchange("POST", f"{_CLIENT}/roles", 200, answer={"id": number, "type": kind})


def _more_scopes(scope: str) -> Exchange:
    url = f"{ORG}/api/v1/apps/0oa1/grants"
    return exchange("POST", url, 201, answer={"id": "oag1", "scopeId": scope})


def _listed(
    status: int = 200, found: int = 4, *, headers: Mapping[str, str] = _BEARER, **more: Any
) -> Exchange:
    made = exchange("GET", f"{ORG}{GROUPS}", status, headers=headers, answer={}, **more)
    body = json.dumps([{"id": f"00g{number}"} for number in range(found)])
    return replace(made, response_body=body if status == 200 else "{}")


empty_list = Exercise(
    "empty-list",
    "Somebody's job shows no groups, and its program says nothing more. Find the half that is "
    "missing, give the job that half and no more, and list the groups once more with the token "
    "that it has. `admin` makes the management calls, `listing` the job's.",
    judge_empty_list,
    [
        "Look at what the program kept to itself: the status, and whether a "
        "`WWW-Authenticate` header names a scope.",
        "The scope says what the token is for, the role what its holder may do. The job has the "
        "first. A client gets the second at `roles`, with a `type`; reading wants little.",
        '`admin.post(roles, json={"type": "READ_ONLY_ADMIN"})`, then the same `listing.get` again.',
    ],
    """
admin.post(roles, json={"type": "READ_ONLY_ADMIN"})
listing.get("/api/v1/groups?limit=10")
show(empty_list.check(missing))
""",
    wrong_answers=[
        WrongAnswer(recording_of(_more_scopes("okta.groups.manage"), _listed(403)), MORE_SCOPES),
        WrongAnswer(recording_of(_role("SUPER_ADMIN"), _listed()), ALL_POWERFUL),
        WrongAnswer(recording_of(_role("ORG_ADMIN"), _listed()), LARGER),
        WrongAnswer(
            recording_of(
                _role("READ_ONLY_ADMIN"), _listed(headers={"authorization": "SSWS 00token"})
            ),
            BY_API_TOKEN,
        ),
        WrongAnswer(recording_of(_role("HELP_DESK_ADMIN"), _listed(found=0)), STILL_EMPTY),
    ],
    short_cuts=[
        ShortCut(recording_of(_role("READ_ONLY_ADMIN")), "the proof left out"),
        ShortCut(
            recording_of(_role("READ_ONLY_ADMIN"), _more_scopes("okta.apps.read"), _listed()),
            "the missing half, and another one to be sure",
        ),
        ShortCut(recording_of(_listed(403), _listed(403)), "asking again"),
    ],
    attempted=lambda recording: len(recording) > 0,
)

# roll-the-key

FAILED_CALL = (
    "A token request failed on the way: between two good moments there was one in which the job "
    "had no key that counts."
)
OLD_FIRST = "The old key was switched off before the server knew the new one. First the new one."
OLD_STILL_OPENS = "The old key still counts. Whoever has a copy of it gets tokens as before."
NOT_TRIED_BEFORE = "Show that the job works before you begin: a token by the old key."
NOT_TRIED_BETWEEN = "While both keys counted, nobody tried the new one: it might not have worked."
NOT_TRIED_AFTER = "After the old key went, nobody tried whether the job still works."
SAME_KEY = "All tokens came by one and the same key, so nothing was replaced."


def judge_roll_the_key(recording: Recording) -> Iterator[str]:
    """Follow both keys: when they counted, and which of them the job used meanwhile."""
    story = [step for one in recording if (step := _step(one))]
    kinds = [kind for kind, _ in story]
    kids = [kid for kind, kid in story if kind == "token"]
    if "refused" in kinds:
        yield FAILED_CALL
    if "new" not in kinds:
        yield OLD_FIRST if "off" in kinds else "The server hasn't got the new key yet."
        return
    new = kinds.index("new")
    off = kinds.index("off") if "off" in kinds else len(story)
    if off < new:
        yield OLD_FIRST
    elif off == len(story):
        yield OLD_STILL_OPENS
    if len({*kids}) < 2:
        yield SAME_KEY
        return
    before, after = story[:new], story[off:]
    if not any(kind == "token" and kid == kids[0] for kind, kid in before):
        yield NOT_TRIED_BEFORE
    if not any(kind == "token" and kid == kids[-1] for kind, kid in story[new:off]):
        yield NOT_TRIED_BETWEEN
    if off < len(story) and not any(step == ("token", kids[-1]) for step in after):
        yield NOT_TRIED_AFTER


def _step(one: Exchange) -> tuple[str, str] | None:
    """What an exchange means for the keys: a token by a key, a refusal, a new key, one off."""
    good = one.status is not None and one.status < 300
    if one.path.endswith("/v1/token"):
        header = decode(form_of(one).get("client_assertion", "")).header
        return ("token" if good else "refused"), str(header.get("kid"))
    if "/credentials/jwks" not in one.path or not good:
        return None
    if one.path.endswith("/lifecycle/deactivate") or one.method == "DELETE":
        return "off", one.path
    if one.method == "POST" and one.path.endswith("/jwks"):
        return "new", str(answer_of(one).get("kid"))
    return None


def _token(kid: str, status: int = 200) -> Exchange:
    form = {"grant_type": GRANT, "client_assertion": _assertion(kid=kid)}
    return exchange("POST", ORG_TOKEN, status, form=form, answer={})


_JWKS = f"{ORG}/api/v1/apps/0oa1/credentials/jwks"
_NEW = exchange("POST", _JWKS, 201, answer={"id": "pks2", "kid": "key-2"})
_OFF = exchange("POST", f"{_JWKS}/pks1/lifecycle/deactivate", 200, answer={})

roll_the_key = Exercise(
    "roll-the-key",
    "Replace the job's key, key-1, by a new one, key-2, with no failed call: the job gets a token "
    "before, while both keys count, and after the old one is switched off. `admin` makes the "
    "management calls, `token_with(key, kid)` asks for a token.",
    judge_roll_the_key,
    [
        "Think of a lock with two keys: the new one is cut before the old one is thrown away.",
        "Keys of an app are at `jwks`: POST the public half of the new one (201), GET shows them "
        "all with an id each, POST to `{jwks}/{id}/lifecycle/deactivate` switches one off.",
        "Six steps: token with key-1, POST the new key, token with key-2, GET the list, deactivate "
        "the one whose kid is key-1, token with key-2.",
    ],
    """
new_key = ec.generate_private_key(ec.SECP256R1())
new_public = ECAlgorithm.to_jwk(new_key.public_key(), as_dict=True) | {"kid": "key-2"}

token_with(private_key, "key-1")
admin.post(jwks, json=new_public)
token_with(new_key, "key-2")
old = next(key for key in admin.get(jwks).json() if key["kid"] == "key-1")
admin.post(f"{jwks}/{old['id']}/lifecycle/deactivate")
token_with(new_key, "key-2")
show(roll_the_key.check(rolled))
""",
    wrong_answers=[
        WrongAnswer(
            recording_of(_token("key-1"), _OFF, _token("key-2", 401), _NEW, _token("key-2")),
            OLD_FIRST,
        ),
        WrongAnswer(
            recording_of(_token("key-1"), _NEW, _OFF, _token("key-1", 401), _token("key-2")),
            FAILED_CALL,
        ),
        WrongAnswer(recording_of(_token("key-1"), _NEW, _token("key-2")), OLD_STILL_OPENS),
        WrongAnswer(recording_of(_token("key-1"), _NEW, _OFF, _token("key-2")), NOT_TRIED_BETWEEN),
    ],
    short_cuts=[
        ShortCut(recording_of(_NEW, _OFF), "keys changed while nobody called"),
        ShortCut(recording_of(_token("key-1"), _NEW, _token("key-1"), _OFF), "the new one unused"),
        ShortCut(
            recording_of(_token("key-1"), _NEW, _token("key-2"), _OFF), "the last proof left out"
        ),
    ],
    attempted=lambda recording: len(recording) > 0,
)

# either-or

FETCHES, BRINGS = "Fetches for me", "Brings its own"

NOT_YET_CALLED = {
    FETCHES: "The program that fetches its tokens hasn't listed the groups yet.",
    BRINGS: "The program that is handed a token hasn't listed the groups yet.",
}
SENDS_BOTH = (
    "One request brought a token and an assertion. An API takes the token, a token endpoint the "
    "assertion: who sends both can't say which of them was meant."
)
FETCHED_TOO = (
    "The program that is handed its token has asked for one of its own. For that it would need "
    "the key, and then nobody had to hand it anything."
)
DID_NOT_FETCH = "The program that fetches its tokens hasn't got one: where is its token request?"
NOT_ITS_OWN = "It fetched a token, and called with another one."
NO_ACCESS_TOKEN = (
    "What was sent to the API is the assertion. It speaks to the token endpoint only; to the API "
    "it is a token that somebody else was meant by."
)
NO_BEARER = "The API was called without a bearer token."


def judge_either_or(recording: Recording) -> Iterator[str]:
    """Judge each program by itself: where its token came from, and what it sent."""
    exchanges = list(recording)
    if any(_brings_both(one) for one in exchanges):
        yield SENDS_BOTH
    mine = {name: [one for one in exchanges if one.sender == name] for name in NOT_YET_CALLED}
    fetched = [
        str(answer_of(one)["access_token"])
        for one in mine[FETCHES]
        if one.path.endswith("/v1/token") and "access_token" in answer_of(one)
    ]
    if not fetched:
        yield DID_NOT_FETCH
    if any(one.path.endswith("/v1/token") for one in mine[BRINGS]):
        yield FETCHED_TOO
    for name, made in mine.items():
        calls = [one for one in made if one.path.endswith(GROUPS)]
        if not calls:
            yield NOT_YET_CALLED[name]
            continue
        yield from _faults_of_call(calls[-1], fetched if name == FETCHES else [])


def _faults_of_call(call: Exchange, fetched: list[str]) -> Iterator[str]:
    scheme, _, token = sent_header(call, "authorization").partition(" ")
    claims = decode(token).payload
    if scheme != "Bearer":
        yield NO_BEARER
    elif claims and claims.get("iss") == claims.get("sub"):
        yield NO_ACCESS_TOKEN
    elif fetched and token not in fetched:
        yield NOT_ITS_OWN
    elif call.status != 200:
        yield f"{call.sender}: the API said {call.status}."


def _brings_both(one: Exchange) -> bool:
    asserts = "client_assertion" in {**form_of(one), **query_of(one)}
    return asserts and bool(sent_header(one, "authorization"))


def _by(sender: str, one: Exchange) -> Exchange:
    return replace(one, sender=sender)


def _fetched(sender: str = FETCHES, token: str = "fetched", **headers: str) -> Exchange:
    form = {"grant_type": GRANT, "client_assertion": _assertion()}
    answer = {"access_token": token}
    return _by(sender, exchange("POST", ORG_TOKEN, 200, form=form, headers=headers, answer=answer))


def _with(sender: str, token: str, status: int = 200, **more: Any) -> Exchange:
    headers = {"authorization": f"Bearer {token}"}
    return _by(sender, _listed(status, headers=headers, **more))


_FETCHES_RIGHT = (_fetched(), _with(FETCHES, "fetched"))
_BRINGS_RIGHT = (_with(BRINGS, "brought"),)

either_or = Exercise(
    "either-or",
    "List the groups as each of the two programs would. `fetching` has the key and is to get its "
    "own token, `bringing` has only `brought`, a token that somebody handed it.",
    judge_either_or,
    [
        "How many requests does each of them make?",
        "Two and one. The first posts a form with an assertion to the token endpoint, takes the "
        "token from the answer, and calls; the second calls.",
        "`fetching.post(org_token, data=form_with(…))`, then each one "
        '`.get("/api/v1/groups?limit=10", headers={"Authorization": f"Bearer {…}"})`.',
    ],
    """
assertion = assertion_with(private_key, "key-1", jti=secrets.token_urlsafe(16))
fetched = fetching.post(org_token, data=form_with(assertion)).json()["access_token"]
groups = "/api/v1/groups?limit=10"
fetching.get(groups, headers={"Authorization": f"Bearer {fetched}"})
bringing.get(groups, headers={"Authorization": f"Bearer {brought}"})
show(either_or.check(modes))
""",
    wrong_answers=[
        WrongAnswer(
            recording_of(
                *_FETCHES_RIGHT,
                _with(BRINGS, "brought", query={"client_assertion": _assertion()}),
            ),
            SENDS_BOTH,
        ),
        WrongAnswer(
            recording_of(*_FETCHES_RIGHT, _fetched(BRINGS, "another"), _with(BRINGS, "another")),
            FETCHED_TOO,
        ),
        WrongAnswer(recording_of(_with(FETCHES, "brought"), *_BRINGS_RIGHT), DID_NOT_FETCH),
        WrongAnswer(
            recording_of(_fetched(), _with(FETCHES, "brought"), *_BRINGS_RIGHT), NOT_ITS_OWN
        ),
        WrongAnswer(
            recording_of(_fetched(), _with(FETCHES, _assertion(), 401), *_BRINGS_RIGHT),
            NO_ACCESS_TOKEN,
        ),
    ],
    short_cuts=[
        ShortCut(recording_of(*_FETCHES_RIGHT), "one of the two"),
        ShortCut(
            recording_of(*_FETCHES_RIGHT, _with(BRINGS, "brought", 403)), "a call that was refused"
        ),
        ShortCut(
            recording_of(_fetched(authorization="Bearer brought"), *_FETCHES_RIGHT, *_BRINGS_RIGHT),
            "the token endpoint got both",
        ),
    ],
    attempted=lambda recording: len(recording) > 0,
)
