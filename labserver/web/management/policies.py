"""`/authorizationServers/{id}/policies`: in priority order, without gaps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from flask import Response
from pydantic import Field
from sqlalchemy import select

from labserver.store.apps import App
from labserver.store.servers import AuthorizationServer, Policy, Rule
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid
from labserver.web.management.authorization_servers import PATH, path_of, the_server
from labserver.web.management.documents import Document, read
from labserver.web.management.resources import (
    Json,
    answer,
    find,
    gone,
    limit_of,
    link,
    read_only,
    remove,
    session,
    set_status,
    switch_link,
    target,
    timestamp,
    unchanged,
    with_links,
)
from labserver.web.management.routes import management

ALL_CLIENTS = "ALL_CLIENTS"
_TAKEN = "A policy with this name already exists at this server"
POLICIES = f"{PATH}/<server_id>/policies"


class Clients(Document):
    """The clients that the policy is about."""

    include: Annotated[list[str], Field(min_length=1)]


class Conditions(Document):
    """When the policy is looked at."""

    clients: Clients


class PolicyDocument(Document):
    """A policy as a caller describes it."""

    type: Literal["OAUTH_AUTHORIZATION_POLICY"]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    description: Annotated[str, Field(min_length=1, max_length=255)]
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    priority: Annotated[int, Field(ge=1)] | None = None
    conditions: Conditions


@management.get(POLICIES)
def list_policies(server_id: str) -> Response:
    """The server's policies, the first to be evaluated first."""
    server = the_server(server_id)
    shown = answer([document(server, row) for row in _in_order(server)])
    return with_links(shown, None, limit_of(200, 200))


@management.post(POLICIES)
def create_policy(server_id: str) -> Response:
    """A policy without rules, at its priority; those behind it move back."""
    server = the_server(server_id)
    body = _read(())
    others = _in_order(server)
    name_is_new(others, body.name, _TAKEN)
    row = Policy(server_pk=server.pk, priority=len(others) + 1)
    _fill(row, body)
    session().add(row)
    put_in_order(others, row, body.priority or len(others) + 1)
    session().flush()
    _log("policy.lifecycle.create", "Create a policy", row)
    return answer(document(server, row), 201)


@management.get(f"{POLICIES}/<policy_id>")
def get_policy(server_id: str, policy_id: str) -> Response:
    """One policy."""
    server = the_server(server_id)
    return answer(document(server, the_policy(server, policy_id)))


@management.put(f"{POLICIES}/<policy_id>")
def replace_policy(server_id: str, policy_id: str) -> Response:
    """All that a caller may set is as the body says."""
    server = the_server(server_id)
    row = the_policy(server, policy_id)
    body = _read(row.clients)
    unchanged(document(server, row))
    others = [each for each in _in_order(server) if each is not row]
    name_is_new(others, body.name, _TAKEN)
    if row.system and body.status != row.status:
        raise read_only("Policy")
    _fill(row, body)
    put_in_order(others, row, body.priority or row.priority)
    session().flush()
    _log("policy.lifecycle.update", "Update a policy", row)
    return answer(document(server, row))


@management.delete(f"{POLICIES}/<policy_id>")
def delete_policy(server_id: str, policy_id: str) -> Response:
    """The policy is gone with its rules; those behind it move up."""
    server = the_server(server_id)
    row = the_policy(server, policy_id)
    if row.system:
        raise read_only("Policy")
    unchanged(document(server, row))
    _log("policy.lifecycle.delete", "Delete a policy", row)
    number([each for each in _in_order(server) if each is not row])
    return remove(row)


@management.post(f"{POLICIES}/<policy_id>/lifecycle/<any('activate', 'deactivate'):change>")
def switch_policy(server_id: str, policy_id: str, change: str) -> Response:
    """The policy is evaluated, or skipped."""
    row = the_policy(the_server(server_id), policy_id)
    switch(row, change, "Policy")
    _log(f"policy.lifecycle.{change}", f"{change.capitalize()} a policy", row)
    return gone()


def the_policy(server: AuthorizationServer, policy_id: str) -> Policy:
    """The server's policy with this id. Raises `ApiError` E0000007."""
    return find(Policy, policy_id, "Policy", Policy.server_pk == server.pk)


def switch(row: Policy | Rule, change: str, kind: str) -> None:
    """The row is active, or not. Raises `ApiError` E0000111: what is built in stays active."""
    if row.system and change == "deactivate":
        raise read_only(kind)
    set_status(row, "ACTIVE" if change == "activate" else "INACTIVE")
    session().flush()


def name_is_new(others: list[Policy] | list[Rule], name: str, message: str) -> None:
    """Raises `ApiError` E0000001 with this message when one of the others has the name."""
    if any(each.name == name for each in others):
        raise invalid("name", message)


def put_in_order(others: list[Policy] | list[Rule], row: Policy | Rule, priority: int) -> None:
    """The row stands at this priority, or last; the others keep their order around it."""
    ordered: list[Policy | Rule] = [*others]
    ordered.insert(min(priority, len(ordered) + 1) - 1, row)
    number(ordered)


def number(ordered: list[Policy | Rule] | list[Policy] | list[Rule]) -> None:
    """Priorities count from 1, without gaps."""
    for priority, row in enumerate(ordered, 1):
        row.priority = priority


def document(server: AuthorizationServer, row: Policy) -> Json:
    """The policy as the API shows it."""
    path = f"{path_of(server)}/policies/{row.id}"
    return {
        "id": row.id,
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "name": row.name,
        "description": row.description or row.name,
        "status": row.status,
        "priority": row.priority,
        "system": row.system,
        "conditions": {"clients": {"include": row.clients}},
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "_links": {
            "self": link(path, "GET", "PUT", "DELETE"),
            **switch_link(path, row.status),
            "rules": link(f"{path}/rules"),
        },
    }


def _in_order(server: AuthorizationServer) -> list[Policy]:
    found = select(Policy).where(Policy.server_pk == server.pk)
    return list(session().scalars(found.order_by(Policy.priority, Policy.pk)))


def _read(held: Iterable[str]) -> PolicyDocument:
    """The policy in the body; clients that it holds already may be gone by now."""
    body = read(PolicyDocument, json_body())
    named = [client for client in body.conditions.clients.include if client != ALL_CLIENTS]
    known = {*held, *session().scalars(select(App.client_id).where(App.client_id.in_(named)))}
    for client in named:
        if client not in known:
            raise invalid("conditions.clients.include", f"There is no client {client!r}.")
    if named and ALL_CLIENTS in body.conditions.clients.include:
        raise invalid("conditions.clients.include", "It is ALL_CLIENTS alone, or client ids.")
    return body


def _fill(row: Policy, body: PolicyDocument) -> None:
    row.name = body.name
    row.description = body.description
    row.status = body.status
    row.clients = list(dict.fromkeys(body.conditions.clients.include))


def _log(event_type: str, message: str, row: Policy) -> None:
    current_context().event(event_type, message, targets=(target(row, "PolicyEntity", row.name),))
