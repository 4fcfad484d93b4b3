"""A service app of a lesson's own, with its key: it asks the org server in its own name."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from grantlab.lab import Lab
from grantlab.lessons.own import own_app

KID = "key-1"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MINUTES = 5


@dataclass(frozen=True)
class OwnService:
    """A service app that proves itself by a key; `token_url` is where the org server gives tokens.

    `id` is both the app's and the client's.
    """

    id: str
    name: str
    token_url: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def proof(self, now: float, **more: str) -> dict[str, str]:
        """The form fields that prove it, for one token request (RFC 7523 §2.2).

        `now` is in seconds since the epoch, by the lab's clock. `more` are claims that come to
        those of the assertion, or take their place.
        """
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": self.token_url,
            "exp": int(now) + MINUTES * 60,
            "jti": secrets.token_urlsafe(16),
        }
        signed = jwt.encode(claims | more, self.key, algorithm="ES256", headers={"kid": KID})
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


def own_service(lab: Lab, name: str, *scopes: str, role: str = "") -> OwnService:
    """A new service app with a key, these `okta.*` scopes granted, and this admin role, if any.

    `httpx.HTTPStatusError` when the management API refuses.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": KID}
    app = own_app(lab, name, auth="private_key_jwt", jwks={"keys": [public]})
    for scope in scopes:
        grant = {"scopeId": scope, "issuer": lab.url}
        lab.admin.post(f"/api/v1/apps/{app.id}/grants", json=grant).raise_for_status()
    if role:
        roles = f"/oauth2/v1/clients/{app.client_id}/roles"
        lab.admin.post(roles, json={"type": role}).raise_for_status()
    return OwnService(app.client_id, app.name, f"{lab.url}/oauth2/v1/token", key)
