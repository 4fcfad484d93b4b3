"""Who may call the management API: the credential's scope, and the admin roles behind it."""

from __future__ import annotations

import re
from typing import Any

from flask import g, request
from sqlalchemy import ColumnElement, select

from labserver.domain.operations import OPERATIONS, Operation
from labserver.domain.rights import Reach, Right, allows, is_super
from labserver.oauth.context import Context
from labserver.store.apps import App
from labserver.store.database import raise_changes
from labserver.store.directory import ApiToken
from labserver.web import reach
from labserver.web.callers import Caller, identify, lacks_scope
from labserver.web.context import current_context
from labserver.web.errors import ApiError
from labserver.web.reach import find_user, roles_in_groups

__all__ = [
    "Caller",
    "admit",
    "caller",
    "caller_token",
    "find_user",
    "in_reach",
    "is_super_call",
    "may",
    "must_be_super",
    "reads_secrets",
    "roles_in_groups",
]

_CHOICE = re.compile(r"<any\([^)]*\):(\w+)>")
_ID = re.compile(r"<(\w+)>")
_ADMINS_ONLY = frozenset({"edit people", "help people", "edit members", "edit groups"})
_ACT_AS_APPS = frozenset({"okta.apps.manage", "okta.clients.manage"})
"""Scopes that show an app's secrets; a scope that only reads would lend out the app."""


def admit() -> None:
    """The caller is known and may do what the URL names; a write has the database to itself.

    Raises `ApiError` E0000011 for a caller who isn't known, E0000006 for one who may not: with a
    challenge when an access token lacks the scope, without one when the admin role is missing.
    """
    context = current_context()
    g.caller = identify(context)
    method = "GET" if request.method == "HEAD" else request.method
    operation = OPERATIONS[method, _path()]
    g.own = _opens_as_own(context, operation)
    if not g.own:
        _scope_is_there(context, operation)
        _role_is_there(context, operation)
    if method != "GET" and not operation.path.startswith("/api/v1/orgs"):
        # Takes the database's write lock, so that what a view reads is still so when it writes.
        raise_changes(context.session)
        context.session.expire_all()


def caller() -> Caller:
    """Who makes this call; `admit` has found out."""
    found: Caller = g.caller
    return found


def may(right: Right) -> bool:
    """Whether the caller holds the right in the whole org."""
    return allows(caller().roles, right, Reach())


def must_be_super() -> None:
    """Raises `ApiError` E0000006 unless the caller is a super admin."""
    if not is_super_call():
        raise ApiError("E0000006")


def is_super_call() -> bool:
    """Whether the caller is a super admin."""
    return is_super(caller().roles)


def in_reach(model: type[Any]) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a list of users, groups or apps shows a row to the caller."""
    return () if g.own else reach.seen(caller().roles, model)


def reads_secrets(app: App) -> bool:
    """Whether the caller may see the app's secrets: who has one can act as the app."""
    scopes = caller().scopes
    if scopes is not None and not scopes & _ACT_AS_APPS:
        return False
    if is_super_call():
        return True
    own = Reach(apps=frozenset({app.id}))
    editor = allows(caller().roles, "edit apps", own)
    return editor and not reach.is_privileged(current_context(), app.id)


def caller_token() -> ApiToken:
    """The API token that the call came with."""
    wanted = select(ApiToken).where(ApiToken.id == caller().api_token_id)
    return current_context().session.scalars(wanted).one()


def _path() -> str:
    """The URL's path with its ids as names, as in the table of operations."""
    assert request.url_rule is not None
    named = request.view_args or {}
    path = _CHOICE.sub(lambda found: str(named[found[1]]), request.url_rule.rule)
    return _ID.sub(r"{\1}", path)


def _opens_as_own(context: Context, operation: Operation) -> bool:
    """Whether a `.self` scope opens it: a person's own record, and no admin role needed."""
    who = caller()
    if who.user is None or not (who.scopes or frozenset()).intersection(operation.own_scopes):
        return False
    named = reach.named_user(context)
    if named is None or named.id != who.user.id:
        return False
    if reach.changes_what_others_decide(operation, who.user):
        return False
    context.passed("scope", "A .self scope opens the caller's own record, without an admin role.")
    return True


def _scope_is_there(context: Context, operation: Operation) -> None:
    scopes = caller().scopes
    if scopes is None:
        return
    if operation.scope is None:
        context.note("scope", "failed", "No scope opens this call: it takes an API token.")
        raise ApiError("E0000006", causes=["No OAuth scope opens this call. Use an API token."])
    if not scopes.intersection(operation.scopes):
        context.note("scope", "failed", f"The access token lacks {operation.scope}.")
        raise lacks_scope(context, operation.scope)
    context.passed("scope", f"The access token has {operation.scope}, or what includes it.")


def _role_is_there(context: Context, operation: Operation) -> None:
    roles = caller().roles
    right = operation.right
    reaches = reach.reaches_of(context, operation, roles)
    granted = all(allows(roles, right, each) for each in reaches)
    if not is_super(roles):
        granted = granted and not _climbs(context, right)
    context.note(
        "admin role",
        "passed" if granted else "failed",
        f"{operation.method} {operation.path} needs the right “{right}”.",
    )
    if not granted:
        raise ApiError("E0000006")


def _climbs(context: Context, right: Right) -> bool:
    """Whether the call could lend the caller rights of others: an admin's, or an app's.

    Only a super admin changes admins, or apps that may call the management API themselves.
    """
    if right in _ADMINS_ONLY:
        return reach.touches_admins(context)
    app_id = reach.named_app(context)
    return right == "edit apps" and app_id is not None and reach.is_privileged(context, app_id)
