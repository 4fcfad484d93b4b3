"""`/policies`: the system policies of an org, each with its one rule (Okta: default policies)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Response, request
from sqlalchemy import select

from labserver.domain.sign_in_policy import FACTOR_TYPES, POLICY_TYPES, PolicyType
from labserver.store.orgs import Org
from labserver.store.policies import OrgPolicy
from labserver.web.bodies import json_body
from labserver.web.context import current_context
from labserver.web.errors import ApiError, invalid, not_found
from labserver.web.management import org_policy_bodies as bodies
from labserver.web.management.documents import read
from labserver.web.management.org_policy_documents import (
    NAME,
    PATH,
    RULE_NAME,
    Found,
    everyone,
    policy_document,
    rule_document,
)
from labserver.web.management.resources import (
    Json,
    answer,
    gone,
    read_only,
    session,
    unchanged,
    with_links,
)
from labserver.web.management.routes import management

RULES = f"{PATH}/<policy_id>/rules"

_ONE_EACH = (
    "This lab has one policy of each type, the default one, with its default rule. "
    "Change them with PUT; further ones are not built."
)
_PAGE = 200


@management.get(PATH)
def list_org_policies() -> Response:
    """The policies of one type: the default one."""
    wanted = request.args.get("type")
    if wanted is None:
        raise invalid("type", f"Say which policies: {', '.join(POLICY_TYPES)}.")
    if wanted not in POLICY_TYPES:
        raise invalid("type", f"This lab has policies of the types {', '.join(POLICY_TYPES)}.")
    shown = [found for found in _policies() if found.type == wanted]
    if request.args.get("status", "ACTIVE") != "ACTIVE":
        # What is the default is always active.
        shown = []
    return with_links(answer([_asked_document(found) for found in shown]), None, _PAGE)


@management.post(PATH)
def create_org_policy() -> Response:
    """Refused in words: there is one policy of each type."""
    raise ApiError("E0000060", causes=[_ONE_EACH])


@management.get(f"{PATH}/<policy_id>")
def get_org_policy(policy_id: str) -> Response:
    """One policy, with its rule when `expand=rules` asks for it."""
    return answer(_asked_document(_the_policy(policy_id)))


@management.put(f"{PATH}/<policy_id>")
def replace_org_policy(policy_id: str) -> Response:
    """The policy's settings are as the body says, and the default where it says nothing."""
    found = _the_policy(policy_id)
    values = _POLICY_READERS[found.type](json_body())
    unchanged(policy_document(found))
    return answer(
        policy_document(_store(found, values, "policy.lifecycle.update", "Update a policy"))
    )


@management.delete(f"{PATH}/<policy_id>")
def delete_org_policy(policy_id: str) -> Response:
    """Refused: a default policy stays."""
    _the_policy(policy_id)
    raise read_only("Policy", "A default policy cannot be deleted.")


@management.post(f"{PATH}/<policy_id>/lifecycle/<any('activate', 'deactivate'):change>")
def switch_org_policy(policy_id: str, change: str) -> Response:
    """Refused, unless it is to be as it is: a default policy is always active."""
    _the_policy(policy_id)
    return _stays_active(change, "Policy")


@management.get(RULES)
def list_org_rules(policy_id: str) -> Response:
    """The rules of a policy: the default one."""
    shown = [rule_document(_the_policy(policy_id))]
    return with_links(answer(shown), None, _PAGE)


@management.post(RULES)
def create_org_rule(policy_id: str) -> Response:
    """Refused in words: there is one rule a policy."""
    _the_policy(policy_id)
    raise ApiError("E0000060", causes=[_ONE_EACH])


@management.get(f"{RULES}/<rule_id>")
def get_org_rule(policy_id: str, rule_id: str) -> Response:
    """One rule."""
    return answer(rule_document(_with_rule(policy_id, rule_id)))


@management.put(f"{RULES}/<rule_id>")
def replace_org_rule(policy_id: str, rule_id: str) -> Response:
    """The rule's actions are as the body says, and the default where it says nothing."""
    found = _with_rule(policy_id, rule_id)
    values = _RULE_READERS[found.type](json_body())
    unchanged(rule_document(found))
    return answer(rule_document(_store(found, values, "policy.rule.update", "Update a rule")))


@management.delete(f"{RULES}/<rule_id>")
def delete_org_rule(policy_id: str, rule_id: str) -> Response:
    """Refused: a default rule stays."""
    _with_rule(policy_id, rule_id)
    raise read_only("PolicyRule", "A default rule cannot be deleted.")


@management.post(f"{RULES}/<rule_id>/lifecycle/<any('activate', 'deactivate'):change>")
def switch_org_rule(policy_id: str, rule_id: str, change: str) -> Response:
    """Refused, unless it is to be as it is: a default rule is always active."""
    _with_rule(policy_id, rule_id)
    return _stays_active(change, "PolicyRule")


def _asked_document(found: Found) -> Json:
    """The policy, with its rule when `expand=rules` asks for it."""
    shown = policy_document(found)
    if request.args.get("expand") == "rules":
        shown["_embedded"] = {"rules": [rule_document(found)]}
    return shown


def _stays_active(change: str, kind: str) -> Response:
    if change == "deactivate":
        raise read_only(kind, "What is the default is always active.")
    return gone()


def _policies() -> list[Found]:
    """The org's policies; those that nobody has changed have ids made from the org's."""
    org = current_context().org
    rows = {row.type: row for row in session().scalars(select(OrgPolicy))}
    born = session().scalars(select(Org.created)).one()
    return [
        _found(type, f"00p{org.id[3:-1]}{number}", rows.get(type), born)
        for number, type in enumerate(POLICY_TYPES, 1)
    ]


def _found(type: PolicyType, default_id: str, row: OrgPolicy | None, born: int) -> Found:
    if row is None:
        return Found(type, default_id, {}, born, born, None)
    return Found(type, row.id, row.settings, born, row.updated, row)


def _the_policy(policy_id: str) -> Found:
    """The policy with this id. Raises `ApiError` E0000007."""
    for found in _policies():
        if found.id == policy_id:
            return found
    raise not_found(policy_id, "Policy")


def _with_rule(policy_id: str, rule_id: str) -> Found:
    """The policy whose rule has this id. Raises `ApiError` E0000007."""
    found = _the_policy(policy_id)
    if found.rule_id != rule_id:
        raise not_found(rule_id, "PolicyRule")
    return found


def _store(found: Found, values: Json, event_type: str, message: str) -> Found:
    """These values are the policy's, beside those it had."""
    row = found.row or OrgPolicy(id=found.id, type=found.type, settings={})
    row.settings = {**row.settings, **values}
    session().add(row)
    session().flush()
    target = {"id": row.id, "type": "PolicyEntity", "alternateId": row.type, "displayName": NAME}
    current_context().event(event_type, message, targets=(target,))
    return _found(found.type, row.id, row, found.created)


def _read_sign_on(body: Json) -> Json:
    _covers_everybody(read(bodies.SignOnPolicy, body), NAME)
    return {}


def _read_password(body: Json) -> Json:
    policy = read(bodies.PasswordPolicy, body)
    _covers_everybody(policy, NAME)
    return bodies.password_values(policy.settings)


def _read_enrolment(body: Json) -> Json:
    policy = read(bodies.EnrolmentPolicy, body)
    _covers_everybody(policy, NAME)
    for name in policy.settings.factors:
        if name not in FACTOR_TYPES:
            known = ", ".join(FACTOR_TYPES)
            raise invalid(f"settings.factors.{name}", f"This lab has the factors {known}.")
    return bodies.enrolment_values(policy.settings)


def _read_sign_on_rule(body: Json) -> Json:
    rule = read(bodies.SignOnRule, body)
    _covers_everybody(rule, RULE_NAME)
    signon = rule.actions.signon
    if signon.require_factor and signon.factor_prompt_mode is None:
        modes = "ALWAYS, DEVICE or SESSION"
        raise invalid("actions.signon.factorPromptMode", f"With requireFactor it is {modes}.")
    if signon.factor_prompt_mode == "SESSION" and signon.factor_lifetime is None:
        raise invalid("actions.signon.factorLifetime", "SESSION needs it: minutes from 1.")
    return bodies.sign_on_values(rule.actions)


def _read_password_rule(body: Json) -> Json:
    rule = read(bodies.PasswordRule, body)
    _covers_everybody(rule, RULE_NAME)
    return bodies.password_rule_values(rule.actions)


def _read_enrolment_rule(body: Json) -> Json:
    rule = read(bodies.EnrolmentRule, body)
    _covers_everybody(rule, RULE_NAME)
    return bodies.enrolment_rule_values(rule.actions)


def _covers_everybody(body: bodies.Changed, name: str) -> None:
    """The body leaves alone what a default keeps. Raises `ApiError` E0000001."""
    if body.name not in (None, name):
        raise invalid("name", f"The default keeps its name, {name!r}.")
    people = body.conditions.people if body.conditions else None
    if people is None:
        return
    for field, named, allowed in (
        ("groups", people.groups, {everyone()}),
        ("users", people.users, set[str]()),
    ):
        if named.exclude or set(named.include) - allowed:
            raise invalid(f"conditions.people.{field}", "The default covers everybody.")


_Reader = Callable[[Json], Json]
_POLICY_READERS: Mapping[PolicyType, _Reader] = {
    "OKTA_SIGN_ON": _read_sign_on,
    "PASSWORD": _read_password,
    "MFA_ENROLL": _read_enrolment,
}
_RULE_READERS: Mapping[PolicyType, _Reader] = {
    "OKTA_SIGN_ON": _read_sign_on_rule,
    "PASSWORD": _read_password_rule,
    "MFA_ENROLL": _read_enrolment_rule,
}
