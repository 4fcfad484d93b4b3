"""The pages where a person acts: sign-in, consent, home, sign-out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, request, url_for

from labserver.domain.errors import Refusal
from labserver.domain.values import Client, Scope, User
from labserver.oauth.authorize import consent_question
from labserver.oauth.context import Context
from labserver.store import ledger, loaders
from labserver.web import session_cookie
from labserver.web.authn import by_password
from labserver.web.context import current_context
from labserver.web.errors import ApiError
from labserver.web.forms import came_from, check_form_token, form_token
from labserver.web.oauth import authorize_url
from labserver.web.rendering import csp_source, error_page, go, origin, page
from labserver.web.request_id import request_id

__all__ = ["error_page", "pages"]

pages = Blueprint(
    "pages",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/assets",
)


@dataclass(frozen=True)
class Person:
    """A user as the pages show them."""

    name: str
    login: str

    @property
    def initial(self) -> str:
        """The letter in the round picture."""
        return self.name[:1].upper()


@dataclass(frozen=True)
class Waiting:
    """A parked request of this browser, with the app that waits for its answer."""

    handle: str
    parked: ledger.Parked
    client: Client

    @property
    def redirect_uri(self) -> str:
        """Where the answer will go."""
        return self.parked.parameters["redirect_uri"]


@pages.errorhandler(Refusal)
def refused(refusal: Refusal) -> Response:
    """A refusal on a page is shown to the person."""
    context = current_context()
    context.note("the page may go on", "failed", refusal.description)
    return error_page(refusal.status, refusal.error, refusal.description, context.request_id)


@pages.errorhandler(ApiError)
def no_such_org(error: ApiError) -> Response:
    """An address below an org that does not exist is a page too."""
    return error_page(error.status, "not_found", error.summary, request_id())


@pages.get("/")
def front() -> Response:
    """The org's bare address leads to its first page."""
    return go(url_for("pages.home"))


@pages.get("/login/login.htm")
def sign_in() -> Response:
    """The form for username and password, also for somebody who is signed in already."""
    context = current_context()
    waiting = _waiting(context)
    if waiting is None and "switch" not in request.args and session_cookie.signed_in_user(context):
        return go(url_for("pages.home"))
    hint = ""
    if waiting is not None and "switch" not in request.args:
        hint = waiting.parked.parameters.get("login_hint", "")
    return _sign_in_page(context, waiting, username=hint)


@pages.post("/login/login.htm")
def submit_sign_in() -> Response:
    """With the right password the browser gets a new session and goes on."""
    context = current_context()
    waiting = _waiting(context)
    _submitted_here(_sign_in_handle(context, waiting))
    username = request.form.get("username", "")
    user = by_password(context, username, request.form.get("password", ""))
    if user is None:
        return _sign_in_page(context, waiting, username=username, failed=True)
    cookie = session_cookie.start(context, user, ("pwd",))
    if waiting is not None:
        # What somebody else answered before this sign-in counts no more.
        answers = {"signed_in_at": context.now, "consented": None, "denied": None}
        ledger.answer_parked(context.session, waiting.handle, **answers)
    response = _resume(waiting) if waiting else go(url_for("pages.home"))
    session_cookie.set_cookie(response, cookie)
    return response


@pages.get("/login/consent")
def consent() -> Response:
    """The question whether the app may have these scopes."""
    context = current_context()
    waiting = _required(_waiting(context))
    user = session_cookie.signed_in_user(context)
    if user is None:
        return go(url_for("pages.sign_in", request_uri=waiting.handle))
    scopes = consent_question(context, waiting.parked, user)
    if not scopes:
        return _resume(waiting)
    return page(
        "consent.html",
        submits_to=f"'self' {csp_source(waiting.redirect_uri)}",
        org_name=context.org.name,
        app_name=waiting.client.name,
        person=_person(user),
        scopes=scopes,
        form_token=form_token(_consent_handle(waiting, user)),
        action=url_for("pages.consent", request_uri=waiting.handle),
        switch_url=url_for("pages.sign_in", request_uri=waiting.handle, switch=""),
        destination=origin(waiting.redirect_uri),
    )


@pages.post("/login/consent")
def submit_consent() -> Response:
    """The person's yes is kept, or their no; then the app gets its answer."""
    context = current_context()
    waiting = _required(_waiting(context))
    user = session_cookie.signed_in_user(context)
    if user is None:
        return go(url_for("pages.sign_in", request_uri=waiting.handle))
    _submitted_here(_consent_handle(waiting, user))
    decision = request.form.get("decision")
    if decision == "allow":
        scopes = _ticked(consent_question(context, waiting.parked, user))
        _allow(context, waiting, user, scopes)
    elif decision == "deny":
        context.note("the person allows it", "failed", "Don't allow was chosen.")
        context.event(
            "app.oauth2.as.consent.grant",
            "User consent to an app",
            outcome="DENY",
            reason="The person did not allow it.",
        )
        ledger.answer_parked(context.session, waiting.handle, denied=True)
    else:
        raise Refusal("invalid_form", "The form says neither Allow nor Don't allow.")
    return _resume(waiting)


@pages.get("/app/UserHome")
def home() -> Response:
    """Who is signed in here, and the way out."""
    context = current_context()
    session = session_cookie.signed_in(context)
    user = session_cookie.signed_in_user(context)
    if session is None or user is None:
        return go(url_for("pages.sign_in"))
    return page(
        "home.html",
        org_name=context.org.name,
        person=_person(user),
        groups=sorted(group.name for group in user.groups),
        signed_in_at=_clock(session.auth_time),
        session_ends=_clock(session.expires),
        form_token=form_token(f"sign-out {session.id}"),
        action=url_for("pages.sign_out"),
    )


@pages.get("/login/signout")
def sign_out() -> Response:
    """The question first: a link alone signs nobody out."""
    context = current_context()
    session = session_cookie.signed_in(context)
    user = session_cookie.signed_in_user(context)
    if session is None or user is None:
        return go(url_for("pages.sign_in"))
    return page(
        "sign_out.html",
        org_name=context.org.name,
        person=_person(user),
        form_token=form_token(f"sign-out {session.id}"),
        action=url_for("pages.sign_out"),
        home_url=url_for("pages.home"),
    )


@pages.post("/login/signout")
def submit_sign_out() -> Response:
    """The session is over; tokens that apps hold are not."""
    context = current_context()
    session = session_cookie.signed_in(context)
    if session is not None:
        _submitted_here(f"sign-out {session.id}")
        context.actor_user = loaders.load_user(context.session, session.user_id)
        ledger.end_session(context.session, session.id)
        context.event("user.session.end", "User logout from the lab")
    response = go(url_for("pages.sign_in", signed_out=""))
    session_cookie.clear_cookie(response)
    return response


def _waiting(context: Context) -> Waiting | None:
    """The parked request that the URL names; refused when it is not this browser's."""
    handle = request.args.get("request_uri", "")
    if not handle:
        return None
    parked = ledger.parked(context.session, handle, context.now)
    if parked is None:
        raise Refusal(
            "invalid_request",
            "This request is finished or too old. Go back to the app and start again.",
        )
    if not came_from(parked.browser):
        raise Refusal("invalid_request", "This request was started in another browser.", 403)
    client = loaders.load_client(context.session, parked.client_id)
    if client is None:
        raise Refusal("invalid_client", "The app that asked is not active any more.")
    context.passed("the request waits for this browser", client.name)
    return Waiting(handle, parked, client)


def _required(waiting: Waiting | None) -> Waiting:
    if waiting is None:
        raise Refusal("invalid_request", "This page needs the request of an app.")
    return waiting


def _resume(waiting: Waiting) -> Response:
    """Back to authorize, which looks at the parked request again."""
    parked = waiting.parked
    return go(authorize_url(parked.server_id, parked.client_id, waiting.handle))


def _submitted_here(handle: str) -> None:
    if not check_form_token(handle):
        raise Refusal(
            "invalid_form",
            "This form was made for another browser or another request, or it is too old.",
            403,
        )


def _sign_in_handle(context: Context, waiting: Waiting | None) -> str:
    return f"sign-in {waiting.handle if waiting else context.org.id}"


def _consent_handle(waiting: Waiting, user: User) -> str:
    # With the person in it: who changes accounts in another tab doesn't answer for the new one.
    return f"consent {waiting.handle} {user.id}"


def _sign_in_page(
    context: Context, waiting: Waiting | None, *, username: str, failed: bool = False
) -> Response:
    target = waiting.redirect_uri if waiting else ""
    return page(
        "sign_in.html",
        status=401 if failed else 200,
        submits_to=f"'self' {csp_source(target)}" if target else "'self'",
        org_name=context.org.name,
        app_name=waiting.client.name if waiting else "",
        destination=origin(target),
        username=username,
        failed=failed,
        signed_out="signed_out" in request.args,
        form_token=form_token(_sign_in_handle(context, waiting)),
        action=url_for("pages.sign_in", request_uri=waiting.handle if waiting else None),
    )


def _ticked(asked: tuple[Scope, ...]) -> list[str]:
    """What was allowed: every scope but the optional ones that the person took away."""
    ticked = set(request.form.getlist("scope"))
    return [scope.name for scope in asked if not scope.optional or scope.name in ticked]


def _allow(context: Context, waiting: Waiting, user: User, scopes: list[str]) -> None:
    parked = waiting.parked
    ledger.consent(
        context.session, user.id, parked.client_id, parked.server_id, scopes, context.now
    )
    ledger.answer_parked(context.session, waiting.handle, consented=scopes, consented_by=user.id)
    context.passed("the person allows it", " ".join(scopes))
    context.event("app.oauth2.as.consent.grant", "User consent to an app")


def _person(user: User) -> Person:
    names = (user.profile.get("firstName"), user.profile.get("lastName"))
    return Person(" ".join(name for name in names if name) or user.login, user.login)


def _clock(seconds: int) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
