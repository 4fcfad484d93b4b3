"""The authorization code flow with PKCE, hop by hop (RFC 6749 §4.1, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from grantlab.browser import Browser
from grantlab.flows import (
    CALL,
    DISCOVER,
    Flow,
    FlowSetup,
    Refused,
    Remark,
    Step,
    StepResult,
    Switch,
    Walk,
    refusal_of,
)
from grantlab.recording import Recording


@dataclass(kw_only=True)
class CodeWalk(Walk):
    """A walk with a browser, and what the app keeps between sending off and redeeming."""

    browser: Browser
    verifier: str = ""
    challenge: str = ""
    state: str = ""
    code: str = ""


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def prepare(walk: CodeWalk) -> StepResult:
    """Make a verifier, its challenge and a state, fresh for this one request."""
    walk.verifier = secrets.token_urlsafe(15 if walk.makes("verifier-too-short") else 32)
    walk.challenge = challenge_of(walk.verifier)
    walk.state = secrets.token_urlsafe(16)
    return None


def authorize_url(walk: CodeWalk) -> str:
    """The link that sends the person to the authorization server."""
    wanted = {
        "response_type": "code",
        "client_id": walk.setup.client_id,
        "redirect_uri": redirect_uri(walk),
        "scope": " ".join(walk.setup.scopes),
        "state": walk.state,
        "code_challenge": walk.challenge,
        "code_challenge_method": "S256",
    }
    if walk.makes("no-challenge"):
        del wanted["code_challenge"], wanted["code_challenge_method"]
    if walk.makes("plain"):
        wanted |= {"code_challenge": walk.verifier, "code_challenge_method": "plain"}
    return f"{walk.metadata['authorization_endpoint']}?{urlencode(wanted)}"


def redirect_uri(walk: CodeWalk) -> str:
    """The registered redirect URI, or one that differs by a few letters."""
    extra = "/other" if walk.makes("redirect-not-registered") else ""
    return walk.setup.redirect_uri + extra


def send_off(walk: CodeWalk) -> StepResult:
    """Open the link in the person's browser, up to the first page."""
    walk.browser.go(authorize_url(walk)).follow()
    return _no_way_on(walk)


def sign_in(walk: CodeWalk) -> StepResult:
    """Fill in the sign-in form, unless the person is signed in already."""
    page = walk.browser.page
    if walk.browser.caught is not None or page is None:
        return Remark("The person was signed in already.")
    walk.browser.sign_in(walk.setup.username, walk.setup.password).follow()
    page = walk.browser.page
    if page is not None and page.form_with("password"):
        return Refused(page.alert or page.text)
    return _no_way_on(walk)


def consent(walk: CodeWalk) -> StepResult:
    """Press Allow, if the server asks."""
    page = walk.browser.page
    if walk.browser.caught is not None or page is None or not page.button("Allow"):
        return Remark("The server didn't ask.")
    walk.browser.allow().follow()
    return _no_way_on(walk)


def catch(walk: CodeWalk) -> StepResult:
    """Take the redirect that came to the app, and compare its state with the app's own."""
    caught = walk.browser.caught
    if caught is None:
        return Refused("No redirect has come back to the app.")
    walk.code, state = caught.params.get("code", ""), caught.params.get("state")
    if walk.makes("state-not-checked"):
        forged = urlencode({"code": walk.code, "state": "made-up-by-somebody-else"})
        walk.recording.caught(f"{walk.setup.redirect_uri}?{forged}", receiver=walk.setup.app_name)
        return Remark("A redirect with a foreign state came as well, and the app took it.")
    if state != walk.state:
        return Refused("The state is not the one this app made: the redirect is somebody else's.")
    return None


def redeem(walk: CodeWalk) -> StepResult:
    """Trade the code and the verifier for tokens, on the back channel."""
    verifier = secrets.token_urlsafe(32) if walk.makes("verifier-swapped") else walk.verifier
    form = {
        "grant_type": "authorization_code",
        "code": walk.code,
        "redirect_uri": redirect_uri(walk),
        "code_verifier": verifier,
    }
    if walk.makes("no-challenge"):
        del form["code_verifier"]
    request = walk.client_auth
    if walk.makes("secret-of-a-public-client"):
        form["client_secret"] = "hidden-in-the-app"
    if walk.makes("basic-without-secret"):
        request = {"data": {}, "auth": (walk.setup.client_id, "")}
    request["data"] = {**request["data"], **form}
    answer = walk.app.post(walk.metadata["token_endpoint"], **request)
    if refused := refusal_of(answer):
        return refused
    walk.tokens = answer.json()
    if walk.makes("no-challenge"):
        return Remark("It worked without PKCE: whoever had the code could have redeemed it.")
    if walk.makes("code-used-twice"):
        return refusal_of(walk.app.post(walk.metadata["token_endpoint"], **request))
    return None


STEPS: tuple[Step[CodeWalk], ...] = (
    DISCOVER,
    Step("Make verifier, challenge and state", "Two secrets the app keeps for itself.", prepare),
    Step("Send the person off", "The browser opens the authorize endpoint.", send_off),
    Step("Sign in", "The person shows the server, not the app, who they are.", sign_in),
    Step("Consent", "The person allows what the app asks for.", consent),
    Step("Catch the redirect", "The code arrives; the app compares the state first.", catch),
    Step("Redeem the code", "The app trades code and verifier for tokens.", redeem),
    CALL,
)

_SWITCHES = (
    Switch("no-challenge", "Leave the challenge out", "Whoever steals the code can redeem it."),
    Switch("plain", "Method plain", "The challenge is the verifier: whoever reads it has it."),
    Switch("verifier-swapped", "Another verifier", "A thief has the code, but not the verifier."),
    Switch("verifier-too-short", "A short verifier", "Twenty characters can be guessed sooner."),
    Switch(
        "redirect-not-registered",
        "An unregistered redirect URI",
        "The code would go to an address that nobody checked.",
    ),
    Switch("state-not-checked", "Don't compare the state", "Any redirect counts as one's own."),
    Switch("code-used-twice", "Redeem the code twice", "The second use looks like a theft."),
)

_PUBLIC_SWITCHES = (
    Switch(
        "secret-of-a-public-client",
        "Send a secret all the same",
        "A secret that ships with the app is known to everybody.",
    ),
    Switch(
        "basic-without-secret",
        "A Basic header without a secret",
        "A public client has nothing to put into that header.",
    ),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[CodeWalk]:
    """The code flow for this app and person, with its wrong-way switches."""
    kept = recording or Recording()
    public = () if setup.client_secret else _PUBLIC_SWITCHES
    return Flow(
        "Authorization code with PKCE",
        STEPS,
        (*_SWITCHES, *public),
        lambda mistakes: new_walk(setup, kept, mistakes),
    )


def new_walk(setup: FlowSetup, recording: Recording, mistakes: frozenset[str]) -> CodeWalk:
    """A walk from the start, in a browser without cookies."""
    recording.name(setup.redirect_uri, setup.app_name)
    return CodeWalk(
        setup=setup,
        recording=recording,
        mistakes=mistakes,
        app=recording.client(setup.app_name),
        browser=Browser(recording, lab_url=setup.issuer, redirect_uris=[setup.redirect_uri]),
    )


def _no_way_on(walk: CodeWalk) -> Refused | None:
    caught, page = walk.browser.caught, walk.browser.page
    if caught is not None and "error" in caught.params:
        description = caught.params.get("error_description", "")
        return Refused(f"{caught.params['error']}: {description}".rstrip(": "))
    if caught is None and (walk.browser.status or 0) >= 400:
        words = page.text if page else ""
        if page and "Error Code" in page.facts:
            words = f"{page.facts['Error Code']}: {page.facts.get('Description', '')}"
        return Refused(f"{walk.browser.status} {words}".strip())
    return None
