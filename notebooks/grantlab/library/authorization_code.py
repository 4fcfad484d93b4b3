"""The authorization code flow of an app that can keep a secret, hop by hop (RFC 6749 §4.1)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from grantlab.browser import Browser
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
)
from grantlab.pages import Form, Page
from grantlab.recording import Recording
from grantlab.steps import CALL, DISCOVER, TAKE_TOKENS, keep_tokens

BY_SCRIPTS = (
    "There is no sign-in form on this page: scripts make it, and this browser runs none. Open the "
    "link in your own browser, and give flow.state.browser.arrived(…) the address where it ends."
)
YES = ("Allow", "Allow Access", "Accept", "Authorize", "Continue", "Yes")
"""What the button may be called by which a person says yes to an app."""


@dataclass(kw_only=True)
class CodeWalk(Walk):
    """A walk with a browser, and what the app keeps between sending off and redeeming."""

    browser: Browser
    verifier: str = ""
    challenge: str = ""
    state: str = ""
    nonce: str = ""
    code: str = ""


def prepare(walk: CodeWalk) -> StepResult:
    """Make a state, fresh for this one request."""
    if not walk.setup.client_secret:
        return Refused("This app has no secret: the code alone would do. It needs PKCE instead.")
    walk.state = secrets.token_urlsafe(16)
    return None


def _prepare_code(_: CodeWalk) -> str:
    return "import secrets\nstate = secrets.token_urlsafe(16)"


def wanted(walk: CodeWalk) -> dict[str, str]:
    """The parameters of the authorization request (RFC 6749 §4.1.1)."""
    return {
        "response_type": "code",
        "client_id": walk.client_id,
        "redirect_uri": redirect_uri(walk),
        "scope": " ".join(walk.setup.scopes),
        "state": Known(walk.state, "state"),
    }


def redirect_uri(walk: CodeWalk) -> str:
    """The registered redirect URI, or one that differs by a few letters."""
    extra = "/other" if walk.makes("redirect-not-registered") else ""
    return walk.setup.redirect_uri + extra


def sending_off(ask: Callable[[CodeWalk], dict[str, str]]) -> Step[CodeWalk]:
    """The step that opens the link in the person's browser, up to the first page."""

    def send_off(walk: CodeWalk) -> StepResult:
        url = f"{walk.metadata['authorization_endpoint']}?{urlencode(ask(walk))}"
        walk.browser.go(url).follow()
        return no_way_on(walk)

    def code(walk: CodeWalk) -> str:
        return "\n".join(
            [
                "import webbrowser",
                "from urllib.parse import urlencode",
                f"wanted = {expression(ask(walk))}",
                "authorize_url = f\"{metadata['authorization_endpoint']}?{urlencode(wanted)}\"",
                "webbrowser.open(authorize_url)",
                'callback = input("The address at which the browser ended: ")',
            ]
        )

    return Step(
        "Send the person off",
        "The browser opens the authorize endpoint.",
        send_off,
        code=code,
        predict=WHERE_TO,
        needs=("authorization_endpoint",),
    )


def _where(walk: CodeWalk, result: StepResult) -> str:
    if not isinstance(result, Refused):
        return "app" if walk.browser.caught else "page"
    return "error-in-the-app" if walk.browser.caught else "error-on-the-server"


WHERE_TO: Question[CodeWalk] = Question(
    "Where will the browser end after this request?",
    (
        Choice(
            "page",
            "At the server's sign-in page",
            "The request is in order, and the server doesn't know yet who is there.",
        ),
        Choice(
            "error-in-the-app",
            "Back at the app, with an error",
            "Client and redirect URI are good, so the server can tell the app what is wrong.",
        ),
        Choice(
            "error-on-the-server",
            "At an error page of the server",
            "The redirect URI isn't one of this client's: nobody is sent to an unknown address.",
        ),
        Choice(
            "app",
            "Back at the app, with a code",
            "The person was signed in already and nothing was left to ask.",
        ),
    ),
    _where,
)


def sign_in(walk: CodeWalk) -> StepResult:
    """Fill in the sign-in form, unless the person is signed in already."""
    page = walk.browser.page
    if walk.browser.caught is not None or page is None:
        return Remark("The person was signed in already.")
    form = password_form(page)
    if form is None:
        return Remark(BY_SCRIPTS)
    name = _name_field(form)
    walk.browser.submit(**{name: walk.setup.username, "password": walk.setup.password}).follow()
    page = walk.browser.page
    if page is not None and password_form(page):
        return Refused(page.alert or page.text)
    return no_way_on(walk)


def password_form(page: Page) -> Form | None:
    """The form of the page that asks for a password."""
    return page.form_with("password")


def _name_field(form: Form) -> str:
    seen = [name for name in form.fields if name not in form.hidden and name != "password"]
    return "username" if "username" in seen or not seen else seen[0]


def consent(walk: CodeWalk) -> StepResult:
    """Press Allow, if the server asks."""
    page = walk.browser.page
    yes = next((word for word in YES if page and page.button(word)), None)
    if walk.browser.caught is not None or yes is None:
        return Remark("The server didn't ask.")
    walk.browser.press(yes).follow()
    return no_way_on(walk)


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


def _catch_code(walk: CodeWalk) -> str:
    lines = [
        "from urllib.parse import parse_qsl, urlsplit",
        "sent_back = dict(parse_qsl(urlsplit(callback).query))",
        'assert sent_back["state"] == state',
        'code = sent_back["code"]',
    ]
    if walk.makes("state-not-checked"):
        del lines[2]
    return "\n".join(lines)


def redeeming(walk: CodeWalk) -> Call:
    """The token request that trades the code (RFC 6749 §4.1.3)."""
    uri = walk.setup.redirect_uri if walk.makes("redirect-changed") else redirect_uri(walk)
    extra = "?from=elsewhere" if walk.makes("redirect-changed") else ""
    form = {
        "grant_type": "authorization_code",
        "code": Known(walk.code, "code"),
        "redirect_uri": uri + extra,
    }
    call = walk.post("token_endpoint", form)
    if walk.makes("wrong-secret"):
        return _with_auth(call, (walk.client_id, "not-the-secret-of-this-app"))
    if walk.makes("secret-left-out"):
        return Call(method="POST", url=call.url, data={"client_id": walk.client_id, **form})
    return call


def _with_auth(call: Call, auth: tuple[str, str]) -> Call:
    return Call(method=call.method, url=call.url, auth=auth, data=call.data)


def redeem(walk: CodeWalk) -> StepResult:
    """Trade the code for tokens, on the back channel."""
    call = redeeming(walk)
    if refused := keep_tokens(walk, walk.send(call)):
        return refused
    return keep_tokens(walk, walk.send(call)) if walk.makes("code-used-twice") else None


def _redeem_code(walk: CodeWalk) -> str:
    call = f"{redeeming(walk).written()}\n{TAKE_TOKENS}"
    return f"{call}\n{call}" if walk.makes("code-used-twice") else call


def _outcome(_: CodeWalk, result: StepResult) -> str:
    if not isinstance(result, Refused):
        return "tokens"
    return "the-app" if result.error == "invalid_client" else "the-code"


WHAT_COMES: Question[CodeWalk] = Question(
    "The app sends the code to the token endpoint. What comes back?",
    (
        Choice(
            "tokens",
            "Tokens",
            "The code is fresh, and everything that was bound to it comes with it.",
        ),
        Choice(
            "the-code",
            "invalid_grant: the code is no good",
            "The code was used before, or what was bound to it (client, redirect URI, challenge) "
            "is something else now.",
        ),
        Choice(
            "the-app",
            "invalid_client: the app isn't believed",
            "The server asks first who is there. Without the right proof the code isn't looked at.",
        ),
    ),
    _outcome,
)

SIGN_IN: Step[CodeWalk] = Step(
    "Sign in", "The person shows the server, not the app, who they are.", sign_in
)
CONSENT: Step[CodeWalk] = Step("Consent", "The person allows what the app asks for.", consent)
CATCH: Step[CodeWalk] = Step(
    "Catch the redirect", "The code arrives; the app compares the state first.", catch,
    code=_catch_code,
)  # fmt: skip

_STEPS: tuple[Step[Any], ...] = (
    DISCOVER,
    Step("Make a state", "A value that only this browser's app knows.", prepare, _prepare_code),
    sending_off(wanted),
    SIGN_IN,
    CONSENT,
    CATCH,
    Step(
        "Redeem the code",
        "The app trades the code for tokens, and proves with its secret that it is the app.",
        redeem,
        _redeem_code,
        WHAT_COMES,
        ("token_endpoint",),
    ),
    CALL,
)

REDIRECT_NOT_REGISTERED = Switch(
    "redirect-not-registered",
    "An unregistered redirect URI",
    "The code would go to an address that nobody checked.",
)
STATE_NOT_CHECKED = Switch(
    "state-not-checked", "Don't compare the state", "Any redirect counts as one's own."
)
CODE_USED_TWICE = Switch(
    "code-used-twice", "Redeem the code twice", "The second use looks like a theft."
)

_SWITCHES = (
    REDIRECT_NOT_REGISTERED,
    STATE_NOT_CHECKED,
    Switch("redirect-changed", "Another redirect URI when redeeming", "The code is bound to one."),
    Switch("wrong-secret", "A wrong secret", "Whoever redeems must prove to be the app."),
    Switch("secret-left-out", "No secret at all", "This is what a thief of the code can send."),
    CODE_USED_TWICE,
)


def flow(setup: FlowSetup, recording: Recording | None = None) -> Flow[CodeWalk]:
    """The code flow of a confidential app without PKCE, with its wrong-way switches."""
    kept = recording or Recording()
    return Flow(
        "Authorization code", _STEPS, _SWITCHES, lambda mistakes: new_walk(setup, kept, mistakes)
    )


def new_walk(setup: FlowSetup, recording: Recording, mistakes: frozenset[str]) -> CodeWalk:
    """A walk from the start, in a browser without cookies."""
    recording.name(setup.redirect_uri, setup.app_name)
    return CodeWalk(
        setup=setup,
        recording=recording,
        mistakes=mistakes,
        app=recording.client(setup.app_name),
        browser=Browser(
            recording,
            lab_url=setup.issuer,
            redirect_uris=[setup.redirect_uri, setup.post_logout_redirect_uri],
        ),
    )


def no_way_on(walk: CodeWalk) -> Refused | None:
    """Why the browser can't go on: an error sent to the app, or shown on a page."""
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
