"""Opens each request's context; commits what it did, or rolls it back."""

from __future__ import annotations

from dataclasses import replace

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import InternalServerError

from labserver.oauth.context import Context
from labserver.settings import Settings
from labserver.store.database import Database
from labserver.web.errors import ApiError, fault
from labserver.web.org_prefix import ORG
from labserver.web.request_id import request_id

_EXTENSION = "labserver"


def install(app: Flask, settings: Settings, database: Database) -> None:
    """Give each request of the app a context on demand."""
    app.extensions[_EXTENSION] = (settings, database)
    app.register_error_handler(InternalServerError, _fault)
    app.after_request(_finish)
    app.teardown_request(_close)


def current_context() -> Context:
    """The request's context, opened at the first call.

    Raises `ApiError` (404) when the URL names an org that does not exist.
    """
    if "context" not in g:
        g.context = _open()
    context: Context = g.context
    return context


def installation() -> tuple[Settings, Database]:
    """The settings and the database of the running app."""
    found: tuple[Settings, Database] = current_app.extensions[_EXTENSION]
    return found


def _fault(error: InternalServerError) -> Response:
    """A fault of ours: what the request did is undone."""
    roll_back()
    return fault()


def roll_back() -> None:
    """Undo what the request did to the database, and forget the events it would have left."""
    if "context" in g:
        g.context.session.rollback()
        g.context.events.clear()


def _open() -> Context:
    settings, database = installation()
    slug = request.environ.get(ORG, "")
    org = database.find_org(slug, settings.base_url)
    if org is None:
        raise ApiError("E0000007", summary=f"Not found: Resource not found: {slug} (Org)")
    return Context(
        org=org,
        session=database.session(org),
        settings=settings,
        now=int(settings.clock()) + org.clock_offset,
        request_id=request_id(),
        ip=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent", "")[:200],
    )


def _finish(response: Response) -> Response:
    response.headers["X-Okta-Request-Id"] = request_id()
    if "context" not in g:
        return response
    context: Context = g.context
    if context.session.in_transaction():
        context.session.commit()
    _leave_events(context, response.status_code)
    return response


def _leave_events(context: Context, status: int) -> None:
    """Each request leaves at least one event; the first one carries the reasons."""
    _, database = installation()
    if not context.events:
        outcome = "SUCCESS" if status < 400 else "FAILURE"
        message = f"{request.method} {request.url_rule or 'unknown path'}"
        context.event("lab.request", message, outcome=outcome)
    published = context.settings.clock() + context.org.clock_offset
    for number, event in enumerate(context.events):
        checks = () if number else tuple(context.reasons)
        database.log.add(context.org.pk, replace(event, checks=checks, published=published))


def _close(error: BaseException | None) -> None:
    if "context" in g:
        g.context.session.close()
