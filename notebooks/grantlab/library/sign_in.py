"""Signing a person in: the code flow, and an ID token checked line by line (OIDC Core §3.1)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import Any

from grantlab.calls import Call, Known
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
    refusal_of,
)
from grantlab.library import authorization_code as base
from grantlab.library import authorization_code_pkce as pkce
from grantlab.recording import Recording
from grantlab.steps import DISCOVER
from grantlab.tokens import Check, KeySet, Verification, decode, verify

OF_OPENID = frozenset({"openid", "profile", "email", "address", "phone"})


@dataclass(kw_only=True)
class SignInWalk(base.CodeWalk):
    """A walk that knows in the end who is there."""

    subject: str = ""


def prepare(walk: base.CodeWalk) -> StepResult:
    """Make a nonce besides what the code flow needs."""
    walk.nonce = secrets.token_urlsafe(16)
    return pkce.prepare(walk)


def _prepare_code(walk: base.CodeWalk) -> str:
    return f"{pkce.prepare_code(walk)}nonce = secrets.token_urlsafe(16)"


def wanted(walk: base.CodeWalk) -> dict[str, str]:
    """The authentication request (OpenID Connect Core §3.1.2.1)."""
    asked = pkce.wanted(walk)
    if walk.makes("openid-left-out"):
        # Other OpenID scopes, and a nonce, are refused without it; an app's own scopes are not.
        own = [each for each in walk.setup.scopes if each not in OF_OPENID]
        return asked | {"scope": " ".join(own)}
    return asked | {"nonce": Known(walk.nonce, "nonce")}


def check_id_token(walk: SignInWalk) -> StepResult:
    """Every check of OpenID Connect Core §3.1.3.7, each with what it compared."""
    token = str(walk.token("id_token"))
    if not token:
        return Refused("No ID token came: nobody asked who is there.")
    now = walk.setup.now() if walk.setup.now else float(decode(token).payload.get("iat", 0))
    client_id = "another-app" if walk.makes("token-of-another-app") else walk.setup.client_id
    verification = verify(
        token,
        issuer=walk.setup.issuer,
        audience=client_id,
        keys=KeySet(walk.metadata["jwks_uri"], walk.app),
        now=now,
        algorithms=_algorithms(walk),
        token_type="id_token",
        nonce="a-nonce-of-another-visit" if walk.makes("nonce-of-another-visit") else walk.nonce,
    )
    checks = (*verification.checks, at_hash(token, str(walk.token())))
    verification = Verification(checks, decode(token).payload)
    if not verification.valid:
        names = ", ".join(check.name for check in verification.failed)
        return Refused(f"This ID token is not for this visit to this app: {names}.", verification)
    walk.subject = str(verification.claims.get("sub"))
    return Remark(f"Every check passed: the person is {walk.subject}.", verification)


def at_hash(id_token: str, access_token: str) -> Check:
    """The access token is the one that came with this ID token (OIDC Core §3.1.3.6)."""
    found = decode(id_token).payload.get("at_hash")
    digest = hashlib.sha256(access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
    if found is None:
        return Check("at_hash", "skipped", "nothing", expected)
    return Check("at_hash", "passed" if found == expected else "failed", str(found), expected)


def _algorithms(walk: SignInWalk) -> list[str]:
    offered = walk.metadata.get("id_token_signing_alg_values_supported", ["RS256"])
    return [name for name in offered if name.endswith("256")] or ["RS256"]


def _check_code(walk: SignInWalk) -> str:
    audience = '"another-app"' if walk.makes("token-of-another-app") else "client_id"
    own = '"a-nonce-of-another-visit"' if walk.makes("nonce-of-another-visit") else "nonce"
    names = ", ".join(f'"{name}"' for name in _algorithms(walk))
    return f"""
import jwt
keys = jwt.PyJWKClient(metadata["jwks_uri"])
key = keys.get_signing_key_from_jwt(tokens["id_token"])
person = jwt.decode(
    tokens["id_token"], key, algorithms=[{names}], issuer=issuer, audience={audience}
)
assert person["nonce"] == {own}
"""


def ask_userinfo(walk: SignInWalk) -> StepResult:
    """Ask for more about the person; the answer counts only if it is about the same one."""
    answer = walk.send(_userinfo_call(walk))
    if refused := refusal_of(answer):
        return refused
    if answer.json().get("sub") != walk.subject:
        return Refused("Userinfo speaks of somebody else than the ID token.")
    told = sorted(set(answer.json()) - {"sub"})
    return Remark(f"The same person; besides it tells {', '.join(told) or 'nothing'}.")


def _userinfo_call(walk: SignInWalk) -> Call:
    token = "id_token" if walk.makes("id-token-as-access-token") else "access_token"
    return Call(method="GET", url=walk.endpoint("userinfo_endpoint"), headers=walk.bearer(token))


def _userinfo_code(walk: SignInWalk) -> str:
    return (
        f"{_userinfo_call(walk).written()}\n"
        "told = answer.raise_for_status().json()\n"
        'assert told["sub"] == person["sub"]'
    )


def _came(_: SignInWalk, result: StepResult) -> str:
    if not isinstance(result, Refused):
        return "passes"
    failed = {check.name for check in result.checks.failed} if result.checks is not None else set()
    return "nonce" if "nonce" in failed else "aud" if "aud" in failed else "none"


WHAT_COMES: Question[SignInWalk] = Question(
    "The app checks the ID token before it believes it. What does it find?",
    (
        Choice(
            "passes",
            "Every check passes",
            "Made by this issuer, for this app, in answer to this very request.",
        ),
        Choice(
            "nonce",
            "The nonce is wrong",
            "The token is genuine, but it answers another request: somebody slipped it in.",
        ),
        Choice(
            "aud",
            "The audience is wrong",
            "The token is genuine, but it was made for another app, which may be anybody's.",
        ),
        Choice(
            "none",
            "There is no ID token",
            "Without the scope openid this is OAuth alone: access, but no word about the person.",
        ),
    ),
    _came,
)

_STEPS: tuple[Step[Any], ...] = (
    DISCOVER,
    Step(
        "Make verifier, state and nonce",
        "The nonce will come back inside the ID token.",
        prepare,
        _prepare_code,
    ),
    replace(base.sending_off(wanted), predict=None),
    base.SIGN_IN,
    base.CONSENT,
    base.CATCH,
    replace(pkce.REDEEM, predict=None),
    Step(
        "Check the ID token",
        "Line by line: nothing in it counts before all of it holds.",
        check_id_token,
        _check_code,
        WHAT_COMES,
        ("jwks_uri",),
    ),
    Step(
        "Ask userinfo",
        "More about the person, for the access token.",
        ask_userinfo,
        _userinfo_code,
        needs=("userinfo_endpoint",),
    ),
)

_SWITCHES = (
    Switch(
        "nonce-of-another-visit",
        "A nonce of another visit",
        "Somebody put the ID token of another sign-in into this one.",
    ),
    Switch(
        "token-of-another-app",
        "The token of another app",
        "Whoever runs that app could sign in here as each of its visitors.",
    ),
    Switch("openid-left-out", "Leave out the scope openid", "Then nobody says who is there."),
    Switch(
        "id-token-as-access-token",
        "Show the ID token to userinfo",
        "It is a letter to the app, not a key to anything.",
    ),
    base.STATE_NOT_CHECKED,
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[SignInWalk]:
    """OpenID Connect sign-in for this app and person."""
    kept = recording or Recording()
    scopes = setup.scopes if "openid" in setup.scopes else ("openid", *setup.scopes)
    signing_in = replace(setup, scopes=scopes)

    def new_walk(mistakes: frozenset[str]) -> SignInWalk:
        return SignInWalk(**vars(base.new_walk(signing_in, kept, mistakes)))

    return Flow("Sign-in with OpenID Connect", _STEPS, _SWITCHES, new_walk)
