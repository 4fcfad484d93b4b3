"""A service with a key of its own, up to a call of the management API (RFC 7523, Okta scopes)."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from grantlab.calls import Call, Known, expression
from grantlab.flows import (
    Choice,
    Flow,
    FlowSetup,
    Question,
    Refused,
    Remark,
    Step,
    StepResult,
    Switch,
    Walk,
    refusal_of,
)
from grantlab.recording import Recording
from grantlab.steps import (
    CALL,
    DISCOVER,
    TAKE_TOKENS,
    admin_of,
    call_with_token,
    came_of,
    keep_tokens,
)
from grantlab.steps import new_walk as plain_walk

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NO_ADMIN = "No management API is at hand: somebody must have done this at the server already."
NO_KEY = "There is neither a management API to register a key at, nor a key that is registered."
ROLE = "READ_ONLY_ADMIN"
NOT_GRANTED = "okta.idps.manage"
SHARED = "a word that the app and the server would share"
LISTS = {
    "okta.users": "/api/v1/users",
    "okta.groups": "/api/v1/groups",
    "okta.apps": "/api/v1/apps",
}


@dataclass(kw_only=True)
class KeyPair:
    """The service's key: its private half (PEM), and its public one as a JWK."""

    pem: str = field(default="", repr=False)
    jwk: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class KeyWalk(Walk):
    """A walk with an administrator at its side, a key pair, and the assertion made with it."""

    admin: httpx.Client | None
    pair: KeyPair
    assertion: str = ""

    @property
    def app_path(self) -> str:
        """Where the management API has this app."""
        return f"/api/v1/apps/{self.setup.client_id}"


def make_key(walk: KeyWalk) -> StepResult:
    """A key pair: the private half never leaves the service."""
    if walk.setup.private_key:
        return Remark("The key is the one that was given.")
    if walk.pair.pem:
        return Remark("The service keeps the key of the last play.")
    key = ec.generate_private_key(ec.SECP256R1())
    walk.pair.pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    walk.pair.jwk = {**public, "kid": f"flow-{secrets.token_hex(4)}", "use": "sig", "alg": "ES256"}
    return None


_MAKE_KEY = """
import secrets
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
private_key = ec.generate_private_key(ec.SECP256R1())
public_key = ECAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
public_key |= {"kid": f"flow-{secrets.token_hex(4)}", "use": "sig", "alg": "ES256"}
"""


def register_key(walk: KeyWalk) -> StepResult:
    """The app's public key is known to the server; an administrator did that."""
    if walk.admin is None:
        return Remark(NO_ADMIN) if walk.setup.private_key else Refused(NO_KEY)
    path = f"{walk.app_path}/credentials/jwks"
    answer = walk.admin.get(path)
    if refused := refusal_of(answer):
        return refused
    known = {key.get("kid") for key in answer.json()}
    if walk.pair.jwk["kid"] in known:
        return Remark("It is registered already.")
    return refusal_of(walk.admin.post(path, json=walk.pair.jwk))


_REGISTER = """
answer = admin.post(f"/api/v1/apps/{client_id}/credentials/jwks", json=public_key)
answer.raise_for_status()
"""


def grant(walk: KeyWalk) -> StepResult:
    """The app may ask the org server for its scopes; an administrator allowed that."""
    if walk.admin is None:
        return Remark(NO_ADMIN)
    path = f"{walk.app_path}/grants"
    answer = walk.admin.get(path)
    if refused := refusal_of(answer):
        return refused
    granted = {each["scopeId"] for each in answer.json()}
    for scope in walk.setup.scopes:
        if scope not in granted:
            body = {"scopeId": scope, "issuer": walk.setup.issuer}
            if refused := refusal_of(walk.admin.post(path, json=body)):
                return refused
    return Remark("Allowed already.") if granted >= set(walk.setup.scopes) else None


def _grant_code(walk: KeyWalk) -> str:
    return f"""
grants = f"/api/v1/apps/{{client_id}}/grants"
granted = [each["scopeId"] for each in admin.get(grants).raise_for_status().json()]
for scope in {expression(list(walk.setup.scopes))}:
    if scope not in granted:
        body = {{"scopeId": scope, "issuer": issuer}}
        admin.post(grants, json=body).raise_for_status()
"""


def give_role(walk: KeyWalk) -> StepResult:
    """The app has an admin role; or, with the switch for that, none at all."""
    if walk.admin is None:
        return Remark(NO_ADMIN)
    path = f"/oauth2/v1/clients/{walk.setup.client_id}/roles"
    answer = walk.admin.get(path)
    if refused := refusal_of(answer):
        return refused
    if walk.makes("no-role"):
        for role in answer.json():
            walk.admin.delete(f"{path}/{role['id']}")
        return Remark("The app has no role.")
    if answer.json():
        return Remark(f"It has one already: {answer.json()[0]['type']}.")
    return refusal_of(walk.admin.post(path, json={"type": ROLE}))


def _role_code(walk: KeyWalk) -> str:
    lines = [
        'roles = f"/oauth2/v1/clients/{client_id}/roles"',
        "held = admin.get(roles).raise_for_status().json()",
    ]
    if walk.makes("no-role"):
        return "\n".join(
            [
                *lines,
                "for role in held:",
                "    admin.delete(f\"{roles}/{role['id']}\").raise_for_status()",
            ]
        )
    give = f'    admin.post(roles, json={{"type": "{ROLE}"}}).raise_for_status()'
    return "\n".join([*lines, "if not held:", give])


def make_assertion(walk: KeyWalk) -> StepResult:
    """A short statement, signed: this is the app, for this address, once (RFC 7523 §3)."""
    now = int(walk.setup.now() if walk.setup.now else time.time())
    claims: dict[str, Any] = {
        "iss": walk.setup.client_id,
        "sub": _subject(walk) or walk.setup.client_id,
        "aud": _audience(walk) or str(walk.endpoint("token_endpoint")),
        "exp": now + _seconds(walk),
        "jti": secrets.token_urlsafe(16),
    }
    kid = _kid(walk) or walk.setup.key_id or walk.pair.jwk.get("kid", "")
    key, algorithm = _signing(walk)
    walk.assertion = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})
    return None


def _signing(walk: KeyWalk) -> tuple[Any, str]:
    """What signs the assertion, and how."""
    if walk.makes("shared-key"):
        return SHARED, "HS256"
    if walk.makes("other-key"):
        return ec.generate_private_key(ec.SECP256R1()), "ES256"
    pem = walk.setup.private_key or walk.pair.pem
    # A key that was given may be of either kind.
    key = serialization.load_pem_private_key(pem.encode(), None)
    return pem, "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"


def _audience(walk: KeyWalk) -> str:
    return "https://another.example/token" if walk.makes("other-audience") else ""


def _subject(walk: KeyWalk) -> str:
    return "somebody-else" if walk.makes("other-subject") else ""


def _kid(walk: KeyWalk) -> str:
    return "a-key-of-yesterday" if walk.makes("unknown-kid") else ""


def _seconds(walk: KeyWalk) -> int:
    if walk.makes("expired"):
        return -60
    return 7200 if walk.makes("too-long") else 300


def _assertion_code(walk: KeyWalk) -> str:
    audience = expression(_audience(walk) or walk.endpoint("token_endpoint"))
    subject, kid = _subject(walk), _kid(walk)
    key, algorithm = "private_key", "ES256"
    if walk.makes("other-key"):
        key = "ec.generate_private_key(ec.SECP256R1())"
    if walk.makes("shared-key"):
        key, algorithm = expression(SHARED), "HS256"
    seconds = _seconds(walk)
    return f"""
import time
import secrets
import jwt
claims = {{
    "iss": client_id,
    "sub": {expression(subject) if subject else "client_id"},
    "aud": {audience},
    "exp": int(time.time()) {"+" if seconds > 0 else "-"} {abs(seconds)},
    "jti": secrets.token_urlsafe(16),
}}
headers = {{"kid": {expression(kid) if kid else 'public_key["kid"]'}}}
assertion = jwt.encode(claims, {key}, algorithm="{algorithm}", headers=headers)
"""


def asking(walk: KeyWalk) -> Call:
    """The token request with the assertion in the place of a secret."""
    scopes = list(walk.setup.scopes)
    if walk.makes("not-granted"):
        scopes.append(NOT_GRANTED)
    form = {
        "grant_type": "client_credentials",
        "scope": " ".join(scopes),
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": Known(walk.assertion, "assertion"),
    }
    return Call(method="POST", url=walk.endpoint("token_endpoint"), data=form)


def ask(walk: KeyWalk) -> StepResult:
    """Trade the assertion for a token; or try it twice."""
    if refused := keep_tokens(walk, walk.send(asking(walk))):
        return refused
    return keep_tokens(walk, walk.send(asking(walk))) if walk.makes("assertion-twice") else None


def _ask_code(walk: KeyWalk) -> str:
    call = f"{asking(walk).written()}\n{TAKE_TOKENS}"
    return f"{call}\n{call}" if walk.makes("assertion-twice") else call


def _managing(walk: KeyWalk) -> Call | None:
    kinds = (scope.rpartition(".")[0] for scope in walk.setup.scopes)
    path = next((LISTS[kind] for kind in kinds if kind in LISTS), None)
    if path is None or walk.setup.api_url:
        return None
    url = Known(f"{walk.setup.issuer}{path}", f'f"{{issuer}}{path}"')
    return Call(method="GET", url=url, headers=walk.bearer())


def manage(walk: KeyWalk) -> StepResult:
    """Call the management API with the token; or another API, if the setup names one."""
    call = _managing(walk)
    if call is None:
        return call_with_token(walk)
    answer = walk.send(call)
    return refusal_of(answer) or Remark(f"{len(answer.json())} entries came.")


def _manage_code(walk: KeyWalk) -> str:
    call = _managing(walk)
    if call is None:
        return CALL.code(walk) if CALL.code else ""
    return f"{call.written()}\nprint(len(answer.raise_for_status().json()))"


ASKING: Question[KeyWalk] = Question(
    "The service sends its assertion. What comes back?",
    (
        Choice(
            "token",
            "A token",
            "A registered key signed it, for this address, for a short time, and for the first "
            "time. Admin roles are not looked at here.",
        ),
        Choice(
            "invalid_client",
            "invalid_client",
            "The assertion proves nothing: another key, another address, too long a life, or it "
            "was used before.",
        ),
        Choice(
            "invalid_scope",
            "invalid_scope",
            "The server knows the app, and nobody granted it one of these scopes.",
        ),
    ),
    lambda _, result: came_of(result, "token", "invalid_client", "invalid_scope"),
)

CALLING: Question[KeyWalk] = Question(
    "The token has the scope. Does the management API answer?",
    (
        Choice("yes", "Yes", "The scope opens the call, and the app's role allows what it does."),
        Choice(
            "no",
            "No: 403",
            "A scope says what the app may ask for, a role what it may do. This app has none.",
        ),
    ),
    lambda _, result: "no" if isinstance(result, Refused) else "yes",
)

_STEPS: tuple[Step[Any], ...] = (
    Step(
        "Make a key pair",
        "The private half stays with the service for good.",
        make_key,
        lambda _: _MAKE_KEY,
    ),
    Step(
        "Register the public key",
        "An administrator tells the server how to know the app.",
        register_key,
        lambda _: _REGISTER,
    ),
    Step("Grant the scopes", "An administrator allows the app these scopes.", grant, _grant_code),
    Step("Give it a role", "An administrator says what it may do at all.", give_role, _role_code),
    DISCOVER,
    Step("Make an assertion", "Claims, signed with the key.", make_assertion, _assertion_code),
    Step(
        "Ask for a token",
        "The assertion goes in, a token comes out. No secret is sent.",
        ask,
        _ask_code,
        ASKING,
        ("token_endpoint",),
    ),
    Step("Call the management API", "With the token, as any admin tool.", manage, _manage_code,
         CALLING),
)  # fmt: skip

_SWITCHES = (
    Switch("no-role", "No admin role", "A scope alone opens nothing in the management API."),
    Switch("not-granted", "A scope nobody granted", "One such scope refuses them all."),
    Switch("other-key", "Signed with another key", "Whoever lacks the key isn't the app."),
    Switch("unknown-kid", "The name of an old key", "The server looks for the key by its name."),
    Switch("shared-key", "HS256 instead of a key pair", "Both would know a secret, as before."),
    Switch("other-subject", "Somebody else as its subject", "An app speaks for itself alone."),
    Switch("other-audience", "For another address", "Else one server could use it at the next."),
    Switch("expired", "A minute too late", "What is old may have been copied meanwhile."),
    Switch("too-long", "Good for two hours", "A stolen assertion should be worth little for long."),
    Switch(
        "assertion-twice", "The same assertion twice", "Whoever overheard it could send it too."
    ),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[KeyWalk]:
    """Client credentials with a key, at the org server, and a call of the management API."""
    kept, pair = recording or Recording(), KeyPair()

    def new_walk(mistakes: frozenset[str]) -> KeyWalk:
        admin = admin_of(setup, kept)
        return KeyWalk(**vars(plain_walk(setup, kept, mistakes)), admin=admin, pair=pair)

    return Flow("Client credentials with a private key", _STEPS, _SWITCHES, new_walk)
