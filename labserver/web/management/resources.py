"""What every resource of the management API shares: find, page, links, versions, lifecycle."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, jsonify, request
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from labserver.store.base import OrgOwned
from labserver.store.directory import User
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid, not_found
from labserver.web.guard import find_user, in_reach

Row = TypeVar("Row", bound=OrgOwned)
Json = dict[str, Any]

EXISTS = "An object with this field already exists in the current organization"
_ETAGS = re.compile(r'\s*(?:\*|(?:W/)?"[^"]*"(?:\s*,\s*(?:W/)?"[^"]*")*)\s*')


def session() -> Session:
    """The request's database session."""
    return current_context().session


def find(model: type[Row], public_id: str, kind: str, *where: ColumnElement[bool]) -> Row:
    """The org's row with this id. Raises `ApiError` E0000007."""
    row = session().scalars(select(model).where(model.id == public_id, *where)).one_or_none()
    if row is None:
        raise not_found(public_id, kind)
    return row


def find_person(wanted: str) -> User:
    """The user whom a path means. Raises `ApiError` E0000007."""
    found = find_user(current_context(), wanted)
    if found is None:
        raise not_found(wanted, "User")
    return found


def must_be_new(field: str, *where: ColumnElement[bool]) -> None:
    """Raises `ApiError` E0000001 when the org already has such a row."""
    if session().scalar(select(func.count()).where(*where)):
        raise invalid(field, EXISTS)


def read_only(kind: str, *causes: str) -> ApiError:
    """What is built in stays as it is."""
    summary = f"Cannot modify the {kind} object because it is read-only."
    return ApiError("E0000111", summary=summary, causes=causes)


def timestamp(seconds: float | None) -> str | None:
    """Seconds since the epoch as the API writes dates."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def url(path: str) -> str:
    """The absolute URL of a path below the org."""
    return f"{current_context().org.url}{path}"


def link(path: str, *allow: str) -> Json:
    """A link of a document, with the methods that it takes."""
    return {"href": url(path), "hints": {"allow": list(allow or ("GET",))}}


def switch_link(path: str, status: str) -> Json:
    """The link that deactivates what is active, or activates what is not."""
    switch = "deactivate" if status == "ACTIVE" else "activate"
    return {switch: link(f"{path}/lifecycle/{switch}", "POST")}


def optional_body() -> Json:
    """The JSON object of a call that works without one."""
    return json_body() if request.get_data() else {}


def flag(name: str, default: bool) -> bool:
    """A yes-or-no query parameter. Raises `ApiError` E0000001 for another value."""
    value = request.args.get(name, str(default)).lower()
    if value not in ("true", "false"):
        raise invalid(name, "It is true or false.")
    return value == "true"


def answer(document: Any, status: int = 200) -> Response:
    """The document as a response, with its version."""
    response = jsonify(document)
    response.status_code = status
    response.headers["Cache-Control"] = "no-cache, no-store"
    if isinstance(document, dict):
        response.headers["ETag"] = etag(document)
    return response


def gone() -> Response:
    """204, without a body."""
    return Response(status=204)


def remove(row: OrgOwned) -> Response:
    """The row is gone, and the answer says so."""
    session().delete(row)
    session().flush()
    return gone()


def etag(document: Json) -> str:
    """The version of a document: the same as long as nothing in it changes (RFC 9110 §8.8.3)."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def unchanged(document: Json) -> None:
    """Nobody has changed the document that the caller means (RFC 9110 §13.1.1).

    Without `If-Match` the last write wins, and the log says what it replaced.
    Raises `ApiError` E0000231, or E0000242 for a header that is no list of versions.
    """
    version = etag(document)
    wanted = request.headers.get("If-Match")
    if wanted is None:
        when = document.get("lastUpdated") or "an unknown time"
        current_context().passed("last write wins", f"It replaced version {version} of {when}.")
        return
    if not _ETAGS.fullmatch(wanted):
        raise ApiError("E0000242", causes=["If-Match: Send what the ETag header said."])
    if wanted.strip() != "*" and version not in re.findall(r'"[^"]*"', wanted):
        raise ApiError("E0000231", causes=["The object was changed since it was read."])


def limit_of(default: int, most: int, least: int = 1) -> int:
    """The page size that the caller wants. Raises `ApiError` E0000001."""
    text = request.args.get("limit")
    if text is None or text == "-1":
        return default
    if not re.fullmatch(r"\d{1,9}", text) or not least <= int(text):
        raise invalid("limit", f"It is a number from {least} to {most}.")
    return min(int(text), most)


def page(
    statement: Select[Row],
    model: type[Row],
    document: Callable[[Row], Json],
    *,
    default: int = 200,
    most: int = 200,
) -> Response:
    """One page of the rows in the order they were made, with links to itself and the next.

    Users, groups and apps that are out of the caller's reach are left out.
    """
    limit = limit_of(default, most)
    statement = statement.where(*in_reach(model))
    after = request.args.get("after")
    if after is not None:
        statement = statement.where(model.pk > _place(after))
    rows = list(session().scalars(statement.order_by(model.pk).limit(limit + 1)))
    shown = rows[:limit]
    following = _cursor(shown[-1].pk) if len(rows) > limit else None
    return with_links(answer([document(row) for row in shown]), following, limit)


def with_links(response: Response, after: str | None, limit: int) -> Response:
    """The list with its own URL, and the next page's while there is more."""
    query = [(name, value) for name, value in request.args.items(multi=True)]
    here = url(request.path) + (f"?{urlencode(query)}" if query else "")
    response.headers.add("Link", f'<{here}>; rel="self"')
    if after is not None:
        kept = [pair for pair in query if pair[0] not in ("after", "limit")]
        query = [*kept, ("after", after), ("limit", str(limit))]
        response.headers.add("Link", f'<{url(request.path)}?{urlencode(query)}>; rel="next"')
    return response


def target(row: Any, kind: str, name: str) -> dict[str, str]:
    """How a log event names what was changed."""
    return {"id": row.id, "type": kind, "alternateId": name, "displayName": name}


def set_status(row: Any, wanted: str) -> bool:
    """The row has this status; whether that is new."""
    changed: bool = row.status != wanted
    row.status = wanted
    return changed


def _cursor(pk: int) -> str:
    return urlsafe_b64encode(f"row:{pk}".encode()).decode().rstrip("=")


def _place(cursor: str) -> int:
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
        kind, _, number = text.partition(":")
        if kind == "row" and re.fullmatch(r"[0-9]{1,18}", number):
            return int(number)
    except ValueError:
        pass
    raise ApiError("E0000029", causes=["after: Use the next link as it is."])
