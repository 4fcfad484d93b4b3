"""Evidence as the wire shows it: reading it, and making it by hand for known mistakes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from grantlab.recording import Channel, Exchange, Field, Recording, parts


def form_of(exchange: Exchange) -> dict[str, str]:
    """The fields of the form that was sent."""
    return _named(parts(exchange).request, "form")


def query_of(exchange: Exchange) -> dict[str, str]:
    """The parameters in the query of the address."""
    return _named(parts(exchange).request, "query")


def answer_of(exchange: Exchange) -> dict[str, Any]:
    """The JSON object that was answered; empty when it was something else."""
    try:
        document = exchange.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def sent_header(exchange: Exchange, name: str) -> str:
    """The request header of that name; empty without one."""
    return dict(exchange.request_headers).get(name.lower(), "")


def token_requests(recording: Recording, grant_type: str = "authorization_code") -> list[Exchange]:
    """The requests of that grant type to a token endpoint, in order."""
    return [
        one
        for one in recording
        if one.path.endswith("/v1/token") and form_of(one).get("grant_type") == grant_type
    ]


def basic(name: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic authentication (RFC 7617 §2)."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


def exchange(
    method: str,
    url: str,
    status: int,
    *,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    location: str = "",
    answer: Mapping[str, Any] | None = None,
    channel: Channel = "back",
) -> Exchange:
    """An exchange that might have happened."""
    sent = dict(headers or {})
    if form is not None:
        sent["content-type"] = "application/x-www-form-urlencoded"
    received = {"location": location} if location else {}
    if answer is not None:
        received["content-type"] = "application/json"
    return Exchange(
        number=0,
        sender="Browser" if channel == "front" else "Your app",
        receiver="Authorization server",
        channel=channel,
        method=method,
        url=f"{url}?{urlencode(query)}" if query else url,
        request_headers=tuple(sent.items()),
        request_body=urlencode(form or {}),
        status=status,
        response_headers=tuple(received.items()),
        response_body="" if answer is None else json.dumps(answer),
        started=0.0,
        seconds=0.0,
    )


def recording_of(*exchanges: Exchange) -> Recording:
    """A recording that holds just these exchanges."""
    recording = Recording()
    for one in exchanges:
        recording.add(one)
    return recording


def _named(fields: Iterable[Field], place: str) -> dict[str, str]:
    return {field.name: field.value for field in fields if field.place == place}
