"""A gate, an audience and a header as learners check them: once rightly, and often wrongly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

READ, WRITE, BULK = "transfers:read", "transfers:write", "transfers:bulk"
DRAFT = "transfers:write-draft"

Claims = Mapping[str, Any]
Gate = Callable[[str, str, list[str] | None], Any]

_TABLE = {
    ("GET", "list"): {READ},
    ("GET", "one"): {READ},
    ("POST", "list"): {WRITE},
    ("DELETE", "one"): {WRITE},
    ("POST", "batch"): {WRITE, BULK},
}


def _place(path: str) -> str:
    parts = path.strip("/").split("/")
    if parts[0] != "transfers" or len(parts) > 2:
        return "elsewhere"
    return "list" if len(parts) == 1 else "batch" if parts[1] == "batch" else "one"


def gate_that(judge: Callable[[set[str], list[str]], bool], too_little: int = 403) -> Gate:
    """A gate that is right, but for how it compares scopes or what it answers."""

    def gate(method: str, path: str, scopes: list[str] | None) -> int:
        needed = _TABLE.get((method, _place(path)))
        if needed is None:
            return 404
        if scopes is None:
            return 401
        return 200 if judge(needed, scopes) else too_little

    return gate


def all_of(needed: set[str], scopes: list[str]) -> bool:
    """Right: everything that is needed is there."""
    return needed <= set(scopes)


def as_text(needed: set[str], scopes: list[str]) -> bool:
    """Wrong: looks for parts of a text."""
    return all(scope in " ".join(scopes) for scope in needed)


def any_of(needed: set[str], scopes: list[str]) -> bool:
    """Wrong: one of several is enough."""
    return bool(needed & set(scopes))


def falsy(method: str, path: str, scopes: list[str] | None) -> int:
    """Wrong: takes an empty list for no token."""
    return int(gate_that(all_of)(method, path, scopes or None))


def by_method(method: str, path: str, scopes: list[str] | None) -> int:
    """Wrong: every path is open to whom the method fits."""
    if scopes is None:
        return 401
    if path == "/transfers/batch":
        return 200 if {WRITE, BULK} <= set(scopes) else 403
    return 200 if (READ if method == "GET" else WRITE) in scopes else 403


def by_beginning(method: str, path: str, scopes: list[str] | None) -> int:
    """Wrong: whatever lies below an entry is open to whoever may read the entry."""
    entry = "/".join(path.split("/")[:3])
    return int(gate_that(all_of)(method, entry, scopes))


def audiences(claims: Claims) -> list[str]:
    """The audiences of a token, one or more."""
    audience = claims.get("aud", [])
    return audience if isinstance(audience, list) else [audience]


def only_aud(claims: Claims, audience: str, clients: frozenset[str]) -> bool:
    """Wrong: any client will do."""
    return audience in audiences(claims)


def only_cid(claims: Claims, audience: str, clients: frozenset[str]) -> bool:
    """Wrong: any audience will do."""
    return claims.get("cid") in clients


def beginning(claims: Claims, audience: str, clients: frozenset[str]) -> bool:
    """Wrong: an audience that begins the same will do."""
    return any(name.startswith(audience) for name in audiences(claims)) and only_cid(
        claims, audience, clients
    )


def no_lists(claims: Claims, audience: str, clients: frozenset[str]) -> bool:
    """Wrong: an audience is always one text."""
    return claims.get("aud") == audience and only_cid(claims, audience, clients)


def trusting(claims: Claims, audience: str, clients: frozenset[str]) -> bool:
    """Wrong: what is missing is as it should be."""
    return audience in (audiences(claims) or [audience]) and claims.get("cid", "0oabookkeeper") in (
        clients
    )


def client_as_text(claims: Claims, audience: str, clients: frozenset[str]) -> bool:
    """Wrong: a part of a client id will do."""
    return audience in audiences(claims) and str(claims.get("cid", "?")) in " ".join(clients)


def _in_header(headers: Mapping[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token or None if scheme.lower() == "bearer" else None


def from_query_too(headers: Claims, query: Claims, form: Claims) -> str | None:
    """Wrong: the query will do."""
    return _in_header(headers) or query.get("access_token")


def from_form_too(headers: Claims, query: Claims, form: Claims) -> str | None:
    """Wrong: the form will do."""
    return _in_header(headers) or form.get("access_token")


def whatever_comes_last(headers: Claims, query: Claims, form: Claims) -> str | None:
    """Wrong: any scheme will do."""
    words = str(headers.get("authorization", "")).split()
    return words[-1] if len(words) > 1 else None


def capital_only(headers: Claims, query: Claims, form: Claims) -> str | None:
    """Wrong: the scheme has to be written like that."""
    scheme, _, token = str(headers.get("authorization", "")).partition(" ")
    return token or None if scheme == "Bearer" else None


def empty_text(headers: Claims, query: Claims, form: Claims) -> str | None:
    """Wrong: nothing is a token as well."""
    scheme, _, token = str(headers.get("authorization", "")).partition(" ")
    return token if scheme.lower() == "bearer" else None
