"""Exercises of lesson 10: services, their secrets, their assertions and their keys."""

from __future__ import annotations

from collections.abc import Iterator

from grantlab.exercises import Exercise, ShortCut, WrongAnswer
from grantlab.lessons import service_calls
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
from grantlab.lessons.service_calls import (
    ASSERTION_TYPE,
    CUSTOM_TOKEN,
    GRANT,
    ORG,
    ORG_TOKEN,
    made_assertion,
)
from grantlab.recording import Exchange, Recording
from grantlab.tokens import decode

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


def _with_assertion(
    status: int = 200, said: str = "", *, url: str = ORG_TOKEN, jti: str = "once", **form: str
) -> Recording:
    sent = {
        "grant_type": GRANT,
        "scope": "okta.groups.read",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": made_assertion(jti),
    }
    answer = {"access_token": "a"} if status == 200 else _refused("invalid_client", said)
    return recording_of(exchange("POST", url, status, form=sent | form, answer=answer))


by_hand_assertion = Exercise(
    "by-hand-assertion",
    "Get a token for `okta.groups.read` at the org server, with an assertion that you make and "
    "sign yourself: claims, `jwt.encode`, and a form for `directory_job.post`. No client library.",
    judge_by_hand_assertion,
    [
        "The claims stand in a table of the lesson, and the form has four fields: `grant_type`, "
        "`scope`, `client_assertion_type`, `client_assertion`. RFC 7523 §2.2.",
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
            _with_assertion(401, "The client_assertion token has already been used."),
            USED_TWICE,
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

empty_list = service_calls.empty_list

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

Step = tuple[str, str]
"""What happened to a key, or by it, and the key's name."""


def judge_roll_the_key(recording: Recording) -> Iterator[str]:
    """Follow both keys: when they counted, and which of them the job used meanwhile."""
    story = [step for one in recording if (step := _step(one))]
    kinds = [kind for kind, _ in story]
    kids = [kid for kind, kid in story if kind == "token"]
    refused = [at for at, kind in enumerate(kinds) if kind == "refused"]
    if not all(_shows_its_end(story, at) for at in refused):
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
    if kids[-1] == kids[0] and off < len(story):
        yield OLD_STILL_OPENS
    before, after = story[:new], story[off:]
    if not any(kind == "token" and kid == kids[0] for kind, kid in before):
        yield NOT_TRIED_BEFORE
    if not any(kind == "token" and kid == kids[-1] for kind, kid in story[new:off]):
        yield NOT_TRIED_BETWEEN
    if off < len(story) and not any(step == ("token", kids[-1]) for step in after):
        yield NOT_TRIED_AFTER


def _shows_its_end(story: list[Step], at: int) -> bool:
    """The refused key is the old one, switched off after the job had changed to the new one."""
    before = story[:at]
    off = next((place for place, (kind, _) in enumerate(before) if kind == "off"), 0)
    used = [kid for kind, kid in before[:off] if kind == "token"]
    return len({*used}) > 1 and story[at][1] == used[0]


def _step(one: Exchange) -> Step | None:
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
    form = {"grant_type": GRANT, "client_assertion": made_assertion(kid=kid)}
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
        ShortCut(
            recording_of(
                *(_token("key-1"), _NEW, _token("key-2"), _token("key-1")),
                *(_OFF, _token("key-2", 401), _token("key-1")),
            ),
            "the new key switched off again",
        ),
        ShortCut(recording_of(_token("key-1"), _NEW, _token("key-1"), _OFF), "the new one unused"),
        ShortCut(
            recording_of(_token("key-1"), _NEW, _token("key-2"), _OFF), "the last proof left out"
        ),
    ],
    attempted=lambda recording: len(recording) > 0,
)

# either-or

either_or = service_calls.either_or
