"""`/authorizationServers/{id}/policies/{id}/rules`: in priority order, without gaps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response
from pydantic import Field, field_validator
from sqlalchemy import select

from labserver.store.base import OrgOwned
from labserver.store.directory import Group, User
from labserver.store.servers import AuthorizationServer, Policy, Rule
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import invalid
from labserver.web.management import scopes
from labserver.web.management.authorization_servers import path_of, the_server
from labserver.web.management.documents import Document, read
from labserver.web.management.policies import (
    POLICIES,
    name_is_new,
    number,
    put_in_order,
    switch,
    the_policy,
)
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
    switch_link,
    target,
    timestamp,
    unchanged,
    with_links,
)
from labserver.web.management.routes import management

RULES = f"{POLICIES}/<policy_id>/rules"
EVERYONE = "EVERYONE"
_TAKEN = "A rule with this name already exists in this policy"

GrantType = Literal[
    "authorization_code",
    "implicit",
    "password",
    "client_credentials",
    "interaction_code",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:openid:params:grant-type:ciba",
    "urn:okta:params:oauth:grant-type:otp",
    "urn:okta:params:oauth:grant-type:oob",
    "http://auth0.com/oauth/grant-type/mfa-otp",
    "http://auth0.com/oauth/grant-type/mfa-oob",
]


class Named(Document):
    """Ids that are in, and ids that are out all the same."""

    include: list[str] = []
    exclude: list[str] = []


class People(Document):
    """Whose requests the rule covers."""

    users: Named = Named()
    groups: Named = Named()


class GrantTypes(Document):
    """The grants that the rule covers."""

    include: Annotated[list[GrantType], Field(min_length=1)]


class Scopes(Document):
    """The scopes that the rule gives: names, or `*`."""

    include: Annotated[list[str], Field(min_length=1)]

    @field_validator("include", mode="before")
    @classmethod
    def names_of_objects(cls, include: Any) -> Any:
        """Older documents hold objects with a name."""
        if not isinstance(include, list):
            return include
        return [each.get("name") if isinstance(each, dict) else each for each in include]


class Conditions(Document):
    """When the rule matches."""

    people: People | None = None
    grant_types: GrantTypes
    scopes: Scopes


class InlineHook(Document):
    """A token hook, which this server never calls."""

    id: None = None


class TokenAction(Document):
    """How long tokens live, in minutes."""

    access_token_lifetime_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    refresh_token_lifetime_minutes: Annotated[int, Field(ge=0, le=2_628_000)] = 0
    refresh_token_window_minutes: Annotated[int, Field(ge=10, le=2_628_000)] = 10080
    inline_hook: InlineHook | None = None


class Actions(Document):
    """What the rule does."""

    token: TokenAction = TokenAction()


class RuleDocument(Document):
    """A rule as a caller describes it."""

    type: Literal["RESOURCE_ACCESS"]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    status: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    priority: Annotated[int, Field(ge=1)] | None = None
    conditions: Conditions
    actions: Actions = Actions()


@management.get(RULES)
def list_rules(server_id: str, policy_id: str) -> Response:
    """The policy's rules, the first to be evaluated first."""
    server = the_server(server_id)
    policy = the_policy(server, policy_id)
    shown = answer([document(server, policy, row) for row in _in_order(policy)])
    return with_links(shown, None, limit_of(200, 200))


@management.post(RULES)
def create_rule(server_id: str, policy_id: str) -> Response:
    """A rule at its priority; those behind it move back."""
    server = the_server(server_id)
    policy = the_policy(server, policy_id)
    body = _read(server, Rule(users=[], excluded_users=[], groups=[], excluded_groups=[]))
    others = _in_order(policy)
    name_is_new(others, body.name, _TAKEN)
    row = Rule(policy_pk=policy.pk, priority=len(others) + 1)
    _fill(row, body)
    session().add(row)
    put_in_order(others, row, body.priority or len(others) + 1)
    session().flush()
    _log("policy.rule.add", "Create a rule", row)
    return answer(document(server, policy, row), 201)


@management.get(f"{RULES}/<rule_id>")
def get_rule(server_id: str, policy_id: str, rule_id: str) -> Response:
    """One rule."""
    server = the_server(server_id)
    policy = the_policy(server, policy_id)
    return answer(document(server, policy, _the_rule(policy, rule_id)))


@management.put(f"{RULES}/<rule_id>")
def replace_rule(server_id: str, policy_id: str, rule_id: str) -> Response:
    """All that a caller may set is as the body says."""
    server = the_server(server_id)
    policy = the_policy(server, policy_id)
    row = _the_rule(policy, rule_id)
    body = _read(server, row)
    unchanged(document(server, policy, row))
    others = [each for each in _in_order(policy) if each is not row]
    name_is_new(others, body.name, _TAKEN)
    if row.system and body.status != row.status:
        raise read_only("PolicyRule")
    _fill(row, body)
    put_in_order(others, row, body.priority or row.priority)
    session().flush()
    _log("policy.rule.update", "Update a rule", row)
    return answer(document(server, policy, row))


@management.delete(f"{RULES}/<rule_id>")
def delete_rule(server_id: str, policy_id: str, rule_id: str) -> Response:
    """The rule is gone; those behind it move up."""
    server = the_server(server_id)
    policy = the_policy(server, policy_id)
    row = _the_rule(policy, rule_id)
    if row.system:
        raise read_only("PolicyRule")
    unchanged(document(server, policy, row))
    _log("policy.rule.delete", "Delete a rule", row)
    number([each for each in _in_order(policy) if each is not row])
    return remove(row)


@management.post(f"{RULES}/<rule_id>/lifecycle/<any('activate', 'deactivate'):change>")
def switch_rule(server_id: str, policy_id: str, rule_id: str, change: str) -> Response:
    """The rule is evaluated, or skipped."""
    row = _the_rule(the_policy(the_server(server_id), policy_id), rule_id)
    switch(row, change, "PolicyRule")
    _log(f"policy.rule.{change}", f"{change.capitalize()} a rule", row)
    return gone()


def document(server: AuthorizationServer, policy: Policy, row: Rule) -> Json:
    """The rule as the API shows it."""
    path = f"{path_of(server)}/policies/{policy.id}/rules/{row.id}"
    return {
        "id": row.id,
        "type": "RESOURCE_ACCESS",
        "name": row.name,
        "status": row.status,
        "priority": row.priority,
        "system": row.system,
        "created": timestamp(row.created),
        "lastUpdated": timestamp(row.updated),
        "conditions": {
            "people": {
                "users": {"include": row.users, "exclude": row.excluded_users},
                "groups": {"include": row.groups, "exclude": row.excluded_groups},
            },
            "grantTypes": {"include": row.grant_types},
            "scopes": {"include": row.scopes},
        },
        "actions": {
            "token": {
                "accessTokenLifetimeMinutes": row.access_token_minutes,
                "refreshTokenLifetimeMinutes": row.refresh_token_minutes,
                "refreshTokenWindowMinutes": row.refresh_window_minutes,
                "inlineHook": {"id": None},
            }
        },
        "_links": {
            "self": link(path, "GET", "PUT", "DELETE"),
            **switch_link(path, row.status),
        },
    }


def _in_order(policy: Policy) -> list[Rule]:
    found = select(Rule).where(Rule.policy_pk == policy.pk)
    return list(session().scalars(found.order_by(Rule.priority, Rule.pk)))


def _the_rule(policy: Policy, rule_id: str) -> Rule:
    return find(Rule, rule_id, "PolicyRule", Rule.policy_pk == policy.pk)


def _read(server: AuthorizationServer, held: Rule) -> RuleDocument:
    """The rule in the body; people whom it holds already may be gone by now."""
    body = read(RuleDocument, json_body())
    if body.conditions.scopes.include != ["*"]:
        names = [name for name in body.conditions.scopes.include if name != "*"]
        scopes.must_exist(server, names, "conditions.scopes.include")
    people = body.conditions.people or People()
    users = {*people.users.include, *people.users.exclude}
    _must_exist(User, users - {*held.users, *held.excluded_users}, "conditions.people.users")
    groups = {*people.groups.include, *people.groups.exclude} - {EVERYONE}
    _must_exist(Group, groups - {*held.groups, *held.excluded_groups}, "conditions.people.groups")
    token = body.actions.token
    if 0 < token.refresh_token_lifetime_minutes < token.access_token_lifetime_minutes:
        raise invalid(
            "actions.token.refreshTokenLifetimeMinutes",
            "It is 0 (unlimited), or at least the access token's lifetime.",
        )
    return body


def _must_exist(model: type[OrgOwned], ids: set[str], field: str) -> None:
    known = set(session().scalars(select(model.id).where(model.id.in_(ids)))) if ids else set()
    for public_id in sorted(ids - known):
        raise invalid(field, f"There is no {model.__name__.lower()} {public_id!r}.")


def _fill(row: Rule, body: RuleDocument) -> None:
    people = body.conditions.people or People(groups=Named(include=[EVERYONE]))
    row.name = body.name
    row.status = body.status
    row.grant_types = list(dict.fromkeys(body.conditions.grant_types.include))
    row.scopes = list(dict.fromkeys(body.conditions.scopes.include))
    row.users = people.users.include
    row.excluded_users = people.users.exclude
    row.groups = people.groups.include
    row.excluded_groups = people.groups.exclude
    row.access_token_minutes = body.actions.token.access_token_lifetime_minutes
    row.refresh_token_minutes = body.actions.token.refresh_token_lifetime_minutes
    row.refresh_window_minutes = body.actions.token.refresh_token_window_minutes


def _log(event_type: str, message: str, row: Rule) -> None:
    current_context().event(event_type, message, targets=(target(row, "PolicyRule", row.name),))
