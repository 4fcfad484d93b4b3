"""Okta's rate limits: always in the headers, enforced where the server was asked to.

Each worker counts for itself and enforces its share of the figures: the whole divided by the
number of workers, so that together they let no more through. The headers show that share.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, request
from werkzeug.http import http_date

from labserver.oauth.context import Context
from labserver.settings import Settings
from labserver.store.directory import login_key
from labserver.store.ledger import digest
from labserver.web.errors import ApiError
from labserver.web.forms import COOKIE

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import FixedWindowRateLimiter

CALLS_A_MINUTE = 600
"""What an org's endpoints take; one token or app may use half of it."""
AUTHORIZE_A_MINUTE = 60
"""What one client in one browser may ask of authorize."""
SIGN_INS_A_SECOND = 4
"""What may be tried for one username."""
TOO_MANY = "API call exceeded rate limit due to too many requests."

_EXTENSION = "labserver.rates"
_API = ("/api/", "/integrations/", "/oauth2/v1/clients")


@dataclass(frozen=True)
class Rates:
    """What this worker lets through, and how often it has."""

    limiter: FixedWindowRateLimiter
    calls: RateLimitItem
    authorize: RateLimitItem
    sign_ins: RateLimitItem


def install(app: Flask, settings: Settings) -> None:
    """Show the figures on every answer of the API, and enforce them if the settings say so."""
    app.extensions[_EXTENSION] = _enforced(settings) if settings.rate_limits == "okta" else None
    app.before_request(_one_username)
    app.after_request(_show)


def count_call(context: Context) -> None:
    """One more call of the API by this token or app. Raises `ApiError` E0000047."""
    rates = _rates()
    if rates is None:
        return
    token: str | None = g.caller.api_token_id
    client = context.actor_client
    _count(rates, rates.calls, context.org.slug, token or (client.id if client else ""))


def may_authorize(context: Context, client_id: str) -> bool:
    """Whether one more authorization request of this client is within the limit.

    The client counts together with the browser and the address that it comes from.
    """
    rates = _rates()
    if rates is None:
        return True
    browser = request.cookies.get(COOKIE, "")
    who = digest(" ".join((context.org.slug, client_id, context.ip, browser)))
    return rates.limiter.hit(rates.authorize, "authorize", who)


def _enforced(settings: Settings) -> Rates:
    # Most servers enforce nothing, and these imports are a noticeable part of a start.
    from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
    from limits.storage import MemoryStorage
    from limits.strategies import FixedWindowRateLimiter

    def share(figure: int) -> int:
        return max(1, figure // settings.workers)

    return Rates(
        FixedWindowRateLimiter(MemoryStorage()),
        RateLimitItemPerMinute(share(CALLS_A_MINUTE // 2)),
        RateLimitItemPerMinute(share(AUTHORIZE_A_MINUTE)),
        RateLimitItemPerSecond(share(SIGN_INS_A_SECOND)),
    )


def _rates() -> Rates | None:
    found: Rates | None = current_app.extensions[_EXTENSION]
    return found


def _one_username() -> None:
    """A password is tried for a username: before any password is looked at."""
    rates = _rates()
    if rates is None or (request.method, request.path) != ("POST", "/api/v1/authn"):
        return
    body = request.get_json(silent=True)
    username = body.get("username") if isinstance(body, dict) else None
    if isinstance(username, str):
        org = request.script_root
        _count(rates, rates.sign_ins, org, digest(login_key(username)))


def _count(rates: Rates, item: RateLimitItem, *who: str) -> None:
    within = rates.limiter.hit(item, *who)
    reset, remaining = rates.limiter.get_window_stats(item, *who)
    g.rate = (item.amount, remaining, int(reset) + 1)
    if not within:
        raise ApiError("E0000047")


def _show(response: Response) -> Response:
    if request.path.startswith(_API):
        now = int(time.time())
        unlimited = (CALLS_A_MINUTE, CALLS_A_MINUTE - 1, now - now % 60 + 60)
        limit, remaining, reset = g.get("rate", unlimited)
        response.headers["X-Rate-Limit-Limit"] = str(limit)
        response.headers["X-Rate-Limit-Remaining"] = str(remaining)
        response.headers["X-Rate-Limit-Reset"] = str(reset)
    if response.status_code == 429:
        response.headers["Date"] = http_date()
    return response
