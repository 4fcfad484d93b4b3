"""Access policies of a lesson's own server, written as somebody who may write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx

from grantlab.lab import App
from grantlab.lessons.own import OwnServer

Document = dict[str, Any]


@dataclass(frozen=True)
class OwnPolicy:
    """A policy to be written: for which apps (none: for all clients), and its rules in order."""

    name: str
    apps: tuple[App, ...]
    rules: tuple[Document, ...]


def policy(name: str, apps: Iterable[App], *rules: Document) -> OwnPolicy:
    """A policy of these rules, for these apps; without any, for all clients."""
    return OwnPolicy(name, tuple(apps), rules)


def rule(
    name: str,
    scopes: str,
    *,
    groups: Iterable[str] = (),
    grant: str = "authorization_code",
    minutes: int = 60,
) -> Document:
    """A rule as the management API has it; its groups are named, without any it is for everyone.

    `scopes` are names with spaces between, or `*`; `minutes` is how long access tokens live.
    """
    return {
        "type": "RESOURCE_ACCESS",
        "name": name,
        "conditions": {
            "people": {"groups": {"include": [*groups] or ["EVERYONE"]}},
            "grantTypes": {"include": [grant]},
            "scopes": {"include": scopes.split()},
        },
        "actions": {"token": {"accessTokenLifetimeMinutes": minutes}},
    }


def replace_policies(admin: httpx.Client, server: OwnServer, *policies: OwnPolicy) -> None:
    """The server has these policies, in this order, and no others.

    `httpx.HTTPStatusError` when the management API refuses.
    """
    path = f"/api/v1/authorizationServers/{server.id}/policies"
    for old in _json(admin.get(path)):
        admin.delete(f"{path}/{old['id']}").raise_for_status()
    groups = {one["profile"]["name"]: one["id"] for one in _json(admin.get("/api/v1/groups"))}
    for place, one in enumerate(policies, 1):
        clients = [app.client_id for app in one.apps] or ["ALL_CLIENTS"]
        document = {
            "type": "OAUTH_AUTHORIZATION_POLICY",
            "name": one.name,
            "description": one.name,
            "priority": place,
            "conditions": {"clients": {"include": clients}},
        }
        rules = f"{path}/{_json(admin.post(path, json=document))['id']}/rules"
        for at, asked in enumerate(one.rules, 1):
            _json(admin.post(rules, json=_with_ids(asked, groups) | {"priority": at}))


def _with_ids(rule: Document, groups: dict[str, str]) -> Document:
    """The rule with the groups' ids in place of their names."""
    named = rule["conditions"]["people"]["groups"]["include"]
    people = {"groups": {"include": [groups.get(name, name) for name in named]}}
    return rule | {"conditions": rule["conditions"] | {"people": people}}


def _json(answer: httpx.Response) -> Any:
    return answer.raise_for_status().json()
