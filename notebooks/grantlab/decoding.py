"""Reading a token, which checks nothing: its parts, its kind, and what is opaque about it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any, Literal

from grantlab.reading import TooDeep, read_json

TokenType = Literal["access_token", "id_token"]

_OF_THE_ORG = "application/okta-internal-at+jwt"


@dataclass(frozen=True)
class Decoded:
    """What anybody can read in a token. Nothing of it has been checked.

    An opaque value has no parts; `why_opaque` then says what makes it one.
    """

    token: str
    header: dict[str, Any] = field(default_factory=dict)
    payload: dict[str, Any] = field(default_factory=dict)
    signature: bytes = b""
    parts: tuple[str, ...] = ()
    why_opaque: str = ""

    @property
    def opaque(self) -> bool:
        """The value says nothing to anybody but its issuer."""
        return bool(self.why_opaque)


def decode(token: str) -> Decoded:
    """Split a JWT and read its parts, trusting none of them (RFC 7515 §3.1).

    Anything else comes back as an opaque value, with the reason.
    """
    parts = tuple(token.split("."))
    if len(parts) != 3:
        return Decoded(
            token, why_opaque=f"A JWT has three parts between dots; this has {len(parts)}."
        )
    try:
        header, payload = (read_json(_from_base64url(part)) for part in parts[:2])
        signature = _from_base64url(parts[2])
    except TooDeep as trouble:
        return Decoded(token, why_opaque=f"Its parts have {trouble}.")
    except (ValueError, binascii.Error):
        return Decoded(token, why_opaque="Its parts are not base64url-encoded JSON.")
    if not (isinstance(header, dict) and isinstance(payload, dict)):
        return Decoded(
            token, why_opaque="Header and payload of a JWT are JSON objects; these aren't."
        )
    return Decoded(token, header, payload, signature, parts)


def kind_of(decoded: Decoded) -> TokenType | None:
    """Tell Okta's access tokens from its ID tokens by their contents; None if neither fits."""
    payload = decoded.payload
    prefix = str(payload.get("jti", "")).partition(".")[0]
    if prefix == "AT" or decoded.header.get("typ") == "at+jwt" or "scp" in payload:
        return "access_token"
    if prefix == "ID" or payload.keys() & {"nonce", "at_hash", "amr"}:
        return "id_token"
    return None


def of_org_server(decoded: Decoded) -> bool:
    """It is an access token of an Okta org's own server: for Okta's API, opaque to all others.

    It can be read, as a JWT can; but its key is not published, and its contents may change.
    """
    if kind_of(decoded) != "access_token":
        return False
    issuer = str(decoded.payload.get("iss", ""))
    for_itself = bool(issuer) and decoded.payload.get("aud") == issuer
    return decoded.header.get("typ") == _OF_THE_ORG or (for_itself and "/oauth2/" not in issuer)


def _from_base64url(text: str) -> bytes:
    # Only the URL-safe alphabet counts: the standard one would read + and / as well.
    if set(text) & set("+/="):
        raise ValueError("not base64url")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def to_base64url(data: bytes) -> str:
    """The bytes as a JWT writes them: URL-safe, without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
