"""`/lab/snapshot` and `/lab/reset`: the org as one document, and back."""

from __future__ import annotations

from flask import Blueprint, Response, request

from labserver.patience import IS_WELCOME
from labserver.store import snapshots as org_snapshots
from labserver.store.snapshot_documents import LARGEST
from labserver.store.snapshots import Snapshot, SnapshotRefused
from labserver.web import guard
from labserver.web.context import current_context, installation, roll_back
from labserver.web.errors import invalid
from labserver.web.management.resources import Json, answer, gone

snapshots = Blueprint("lab_snapshots", __name__)


@snapshots.get("/lab/snapshot")
def take_snapshot() -> Response:
    """The org as one document, with its secrets."""
    guard.admit()
    context = current_context()
    response = Response(org_snapshots.take(context.session), mimetype="application/json")
    response.headers["Cache-Control"] = "no-cache, no-store"
    context.event("lab.org.snapshot", "Take a snapshot of the org")
    return response


@snapshots.put("/lab/snapshot")
def restore_snapshot() -> Response:
    """The org is as in the document, or as it was before; the caller's token stays valid."""
    guard.admit()
    # Nobody waits for the database while a large document arrives and is checked.
    roll_back()
    if IS_WELCOME in request.environ:
        return gone()
    request.max_content_length = LARGEST
    settings, _ = installation()
    context = current_context()
    try:
        snapshot = org_snapshots.read(request.get_data(cache=False))
        _clock_may_stand_at(snapshot)
        held = org_snapshots.restore(
            context.session, snapshot, settings.clock(), caller=_token_id()
        )
    except SnapshotRefused as fault:
        raise invalid("snapshot", str(fault)) from None
    context.event("lab.org.restore", "Restore the org from a snapshot")
    return answer({**_org(), "rows": held})


@snapshots.post("/lab/reset")
def reset() -> Response:
    """The org is as it was first seeded; the caller's token stays valid."""
    guard.admit()
    settings, _ = installation()
    context = current_context()
    org_snapshots.reset(context.session, settings, settings.clock(), caller=_token_id())
    context.event("lab.org.reset", "Reset the org to what it was seeded with")
    return answer(_org())


def _token_id() -> str:
    return guard.caller().api_token_id or ""


def _clock_may_stand_at(snapshot: Snapshot) -> None:
    """A server whose clock doesn't move takes no snapshot that would move it."""
    settings, _ = installation()
    ahead = snapshot.clock_offset
    if not settings.movable_clock and ahead != current_context().org.clock_offset:
        raise SnapshotRefused(
            f"The snapshot's clock is {ahead} seconds ahead and this one does not move; start the "
            "server with --movable-clock."
        )


def _org() -> Json:
    org = current_context().org
    return {"id": org.id, "subdomain": org.slug, "name": org.name}
