"""The management API below `/api/v1`: one module a resource."""

from labserver.web.management import (
    api_tokens,
    app_credentials,
    app_grants,
    apps,
    assignments,
    authorization_servers,
    claims,
    groups,
    keys,
    logs,
    orgs,
    policies,
    rules,
    scopes,
    trusted_origins,
    user_lifecycle,
    users,
)
from labserver.web.management.routes import management

__all__ = [
    "api_tokens",
    "app_credentials",
    "app_grants",
    "apps",
    "assignments",
    "authorization_servers",
    "claims",
    "groups",
    "keys",
    "logs",
    "management",
    "orgs",
    "policies",
    "rules",
    "scopes",
    "trusted_origins",
    "user_lifecycle",
    "users",
]
