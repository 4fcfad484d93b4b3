"""`/logs`: what happened in the org, and why."""

from __future__ import annotations

from flask import Response, request

from labserver.domain.filters import FilterError
from labserver.store.log import COLUMNS, BadCursor, LogRow, read_log
from labserver.web.context import installation
from labserver.web.errors import ApiError, invalid
from labserver.web.management import searching
from labserver.web.management.resources import (
    Json,
    answer,
    limit_of,
    session,
    timestamp,
    with_links,
)
from labserver.web.management.routes import management

_DATES = {"published": 1000}


@management.get("/logs")
def read_events() -> Response:
    """The org's events in the order they came, or backwards, with all answered requests."""
    _, database = installation()
    limit = limit_of(100, 1000, least=0)
    order = request.args.get("sortOrder", "ASCENDING").upper()
    if order not in ("ASCENDING", "DESCENDING"):
        raise invalid("sortOrder", "It is ASCENDING or DESCENDING.")
    wanted = request.args.get("filter")
    condition = searching.condition(wanted, COLUMNS, _DATES) if wanted else None
    # The events are written by another connection, which must not wait for this one.
    session().commit()
    database.log.settle()
    try:
        found = read_log(
            session(),
            condition=condition,
            since=_moment("since"),
            until=_moment("until"),
            q=request.args.get("q"),
            limit=limit,
            descending=order == "DESCENDING",
            after=request.args.get("after"),
        )
    except BadCursor:
        raise ApiError("E0000029", causes=["after: Use the next link as it is."]) from None
    events = answer([document(row) for row in found.events])
    return with_links(events, found.after if found.more else None, limit)


def document(row: LogRow) -> Json:
    """The event as the API shows it (Okta: LogEvent object)."""
    held = row.document
    client = held["client"] or {}
    return {
        "uuid": row.id,
        "published": timestamp(row.published / 1000),
        "eventType": row.event_type,
        "version": "0",
        "severity": row.severity,
        "displayMessage": row.display_message,
        "actor": held["actor"],
        "client": {
            "ipAddress": client.get("ipAddress"),
            "userAgent": {"rawUserAgent": client.get("userAgent")},
        },
        "outcome": {"result": row.outcome, "reason": held["reason"] or None},
        "target": held["target"],
        "transaction": {"type": "WEB", "id": row.transaction_id, "detail": {}},
        "debugContext": {"debugData": {"reasons": held["reasons"]}},
    }


def _moment(name: str) -> int | None:
    text = request.args.get(name)
    if text is None:
        return None
    try:
        return round(searching.date(text) * 1000)
    except FilterError as error:
        raise ApiError("E0000030", causes=[f"{name}: {error}"]) from None
