"""The protocol endpoints: one blueprint, for the org server and every custom server."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, request, url_for

from labserver.domain.authorize import ResponseMode
from labserver.domain.errors import Refusal
from labserver.domain.values import ORG_SERVER
from labserver.oauth import logout as logging_out
from labserver.oauth import userinfo as about_users
from labserver.oauth.attempt import AnswerClient, AskPerson, Outcome, ShowError
from labserver.oauth.authorize import authorize as judge
from labserver.oauth.context import Context
from labserver.oauth.engine import Engine
from labserver.oauth.wire import Answer
from labserver.web import published, session_cookie
from labserver.web.bodies import form_request, parameters
from labserver.web.context import current_context
from labserver.web.cors import allow_any_origin
from labserver.web.errors import not_found
from labserver.web.forms import browser_cookie, ensure_browser_cookie
from labserver.web.rates import TOO_MANY, may_authorize
from labserver.web.rendering import error_page, form_post_page, okta_post_message_page, origin
from labserver.web.trusted import embedders

oauth = Blueprint("oauth", __name__)


@oauth.url_value_preprocessor
def name_the_server(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Note which server the URL names; the org server's URLs name none."""
    named = (values or {}).pop("server_id", None)
    context = current_context()
    # The org server's internal id is not a name that URLs know.
    context.server_id = "" if named == ORG_SERVER else named or ORG_SERVER


@oauth.route("/v1/authorize", methods=["GET", "POST"])
def authorize() -> Response:
    """RFC 6749 §3.1."""
    context = current_context()
    if context.server is None:
        return _error(404, Refusal("invalid_request", "The authorization server id is invalid."))
    try:
        pairs = parameters()
    except Refusal as refusal:
        return _error(refusal.status, refusal)
    if not may_authorize(context, dict(pairs).get("client_id", "")):
        return _error(429, Refusal("temporarily_unavailable", TOO_MANY, 429))
    browser = browser_cookie(request)
    signed_in = session_cookie.signed_in(context)
    return _private(_respond(context, judge(context, pairs, signed_in, browser)))


@oauth.post("/v1/token")
def token() -> Response:
    """RFC 6749 §3.2."""
    return respond(_engine().token(form_request()))


@oauth.post("/v1/introspect")
def introspect() -> Response:
    """RFC 7662 §2."""
    return respond(_engine().introspect(form_request()))


@oauth.post("/v1/revoke")
def revoke() -> Response:
    """RFC 7009 §2."""
    return respond(_engine().revoke(form_request()))


@oauth.route("/v1/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    """OpenID Connect Core §5.3."""
    _engine()
    header = request.headers.get("Authorization")
    return respond(about_users.userinfo(current_context(), header))


@oauth.get("/v1/keys")
def keys() -> Response:
    """RFC 7517 §5: the public keys of the server."""
    context = current_context()
    if context.server is None:
        raise not_found(request.path.split("/")[2], "AuthorizationServer")
    return published.publish(context, published.keys(context))


@oauth.route("/v1/logout", methods=["GET", "POST"])
def logout() -> Response:
    """OpenID Connect RP-Initiated Logout §2."""
    context = current_context()
    if context.server is None:
        return _error(404, Refusal("invalid_request", "The authorization server id is invalid."))
    sent = request.form if request.method == "POST" else request.args
    try:
        signed_in = session_cookie.signed_in(context)
        target = logging_out.logout(context, sent.to_dict(), signed_in)
    except Refusal as refusal:
        context.note("sign-out is sound", "failed", refusal.description)
        return _error(refusal.status, refusal)
    response = make_response(redirect(target or url_for("pages.sign_in"), 302))
    session_cookie.clear_cookie(response)
    return _private(response)


@oauth.after_request
def for_browser_apps(response: Response) -> Response:
    """CORS for what apps in a browser call; authorize and logout are navigations."""
    if not request.path.endswith(("/authorize", "/logout")):
        allow_any_origin(response)
    return response


def authorize_url(server_id: str, client_id: str, request_uri: str) -> str:
    """Where a waiting request goes on, below the script name."""
    if server_id == ORG_SERVER:
        return url_for("org_oauth.authorize", client_id=client_id, request_uri=request_uri)
    return url_for(
        "oauth.authorize", server_id=server_id, client_id=client_id, request_uri=request_uri
    )


def respond(answer: Answer) -> Response:
    """The HTTP response of a protocol answer."""
    if answer.body is None or isinstance(answer.body, str):
        response = Response(answer.body or "", answer.status)
    else:
        document = json.dumps(answer.body, separators=(",", ":"))
        response = Response(document, answer.status, mimetype="application/json")
    response.headers.extend(answer.headers)
    return response


def _engine() -> Engine:
    context = current_context()
    if context.server is None:
        raise Refusal("invalid_request", "The authorization server id is invalid.")
    return Engine(context)


def _respond(context: Context, outcome: Outcome) -> Response:
    if isinstance(outcome, ShowError):
        return _error(outcome.refusal.status, outcome.refusal)
    if isinstance(outcome, AskPerson):
        page = "pages.sign_in" if outcome.page == "sign_in" else "pages.consent"
        response = make_response(redirect(url_for(page, request_uri=outcome.request_uri), 302))
    else:
        response = _to_client(outcome)
    if outcome.session_value is not None:
        session_cookie.set_cookie(response, outcome.session_value)
    ensure_browser_cookie(response)
    return response


def _to_client(answer: AnswerClient) -> Response:
    if answer.mode == "form_post":
        return form_post_page(answer.redirect_uri, answer.fields.items())
    if answer.mode == "okta_post_message":
        app = origin(answer.redirect_uri)
        frames = embedders(current_context())
        return okta_post_message_page(app, answer.fields.items(), frames)
    return make_response(redirect(_with_fields(answer.redirect_uri, answer.mode, answer.fields)))


def _with_fields(redirect_uri: str, mode: ResponseMode, fields: dict[str, str]) -> str:
    separator = "#" if mode == "fragment" else "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{separator}{urlencode(fields)}"


def _error(status: int, refusal: Refusal) -> Response:
    context = current_context()
    status = 400 if refusal.status == 401 else status
    return error_page(status, refusal.error, refusal.description, context.request_id)


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
