"""Public keys that clients register, and how credentials of apps are shown."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Any

from joserfc.errors import JoseError

from labserver.store.apps import App, AppKey, AppSecret
from labserver.store.keys import client_key
from labserver.web.errors import invalid
from labserver.web.management.resources import Json, link, switch_link, timestamp

_PUBLIC = frozenset({"kty", "use", "key_ops", "alg", "kid", "n", "e", "crv", "x", "y"})
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES = frozenset({"P-256", "P-384", "P-521"})
_ALGORITHMS = {
    "RSA": frozenset({"RS256", "RS384", "RS512"}),
    "EC": frozenset({"ES256", "ES384", "ES512"}),
}
_FEWEST_BITS = 2048


def sound_jwk(jwk: dict[str, Any], field: str) -> dict[str, Any]:
    """The key as it is kept: public members only, with a `kid` (RFC 7517 §4).

    Raises `ApiError` E0000001 for what is no RSA or EC public key to verify signatures with.
    """
    if _PRIVATE & jwk.keys():
        raise invalid(field, "This is a private or secret key. Register only its public half.")
    kept = {name: value for name, value in jwk.items() if name in _PUBLIC}
    if not all(isinstance(value, str) for name, value in kept.items() if name != "key_ops"):
        raise invalid(field, "The members of a key are strings.")
    if kept.get("kty") not in _ALGORITHMS or kept.get("use", "sig") != "sig":
        raise invalid(field, "It must be an RSA or EC key with use sig.")
    if kept.get("alg", "") not in _ALGORITHMS[kept["kty"]] | {""}:
        raise invalid(field, f"The algorithm does not fit an {kept['kty']} key.")
    if kept["kty"] == "EC" and kept.get("crv") not in _CURVES:
        raise invalid(field, "The curve must be P-256, P-384 or P-521.")
    if kept["kty"] == "RSA" and _bits(kept.get("n", "")) < _FEWEST_BITS:
        raise invalid(field, f"An RSA key needs {_FEWEST_BITS} bits at least.")
    try:
        kept["kid"] = kept.get("kid") or client_key(kept).key.thumbprint()
        client_key(kept)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise invalid(field, "It cannot be read as a key.") from error
    return kept


def key_document(app: App, row: AppKey) -> Json:
    """The key as the API shows it, on its own and among the app's settings."""
    path = f"/api/v1/apps/{app.id}/credentials/jwks/{row.id}"
    # SDKs tell signing keys from others by `use`, which a registered key need not have.
    return {"id": row.id, "use": "sig", **row.jwk, **standing(row, path)}


def standing(row: AppSecret | AppKey, path: str) -> Json:
    """Whether a credential counts, since when, and what may be done to it."""
    links = switch_link(path, row.status)
    if row.status == "INACTIVE":
        links["delete"] = link(path, "DELETE")
    return {
        "status": row.status,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": links,
    }


def _bits(number: str) -> int:
    """The length of a base64url number; 0 for what is none."""
    try:
        return int.from_bytes(urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
    except ValueError:
        return 0
