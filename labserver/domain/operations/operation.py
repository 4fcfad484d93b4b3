"""One operation of the management API, and how families of them are written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labserver.domain.permissions import permission_of
from labserver.domain.rights import Right

_PERSON = "/api/v1/users/{user_id}"
_OWN_CHANGES = frozenset(
    {
        ("POST", _PERSON),
        ("POST", f"{_PERSON}/credentials/change_password"),
        ("POST", f"{_PERSON}/credentials/change_recovery_question"),
        ("POST", f"{_PERSON}/factors"),
        ("POST", f"{_PERSON}/factors/{{factor_id}}/lifecycle/activate"),
        ("POST", f"{_PERSON}/factors/{{factor_id}}/resend"),
        ("POST", f"{_PERSON}/factors/{{factor_id}}/verify"),
        ("DELETE", f"{_PERSON}/factors/{{factor_id}}"),
        ("DELETE", f"{_PERSON}/sessions"),
    }
)
"""What people may change about themselves. Nothing here sets a password without the old one."""
_OWN_ATTRIBUTES = (
    "firstName lastName middleName honorificPrefix honorificSuffix displayName nickName email "
    "secondEmail mobilePhone primaryPhone streetAddress city state zipCode countryCode "
    "postalAddress profileUrl preferredLanguage locale timezone"
)
OWN_ATTRIBUTES = frozenset(_OWN_ATTRIBUTES.split())
"""What people may say of themselves; login and work are others' to decide, for claims and rules
may follow them (Okta: an attribute's user permission)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `scope` is the `okta.*` scope of a bearer token; None: API tokens only."""

    method: str
    path: str
    scope: str | None
    right: Right

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that opens it: the one it asks for first, then what includes that."""
        if self.scope is None:
            return ()
        more = [self.scope.removesuffix(".read") + ".manage"] if self.reads else []
        if (self.method, self.path) == ("POST", "/oauth2/v1/clients"):
            more = ["okta.clients.register"]
        return (self.scope, *more)

    @property
    def own_scopes(self) -> tuple[str, ...]:
        """The `.self` scopes that open it to people for their own record, without any role."""
        if self.scope == "okta.users.read" and self.path.startswith(_PERSON):
            return ("okta.users.read.self", "okta.users.manage.self")
        if self.scope == "okta.users.manage" and (self.method, self.path) in _OWN_CHANGES:
            return ("okta.users.manage.self",)
        return ()

    @property
    def reads(self) -> bool:
        """Whether a scope for reading is enough."""
        return self.scope is not None and self.scope.endswith(".read")

    @property
    def permission(self) -> str | None:
        """The permission that opens it to a custom role; None: standard roles alone do."""
        if self.right in ("super", "own token", "public"):
            return None
        return permission_of(self.method, self.path, self.scope)

    @property
    def credentials(self) -> tuple[str, ...]:
        """The kinds of credential that open it, as the `Authorization` header names them."""
        if self.right == "public":
            return ()
        return ("SSWS",) if self.scope is None else ("SSWS", "Bearer")


def crud(path: str, item: str, resource: str, view: Right, edit: Right) -> Iterator[Operation]:
    """List, make, read, replace and delete the things below a path."""
    read, manage = f"okta.{resource}.read", f"okta.{resource}.manage"
    yield Operation("GET", path, read, view)
    yield Operation("POST", path, manage, edit)
    yield Operation("GET", f"{path}/{{{item}}}", read, view)
    yield Operation("PUT", f"{path}/{{{item}}}", manage, edit)
    yield Operation("DELETE", f"{path}/{{{item}}}", manage, edit)


def posts(path: str, scope: str, right: Right, *names: str) -> Iterator[Operation]:
    for name in names:
        yield Operation("POST", f"{path}/{name}", scope, right)


SWITCHES = ("lifecycle/activate", "lifecycle/deactivate")
"""What most things can be: switched on and off."""
