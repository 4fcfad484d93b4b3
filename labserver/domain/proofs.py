"""Proofs that bind one message to another: PKCE challenges and token hashes."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode


def code_challenge(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636 §4.2)."""
    return _base64url(hashlib.sha256(verifier.encode("ascii")).digest())


def half_hash(value: str) -> str:
    """The `at_hash` or `c_hash` of a token or code, for RS256 (OpenID Connect Core §3.1.3.6)."""
    return _base64url(hashlib.sha256(value.encode("ascii")).digest()[:16])


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
