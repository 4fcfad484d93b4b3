"""Signing out, asked for by the app (OpenID Connect RP-Initiated Logout)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from grantlab.browser import Callback
from grantlab.calls import Known, expression, program
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
)
from grantlab.library import authorization_code as base
from grantlab.library import authorization_code_pkce as pkce
from grantlab.recording import Recording
from grantlab.steps import CALL, DISCOVER, call_with_token

ENDPOINT = "end_session_endpoint"
YES = ("Yes, sign me out", "Sign out", "Log out", "Yes")


@dataclass(kw_only=True)
class SignOutWalk(base.CodeWalk):
    """A walk that ends where it began: nobody is there."""

    id_token: str = ""


_SIGN_IN: tuple[Step[Any], ...] = pkce.STEPS[1:-1]


def sign_in(walk: SignOutWalk) -> StepResult:
    """Walk the whole code flow once, with the scope `openid`."""
    for step in _SIGN_IN:
        result = step.run(walk)
        if isinstance(result, Refused):
            return result
    walk.id_token = str(walk.token("id_token"))
    return None if walk.id_token else Refused("No ID token came: there is nothing to sign out by.")


def _sign_in_code(walk: SignOutWalk) -> str:
    return program(*(step.code(walk) for step in _SIGN_IN if step.code))


def _quietly(walk: SignOutWalk) -> dict[str, str]:
    return base.wanted(walk) | {
        "prompt": "none",
        "code_challenge": pkce.wanted(walk)["code_challenge"],
        "code_challenge_method": "S256",
    }


def ask_quietly(walk: SignOutWalk) -> StepResult:
    """Ask for a code without showing anything: is anybody signed in?"""
    url = f"{walk.metadata['authorization_endpoint']}?{urlencode(_quietly(walk))}"
    caught = walk.browser.go(url).follow().caught
    if caught is None:
        return Refused("The server showed a page, though it was asked to show none.")
    if "error" in caught.params:
        return Remark(
            f"{caught.params['error']}: nobody is signed in, so the person must be asked."
        )
    return Remark("A code came at once: the person is signed in at the server.")


def _quiet_code(walk: SignOutWalk) -> str:
    return _opened("authorization_endpoint", _quietly(walk))


def _opened(endpoint: str, parameters: dict[str, str]) -> str:
    return f"""
import webbrowser
from urllib.parse import urlencode
wanted = {expression(parameters)}
webbrowser.open(f"{{metadata['{endpoint}']}}?{{urlencode(wanted)}}")
callback = input("The address at which the browser ended: ")
"""


def _leaving(walk: SignOutWalk) -> dict[str, str]:
    extra = "/elsewhere" if walk.makes("address-not-registered") else ""
    asked = {
        "id_token_hint": walk.token("id_token"),
        "post_logout_redirect_uri": walk.setup.post_logout_redirect_uri + extra,
        "state": Known(walk.state, "state"),
    }
    if walk.makes("no-hint"):
        del asked["id_token_hint"]
    return asked


def sign_out(walk: SignOutWalk) -> StepResult:
    """Send the browser to the server's sign-out, and see it come back to the app."""
    if walk.makes("only-the-app"):
        return Remark("The app forgot its tokens and said goodbye. The server heard nothing of it.")
    walk.state = secrets.token_urlsafe(16)
    browser = walk.browser
    browser.go(f"{walk.metadata[ENDPOINT]}?{urlencode(_leaving(walk))}").follow()
    yes = next((word for word in YES if browser.page and browser.page.button(word)), None)
    if browser.caught is None and yes is not None:
        browser.press(yes).follow()
    return base.no_way_on(walk) or _back_at_the_app(walk, browser.caught)


def _back_at_the_app(walk: SignOutWalk, caught: Callback | None) -> StepResult:
    if caught is None:
        title = walk.browser.page.title if walk.browser.page else ""
        return Remark(f"The browser stayed at a page of the server: {title or 'it has no title'}.")
    if caught.params.get("state") != walk.state:
        return Refused("The state that came back is not the one this app made.")
    return None


def _sign_out_code(walk: SignOutWalk) -> str:
    if walk.makes("only-the-app"):
        return "# The app deletes its own cookie, and tells nobody."
    return f"import secrets\nstate = secrets.token_urlsafe(16){_opened(ENDPOINT, _leaving(walk))}"


def _came(walk: SignOutWalk, _: StepResult) -> str:
    caught = walk.browser.caught
    if caught is None:
        return "page"
    return "error" if "error" in caught.params else "code"


WHAT_COMES: Question[SignOutWalk] = Question(
    "The app asks once more with prompt=none. What does it get?",
    (
        Choice(
            "code",
            "A code, without a word to the person",
            "The server's session still stands: it lives in a cookie of the server, and what the "
            "app forgets doesn't reach it. The next click on “Sign in” needs no password.",
        ),
        Choice(
            "error",
            "login_required",
            "The session at the server is over, and prompt=none forbids to ask.",
        ),
        Choice("page", "The sign-in page", "The server asks all the same."),
    ),
    _came,
)

_NEEDS = ("authorization_endpoint",)
_STEPS: tuple[Step[Any], ...] = (
    DISCOVER,
    Step(
        "Sign in", "The code flow with the scope openid, in one go.", sign_in, _sign_in_code,
        needs=("authorization_endpoint", "token_endpoint"),
    ),
    Step(
        "Ask quietly", "With prompt=none: is anybody there?", ask_quietly, _quiet_code,
        needs=_NEEDS,
    ),
    Step(
        "Sign out",
        "The browser takes the ID token back to the server, and comes home.",
        sign_out,
        _sign_out_code,
        needs=(ENDPOINT,),
    ),
    Step("Ask quietly again", "The same question.", ask_quietly, _quiet_code, WHAT_COMES, _NEEDS),
    replace(
        CALL,
        title="Call with the old token",
        says="A session is over. What was handed out in it is another matter.",
        run=lambda walk: call_with_token(walk)
        or Remark("It still works: tokens live until they end or are revoked."),
    ),
)  # fmt: skip

_SWITCHES = (
    Switch("only-the-app", "Sign out of the app alone", "The server's session goes on."),
    Switch("no-hint", "No id_token_hint", "Any page on the web could sign people out."),
    Switch(
        "address-not-registered",
        "An unregistered address afterwards",
        "The server's sign-out would send people anywhere.",
    ),
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[SignOutWalk]:
    """Signing out of this app and of the server."""
    kept = recording or Recording()
    kept.name(setup.post_logout_redirect_uri, setup.app_name)
    scopes = setup.scopes if "openid" in setup.scopes else ("openid", *setup.scopes)
    signing_out = replace(setup, scopes=scopes)

    def new_walk(mistakes: frozenset[str]) -> SignOutWalk:
        return SignOutWalk(**vars(base.new_walk(signing_out, kept, mistakes)))

    return Flow("Sign-out", _STEPS, _SWITCHES, new_walk)
