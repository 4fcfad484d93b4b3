"""The blueprint of the pages: its templates, its static files, its errors."""

from __future__ import annotations

from flask import Blueprint, Response

from labserver.domain.errors import Refusal
from labserver.web.context import current_context
from labserver.web.errors import ApiError
from labserver.web.rendering import error_page
from labserver.web.request_id import request_id

pages = Blueprint(
    "pages",
    "labserver.web",
    template_folder="templates",
    static_folder="static",
    static_url_path="/assets",
)


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
