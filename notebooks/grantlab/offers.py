"""What a server offers to the kit, what it doesn't, and why: in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NO_MANAGEMENT = (
    "its management API is closed to us. For an Okta org, give an API token: "
    "Lab.connect(issuer, token=…)."
)
NO_REASONS = (
    "it says no more about a refusal than its answer does. The checks in their order are what a "
    "lab of this kit tells."
)
ONLY_IN_A_LAB = {
    "/lab/clock": "its clock can't be moved from here. Wait, or ask for shorter lifetimes.",
    "/lab/preview": "it has no preview that we could ask. Ask for a token and look at that.",
    "/lab/outbox": "its messages go out by mail and phone, to the person alone.",
    "/lab/operations": "the table of operations is a lab's own.",
    "/lab/snapshot": "it can't be saved or put back from here.",
    "/lab/reset": "it can't be put back from here.",
}

_ENDPOINTS = {
    "authorization_endpoint": "Sending a person to sign in, and the code flow",
    "token_endpoint": "Tokens: for a code, for a refresh token, for a program",
    "jwks_uri": "Public keys, to verify tokens with",
    "userinfo_endpoint": "Facts about the person who signed in",
    "introspection_endpoint": "Asking whether a token is good now",
    "revocation_endpoint": "Ending a token",
    "end_session_endpoint": "Signing a person out",
    "pushed_authorization_request_endpoint": "Sending the request ahead, behind the scenes",
    "device_authorization_endpoint": "Signing in on another device",
    "registration_endpoint": "Registering apps by program",
}
# RFC 8414 §2: left out, it means these two.
_USUAL_GRANTS = ("authorization_code", "implicit")
_GRANTS = {
    "client_credentials": "Tokens for a program in its own name",
    "refresh_token": "New access tokens without the person",
}


@dataclass(frozen=True)
class Offer:
    """One thing that the kit can use: what it is, whether it is there, and where, or why not.

    `standard` things are those that any server's metadata may name.
    """

    what: str
    there: bool
    says: str
    standard: bool = False


def endpoints_in(metadata: Mapping[str, Any]) -> tuple[Offer, ...]:
    """The standard endpoints and grant types: those that the metadata names, and the others."""
    named = (
        Offer(what, True, str(metadata[name]), standard=True)
        if metadata.get(name)
        else Offer(what, False, f"Its metadata names no {name}.", standard=True)
        for name, what in _ENDPOINTS.items()
    )
    grants = metadata.get("grant_types_supported", _USUAL_GRANTS)
    listed = grants if isinstance(grants, list | tuple) else ()
    more = (
        Offer(
            what,
            name in listed,
            f"grant_types_supported {_verb(name in listed)} {name}.",
            standard=True,
        )
        for name, what in _GRANTS.items()
    )
    return (*named, *more)


def beyond_standards(*, elsewhere: bool, token: bool) -> tuple[Offer, ...]:
    """What the kit uses beyond the standards, at a lab or at another server."""
    if not elsewhere:
        why = "" if token else "This lab was connected without a token: give token=…."
        return tuple(Offer(what, token, why or "It is this kit's lab.") for what in _BEYOND)
    management = Offer(
        _BEYOND[0],
        token,
        "With your token, if it is an Okta org." if token else _sentence(NO_MANAGEMENT),
    )
    reasons = Offer(
        _BEYOND[1],
        False,
        "Its log has events, but no checks in their order." if token else _sentence(NO_REASONS),
    )
    rest = zip(_BEYOND[2:], ONLY_IN_A_LAB.values(), strict=False)
    return (management, reasons, *(Offer(what, False, _sentence(why)) for what, why in rest))


_BEYOND = (
    "Apps, people, policies by the management API",
    "The server's reasons",
    "A clock that can be moved",
    "The token preview",
    "The outbox",
    "The table of operations",
    "Snapshot, restore and reset",
)


def _verb(listed: bool) -> str:
    return "lists" if listed else "doesn't list"


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:]
