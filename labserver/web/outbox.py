"""`/lab/outbox`: the messages that would have been sent, for the super admin to read."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from labserver.signin import outbox as messages
from labserver.store.factors import OutboxMessage
from labserver.web import guard
from labserver.web.context import current_context
from labserver.web.management.resources import Json, timestamp

outbox = Blueprint("outbox", __name__)


@outbox.get("/lab/outbox")
def list_messages() -> Response:
    """The messages, newest first; with `userId`, those to one user."""
    guard.admit()
    found = messages.messages(current_context().session, _asked())
    response = jsonify([_document(message) for message in found])
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response


@outbox.delete("/lab/outbox")
def empty() -> Response:
    """The outbox is empty; with `userId`, of messages to one user."""
    guard.admit()
    context = current_context()
    messages.empty(context.session, _asked())
    context.event("lab.outbox.empty", "Empty the outbox")
    return Response(status=204)


def _asked() -> str | None:
    """The id of the user that the query names, who may be gone while the messages are not."""
    wanted = request.args.get("userId")
    found = None if wanted is None else guard.find_user(current_context(), wanted)
    return wanted if found is None else found.id


def _document(message: OutboxMessage) -> Json:
    shown: Json = {
        "id": message.id,
        "created": timestamp(message.created),
        "channel": message.channel,
        "to": message.to,
        "userId": message.user_id,
        "text": message.text,
    }
    for name in ("code", "link"):
        value = getattr(message, name)
        if value is not None:
            shown[name] = value
    return shown
