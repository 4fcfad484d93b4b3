"""The management API's operations: what each needs, in scope and in admin right."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from labserver.domain.operations.apps import of_apps
from labserver.domain.operations.authn import of_authn
from labserver.domain.operations.clients import of_clients
from labserver.domain.operations.integrations import of_integrations
from labserver.domain.operations.lab import of_the_lab
from labserver.domain.operations.operation import Operation
from labserver.domain.operations.org import of_the_org
from labserver.domain.operations.origins import of_origins
from labserver.domain.operations.people import of_people
from labserver.domain.operations.policies import of_policies
from labserver.domain.operations.roles import of_roles
from labserver.domain.operations.servers import of_servers
from labserver.domain.operations.sessions import of_sessions

__all__ = ["OPERATIONS", "Operation"]

OPERATIONS: Mapping[tuple[str, str], Operation] = MappingProxyType(
    {
        (found.method, found.path): found
        for part in (
            of_roles,
            of_servers,
            of_apps,
            of_authn,
            of_clients,
            of_people,
            of_the_lab,
            of_the_org,
            of_origins,
            of_sessions,
            of_integrations,
            of_policies,
        )
        for found in part()
    }
)
"""Every operation, by method and path."""
