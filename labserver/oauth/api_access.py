"""A bearer token at the management API: only the org server's own access tokens open it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import Any

from labserver.domain.errors import Refusal
from labserver.domain.values import ORG_SERVER
from labserver.oauth.context import Context
from labserver.oauth.found_tokens import Fault, FoundToken, NoGood, judge_jwt
from labserver.store import loaders

CHECK = "access token is the org server's, and good"
"""The check's name among the server's reasons."""

_INVALID = "The access token is invalid."
_WORDS: dict[Fault, str] = {
    "issuer": "The access token provided has an invalid issuer.",
    "expired": "The token has expired.",
    "revoked": "The access token has been revoked.",
}


def find_api_access(context: Context, value: str) -> FoundToken:
    """The org server's access token that this value is, its client and its person active.

    Raises `Refusal` (`invalid_token`) in Okta's words for what is wrong with it.
    """
    said = _what_it_says(value)
    if said is None:
        raise _refused(_INVALID)
    if said.get("aud") != context.org.url:
        raise _refused("The access token provided is not intended for Okta.")
    if said.get("iss") != context.org.url:
        raise _refused(_WORDS["issuer"])
    at_org_server = replace(context, server_id=ORG_SERVER)
    try:
        found = judge_jwt(at_org_server, value)
    except NoGood as no_good:
        raise _refused(_WORDS.get(no_good.fault, _INVALID)) from None
    if found.kind != "access_token" or not _person_is_active(context, found):
        raise _refused(_INVALID)
    context.passed(CHECK, f"It was issued to {found.client_id}.")
    return found


def _person_is_active(context: Context, found: FoundToken) -> bool:
    """Whether the token is an app's own, or its person may sign in at this moment."""
    if "uid" not in found.claims:
        return True
    user = loaders.load_user(context.session, found.claims["uid"])
    return user is not None and user.may_sign_in


def _what_it_says(value: str) -> dict[str, Any] | None:
    """The claims of a JWT before anything of it is believed: only to say what is wrong."""
    parts = value.split(".")
    if len(parts) != 3:
        return None
    try:
        text = urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refused(words: str) -> Refusal:
    return Refusal("invalid_token", words, 401, check=CHECK)
