"""Where the org sends browsers, and who may frame what it answers: trusted origins decide."""

from __future__ import annotations

from labserver.oauth.context import Context
from labserver.store.origins import origins_trusted_with
from labserver.web.rendering import origin


def may_be_sent_to(context: Context, url: str) -> bool:
    """Whether a browser may be sent to this URL: of this org, or of an origin with REDIRECT."""
    if any(not "!" <= char <= "~" or char == "\\" for char in url):
        return False
    try:
        where = origin(url)
    except ValueError:  # no URL at all
        return False
    trusted = origins_trusted_with(context.session, "REDIRECT")
    return where in trusted or url.startswith(f"{context.org.url}/")


def embedders(context: Context) -> frozenset[str]:
    """The origins that may frame what is made for frames (Okta: IFRAME_EMBED)."""
    return origins_trusted_with(context.session, "IFRAME_EMBED")
