"""What of a request goes on to the API behind a gateway, and what of its answer comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import httpx
from werkzeug import Request, Response

PASSED_ON = frozenset({"accept", "accept-language", "authorization", "content-type", "user-agent"})
"""What of a caller's headers goes on: a list of what is needed, since what harms has no list."""
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers about one connection, which end with it (RFC 9110 §7.6.1)."""
OF_ONE_MESSAGE = frozenset({"host", "content-length", "content-encoding", "expect"})
_ANSWERED_BY_US = frozenset({"date", "server", "x-request-id"})


def headers_on(
    request: Request, own: Mapping[str, str], *, only_known: bool
) -> list[tuple[bytes, bytes]]:
    """The headers for the API: those of the caller that may pass, and the gateway's own.

    Without `only_known` all of the caller's pass that are not about the connection, and one of
    the gateway's own is added only where the caller sent none: the classic mistake.
    """
    ended = (
        HOP_BY_HOP | OF_ONE_MESSAGE | _named_by_connection(request.headers.getlist("Connection"))
    )
    came = [(name.lower(), value) for name, value in request.headers if name.lower() not in ended]
    if only_known:
        came = [(name, value) for name, value in came if name in PASSED_ON]
    sent = {name for name, _ in came}
    added = [(name, value) for name, value in own.items() if name.lower() not in sent]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (*came, *added)]


def answer_back(answer: httpx.Response) -> Response:
    """The API's answer, without what was about its connection."""
    ended = HOP_BY_HOP | OF_ONE_MESSAGE | _ANSWERED_BY_US
    ended |= _named_by_connection(answer.headers.get_list("connection"))
    back = [(name, value) for name, value in answer.headers.multi_items() if name not in ended]
    return Response(answer.content, answer.status_code, back)


def _named_by_connection(lines: Iterable[str]) -> frozenset[str]:
    # A caller may name any header there, so ours are added after these are gone.
    return frozenset(name.strip().lower() for line in lines for name in line.split(","))
