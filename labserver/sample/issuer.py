"""The authorization server as its resource servers see it: metadata, keys, introspection."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import jwt

Claims = dict[str, Any]
ALGORITHM = "RS256"


@dataclass(slots=True)
class Counters:
    """How often the authorization server was asked, and how often nobody had to be."""

    key_fetches: int = 0
    introspections: int = 0
    cache_hits: int = 0


class Unusable(httpx.HTTPError):
    """The authorization server answered, and with nothing that one could use."""


class Issuer:
    """One authorization server, by its URL. What it publishes is read once and kept.

    Keys are kept until a token names an unknown one. Then they are fetched again, but at most
    five times a minute, whoever sends made-up key ids. `clock` tells the seconds since the epoch.
    """

    most_fetches = 5
    in_seconds = 60.0

    def __init__(
        self, url: str, client: httpx.Client, counters: Counters, clock: Callable[[], float]
    ) -> None:
        self.url = url
        self._client = client
        self.counters = counters
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched: deque[float] = deque(maxlen=self.most_fetches)

    def key(self, kid: str, *, limited: bool = True) -> jwt.PyJWK | None:
        """The published key of that id, or None; `httpx.HTTPError` without a usable answer.

        Without the limit every made-up key id costs a request to the authorization server.
        """
        with self._lock:
            if kid not in self._keys and (not limited or self._may_fetch()):
                self._fetch_keys()
            return self._keys.get(kid)

    def introspect(self, token: str, credentials: tuple[str, str]) -> Claims:
        """What the server says of the token now (RFC 7662 §2.2), in the names of a JWT's claims."""
        with self._lock:
            self.counters.introspections += 1
            url = self._endpoint("introspection_endpoint")
        found = _document(self._client.post(url, data={"token": token}, auth=credentials))
        found["cid"], found["scp"] = found.get("client_id"), str(found.get("scope", "")).split()
        return found

    def _may_fetch(self) -> bool:
        if len(self._fetched) < self.most_fetches:
            return True
        # A clock that was set back must not close the door for long.
        return not 0 <= self._clock() - self._fetched[0] < self.in_seconds

    def _fetch_keys(self) -> None:
        self._fetched.append(self._clock())
        self.counters.key_fetches += 1
        published = _document(self._client.get(self._endpoint("jwks_uri")))
        try:
            usable = [key for key in published["keys"] if key["kty"] == "RSA" and "kid" in key]
            self._keys = {key["kid"]: jwt.PyJWK(key, ALGORITHM) for key in usable}
        except (LookupError, TypeError, jwt.PyJWTError) as fault:
            raise Unusable(f"no set of keys ({type(fault).__name__})") from None

    def _endpoint(self, name: str) -> str:
        if not self._metadata:
            address = f"{self.url.rstrip('/')}/.well-known/oauth-authorization-server"
            answer = self._client.get(address)
            if answer.status_code == 404:
                # Servers that came from OpenID Connect have the other document alone.
                other = address.replace("oauth-authorization-server", "openid-configuration")
                answer = self._client.get(other)
            self._metadata = _document(answer)
        if name not in self._metadata:
            raise Unusable(f"the metadata names no {name}")
        return str(self._metadata[name])


def _document(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object that was answered; `httpx.HTTPError` for anything else."""
    try:
        found = answer.raise_for_status().json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unusable("the answer is no JSON object")
    return found
