"""Client authentication: one method a request, the registered one (RFC 6749 §2.3)."""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc.jwk import ECKey, OctKey, RSAKey

from labserver.domain.errors import Refusal
from labserver.domain.signing import BadToken, verify_with
from labserver.domain.values import Client
from labserver.oauth.context import Context
from labserver.oauth.wire import LabRequest
from labserver.store import ledger

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FURTHEST_EXPIRY = 3600
CLOCK_SKEW = 30
HMAC_ALGORITHMS = ("HS256", "HS384", "HS512")
RSA_ALGORITHMS = ("RS256", "RS384", "RS512")
EC_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
SHORTEST_HMAC_SECRET = 32

_SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})
_TOKEN68 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")

FAILED = "Client authentication failed. Either the client or the client credentials are invalid."
UNKNOWN = "Invalid value for 'client_id' parameter."


class RegisteredClient(ClientMixin):
    """A client as Authlib asks about it."""

    def __init__(self, value: Client) -> None:
        self.value = value

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether the client registered this method; basic and post are one: a secret, sent."""
        registered = self.value.auth_method
        if endpoint == "revocation" and method == "client_secret_basic" and registered == "none":
            return True
        if method == "client_assertion":
            return registered in ("client_secret_jwt", "private_key_jwt")
        return method == registered or {method, registered} <= _SECRET_METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the app lists the grant type."""
        return grant_type in self.value.grant_types


def presented_method(request: LabRequest) -> str:
    """The one way in which the request authenticates its client.

    Raises `Refusal` for credentials in the URL and for more than one way.
    """
    if request.query_names & {"client_secret", "client_assertion", "code", "refresh_token"}:
        raise Refusal(
            "invalid_request", "Client credentials cannot be supplied via query parameters."
        )
    ways = []
    if request.headers.get("Authorization"):
        ways.append("client_secret_basic")
    if "client_secret" in request.form:
        ways.append("client_secret_post")
    if "client_assertion" in request.form or "client_assertion_type" in request.form:
        ways.append("client_assertion")
    if len(ways) > 1:
        raise Refusal(
            "invalid_request",
            "Cannot supply multiple client credentials. Use one of the following: credentials in "
            "the Authorization header, credentials in the post body, or a client_assertion in the "
            "post body.",
        )
    if ways:
        return ways[0]
    if "client_id" not in request.form:
        raise refused("No client credentials found.")
    return "none"


def refused(description: str) -> Refusal:
    """A client that is not who it says (RFC 6749 §5.2)."""
    return Refusal("invalid_client", description, 401, check="client authentication succeeds")


def by_basic(
    query_client: Callable[[str], RegisteredClient | None], request: LabRequest
) -> RegisteredClient:
    """The client of an `Authorization: Basic` header (RFC 6749 §2.3.1)."""
    client_id, secret = _basic_credentials(request.headers.get("Authorization", ""))
    named = request.form.get("client_id")
    if named is not None and named != client_id:
        raise refused("The 'client_id' in the body is not the one in the Authorization header.")
    if not secret:
        raise refused("The client secret supplied for a confidential client is invalid.")
    return _by_secret(query_client, client_id, secret)


def by_basic_name(
    query_client: Callable[[str], RegisteredClient | None], request: LabRequest
) -> RegisteredClient:
    """The client of a Basic header, which for a public client may be its bare id.

    A browser SDK revokes like that; the token endpoint takes no such thing.
    """
    _, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        client = query_client(b64decode(encoded, validate=True).decode("ascii"))
    except ValueError:  # not ASCII, not base64, or not ASCII inside
        client = None
    if client is not None and not client.value.confidential:
        return client
    return by_basic(query_client, request)


def by_post(
    query_client: Callable[[str], RegisteredClient | None], request: LabRequest
) -> RegisteredClient:
    """The client of `client_id` and `client_secret` in the body."""
    return _by_secret(
        query_client, request.form.get("client_id", ""), request.form["client_secret"]
    )


def by_name(
    query_client: Callable[[str], RegisteredClient | None], request: LabRequest
) -> RegisteredClient:
    """A public client, which says its name and proves nothing (RFC 7591 §2: `none`)."""
    client = query_client(request.form["client_id"])
    if client is None:
        raise refused(UNKNOWN)
    return client


class ClientAssertion(JWTBearerClientAssertion):
    """A signed assertion, with the client's secret or its private key (RFC 7523 §2.2)."""

    CLIENT_AUTH_METHOD = "client_assertion"

    def __init__(self, context: Context, endpoint_url: str) -> None:
        super().__init__()
        self.context = context
        self.endpoint_url = endpoint_url

    def __call__(
        self, query_client: Callable[[str], RegisteredClient | None], request: LabRequest
    ) -> RegisteredClient:
        """The client whose assertion this is; raises `Refusal`."""
        if request.form.get("client_assertion_type") != ASSERTION_TYPE:
            raise Refusal("invalid_request", "The client_assertion_type is invalid.")
        headers, unverified = self.extract(request.form.get("client_assertion", ""))
        client_id = unverified.get("iss")
        client = query_client(client_id) if isinstance(client_id, str) else None
        if client is None:
            raise refused("The issuer claim for client_assertion is not a valid client_id.")
        claims = self.verified(request.form["client_assertion"], headers, client.value)
        self.verify_claims(claims)
        if request.form.get("client_id", client_id) != client_id:
            raise refused("The 'client_id' in the body is not the one of the client_assertion.")
        self.context.passed("client assertion is signed by the client", str(headers.get("alg")))
        return client

    def extract(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims, not verified yet."""
        try:
            headers, claims = self.extract_assertion(assertion)
        except Exception as error:
            # Authlib lets several kinds through for odd input; all mean the same to a client.
            raise refused("The parsing of the client_assertion failed.") from error
        return headers, claims

    def verified(self, assertion: str, headers: dict[str, Any], client: Client) -> dict[str, Any]:
        """The claims, once a registered key and an allowed algorithm have proven them."""
        algorithm = headers.get("alg")
        if client.signing_alg is not None and algorithm != client.signing_alg:
            raise refused("The client_assertion JWT signature algorithm is invalid.")
        for key in self._candidates(headers, client):
            if algorithm not in _algorithms(key):
                continue
            try:
                return verify_with(assertion, key, [str(algorithm)])[1]
            except BadToken:
                continue
        raise refused("The client_assertion signature is invalid.")

    def _candidates(self, headers: dict[str, Any], client: Client) -> list[RSAKey | ECKey | OctKey]:
        algorithm = headers.get("alg")
        if client.auth_method == "client_secret_jwt":
            if algorithm not in HMAC_ALGORITHMS:
                raise refused("The client_assertion JWT signature algorithm is invalid.")
            long_enough = [each for each in client.secrets if len(each) >= SHORTEST_HMAC_SECRET]
            if not long_enough:
                raise refused("The client secret is too short to verify a JWT HMAC.")
            return [OctKey.import_key(secret) for secret in long_enough]
        if client.auth_method != "private_key_jwt":
            raise refused(FAILED)
        if algorithm not in (*RSA_ALGORITHMS, *EC_ALGORITHMS.values()):
            raise refused("The client_assertion JWT signature algorithm is invalid.")
        if not client.keys:
            raise refused(
                "The client does not have a JWKSet configured, but the client_assertion "
                "requires one."
            )
        kid = headers.get("kid")
        named = [key for key in client.keys if kid is None or key.kid == kid]
        if not named:
            raise refused("The client_assertion JWT kid is invalid.")
        return [key.key for key in named if key.alg in (None, algorithm)]

    def verify_claims(self, claims: dict[str, Any]) -> None:
        """Judge the claims by the lab's clock (Okta: client assertion rules)."""
        now = self.context.now
        if claims.get("sub") != claims.get("iss"):
            raise refused("The subject claim for client_assertion is not a valid client_id.")
        audiences = claims.get("aud")
        if self.endpoint_url not in _as_list(audiences) and not set(_as_list(audiences)) & set(
            self.get_audiences()
        ):
            raise refused(
                "The audience claim for client_assertion must be the endpoint invoked for the "
                "request."
            )
        expires = _time(claims.get("exp"))
        if expires is None:
            raise refused(
                "The client_assertion must contain the 'exp' claim as seconds since epoch."
            )
        if expires <= now - CLOCK_SKEW:
            raise refused("The client_assertion token is expired.")
        if expires > now + FURTHEST_EXPIRY + CLOCK_SKEW:
            raise refused("The client_assertion token has an expiration too far into the future.")
        for name in ("iat", "nbf"):
            moment = _time(claims.get(name, 0))
            if moment is None or moment > now + CLOCK_SKEW:
                raise refused("The client_assertion token must be issued before the current time.")
        self._use_once(claims, expires)

    def get_audiences(self) -> list[str]:
        """What else than the endpoint's own URL may stand in `aud`: the issuer, as SDKs do."""
        assert self.context.server is not None
        server = self.context.server
        return [server.issuer, f"{server.endpoint_root}/token"]

    def _use_once(self, claims: dict[str, Any], expires: int) -> None:
        jti = claims.get("jti")
        if jti is None:
            return
        if not isinstance(jti, str) or not ledger.claim_assertion(
            self.context.session, claims["iss"], jti, expires + CLOCK_SKEW
        ):
            raise refused("The client_assertion token has already been used.")


def _basic_credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    malformed = refused("Found Authentication header but was not valid client credentials.")
    if scheme.lower() != "basic" or not _TOKEN68.fullmatch(encoded.strip()):
        raise malformed
    try:
        decoded = b64decode(encoded.strip(), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise malformed from error
    client_id, colon, secret = decoded.partition(":")
    if not colon or not client_id:
        raise malformed
    return unquote_plus(client_id), unquote_plus(secret)


def _by_secret(
    query_client: Callable[[str], RegisteredClient | None], client_id: str, secret: str
) -> RegisteredClient:
    client = query_client(client_id)
    if client is None:
        raise refused(UNKNOWN)
    given = secret.encode()
    if not any(hmac.compare_digest(given, each.encode()) for each in client.value.secrets):
        raise refused("The client secret supplied for a confidential client is invalid.")
    return client


def _algorithms(key: RSAKey | ECKey | OctKey) -> tuple[str, ...]:
    if isinstance(key, OctKey):
        return HMAC_ALGORITHMS
    if isinstance(key, ECKey):
        return (EC_ALGORITHMS.get(str(key.curve_name), ""),)
    return RSA_ALGORITHMS


def _as_list(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def _time(value: object) -> int | None:
    """Seconds since the epoch, if the value is such a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e11:
        return None
    return int(value)
