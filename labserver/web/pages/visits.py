"""What the pages share: who is there, which app waits for them, whether a form is theirs."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request

from labserver.domain.errors import Refusal
from labserver.domain.values import Client, User
from labserver.oauth.context import Context
from labserver.store import ledger, loaders
from labserver.web.forms import came_from, check_form_token
from labserver.web.oauth import authorize_url
from labserver.web.rendering import go


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


def waiting_here(context: Context) -> Waiting | None:
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


def required(waiting: Waiting | None) -> Waiting:
    """The parked request of a page that needs one. Raises `Refusal`."""
    if waiting is None:
        raise Refusal("invalid_request", "This page needs the request of an app.")
    return waiting


def resume(waiting: Waiting) -> Response:
    """Back to authorize, which looks at the parked request again."""
    parked = waiting.parked
    return go(authorize_url(parked.server_id, parked.client_id, waiting.handle))


def submitted_here(handle: str) -> None:
    """The form was made for this browser and for `handle`. Raises `Refusal`."""
    if not check_form_token(handle):
        raise Refusal(
            "invalid_form",
            "This form was made for another browser or another request, or it is too old.",
            403,
        )


def person(user: User) -> Person:
    """The user as the pages show them."""
    names = (user.profile.get("firstName"), user.profile.get("lastName"))
    return Person(" ".join(name for name in names if name) or user.login, user.login)
