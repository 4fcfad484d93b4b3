"""What Okta has no call for: is the lab alive, and what time is it there?"""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, Response, jsonify
from pydantic import Field
from sqlalchemy import select

import labserver
from labserver.store.orgs import Org
from labserver.web import guard
from labserver.web.bodies import json_body
from labserver.web.context import current_context, installation
from labserver.web.errors import ApiError, invalid
from labserver.web.management.documents import Document, read
from labserver.web.operation_documents import operation_documents

lab = Blueprint("lab", __name__)

_FARTHEST = 100 * 366 * 24 * 3600
"""Seconds by which an org's clock may be ahead at most, so that every date stays writable."""


class ClockDocument(Document):
    """How far the clock moves, in seconds; never back, for what is over stays over."""

    forward: Annotated[int, Field(ge=0, le=_FARTHEST)]


@lab.get("/healthz")
def healthz() -> Response:
    """Whether the server answers: no org, no credential, no database write."""
    return jsonify(status="ok", version=labserver.__version__)


@lab.get("/lab/clock")
def clock() -> Response:
    """The org's time."""
    guard.admit()
    _must_be_movable()
    context = current_context()
    return jsonify(now=context.now, offset=context.org.clock_offset)


@lab.post("/lab/clock")
def move_clock() -> Response:
    """The org's clock is further ahead; other orgs don't notice."""
    guard.admit()
    _must_be_movable()
    forward = read(ClockDocument, json_body()).forward
    context = current_context()
    row = context.session.scalars(select(Org).where(Org.pk == context.org.pk)).one()
    if row.clock_offset + forward > _FARTHEST:
        raise invalid("forward", "The clock would be more than a hundred years ahead.")
    row.clock_offset += forward
    now = context.now + forward
    # Whoever moves the clock is there at the new time too, so their token has not rested since.
    guard.caller_token().last_used = now
    context.session.flush()
    context.event("lab.clock.forward", f"Move the clock forward by {forward} seconds")
    return jsonify(now=now, offset=row.clock_offset)


@lab.get("/lab/operations")
def operations() -> Response:
    """What each operation of the management API and of primary authentication needs."""
    guard.admit()
    return jsonify(operation_documents())


def _must_be_movable() -> None:
    settings, _ = installation()
    if not settings.movable_clock:
        raise ApiError(
            "E0000008",
            causes=["The clock moves only when the server was started with --movable-clock."],
        )
